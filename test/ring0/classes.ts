// The classes of cases: what each of them sets up, and the instructions that
// it is about.

import {
  ALIASES, CODE, DATA, DIRECTORY, DIRECTORY2, GDT, IDT, INT_MAP,
  SELECTORS as S, STACK_TOPS, TABLE, TSS_A, TSS_B, TSS_C, TSS_LIMIT, VECTORS,
} from "./layout";
import { Scene } from "./scene";
import type { Mode } from "./scene";
import { bytesOf, CS, DS, SS } from "./writer";

/** A class of cases. */
export interface CaseClass {
  name: string;
  modes: readonly Mode[];
  /** How many instructions besides the fillers. */
  length: number;
  prepare(s: Scene): void;
  instruction(s: Scene): void;
}

const rings: readonly Mode[] = [0, 0, 1, 2, 3, 3];
const mostlyKernel: readonly Mode[] = [0, 0, 0, 0, 1, 3, "vm86"];
const none = () => {};

/** Runs one of the alternatives. */
function one(s: Scene, ...choices: (() => void)[]): void {
  s.r.pick(choices)();
}

/** A register that isn't ESP. */
function some(s: Scene): number {
  return s.r.pick([0, 1, 2, 3, 5, 6, 7]);
}

/** Loads, stores and changes: what touches memory and is well defined. */
export function touch(s: Scene): void {
  const { r, writer: w } = s;
  const size = w.size();
  const at = s.place(size);
  one(s,
    () => w.memory(size, [0x8b], some(s), at),
    () => w.memory(size, [0x89], r.below(8), at),
    () => w.memory(0, [0x8a], r.below(4), at),
    () => w.memory(0, [0x88], r.below(8), at),
    () => w.memory(size, [0x01], r.below(8), at),
    () => w.memory(size, [0x39], r.below(8), at),
    () => w.memory(size, [0xff], r.below(2), at),
    () => w.memory(size, [0x87], some(s), at),
    () => w.memory(size, [0xff], 6, at),
    () => w.memory(size, [0x8f], 0, at),
    () => w.memory(size, [0x0f, 0xb1], r.below(8), at),
    () => w.memory(size, [0xc7], 0, at, bytesOf(r.operand(), size)),
    () => w.memory(size, [0xf7], 2, at),
    () => w.memory(0, [0x0f, 0xc7], 1, at),
    () => w.memory(size, [0x0f, 0xb7], some(s), at),
  );
}

/** An instruction that touches nothing but registers, or little. */
export function filler(s: Scene): void {
  const { r, writer: w } = s;
  one(s,
    () => w.register(w.size(), [0x01], r.below(8), some(s)),
    () => w.register(w.size(), [0x89], r.below(8), some(s)),
    () => w.sized(w.size(), 0x40 + some(s)),
    () => w.sized(w.size(), 0x50 + r.below(8)),
    () => w.sized(w.size(), 0x58 + some(s)),
    () => w.add(r.pick([0x90, 0xf8, 0xf9, 0xf5, 0xfc, 0xfd])),
    () => w.register(w.size(), [0x19], r.below(8), some(s)),
    () => touch(s),
  );
}

function loadSome(s: Scene): void {
  s.writer.load(some(s), s.r.operand());
}

function toControl(s: Scene): void {
  const { r, writer: w, system } = s;
  const n = r.pick([0, 0, 2, 3, 3, 4, 4]);
  const register = some(s);
  const value = n === 2 ? r.operand()
    : n === 3 ? r.pick([DIRECTORY, DIRECTORY2]) | r.pick([0, 0, 8, 0x10, 0x18])
      : n === 4 ? system.cr4 ^ r.pick([1, 2, 4, 8, 0x10, 0x80, 0x40, 0x1000, 0x800])
        : system.cr0 ^ r.pick([2, 4, 8, 0x20, 0x10000, 0x10, 1 << 31,
          0x20000000, 0x60000000, 0x40000000, 0x400, 0x1]);
  // Leaving protected mode is another class's business.
  if (n === 0 && !(value & 1) && value >= 0)
    return w.add(0x90);
  w.load(register, value);
  w.register(0, [0x0f, 0x22], n, register);
}

