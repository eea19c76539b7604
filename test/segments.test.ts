import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  CS, DS, ES, ESP, farCall, farJump, farReturn, FS, GS, IF, interruptReturn,
  lar, loadGdtr, loadLdt, loadSegment, loadTaskRegister, lsl, readDescriptor,
  segmentRegister, setSegment, softwareInterrupt, SS, verr, verw, CPL,
  ioPermitted, portIn, portOut, SYSTEM_FLAGS, TR,
} from "../src/machine";
import type { Cpu } from "../src/machine";
import { InnerStack } from "../src/machine/cpu/stack";
import {
  ABSENT, CALL_GATE, CODE, codeOf, CODE_ONLY, CONFORMING, DATA_RO, DATA_RW,
  dataOf, describe, DOWN, fault, gate, GDT, goTo, IDT, INT_GATE, LDT, LDT_AT,
  precise, prepared, ring, STACK0, STACK1, TSS, TSS32, TSS_BUSY,
} from "./tables";

const X = 0x100;

test("a data segment arrives with base, limit and rights", () => {
  const cpu = prepared();
  describe(cpu, X, DATA_RW, { base: 0x12345678, limit: 0x42, flags: 4 });
  loadSegment(cpu, ES, X);
  assert.equal(segmentRegister(cpu, ES), {
    selector: X, base: 0x12345678, limit: 0x42, attributes: 0x4093,
  });
  assert.is(cpu.load8(GDT + X + 5), 0x93, "accessed in the table");
});

test("of a register's last segment nothing is left", () => {
  const cpu = prepared();
  describe(cpu, X, DATA_RW, {});
  describe(cpu, X + 8, DATA_RW, { base: 0x100 });
  describe(cpu, X + 16, DATA_RW, { limit: 0x4ff, flags: 4 });
  describe(cpu, X + 24, DATA_RO, {});
  for (const s of [ES, SS, DS, FS, GS]) {
    const load = (n: number) => loadSegment(cpu, s, X + 8 * n);
    const store = (value: number) => {
      load(0);
      cpu.store(s, 0x5000, 4, value);
    };
    for (const [n, at] of [[1, 0x4f00], [2, undefined]] as const) {
      store(n);
      load(n);
      if (at) assert.is(cpu.load(s, at, 4), n);
      else assert.equal(fault(() => cpu.load(s, 0x5000, 4)),
        [s === SS ? 12 : 13, 0]);
      store(0);
      load(n);
      if (at) cpu.store(s, at, 4, 7);
      else assert.equal(fault(() => cpu.store(s, 0x5000, 4, 7)),
        [s === SS ? 12 : 13, 0]);
      load(0);
      assert.is(cpu.load(s, 0x5000, 4), at ? 7 : 0);
    }
    if (s === SS) continue;
    load(3);
    assert.equal(fault(() => cpu.store(s, 0x5000, 4, 7)), [13, 0]);
  }
});

test("granularity counts the limit in pages", () => {
  const cpu = prepared();
  describe(cpu, X, DATA_RW, { limit: 1 });
  loadSegment(cpu, ES, X);
  assert.is(segmentRegister(cpu, ES).limit, 0x1fff);
});

test("null selectors load, but can't be used; SS refuses them", () => {
  const cpu = prepared();
  for (const s of [ES, DS, FS, GS]) {
    loadSegment(cpu, s, 3);
    assert.equal(fault(() => cpu.load(s, 0, 4)), [13, 0]);
    assert.equal(fault(() => cpu.store(s, 0, 4, 0)), [13, 0]);
  }
  assert.equal(precise(cpu, () => loadSegment(cpu, SS, 0)), [13, 0]);
});

test("CS can't be loaded as data is", () => {
  const cpu = prepared();
  assert.equal(fault(() => loadSegment(cpu, CS, codeOf(0))), [6]);
});

test("loads into DS: who may have what", () => {
  // ring, access, RPL, the fault
  const rows: [number, number, number, number[] | undefined][] = [
    [0, DATA_RW, 0, undefined],
    [3, DATA_RW, 3, [13, X]],
    [0, DATA_RW, 3, [13, X]],
    [3, DATA_RW | ring(3), 0, undefined],
    [3, DATA_RO | ring(3), 3, undefined],
    [1, DATA_RW | ring(1), 1, undefined],
    [1, DATA_RW | ring(1), 2, [13, X]],
    [0, CODE_ONLY, 0, [13, X]],
    [0, CODE, 0, undefined],
    [3, CODE, 3, [13, X]],
    [3, CONFORMING, 3, undefined],
    [0, TSS32, 0, [13, X]],
    [0, DATA_RW & ~ABSENT, 0, [11, X]],
    [3, DATA_RW & ~ABSENT, 3, [13, X]],
  ];
  for (const [r, access, rpl, expected] of rows) {
    const cpu = prepared();
    describe(cpu, X, access);
    goTo(cpu, r);
    const found = precise(cpu, () => loadSegment(cpu, DS, X | rpl));
    assert.equal(found, expected, `${r} ${access.toString(16)} ${rpl}`);
  }
});

