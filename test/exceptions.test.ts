import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  ACTIVITY, combineFaults, CPL, CR0, CR2, CS, deliver, DS, EIP, ES, ESP,
  Fault, IDTR_LIMIT, IF, interruptReturn, IOPL, loadSegment, NT, RF,
  segmentRegister, SHUTDOWN, softwareInterrupt, SS, SYSTEM_FLAGS, TF, TR,
  writeControl,
} from "../src/machine";
import type { Cpu } from "../src/machine";
import {
  ABSENT, CALL_GATE, CODE, codeOf, CONFORMING, DATA_RO, DATA_RW, dataOf,
  describe, fault, gate, goTo, IDT, INT_GATE, precise, prepared, ring,
  STACK0, STACK1, TRAP_GATE, TSS,
} from "./tables";

const HANDLER = 0x6000;

/** A gate for a vector into the code of a ring. */
function handle(cpu: Cpu, vector: number, r = 0, access = INT_GATE) {
  gate(cpu, IDT + 8 * vector, access, codeOf(r) & ~3, HANDLER + vector);
}

function stack(cpu: Cpu, words: number): number[] {
  return Array.from({ length: words },
    (_, i) => cpu.load32(cpu.w[ESP]! + 4 * i));
}

const sum = (cpu: Cpu) => [cpu.w[CPL], cpu.w[EIP], cpu.w[ESP]];

test("an exception in ring 0 pushes flags, cs, eip and its code", () => {
  const cpu = prepared();
  handle(cpu, 13);
  cpu.w[SYSTEM_FLAGS] = IF | TF;
  const esp = cpu.w[ESP]!;
  deliver(cpu, new Fault(13, 0x50));
  assert.equal(sum(cpu), [0, HANDLER + 13, esp - 16]);
  assert.equal(stack(cpu, 4), [0x50, 0x4000, codeOf(0), IF | TF | RF | 2]);
  assert.is(cpu.w[SYSTEM_FLAGS], 0, "IF and TF are clear");
});

test("a trap gate leaves IF alone; no error code where there is none", () => {
  const cpu = prepared();
  handle(cpu, 6, 0, TRAP_GATE);
  cpu.w[SYSTEM_FLAGS] = IF;
  const esp = cpu.w[ESP]!;
  deliver(cpu, new Fault(6));
  assert.equal(sum(cpu), [0, HANDLER + 6, esp - 12]);
  assert.is(cpu.w[SYSTEM_FLAGS], IF);
});

test("a debug trap pushes no RF", () => {
  const cpu = prepared();
  handle(cpu, 1);
  deliver(cpu, new Fault(1));
  assert.is(stack(cpu, 3)[2], 2);
});

for (const [from, to] of [[3, 0], [3, 1], [3, 2], [2, 0], [1, 0], [2, 1]]) {
  test(`from ring ${from} to ring ${to} and back`, () => {
    const cpu = goTo(prepared(), from!), esp = cpu.w[ESP]!;
    cpu.w[SYSTEM_FLAGS] = IF;
    handle(cpu, 14, to!);
    deliver(cpu, new Fault(14, 7, 0xdeadb000));
    const top = [STACK0, STACK1, 0xa000][to!]!;
    assert.equal(sum(cpu), [to, HANDLER + 14, top - 24]);
    assert.is(segmentRegister(cpu, SS).selector, dataOf(to!));
    assert.is(segmentRegister(cpu, CS).selector, codeOf(to!));
    assert.is(cpu.w[CR2]! >>> 0, 0xdeadb000);
    assert.equal(stack(cpu, 6), [7, 0x4000, codeOf(from!),
      IF | RF | 2, esp, dataOf(from!)]);
    loadSegment(cpu, ES, dataOf(to!));
    cpu.w[ESP]! += 4;
    interruptReturn(cpu, 4);
    assert.is(cpu.w[CPL], from);
    assert.is(cpu.next, 0x4000);
    assert.is(cpu.w[ESP], esp);
    assert.is(segmentRegister(cpu, ES).attributes, 0, "ES was taken away");
    assert.is(segmentRegister(cpu, DS).selector, dataOf(3), "DS stays");
    assert.is(cpu.w[SYSTEM_FLAGS]! & IF, to === 0 ? IF : 0);
  });
}

test("a handler in conforming code runs in the ring that it interrupts",
  () => {
    const cpu = prepared();
    describe(cpu, 0x100, CONFORMING);
    goTo(cpu, 3);
    const esp = cpu.w[ESP]!;
    gate(cpu, IDT + 8 * 13, INT_GATE, 0x100, 0x7000);
    deliver(cpu, new Fault(13, 0));
    assert.equal(sum(cpu), [3, 0x7000, esp - 16]);
    assert.is(segmentRegister(cpu, CS).selector, 0x103);
  });

