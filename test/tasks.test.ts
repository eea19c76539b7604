// Task switches: what the tables may get wrong, in which order, and what
// they leave in memory.
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AC, ACTIVITY, assemble, CR0, CR0_TS, CR3, CS, deliver, DR, DS, EAX, EBX,
  EIP, ES, ESP, farCall, farJump, Fault, FS, GDTR_LIMIT, GS, HALTED,
  interruptReturn,
  LDTR, loadSegment, loadTaskRegister, NT, registers, RF, segmentRegister, selectorOf, SS, SYSTEM_FLAGS,
  TF, tlbEntries, TR, VM, writeControl,
} from "../src";
import type { Cpu, MachineOptions } from "../src";
import { machineOf } from "./around";
import {
  ABSENT, CODE, CODE_ONLY, codeOf, CONFORMING, DATA_RO, DATA_RW, dataOf,
  describe, fault, gate, goTo, IDT, INT_GATE, LDT, LDT_AT, precise, prepared,
  ring,
  TSS, TSS32,
} from "./tables";

const OTHER = 0x3200, SELECTOR = 0x90, GATE = 0x98, SMALL = 0xa0;
const TASK_GATE = 0x85, TSS16 = 0x81, BUSY = 2;

interface Image {
  eip?: number; flags?: number; cs?: number; ss?: number; ds?: number;
  es?: number; fs?: number; gs?: number; ldt?: number; trap?: number;
  cr3?: number;
}

/** Writes the TSS of the other task. */
function image(cpu: Cpu, i: Image = {}): void {
  const put = (at: number, v: number) => cpu.store32(OTHER + at, v);
  for (let at = 0; at < 0x68; at += 4) put(at, 0);
  put(28, i.cr3 ?? 0);
  put(32, i.eip ?? 0x5000);
  put(36, i.flags ?? 2);
  for (let n = 0; n < 8; n++) put(40 + 4 * n, 0x100 + n);
  put(56, 0xc000);
  const segments = [i.es ?? 0, i.cs ?? codeOf(0), i.ss ?? dataOf(0),
    i.ds ?? dataOf(0), i.fs ?? 0, i.gs ?? 0];
  segments.forEach((s, n) => put(72 + 4 * n, s));
  put(96, i.ldt ?? 0);
  put(100, i.trap ?? 0);
}

/** A CPU with a second task, a task gate to it, and a 16-bit one. */
function two(i: Image = {}, options: MachineOptions = {}): Cpu {
  const cpu = prepared(options);
  describe(cpu, SELECTOR, TSS32, { base: OTHER, limit: 0x67, flags: 0 });
  describe(cpu, SMALL, TSS16, { base: 0x3400, limit: 0x2b, flags: 0 });
  gate(cpu, 0x1000 + GATE, TASK_GATE, SELECTOR, 0);
  image(cpu, i);
  for (const n of [8, 10, 11, 12, 13, 14]) {
    gate(cpu, IDT + 8 * n, INT_GATE, codeOf(0), 0x6000 + n);
  }
  cpu.next = 0x4007;
  return cpu;
}

const busy = (cpu: Cpu, selector: number) =>
  (cpu.load8(0x1000 + selector + 5) & BUSY) !== 0;
const call = (cpu: Cpu, s: number) => farCall(cpu, s, 0, 4, 0x4007);
const jump = (cpu: Cpu, s: number) => farJump(cpu, s, 0, 4);

test("a call saves everything, links, and nests", () => {
  const cpu = two();
  cpu.w[EAX] = 0x1234;
  cpu.w[SYSTEM_FLAGS] = AC | RF;
  call(cpu, SELECTOR);
  assert.equal(Array.from(cpu.w.subarray(0, 8)), [0x100, 0x101, 0x102,
    0x103, 0xc000, 0x105, 0x106, 0x107]);
  assert.equal([cpu.w[EIP], cpu.next, selectorOf(cpu, TR)],
    [0x5000, 0x5000, SELECTOR]);
  assert.is(cpu.w[SYSTEM_FLAGS], NT);
  assert.equal([cpu.load16(OTHER), cpu.load32(TSS + 32),
    cpu.load32(TSS + 36), cpu.load32(TSS + 40)],
  [0x80, 0x4007, AC | RF | 2, 0x1234]);
  assert.equal([cpu.load16(TSS + 76), cpu.load16(TSS + 84)],
    [codeOf(0), dataOf(3)]);
  assert.equal([busy(cpu, 0x80), busy(cpu, SELECTOR)], [true, true]);
  assert.is(cpu.w[CR0]! & CR0_TS, CR0_TS);
});

