// Woven from chapters/808-command.md.
// Words that somebody else has chosen, fit to stand in a line of ours.

/** C0, DEL and C1; other lines' ends; and what turns the direction. */
const OBEYED = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_C}]/gu;

/** What looks like UTF-8 beyond ASCII, or else a byte of none. */
const BEYOND = new RegExp(["[\xc2-\xdf][\x80-\xbf]",
  "[\xe0-\xef][\x80-\xbf]{2}", "[\xf0-\xf4][\x80-\xbf]{3}",
  "[\x80-\xff]"].join("|"), "g");

function spelled(code: number): string {
  const hex = code.toString(16);
  return code < 256 ? `\\x${hex.padStart(2, "0")}` : `\\u{${hex}}`;
}

/** A text as one line, without a line's end. */
export function oneLine(text: string): string {
  return text.replace(/[\r\n]+$/, "")
    .replace(OBEYED, (c) => spelled(c.codePointAt(0)!));
}

/** Bytes, one in each character, as one line of text. */
export function lastWords(bytes: string): string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return oneLine(bytes.replace(BEYOND, (some) => {
    const codes = Array.from(some, (c) => c.charCodeAt(0));
    const text = decoder.decode(Uint8Array.from(codes));
    return text.includes("\ufffd") ? codes.map(spelled).join("") : text;
  }));
}
