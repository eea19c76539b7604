// What a case is set in: its mode, segments, pages, everything but the code.

import { mix, Random } from "../silicon/random";
import type { PrivilegedCase, SystemState } from "./case";
import {
  ALIASES, CODE, DATA, DIRECTORY, GDT, IDT, LDT, SELECTORS as S, STACKS,
  STACK_TOPS, TABLE,
} from "./layout";
import { A, D, descriptor, G, LDT_SELECTORS as L, P, PS, pristine, RW, US,
} from "./world";
import { Writer } from "./writer";

export type Mode = PrivilegedCase["mode"];

const words = new Map(pristine().flatMap(({ at, bytes }) =>
  Array.from(new Uint32Array(bytes.buffer), (w, i) => [at + 4 * i, w])));

/** A word of the world before anybody touched it. */
export function worldWord(address: number): number {
  return words.get(address) ?? 0;
}

const codes = [S.code0, S.code1 | 1, S.code2 | 2, S.code3 | 3];
const datas = [S.data0, S.data1 | 1, S.data2 | 2, S.data3 | 3];
const allSelectors = Object.values(S);
const ldtSelectors = Object.values(L);

/** Whether a descriptor's upper word is that of a TSS. */
function isTask(high: number): boolean {
  return (high & 0x1500) === 0x100;
}

/** A case that is being made. */
export class Scene {
  readonly r: Random;
  readonly mode: Mode;
  readonly ring: number;
  readonly patches = new Map<number, number>();
  readonly registers: number[];
  readonly system: SystemState;
  readonly writer: Writer;
  readonly address: number;
  eflags: number;

  constructor(seed: number, number: number, modes: readonly Mode[]) {
    const r = this.r = new Random(mix(seed * 5 + 3) + number);
    this.mode = r.pick(modes);
    this.ring = this.mode === "vm86" ? 3 : this.mode === "real" ? 0
      : this.mode;
    this.registers = Array.from({ length: 8 }, () => r.operand());
    this.eflags = r.word() & 0xcd5 | r.below(4) << 12
      | (r.chance(30) ? 0x200 : 0) | (r.chance(10) ? 0x40000 : 0)
      | (r.chance(10) ? 0x200000 : 0);
    if (this.mode !== "real" && r.chance(25))
      this.eflags |= r.pick([0x80000, 0x100000, 0x180000]);
    const small = typeof this.mode === "string" || r.chance(15);
    this.system = this.#system(small && typeof this.mode === "number");
    const { cs, ss, ds, es, fs, gs } = this.system.selectors;
    const bases = [es, cs, ss, ds, fs, gs].map(s => this.#baseOf(s));
    this.writer = new Writer(r, !small, bases);
    this.address = CODE + 0x400 + r.below(16);
    this.#stack(bases[2]!);
  }

  #system(small: boolean): SystemState {
    const { r, mode } = this;
    const old = typeof mode === "string";
    return {
      selectors: old ? this.#paragraphs() : this.#segments(mode, small),
      cr0: this.#cr0(),
      cr3: DIRECTORY, cr4: this.#cr4(),
      ldtr: r.chance(90) ? S.ldt : r.pick([0, S.shortLdt]),
      tr: S.tssA,
      breakpoints: [0, 0, 0, 0], dr7: 0,
      sysenter: [0, 0, 0],
    };
  }