function pseudoDescriptor(s: Scene, base: number): number {
  const at = DATA + 0x100 + 8 * s.r.below(0x180) + s.r.below(2) * 2;
  const limit = s.r.pick([0x1ff, 0x1ff, 0x13f, 0x1a7, 0x140]);
  const word = s.word(at & ~3);
  if (at & 2)
    s.patch(at & ~3, word & 0xffff | limit << 16, base);
  else
    s.patch(at, limit | base << 16, s.word(at + 4) & ~0xffff | base >>> 16);
  return at;
}

function control(s: Scene): void {
  const { r, writer: w } = s;
  const selector = () => {
    const register = some(s);
    w.load(register, r.word() & ~0xffff | s.selector());
    return register;
  };
  one(s,
    () => toControl(s),
    () => toControl(s),
    () => w.register(0, [0x0f, 0x20], r.pick([0, 2, 3, 4, 1, 5, 6, 7]),
      some(s)),
    () => w.memory(w.size(), [0x0f, 0x01], 2, pseudoDescriptor(s, GDT)),
    () => w.memory(w.size(), [0x0f, 0x01], 3, pseudoDescriptor(s, IDT)),
    () => w.memory(w.size(), [0x0f, 0x01], r.below(2), s.place(6)),
    () => w.register(w.size(), [0x0f, 0x01], 4, some(s)),
    () => w.memory(0, [0x0f, 0x01], 4, s.place(2)),
    () => {
      const register = some(s);
      w.load(register, r.word() & ~1);
      w.register(0, [0x0f, 0x01], 6, register);
    },
    () => w.add(0x0f, 0x06),
    () => w.memory(0, [0x0f, 0x01], 7, s.place(1)),
    () => w.register(0, [0x0f, 0x00], 2 + r.below(2), selector()),
    () => w.register(w.size(), [0x0f, 0x00], r.below(2), some(s)),
    () => w.memory(0, [0x0f, 0x00], r.below(2), s.place(2)),
    () => {
      const at = DATA + 4 * r.below(0x700);
      s.patch(at, s.selector());
      w.memory(0, [0x0f, 0x00], 2 + r.below(2), at);
    },
    () => w.add(0x0f, r.pick([0x08, 0x09])),
    () => w.add(...r.pick([[0x9b], [0xd9, 0xd0], [0xdb, 0xe3]])),
    () => s.ring > 0 ? w.add(0xf4) : w.add(0x0f, 0x0b),
    () => s.ring > 0 ? w.add(0x0f, r.pick([0x30, 0x32])) : msr(s),
    () => touch(s),
  );
}

function msr(s: Scene): void {
  const { r, writer: w } = s;
  const n = r.pick([0x174, 0x175, 0x176, 0x12345]);
  w.load(1, n);
  if (r.chance(50)) {
    w.load(0, r.operand());
    w.load(2, 0);
    w.add(0x0f, 0x30);
  }
  w.add(0x0f, 0x32);
}

