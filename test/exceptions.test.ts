import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AC, ACTIVITY, combineFaults, CPL, CR0, CR2, CS, deliver, DS, EIP, ES, ESP,
  Fault, ID, IDTR_BASE, IDTR_LIMIT, IF, interruptReturn, IOPL, loadSegment,
  NT, RF,
  segmentRegister, SHUTDOWN, softwareInterrupt, SS, SYSTEM_FLAGS, TF, TR,
  VIF, writeControl,
} from "../src/machine";
import type { Cpu } from "../src/machine";
import {
  ABSENT, CALL_GATE, CODE, codeOf, CONFORMING, DATA_RO, DATA_RW, dataOf,
  describe, DOWN, fault, gate, goTo, IDT, INT_GATE, precise, prepared, ring,
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

test("a gate counts if its last byte is within the limit of the IDT", () => {
  for (const vector of [0, 0x80, 0xff]) {
    const cpu = prepared();
    handle(cpu, vector);
    const go = () => precise(cpu,
      () => softwareInterrupt(cpu, vector, 0x4002, "int"));
    cpu.w[IDTR_LIMIT] = vector * 8 + 6;
    assert.equal(go(), [13, vector * 8 + 2]);
    cpu.w[IDTR_LIMIT] = vector * 8 + 7;
    assert.is(go(), undefined);
    assert.is(cpu.next, HANDLER + vector);
  }
});

test("which of the 32 types are gates of the IDT", () => {
  const types = Array.from({ length: 32 }, (_, n) => n);
  const gates = types.filter((type) => {
    const cpu = prepared();
    gate(cpu, IDT + 8 * 0x40, 0x80 | type, 8, 0x5000);
    const found = precise(cpu,
      () => softwareInterrupt(cpu, 0x40, 0x4002, "int"));
    // A task gate is one, but there is no task in its selector.
    return !(found?.[1] === 0x40 * 8 + 2);
  });
  assert.equal(gates, [5, 6, 7, 14, 15]);
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

/** The TSS becomes one of 16 bits, with this limit. */
function shortTss(cpu: Cpu, limit: number): void {
  const tr = 24 + 4 * TR;
  cpu.w[tr + 2] = limit;
  cpu.w[tr + 3]! &= ~8;
  cpu.store32(TSS + 2, STACK0 | (dataOf(0) << 16));
}

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
    ["a TSS up to SS0", (c) => { c.w[24 + 4 * TR + 2] = 9; }, undefined],
    ["one of 16 bits, too short", (c) => shortTss(c, 4), [10, 0x80]],
    ["one of 16 bits up to SS0", (c) => shortTss(c, 5), undefined],
    ["room to the last byte", (c) => describe(c, 0x10, DATA_RW,
      { limit: STACK0 - 1, flags: 4 }), undefined],
    ["one byte less", (c) => describe(c, 0x10, DATA_RW,
      { limit: STACK0 - 2, flags: 4 }), [12, 0x10]],
    // Five words: SS, ESP, EFLAGS, CS, EIP. Downwards, from the limit up.
    ["room down to the limit", (c) => describe(c, 0x10, DOWN,
      { limit: STACK0 - 21, flags: 4 }), undefined],
    ["one byte less, down there", (c) => describe(c, 0x10, DOWN,
      { limit: STACK0 - 20, flags: 4 }), [12, 0x10]],
    ["downwards from the top of 4 GiB", (c) => {
      describe(c, 0x10, DOWN, { base: STACK0, limit: 0, flags: 4 });
      c.store32(TSS + 4, 0);
    }, undefined],
    ["downwards from the top of 64 KiB", (c) => {
      describe(c, 0x10, DOWN, { limit: 0, flags: 0 });
      c.store32(TSS + 4, 0);
    }, undefined],
    ["downwards across the top of 64 KiB", (c) => {
      describe(c, 0x10, DOWN, { limit: 0, flags: 0 });
      c.store32(TSS + 4, 2);
    }, [12, 0x10]],
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
  const benign = [1, 2, 3, 4, 5, 6, 7, 9, 16, 17, 18, 19];
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

// SDM 2A, IRET: with 16 bits the upper half of EFLAGS stays.
test("IRET with 16 bits leaves the upper half of EFLAGS alone", () => {
  for (const kept of [0, AC | ID | VIF]) {
    const cpu = prepared();
    cpu.w[SYSTEM_FLAGS] = kept;
    [0x5000, codeOf(0), 0xffff & ~NT].forEach((v, i) =>
      cpu.store16(cpu.w[ESP]! + 2 * i, v));
    interruptReturn(cpu, 2);
    assert.is(cpu.eflags(), kept | 0x3fd7);
    assert.equal([cpu.next, cpu.w[ESP]], [0x5000, STACK0 - 0x100 + 6]);
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

// SDM 3A, 6.12.1: a gate clears TF, NT, RF and VM, whoever comes, and what
// is pushed has them; IF goes at interrupt gates alone.
test("a gate clears NT, and IRET brings it back", () => {
  const all = TF | NT | IOPL | IF;
  for (const [access, kept] of [[INT_GATE, IOPL], [TRAP_GATE, IOPL | IF]]) {
    for (const from of [0, 3]) {
      const cpu = goTo(prepared(), from);
      handle(cpu, 0x40, 0, access! | ring(3));
      cpu.w[SYSTEM_FLAGS] = all;
      softwareInterrupt(cpu, 0x40, 0x4002, "int");
      assert.equal([cpu.w[SYSTEM_FLAGS], stack(cpu, 3)[2]], [kept, all | 2]);
      interruptReturn(cpu, 4);
      assert.equal([cpu.w[SYSTEM_FLAGS], cpu.next], [all, 0x4002]);
    }
  }
});

test("IRET with NT set goes by the link, which must be a busy TSS", () => {
  const cpu = prepared();
  cpu.w[SYSTEM_FLAGS] = NT;
  assert.equal(precise(cpu, () => interruptReturn(cpu, 4)), [10, 0]);
  cpu.store32(TSS, 0x88);
  describe(cpu, 0x88, 0x89, { base: 0x3100, limit: 0x67, flags: 0 });
  assert.equal(precise(cpu, () => interruptReturn(cpu, 4)), [10, 0x88]);
});

/** Pages one to one but for one that is missing, and an IDT in which the
 * gate of that vector begins page 10. */
function paged(vector: number, missing = -1): Cpu {
  const cpu = prepared(), table = cpu.w[IDTR_BASE] = 0xa000 - 8 * vector;
  for (const n of [8, 13, 14]) {
    gate(cpu, table + 8 * n, INT_GATE, 8, HANDLER + n);
  }
  for (let page = 0; page < 64; page++) {
    const bits = page === missing ? 0 : 7;
    cpu.store32(0x11000 + 4 * page, (page << 12) | bits);
  }
  cpu.store32(0x10000, 0x11007);
  writeControl(cpu, 3, 0x10000);
  writeControl(cpu, 0, cpu.w[CR0]! | (0x80000000 | 0));
  return cpu;
}

// SDM 3A, 6.15: CR2 is loaded by every page fault, so the handler of a double
// fault finds the address of the second.
test("CR2 is the second page fault's when two make a double fault", () => {
  for (const [first, at, cr2] of [[14, 14, 0xa000], [13, 13, 0xa008]]) {
    const cpu = paged(at!, 10);
    deliver(cpu, new Fault(first!, 0, 0xdead0000));
    assert.equal([cpu.w[EIP], cpu.w[CR2]], [HANDLER + 8, cr2]);
    assert.equal(stack(cpu, 2), [0, 0x4000]);
  }
});

test("CR2 stays the page fault's if what comes on the way is none", () => {
  const cpu = paged(14);
  gate(cpu, 0xa000, INT_GATE, 0, 0);
  deliver(cpu, new Fault(14, 2, 0xdead0000));
  assert.equal([cpu.w[EIP], cpu.w[CR2]! >>> 0], [HANDLER + 8, 0xdead0000]);
});

test("a page fault on the way to a #GP is a page fault; other faults have "
  + "no address", () => {
  const cpu = paged(14, 9);
  deliver(cpu, new Fault(13, 0x50));
  assert.equal([cpu.w[EIP], cpu.w[CR2]], [HANDLER + 14, 0x9ff8]);
  assert.equal(stack(cpu, 2), [0, 0x4000]);
  const other = paged(14);
  other.w[CR2] = 0x1234;
  deliver(other, new Fault(13, 0x50));
  assert.equal([other.w[EIP], other.w[CR2]], [HANDLER + 13, 0x1234]);
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

test("a fault's message has the manual's mnemonic and its code", () => {
  const messages = Array.from({ length: 20 }, (_, vector) =>
    new Fault(vector).message);
  assert.is(messages.join(" "), "#DE #DB #2 #BP #OF #BR #UD #NM #DF #9 #TS "
    + "#NP #SS #GP #PF #15 #MF #AC #MC #19");
  assert.is(new Fault(11, 0xfffc).message, "#NP(0xfffc)");
  assert.is(new Fault(17, 0).message, "#AC(0)");
  assert.is(new Fault(14, 0, 0xfffff000).message, "#PF(0) at 0xfffff000");
  assert.not(Object.hasOwn(new Fault(6), "message"), "made when asked for");
});

test.run();
