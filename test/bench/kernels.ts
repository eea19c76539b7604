// The kernels of the image: what each does, and what comes of it.

export const groups = ["integers", "blocks", "memory", "system"] as const;

/** A kernel of the image. */
export interface Kernel {
  readonly name: string;
  /** "pairs": only to be compared with another one. */
  readonly group: typeof groups[number] | "pairs";
  /** A sentence about an iteration. */
  readonly what: string;
  /** Iterations of the smallest run, and its checksum. */
  readonly first: number;
  readonly checksum: string;
  /** Needs a machine, and not just a process. */
  readonly needsSystem: boolean;
}

const list = (
  group: Kernel["group"], needsSystem: boolean,
  rows: readonly (readonly [string, number, string, string])[],
): Kernel[] => rows.map(([name, first, checksum, what]) =>
  ({ name, group, what, first, checksum, needsSystem }));

export const kernels: readonly Kernel[] = [
  ...list("integers", false, [
    ["xorshift", 4, "570ec3c2", "256 random numbers by shifts"],
    ["crc32", 4, "28d29e67", "the CRC of 256 bytes, by a table"],
    ["sieve", 4, "000068d0", "the primes below 1024"],
    ["muldiv", 4, "002fd099", "64 times MUL, DIV, and MUL to 64 bits"],
    ["adc", 4, "2d82ecc9", "128 times three sums of 64 bits"],
    ["chase", 4, "01f7d880", "64 steps of a walk all over 16 MiB"],
    ["bytes", 4, "00000a28", "512 letters to the other case"],
    ["recursion", 4, "0000235a", "a Fibonacci number, the slow way"],
    ["quicksort", 4, "af6e6d75", "64 numbers, made and sorted"],
    ["indirect", 4, "6ff0219d", "64 calls through a table"],
    ["switch", 4, "832f374d", "a program of 800 bytecodes, by a switch"],
  ]),
  ...list("blocks", false, [
    ["copy-4k", 16, "e6fad5b8", "REP MOVSD of 4 KiB"],
    ["copy-64k", 2, "fff3fff7", "REP MOVSD of 64 KiB"],
    ["copy-1m", 1, "000bfffd", "REP MOVSD of 1 MiB"],
    ["fill-4k", 16, "27c50870", "REP STOSD of 4 KiB"],
    ["fill-64k", 2, "0000000e", "REP STOSD of 64 KiB"],
    ["fill-1m", 1, "00000002", "REP STOSD of 1 MiB"],
  ]),
  ...list("memory", false, [
    ["locked", 64, "c28f5c28", "XADD, CMPXCHG and XCHG with LOCK"],
    ["patched", 64, "1177f0e0", "a call of code that was just written to"],
  ]),
  ...list("system", true, [
    ["int-0", 64, "00000040", "INT and IRET in ring 0"],
    ["int-3", 64, "00000040", "INT from ring 3 to 0, and IRET"],
    ["cr3", 64, "3cbf5e80", "a load of cr3"],
    ["cr3-64", 16, "5f200000", "a load of cr3, and loads from 64 pages"],
    ["invlpg", 64, "f5e80000", "INVLPG, and a load from that page"],
    ["fault", 64, "f5e80040", "a page is taken away, missed, and put back"],
    ["port", 64, "3cbf5e80", "IN from port 0x80"],
  ]),
  ...list("pairs", false, [
    ["across", 64, "ec51f2d6", "a loop of six instructions, on two pages"],
    ["within", 64, "ec51f2d6", "the same loop on one page"],
    ["apart-16m", 16, "aa4bd2b1", "32 pages by turns, 16 MiB from each other"],
    ["apart-else", 16, "aa4bd2b1", "the same, and 24 pages more"],
    ["unpatched", 64, "414f90e0", "as patched, with a store that hits no code"],
    ["loop-64k", 2, "fff3fff7", "as copy-64k, by a loop of MOV"],
    ["load", 64, "3cbf5e80", "as port, with a load from memory"],
  ]),
  ...list("pairs", true, [
    ["touch-64", 16, "5f200000", "as cr3-64 without a load of cr3"],
    ["rings", 64, "063976df", "a page's code by turns in rings 3 and 0"],
    ["rings-apart", 64, "063976df", "the same, and each ring has a page"],
    ["ring-0", 64, "063976df", "the same page, always in ring 0"],
    ["segment-other", 64, "063976df", "far jumps to another base and back"],
    ["segment-same", 64, "063976df", "far jumps that change nothing"],
  ]),
];

/** What may be a cliff, and its smooth cousin. */
export const pairs: readonly (readonly [string, string, string])[] = [
  ["code crosses a page", "across", "within"],
  ["data 16 MiB apart", "apart-16m", "apart-else"],
  ["code is patched", "patched", "unpatched"],
  ["a page in rings 3 and 0", "rings", "rings-apart"],
  ["ring 3 and 0, not 0 alone", "rings", "ring-0"],
  ["another segment", "segment-other", "segment-same"],
  ["cr3 before 64 pages", "cr3-64", "touch-64"],
  ["REP MOVSD, not a loop", "copy-64k", "loop-64k"],
  ["a port, not memory", "port", "load"],
];