function segments(s: Scene): void {
  const { r, writer: w } = s;
  const register = some(s);
  const loaded = () => {
    w.load(register, r.word() & ~0xffff | s.selector());
    return register;
  };
  const inMemory = () => {
    const at = r.chance(80) ? DATA + 4 * r.below(0x700) : s.place(2) & ~3;
    s.patch(at, r.word() & ~0xffff | s.selector());
    return at;
  };
  one(s,
    () => w.register(w.size(), [0x8e], r.pick([0, 2, 3, 4, 5, 2, 1]),
      loaded()),
    () => w.memory(0, [0x8e], r.pick([0, 2, 3, 4, 5]), inMemory()),
    () => w.register(w.size(), [0x8c], r.below(6), register),
    () => w.memory(0, [0x8c], r.below(6), s.place(2)),
    () => {
      // The upper half may be a far return's CS: not in a screen's memory.
      const junk = typeof s.mode === "string" ? 0x18000000 : r.word();
      s.patch(s.stack, junk & ~0xffff | s.selector());
      w.sized(w.size(), ...r.pick([[0x07], [0x17], [0x1f], [0x0f, 0xa1],
        [0x0f, 0xa9]]));
    },
    () => w.sized(w.size(), ...r.pick([[0x06], [0x0e], [0x16], [0x1e],
      [0x0f, 0xa0], [0x0f, 0xa8]])),
    () => {
      const at = DATA + 4 * r.below(0x700);
      const size = w.size();
      s.patch(at, r.operand(), r.operand());
      s.patch(size === 4 ? at + 4 : at, size === 4 ? s.selector()
        : r.word() & 0xffff | s.selector() << 16);
      w.memory(size, r.pick([[0xc4], [0xc5], [0x0f, 0xb2], [0x0f, 0xb4],
        [0x0f, 0xb5]]), some(s), at);
    },
    () => w.register(w.size(), [0x0f, r.pick([2, 3])], some(s), loaded()),
    () => w.memory(w.size(), [0x0f, r.pick([2, 3])], some(s), inMemory()),
    () => w.register(0, [0x0f, 0], 4 + r.below(2), loaded()),
    () => w.memory(0, [0x0f, 0], 4 + r.below(2), inMemory()),
    () => w.register(0, [0x63], r.below(8), loaded()),
    () => touch(s),
    () => touch(s),
    () => strings(s),
  );
}

function strings(s: Scene): void {
  const { r, writer: w } = s;
  const opcode = r.pick([0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad,
    0xae, 0xaf]);
  // Which operand of cmps comes first is open: one of them is harmless.
  const harmless = (opcode & 0xfe) === 0xa6;
  w.load(6, (harmless ? DATA + r.below(0x1000) : s.place(4))
    - w.bases[DS]!);
  w.load(7, s.place(4) - w.bases[0]!);
  w.load(1, r.below(6));
  const repeat = r.pick([[], [0xf3], [0xf3], [0xf2]]);
  const long = w.wide ? [] : [0x67];
  w.sized(w.size(), ...long, ...repeat, opcode);
}

/** Where a far transfer leads to. */
function target(s: Scene): { selector: number; offset: number; } {
  const { r } = s;
  const old = typeof s.mode === "string";
  const selector = old ? r.pick([0x1900, 0x1800, 0x1000])
    : r.chance(70) ? r.pick([S.code0, S.code1, S.code2, S.code3,
      S.conforming0, S.conforming1, S.code16, S.user16, S.call32,
      S.call32params, S.call16, S.call1, S.callConforming])
      | (r.chance(60) ? s.ring : r.below(4))
      : s.selector();
  const base = old ? selector << 4
    : [S.code16, S.user16].some(one => one === (selector & ~7)) ? 0x10000 : 0;
  return { selector, offset: r.chance(95) ? s.landing(base) : r.operand() };
}

function frame(s: Scene, size: number, at: number, values: number[]): void {
  // A way into virtual-8086 mode: EIP CS EFLAGS ESP SS ES DS FS GS.
  if (size === 4 && values.length > 2 && values[2]! & 0x20000)
    values = [0x800 + s.r.below(0x200), 0x1900, values[2]!, 0xf00, 0x1600,
      0x1700, 0x1700, 0x1700, 0x1700];
  values.forEach((value, i) => {
    const where = at + size * i;
    if (size === 4)
      s.patch(where, value);
    else if (where & 2)
      s.patch(where & ~3, s.word(where & ~3) & 0xffff | value << 16);
    else
      s.patch(where, s.word(where) & ~0xffff | value & 0xffff);
  });
}

