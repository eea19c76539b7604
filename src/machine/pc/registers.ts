// Woven from chapters/762-lines.md.
/** A device's registers by their names. */
export type Registers<N extends string> = { [K in N]: number };

const place = (array: Int32Array | Float64Array, n: number) => ({
  enumerable: true,
  get: () => array[n],
  set: (value: number) => {
    array[n] = value;
  },
});

/** Names for words of the block in their order; `doubles` lie before the
 * others, and have two words each. */
export function nameWords<N extends string, D extends string = never>(
  words: Int32Array, names: readonly N[], doubles: readonly D[] = [],
): Registers<N | D> {
  const floats = new Float64Array(words.buffer);
  const first = words.byteOffset / 8, behind = 2 * doubles.length;
  return Object.defineProperties({}, Object.fromEntries([
    ...doubles.map((name, n) => [name, place(floats, first + n)] as const),
    ...names.map((name, n) => [name, place(words, behind + n)] as const),
  ])) as Registers<N | D>;
}

/** Sets all of them to 0 but those that stay. */
export function clear<N extends string>(
  registers: Registers<N>, ...stay: readonly NoInfer<N>[]
): void {
  for (const name in registers) {
    if (!stay.includes(name)) registers[name] = 0;
  }
}