  #cr0(): number {
    const { r, mode } = this;
    // EM: who comes upon an ESC by mistake has no coprocessor anywhere.
    const bits = (r.chance(50) ? 0x10000 : 0) | (r.chance(10) ? 8 : 0)
      | (r.chance(50) ? 0x20 : 0) | (r.chance(50) ? 2 : 0) | 0x14;
    if (mode === "real")
      return 0x15;
    return (bits | 1 | (mode === "vm86" || r.chance(92) ? 1 << 31 : 0)) >>> 0;
  }

  #cr4(): number {
    const { r } = this;
    return (r.chance(60) ? 0x10 : 0) | (r.chance(50) ? 0x80 : 0)
      | (r.chance(20) ? 4 : 0) | (r.chance(30) ? 8 : 0)
      | (r.chance(50) ? 1 : 0) | (r.chance(50) ? 2 : 0);
  }

  #paragraphs() {
    const { r } = this;
    const some = () => r.pick([0x1700, 0x1700, 0x1600, 0x1000, 0x1780, 0x900]);
    return { cs: r.pick([0x1900, 0x1000, 0x1800]), ss: r.pick([0x1600, 0x1000]),
      ds: some(), es: some(), fs: some(), gs: some() };
  }

  #segments(ring: number, small: boolean) {
    const { r } = this;
    const some = () => r.chance(70) ? datas[ring]!
      : r.pick([0, S.data3 | 3, S.page3 | r.below(4), S.readOnly3 | r.below(4),
        S.downSmall, S.downBig | 3, S.code0, S.conforming0, L.page3, L.data3]);
    const cs = small && ring === 0 ? S.code16
      : small && ring === 3 ? S.user16 | 3
        : !small && r.chance(10) ? S.conforming0 | ring : codes[ring]!;
    const ss = r.chance(85) ? datas[ring]!
      : ring === 0 ? S.stack16 : ring === 3 ? S.userStack16 | 3
        : datas[ring]!;
    return { cs: this.#codeFor(cs, small), ss, ds: some(), es: some(),
      fs: some(), gs: some() };
  }

  /** 16-bit code is there for rings 0 and 3; others get what they need. */
  #codeFor(cs: number, small: boolean): number {
    const ring = cs & 3;
    if (!small || ring === 0 || ring === 3)
      return cs;
    this.descriptor(S.free, descriptor(0x10000, 0xffff, 0x9a | ring << 5));
    return S.free | ring;
  }

  #baseOf(selector: number): number {
    if (typeof this.mode === "string")
      return selector << 4;
    switch (selector & ~3) {
      case S.page3: case L.page3: return DATA;
      case S.downSmall: case S.code16: case S.user16: case S.stack16:
      case S.userStack16: return 0x10000;
      case S.free: return 0x10000;
    }
    return 0;
  }

  #stack(base: number): void {
    const { r } = this;
    const top = STACK_TOPS[this.mode === "vm86" ? 3 : this.ring]!;
    const linear = top - 0x40 - 4 * r.below(0x30);
    const junk = base ? r.word() & 0xffff0000 : 0;
    const old = typeof this.mode === "string";
    this.registers[4] = (linear - base | (old ? 0 : junk)) >>> 0;
    this.stack = linear;
    // Every word is a paragraph and an offset that lead to an int3.
    for (let at = linear - 16 & ~3; old && at < linear + 64; at += 4)
      this.patch(at, 0x18001800);
  }

  /** The linear address of the stack's top. */
  stack = 0;

  /** Where the code segment begins. */
  get base(): number {
    return this.writer.bases[1]!;
  }

  /** Changes a word of the world. */
  patch(address: number, ...values: number[]): void {
    values.forEach((value, i) =>
      this.patches.set(address + 4 * i, value >>> 0));
  }

  /** What a word of the world will be. */
  word(address: number): number {
    return this.patches.get(address) ?? worldWord(address);
  }

  /** Puts a descriptor where a selector points to. */
  descriptor(selector: number, [low, high]: readonly number[]): void {
    const table = selector & 4 ? LDT : GDT;
    this.patch(table + (selector & ~7), low!, high!);
  }

  /** Some descriptor gets another access byte, limit or base. */
  mutate(selector: number): void {
    const { r } = this;
    const at = (selector & 4 ? LDT : GDT) + (selector & ~7);
    if ((selector & ~7) < S.tssB && !(selector & 4))
      return;
    const low = this.word(at), high = this.word(at + 4);
    const task = isTask(high);
    // What isn't a TSS doesn't become one: its CR3 would lead nowhere, and
    // some cases there never end.
    const kind = (word: number) => this.patch(at + 4,
      isTask(word) && !task ? word | 0x1000 : word);
    switch (r.below(task ? 6 : 8)) {
      case 0: return this.patch(at + 4, high ^ 0x8000);
      case 1: return this.patch(at + 4, high ^ 0x2000 << r.below(2));
      case 2: return kind(high ^ 0x100 << r.below(5));
      case 3: return kind(high & ~0xff00 | r.below(256) << 8);
      case 4: {
        // The case's own code stays as wide as it was written.
        const bit = 20 + r.below(4), own = this.system.selectors.cs;
        return this.patch(at + 4, high
          ^ 1 << (bit === 22 && (selector ^ own) < 4 ? 20 : bit));
      }
      case 5: return this.patch(at, low & 0xffff0000 | r.below(0x10000),
        high & ~0x8f0000);
      case 6: return this.patch(at, low & 0xffff | r.pick([0x17000, 0x6000,
        0x48 << 16, 0x60 << 16, 0xffff0000]));
      default: return this.patch(at, low, high & ~0x6000 | r.below(4) << 13);
    }
  }

  /** A selector: mostly one that leads to something. */
  selector(): number {
    const { r } = this;
    const rpl = r.chance(50) ? this.ring : r.below(4);
    if (r.chance(5))
      // Real mode has no business between 640 KiB and 1 MiB.
      return r.below(typeof this.mode === "string" ? 0x8000 : 0x10000);
    if (r.chance(6))
      return r.below(4);
    if (r.chance(15))
      return r.pick(ldtSelectors) & ~3 | rpl;
    return r.pick(allSelectors) | rpl;
  }

  /** Turns pages of the aliases, and some others, into adventures. */
  pages(): void {
    const { r } = this;
    const bits = () => (r.chance(88) ? P : 0) | (r.chance(65) ? RW : 0)
      | (r.chance(65) ? US : 0) | (r.chance(30) ? A : 0)
      | (r.chance(20) ? D : 0) | (r.chance(25) ? G : 0)
      | r.below(8) << 9;
    for (let i = 0; i < 4; i++)
      this.patch(TABLE + 4 * ((ALIASES >>> 12) + i),
        0x16000 + 0x1000 * r.below(4) | bits());
    if (r.chance(40)) {
      const at = TABLE + 4 * (0x16 + r.below(4));
      this.patch(at, this.word(at) & ~0xfff | bits());
    }
    if (r.chance(15)) {
      const page = 0x10 + r.below(4), at = TABLE + 4 * page;
      // The manual doesn't say with how wide a write a task gets busy.
      this.patch(at, this.word(at)
        ^ r.pick(page === 0x10 ? [P, US] : [P, RW, US]));
    }
    if (r.chance(40)) {
      const at = DIRECTORY + 4 * (1 + r.below(3));
      this.patch(at, this.word(at) ^ r.pick([P, RW, US, PS, G, A]));
    }
    if (r.chance(20))
      this.patch(DIRECTORY, this.word(DIRECTORY) ^ US);
  }

  /** A linear address for an operand of that many bytes. */
  place(size: number): number {
    const { r } = this;
    const near = (edge: number) => edge - r.below(size + 1);
    const what = r.below(100);
    if (what < 50) return DATA + r.below(0x2000 - 16);
    if (what < 56) return near(DATA + 0x1000);
    if (what < 60) return near(STACKS);
    if (what < 64) return near(CODE);
    if (what < 68) return this.stack + r.below(16);
    if (what < 86) return ALIASES + r.below(0x4000);
    if (what < 90) return near(ALIASES + 0x1000 * (1 + r.below(4)));
    if (what < 97)
      return 0x400000 * (1 + r.below(3)) + DATA + r.below(0x2000 - 16);
    // Not across 4 GiB: what limits are there for is open (SDM 3A, 5.3).
    return r.pick([0x1b000, 0x1000000, 0xfffffff0, 0xffff, 0x10ffff, GDT + 0x48,
      IDT + 0x60, TABLE + 4 * 0x17, DIRECTORY + 4]);
  }

  /** A place in the code where an int3 waits: its offset in the code
   * segment that has that base. */
  landing(base = 0): number {
    return CODE + 0x800 + this.r.below(0x200) - base;
  }

  /** The case. */
  finish(): { case: PrivilegedCase; parts: number[][]; } {
    const { parts } = this.writer;
    return { parts, case: {
      registers: this.registers, eflags: this.eflags, fill: 0,
      patches: [...this.patches], address: this.address, code: parts.flat(),
      mode: this.mode, base: this.base, system: this.system,
    } };
  }
}
