// What the kernel of the lock-step test finds in memory: descriptors, gates,
// task state segments and page tables.
import type { Random } from "../silicon/random";
import { descriptor, type makeKernel, type Setting, tssOf } from "./kernel";
import {
  ALIAS_PAGES, BASED, BOTH, CODE_BASE, COPY, DEVICE_MEMORY, DIRECTORY_A, DIRECTORY_B,
  FS_BASE, GDT, GDT_COPY, GS_BASE, IDTS, KERNEL, LIMITED_END, NARROW, OWN, PER_CPU, S,
  STACK16_BASE, TABLES,
} from "./layout";
import type { Part } from "./program";

export interface Supervised extends Setting {
  readonly cpus: number;
  readonly kernel: ReturnType<typeof makeKernel>;
}

const P = 1, RW = 2, US = 4, PCD = 0x10, PS = 0x80, G = 0x100;

const part = (at: number, words: ArrayLike<number>): Part =>
  ({ at, bytes: new Uint8Array(Uint32Array.from(words, (n) => n >>> 0)
    .buffer) });

export function supervisorParts(r: Random, s: Supervised): Part[] {
  return [
    { at: KERNEL, bytes: s.kernel.bytes },
    ...descriptors(s), ...gates(s), ...tasks(s), ...tables(r, s),
    // inc, inc, cltd, inc and ret, whatever the width.
    { at: BOTH, bytes: Uint8Array.from({ length: 256 },
      (_, i) => [0x40, 0x42, 0x99, 0x40, 0xc3, 0x90, 0xc3, 0x90][i & 7]!) },
    { at: LIMITED_END - 31, bytes: new Uint8Array(32).fill(0x40) },
    ...Array.from({ length: s.cpus }, (_, cpu) => ownPage(r, cpu)),
  ];
}

function descriptors({ cpus, kernel }: Supervised): Part[] {
  const words = new Array<number>(64).fill(0);
  const put = (selector: number, [low, high]: readonly number[]) => {
    words[(selector & ~7) / 4] = low!;
    words[(selector & ~7) / 4 + 1] = high!;
  };
  const all = 0xfffff, flat = 0xc;
  put(S.code0, descriptor(0, all, 0x9a, flat));
  put(S.data0, descriptor(0, all, 0x92, flat));
  put(S.code3, descriptor(0, all, 0xfa, flat));
  put(S.data3, descriptor(0, all, 0xf2, flat));
  put(S.code1, descriptor(0, all, 0xba, flat));
  put(S.data1, descriptor(0, all, 0xb2, flat));
  put(S.narrow0, descriptor(NARROW, 0xffff, 0x9a, 0));
  put(S.narrow3, descriptor(NARROW, 0xffff, 0xfa, 0));
  put(S.fs, descriptor(FS_BASE, 0x1fff, 0xf2, 4));
  put(S.gs, descriptor(GS_BASE, 0xffff, 0xf2, 4));
  put(S.down, descriptor(BASED, 0xfff, 0xf6, 4));
  put(S.based, descriptor(BASED, all, 0xf2, flat));
  put(S.basedCode, descriptor(CODE_BASE, all, 0xfa, flat));
  put(S.limited, descriptor(0, LIMITED_END, 0xfa, 4));
  put(S.stack16, descriptor(STACK16_BASE, 0xffff, 0xf2, 0));
  put(S.readOnly, descriptor(0, all, 0xf0, flat));
  put(S.short, descriptor(BASED + 3, 0x80, 0xf2, 4));
  const gate = kernel.at("gate");
  put(S.gate, [(S.code0 << 16) | (gate & 0xffff), (gate & 0xffff0000) |
    0xec00]);
  for (let cpu = 0; cpu < cpus; cpu++) {
    put(S.tss + 8 * cpu, descriptor(tssOf(cpu), 0x8f, 0x89, 0));
    put(S.tssDf + 8 * cpu, descriptor(tssOf(cpu) + 0x100, 0x67, 0x89, 0));
  }
  return [part(GDT, words), part(GDT_COPY, words)];
}

