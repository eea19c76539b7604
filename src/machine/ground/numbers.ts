// Woven from chapters/704-registers.md.
/** The unsigned 32-bit value of an int32, for public boundaries. */
export function u32(value: number): number {
  return value >>> 0;
}

/** The int32 of a byte read as a signed one. */
export function signExtend8(value: number): number {
  return (value << 24) >> 24;
}

/** The int32 of a 16-bit word read as a signed one. */
export function signExtend16(value: number): number {
  return (value << 16) >> 16;
}

/** Stops the program because of our own mistake, told in a sentence. */
export function panic(sentence: string): never {
  throw new Error("panic: " + sentence);
}

/** Eight hexadecimal digits. */
export function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, "0");
}

/** A count and what it counts, "1 page" or "2 pages"; `digits` if the
 * count is to be written in another way. */
export function counted(
  count: number, thing: string, digits = `${count}`,
): string {
  const end = /(ch|sh|s|x)$/.test(thing) ? "es" : "s";
  return `${digits} ${thing}${count === 1 ? "" : end}`;
}