test("a jump leaves for good: no link, no NT, the old one is free", () => {
  const cpu = two();
  jump(cpu, GATE);
  assert.equal([cpu.load16(OTHER), cpu.w[SYSTEM_FLAGS]], [0, 0]);
  assert.equal([busy(cpu, 0x80), busy(cpu, SELECTOR)], [false, true]);
  jump(cpu, 0x80);
  assert.is(cpu.w[EIP], 0x4007);
  assert.equal([busy(cpu, 0x80), busy(cpu, SELECTOR)], [true, false]);
});

test("iret goes back and saves the task without NT", () => {
  const cpu = two();
  call(cpu, SELECTOR);
  cpu.next = 0x5001;
  interruptReturn(cpu, 4);
  assert.equal([cpu.w[EIP], selectorOf(cpu, TR)], [0x4007, 0x80]);
  assert.equal([cpu.load32(OTHER + 32), cpu.load32(OTHER + 36)],
    [0x5001, 2]);
  assert.equal([busy(cpu, 0x80), busy(cpu, SELECTOR)], [true, false]);
});

// SDM 3A, 7.4, table 7-2: who sets NT, who clears it, and in which TSS.
test("NT: a call sets it, a jump takes the image's, IRET clears the old",
  () => {
    const saved = (cpu: Cpu, at: number) => cpu.load32(at + 36) & NT;
    const flags = (cpu: Cpu) => cpu.w[SYSTEM_FLAGS]! & NT;
    for (const before of [0, NT]) {
      for (const [go, nested] of [[call, true], [jump, false]] as const) {
        for (const image of [0, NT]) {
          const cpu = two({ flags: image | 2 });
          cpu.w[SYSTEM_FLAGS] = before;
          go(cpu, SELECTOR);
          assert.is(saved(cpu, TSS), before, "as it was");
          assert.is(flags(cpu), nested ? NT : image);
          if (!nested) continue;
          cpu.next = 0x5001;
          interruptReturn(cpu, 4);
          assert.equal([saved(cpu, OTHER), flags(cpu), cpu.w[EIP]],
            [0, before, 0x4007]);
        }
      }
    }
  });

test("a link is of 16 bits", () => {
  const cpu = two();
  cpu.w[GDTR_LIMIT] = 0x1ff;
  call(cpu, SELECTOR);
  describe(cpu, 0x118, TSS32 | BUSY, { base: TSS, limit: 0x67, flags: 0 });
  cpu.store16(OTHER, 0x118);
  cpu.next = 0x5001;
  interruptReturn(cpu, 4);
  assert.equal([cpu.w[EIP], selectorOf(cpu, TR)], [0x4007, 0x118]);
});

test("without NT an IRET looks at no link", () => {
  const cpu = two();
  call(cpu, SELECTOR);
  cpu.w[SYSTEM_FLAGS] = 0;
  [0x5100, codeOf(0), 2].forEach((v, n) =>
    cpu.store32(cpu.w[ESP]! + 4 * n, v));
  interruptReturn(cpu, 4);
  assert.equal([cpu.next, selectorOf(cpu, TR)], [0x5100, SELECTOR]);
});