test("loads into SS: ring, RPL and DPL are the same number", () => {
  const rows: [number, number, number, number[] | undefined][] = [
    [0, DATA_RW, 0, undefined],
    [1, DATA_RW | ring(1), 1, undefined],
    [1, DATA_RW, 1, [13, X]],
    [0, DATA_RW, 1, [13, X]],
    [0, DATA_RW | ring(1), 0, [13, X]],
    [0, DATA_RO, 0, [13, X]],
    [0, CODE, 0, [13, X]],
    [0, DATA_RW & ~ABSENT, 0, [12, X]],
  ];
  for (const [r, access, rpl, expected] of rows) {
    const cpu = prepared();
    describe(cpu, X, access);
    goTo(cpu, r);
    const found = precise(cpu, () => loadSegment(cpu, SS, X | rpl));
    assert.equal(found, expected, `${r} ${access.toString(16)} ${rpl}`);
  }
});

test("selectors beyond a table, and an LDT that isn't there", () => {
  const cpu = prepared();
  assert.equal(fault(() => loadSegment(cpu, DS, 0x400)), [13, 0x400]);
  assert.equal(fault(() => loadSegment(cpu, DS, 0x0c)), [13, 0x0c]);
  describe(cpu, 0x88, LDT, { base: LDT_AT, limit: 15, flags: 0 });
  loadLdt(cpu, 0x88);
  describe(cpu, 0x0c, DATA_RW, { base: 0x700 });
  loadSegment(cpu, DS, 0x0c);
  assert.is(segmentRegister(cpu, DS).base, 0x700);
  assert.equal(fault(() => loadSegment(cpu, DS, 0x14)), [13, 0x14]);
  loadLdt(cpu, 0);
  assert.equal(fault(() => loadSegment(cpu, DS, 0x0c)), [13, 0x0c]);
});

test("LLDT and LTR want the right kind of descriptor", () => {
  const cpu = prepared();
  assert.equal(fault(() => loadLdt(cpu, codeOf(0))), [13, 8]);
  assert.equal(fault(() => loadTaskRegister(cpu, 0)), [13, 0]);
  assert.equal(fault(() => loadTaskRegister(cpu, 0x80)), [13, 0x80], "busy");
  assert.is(cpu.load8(GDT + 0x85), TSS_BUSY);
  assert.is(segmentRegister(cpu, TR).limit, 0x67);
  describe(cpu, X, TSS32 & ~ABSENT);
  assert.equal(fault(() => loadTaskRegister(cpu, X)), [11, X]);
});

test("limits are checked to the last byte", () => {
  const cpu = prepared();
  describe(cpu, X, DATA_RW, { base: 0x6000, limit: 0xf, flags: 4 });
  loadSegment(cpu, ES, X);
  cpu.store(ES, 12, 4, 0x11223344);
  assert.is(cpu.load32(0x600c), 0x11223344);
  assert.is(cpu.load(ES, 15, 1), 0x11);
  for (const [at, size] of [[13, 4], [15, 2], [16, 1], [-1, 1]] as const) {
    assert.equal(fault(() => cpu.load(ES, at, size)), [13, 0]);
    assert.equal(fault(() => cpu.store(ES, at, size, 0)), [13, 0]);
  }
});

test("a flat segment ends at 4 GiB", () => {
  const cpu = prepared();
  assert.equal(fault(() => cpu.load(DS, -2, 4)), [13, 0]);
  assert.equal(fault(() => cpu.load(SS, -2, 4)), [12, 0]);
  assert.is(cpu.load(DS, -4, 4), -1);
});

test("an expand-down segment is valid above its limit", () => {
  const cpu = prepared();
  describe(cpu, X, DOWN, { limit: 0xfff, flags: 4 });
  loadSegment(cpu, ES, X);
  assert.equal(fault(() => cpu.load(ES, 0xfff, 1)), [13, 0]);
  assert.is(cpu.load(ES, 0x5000, 4), 0);
  describe(cpu, X, DOWN, { limit: 0xfff, flags: 0 });
  loadSegment(cpu, ES, X);
  assert.equal(fault(() => cpu.load(ES, 0xfffe, 4)), [13, 0]);
  assert.is(cpu.load(ES, 0xfffc, 4), 0);
});

test("read-only data refuse writes, execute-only code reads", () => {
  const cpu = prepared();
  describe(cpu, X, DATA_RO);
  loadSegment(cpu, ES, X);
  assert.is(cpu.load(ES, 0x5000, 4), 0);
  assert.equal(fault(() => cpu.store(ES, 0x5000, 4, 0)), [13, 0]);
  assert.equal(fault(() => cpu.loadForWrite(ES, 0x5000, 4)), [13, 0]);
  describe(cpu, X, CODE_ONLY);
  farJump(cpu, X, 0, 4);
  assert.equal(fault(() => cpu.load(CS, 0x5000, 4)), [13, 0]);
  assert.equal(fault(() => cpu.store(CS, 0x5000, 4, 0)), [13, 0]);
});

test("far jumps: same ring, or conforming code of an inner one", () => {
  const rows: [number, number, number, number[] | undefined][] = [
    [0, CODE, 0, undefined],
    [0, CODE, 3, [13, X]],
    [3, CODE, 3, [13, X]],
    [3, CODE | ring(3), 0, undefined],
    [0, CODE | ring(3), 0, [13, X]],
    [3, CONFORMING, 3, undefined],
    [1, CONFORMING | ring(2), 1, [13, X]],
    [0, DATA_RW, 0, [13, X]],
    [0, CODE & ~ABSENT, 0, [11, X]],
  ];
  for (const [r, access, rpl, expected] of rows) {
    const cpu = prepared();
    describe(cpu, X, access);
    goTo(cpu, r);
    const found = precise(cpu, () => farJump(cpu, X | rpl, 0x5000, 4));
    assert.equal(found, expected, `${r} ${access.toString(16)} ${rpl}`);
    if (found) continue;
    assert.is(segmentRegister(cpu, CS).selector, X | r);
    assert.is(cpu.next, 0x5000);
  }
});

