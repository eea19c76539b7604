// The local APIC, register by register: SDM 3A, chapter 10.
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  acknowledge, ACTIVITY, APIC, APIC_TIMER_EVENT, apicVector, ATTEND_INTERRUPT,
  ATTEND_INTR, ATTEND_NMI, ATTENTION, BASE, CLOCK, CS, EAX, ECX, EDX, EIP,
  Fault, HALTED, IF, intrConnected, isApic, Machine, MSR_APIC_BASE,
  raiseInterrupt, raiseNmi, readApic, RUNNING, segmentRegister, SYSTEM_FLAGS,
  timerCanWake, timerExpired, WAITING, writeApic, writeApicBase,
} from "../src/machine";
import type { Cpu, MachineEvent } from "../src/machine";
import { machineOf } from "./around";

const ON = 0xfee00900, PAGE_AT = 0xfee00000;
const MASK = 0x10000, PERIODIC = 0x20000, ENABLE = 0x100;

/** CPUs that run, with APICs that listen. */
function listening(count = 1): readonly Cpu[] {
  const { cpus } = new Machine({ memory: 0x10000, cpus: count });
  for (const cpu of cpus) {
    cpu.w[ACTIVITY] = RUNNING;
    writeApic(cpu, 0xf0, ENABLE | 0xff);
  }
  return cpus;
}

const read = (cpu: Cpu, at: number) => readApic(cpu, at) >>> 0;

/** What ESR has to tell. */
function told(cpu: Cpu): number {
  writeApic(cpu, 0x280, 0);
  return readApic(cpu, 0x280);
}

/** The vectors that wait in IRR; from 0x100 on, those in service. */
function waiting(cpu: Cpu, register = 0x200): number[] {
  return Array.from({ length: 256 }, (_, v) => v).filter((v) =>
    (readApic(cpu, register + (v >>> 5) * 16) >>> (v & 31)) & 1);
}

const LVT = [0x320, 0x330, 0x340, 0x350, 0x360, 0x370];

// SDM 3A, table 10-1: the registers of a Pentium 4.
const EIGHT = [0, 1, 2, 3, 4, 5, 6, 7].map((n) => n * 16);
const THERE = [0x20, 0x30, 0x80, 0x90, 0xa0, 0xb0, 0xc0, 0xd0, 0xe0, 0xf0,
  ...EIGHT.map((n) => 0x100 + n), ...EIGHT.map((n) => 0x180 + n),
  ...EIGHT.map((n) => 0x200 + n), 0x280, 0x300, 0x310, ...LVT, 0x380, 0x390,
  0x3e0];

// What can be written of them (figures 10-6 to 10-14, 10-23).
const WRITABLE: Record<number, number> = {
  0x20: 0xff000000, 0x80: 0xff, 0xd0: 0xff000000, 0xe0: 0xf0000000,
  0xf0: 0x3ff, 0x300: 0xccfff, 0x310: 0xff000000, 0x320: 0x300ff,
  0x330: 0x107ff, 0x340: 0x107ff, 0x350: 0x1a7ff, 0x360: 0x1a7ff,
  0x370: 0x100ff, 0x380: 0xffffffff, 0x3e0: 0xb,
};

// 10.4.7.1; the number is the CPU's own.
function reset(id: number): Record<number, number> {
  return { 0x20: id << 24, 0x30: 0x50014, 0xe0: 0xffffffff, 0xf0: 0xff,
    ...Object.fromEntries(LVT.map((at) => [at, MASK])) };
}

const all = (cpu: Cpu) => THERE.map((at) => read(cpu, at));

test("behind a reset all is 0 but for what the manual names", () => {
  const { cpus } = new Machine({ memory: 0x10000, cpus: 3 });
  for (const cpu of cpus) {
    const is = reset(cpu.id);
    assert.equal(all(cpu), THERE.map((at) => is[at] ?? 0));
    assert.is(cpu.w[MSR_APIC_BASE]! >>> 0, cpu.id ? 0xfee00800 : ON);
  }
});