test("all registers and selectors are saved, each where it belongs", () => {
  const cpu = two(), names = [ES, CS, SS, DS, FS, GS];
  for (let n = 0; n < 8; n++) cpu.w[n] = 0x11111111 * (n + 1) | 0;
  [ES, FS, GS].forEach((s, i) => loadSegment(cpu, s, dataOf(3 - i)));
  const words = Array.from(cpu.w.subarray(0, 8), (v) => v >>> 0);
  const selectors = names.map((s) => selectorOf(cpu, s));
  jump(cpu, SELECTOR);
  assert.equal(words.map((_, n) => cpu.load32(TSS + 40 + 4 * n)), words);
  assert.equal(names.map((_, n) => cpu.load16(TSS + 72 + 4 * n)), selectors);
  assert.equal(names.map((s) => selectorOf(cpu, s)),
    [0, codeOf(0), dataOf(0), dataOf(0), 0, 0]);
});

test("TR's RPL counts for nothing", () => {
  const cpu = two();
  describe(cpu, 0x80, TSS32, { base: TSS, limit: 0x67, flags: 0 });
  loadTaskRegister(cpu, 0x83);
  jump(cpu, SELECTOR);
  assert.equal([busy(cpu, 0x80), busy(cpu, SELECTOR)], [false, true]);
});

test("a new task's EIP may be its code's last byte", () => {
  for (const [eip, expected] of
    [[0xfff, undefined], [0x1000, [13, 0]]] as const) {
    const cpu = two({ cs: 0x100, eip });
    describe(cpu, 0x100, CODE, { limit: 0xfff, flags: 4 });
    assert.equal(fault(() => jump(cpu, SELECTOR)), expected);
  }
});

test("a new task's null selectors, and the LDT's first", () => {
  const cpu = two({ ds: 3, es: 1, fs: 4, gs: 2, ldt: 0x101 });
  describe(cpu, 0x100, LDT, { base: LDT_AT, limit: 7, flags: 0 });
  describe(cpu, 4, DATA_RW, { base: 0x7000 });
  jump(cpu, SELECTOR);
  assert.equal([DS, ES, FS, GS, LDTR].map((s) => selectorOf(cpu, s)),
    [3, 1, 4, 2, 0x101]);
  assert.equal([DS, ES, FS, GS].map((s) => segmentRegister(cpu, s).base),
    [0, 0, 0x7000, 0]);
  assert.equal(fault(() => cpu.load(GS, 0, 1)), [13, 0]);
});

test("a fault names a selector without its RPL", () => {
  for (const i of [{ ldt: 0x17 }, { ldt: 0xb }, { ds: 0x83 }, { fs: 0x403 },
    { ss: dataOf(3) }, { cs: dataOf(0) | 3 }]) {
    const [selector] = Object.values(i), cpu = two(i);
    assert.equal(fault(() => jump(cpu, SELECTOR)),
      [10, selector! & ~3]);
  }
});

test("before the commit point nothing changes", () => {
  const ways: [string, (cpu: Cpu) => void, number, number[]][] = [
    ["busy", (c) => describe(c, SELECTOR, TSS32 | BUSY,
      { base: OTHER, limit: 0x67, flags: 0 }), SELECTOR, [13, SELECTOR]],
    ["absent", (c) => describe(c, SELECTOR, TSS32 & ~ABSENT,
      { base: OTHER, limit: 0x67, flags: 0 }), SELECTOR, [11, SELECTOR]],
    ["short", (c) => describe(c, SELECTOR, TSS32,
      { base: OTHER, limit: 0x66, flags: 0 }), SELECTOR, [10, SELECTOR]],
    ["a short one of 16 bits", (c) => describe(c, SMALL, TSS16,
      { base: 0x3400, limit: 0x2a, flags: 0 }), SMALL, [10, SMALL]],
    ["RPL", () => {}, SELECTOR | 1, [13, SELECTOR]],
    ["absent gate", (c) => gate(c, 0x1000 + GATE, TASK_GATE & ~ABSENT,
      SELECTOR, 0), GATE, [11, GATE]],
    ["gate to null", (c) => gate(c, 0x1000 + GATE, TASK_GATE, 0, 0),
      GATE, [13, 0]],
    ["gate to the LDT", (c) => gate(c, 0x1000 + GATE, TASK_GATE,
      SELECTOR | 4, 0), GATE, [13, SELECTOR | 4]],
    ["gate to code", (c) => gate(c, 0x1000 + GATE, TASK_GATE, 8, 0),
      GATE, [13, 8]],
    ["gate beyond", (c) => gate(c, 0x1000 + GATE, TASK_GATE, 0x800, 0),
      GATE, [13, 0x800]],
    ["old one is short", (c) => { c.w[24 + 4 * TR + 2] = 0x66; },
      SELECTOR, [10, SELECTOR]],
  ];
  for (const [name, spoil, selector, expected] of ways) {
    for (const go of [call, jump]) {
      const cpu = two();
      spoil(cpu);
      assert.equal(precise(cpu, () => go(cpu, selector)), expected, name);
    }
  }
});

