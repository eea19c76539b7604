// The world as every case finds it, before its own changes are laid over.

import {
  CODE, DATA, DIRECTORY, DIRECTORY2, DOUBLE_FAULT_ENTRY,
  DOUBLE_FAULT_STACK, GDT, IDT, INT_MAP, LDT, PORT_MAP, REAL_STUBS,
  RECORD, REGIONS, ROM,
  SELECTORS, STACK_TOPS, STACKS, STUBS, TABLE, TSS, TSS_A, TSS_B, TSS_C,
  TSS_DF, TSS_LIMIT, VECTORS,
} from "./layout";

const S = SELECTORS;

/** The two words of a segment's descriptor; `kind` is the access byte,
 * and G, B and AVL in bits 12 to 15. */
export function descriptor(
  base: number, limit: number, kind: number,
): [number, number] {
  return [(base << 16 | limit & 0xffff) >>> 0,
    (base & 0xff000000 | (kind & 0xf000) << 8 | limit & 0xf0000
      | (kind & 0xff) << 8 | base >>> 16 & 0xff) >>> 0];
}

/** The two words of a gate; `kind` is the access byte. */
export function gate(
  selector: number, offset: number, kind: number, parameters = 0,
): [number, number] {
  return [(selector << 16 | offset & 0xffff) >>> 0,
    (offset & 0xffff0000 | kind << 8 | parameters) >>> 0];
}

const flat = (kind: number) => descriptor(0, 0xfffff, 0xc000 | kind);

const segments: Record<keyof typeof S, [number, number]> = {
  kernelCode: flat(0x9b),
  kernelData: flat(0x93),
  tssA: descriptor(TSS_A, TSS_LIMIT, 0x89),
  tssB: descriptor(TSS_B, 0x67, 0xe9),
  tssC: descriptor(TSS_C, 0x2b, 0xe1),
  tssDf: descriptor(TSS_DF, 0x67, 0x89),
  ldt: descriptor(LDT, 0x7f, 0x82),
  shortLdt: descriptor(LDT, 0x17, 0x82),
  code0: flat(0x9a),
  code1: flat(0xba),
  code2: flat(0xda),
  code3: flat(0xfa),
  data0: flat(0x92),
  data1: flat(0xb2),
  data2: flat(0xd2),
  data3: flat(0xf2),
  conforming0: flat(0x9e),
  conforming1: flat(0xbe),
  executeOnly3: flat(0xf8),
  code16: descriptor(0x10000, 0xffff, 0x9a),
  user16: descriptor(0x10000, 0xffff, 0xfa),
  downSmall: descriptor(0x10000, 0x7000, 0x96),
  downBig: descriptor(0, 0x16, 0xc000 | 0xf6),
  readOnly3: flat(0xf0),
  page3: descriptor(DATA, 0xfff, 0x4000 | 0xf2),
  stack16: descriptor(0x10000, 0xffff, 0x92),
  userStack16: descriptor(0x10000, 0xffff, 0xf2),
  call32: gate(S.code0, CODE + 0xe00, 0xec),
  call32params: gate(S.code0, CODE + 0xe10, 0xec, 3),
  call16: gate(S.code16, 0x9e20, 0xe4, 2),
  call1: gate(S.code1, CODE + 0xe30, 0xec, 1),
  callConforming: gate(S.conforming0, CODE + 0xe40, 0xec),
  taskB: gate(S.tssB, 0, 0xe5),
  taskC: gate(S.tssC, 0, 0xe5),
  absentCode: flat(0x7a),
  absentData: flat(0x72),
  busyTask: descriptor(TSS_B, 0x67, 0xeb),
  real16: descriptor(ROM, 0xffff, 0x9b),
  realData: descriptor(0, 0xffff, 0x93),
  free: [0, 0],
};

/** Selectors of the LDT: the same sorts once more. */
export const LDT_SELECTORS = {
  code0: 0x0c, code3: 0x14, data0: 0x1c, data3: 0x24, page3: 0x2c,
  call32: 0x34, absentData: 0x3c, conforming0: 0x44,
} as const;

type Words = Map<number, number>;

function put(words: Words, at: number, ...values: number[]): void {
  values.forEach((value, i) => words.set(at + 4 * i, value >>> 0));
}