// SDM 3A, 3.4.2: null are the selectors 0 to 3; 4 to 7 are the LDT's first.
test("a null selector is no place to go, and the LDT's first is one", () => {
  for (const go of [farJump, (cpu: Cpu, selector: number) =>
    farCall(cpu, selector, 0x5000, 4, 0x4000)]) {
    for (const selector of [0, 1, 2, 3]) {
      const cpu = prepared();
      assert.equal(fault(() => go(cpu, selector, 0x5000, 4)), [13, 0]);
    }
    const cpu = prepared();
    describe(cpu, 0x88, LDT, { base: LDT_AT, limit: 15, flags: 0 });
    loadLdt(cpu, 0x88);
    describe(cpu, 4, CODE);
    assert.is(fault(() => go(cpu, 4, 0x5000, 4)), undefined);
    assert.is(segmentRegister(cpu, CS).selector, 4);
    describe(cpu, 4, CODE & ~ABSENT);
    assert.equal(fault(() => go(cpu, 4, 0x5000, 4)), [11, 4]);
  }
});

test("loads and questions know the LDT's first descriptor, too", () => {
  const cpu = prepared();
  describe(cpu, 0x88, LDT, { base: LDT_AT, limit: 15, flags: 0 });
  loadLdt(cpu, 0x88);
  describe(cpu, 4, DATA_RW & ~ABSENT);
  for (const [segment, vector] of [[DS, 11], [ES, 11], [SS, 12]] as const)
    assert.equal(fault(() => loadSegment(cpu, segment, 4)), [vector, 4]);
  assert.equal(fault(() => loadLdt(cpu, 4)), [13, 4]);
  assert.equal(fault(() => loadTaskRegister(cpu, 4)), [13, 4]);
  describe(cpu, 4, DATA_RW, { limit: 0x123, flags: 4 });
  assert.is(fault(() => loadSegment(cpu, DS, 4)), undefined);
  assert.equal([lsl(cpu, 4), lsl(cpu, 0), verw(cpu, 4), verw(cpu, 3)],
    [0x123, undefined, true, false]);
  gate(cpu, IDT + 8 * 0x40, INT_GATE, 4, 0x5000);
  assert.equal(fault(() => softwareInterrupt(cpu, 0x40, 0x4002, "int")), [13, 4]);
  describe(cpu, 4, CODE);
  assert.is(fault(() => softwareInterrupt(cpu, 0x40, 0x4002, "int")), undefined);
});

const GATE = X + 8;
const frame = (cpu: Cpu, ...words: number[]) =>
  words.forEach((v, n) => cpu.store32(cpu.w[ESP]! + 4 * n, v));

/** Each way to code at an offset: the ring before, the code's, the way. */
const ways: Record<string, [number, number, (c: Cpu, to: number) => void]> = {
  "a jump": [0, 0, (c, to) => farJump(c, X, to, 4)],
  "a jump through a gate": [0, 0, (c, to) => {
    gate(c, GDT + GATE, CALL_GATE, X, to);
    farJump(c, GATE, 0, 4);
  }],
  "a call": [0, 0, (c, to) => farCall(c, X, to, 4, 0x4007)],
  "a call through a gate": [0, 0, (c, to) => {
    gate(c, GDT + GATE, CALL_GATE, X, to);
    farCall(c, GATE, 0, 4, 0x4007);
  }],
  "a call inwards": [3, 0, (c, to) => {
    gate(c, GDT + GATE, CALL_GATE | ring(3), X, to);
    farCall(c, GATE, 0, 4, 0x4007);
  }],
  "a return": [0, 0, (c, to) => {
    frame(c, to, X);
    farReturn(c, 4, 0);
  }],
  "a return outwards": [0, 3, (c, to) => {
    frame(c, to, X | 3, 0x7000, dataOf(3));
    farReturn(c, 4, 0);
  }],
  "an IRET": [0, 0, (c, to) => {
    frame(c, to, X, 2);
    interruptReturn(c, 4);
  }],
  "an IRET outwards": [0, 3, (c, to) => {
    frame(c, to, X | 3, 2, 0x7000, dataOf(3));
    interruptReturn(c, 4);
  }],
  "an interrupt": [0, 0, (c, to) => {
    gate(c, IDT + 8 * 0x40, INT_GATE, X, to);
    softwareInterrupt(c, 0x40, 0x4002, "int");
  }],
  "an interrupt inwards": [3, 0, (c, to) => {
    gate(c, IDT + 8 * 0x40, INT_GATE | ring(3), X, to);
    softwareInterrupt(c, 0x40, 0x4002, "int");
  }],
};