test("INIT clears every register but the number", () => {
  const [, cpu] = listening(2) as [Cpu, Cpu], { board } = cpu;
  const fill = () => {
    raiseInterrupt(cpu, 0x90);
    acknowledge(cpu);
    raiseInterrupt(cpu, 0x80);
    readApic(cpu, 0x40);
    for (const at of Object.keys(WRITABLE).map(Number)) {
      if (at !== 0x300) writeApic(cpu, at, at === 0xf0 ? 0x3ff : -1 & ~MASK);
    }
    writeApic(cpu, 0x300, 0xc0dff);
    board.schedule(5, board.addHandler(() => undefined));
  };
  fill();
  cpu.initialize();
  const is = { ...reset(1), 0x20: 0xff000000 } as Record<number, number>;
  assert.equal(all(cpu), THERE.map((at) => is[at] ?? 0));
  assert.equal([told(cpu), cpu.w[ATTENTION]], [0, 0]);
  assert.is(board.queue.some((kind) => kind === APIC_TIMER_EVENT), false);
  assert.is(board.queue.next(() => true), 5, "others' events stay");
  cpu.w.fill(-1, APIC, APIC + 64);
  cpu.initialize();
  const words: Record<number, number> = { 0: -1, 3: -1, 4: 0xff,
    ...Object.fromEntries(LVT.map((_, n) => [8 + n, MASK])) };
  assert.equal([...cpu.w.subarray(APIC, APIC + 64)],
    Array.from({ length: 64 }, (_, n) => words[n] ?? 0));
});

test("every bit of a register is kept, or isn't there", () => {
  for (const [key, mask] of Object.entries(WRITABLE)) {
    const [cpu] = listening() as [Cpu], at = Number(key);
    const always = at === 0xe0 ? 0x0fffffff : 0;
    for (let bit = 0; bit < 32; bit++) {
      // A command that goes to nobody: a mode that isn't one.
      const value = (1 << bit) | (at === 0x300 ? 0x700 : 0);
      const kept = (value & mask | always) >>> 0;
      // While SVR says off, the local vectors are masked.
      writeApic(cpu, at, value);
      assert.is(read(cpu, at), kept, `${at.toString(16)}, bit ${bit}`);
    }
    writeApic(cpu, at, 0);
    assert.is(read(cpu, at), always);
  }
});

test("who writes one register changes no other", () => {
  const [cpu] = listening() as [Cpu];
  raiseInterrupt(cpu, 0x90);
  acknowledge(cpu);
  raiseInterrupt(cpu, 0xa0);
  let n = 0;
  for (const key of Object.keys(WRITABLE)) {
    const at = Number(key), before = all(cpu);
    // The timer's count follows the two; PPR follows TPR.
    const follows = [at, at === 0x80 ? 0xa0 : 0,
      at === 0x380 || at === 0x3e0 ? 0x390 : 0];
    n = n + 0x01010101 & 0x0f0f0f0f;
    writeApic(cpu, at, at === 0xf0 ? 0x1f7 : n | 0x700);
    const after = all(cpu);
    const changed = THERE.filter((_, i) => before[i] !== after[i]);
    assert.equal(changed.filter((one) => !follows.includes(one)), [],
      at.toString(16));
    assert.ok(changed.includes(at), at.toString(16));
  }
  const before = all(cpu);
  readApic(cpu, 0x40);
  assert.equal(all(cpu), before, "errors are noted elsewhere");
  assert.is(told(cpu), 0x80);
});

test("what can't be written isn't, and is no error", () => {
  const [cpu] = listening() as [Cpu];
  raiseInterrupt(cpu, 0x90);
  writeApic(cpu, 0x380, 77);
  const before = all(cpu);
  for (const at of THERE) {
    if (at in WRITABLE || at === 0x280 || at === 0xb0) continue;
    writeApic(cpu, at, -1);
    assert.equal(all(cpu), before, at.toString(16));
  }
  for (let at = 0; at < 0x400; at++) {
    if (at % 16 === 0) continue;
    writeApic(cpu, at, 0x55);
    assert.is(readApic(cpu, at), 0, at.toString(16));
  }
  assert.equal(all(cpu), before);
  assert.is(told(cpu), 0);
});

test("an address without a register is an error, to read and to write",
  () => {
    const [cpu] = listening() as [Cpu];
    for (let at = 0; at < 0x1000; at += 16) {
      const error = THERE.includes(at) ? 0 : 0x80, name = at.toString(16);
      cpu.load32(PAGE_AT + at);
      assert.is(told(cpu), error, name);
      if (at === 0x300) continue;
      cpu.store32(PAGE_AT + at, 0);
      assert.is(told(cpu), error, name);
    }
  });

test("parts of a word can be read, and not written", () => {
  const [cpu] = listening() as [Cpu];
  writeApic(cpu, 0x380, 0x81828384);
  const at = PAGE_AT | 0x380;
  assert.equal([0, 1, 2, 3].map((n) => cpu.load8(at + n)),
    [0x84, 0x83, 0x82, 0x81]);
  assert.equal([0, 1, 2].map((n) => cpu.load16(at + n)),
    [0x8384, 0x8283, 0x8182]);
  assert.is(cpu.load32(at) >>> 0, 0x81828384);
  for (let n = 0; n < 4; n++) cpu.store8(at + n, 0);
  cpu.store16(at, 0);
  cpu.store16(at + 2, 0);
  assert.is(read(cpu, 0x380), 0x81828384);
  cpu.store32(at, 9);
  assert.is(read(cpu, 0x380), 9);
});