/** CS and SS of some ring, for a return to it. */
function outer(s: Scene) {
  const { r } = s;
  const ring = Math.min(3, Math.max(0, s.ring + r.pick([0, 0, 1, 2, 3, -1])));
  const code = [S.code0, S.code1, S.code2, S.code3][ring]!;
  const data = [S.data0, S.data1, S.data2, S.data3][ring]!;
  return {
    cs: r.chance(80) ? code | ring : s.selector(),
    ss: r.chance(80) ? data | ring : s.selector(),
  };
}

function far(s: Scene): void {
  const { r, writer: w } = s;
  const size = w.size();
  const { selector, offset } = target(s);
  const old = typeof s.mode === "string";
  const direct = (opcode: number) => w.sized(size, opcode,
    ...bytesOf(offset, size), ...bytesOf(selector, 2));
  const indirect = (digit: number) => {
    const at = DATA + 4 * r.below(0x700);
    frame(s, size, at, [offset, selector]);
    w.memory(size, [0xff], digit, at);
  };
  const back = (flags: boolean) => {
    const { cs, ss } = old ? { cs: selector, ss: 0 } : outer(s);
    const eip = old ? offset : s.landing();
    const esp = STACK_TOPS[3] - 0x100 + r.below(4);
    const values = flags ? [eip, cs, someFlags(s), esp, ss]
      : [eip, cs, esp, ss];
    if (r.chance(90))
      frame(s, size, s.stack, values);
  };
  one(s,
    () => direct(0xea), () => direct(0x9a),
    () => direct(0xea), () => direct(0x9a),
    () => indirect(3), () => indirect(5),
    () => {
      back(false);
      w.sized(size, 0xcb);
    },
    () => {
      back(false);
      const skip = r.pick([0, 4, 8, 12]);
      if (skip)
        frame(s, size, s.stack + 2 * size + skip,
          [STACK_TOPS[3] - 0x80, s.selector()]);
      w.sized(size, 0xca, skip, 0);
    },
    () => {
      back(true);
      w.sized(size, 0xcf);
    },
    () => {
      back(true);
      w.sized(size, 0xcf);
    },
    () => sysenter(s),
  );
}

function sysenter(s: Scene): void {
  const { r, writer: w, system } = s;
  if (s.mode === "real" && system.sysenter[0] === 0)
    return w.add(0x0f, r.pick([0x34, 0x35]));
  system.sysenter = [r.pick([S.kernelCode, S.code0, 0, 3]), STACK_TOPS[0] - 8,
    CODE + 0xc00];
  w.load(2, CODE + 0xc80);
  w.load(1, STACK_TOPS[3] - 0x40);
  w.add(0x0f, r.pick([0x34, 0x35]));
}

/** Flags for popf and iret. */
function someFlags(s: Scene): number {
  const { r } = s;
  return (r.word() & 0x3ed5) | 2 | (r.chance(10) ? 0x4000 : 0)
    | (r.chance(10) ? 0x40000 : 0) | (r.chance(10) ? 0x200000 : 0)
    | (r.chance(6) ? 0x20000 : 0) | (r.chance(10) ? 0x180000 : 0)
    | (r.chance(10) ? 0x10000 : 0) & 0;
}

function interrupts(s: Scene): void {
  const { r, writer: w } = s;
  const number = r.pick([0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28,
    3, 4, 0, 1, 8, 13, 14, 0x3f, 0x40, 0xff]);
  one(s,
    () => w.add(0xcd, number), () => w.add(0xcd, number),
    () => w.add(0xcd, number), () => w.add(0xce), () => w.add(0xf1),
    () => w.add(0x0f, 0x0b),
    () => w.memory(w.size(), [0x62], some(s), s.place(4)),
    () => {
      // A division by zero, or of too much.
      w.load(1, 0);
      w.register(4, [0xf7], 6, 1);
    },
    () => w.add(0xf0, 0x90),
    () => touch(s),
  );
}

