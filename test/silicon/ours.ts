// Our machine as a judge. It gets what the system gives a process: a flat
// user's code and data segment under the same selectors, the same pages,
// and a kernel, which is 256 times hlt.
//
// 1. A few pops and an iret load all registers and enter ring 3.
// 2. The case runs, and traps; the gate leads to the vector's hlt.
// 3. The frame on the kernel's stack says how the case ended.
//
// Physical memory:
//
//   01000 page directory     06000 IDT
//   02000 pages of data      07000 the hlts, then the way in
//   03000 pages of code      08000 TSS
//   04000 the kernel's pages 09000 kernel stack        0A000 LDT
//   05000 GDT                10000 data, three pages   20000 code, two

import { Machine } from "../../src/machine";
import type { Cpu } from "../../src/machine";
import {
  ACTIVITY, ATTRIBUTES, BASE, CPL, CR0, CR2, CR3, CS, DS, EAX, EIP, ES, ESP,
  FS, GDTR_BASE, GDTR_LIMIT, GS, IDTR_BASE, IDTR_LIMIT, LDTR, LIMIT,
  RUNNING, SEGMENTS, SELECTOR, SS, SYSTEM_FLAGS, TR,
} from "../../src/machine/ground/state";
import {
  CHOSEN_FLAGS, CODE, CODE_END, DATA, DATA_END, entryOf, fillWords,
  initialData,
} from "./case";
import type { Case, Judge, Outcome, Selectors } from "./case";
import { isBig, locals } from "./local";

const DIRECTORY = 0x1000, DATA_TABLE = 0x2000, CODE_TABLE = 0x3000,
  KERNEL_TABLE = 0x4000, GDT = 0x5000, IDT = 0x6000, STUBS = 0x7000,
  TSS = 0x8000, STACK_TOP = 0xa000, LDT = 0xa000, DATA_FRAMES = 0x10000,
  CODE_FRAMES = 0x20000;
/** Where the kernel sees physical memory. */
const KERNEL = 0xc0000000;
const RESTART = KERNEL + STUBS + 256;
/** pop %gs; pop %fs; pop %es; pop %ds; popa; iret */
const restart = [0x0f, 0xa9, 0x0f, 0xa1, 0x07, 0x1f, 0x61, 0xcf];
const RESTART_STEPS = 6;

const KERNEL_CS = 0x08, KERNEL_DS = 0x10, TSS_SELECTOR = 0x18;
const PRESENT = 1, WRITABLE = 2, USER = 4;
const IF_BIT = 0x200;
/** Vectors that push an error code (SDM 3A, table 6-1). */
const withError = new Set([8, 10, 11, 12, 13, 14, 17]);

/** No case takes more, not even with REP. */
const BUDGET = 20_000;

/** Our machine, with the selectors of the processor's system. */
export class OurJudge implements Judge {
  readonly name = "ours";
  readonly #machine = new Machine({ memory: 1 << 20 });
  readonly #cpu: Cpu;
  readonly #selectors: Selectors;

  constructor(selectors: Selectors) {
    this.#selectors = selectors;
    this.#cpu = this.#machine.cpus[0]!;
    this.#makePages();
    this.#makeDescriptors();
    this.#makeKernel();
    this.#enterKernel();
  }

  run(cases: readonly Case[]): Outcome[] {
    return cases.map(c => this.#run(c));
  }

  #run(c: Case): Outcome {
    const machine = this.#machine;
    const data = initialData(c);
    machine.writeRam(DATA_FRAMES, data);
    const at = CODE_FRAMES + c.address - CODE;
    machine.writeRam(at, new Uint8Array(c.code));
    this.#begin(c);
    const end = machine.run({ maxInstructions: BUDGET });
    const outcome = this.#outcome(c, data);
    machine.writeRam(at, new Uint8Array(c.code.length).fill(0xcc));
    if (end.reason !== "halted")
      outcome.vector = end.reason === "budget" ? 998 : 999;
    return outcome;
  }