test("INT n: the gate's DPL decides, and faults name the gate", () => {
  const cpu = goTo(prepared(), 3);
  handle(cpu, 0x80, 0, INT_GATE | ring(3));
  handle(cpu, 0x81, 0, INT_GATE);
  const go = (v: number) => precise(cpu,
    () => softwareInterrupt(cpu, v, 0x4002, "int"));
  assert.equal(go(0x81), [13, 0x81 * 8 + 2]);
  assert.equal(go(0x82), [13, 0x82 * 8 + 2], "not a gate");
  handle(cpu, 0x82, 0, (INT_GATE | ring(3)) & ~ABSENT);
  assert.equal(go(0x82), [11, 0x82 * 8 + 2]);
  cpu.w[IDTR_LIMIT] = 0x82 * 8;
  assert.equal(go(0x82), [13, 0x82 * 8 + 2], "beyond the limit");
  assert.is(go(0x80), undefined);
  assert.equal([cpu.next, cpu.w[CPL]], [HANDLER + 0x80, 0]);
  assert.equal(stack(cpu, 2), [0x4002, codeOf(3)]);
});

test("exceptions ignore the gate's DPL; their own faults carry EXT", () => {
  // What is wrong with the gate, and what comes of a #UD on the way.
  const ways: [string, (cpu: Cpu) => void, number[]][] = [
    ["no gate", () => {}, [13, 6 * 8 + 3]],
    ["absent gate", (c) => handle(c, 6, 0, INT_GATE & ~ABSENT),
      [11, 6 * 8 + 3]],
    ["null code", (c) => gate(c, IDT + 48, INT_GATE, 0, 0), [13, 1]],
    ["data as code", (c) => gate(c, IDT + 48, INT_GATE, dataOf(0), 0),
      [13, dataOf(0) | 1]],
    ["outer code", (c) => gate(c, IDT + 48, INT_GATE, codeOf(3) & ~3, 0),
      [13, (codeOf(3) & ~3) | 1]],
    ["absent code", (c) => {
      describe(c, 0x100, CODE & ~ABSENT);
      gate(c, IDT + 48, INT_GATE, 0x100, 0);
    }, [11, 0x101]],
    ["call gate", (c) => gate(c, IDT + 48, CALL_GATE, 8, 0), [13, 51]],
  ];
  for (const [name, spoil, expected] of ways) {
    const cpu = prepared();
    spoil(cpu);
    handle(cpu, 13);
    handle(cpu, 11);
    deliver(cpu, new Fault(6));
    assert.is(cpu.w[EIP], HANDLER + expected[0]!, name);
    assert.is(stack(cpu, 1)[0], expected[1], name);
    assert.is(stack(cpu, 2)[1], 0x4000, name);
  }
});

test("the inner stack: what the TSS may get wrong", () => {
  const ways: [string, (cpu: Cpu) => void, number[] | undefined][] = [
    ["all right", () => {}, undefined],
    ["null", (c) => c.store32(TSS + 8, 0), [10, 0]],
    ["wrong RPL", (c) => c.store32(TSS + 8, dataOf(0) | 1), [10, 0x10]],
    ["wrong DPL", (c) => c.store32(TSS + 8, dataOf(3) & ~3), [10, 0x40]],
    ["beyond", (c) => c.store32(TSS + 8, 0x400), [10, 0x400]],
    ["read-only", (c) => describe(c, 0x10, DATA_RO), [10, 0x10]],
    ["absent", (c) => describe(c, 0x10, DATA_RW & ~ABSENT), [12, 0x10]],
    ["no room", (c) => describe(c, 0x10, DATA_RW,
      { limit: 0xff, flags: 4 }), [12, 0x10]],
    ["short TSS", (c) => { c.w[24 + 4 * TR + 2] = 8; }, [10, 0x80]],
  ];
  for (const [name, spoil, expected] of ways) {
    const cpu = goTo(prepared(), 3);
    handle(cpu, 0x80, 0, INT_GATE | ring(3));
    spoil(cpu);
    const found = precise(cpu,
      () => softwareInterrupt(cpu, 0x80, 0x4002, "int"));
    assert.equal(found, expected, name);
  }
});

test("table 6-5: which faults make a double fault", () => {
  const benign = [1, 3, 4, 5, 6, 7, 16, 17];
  const contributory = [0, 10, 11, 12, 13];
  const double = (a: number, b: number) =>
    combineFaults(new Fault(a, 0), new Fault(b, 0))?.vector;
  for (const b of [...benign, ...contributory, 14]) {
    for (const a of benign) assert.is(double(a, b), b);
    for (const a of contributory) {
      assert.is(double(a, b), contributory.includes(b) ? 8 : b);
    }
    assert.is(double(14, b), benign.includes(b) ? b : 8);
    assert.is(double(8, b), undefined);
  }
});

