// Virtual 8086 mode: what it may do, how it is left, how it is entered.
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  ACTIVITY, CPL, CR4, CR4_PVI, CR4_VME, CS, deliver, DS, EAX, EIP, ES, ESP, Fault, FS, GS, IF,
  interruptReturn, IOPL, putSegment, raiseInterrupt, registers,
  segmentRegister, selectorOf, SS, SYSTEM_FLAGS, TR, VIF, VIP, VM, writeApic,
} from "../src/machine";
import type { Cpu } from "../src/machine";
import {
  codeOf, CONFORMING, dataOf, describe, fault, gate, IDT, INT_GATE, precise,
  prepared, ring, STACK0, TRAP_GATE, TSS,
} from "./tables";

const HANDLER = 0x6000;

/** A CPU in virtual 8086 mode about to execute bytes at 1000:0; ring 0's
 * handlers are hlts, one a vector. */
function virtual(bytes: number[], iopl = 0): Cpu {
  const cpu = prepared();
  for (let n = 0; n < 256; n++) {
    gate(cpu, IDT + 8 * n, INT_GATE | ring(n === 0x31 ? 0 : 3), 8,
      HANDLER + n);
  }
  cpu.machine.writePhysical(HANDLER, new Uint8Array(256).fill(0xf4));
  cpu.machine.writePhysical(0x10000, Uint8Array.from(bytes));
  cpu.w[ESP] = STACK0 - 36;
  enter(cpu, VM | 2 | (iopl << 12));
  cpu.w[EIP] = cpu.next;
  return cpu;
}

/** IRET with a frame for 1000:0. */
function enter(cpu: Cpu, flags: number, eip = 0): void {
  [eip, 0x1000, flags, 0xfffe, 0x2000, 0x3000, 0x4000, 0x5000, 0x6000]
    .forEach((v, n) => cpu.store32(cpu.w[ESP]! + 4 * n, v));
  interruptReturn(cpu, 4);
}

const frame = (cpu: Cpu, n: number) => Array.from({ length: n },
  (_, i) => cpu.peekStack(4 * i, 4));
const ended = (cpu: Cpu, steps = 20) => {
  cpu.machine.run({ maxInstructions: steps });
  return cpu.w[CPL] === 0 ? cpu.w[EIP]! - 1 - HANDLER : -1;
};

test("iret in ring 0 enters it: paragraphs, ring 3", () => {
  const cpu = virtual([0x90]);
  assert.equal([CS, SS, ES, DS, FS, GS].map((s) =>
    segmentRegister(cpu, s).base),
  [0x10000, 0x20000, 0x30000, 0x40000, 0x50000, 0x60000]);
  assert.equal(segmentRegister(cpu, DS), { selector: 0x4000, base: 0x40000,
    limit: 0xffff, attributes: 0xf3 });
  assert.equal([cpu.w[CPL], cpu.w[ESP], registers(cpu).eflags],
    [3, 0xfffe, VM | 2]);
});

test("EIP has 16 bits, or the IRET is #GP in ring 0", () => {
  const cpu = prepared();
  assert.equal(precise(cpu, () => enter(cpu, VM | 2, 0x10000)), [13, 0]);
});

test("an outer ring's IRET doesn't enter it", () => {
  const cpu = prepared();
  cpu.w[CPL] = 1;
  const flags = [0x5000, codeOf(1), VM | 2];
  cpu.w[24 + 4 * CS] = codeOf(1);
  flags.forEach((v, n) => cpu.store32(cpu.w[ESP]! + 4 * n, v));
  interruptReturn(cpu, 4);
  assert.is(cpu.w[SYSTEM_FLAGS]! & VM, 0);
});

test("an exception leaves it, with all segments on ring 0's stack", () => {
  const cpu = virtual([0x0f, 0x0b]); // ud2
  assert.is(ended(cpu), 6);
  assert.is(cpu.w[ESP], STACK0 - 36);
  assert.equal(frame(cpu, 9), [0, 0x1000, VM | 0x10002, 0xfffe, 0x2000,
    0x3000, 0x4000, 0x5000, 0x6000]);
  assert.equal([ES, DS, FS, GS].map((s) => selectorOf(cpu, s)),
    [0, 0, 0, 0]);
  assert.is(segmentRegister(cpu, DS).attributes, 0);
  assert.equal([cpu.w[CPL], cpu.w[SYSTEM_FLAGS]], [0, 0]);
});