for (const [way, [from, to, go]] of Object.entries(ways)) {
  test(`${way} reaches the code's last byte; beyond it is #GP(0)`, () => {
    // In bytes, and in pages: 0x7FFFFFFF and one more are unsigned.
    for (const [limit, flags, last] of
      [[0xff, 4, 0xff], [0x7ffff, 0xc, 0x7fffffff]] as const) {
      const cpu = prepared();
      describe(cpu, X, CODE | ring(to), { limit, flags });
      goTo(cpu, from);
      assert.equal(precise(cpu, () => go(cpu, last + 1)), [13, 0]);
      assert.is(cpu.load8(GDT + X + 5) & 1, 0, "not accessed");
      assert.is(precise(cpu, () => go(cpu, last)), undefined);
      assert.equal([cpu.next, segmentRegister(cpu, CS).selector],
        [last, X | to]);
      assert.is(cpu.load8(GDT + X + 5) & 1, 1, "accessed");
    }
  });
}

test("gates of 16 bits have offsets of 16 bits, and push words", () => {
  const cpu = prepared();
  gate(cpu, GDT + X, 0x84 | ring(3), 8, 0x12345678, 1);
  gate(cpu, IDT + 8 * 0x40, 0x86 | ring(3), 8, 0x12345678);
  gate(cpu, IDT + 8 * 0x41, 0x87 | ring(3), 8, 0x12345678);
  const ends = (r: number, go: () => void) => {
    goTo(cpu, r);
    cpu.store16(cpu.w[ESP]!, 0x4321);
    cpu.w[SYSTEM_FLAGS] = IF;
    const esp = r ? STACK0 : cpu.w[ESP]!;
    go();
    const found = [cpu.next, cpu.w[SYSTEM_FLAGS]];
    for (let at = cpu.w[ESP]!; at < esp; at += 2) {
      found.push(cpu.load16(at));
    }
    return found;
  };
  const to = 0x5678, on = IF | 2, inner = STACK0 - 0x100;
  const outer = [0xaf00, dataOf(3)];
  const call = () => farCall(cpu, X, 0, 4, 0x4007);
  const int = (n: number) => () => softwareInterrupt(cpu, n, 0x4002, "int");
  assert.equal(ends(0, () => farJump(cpu, X, 0, 4)), [to, IF]);
  assert.equal(ends(0, call), [to, IF, 0x4007, 8]);
  assert.is(cpu.w[ESP], inner - 4);
  assert.equal(ends(3, call), [to, IF, 0x4007, codeOf(3), 0x4321, ...outer]);
  assert.equal(ends(0, int(0x40)), [to, 0, 0x4002, 8, on]);
  assert.equal(ends(3, int(0x40)), [to, 0, 0x4002, codeOf(3), on, ...outer]);
  assert.equal(ends(3, int(0x41)), [to, IF, 0x4002, codeOf(3), on, ...outer]);
});

test("far call and return in one ring", () => {
  const cpu = prepared(), esp = cpu.w[ESP]!;
  farCall(cpu, codeOf(0), 0x5000, 4, 0x4007);
  assert.is(cpu.next, 0x5000);
  assert.is(cpu.w[ESP], esp - 8);
  assert.is(cpu.load32(esp - 4), codeOf(0));
  farReturn(cpu, 4, 12);
  assert.is(cpu.next, 0x4007);
  assert.is(cpu.w[ESP], esp + 12);
});

test("a far call beyond the limit has written its return address", () => {
  const cpu = prepared(), esp = cpu.w[ESP]!;
  describe(cpu, X, CODE, { limit: 0xff, flags: 4 });
  gate(cpu, GDT + X + 8, CALL_GATE, X, 0x100);
  for (const selector of [X, X + 8]) {
    cpu.store32(esp - 8, 0);
    assert.equal(precise(cpu, () => farCall(cpu, selector, 0x100, 4, 0x4007)),
      [13, 0]);
    assert.equal([cpu.w[ESP], cpu.load32(esp - 8), cpu.load32(esp - 4)],
      [esp, 0x4007, codeOf(0)]);
  }
});

test("a call gate leads inwards, with parameters, and RETF back", () => {
  const cpu = prepared();
  gate(cpu, GDT + X, CALL_GATE | ring(3), codeOf(1) & ~3, 0x5000, 2);
  goTo(cpu, 3);
  const esp = cpu.w[ESP]!;
  cpu.store32(esp, 111);
  cpu.store32(esp + 4, 222);
  farCall(cpu, X | 3, 0, 4, 0x4007);
  assert.is(cpu.w[CPL], 1);
  assert.is(cpu.next, 0x5000);
  const pushed = [0, 4, 8, 12, 16, 20].map((n) => cpu.load32(cpu.w[ESP]! + n));
  assert.equal(pushed, [0x4007, codeOf(3), 111, 222, esp, dataOf(3)]);
  assert.is(cpu.w[ESP], STACK1 - 24);
  loadSegment(cpu, ES, dataOf(1));
  farReturn(cpu, 4, 8);
  assert.is(cpu.w[CPL], 3);
  assert.is(cpu.next, 0x4007);
  assert.is(cpu.w[ESP], esp + 8);
  assert.is(segmentRegister(cpu, ES).attributes, 0, "taken away");
  assert.is(segmentRegister(cpu, DS).selector, dataOf(3), "kept");
});

