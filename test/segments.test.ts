import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  CS, DS, ES, ESP, farCall, farJump, farReturn, FS, GS, lar, loadLdt,
  loadSegment, loadTaskRegister, lsl, segmentRegister, SS, verr, verw, CPL,
  ioPermitted, SYSTEM_FLAGS, TR,
} from "../src/machine";
import {
  ABSENT, CALL_GATE, CODE, codeOf, CODE_ONLY, CONFORMING, DATA_RO, DATA_RW,
  dataOf, describe, DOWN, fault, gate, GDT, goTo, LDT, LDT_AT, precise,
  prepared, ring, STACK1, TSS, TSS32, TSS_BUSY,
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

test("a far jump beyond the limit is #GP(0)", () => {
  const cpu = prepared();
  describe(cpu, X, CODE, { limit: 0xff, flags: 4 });
  assert.equal(precise(cpu, () => farJump(cpu, X, 0x100, 4)), [13, 0]);
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

test.run();