test("a double fault pushes zero and may have a handler", () => {
  const cpu = prepared();
  handle(cpu, 8);
  deliver(cpu, new Fault(13, 0x18));
  assert.is(cpu.w[EIP], HANDLER + 8);
  assert.is(stack(cpu, 1)[0], 0);
});

test("the third fault shuts the CPU down, and nothing else changes", () => {
  const cpu = prepared();
  cpu.w[IDTR_LIMIT] = 0;
  const before = Array.from(cpu.w.subarray(0, 16));
  deliver(cpu, new Fault(6));
  assert.is(cpu.w[ACTIVITY], SHUTDOWN);
  assert.equal(Array.from(cpu.w.subarray(0, 16)), before);
});

test("an interrupt has no error code, and no RF", () => {
  const cpu = prepared();
  handle(cpu, 0x40);
  deliver(cpu, 0x40);
  assert.equal(stack(cpu, 3), [0x4000, codeOf(0), 2]);
});

test("a fault in the middle of a push leaves ESP alone", () => {
  const cpu = prepared();
  describe(cpu, 0x100, DATA_RW, { limit: 0x7fff, flags: 4 });
  loadSegment(cpu, SS, 0x100);
  cpu.w[ESP] = 4;
  handle(cpu, 13);
  assert.equal(precise(cpu,
    () => softwareInterrupt(cpu, 13, 0, "int")), [12, 0]);
});

test("IRET: which flags a ring may change", () => {
  const all = 0x257fd7;
  const rows: [number, number, number][] = [
    [0, 0, all | 0x180000], [0, 0x3000, all | 0x180000],
    [3, 0, all & ~(IF | IOPL)], [3, 0x3000, all | IOPL],
    [1, 0x1000, (all & ~IOPL) | 0x1000],
  ];
  for (const [r, iopl, expected] of rows) {
    const cpu = goTo(prepared(), r);
    cpu.w[SYSTEM_FLAGS] = iopl;
    const frame = [0x5000, codeOf(r), r ? ~0x20000 : ~0x20000];
    frame.forEach((v, i) => cpu.store32(cpu.w[ESP]! + 4 * i, v));
    interruptReturn(cpu, 4);
    assert.is(cpu.eflags().toString(16), expected.toString(16),
      `ring ${r}, IOPL ${iopl}`);
    assert.is(cpu.next, 0x5000);
  }
});

test("IRET refuses to go inwards, to data, and to null", () => {
  const cpu = goTo(prepared(), 3);
  for (const [cs, error] of [[8, 8], [0, 0], [dataOf(3), 0x40]] as const) {
    const frame = [0x5000, cs, 2];
    frame.forEach((v, i) => cpu.store32(cpu.w[ESP]! + 4 * i, v));
    assert.equal(precise(cpu, () => interruptReturn(cpu, 4)), [13, error]);
  }
});

test("IRET outwards checks the stack that it will have", () => {
  const cpu = prepared();
  const back = (ss: number) => {
    const frame = [0x5000, codeOf(3), 2, 0x7000, ss];
    frame.forEach((v, i) => cpu.store32(cpu.w[ESP]! + 4 * i, v));
    return precise(cpu, () => interruptReturn(cpu, 4));
  };
  assert.equal(back(0), [13, 0]);
  assert.equal(back(dataOf(0)), [13, 0x10]);
  assert.equal(back(dataOf(1)), [13, 0x20]);
  assert.equal(back(codeOf(3)), [13, codeOf(3) & ~3]);
  assert.is(back(dataOf(3)), undefined);
  assert.is(cpu.w[ESP], 0x7000);
});

test("IRET with NT set goes by the link, which must be a busy TSS", () => {
  const cpu = prepared();
  cpu.w[SYSTEM_FLAGS] = NT;
  assert.equal(precise(cpu, () => interruptReturn(cpu, 4)), [10, 0]);
  cpu.store32(TSS, 0x88);
  describe(cpu, 0x88, 0x89, { base: 0x3100, limit: 0x67, flags: 0 });
  assert.equal(precise(cpu, () => interruptReturn(cpu, 4)), [10, 0x88]);
});

test("an inner handler's push to a missing page is a supervisor's fault",
  () => {
    const cpu = goTo(prepared(), 0);
    for (let page = 0; page < 32; page++) {
      const bits = page === 7 ? 0 : 7;
      cpu.writePhysical(0x11000 + 4 * page, 4, (page << 12) | bits);
    }
    cpu.writePhysical(0x10000, 4, 0x11007);
    writeControl(cpu, 3, 0x10000);
    writeControl(cpu, 0, cpu.w[CR0]! | (0x80000000 | 0));
    handle(cpu, 0x80, 0, INT_GATE | ring(3));
    goTo(cpu, 3);
    assert.equal(precise(cpu,
      () => softwareInterrupt(cpu, 0x80, 0x4002, "int")), [14, 2]);
  });

test.run();
