// Woven from chapters/920-devices.md.
/** Two decimal digits in a byte, and back. */
export const toBcd = (n: number) => ((n / 10) | 0) * 16 + (n % 10);
export const fromBcd = (n: number) => (n >> 4) * 10 + (n & 15);