test("the page is 4096 bytes, and where the MSR says", () => {
  const [cpu] = listening() as [Cpu];
  const page = () => [0xfed00000, 0xfedfffff, PAGE_AT, 0xfee00fff, 0xfee01000,
    0x3fff, 0x4000, 0x4fff, 0x5000].filter((at) => isApic(cpu, at));
  assert.equal(page(), [PAGE_AT, 0xfee00fff]);
  writeApicBase(cpu, 0x4800, 0);
  assert.equal(page(), [0x4000, 0x4fff]);
  writeApicBase(cpu, 0x4000, 0);
  assert.equal(page(), [], "switched off");
});

// 10.4.4: bits 8, 11 and 12 on are there; the address has 32 bits.
test("of APIC_BASE bits 8, 11 and from 12 on exist, others are #GP", () => {
  for (let bit = 0; bit < 64; bit++) {
    const [cpu] = listening() as [Cpu];
    const value = [0, 0];
    value[bit >> 5] = 1 << (bit & 31);
    const there = bit === 8 || bit >= 11 && bit < 32;
    Object.assign(cpu.w, { [ECX]: 0x1b, [EAX]: value[0], [EDX]: value[1] });
    const write = () => writeApicBase(cpu, value[0]!, value[1]!);
    if (there) write();
    else assert.throws(write, (e: Error) => e instanceof Fault
      && e.vector === 13 && e.error === 0);
    assert.is(cpu.w[MSR_APIC_BASE]! >>> 0, there ? value[0]! >>> 0 : ON,
      `bit ${bit}`);
  }
});

// 10.4.3: who is switched off forgets; to move the page is no switch.
test("the APIC forgets when it is switched off and on, not when it moves",
  () => {
    for (const [base, tpr] of [[0xfee00800, 0x20], [0x4900, 0x20],
      [0xfee00100, 0]]) {
      const [cpu] = listening() as [Cpu];
      writeApic(cpu, 0x80, 0x20);
      writeApic(cpu, 0x20, 0x77 << 24);
      writeApicBase(cpu, base! | 0, 0);
      writeApicBase(cpu, ON | 0, 0);
      assert.equal([readApic(cpu, 0x80), readApic(cpu, 0x20)],
        [tpr, tpr ? 0x77 << 24 : 0], base!.toString(16));
    }
  });

test("APIC that is off by SVR takes nothing, and notes no error of it", () => {
  const [cpu] = listening() as [Cpu], before = all(cpu);
  writeApic(cpu, 0xf0, 0xff);
  assert.equal(THERE.filter((_, i) => all(cpu)[i] !== before[i]), [0xf0]);
  raiseInterrupt(cpu, 0x40);
  raiseInterrupt(cpu, 3);
  assert.equal([waiting(cpu), told(cpu)], [[], 0]);
  assert.equal(LVT.map((at) => readApic(cpu, at)), LVT.map(() => MASK));
  for (const at of LVT) writeApic(cpu, at, 0);
  assert.equal(LVT.map((at) => readApic(cpu, at)), LVT.map(() => MASK));
  writeApic(cpu, 0xf0, ENABLE);
  assert.equal(LVT.map((at) => readApic(cpu, at)), LVT.map(() => MASK));
  for (const at of LVT) writeApic(cpu, at, 0x41);
  writeApic(cpu, 0xf0, ENABLE | 0x30);
  assert.equal(LVT.map((at) => readApic(cpu, at)), LVT.map(() => 0x41));
});

test("each vector has its own bit, and each error its own note", () => {
  const [cpu] = listening() as [Cpu];
  for (let v = 0; v < 16; v++) {
    raiseInterrupt(cpu, v);
    assert.equal([waiting(cpu), told(cpu)], [[], 0x40], "no such vector");
  }
  for (let v = 16; v < 256; v++) {
    raiseInterrupt(cpu, v);
    assert.equal([waiting(cpu), apicVector(cpu)], [[v], v]);
    assert.ok(cpu.w[ATTENTION]! & ATTEND_INTERRUPT);
    assert.is(acknowledge(cpu), v);
    assert.equal([waiting(cpu), waiting(cpu, 0x100)], [[], [v]]);
    assert.is(cpu.w[ATTENTION], 0);
    writeApic(cpu, 0xb0, 0);
    assert.equal([waiting(cpu, 0x100), apicVector(cpu)], [[], -1]);
  }
  writeApic(cpu, 0x370, 0x41);
  readApic(cpu, 0x40);
  assert.is(acknowledge(cpu), 0x41);
  readApic(cpu, 0x40);
  assert.equal(waiting(cpu), [], "the same error");
  raiseInterrupt(cpu, 1);
  assert.equal([waiting(cpu), told(cpu)], [[0x41], 0xc0], "another one");
});