test("a call gate copies up to 31 parameters, in their order", () => {
  for (const count of [0, 1, 16, 31]) {
    const cpu = prepared();
    // The count has five bits; the three above them are reserved.
    gate(cpu, GDT + X, CALL_GATE | ring(3), 8, 0x5000, count | 0xe0);
    goTo(cpu, 3);
    const words = Array.from({ length: count }, (_, n) => 0x1000 + n);
    frame(cpu, ...words, 0x2000);
    const esp = cpu.w[ESP];
    farCall(cpu, X, 0, 4, 0x4007);
    assert.is(cpu.w[ESP], STACK0 - 4 * (count + 4));
    const pushed = Array.from({ length: count + 4 },
      (_, n) => cpu.load32(cpu.w[ESP]! + 4 * n));
    assert.equal(pushed, [0x4007, codeOf(3), ...words, esp, dataOf(3)]);
  }
});

test("a call gate's own checks", () => {
  const cpu = prepared();
  gate(cpu, GDT + X, CALL_GATE | ring(2), codeOf(1) & ~3, 0x5000);
  goTo(cpu, 3);
  assert.equal(precise(cpu, () => farCall(cpu, X, 0, 4, 0)), [13, X]);
  goTo(cpu, 2);
  assert.equal(precise(cpu, () => farJump(cpu, X, 0, 4)), [13, 0x18]);
  describe(cpu, codeOf(1) & ~3, (CODE | ring(1)) & ~ABSENT);
  assert.equal(precise(cpu, () => farCall(cpu, X, 0, 4, 0)), [11, 0x18]);
  assert.equal(precise(cpu, () => farJump(cpu, X, 0, 4)), [13, 0x18]);
  describe(cpu, codeOf(1) & ~3, CODE | ring(1));
  gate(cpu, GDT + X, (CALL_GATE | ring(2)) & ~ABSENT, 8, 0x5000);
  assert.equal(precise(cpu, () => farCall(cpu, X, 0, 4, 0)), [11, X]);
  cpu.store32(TSS + 16, 0);
  gate(cpu, GDT + X, CALL_GATE | ring(2), codeOf(1) & ~3, 0x5000);
  assert.equal(precise(cpu, () => farCall(cpu, X, 0, 4, 0)), [10, 0]);
});

const all = Array.from({ length: 64 },
  (_, n) => [n >> 4, (n >> 2) & 3, n & 3] as const);

/** Which of all CPL, RPL and DPL a way to a segment allows. */
function allowed(
  access: number, go: (cpu: Cpu, selector: number, dpl: number) => unknown,
): string[] {
  const cpu = prepared();
  return all.filter(([cpl, rpl, dpl]) => {
    describe(cpu, X, access | ring(dpl));
    goTo(cpu, cpl);
    const found = precise(cpu, () => go(cpu, X | rpl, dpl));
    assert.ok(!found || (found[0] === 13 && found[1] === X), `${found}`);
    return !found;
  }).map(String);
}

const those = (rule: (cpl: number, rpl: number, dpl: number) => boolean) =>
  all.filter((levels) => rule(...levels)).map(String);

// SDM 3A, 5.5 to 5.8, figures 5-4 to 5-8.
test("all of CPL, RPL and DPL: data, stacks, jumps, returns", () => {
  const load = (s: number) => (cpu: Cpu, selector: number) =>
    loadSegment(cpu, s, selector);
  const jump = (cpu: Cpu, selector: number) => farJump(cpu, selector, 9, 4);
  const back = (cpu: Cpu, selector: number) => {
    frame(cpu, 9, selector, 0x7000, dataOf(selector & 3));
    farReturn(cpu, 4, 0);
  };
  const any = () => true;
  for (const access of [DATA_RW, DATA_RO, CODE]) {
    assert.equal(allowed(access, load(ES)),
      those((cpl, rpl, dpl) => dpl >= Math.max(cpl, rpl)));
  }
  assert.equal(allowed(CONFORMING, load(GS)), those(any));
  assert.equal(allowed(DATA_RW, load(SS)),
    those((cpl, rpl, dpl) => cpl === rpl && cpl === dpl));
  assert.equal(allowed(CODE, jump),
    those((cpl, rpl, dpl) => rpl <= cpl && dpl === cpl));
  assert.equal(allowed(CONFORMING, jump),
    those((cpl, _, dpl) => dpl <= cpl));
  assert.equal(allowed(CODE, back),
    those((cpl, rpl, dpl) => rpl >= cpl && dpl === rpl));
  assert.equal(allowed(CONFORMING, back),
    those((cpl, rpl, dpl) => rpl >= cpl && dpl <= rpl));
});

test("all of CPL, RPL and DPL: call gates, and code behind them", () => {
  const cpu = prepared();
  // Both in descriptor X: first the gate's DPL, then that of its code.
  assert.equal(all.filter(([cpl, rpl, dpl]) => {
    goTo(cpu, cpl);
    gate(cpu, GDT + X, CALL_GATE | ring(dpl), 8, 9);
    return !fault(() => farCall(cpu, X | rpl, 0, 4, 0x4007));
  }).map(String), those((cpl, rpl, dpl) => dpl >= Math.max(cpl, rpl)));
  const through = (go: (c: Cpu) => void) => (c: Cpu, selector: number) => {
    gate(c, GDT + GATE, CALL_GATE | ring(3), selector, 9);
    go(c);
  };
  const call = through((c) => farCall(c, GATE, 0, 4, 0x4007));
  const jump = through((c) => farJump(c, GATE, 0, 4));
  for (const access of [CODE, CONFORMING]) {
    assert.equal(allowed(access, call), those((cpl, _, dpl) => dpl <= cpl));
  }
  assert.equal(allowed(CODE, jump), those((cpl, _, dpl) => dpl === cpl));
  assert.equal(allowed(CONFORMING, jump),
    those((cpl, _, dpl) => dpl <= cpl));
});