/** Some gates of the IDT change. */
function gates(s: Scene): void {
  const { r } = s;
  for (let i = r.below(4); i > 0; i--) {
    const n = r.pick([0, 4, 5, 6, 10, 11, 12, 13, 14, 0x20, 0x21, 0x22, 0x23,
      0x24, 0x25, 0x26, 0x27, 0x28]);
    const at = IDT + 8 * n;
    const low = s.word(at), high = s.word(at + 4);
    one(s,
      () => s.patch(at + 4, high ^ 0x8000),
      () => s.patch(at + 4, high ^ 0x2000 << r.below(2)),
      () => s.patch(at + 4, high & ~0xf00 | r.below(16) << 8),
      () => s.patch(at, s.selector() << 16 | low & 0xffff),
      () => s.patch(at, r.pick([S.code0, S.code1, S.code2, S.conforming1,
        S.code16]) << 16 | 0x9f00 + r.below(0x80), high & 0xffff | 0x10000),
      () => s.patch(at, r.pick([S.tssB, S.tssC]) << 16,
        high & ~0xf00 | 0x500),
    );
  }
  mutations(s);
}

/** Some descriptors change. */
function mutations(s: Scene): void {
  const { r } = s;
  for (let i = r.below(4); i > 0; i--)
    s.mutate(s.selector());
  if (r.chance(15))
    s.patch(TSS_A + 8 + 8 * r.below(3), s.selector());
  if (r.chance(10))
    s.patch(TSS_A + 4 + 8 * r.below(3), s.place(4));
}

function mutateTasks(s: Scene): void {
  const { r } = s;
  // "The invalid-TSS handler must be a task" (SDM 3A, 6.15): what fails
  // while a task is entered leaves a state that isn't one.
  for (const n of [10, 11, 12, 13, 14])
    s.patch(IDT + 8 * n, S.tssDf << 16, 0x8500);
  const chance = (percent: number, then: () => void) => {
    if (r.chance(percent))
      then();
  };
  // CR3, EIP, EFLAGS; the selectors; LDT; the T bit.
  chance(20, () => s.patch(TSS_B + 0x1c, DIRECTORY2));
  chance(10, () => s.patch(TSS_B + 0x20,
    r.pick([s.landing(), 0x1b000, CODE + 0xfff])));
  chance(30, () => s.patch(TSS_B + 0x24, someFlags(s)));
  chance(60, () => taskSegments(s));
  chance(15, () => s.patch(TSS_B + 0x60, s.selector()));
  chance(15, () => s.patch(TSS_B + 0x64, s.word(TSS_B + 0x64) | 1));
  chance(30, () => s.patch(TSS_C + 0x22 & ~3, r.word()));
  chance(20, () => {
    const at = TSS_C + 0x10;
    s.patch(at, s.word(at) & 0xffff | someFlags(s) << 16);
  });
  chance(10, () => s.mutate(S.tssB));
  chance(10, () => s.mutate(S.tssC));
  chance(10, () => s.mutate(S.taskB));
  chance(40, () => {
    s.eflags |= 0x4000;
    s.patch(TSS_A, r.pick([S.tssB, S.busyTask, S.tssC, s.selector()]));
    if (r.chance(70)) {
      const at = GDT + S.tssB + 4;
      s.patch(at, s.word(at) | 0x200);
    }
  });
}

function taskSegments(s: Scene): void {
  const { r } = s;
  const ring = r.below(4);
  const code = [S.code0, S.code1, S.code2, S.code3][ring]! | ring;
  const data = [S.data0, S.data1, S.data2, S.data3][ring]! | ring;
  s.patch(TSS_B + 0x48, data, code, data, data);
  if (r.chance(40))
    s.patch(TSS_B + 0x48 + 4 * r.below(6), s.selector());
  if (r.chance(8)) {
    // Virtual-8086 mode.
    s.patch(TSS_B + 0x20, 0x300, 0x20002 | r.below(4) << 12);
    s.patch(TSS_B + 0x38, 0xf00);
    s.patch(TSS_B + 0x48, 0x1700, 0x1900, 0x1600, 0x1700, 0x1700, 0x1700);
  }
}