// SDM 3A, 10.5.2 and 10.5.3: vectors 0 to 15 are illegal; bit 5 of ESR tells
// who sent one, bit 6 who received one.
test("16 is the first vector that the APIC takes, 255 the last", () => {
  const ways: [string, number, (cpu: Cpu, vector: number) => void][] = [
    ["to itself", 0x20, (c, v) => writeApic(c, 0x300, 0x40000 | v)],
    ["by its number", 0x20, (c, v) => {
      writeApic(c, 0x310, 0);
      writeApic(c, 0x300, v);
    }],
    ["lowest priority", 0x20, (c, v) => {
      writeApic(c, 0x310, 0xff000000);
      writeApic(c, 0x300, 0x100 | v);
    }],
    ["the timer", 0x40, (c, v) => {
      writeApic(c, 0x320, v);
      timerExpired(c, 0);
    }],
    ["an error", 0x40 | 0x80, (c, v) => {
      writeApic(c, 0x370, v);
      readApic(c, 0x40);
    }],
    ["from elsewhere", 0x40, raiseInterrupt],
  ];
  for (const [name, error, send] of ways) {
    for (const vector of [0, 15, 16, 17, 31, 32, 255]) {
      const [cpu] = listening() as [Cpu], good = vector >= 16;
      send(cpu, vector);
      assert.equal(waiting(cpu), good ? [vector] : [], `${name} ${vector}`);
      assert.is(told(cpu), good ? error & 0x80 : error, `${name} ${vector}`);
    }
  }
});

// SDM 3A, 10.8.3.1: only a class above that of PPR gets through.
test("a class gets through if it is above the processor's, not at it", () => {
  const passes = (vector: number, tpr: number, service?: number) => {
    const [cpu] = listening() as [Cpu];
    if (service !== undefined) {
      raiseInterrupt(cpu, service);
      assert.is(acknowledge(cpu), service);
    }
    writeApic(cpu, 0x80, tpr);
    raiseInterrupt(cpu, vector);
    return apicVector(cpu) === vector;
  };
  const rows: [number, number, number | undefined, boolean][] = [
    [0x10, 0x00, undefined, true], [0x10, 0x0f, undefined, true],
    [0x1f, 0x10, undefined, false], [0x20, 0x1f, undefined, true],
    [0x4f, 0x40, undefined, false], [0x50, 0x4f, undefined, true],
    [0xef, 0xe0, undefined, false], [0xf0, 0xef, undefined, true],
    [0xff, 0xf0, undefined, false], [0xff, 0xff, undefined, false],
    [0x4f, 0x00, 0x40, false], [0x50, 0x00, 0x4f, true],
    [0x50, 0x50, 0x40, false], [0x60, 0x5f, 0x40, true],
    [0xff, 0x00, 0xf0, false], [0xff, 0x00, 0xef, true],
  ];
  for (const [vector, tpr, service, expected] of rows) {
    assert.is(passes(vector, tpr, service), expected,
      [vector, tpr, service].map((n) => n?.toString(16)).join());
  }
});

// As the Pentium's and the P6's manuals have it: TPR if its class is as
// high as that of the vector in service, else that class.
test("PPR is the higher of TPR and of the class in service", () => {
  const rows: [number, number | undefined, number][] = [
    [0, undefined, 0], [0x0f, undefined, 0x0f], [0xff, undefined, 0xff],
    [0x35, 0x47, 0x40], [0x45, 0x43, 0x45], [0x45, 0x47, 0x45],
    [0x55, 0x47, 0x55], [0, 0x1f, 0x10], [0xef, 0xf3, 0xf0],
    [0xf1, 0xf3, 0xf1], [0, 0xff, 0xf0],
  ];
  for (const [tpr, service, ppr] of rows) {
    const [cpu] = listening() as [Cpu];
    if (service !== undefined) {
      raiseInterrupt(cpu, service);
      acknowledge(cpu);
    }
    writeApic(cpu, 0x80, tpr);
    assert.is(readApic(cpu, 0xa0), ppr, `${tpr} ${service}`);
  }
});