test("what an outer ring may not have becomes null, and nothing else", () => {
  const cpu = prepared();
  describe(cpu, X, CONFORMING);
  const kept: [number, number][] = [[ES, X], [DS, dataOf(2)], [FS, 0],
    [GS, dataOf(3)]];
  for (const [s, selector] of kept) loadSegment(cpu, s, selector);
  const before = kept.map(([s]) => segmentRegister(cpu, s));
  frame(cpu, 9, codeOf(2), 0x7000, dataOf(2));
  farReturn(cpu, 4, 0);
  assert.equal(kept.map(([s]) => segmentRegister(cpu, s)), before);
  goTo(cpu, 0);
  for (const s of [ES, DS, FS, GS]) loadSegment(cpu, s, dataOf(1) & ~3);
  frame(cpu, 9, codeOf(2), 0x7000, dataOf(2));
  farReturn(cpu, 4, 0);
  for (const s of [ES, DS, FS, GS]) assert.equal(segmentRegister(cpu, s),
    { selector: 0, base: 0, limit: 0, attributes: 0 });
});

test("a stack of 16 bits takes 16 bits of ESP, and leaves the others", () => {
  const cpu = prepared();
  describe(cpu, X, DATA_RW | ring(3), { limit: 0xffff, flags: 0 });
  cpu.w[ESP] = 0x53000;
  frame(cpu, 9, codeOf(3), 0xf004, X | 3);
  farReturn(cpu, 4, 0);
  assert.is(cpu.w[ESP], 0x5f004);
  describe(cpu, X, DATA_RW, { limit: 0xffff, flags: 0 });
  gate(cpu, IDT + 8 * 0x40, INT_GATE | ring(3), codeOf(0), 0x5000);
  cpu.store32(TSS + 4, 0xa000);
  cpu.store32(TSS + 8, X);
  goTo(cpu, 3);
  cpu.w[ESP] = 0x1b000;
  softwareInterrupt(cpu, 0x40, 0x4002, "int");
  assert.is(cpu.w[ESP], 0x1a000 - 20);
  assert.is(cpu.load32(0xa000 - 8), 0x1b000);
});

test("a return outwards checks the stack that it will have", () => {
  const cpu = prepared();
  describe(cpu, X, (DATA_RW | ring(3)) & ~ABSENT);
  for (const [ss, expected] of [[0, [13, 0]], [3, [13, 0]],
    [dataOf(0), [13, 0x10]], [codeOf(3), [13, codeOf(3) & ~3]],
    [dataOf(3) & ~3, [13, dataOf(3) & ~3]], [X | 3, [12, X]],
    [0x803, [13, 0x800]], [dataOf(3), undefined]] as const) {
    goTo(cpu, 0);
    frame(cpu, 9, codeOf(3), 0x7000, ss);
    assert.equal(precise(cpu, () => farReturn(cpu, 4, 0)), expected);
  }
});

test("LLDT and LTR: which of the 32 types, absent ones, and tables", () => {
  const types = Array.from({ length: 32 }, (_, n) => n);
  const good = (load: (cpu: Cpu, selector: number) => void) => {
    const cpu = prepared();
    const found = types.filter((type) => {
      describe(cpu, X, ABSENT | type, { base: LDT_AT, limit: 0xff, flags: 0 });
      const found = precise(cpu, () => load(cpu, X | 3));
      if (found) assert.equal(found, [13, X]);
      describe(cpu, X, type);
      assert.equal(precise(cpu, () => load(cpu, X)), [found ? 13 : 11, X]);
      return !found;
    });
    // Both tables are named by descriptors of the GDT.
    describe(cpu, 0x88, LDT, { base: LDT_AT, limit: 0xff, flags: 0 });
    loadLdt(cpu, 0x88);
    for (const type of types) {
      describe(cpu, 0x14, ABSENT | type);
      assert.equal(precise(cpu, () => load(cpu, 0x14)), [13, 0x14]);
    }
    return found;
  };
  assert.equal(good(loadLdt), [2]);
  assert.equal(good(loadTaskRegister), [1, 9]);
});

test("a return inwards is refused", () => {
  const cpu = goTo(prepared(), 3);
  cpu.store32(cpu.w[ESP]!, 0x5000);
  cpu.store32(cpu.w[ESP]! + 4, codeOf(0));
  assert.equal(precise(cpu, () => farReturn(cpu, 4, 0)), [13, 8]);
});

test("LAR, LSL, VERR and VERW ask without faulting", () => {
  const cpu = prepared();
  assert.is(lar(cpu, codeOf(0)), 0x00cf9a00);
  assert.is(lsl(cpu, codeOf(0)), -1);
  assert.is(lar(cpu, 0), undefined);
  assert.is(lar(cpu, 0x400), undefined);
  assert.ok(verr(cpu, codeOf(0)) && !verw(cpu, codeOf(0)));
  assert.ok(verr(cpu, dataOf(0)) && verw(cpu, dataOf(0)));
  goTo(cpu, 3);
  assert.is(lar(cpu, dataOf(0)), undefined);
  assert.not(verr(cpu, dataOf(0)));
  assert.is(lsl(cpu, 0x83), undefined);
});