test("a ring may use a gate whose DPL says so, and no TSS", () => {
  const cpu = goTo(two(), 3);
  assert.equal(fault(() => call(cpu, SELECTOR | 3)), [13, SELECTOR]);
  assert.equal(fault(() => call(cpu, GATE | 3)), [13, GATE]);
  gate(cpu, 0x1000 + GATE, TASK_GATE | ring(3), SELECTOR, 0);
  assert.is(fault(() => call(cpu, GATE | 3)), undefined);
  assert.equal([selectorOf(cpu, CS), registers(cpu).cpl], [codeOf(0), 0]);
});

test("behind the commit point faults are the new task's", () => {
  const ways: [string, Image, (cpu: Cpu) => void, number[]][] = [
    ["null CS", { cs: 0 }, () => {}, [10, 0]],
    ["CS is data", { cs: dataOf(0) }, () => {}, [10, dataOf(0)]],
    ["CS of another ring", { cs: codeOf(3) & ~3 }, () => {},
      [10, codeOf(3) & ~3]],
    ["absent CS", { cs: 0x100 }, (c) => describe(c, 0x100, CODE & ~ABSENT),
      [11, 0x100]],
    ["CS beyond", { cs: 0x400 }, () => {}, [10, 0x400]],
    ["null SS", { ss: 0 }, () => {}, [10, 0]],
    ["SS of ring 3", { ss: dataOf(3) }, () => {}, [10, dataOf(3) & ~3]],
    ["read-only SS", { ss: 0x100 }, (c) => describe(c, 0x100, DATA_RO),
      [10, 0x100]],
    ["absent SS", { ss: 0x100 },
      (c) => describe(c, 0x100, DATA_RW & ~ABSENT), [12, 0x100]],
    ["DS is a TSS", { ds: 0x80 }, () => {}, [10, 0x80]],
    ["ES can't be read", { es: 0x100 },
      (c) => describe(c, 0x100, CODE_ONLY), [10, 0x100]],
    ["absent GS", { gs: 0x100 },
      (c) => describe(c, 0x100, DATA_RW & ~ABSENT), [11, 0x100]],
    ["LDT in the LDT", { ldt: 0x14 }, () => {}, [10, 0x14]],
    ["LDT is code", { ldt: 8 }, () => {}, [10, 8]],
    ["absent LDT", { ldt: 0x100 }, (c) => describe(c, 0x100,
      LDT & ~ABSENT, { base: 0x1800, limit: 0xff, flags: 0 }), [10, 0x100]],
    ["EIP beyond", { cs: 0x100 }, (c) => describe(c, 0x100, CODE,
      { limit: 0xfff, flags: 4 }), [13, 0]],
  ];
  for (const [name, i, spoil, expected] of ways) {
    const cpu = two(i);
    spoil(cpu);
    assert.equal(fault(() => jump(cpu, SELECTOR)), expected, name);
    assert.equal([cpu.w[EIP], selectorOf(cpu, TR)], [0x5000, SELECTOR],
      name);
    assert.equal([busy(cpu, 0x80), busy(cpu, SELECTOR)], [false, true]);
  }
});

