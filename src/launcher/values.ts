// Woven from chapters/925-virtio.md.
// Values of one to four bytes, and what they are parts of.

/** All bits of a value of so many bytes. */
export const lowBits = (size: number) => size === 4 ? -1 : (1 << 8 * size) - 1;

/** A word, with a value of `size` bytes in it from byte `at` on. */
export function merge(
  old: number, at: number, size: number, value: number,
): number {
  const shift = 8 * at, mask = lowBits(size) << shift;
  return (old & ~mask) | (value << shift & mask);
}

/** What lies in bytes from `at` on; beyond their end are ones. */
export function valueAt(bytes: Uint8Array, at: number, size: number): number {
  let value = 0;
  for (let i = 0; i < size; i++) value |= (bytes[at + i] ?? 0xff) << 8 * i;
  return value;
}