// SDM 2A, LAR and LSL; SDM 3A, tables 3-1 and 3-2. Whether the segment is
// present counts for none of the four.
test("LAR, LSL, VERR and VERW: which of the 32 types they know", () => {
  const cpu = prepared(), types = Array.from({ length: 32 }, (_, n) => n);
  const segments = types.slice(16);
  const known = (ask: () => unknown) => [ABSENT, 0].map((present) =>
    types.filter((type) => {
      describe(cpu, X, present | type);
      const found = ask();
      return found !== undefined && found !== false;
    }));
  const both = (...expected: number[]) => [expected, expected];
  assert.equal(known(() => lar(cpu, X)),
    both(1, 2, 3, 4, 5, 9, 11, 12, ...segments));
  assert.equal(known(() => lsl(cpu, X)), both(1, 2, 3, 9, 11, ...segments));
  assert.equal(known(() => verr(cpu, X)),
    both(16, 17, 18, 19, 20, 21, 22, 23, 26, 27, 30, 31));
  assert.equal(known(() => verw(cpu, X)), both(18, 19, 22, 23));
  // Of an inner ring's segments only conforming code is anybody's business.
  for (const [r, rpl] of [[3, 0], [0, 3], [1, 0], [0, 1]] as const) {
    goTo(cpu, r);
    assert.equal(known(() => lar(cpu, X | rpl)), both(28, 29, 30, 31));
    assert.equal(known(() => lsl(cpu, X | rpl)), both(28, 29, 30, 31));
    assert.equal(known(() => verr(cpu, X | rpl)), both(30, 31));
    assert.equal(known(() => verw(cpu, X | rpl)), both());
  }
  goTo(cpu, 2);
  describe(cpu, X, DATA_RW | ring(2));
  assert.ok(verw(cpu, X | 2), "its own ring's are its own");
  describe(cpu, X, DATA_RW, { limit: 0x12345, flags: 4 });
  goTo(cpu, 0);
  assert.equal([lsl(cpu, X), lar(cpu, X)], [0x12345, 0x419200]);
  describe(cpu, X, DATA_RW, { limit: 0x12, flags: 0xc });
  assert.is(lsl(cpu, X), 0x12fff);
});

test("the selector of a table's last descriptor, and the next", () => {
  const cpu = prepared();
  describe(cpu, 0x3f8, DATA_RW);
  assert.is(fault(() => loadSegment(cpu, DS, 0x3f8)), undefined);
  loadGdtr(cpu, GDT, 0x3fe);
  assert.equal(fault(() => loadSegment(cpu, DS, 0x3f8)), [13, 0x3f8]);
  assert.is(lsl(cpu, 0x3f8), undefined);
  describe(cpu, 0x88, LDT, { base: LDT_AT, limit: 15, flags: 0 });
  loadLdt(cpu, 0x88);
  describe(cpu, 0x0c, DATA_RW);
  assert.is(fault(() => loadSegment(cpu, DS, 0x0c)), undefined);
  describe(cpu, 0x88, LDT, { base: LDT_AT, limit: 14, flags: 0 });
  loadLdt(cpu, 0x88);
  assert.equal(fault(() => loadSegment(cpu, DS, 0x0c)), [13, 0x0c]);
});

/** How a stack of that kind takes a push with that ESP. */
type Push = [access: number, flags: number, limit: number, esp: number,
  size: 2 | 4, good: boolean];
// SDM 3A, 5.3: the effective limit is the last byte that may be accessed; of
// a segment that expands down, the last that may not.
const pushes: Push[] = [
  [DATA_RW, 4, 0x7fff, 0x8000, 4, true],
  [DATA_RW, 4, 0x7fff, 0x8001, 4, false],
  [DATA_RW, 4, 0x7fff, 0x8000, 2, true],
  [DATA_RW, 4, 0x7fff, 0x8001, 2, false],
  [DATA_RW, 4, 0x7fff, 4, 4, true],
  [DATA_RW, 4, 0x7fff, 3, 4, false],
  [DATA_RW, 4, 0x7fff, 0, 2, false],
  [DATA_RW, 0, 0xffff, 0, 4, true],
  [DATA_RW, 0, 0xffff, 1, 2, false],
  [DATA_RW, 0, 0xffff, 2, 4, false],
  [DATA_RW, 0, 0xfffe, 0, 2, false],
  [DATA_RW, 0, 0x7fff, 0x8000, 2, true],
  [DATA_RW, 0, 0x7fff, 0x8001, 2, false],
  [DOWN, 4, 0x7fff, 0x8004, 4, true],
  [DOWN, 4, 0x7fff, 0x8003, 4, false],
  [DOWN, 4, 0x7fff, 0x8002, 2, true],
  [DOWN, 4, 0x7fff, 0x8001, 2, false],
  [DOWN, 4, 0x7fff, 0, 4, true],
  [DOWN, 4, 0x7fff, 1, 2, false],
  [DOWN, 0, 0x7fff, 0x8002, 2, true],
  [DOWN, 0, 0x7fff, 0x8001, 2, false],
  [DOWN, 0, 0x7fff, 0, 4, true],
  [DOWN, 0, 0x7fff, 2, 4, false],
  [DOWN, 0, 0x7fff, 1, 2, false],
];