function tasks(s: Scene): void {
  const { r, writer: w } = s;
  const size = w.size();
  const selector = r.pick([S.tssB, S.tssB, S.tssC, S.taskB, S.taskC,
    S.busyTask, S.tssA]) | (r.chance(70) ? 0 : r.below(4));
  const direct = (opcode: number) => w.sized(size, opcode,
    ...bytesOf(r.word(), size), ...bytesOf(selector, 2));
  one(s,
    () => direct(0xea), () => direct(0x9a),
    () => w.add(0xcd, r.pick([0x23, 0x24])),
    () => {
      if (!(s.eflags & 0x4000))
        frame(s, size, s.stack, [s.landing(), S.code0, someFlags(s)]);
      w.sized(size, 0xcf);
    },
    () => {
      const at = DATA + 4 * r.below(0x700);
      frame(s, size, at, [r.word(), selector]);
      w.memory(size, [0xff], r.pick([3, 5]), at);
    },
  );
}

function paging(s: Scene): void {
  const { r, writer: w } = s;
  const page = ALIASES + 0x1000 * r.below(4);
  const entry = TABLE + 4 * (page >>> 12);
  one(s,
    () => touch(s), () => touch(s), () => touch(s), () => strings(s),
    () => w.memory(4, [0x8b], some(s), page + r.below(0xffc)),
    () => w.memory(4, [0x89], some(s), page + r.below(0xffc)),
    () => w.memory(0, [0x0f, 0x01], 7, page),
    () => w.memory(4, [0x83], r.pick([1, 4, 6]), entry,
      [r.pick([1, 2, 4, 0x20, 0x40, ~1 & 0xff, ~2 & 0xff])]),
    () => {
      w.load(0, r.pick([DIRECTORY, DIRECTORY2]));
      w.add(0x0f, 0x22, 0xd8);
    },
    () => toControl(s),
  );
}

/** An 8086 program's own handlers, and which interrupts are for them. */
function handlers(s: Scene): void {
  const { r } = s;
  for (let n = 0; n < VECTORS; n++)
    if (r.chance(80))
      s.patch(4 * n, 0x19000800 + 8 * n);
  if (r.chance(30))
    s.patch(TSS_A + INT_MAP + 4, r.word());
  if (r.chance(15))
    s.patch(TSS_A + 0x64, r.pick([0x10, 0x20, 0x6a, TSS_LIMIT + 0x1c,
      TSS_LIMIT + 0x40, 0xffff]) << 16);
}

function vm86(s: Scene): void {
  const { r, writer: w } = s;
  one(s,
    () => w.add(r.pick([0xfa, 0xfb])),
    () => w.sized(w.size(), 0x9c),
    () => {
      const size = w.size();
      frame(s, size, s.stack, [someFlags(s)]);
      w.sized(size, 0x9d);
    },
    () => w.add(0xcd, r.pick([0x20, 0x21, 0x22, 0x23, 3, 0x30])),
    () => far(s), () => segments(s), () => ports(s), () => touch(s),
    () => control(s),
  );
}

function real(s: Scene): void {
  const { r, writer: w } = s;
  one(s,
    () => w.add(0xcd, r.below(0x40)),
    () => w.sized(w.size(), 0x9c),
    () => {
      const size = w.size();
      frame(s, size, s.stack, [someFlags(s) & ~0x20100]);
      w.sized(size, 0x9d);
    },
    () => far(s), () => touch(s), () => touch(s), () => segments(s),
    () => strings(s),
    () => w.register(0, [0x0f, 0x01], 4, some(s)),
    () => w.register(0, [0x0f, 0x20], 0, some(s)),
    () => w.register(0, [0x0f, 0x00], r.below(6), some(s)),
    () => w.add(r.pick([0xfa, 0xfb, 0xce, 0xcc, 0xf1])),
  );
}