function gates({ cpus, kernel }: Supervised): Part[] {
  const user = new Set([3, 4, 0x80, 0x81, 0x82, 0x83, 0x84]);
  return Array.from({ length: cpus }, (_, cpu) => {
    const words = new Array<number>(512).fill(0);
    for (const n of kernel.vectors) {
      const at = kernel.at(`v${n}`), trap = n === 0x84 || n === 4 ? 1 : 0;
      words[2 * n] = (S.code0 << 16) | (at & 0xffff);
      words[2 * n + 1] = (at & 0xffff0000) | 0x8e00 | (trap << 8) |
        (user.has(n) ? 0x6000 : 0);
    }
    words[16] = (S.tssDf + 8 * cpu) << 16;
    words[17] = 0x8500;
    return part(IDTS + 0x800 * cpu, words);
  });
}

function tasks({ cpus, kernel }: Supervised): Part[] {
  return Array.from({ length: cpus }, (_, cpu): Part[] => {
    const own = PER_CPU + 0x1000 * cpu, main = new Array<number>(36).fill(0);
    main[1] = own + 0x1000;
    main[2] = S.data0;
    main[3] = own + 0xc00;
    main[4] = S.data1;
    main[7] = DIRECTORY_A;
    main[25] = 0x680000;
    // Ports 80 to 87 are everybody's.
    main.fill(-1, 26);
    main[26 + 4] = 0xffffff00;
    const other = new Array<number>(26).fill(0);
    other[7] = DIRECTORY_A;
    other[8] = kernel.at("doubleFault");
    other[9] = 2;
    other[14] = own + 0x800;
    other.fill(S.data0, 18, 24);
    other[19] = S.code0;
    other[25] = 0x680000;
    return [part(tssOf(cpu), main), part(tssOf(cpu) + 0x100, other)];
  }).flat();
}

function tables(r: Random, { cr4 }: Supervised): Part[] {
  const words = new Array<number>(5 * 1024).fill(0);
  const global = r.chance(50) ? G : 0, strict = r.chance(50);
  for (let i = 0; i < 1024; i++) {
    const user = i >= 0x40 && i < 0x90;
    const data = i >= 0x60 && i < 0x6f;
    const readOnly = data && strict && r.chance(15);
    const kernels = data && strict && r.chance(10);
    words[i] = (i << 12) | P | (readOnly ? 0 : RW) |
      (user && !kernels ? US : 0) | (user ? 0 : global);
    words[2048 + i] = words[i]!;
    words[3072 + i] = words[i]! | (r.chance(10) && cr4 & 0x80 ? G : 0);
  }
  for (const table of [1, 4])
    for (let i = 0; i < ALIAS_PAGES; i++)
      words[1024 * table + i] = alias(r, i);
  words[3072 + 0xfd] = DEVICE_MEMORY | P | RW | PCD | (strict ? 0 : US);
  words[3072 + 0xfe] = 0xfee00000 | P | RW | PCD;
  const directory = (order: readonly number[]) => {
    const entries = new Array<number>(1024).fill(0);
    order.forEach((table, i) => {
      entries[i] = (TABLES + 0x1000 * table) | P | RW | US;
    });
    return entries;
  };
  const a = directory([0, 1, 2, 3]), b = directory([0, 1, 4, 3]);
  if (cr4 & 0x10) a[2] = P | RW | US | PS | (r.chance(40) ? G : 0);
  b[1] = a[1]!;
  if (r.chance(50)) [b[1], b[2]] = [b[2]!, b[1]!];
  return [part(DIRECTORY_A, a), part(DIRECTORY_B, b), part(TABLES, words),
    part(TABLES + COPY, words)];
}

/** The first 32 lead to data, the others to data and code. */
function alias(r: Random, i: number): number {
  const frame = i < 48 ? 0x60 + r.below(15) : 0x40 + r.below(32);
  return (frame << 12) | (r.chance(92) ? P : 0) | (r.chance(80) ? RW : 0) |
    (r.chance(85) ? US : 0) | (r.chance(20) ? G : 0);
}

function ownPage(r: Random, cpu: number): Part {
  const words = new Array<number>(20).fill(0);
  words[OWN.random / 4] = r.word();
  words[OWN.index / 4] = cpu;
  const idt = IDTS + 0x800 * cpu;
  words[OWN.idtr / 4] = 0x7ff | (idt << 16);
  words[OWN.idtr / 4 + 1] = idt >>> 16;
  return part(PER_CPU + 0x1000 * cpu, words);
}
