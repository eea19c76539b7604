// Woven from chapters/788-layout.md.
const nops = [
  [0x90],
  [0x66, 0x90],
  [0x8d, 0x76, 0x00],
  [0x8d, 0x74, 0x26, 0x00],
  [0x8d, 0x74, 0x26, 0x00, 0x90],
  [0x8d, 0xb6, 0, 0, 0, 0],
  [0x8d, 0xb4, 0x26, 0, 0, 0, 0],
];

const nops16 = [
  [0x90], [0x66, 0x90], [0x8d, 0x74, 0x00], [0x8d, 0xb4, 0, 0],
];

function nopBytes16(length: number): number[] {
  const bytes: number[] = [];
  if (length > 129) {
    const distance = length - 6;
    bytes.push(0x66, 0xe9, distance & 0xff, (distance >> 8) & 0xff,
      (distance >> 16) & 0xff, distance >>> 24);
  } else if (length > 11) bytes.push(0xeb, length - 2);
  while (bytes.length < length)
    bytes.push(...nops16[Math.min(length - bytes.length, 4) - 1]!);
  return bytes;
}

/** Code of `length` bytes that does nothing, the same that GNU as
 * writes for a processor it knows nothing about. */
export function nopBytes(length: number, code: 2 | 4 = 4): number[] {
  if (code === 2) return nopBytes16(length);
  const bytes: number[] = [];
  if (length > 129) {
    const distance = length - 5;
    bytes.push(0xe9, distance & 0xff, (distance >> 8) & 0xff,
      (distance >> 16) & 0xff, distance >>> 24);
  } else if (length > 20) bytes.push(0xeb, length - 2);
  while (bytes.length < length)
    bytes.push(...nops[Math.min(length - bytes.length, 7) - 1]!);
  return bytes;
}