test("the highest of those that wait goes first, and EOI ends the highest",
  () => {
    const [cpu] = listening() as [Cpu];
    const all = [0x10, 0x1f, 0x20, 0x3f, 0x40, 0x7f, 0x80, 0xfe, 0xff];
    for (const vector of all) raiseInterrupt(cpu, vector);
    assert.equal(waiting(cpu), all);
    for (let n = all.length; n > 0; n--) {
      assert.is(acknowledge(cpu), all[n - 1]);
      assert.equal(waiting(cpu), all.slice(0, n - 1));
    }
    for (let n = all.length; n > 0; n--) {
      assert.equal(waiting(cpu, 0x100), all.slice(0, n));
      writeApic(cpu, 0xb0, 0);
    }
    writeApic(cpu, 0xb0, 0);
    assert.equal(waiting(cpu, 0x100), []);
  });

// SDM 3A, figure 10-10: bits 3, 1 and 0 of the divide configuration.
test("the timer's eight divisors", () => {
  const divisors = [2, 4, 8, 16, 32, 64, 128, 1];
  divisors.forEach((divisor, n) => {
    const [cpu] = listening() as [Cpu], machine = machineOf(cpu);
    machine.writeRam(0, Uint8Array.of(0xeb, 0xfe));
    writeApic(cpu, 0x3e0, (n & 3) | (n & 4) << 1);
    writeApic(cpu, 0x320, 0x10040);
    writeApic(cpu, 0x380, 3);
    const left: number[] = [];
    for (const ticks of [0, divisor - 1, 1, divisor, divisor - 1, 1]) {
      if (ticks) machine.run({ maxInstructions: ticks });
      left.push(readApic(cpu, 0x390));
    }
    assert.equal(left, [3, 3, 2, 1, 1, 0], `divided by ${divisor}`);
  });
});

test("what is held back isn't the CPU's to take, and isn't lost", () => {
  const [cpu] = listening() as [Cpu];
  for (const vector of [0x41, 0x42, 0x5f]) raiseInterrupt(cpu, vector);
  for (const [tpr, vector] of [[0x50, -1], [0x4f, 0x5f], [0xff, -1]]) {
    writeApic(cpu, 0x80, tpr!);
    assert.is(apicVector(cpu), vector);
    assert.is(cpu.w[ATTENTION], vector! < 0 ? 0 : ATTEND_INTERRUPT);
    assert.equal(waiting(cpu), [0x41, 0x42, 0x5f]);
  }
  writeApic(cpu, 0x80, 0);
  assert.equal([acknowledge(cpu), waiting(cpu)], [0x5f, [0x41, 0x42]]);
  raiseInterrupt(cpu, 0x43);
  assert.equal(waiting(cpu), [0x41, 0x42, 0x43]);
});

test("reasons to attend are kept apart", () => {
  const [cpu] = listening() as [Cpu], { w } = cpu;
  raiseNmi(cpu);
  raiseInterrupt(cpu, 0x40);
  assert.is(w[ATTENTION], ATTEND_NMI | ATTEND_INTERRUPT);
  acknowledge(cpu);
  assert.is(w[ATTENTION], ATTEND_NMI);
  cpu.board.interruptController = { acknowledge: () => 8 };
  w[ATTENTION] = ATTEND_INTERRUPT;
  raiseNmi(cpu);
  writeApic(cpu, 0x350, 0x700);
  cpu.board.intr = true;
  assert.is(w[ATTENTION], ATTEND_NMI | ATTEND_INTERRUPT | ATTEND_INTR);
  cpu.board.intr = false;
  assert.is(w[ATTENTION], ATTEND_NMI | ATTEND_INTERRUPT);
});

test("an error whose entry is masked raises nothing", () => {
  const [cpu] = listening() as [Cpu];
  writeApic(cpu, 0x370, MASK | 0x41);
  readApic(cpu, 0x40);
  assert.equal([waiting(cpu), told(cpu)], [[], 0x80]);
});

/** Sends a command of a mode from CPU 0 to CPU 1 or by a shorthand. */
function send(cpu: Cpu, command: number, to = 1): void {
  writeApic(cpu, 0x310, to << 24);
  writeApic(cpu, 0x300, command);
}

test("delivery modes: who gets what", () => {
  const rows: [number, string][] = [[0, "vector"], [1, "vector"],
    [2, ""], [3, ""], [4, "NMI"], [5, "INIT"], [6, ""], [7, ""]];
  for (const [mode, expected] of rows) {
    const [first, second] = listening(2) as [Cpu, Cpu];
    const seen: MachineEvent[] = [];
    first.board.events.on((e) => seen.push(e));
    second.w[EAX] = 5;
    first.board.woken = false;
    send(first, 0x4040 | mode << 8);
    const got = [waiting(second).join() === "64" ? "vector" : "",
      second.w[ATTENTION]! & ATTEND_NMI ? "NMI" : "",
      second.w[ACTIVITY] === WAITING ? "INIT" : ""].join("");
    assert.is(got, expected, `mode ${mode}`);
    assert.is(first.board.woken, expected !== "", `mode ${mode}`);
    assert.equal([waiting(first), first.w[ATTENTION], first.w[ACTIVITY]],
      [[], 0, RUNNING]);
    assert.equal(seen.map(({ kind, cpu, to, vector, mode }) =>
      [kind, cpu, to, vector, mode]), [["ipi", 0, 1, 64, mode]]);
    assert.is(told(first), 0);
  }
});