test("and IRET goes back to it", () => {
  const cpu = virtual([0x0f, 0x0b, 0x90]);
  cpu.machine.writePhysical(HANDLER + 6,
    Uint8Array.of(0x83, 0x04, 0x24, 2, 0xcf)); // addl $2, (%esp); iret
  cpu.machine.run({ maxInstructions: 4 });
  assert.equal([cpu.w[EIP], cpu.w[CPL]], [3, 3]);
  assert.is(segmentRegister(cpu, GS).base, 0x60000);
});

const sensitive: [string, number[]][] = [
  ["cli", [0xfa]], ["sti", [0xfb]], ["pushf", [0x9c]], ["popf", [0x9d]],
  ["int", [0xcd, 0x30]], ["iret", [0xcf]],
];

for (const [name, bytes] of sensitive) {
  test(`${name} is #GP unless IOPL is 3`, () => {
    for (const iopl of [0, 1, 2]) {
      assert.is(ended(virtual([...bytes, 0xcc], iopl)), 13, `IOPL ${iopl}`);
    }
    const cpu = virtual([...bytes, 0xcc], 3);
    cpu.store16(0x2fffe, 0);
    cpu.store16(0x20000, 0);
    const vector = ended(cpu);
    if (name === "int") assert.is(vector, 0x30);
    else if (name !== "iret" && name !== "popf") assert.is(vector, 3);
  });
}

test("with IOPL 3, CLI and STI change IF, POPF and IRET not IOPL", () => {
  const cpu = virtual([0xfb, 0x9c, 0x58, 0xb9, 0, 0, 0x51, 0x9d, 0x9c,
    0x5b, 0xcc], 3);
  assert.is(ended(cpu), 3);
  assert.is(cpu.w[EAX]! & 0xffff, IF | IOPL | 2);
  assert.is(cpu.w[3]! & 0xffff, IOPL | 2);
});

/** The same with CR4.VME, flags in addition, and a map of vectors in which
 * 0x21 is the program's, and its handler at 1000:0100 an int3. */
function extended(bytes: number[], flags = 0, iopl = 0): Cpu {
  const cpu = virtual(bytes, iopl);
  cpu.w[CR4] = CR4_VME;
  cpu.setEflags(flags, flags);
  cpu.w[24 + 4 * TR + 2] = 0x200;
  cpu.store16(TSS + 102, 0x88);
  for (let i = 0; i < 8; i++) cpu.store32(TSS + 0x68 + 4 * i, -1);
  cpu.store32(TSS + 0x6c, ~2);
  cpu.store32(4 * 0x21, 0x10000100);
  cpu.machine.writePhysical(0x10100, Uint8Array.of(0xcc));
  return cpu;
}

/** VIF, VIP, IF and IOPL in the flags of the frame of an int3. */
function int3Flags(cpu: Cpu): number {
  assert.is(ended(cpu), 3);
  return cpu.peekStack(8, 4) & (VIF | VIP | IF | IOPL);
}

test("VME: CLI and STI change VIF, and STI is #GP if VIP is set", () => {
  assert.is(int3Flags(extended([0xfb, 0xcc])), VIF);
  assert.is(int3Flags(extended([0xfa, 0xcc], VIF | IF)), IF);
  assert.is(int3Flags(extended([0xfa, 0xcc], VIF, 3)), VIF | IOPL);
  assert.is(int3Flags(extended([0xfb, 0xcc], VIP, 3)), VIP | IF | IOPL);
  assert.is(int3Flags(extended([0xfa, 0xcc], VIP)), VIP);
  assert.is(ended(extended([0xfb, 0xcc], VIP)), 13);
});

test("VME: PUSHF shows VIF as IF, and an IOPL of 3", () => {
  const pushed = (flags: number, iopl = 0) => {
    const cpu = extended([0x9c, 0x58, 0xcc], flags, iopl);
    int3Flags(cpu);
    return cpu.w[EAX]! & 0xffff;
  };
  assert.is(pushed(VIF), IF | IOPL | 2);
  assert.is(pushed(IF), IOPL | 2);
  assert.is(pushed(VIF, 3), IOPL | 2, "the real ones");
  assert.is(ended(extended([0x66, 0x9c, 0xcc], VIF)), 13, "pushfd");
});