  /** What the way in pops, and behind it the frame for iret. */
  #begin(c: Case): void {
    const own = this.#selectors;
    const [es, cs, ss, ds, fs, gs] = c.segments
      ?? [own.ds, own.cs, own.ss, own.ds, own.fs, own.gs];
    const [eax, ecx, edx, ebx, esp, ebp, esi, edi] = c.registers;
    const flags = IF_BIT | 2 | c.eflags & CHOSEN_FLAGS;
    const image = new Uint32Array([gs!, fs!, es!, ds!, edi!, esi!, ebp!, 0,
      ebx!, edx!, ecx!, eax!, entryOf(c), cs!, flags, esp!, ss!]);
    const at = STACK_TOP - image.byteLength;
    this.#machine.writeRam(at, new Uint8Array(image.buffer));
    const { w } = this.#cpu;
    w[EIP] = RESTART;
    w[ESP] = KERNEL + at;
    w[ACTIVITY] = RUNNING;
    if (isBig(ss!)) return;
    // IRET to a 16-bit stack leaves half of ESP; Linux mends it (espfix).
    this.#machine.run({ maxInstructions: RESTART_STEPS });
    w[ESP] = esp!;
  }

  #outcome(c: Case, before: Uint8Array): Outcome {
    const { w } = this.#cpu;
    const registers = Array.from(w.subarray(EAX, EAX + 8), r => r >>> 0);
    // The hlt is one byte long, and EIP is behind it.
    const vector = (w[EIP]! >>> 0) - 1 - (KERNEL + STUBS);
    const top = this.#words((w[ESP]! >>> 0) - KERNEL, 6);
    const error = withError.has(vector) ? top.shift()! : 0;
    const [eip = 0, cs = 0, eflags = 0, esp = 0, ss = 0] = top;
    registers[ESP] = esp;
    const selector = (s: number) =>
      w[SEGMENTS + 4 * s + SELECTOR]! & 0xffff;
    return {
      registers, eip, eflags, vector, error,
      cr2: vector === 14 ? w[CR2]! >>> 0 : 0,
      selectors: [selector(ES), cs & 0xffff, ss & 0xffff, selector(DS),
        selector(FS), selector(GS)],
      changes: this.#changes(before),
    };
  }

  #words(physical: number, count: number): number[] {
    const bytes = this.#machine.readRam(physical, count * 4);
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    return Array.from({ length: count }, (_, i) =>
      view.getUint32(4 * i, true));
  }

  #changes(before: Uint8Array): [number, number][] {
    const after = this.#machine.readRam(DATA_FRAMES, before.length);
    const a = new Uint32Array(before.buffer);
    const b = new Uint32Array(after.slice().buffer);
    const changes: [number, number][] = [];
    for (let i = 0; i < a.length; i++)
      if (a[i] !== b[i])
        changes.push([DATA + 4 * i, b[i]!]);
    return changes;
  }

  #makePages(): void {
    const table = (linear: number, physical: number) =>
      this.#poke(DIRECTORY + (linear >>> 22) * 4,
        physical | PRESENT | WRITABLE | USER);
    const page = (table: number, n: number, physical: number, bits: number) =>
      this.#poke(table + n * 4, physical | PRESENT | bits);
    table(DATA, DATA_TABLE);
    table(CODE, CODE_TABLE);
    table(KERNEL, KERNEL_TABLE);
    for (let i = 0; i < 3; i++)
      page(DATA_TABLE, i, DATA_FRAMES + i * 0x1000,
        i < 2 ? USER | WRITABLE : USER);
    for (let i = 0; i < 2; i++)
      page(CODE_TABLE, i, CODE_FRAMES + i * 0x1000, USER | WRITABLE);
    for (let i = 0; i < 16; i++)
      page(KERNEL_TABLE, i, i * 0x1000, WRITABLE);
    const filling = new Uint8Array(fillWords(0).buffer).subarray(0, 0x1000);
    this.#machine.writeRam(DATA_FRAMES + 0x2000, filling);
    this.#machine.writeRam(CODE_FRAMES,
      new Uint8Array(CODE_END - CODE).fill(0xcc));
  }

  #makeDescriptors(): void {
    const { cs, ss, ds, fs, gs } = this.#selectors;
    const flat = [0, 0xfffff] as const;
    this.#descriptor(KERNEL_CS, ...flat, 0xc09b);
    this.#descriptor(KERNEL_DS, ...flat, 0xc093);
    this.#descriptor(TSS_SELECTOR, KERNEL + TSS, 0x67, 0x008b);
    this.#descriptor(cs, ...flat, 0xc0fb);
    for (const selector of [ss, ds])
      this.#descriptor(selector, ...flat, 0xc0f3);
    // Linux marks its segments for threads as available to itself.
    if (gs >> 2)
      this.#descriptor(gs, ...flat, 0xd0f3);
    // Linux has a 64-bit code segment for users; as data it can be read.
    if (cs === 0x23)
      this.#descriptor(0x33, ...flat, 0xa0fb);
    this.#descriptor(fs, DATA, DATA_END - DATA - 1, 0x50f3);
    locals.forEach(({ base, limit, kind }, i) =>
      this.#descriptor(8 * i + 7, base, limit, kind));
  }

  #descriptor(
    selector: number, base: number, limit: number, kind: number,
  ): void {
    const at = (selector & 4 ? LDT : GDT) + (selector & ~7);
    this.#poke(at, base << 16 | limit & 0xffff);
    this.#poke(at + 4, base & 0xff000000 | (kind & 0xf000) << 8
      | limit & 0xf0000 | (kind & 0xff) << 8 | base >>> 16 & 0xff);
  }

  #makeKernel(): void {
    for (let vector = 0; vector < 256; vector++) {
      const target = KERNEL + STUBS + vector;
      const ring = vector === 3 || vector === 4 ? 0x6000 : 0;
      this.#poke(IDT + vector * 8, KERNEL_CS << 16 | target & 0xffff);
      this.#poke(IDT + vector * 8 + 4, target & 0xffff0000 | 0x8e00 | ring);
    }
    const stubs = new Uint8Array(256 + restart.length).fill(0xf4);
    stubs.set(restart, 256);
    this.#machine.writeRam(STUBS, stubs);
    this.#poke(TSS + 4, KERNEL + STACK_TOP);
    this.#poke(TSS + 8, KERNEL_DS);
    this.#poke(TSS + 0x64, 0x68 << 16);
  }

  /** The CPU as a kernel has it that has been up for a while. */
  #enterKernel(): void {
    const { w } = this.#cpu;
    const { ds, fs, gs } = this.#selectors;
    w[CR0] = 0x80050001 | 0;
    w[CR3] = DIRECTORY;
    w[GDTR_BASE] = KERNEL + GDT;
    w[GDTR_LIMIT] = 0x7f;
    w[IDTR_BASE] = KERNEL + IDT;
    w[IDTR_LIMIT] = 0x7ff;
    w[SYSTEM_FLAGS] = 0;
    w[CPL] = 0;
    this.#load(CS, KERNEL_CS, 0, -1, 0xc09b);
    this.#load(SS, KERNEL_DS, 0, -1, 0xc093);
    this.#load(DS, ds, 0, -1, 0xc0f3);
    this.#load(ES, ds, 0, -1, 0xc0f3);
    this.#load(FS, fs, DATA, DATA_END - DATA - 1, 0x40f3);
    this.#load(GS, gs, 0, -1, gs >> 2 ? 0xc0f3 : 0);
    this.#load(LDTR, 0x50, KERNEL + LDT, 8 * locals.length - 1, 0x82);
    this.#load(TR, TSS_SELECTOR, KERNEL + TSS, 0x67, 0x008b);
    this.#cpu.refresh();
  }

  #load(
    segment: number, selector: number, base: number, limit: number,
    kind: number,
  ): void {
    const { w } = this.#cpu;
    const at = SEGMENTS + 4 * segment;
    w[at + SELECTOR] = selector;
    w[at + BASE] = base;
    w[at + LIMIT] = limit;
    w[at + ATTRIBUTES] = kind;
  }

  #poke(physical: number, value: number): void {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setUint32(0, value, true);
    this.#machine.writeRam(physical, bytes);
  }
}