test("only fixed and lowest-priority commands need a vector from 16 on",
  () => {
    for (let mode = 0; mode < 8; mode++) {
      for (const vector of [0, 8, 15, 16, 255]) {
        const [first, second] = listening(2) as [Cpu, Cpu];
        send(first, mode << 8 | vector);
        const bad = mode <= 1 && vector < 16;
        assert.is(told(first), bad ? 0x20 : 0, `${mode} ${vector}`);
        assert.equal(waiting(second), mode <= 1 && !bad ? [vector] : []);
      }
    }
  });

test("INIT is heard if its level is asserted, and not by the sender", () => {
  const states = (command: number, to = 1) => {
    const cpus = listening(3);
    send(cpus[1]!, command, to);
    return cpus.map(({ w }) => w[ACTIVITY]);
  };
  assert.equal(states(0x0500, 2), [RUNNING, RUNNING, RUNNING]);
  assert.equal(states(0x8500, 2), [RUNNING, RUNNING, RUNNING]);
  assert.equal(states(0x4500, 2), [RUNNING, RUNNING, WAITING]);
  assert.equal(states(0xc4500), [RUNNING, RUNNING, WAITING]);
  assert.equal(states(0x84500), [RUNNING, RUNNING, WAITING]);
  assert.equal(states(0x4500), [RUNNING, RUNNING, RUNNING]);
});

test("a start-up IPI: CS and EIP from the vector, for who waits", () => {
  for (const vector of [0x01, 0x10, 0x9f]) {
    const [first, second] = listening(2) as [Cpu, Cpu];
    second.w[EIP] = 0x77;
    send(first, 0x4600 | vector);
    assert.is(second.w[EIP], 0x77, "it doesn't wait");
    send(first, 0x4500);
    first.d[CLOCK] = 1000;
    send(first, 0x4600 | vector);
    const { selector, base } = segmentRegister(second, CS);
    assert.equal([selector, base, second.w[EIP], second.w[ACTIVITY],
      second.d[CLOCK]], [vector << 8, vector << 12, 0, RUNNING, 1000]);
    second.w[ACTIVITY] = HALTED;
    send(first, 0x4600 | vector);
    assert.is(second.w[ACTIVITY], HALTED);
  }
});

/** Which of four hear vector 0x40; `set` prepares their APICs. */
function hearers(command: number, to: number,
  set: (cpu: Cpu) => void = () => undefined): number[] {
  const cpus = listening(4);
  cpus.forEach(set);
  send(cpus[2]!, command | 0x40, to);
  const heard = cpus.filter((cpu) => waiting(cpu).length > 0);
  assert.is(told(cpus[2]!), heard.length ? 0 : 4, "not accepted");
  return heard.map((cpu) => cpu.id);
}

test("a physical destination is the number that is written to ID", () => {
  assert.equal([0, 1, 2, 3].map((to) => hearers(0, to)),
    [[0], [1], [2], [3]]);
  const renamed = (cpu: Cpu) => writeApic(cpu, 0x20, 0xc3 + cpu.id << 24);
  assert.equal([0, 0x43, 0xc2, 0xc3, 0xc4, 0xc6, 0xc7].map((to) =>
    hearers(0, to, renamed)), [[], [], [], [0], [1], [3], []]);
  assert.equal(hearers(0, 0xfe), []);
});

test("a shorthand needs no destination", () => {
  for (const to of [0, 1, 0xff]) {
    assert.equal([1, 2, 3].map((n) => hearers(n << 18, to)),
      [[2], [0, 1, 2, 3], [0, 1, 3]]);
  }
});