test("ring 3 gets its segments if they are its own; conforming CS", () => {
  const cpu = two({ cs: codeOf(3), ss: dataOf(3), ds: dataOf(3),
    es: dataOf(3), fs: codeOf(3), gs: 0 });
  jump(cpu, SELECTOR);
  assert.is(registers(cpu).cpl, 3);
  assert.equal([ES, DS, FS, GS].map((s) => selectorOf(cpu, s)),
    [dataOf(3), dataOf(3), codeOf(3), 0]);
  const inner = two({ cs: codeOf(3), ss: dataOf(3), ds: dataOf(0) | 3 });
  assert.equal(fault(() => jump(inner, SELECTOR)), [10, dataOf(0)]);
  const conforming = two({ cs: 0x103, ss: dataOf(3), ds: 0 });
  describe(conforming, 0x100, CONFORMING);
  jump(conforming, SELECTOR);
  assert.is(registers(conforming).cpl, 3);
});

test("an exception through a task gate: link, and its code on the stack",
  () => {
    const cpu = two();
    gate(cpu, IDT + 8 * 13, TASK_GATE, SELECTOR, 0);
    cpu.w[SYSTEM_FLAGS] = TF;
    deliver(cpu, new Fault(13, 0x50));
    assert.equal([cpu.w[EIP], cpu.w[ESP], cpu.load32(0xbffc)],
      [0x5000, 0xbffc, 0x50]);
    assert.equal([cpu.load32(TSS + 32), cpu.load32(TSS + 36)],
      [0x4000, TF | RF | 2]);
    assert.is(cpu.w[SYSTEM_FLAGS], NT);
  });

test("a fault behind the commit point of an exception's task", () => {
  const cpu = two({ ss: 0 });
  gate(cpu, IDT + 8 * 13, TASK_GATE, SELECTOR, 0);
  gate(cpu, IDT + 8 * 8, TASK_GATE, 0x80, 0);
  deliver(cpu, new Fault(13, 0x50));
  // #GP, then #TS: a double fault, whose task is busy; the third.
  assert.is(cpu.w[ACTIVITY], 3);
  assert.is(selectorOf(cpu, TR), SELECTOR);
});

test("a double fault's task gate saves a kernel without a stack", () => {
  const cpu = two();
  gate(cpu, IDT + 8 * 8, TASK_GATE, SELECTOR, 0);
  describe(cpu, 0x100, DATA_RW, { limit: 0xfff, flags: 4 });
  const d = segmentRegister(cpu, SS);
  assert.ok(d);
  cpu.w[24 + 4 * SS + 2] = 0xfff;
  cpu.refreshSegment(SS);
  deliver(cpu, new Fault(12, 0));
  assert.equal([cpu.w[EIP], cpu.load32(cpu.w[ESP]!)], [0x5000, 0]);
  assert.is(cpu.load32(TSS + 32), 0x4000);
});

test("16 bits: half of the registers, and ones above", () => {
  const cpu = two();
  const put = (at: number, v: number) => cpu.store16(0x3400 + at, v);
  put(14, 0x5000);
  put(16, 0x2);
  for (let n = 0; n < 8; n++) put(18 + 2 * n, 0x200 + n);
  [0, codeOf(0), dataOf(0), dataOf(0)].forEach((s, n) => put(34 + 2 * n, s));
  call(cpu, SMALL);
  assert.equal([cpu.w[EAX]! >>> 0, cpu.w[EBX]! >>> 0],
    [0xffff0200, 0xffff0203]);
  assert.equal([cpu.w[EIP], selectorOf(cpu, FS), selectorOf(cpu, TR)],
    [0x5000, 0, SMALL]);
  assert.is(cpu.load16(0x3400), 0x80);
  cpu.next = 0x5001;
  interruptReturn(cpu, 2);
  assert.equal([cpu.w[EIP], cpu.load16(0x3400 + 14)], [0x4007, 0x5001]);
});