function ports(s: Scene): void {
  const { r, writer: w } = s;
  const port = r.pick([0x50, 0x51, 0x54, 0x57, 0x5a, 0x68, 0x6a, 0x6b, 0x57]);
  const wild = r.pick([port, port, 0x3000, 0xfffc, 0x101]);
  const size = w.size();
  one(s,
    () => w.add(r.pick([0xe4, 0xe6]), port),
    () => w.sized(size, r.pick([0xe5, 0xe7]), port),
    () => {
      w.load(2, wild);
      w.sized(size, r.pick([0xec, 0xed, 0xee, 0xef]));
    },
    () => {
      w.load(2, wild);
      w.load(1, r.below(4));
      w.load(6, s.place(4) - w.bases[DS]!);
      w.load(7, s.place(4) - w.bases[0]!);
      w.sized(size, ...r.pick([[], [0xf3]]),
        r.pick([0x6c, 0x6d, 0x6e, 0x6f]));
    },
  );
}

function flags(s: Scene): void {
  const { r, writer: w } = s;
  const size = w.size();
  one(s,
    () => w.add(r.pick([0xfa, 0xfb])),
    () => w.sized(size, 0x9c),
    () => {
      frame(s, size, s.stack, [someFlags(s)]);
      w.sized(size, 0x9d);
    },
    () => {
      frame(s, size, s.stack, [s.landing(s.base),
        s.system.selectors.cs, someFlags(s)]);
      w.sized(size, 0xcf);
    },
    () => w.register(0, [0x8e], SS, 0),
    () => w.sized(size, 0x9c),
  );
}

function breakpoints(s: Scene): void {
  const { r, system } = s;
  system.breakpoints = Array.from({ length: 4 }, () =>
    r.pick([s.address + r.below(8), DATA + 4 * r.below(8), s.stack - 4 * r.below(3),
      CODE + 0x800 + r.below(4), 0x50]));
  system.dr7 = r.word() & 0xff | r.chance(50) as unknown as number << 8;
  for (let n = 0; n < 4; n++)
    system.dr7 |= (r.pick([0, 0, 1, 3, 3, 2]) | r.pick([0, 1, 3]) << 2)
      << 16 + 4 * n;
  for (let n = 0; n < 4; n++)
    if ((system.dr7 >>> 16 + 4 * n & 3) === 0)
      system.dr7 &= ~(0xc << 16 + 4 * n);
  // Of rings and GD, too.
  if (s.ring === 0 && r.chance(20))
    system.dr7 |= 0x2000;
  if (r.chance(30))
    s.eflags |= 0x100;
  if (r.chance(30))
    s.eflags |= 0x10000;
  system.dr7 >>>= 0;
}

function debug(s: Scene): void {
  const { r, writer: w } = s;
  const near = DATA + r.below(32);
  const size = w.size();
  one(s,
    () => w.memory(size, [0x8b], some(s), near),
    () => w.memory(size, [0x89], some(s), near),
    () => w.memory(0, [0x88], r.below(8), near),
    () => w.memory(size, [0x01], some(s), near),
    () => w.sized(size, 0x50 + some(s)),
    () => w.sized(size, 0x58 + some(s)),
    () => w.register(0, [0x0f, r.pick([0x21, 0x23])],
      // Of rings and the lack of DR4, either may be noticed first.
      r.pick(s.ring ? [0, 1, 2, 3, 6] : [0, 1, 2, 3, 6, 4, 5]), some(s)),
    () => w.register(0, [0x0f, 0x21], 7, some(s)),
    () => {
      const register = some(s);
      w.load(register, s.system.dr7 ^ r.pick([1, 3, 0x2000, 0x300]));
      w.register(0, [0x0f, 0x23], 7, register);
    },
    () => w.add(0xf1),
    () => w.sized(size, 0x9c),
    () => {
      frame(s, size, s.stack, [someFlags(s) | (r.chance(40) ? 0x100 : 0)]);
      w.sized(size, 0x9d);
    },
    () => strings(s), () => tasks(s), () => interrupts(s), () => ports(s),
    () => w.register(0, [0x8e], SS, 0),
    () => touch(s),
  );
}