function tables(words: Words): void {
  for (const [name, selector] of Object.entries(S))
    put(words, GDT + selector, ...segments[name as keyof typeof S]);
  for (const [name, selector] of Object.entries(LDT_SELECTORS))
    put(words, LDT + (selector & ~7), ...segments[name as keyof typeof S]);
  for (let n = 0; n < VECTORS; n++) {
    const ring = n === 3 || n === 4 || n >= 0x20 ? 0x60 : 0;
    put(words, IDT + 8 * n,
      ...gate(S.kernelCode, ROM + STUBS + 8 * n, 0x8e | ring));
    put(words, 4 * n, 0xf0000000 + REAL_STUBS + 8 * n);
  }
  put(words, IDT + 8 * 8, ...gate(S.tssDf, 0, 0x85));
  put(words, IDT + 8 * 0x20, ...gate(S.kernelCode, ROM + STUBS + 0x100, 0xef));
  put(words, IDT + 8 * 0x21, ...gate(S.code16, 0x9e50, 0xe6));
  put(words, IDT + 8 * 0x22, ...gate(S.code1, CODE + 0xe60, 0xee));
  put(words, IDT + 8 * 0x23, ...gate(S.tssB, 0, 0xe5));
  put(words, IDT + 8 * 0x24, ...gate(S.tssC, 0, 0xe5));
  put(words, IDT + 8 * 0x25, ...gate(S.conforming0, CODE + 0xe70, 0xee));
  put(words, IDT + 8 * 0x26, ...gate(S.code3, CODE + 0xe80, 0xef));
  put(words, IDT + 8 * 0x27, ...gate(S.code0, CODE + 0xe90, 0x6e));
  put(words, IDT + 8 * 0x28, ...gate(S.code0, CODE + 0xea0, 0x8f));
}

function tasks(words: Words): void {
  const stack = [S.data0, S.data1 | 1, S.data2 | 2];
  const rings = stack.flatMap((ss, ring) => [STACK_TOPS[ring]!, ss]);
  put(words, TSS_A, 0, ...rings, DIRECTORY);
  put(words, TSS_A + 0x60, S.ldt, PORT_MAP << 16);
  // Of 256 ports every other byte's worth is allowed.
  for (let i = 0; i < 8; i++)
    put(words, TSS_A + PORT_MAP + 4 * i, i < 4 ? 0xff00ff00 : 0xf0f0aa55);
  put(words, TSS_A + TSS_LIMIT, 0xff);
  // And of the vectors some may stay in virtual-8086 mode.
  for (let i = 0; i < 8; i++)
    put(words, TSS_A + INT_MAP + 4 * i, i & 1 ? 0x0f0f5a03 : 0xc33c5aa0);

  //                     EIP, EFLAGS, EAX to EDI, ES CS SS DS FS GS
  put(words, TSS_B, 0, ...rings, DIRECTORY, CODE + 0xd00, 0x2,
    11, 12, 13, 14, STACK_TOPS[0] - 0x80, 16, 17, 18,
    S.data3, S.code0, S.data0, S.data3, 0, 0, S.ldt, 0x680000);
  const rings16 = stack.flatMap((ss, ring) =>
    [STACK_TOPS[ring]! & 0xffff, ss]);
  const halves = [0, ...rings16, 0x9d40, 0x2, 21, 22, 23, 24, 0x6380, 26,
    27, 28, S.data3, S.code16, S.stack16, S.data3, S.ldt];
  for (let i = 0; i < halves.length; i += 2)
    put(words, TSS_C + 2 * i, halves[i]! | (halves[i + 1] ?? 0) << 16);
  put(words, TSS_DF, 0, 0, 0, 0, 0, 0, 0, DIRECTORY, DOUBLE_FAULT_ENTRY, 2,
    0, 0, 0, 0, DOUBLE_FAULT_STACK, 0, 0, 0, S.kernelData, S.kernelCode,
    S.kernelData, S.kernelData, 0, 0, 0, 0x680000);
}

/** Bits of entries of directories and tables. */
export const P = 1, RW = 2, US = 4, A = 0x20, D = 0x40, PS = 0x80, G = 0x100;

const kernelPages = Array.from({ length: 16 }, (_, i) => (ROM >>> 12) + i);

function pages(words: Words): void {
  for (const directory of [DIRECTORY, DIRECTORY2]) {
    put(words, directory, TABLE | P | RW | US);
    put(words, directory + 4, 0 | P | RW | US | PS);
    put(words, directory + 8, TABLE | P | RW);
    put(words, directory + 12, TABLE | P | US);
  }
  for (let n = 0; n < 0x20; n++) {
    const kernel = n === 0xc || n === 0xd;
    const user = n === 0 || n >= 0x16 && n <= 0x19;
    put(words, TABLE + 4 * n, n << 12 | P | RW
      | (kernel ? A | D : user ? US : 0));
  }
  for (const n of [RECORD >>> 12, ...kernelPages])
    put(words, TABLE + 4 * n, n << 12 | P | RW | A | D);
}

/** Some words for the data that look like something. */
function filling(words: Words, at: number, count: number): void {
  let x = 0x2545f491;
  for (let i = 0; i < count; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    put(words, at + 4 * i, x);
  }
}

/** The world, region by region. */
export function pristine(): { at: number; bytes: Uint8Array }[] {
  const words: Words = new Map();
  tables(words);
  tasks(words);
  pages(words);
  filling(words, STACKS, 0x400);
  filling(words, DATA, 0x800);
  for (let i = 0; i < 0x400; i++)
    put(words, CODE + 4 * i, 0xcccccccc);
  return REGIONS.map(({ at, words: count }) => {
    const region = Uint32Array.from({ length: count },
      (_, i) => words.get(at + 4 * i) ?? 0);
    return { at, bytes: new Uint8Array(region.buffer) };
  });
}