test("VME: POPF and IRET take VIF from IF's place, or are #GP", () => {
  const popf = (image: number, flags = 0) => {
    const cpu = extended([0x9d, 0xcc], flags);
    cpu.store16(0x2fffe, image);
    return cpu;
  };
  const iret = (image: number, flags = 0) => {
    const cpu = extended([0xcf, 0xcc], flags);
    cpu.w[ESP] = 0x100;
    [1, 0x1000, image].forEach((v, n) => cpu.store16(0x20100 + 2 * n, v));
    return cpu;
  };
  for (const way of [popf, iret]) {
    assert.is(int3Flags(way(IF | IOPL)), VIF);
    assert.is(int3Flags(way(0, VIF | IF)), IF);
    assert.is(int3Flags(way(0, VIP)), VIP);
    assert.is(ended(way(IF, VIP)), 13, "VIP");
    assert.is(ended(way(0x100)), 13, "TF");
  }
  const popfd = extended([0x66, 0x9d]);
  popfd.w[ESP] = 0x100;
  assert.is(ended(popfd), 13, "popfd");
  assert.is(ended(extended([0x66, 0xcf])), 13, "iretd");
});

test("VME: INT n goes where its bit in the TSS says", () => {
  const cpu = extended([0xcd, 0x21], VIF | IF);
  assert.is(int3Flags(cpu), IF);
  assert.equal([frame(cpu, 2), [0, 2, 4].map((n) =>
    cpu.load16(0x2fff8 + n))], [[0x101, 0x1000],
    [2, 0x1000, IF | IOPL | 2]]);
  assert.is(int3Flags(extended([0xcd, 0x21], VIF | IF, 3)), VIF | IOPL);
  assert.is(ended(extended([0xcd, 0x22])), 13, "not its own");
  assert.is(ended(extended([0xcd, 0x22], 0, 3)), 0x22);
  assert.is(ended(virtual([0xcd, 0x21])), 13, "without VME");
});

test("VME: a map of vectors that isn't in the TSS is #GP", () => {
  for (const [map, limit] of [[0x10, 0x200], [0x88, 0x6b], [0x88, 0x66]]) {
    const cpu = extended([0xcd, 0x21]);
    cpu.store16(TSS + 102, map!);
    cpu.w[24 + 4 * TR + 2] = limit!;
    assert.is(ended(cpu), 13, `${map} ${limit}`);
  }
  const cpu = extended([0xcd, 0x21]);
  cpu.w[24 + 4 * TR + 2] = 0x6c;
  assert.is(ended(cpu), 3);
});

test("VME, PVI: who arrives with VIF and VIP is sent back by #GP", () => {
  const both = VIF | VIP;
  const cpu = extended([0xcc], both);
  assert.is(ended(cpu), 13);
  assert.equal(frame(cpu, 2), [0, 0], "before the first instruction");
  assert.is(ended(virtual([0xcc], 0)), 3);
  const plain = virtual([0xcc]);
  plain.setEflags(both, both);
  assert.is(int3Flags(plain), both, "not without VME");
  for (const [cr4, vector] of [[0, 3], [CR4_PVI, 13]]) {
    const user = ring3([0xcc]);
    user.w[CR4] = cr4!;
    user.setEflags(both, both);
    assert.is(ended(user), vector!);
  }
});

/** A CPU in ring 3 of protected mode about to execute bytes. */
function ring3(bytes: number[]): Cpu {
  const cpu = virtual([0x90]);
  cpu.machine.writePhysical(0x7000, Uint8Array.from(bytes));
  cpu.w[CPL] = 0;
  cpu.setEflags(2);
  putSegment(cpu, CS, 8, 0, -1, 0xc09b);
  putSegment(cpu, SS, 0x10, 0, -1, 0xc093);
  cpu.w[ESP] = STACK0 - 20;
  [0x7000, codeOf(3), 2, 0x9000, dataOf(3)].forEach((v, n) =>
    cpu.store32(cpu.w[ESP]! + 4 * n, v));
  interruptReturn(cpu, 4);
  cpu.w[EIP] = cpu.next;
  return cpu;
}