test("a logical destination: a mask, or a cluster and a mask", () => {
  const model = (dfr: number, own = [0x11, 0x12, 0x31, 0x38]) => (cpu: Cpu) => {
    writeApic(cpu, 0xe0, dfr << 28);
    writeApic(cpu, 0xd0, own[cpu.id]! << 24);
  };
  const rows: [number, number[], number[]][] = [
    [0x01, [0, 2], []], [0x02, [1], []], [0x08, [3], []],
    [0x10, [0, 1, 2, 3], []], [0x20, [2, 3], []], [0x40, [], []],
    [0x11, [0, 1, 2, 3], [0]], [0x12, [0, 1, 2, 3], [1]],
    [0x1f, [0, 1, 2, 3], [0, 1]], [0x21, [0, 2, 3], []],
    [0x3f, [0, 1, 2, 3], [2, 3]], [0x38, [0, 1, 2, 3], [3]],
    [0xf1, [0, 1, 2, 3], []], [0xff, [0, 1, 2, 3], [0, 1, 2, 3]],
    [0x80, [], []],
  ];
  for (const [to, flat, cluster] of rows) {
    assert.equal(hearers(0x800, to, model(15)), flat, `flat ${to}`);
    assert.equal(hearers(0x800, to, model(0)), cluster, `cluster ${to}`);
  }
  const high = model(0, [0xe1, 0xe2, 0x81, 0xf4]);
  assert.equal([0xe3, 0x81, 0xf4, 0x0f, 0xe4].map((to) =>
    hearers(0x800, to, high)), [[0, 1], [2], [3], [], []]);
});

test("lowest priority: the lower PPR, the lower number, an APIC that is on",
  () => {
    const rows: [number[], number][] = [
      [[0, 0, 0, 0], 0], [[1, 0, 0, 0], 1], [[0x30, 0x20, 0x10, 0x20], 2],
      [[0x11, 0x10, 0x10, 0x0f], 3], [[0xff, 0xfe, 0xff, 0xff], 1],
    ];
    for (const [tpr, who] of rows) {
      assert.equal(hearers(0x100, 0xff, (cpu) =>
        writeApic(cpu, 0x80, tpr[cpu.id]!)), [who], `${tpr}`);
    }
    assert.equal(hearers(0x100, 0xff, (cpu) =>
      writeApic(cpu, 0xf0, cpu.id < 3 ? 0xff : ENABLE)), [3]);
    assert.equal(hearers(0x100, 0xff, (cpu) => {
      raiseInterrupt(cpu, cpu.id === 1 ? 0x50 : 0x90);
      acknowledge(cpu);
    }), [1]);
  });

const timers = (cpu: Cpu) => cpu.board.queue.next((id) => id === cpu.id);

test("the timer's event is due at count times divisor", () => {
  const [, cpu] = listening(2) as [Cpu, Cpu];
  cpu.d[CLOCK] = 1000;
  writeApic(cpu, 0x3e0, 1);
  cpu.board.woken = false;
  writeApic(cpu, 0x380, 50);
  assert.equal([timers(cpu), cpu.board.woken], [1000 + 50 * 4, true]);
  writeApic(cpu, 0x380, 0xffffffff);
  assert.is(timers(cpu), 1000 + 0xffffffff * 4, "unsigned, and the only one");
  assert.is(read(cpu, 0x390), 0xffffffff);
  writeApic(cpu, 0x380, 0);
  assert.equal([timers(cpu), readApic(cpu, 0x390)], [Infinity, 0]);
  cpu.d[CLOCK] = 0;
  for (const count of [1, 0]) {
    writeApic(cpu, 0x380, count);
    assert.is(readApic(cpu, 0x390), count, "at time 0");
  }
});

test("another divisor moves the event, if there is one", () => {
  const [cpu] = listening() as [Cpu];
  writeApic(cpu, 0x3e0, 3);
  assert.is(timers(cpu), Infinity);
  writeApic(cpu, 0x380, 100);
  cpu.d[CLOCK] = 160;
  cpu.board.woken = false;
  writeApic(cpu, 0x3e0, 0);
  assert.equal([timers(cpu), read(cpu, 0x390), cpu.board.woken],
    [160 + 90 * 2, 90, true]);
  cpu.d[CLOCK] = 161;
  assert.is(read(cpu, 0x390), 90, "the last tick of a count");
  // Half a count is left over: it lasts as long as half of the new one.
  writeApic(cpu, 0x3e0, 3);
  assert.is(timers(cpu), 161 + 89.5 * 16);
  cpu.d[CLOCK] = 161 + 89.5 * 16 - 1;
  assert.is(read(cpu, 0x390), 1, "one tick");
  writeApic(cpu, 0x3e0, 8);
  assert.is(timers(cpu), 161 + 89.5 * 16 + 1, "two ticks");
  writeApic(cpu, 0x3e0, 0);
  assert.is(timers(cpu), 161 + 89.5 * 16, "an eighth of one, rounded up");
  cpu.d[CLOCK] = timers(cpu);
  assert.is(read(cpu, 0x390), 0);
  writeApic(cpu, 0x3e0, 0);
  writeApic(cpu, 0x3e0, 3);
  assert.is(timers(cpu), 161 + 89.5 * 16, "it is due");
});