test("a push fits to a stack's last byte, in the ring and in an inner one",
  () => {
    for (const [access, flags, limit, esp, size, good] of pushes) {
      const cpu = prepared(), what = [access, flags, limit, esp, size].join();
      describe(cpu, X, access, { limit, flags });
      const d = readDescriptor(cpu, X);
      const inner = new InnerStack(cpu, X, d, esp, 1);
      assert.equal(precise(cpu, () => inner.push(size, 0x55)),
        good ? undefined : [12, X | 1], `inner ${what}`);
      setSegment(cpu, SS, X, d);
      cpu.w[ESP] = esp;
      assert.equal(precise(cpu, () => cpu.pushValue(size, 0x55)),
        good ? undefined : [12, 0], what);
      const down = (esp - size) & (flags ? -1 : 0xffff);
      assert.is(cpu.w[ESP], good ? down : esp);
    }
  });

test("the TSS must hold an inner stack's selector to its last byte", () => {
  // Types 9 and 1: where the stacks of the rings end (SDM 3A, 7.2.1, 7.6).
  for (const [type, ends] of
    [[TSS32, [9, 17, 25]], [0x81, [5, 9, 13]]] as const) {
    for (const [r, last] of ends.entries()) {
      for (const limit of [last, last - 1]) {
        const cpu = prepared(), wide = type === TSS32;
        describe(cpu, X, type, { base: TSS, limit, flags: 0 });
        loadTaskRegister(cpu, X);
        cpu.store16(TSS + last - 1, dataOf(r));
        cpu.store16(TSS + last - (wide ? 5 : 3), 0x7654);
        gate(cpu, IDT + 8 * 0x40, INT_GATE | ring(3), codeOf(r) & ~3, 0x5000);
        goTo(cpu, 3);
        const found = precise(cpu,
          () => softwareInterrupt(cpu, 0x40, 0x4002, "int"));
        assert.equal(found, limit === last ? undefined : [10, X],
          `${type} ${r} ${limit}`);
        if (!found) assert.is(cpu.w[ESP]! & 0xffff, 0x7654 - 20);
      }
    }
  }
});

test("ports: IOPL first, then the bitmap in the TSS", () => {
  const cpu = prepared();
  goTo(cpu, 3);
  assert.not(ioPermitted(cpu, 0x80, 1), "no bitmap inside the limit");
  cpu.w[SYSTEM_FLAGS] = 0x3000;
  assert.ok(ioPermitted(cpu, 0x80, 1));
  cpu.w[SYSTEM_FLAGS] = 0;
  goTo(cpu, 0);
  describe(cpu, X, TSS32, { base: TSS, limit: 0x68 + 17, flags: 0 });
  loadTaskRegister(cpu, X);
  cpu.store16(TSS + 102, 0x68);
  for (let i = 0; i < 18; i++) cpu.store8(TSS + 0x68 + i, 0xff);
  cpu.store8(TSS + 0x68 + 8, 0x0f);
  cpu.store8(TSS + 0x68 + 9, 0xfe);
  goTo(cpu, 3);
  const found = [0x43, 0x44, 0x47, 0x48, 0x49, 0x80, 0x88]
    .map((port) => ioPermitted(cpu, port, 1));
  assert.equal(found, [false, true, true, true, false, false, false]);
  assert.ok(ioPermitted(cpu, 0x47, 2), "across a byte");
  assert.not(ioPermitted(cpu, 0x48, 2));
});

test("ports: who asks without the right reaches no device", () => {
  const cpu = prepared(), told: number[] = [];
  cpu.board.addDevice({ name: "echo", ports: { from: 0x80, length: 4 },
    readPort: () => told.push(0), writePort: () => told.push(1) });
  for (const size of [1, 2, 4] as const) {
    goTo(cpu, 3);
    assert.equal(fault(() => portIn(cpu, 0x80, size)), [13, 0]);
    assert.equal(fault(() => portOut(cpu, 0x80, size, 7)), [13, 0]);
    goTo(cpu, 0);
    assert.equal(told, []);
    portIn(cpu, 0x80, size);
    portOut(cpu, 0x80, size, 7);
    assert.equal(told.splice(0), [0, 1]);
  }
});

// SDM 1, 18.5.2: two bytes of the map are read, and both are within the limit.
test("ports: the map's last byte that counts, and where it may begin", () => {
  const permitted = (limit: number, map: number, port: number, size = 1) => {
    const cpu = prepared();
    describe(cpu, X, TSS32, { base: TSS, limit, flags: 0 });
    loadTaskRegister(cpu, X);
    cpu.store16(TSS + 102, map);
    goTo(cpu, 3);
    return ioPermitted(cpu, port, size);
  };
  assert.ok(permitted(0x78, 0x68, 0x7f));
  assert.ok(permitted(0x78, 0x68, 0x7d, 4), "three bits, and one");
  assert.not(permitted(0x78, 0x68, 0x80));
  assert.not(permitted(0x77, 0x68, 0x78));
  assert.ok(permitted(103, 0x30, 0));
  assert.not(permitted(102, 0x30, 0), "the map's address is cut off");
});

test.run();