test("PVI: CLI and STI change VIF in ring 3, nothing else does", () => {
  const with3 = (bytes: number[], flags = 0, cr4 = CR4_PVI) => {
    const cpu = ring3(bytes);
    cpu.w[CR4] = cr4;
    cpu.setEflags(flags, flags);
    return cpu;
  };
  assert.is(int3Flags(with3([0xfb, 0xcc])), VIF);
  assert.is(int3Flags(with3([0xfa, 0xcc], VIF | IF)), IF);
  assert.is(ended(with3([0xfb, 0xcc], VIP)), 13);
  assert.is(ended(with3([0xfb, 0xcc], 0, 0)), 13, "without PVI");
  assert.is(ended(with3([0xfb, 0xcc], 0, CR4_VME)), 13, "VME isn't PVI");
  const cpu = with3([0x9c, 0x58, 0xcc], VIF);
  assert.is(int3Flags(cpu), VIF);
  assert.is(cpu.w[EAX]! & (IF | IOPL), 0, "PUSHF shows what is");
});

test("INT3 and INTO aren't sensitive; INT goes by the gate's DPL", () => {
  assert.is(ended(virtual([0xcc])), 3);
  const overflow = virtual([0xb0, 0x7f, 0x04, 1, 0xce]);
  assert.is(ended(overflow), 4);
  const cpu = virtual([0xcd, 0x31], 3);
  assert.is(ended(cpu), 13);
  assert.is(cpu.peekStack(0, 4), 0x31 * 8 + 2);
});

test("a gate that doesn't lead to ring 0 is #GP with its selector", () => {
  const cpu = virtual([0x90]);
  gate(cpu, IDT + 8 * 6, TRAP_GATE, codeOf(1) & ~3, HANDLER);
  deliver(cpu, new Fault(6));
  assert.is(cpu.w[EIP], HANDLER + 13);
  assert.is(cpu.peekStack(0, 4), (codeOf(1) & ~3) | 1);
  const other = virtual([0x90]);
  describe(other, 0x100, CONFORMING);
  gate(other, IDT + 8 * 6, TRAP_GATE, 0x100, HANDLER);
  deliver(other, new Fault(6));
  assert.is(other.peekStack(0, 4), 0x101);
});

test("privileged instructions are #GP, those about selectors #UD", () => {
  for (const bytes of [[0xf4], [0x0f, 0x20, 0xc0], [0x0f, 0x06],
    [0x0f, 0x01, 0x16, 0, 0], [0x0f, 0x32]]) {
    assert.is(ended(virtual(bytes)), 13, `${bytes}`);
  }
  for (const bytes of [[0x0f, 0, 0xc0], [0x0f, 0, 0xd8], [0x0f, 2, 0xc0],
    [0x63, 0xc0]]) assert.is(ended(virtual(bytes)), 6, `${bytes}`);
});

test("ports go by the bitmap, whatever IOPL is", () => {
  const open = (cpu: Cpu, bits: number) => {
    cpu.w[24 + 4 * TR + 2] = 0x200;
    cpu.store16(TSS + 102, 0x68);
    cpu.store32(TSS + 0x68, bits);
    return cpu;
  };
  const input = [0xe4, 0x05, 0xcc]; // in $5, %al
  assert.is(ended(open(virtual(input, 3), 0x20)), 13);
  assert.is(ended(open(virtual(input, 0), ~0x20)), 3);
});

test("an external interrupt leaves it if IF is set", () => {
  const cpu = virtual([0x90, 0x90, 0xcc]);
  writeApic(cpu, 0xf0, 0x1ff);
  raiseInterrupt(cpu, 0x40);
  cpu.w[SYSTEM_FLAGS]! |= IF;
  assert.is(ended(cpu), 0x40);
  assert.is(cpu.peekStack(8, 4), VM | IF | 2);
});

test("far calls and segment loads are those of real mode", () => {
  const cpu = virtual([0x9a, 0x00, 0x01, 0x00, 0x10, 0xcc]);
  cpu.machine.writePhysical(0x10100, Uint8Array.of(
    0xb8, 0x34, 0x12, 0x8e, 0xd8, 0xcb));
  assert.is(ended(cpu), 3);
  assert.equal(frame(cpu, 2), [6, 0x1000]);
  assert.is(cpu.peekStack(24, 4), 0x1234, "ds");
});

test("beyond 64 KiB is #GP(0), with the frame on ring 0's stack", () => {
  const cpu = virtual([0xa1, 0xff, 0xff]);
  assert.is(ended(cpu), 13);
  assert.equal(frame(cpu, 3), [0, 0, 0x1000]);
});

test("a bad stack in the TSS is #TS, and then a double fault", () => {
  const cpu = virtual([0x90]);
  cpu.store32(TSS + 8, 0);
  assert.is(fault(() => { deliver(cpu, new Fault(6)); }), undefined);
  assert.is(cpu.w[ACTIVITY], 3);
});

test.run();
