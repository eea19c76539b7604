// Woven from chapters/49-pc.md.
/** The first six words of a device, read as three doubles. */
export function floatsOf(words: Int32Array): Float64Array {
  return new Float64Array(words.buffer, words.byteOffset, 3);
}

/** Two decimal digits in a byte, and back. */
export const toBcd = (n: number) => ((n / 10) | 0) * 16 + (n % 10);
export const fromBcd = (n: number) => (n >> 4) * 10 + (n & 15);