test("cr3 is loaded with paging on, and the TLB emptied", () => {
  const cpu = two({ cr3: 0x20000 });
  for (const directory of [0x10000, 0x20000]) {
    cpu.store32(directory, 0x11007);
  }
  for (let page = 0; page < 64; page++) {
    cpu.store32(0x11000 + 4 * page, (page << 12) | 7);
  }
  jump(cpu, SELECTOR);
  assert.is(cpu.w[CR3], 0, "without paging it isn't");
  const paged = two({ cr3: 0x20000 });
  for (const directory of [0x10000, 0x20000]) {
    paged.store32(directory, 0x11007);
  }
  for (let page = 0; page < 64; page++) {
    paged.store32(0x11000 + 4 * page, (page << 12) | 7);
  }
  writeControl(paged, 3, 0x10000);
  writeControl(paged, 0, paged.w[CR0]! | (0x80000000 | 0));
  jump(paged, SELECTOR);
  assert.is(paged.w[CR3], 0x20000);
});

test("a task's cr3 is a load of cr3, and spares what is global", () => {
  for (const forgetsGlobals of [false, true]) {
    const cpu = two({ cr3: 0x20000 }, { forgetsGlobals });
    for (const directory of [0x10000, 0x20000]) {
      cpu.store32(directory, 0x11007);
    }
    for (let page = 0; page < 64; page++) {
      cpu.store32(0x11000 + 4 * page, (page << 12) | 7);
    }
    cpu.store32(0x11000 + 4 * 0x30, 0x30107);
    writeControl(cpu, 3, 0x10000);
    writeControl(cpu, 4, 0x80);
    writeControl(cpu, 0, cpu.w[CR0]! | (0x80000000 | 0));
    cpu.load8(0x30000);
    jump(cpu, SELECTOR);
    assert.is(cpu.w[CR3], 0x20000);
    assert.is(tlbEntries(cpu, false).some((e) => e.global), !forgetsGlobals);
  }
});

test("a missing page of either TSS faults before anything happens", () => {
  const cpu = two();
  describe(cpu, SELECTOR, TSS32, { base: 0x3ff0, limit: 0x67, flags: 0 });
  for (let page = 0; page < 64; page++) {
    cpu.store32(0x11000 + 4 * page, page === 4 ? 0 : (page << 12) | 7);
  }
  cpu.store32(0x10000, 0x11007);
  writeControl(cpu, 3, 0x10000);
  writeControl(cpu, 0, cpu.w[CR0]! | (0x80000000 | 0));
  assert.equal(precise(cpu, () => jump(cpu, SELECTOR)), [14, 0]);
  assert.equal([busy(cpu, 0x80), busy(cpu, SELECTOR)], [true, false]);
});

test("local breakpoints go off, global ones stay; T traps", () => {
  const cpu = two({ trap: 1 });
  const handler = assemble("hlt").bytes;
  cpu.board.writeRam(0x5000, assemble("nop\n hlt").bytes);
  cpu.board.writeRam(0x6001, handler);
  gate(cpu, IDT + 8, INT_GATE, codeOf(0), 0x6001);
  cpu.board.writeRam(0x4000, assemble("ljmp $0x90, $0").bytes);
  cpu.w[DR + 7] = 0x5ff;
  cpu.w[EIP] = 0x4000;
  machineOf(cpu).run({ maxInstructions: 3 });
  assert.is(cpu.w[DR + 7], 0x4aa);
  assert.is(cpu.w[DR + 6]! & 0xe000, 0x8000);
  assert.equal([cpu.w[EIP], cpu.peekStack(0, 4)], [0x6002, 0x5000]);
  assert.is(cpu.w[ACTIVITY], HALTED);
});

test("a task in virtual 8086 mode", () => {
  const cpu = two({ flags: VM | 2, cs: 0x1000, ss: 0x2000, ds: 0x3000,
    eip: 0x10, ldt: 0 });
  jump(cpu, SELECTOR);
  assert.equal([CS, SS, DS].map((s) => segmentRegister(cpu, s).base),
    [0x10000, 0x20000, 0x30000]);
  assert.is(registers(cpu).cpl, 3);
  assert.is(selectorOf(cpu, LDTR), 0);
});

test.run();
