// Random numbers from a seed: the same seed, the same cases, everywhere.

/** A source of random numbers: 32 bits of state (Marsaglia's xorshift). */
export class Random {
  #x: number;

  constructor(seed: number) {
    this.#x = mix(seed) || 1;
  }

  /** The next 32 bits, unsigned. */
  word(): number {
    let x = this.#x;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#x = x;
    return Math.imul(x, 0x9e3779b1) >>> 0;
  }

  /** A whole number from 0 to n - 1. */
  below(n: number): number {
    return Math.floor(this.word() / 0x1_0000_0000 * n);
  }

  /** True in about `percent` of a hundred calls. */
  chance(percent: number): boolean {
    return this.below(100) < percent;
  }

  /** One of the things in the list. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** An operand: often one of those at which instructions go wrong. */
  operand(): number {
    switch (this.below(8)) {
      case 0: return this.pick(edges);
      case 1: return this.below(256);
      case 2: return 1 << this.below(32) >>> 0;
      case 3: return -this.below(256) >>> 0;
      case 4: return Math.imul(this.below(256), 0x01010101) >>> 0;
      default: return this.word();
    }
  }
}

const edges = [
  0, 1, 0xffff_ffff, 0x7fff_ffff, 0x8000_0000, 0x7fff, 0x8000, 0xffff,
  0x7f, 0x80, 0xff, 0x1_0000, 0xffff_0000, 0xffff_8000, 0xffff_ff80,
];

/** Spreads a number over 32 bits, so that seeds 1 and 2 have no more in
 * common than any other two. */
export function mix(n: number): number {
  n = Math.imul(n ^ n >>> 16, 0x85ebca6b);
  n = Math.imul(n ^ n >>> 13, 0xc2b2ae35);
  return n ^ n >>> 16;
}