function mixed(s: Scene): void {
  s.pages();
  gates(s);
  if (s.r.chance(30))
    mutateTasks(s);
}

/** All classes. They take turns. */
export const classes: readonly CaseClass[] = [
  { name: "control registers", modes: mostlyKernel, length: 2,
    prepare: s => s.r.chance(30) && s.pages(), instruction: control },
  { name: "segments", modes: rings, length: 2,
    prepare: mutations, instruction: segments },
  { name: "far transfers", modes: rings, length: 1,
    prepare: mutations, instruction: far },
  { name: "interrupts", modes: [...rings, "vm86"], length: 1,
    prepare: gates, instruction: interrupts },
  { name: "tasks", modes: [...rings, "vm86"], length: 1,
    prepare: mutateTasks, instruction: tasks },
  { name: "paging", modes: rings, length: 3,
    prepare: s => s.pages(), instruction: paging },
  { name: "virtual-8086 mode", modes: ["vm86"], length: 2,
    prepare: handlers, instruction: vm86 },
  { name: "real mode", modes: ["real"], length: 2,
    prepare: none, instruction: real },
  { name: "ports", modes: [...rings, "vm86", "real"], length: 2,
    prepare: none, instruction: ports },
  { name: "flags", modes: [...rings, "vm86"], length: 2,
    prepare: none, instruction: flags },
  { name: "debug registers", modes: [...rings, 0, "vm86"], length: 3,
    prepare: breakpoints, instruction: debug },
  { name: "all at once", modes: [...rings, "vm86"], length: 3,
    prepare: mixed,
    instruction: s => s.r.pick([control, segments, far, interrupts, tasks,
      paging, flags, ports])(s) },
];

/** An instruction that hardly ever faults. */
function calm(s: Scene): void {
  const { r, writer: w } = s;
  const at = DATA + r.below(0x1f00);
  // CS can be read, wherever DS leads.
  const flat = w.bases[CS] === w.bases[DS] ? DS : CS;
  one(s,
    () => w.register(w.size(), [r.pick([0x01, 0x29, 0x11, 0x19, 0x39])],
      r.below(8), some(s)),
    () => w.register(w.size(), [0x89], r.below(8), some(s)),
    () => w.sized(w.size(), 0x40 + some(s)),
    () => w.sized(w.size(), 0x48 + some(s)),
    () => w.add(r.pick([0x90, 0xf8, 0xf9, 0xf5, 0xfc])),
    () => w.memory(w.size(), [0x8b], some(s), at, [], flat),
    () => w.memory(w.size(), [0x03], some(s), at, [], flat),
    () => w.memory(w.size(), [0x0f, 0xb6], some(s), at, [], flat),
    () => w.memory(w.size(), [0x39], some(s), at, [], flat),
    () => w.memory(w.size(), [0x89], r.below(8), at, [], DS),
  );
}

/** A few instructions of the class, with fillers between them. */
export function write(s: Scene, kind: CaseClass): void {
  const { r } = s;
  kind.prepare(s);
  for (let i = r.below(kind.length) + 1; i > 0; i--) {
    for (let n = r.below(10); n > 0; n--)
      r.chance(75) ? calm(s) : r.chance(80) ? loadSome(s) : filler(s);
    kind.instruction(s);
  }
}