test("a timer that runs out: once, or from then on again", () => {
  const run = (entry: number) => {
    const [, cpu] = listening(2) as [Cpu, Cpu];
    writeApic(cpu, 0x3e0, 1);
    writeApic(cpu, 0x320, entry);
    writeApic(cpu, 0x380, 0x80000000);
    cpu.board.queue.cancel(cpu.id, APIC_TIMER_EVENT);
    timerExpired(cpu, 1000);
    return [waiting(cpu).join(), timers(cpu), read(cpu, 0x390)];
  };
  const end = 1000 + 0x80000000 * 4, left = 0x80000000 + 250;
  assert.equal(run(0x10), ["16", Infinity, 0]);
  assert.equal(run(0xfe), ["254", Infinity, 0]);
  assert.equal(run(MASK | 0xfe), ["", Infinity, 0]);
  assert.equal(run(PERIODIC | 0xff), ["255", end, left]);
  assert.equal(run(PERIODIC | MASK | 0xff), ["", end, left]);
});

// A snapshot could claim it.
test("a periodic timer without a count ticks, and time goes on", () => {
  const [cpu] = listening() as [Cpu];
  writeApic(cpu, 0x320, PERIODIC | MASK);
  timerExpired(cpu, 1000);
  assert.is(timers(cpu), 1001);
});

test("a timer wakes whom its interrupt reaches", () => {
  const rows: [number, number, number, boolean][] = [
    [0x40, IF, 0, true], [0x40, 0, 0, false], [MASK | 0x40, IF, 0, false],
    [PERIODIC | 0x40, IF, 0x3f, true], [0x40, IF, 0x40, false],
    [0xff, IF, 0xef, true], [0x10, IF, 0, true], [0x0f, IF, 0, false],
  ];
  for (const [entry, flags, tpr, wakes] of rows) {
    const [cpu] = listening() as [Cpu];
    writeApic(cpu, 0x320, entry);
    writeApic(cpu, 0x80, tpr);
    cpu.w[SYSTEM_FLAGS] = flags;
    assert.is(timerCanWake(cpu), wakes, entry.toString(16));
    writeApic(cpu, 0xf0, 0xff);
    assert.is(timerCanWake(cpu), false, "switched off");
  }
});

test("a sleeper's timer isn't somebody else's", () => {
  const [first, second] = listening(2) as [Cpu, Cpu];
  const machine = machineOf(first);
  for (const cpu of [first, second]) cpu.w[ACTIVITY] = HALTED;
  first.w[SYSTEM_FLAGS] = IF;
  writeApic(second, 0x320, PERIODIC | 0x40);
  writeApic(second, 0x380, 100);
  assert.is(machine.run({ maxInstructions: 10 }).reason, "halted");
  assert.is(machine.time, 0);
});

// 10.5.1: the wire of a PC's controller comes in at LINT0, by mode ExtINT;
// who switches the APIC off is wired as a processor without one.
test("LINT0 lets the controller's wire through by ExtINT alone", () => {
  const machine = new Machine({ memory: 0x10000, cpus: 2 });
  const [cpu, second] = machine.cpus as [Cpu, Cpu];
  assert.is(intrConnected(cpu), false, "no controller");
  machine.interruptController = { acknowledge: () => 8 };
  machine.resetCpu(cpu);
  machine.resetCpu(second);
  assert.equal(LVT.map((at) => read(cpu, at)),
    [MASK, MASK, MASK, 0x700, MASK, MASK]);
  assert.equal(LVT.map((at) => read(second, at)), LVT.map(() => MASK));
  machine.intr = true;
  const heard = () => {
    const attends = (cpu.w[ATTENTION]! & ATTEND_INTR) !== 0;
    assert.is(intrConnected(cpu), attends);
    return attends;
  };
  assert.is(heard(), true);
  assert.equal([intrConnected(second), second.w[ATTENTION]], [false, 0]);
  writeApic(cpu, 0xf0, 0xff);
  assert.is(heard(), false, "SVR masks it");
  writeApic(cpu, 0xf0, 0x1ff);
  for (let mode = 0; mode < 8; mode++) {
    machine.woken = false;
    writeApic(cpu, 0x350, mode << 8);
    assert.is(heard(), mode === 7);
    assert.is(machine.woken, mode === 7);
    writeApic(cpu, 0x350, MASK | mode << 8);
    assert.is(heard(), false);
  }
  writeApic(cpu, 0x360, 0x700);
  assert.is(heard(), false, "the other pin");
  writeApicBase(cpu, PAGE_AT | 0, 0);
  assert.is(heard(), true, "switched off");
  machine.intr = false;
  assert.is((cpu.w[ATTENTION]! & ATTEND_INTR), 0);
});

test.run();
