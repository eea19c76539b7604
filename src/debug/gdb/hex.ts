// Woven from chapters/820-packets.md.
// Numbers and bytes as packets spell them.

/** Our answer to what is malformed or can't be done: E and a number. */
export class Refusal extends Error {
  constructor(readonly code: number) {
    super(`E${String(code).padStart(2, "0")}`);
  }
}

/** Linux's error numbers: no such thread, bad address, bad argument. */
export const NO_THREAD = 3, BAD_ADDRESS = 14, MALFORMED = 22,
  NO_SPACE = 28;

/** A number of up to 32 bits, and nothing else; or a Refusal. */
export function hexNumber(text: string | undefined): number {
  if (text === undefined || !/^[0-9a-f]{1,16}$/i.test(text)) {
    throw new Refusal(MALFORMED);
  }
  const value = parseInt(text, 16);
  if (value > 0xffffffff) throw new Refusal(MALFORMED);
  return value;
}

const DIGITS = Array.from({ length: 256 },
  (_, n) => n.toString(16).padStart(2, "0"));

/** Bytes as digits, two for each. */
export function bytesToHex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += DIGITS[byte]!;
  return text;
}

/** Digits as bytes, or a Refusal. */
export function hexToBytes(text: string): Uint8Array {
  if (text.length % 2 || !/^[0-9a-f]*$/i.test(text)) {
    throw new Refusal(MALFORMED);
  }
  return Uint8Array.from({ length: text.length / 2 },
    (_, i) => parseInt(text.substr(2 * i, 2), 16));
}

/** A value as so many bytes, the lowest first. */
export function littleEndian(value: number, bytes: number): string {
  let text = "";
  for (let i = 0; i < bytes; i++) {
    text += DIGITS[i < 4 ? (value >>> (8 * i)) & 0xff : 0]!;
  }
  return text;
}

/** The 32-bit value of eight digits, lowest byte first. */
export function fromLittleEndian(text: string): number {
  const b = hexToBytes(text);
  if (b.length !== 4) throw new Refusal(MALFORMED);
  return (b[0]! | (b[1]! << 8) | (b[2]! << 16) | (b[3]! << 24)) >>> 0;
}

/** Text as the digits of its UTF-8, and back. */
export function textToHex(text: string): string {
  return bytesToHex(new TextEncoder().encode(text));
}

export function hexToText(text: string): string {
  return new TextDecoder().decode(hexToBytes(text));
}
