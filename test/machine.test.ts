import { test } from "uvu";
import * as assert from "uvu/assert";
import { assemble } from "../src/assembler";
import {
  ACTIVITY, APIC_TIMER_EVENT, ATTENTION, CLOCK, CR0, EAX, EBX, ECX, EDX,
  EIP, ESP, HALTED, IF,
  layOut, loadIdtr, Machine, MULTIBOOT_EAX, raiseInterrupt, readApic,
  registers, snapshotOptions, SYSTEM_FLAGS, WAITING, writeApic,
  loadGdtr, readMsr, timeStamp, writeMsr,
} from "../src/machine";
import type { MachineEvent, MachineOptions, Schedule } from "../src/machine";
import { machineOf } from "./around";
import { describe, gate, IDT, INT_GATE, CODE, GDT } from "./tables";

/** A machine that begins at a program; ESP is 0x9000. */
function load(text: string, options: Partial<MachineOptions> = {}): Machine {
  const machine = new Machine({ memory: 0x100000, ...options });
  const { bytes } = assemble(text, { origin: 0x4000 });
  machine.writeRam(0x4000, bytes);
  const cpu = machine.cpus[0]!;
  loadGdtr(cpu, GDT, 0x3ff);
  describe(cpu, 8, CODE);
  loadIdtr(cpu, IDT, 0x7ff);
  cpu.w[EIP] = 0x4000;
  cpu.w[ESP] = 0x9000;
  return machine;
}

/** Compares two snapshots, and names the first word that differs. */
function same(a: Uint8Array, b: Uint8Array, when = ""): void {
  assert.is(a.length, b.length, when);
  const one = new Int32Array(a.buffer), two = new Int32Array(b.buffer);
  const at = one.findIndex((word, i) => word !== two[i]);
  assert.is(at, -1, `${when} word ${at}`);
}

const endless = "1: inc %eax\n jmp 1b\n";

test("a machine stops exactly, and goes on as if it hadn't", () => {
  const whole = load(endless), parts = load(endless);
  assert.equal(whole.run({ maxInstructions: 1001 }),
    { reason: "budget", count: 1001 });
  for (const n of [1, 0, 7, 493, 500]) parts.run({ maxInstructions: n });
  same(parts.snapshot(), whole.snapshot());
  assert.is(whole.cpus[0]!.w[EAX], (MULTIBOOT_EAX + 501) | 0);
});

test("hlt with interrupts off and nothing queued ends the run", () => {
  const machine = load("nop\n cli\n hlt\n");
  assert.equal(machine.run(), { reason: "halted", count: 3 });
  assert.equal(machine.run(), { reason: "halted", count: 3 });
});

test("a triple fault ends the run", () => {
  const machine = load("ud2\n");
  loadIdtr(machine.cpus[0]!, 0, 0);
  assert.is(machine.run().reason, "shutdown");
});

test("stopWhen and requestStop end the run before an instruction", () => {
  const machine = load(endless);
  const stopWhen = () => machine.count === 37;
  assert.equal(machine.run({ stopWhen }), { reason: "stopped", count: 37 });
  machine.events.on(() => machine.requestStop());
  machine.cpus[0]!.w[EIP] = 0x5000;
  machine.writeRam(0x5000, Uint8Array.of(0xcd, 0x40));
  gate(machine.cpus[0]!, IDT + 8 * 0x40, INT_GATE, 8, 0x4000);
  assert.equal(machine.run(), { reason: "stopped", count: 38 });
});

const sleeper = `
    movl $0x1ff, 0xfee000f0
    movl $0x40, 0xfee00320
    movl $0x3, 0xfee003e0
    movl $1000, 0xfee00380
    sti
    hlt
    cli
    hlt
`;
const ticker = `
handler:
    inc %ebx
    movl $0, 0xfee000b0
    iret
`;

function withTicker(text: string, options: Partial<MachineOptions> = {}) {
  const machine = load(text, options), cpu = machine.cpus[0]!;
  const { bytes } = assemble(ticker, { origin: 0x6000 });
  machine.writeRam(0x6000, bytes);
  gate(cpu, IDT + 8 * 0x40, INT_GATE, 8, 0x6000);
  return machine;
}

test("time jumps to the timer when all CPUs sleep", () => {
  const machine = withTicker(sleeper), cpu = machine.cpus[0]!;
  cpu.w[EBX] = 0;
  const { reason, count } = machine.run({ maxInstructions: 1000 });
  assert.is(reason, "halted");
  assert.is(cpu.w[EBX], 1);
  // Six to the hlt, the delivery, three of the handler, cli and hlt.
  assert.is(count, 6 + 1 + 3 + 2);
  // The timer was set by the fourth instruction: 16 ticks a count.
  assert.is(cpu.d[CLOCK], 3 + 16000 + 6);
});

test("a periodic timer interrupts a loop at equal distances", () => {
  const text = sleeper.replace("$0x40", "$0x20040")
    .replace("sti\n    hlt\n    cli\n    hlt", "sti\n1: jmp 1b");
  const machine = withTicker(text), at: number[] = [];
  machine.events.on((e) => {
    if (e.kind === "interrupt") at.push(machine.cpus[0]!.clock);
  });
  machine.run({ maxInstructions: 50000 });
  assert.equal(at, [16003, 32003, 48003]);
});

test("a masked or unreceivable timer doesn't keep a machine alive", () => {
  for (const lvt of ["$0x30040", "$0x20008"]) {
    const machine = withTicker(sleeper.replace("$0x40", lvt));
    assert.is(machine.run({ maxInstructions: 1000 }).reason, "halted");
  }
});

test("the timer's current count runs down and can be read", () => {
  const machine = load(endless), cpu = machine.cpus[0]!;
  writeApic(cpu, 0x3e0, 0xb);
  writeApic(cpu, 0x380, 100);
  assert.is(readApic(cpu, 0x390), 100);
  machine.run({ maxInstructions: 40 });
  assert.is(readApic(cpu, 0x390), 60);
  machine.run({ maxInstructions: 70 });
  assert.is(readApic(cpu, 0x390), 0);
});

test("an APIC that is off masks its local vectors", () => {
  const cpu = load(endless).cpus[0]!;
  writeApic(cpu, 0x320, 0x20040);
  assert.is(readApic(cpu, 0x320), 0x30040, "in vain");
  writeApic(cpu, 0xf0, 0x1ff);
  writeApic(cpu, 0x320, 0x20040);
  assert.is(readApic(cpu, 0x320), 0x20040);
  writeApic(cpu, 0xf0, 0xff);
  assert.is(readApic(cpu, 0x320), 0x30040);
});

test("an APIC that is switched off is not reported, and not there", () => {
  const program = (base: string) => `
    movl $0x1b, %ecx
    rdmsr
    ${base}
    wrmsr
    movl $1, %eax
    cpuid
    movl 0xfee00030, %ebx
    hlt`;
  const run = (base: string) => {
    const machine = load(program(base)), { w } = machine.cpus[0]!;
    const { reason } = machine.run({ maxInstructions: 100 });
    return [reason, (w[EDX]! >> 9) & 1, w[EBX]];
  };
  assert.equal(run("nop"), ["halted", 1, 0x50014]);
  assert.equal(run("andl $~0x800, %eax"), ["halted", 0, -1]);
  for (const bad of ["orl $1, %eax", "orl $0x400, %eax", "incl %edx"]) {
    assert.is(run(bad)[0], "shutdown", "#GP");
  }
});

test("priorities: TPR and what is in service hold lower ones back", () => {
  const machine = load(endless), cpu = machine.cpus[0]!;
  for (const v of [0x40, 0x41, 0x50, 0x60]) {
    gate(cpu, IDT + 8 * v, INT_GATE, 8, 0x4000);
  }
  const taken: number[] = [];
  machine.events.on((e) => {
    if (e.kind === "interrupt") taken.push(e.vector as number);
  });
  const open = () => { cpu.w[SYSTEM_FLAGS] = IF; machine.run(
    { maxInstructions: 5 }); };
  writeApic(cpu, 0xf0, 0x1ff);
  raiseInterrupt(cpu, 0x40);
  raiseInterrupt(cpu, 0x50);
  writeApic(cpu, 0x80, 0x50);
  open();
  assert.equal(taken, []);
  writeApic(cpu, 0x80, 0);
  open();
  open();
  assert.equal(taken, [0x50]);
  raiseInterrupt(cpu, 0x60);
  open();
  assert.equal(taken, [0x50, 0x60], "nested");
  writeApic(cpu, 0xb0, 0);
  writeApic(cpu, 0xb0, 0);
  open();
  assert.equal(taken, [0x50, 0x60, 0x40]);
});

test("sti holds interrupts back for one instruction", () => {
  const machine = load("sti\n nop\n nop\n hlt\n"), cpu = machine.cpus[0]!;
  gate(cpu, IDT + 8 * 0x40, INT_GATE, 8, 0x4003);
  writeApic(cpu, 0xf0, 0x1ff);
  raiseInterrupt(cpu, 0x40);
  let eip: unknown;
  machine.events.on((e) => { eip ??= e.eip; });
  machine.run({ maxInstructions: 4 });
  assert.is(eip, 0x4002);
});

test("a second CPU is started by INIT and SIPI, in real mode", () => {
  const machine = load(`
    movl $0x1ff, 0xfee000f0
    movl $0x01000000, 0xfee00310
    movl $0x4500, 0xfee00300
    movl $0x4605, 0xfee00300
    cli
    hlt
  `, { cpus: 2 });
  // mov $0x1234,%ax; mov %cs,%bx; hlt
  machine.writeRam(0x5000,
    Uint8Array.of(0xb8, 0x34, 0x12, 0x8c, 0xcb, 0xf4));
  const second = machine.cpus[1]!;
  assert.is(second.w[ACTIVITY], WAITING);
  assert.is(machine.run({ maxInstructions: 100 }).reason, "halted");
  assert.is(second.w[EAX], 0x1234);
  assert.is(second.w[EBX], 0x500);
  assert.is(second.w[ACTIVITY], HALTED);
  assert.is(second.retired, 3);
});

test("INIT leaves alone what RESET clears: MSRs, time stamp, cache", () => {
  const machine = load(endless, { cpus: 2 }), cpu = machine.cpus[1]!;
  const { w } = cpu;
  const set = (number: number, value: number) => {
    Object.assign(w, { [ECX]: number, [EAX]: value, [EDX]: 0 });
    writeMsr(cpu);
  };
  const all = () => [...[0x1b, 0x174, 0x186, 0xc1].map((number) => {
    w[ECX] = number;
    readMsr(cpu);
    return w[EAX]! >>> 0;
  }), w[CR0]! >>> 0, readApic(cpu, 0x20) >>> 24, readApic(cpu, 0xf0)];
  set(0x10, 0x70000000);
  set(0x174, 0x1234);
  set(0x186, 0x4100c0);
  set(0xc1, 0x55555);
  set(0x1b, 0x42000800);
  writeApic(cpu, 0x20, 5 << 24);
  writeApic(cpu, 0xf0, 0x1ff);
  w[CR0] = 0x11;
  machine.run({ maxInstructions: 1000 });
  cpu.initialize();
  assert.equal(all(), [0x42000800, 0x1234, 0x4100c0, 0x55555, 0x10, 5, 0xff]);
  assert.ok(timeStamp(cpu) >= 0x70000000);
  cpu.initialize("RESET");
  assert.equal(all(), [0xfee00800, 0, 0, 0, 0x60000010, 1, 0xff]);
  assert.is(timeStamp(cpu), 0);
});

test("another divisor of the timer: the count goes on from there", () => {
  const machine = load(endless), cpu = machine.cpus[0]!;
  const count = () => readApic(cpu, 0x390);
  writeApic(cpu, 0x3e0, 3);
  writeApic(cpu, 0x380, 1000);
  machine.run({ maxInstructions: 160 });
  assert.is(count(), 990);
  writeApic(cpu, 0x3e0, 0xb);
  assert.is(count(), 990);
  machine.run({ maxInstructions: 90 });
  assert.is(count(), 900);
  writeApic(cpu, 0x3e0, 0);
  machine.run({ maxInstructions: 200 });
  assert.is(count(), 800);
  machine.run({ maxInstructions: 1600 });
  assert.is(count(), 0);
});

test("the APIC's page hides the RAM that is behind it", () => {
  const machine = load(`
    movl 0x8030, %eax
    movl $0x1b, %ecx
    xorl %edx, %edx
    movl $0x8900, %eax
    movl 0x8030, %esi
    wrmsr
    movl 0x8030, %ebx
    movl $0x55, 0x8080
    movl $0xfee00900, %eax
    wrmsr
    movl 0x8030, %edi
    movl 0x8080, %ebp
    hlt`), cpu = machine.cpus[0]!;
  machine.writeRam(0x8030, Uint8Array.of(0x78, 0x56, 0x34, 0x12));
  assert.is(machine.run({ maxInstructions: 100 }).reason, "halted");
  const { ebx, esi, edi, ebp } = registers(cpu);
  assert.equal([ebx, esi, edi, ebp], [0x50014, 0x12345678, 0x12345678, 0]);
  assert.is(readApic(cpu, 0x80), 0x55);
});

test("an APIC that is switched off hears no commands", () => {
  const machine = load(endless, { cpus: 2 }), [first, second] = machine.cpus;
  machine.resetCpu(second!);
  const { w } = second!;
  for (const [base, heard] of [[0xfee00000, 0], [0xfee00800, 1]]) {
    Object.assign(w, { [ECX]: 0x1b, [EAX]: base, [EDX]: 0 });
    writeMsr(second!);
    w[ATTENTION] = 0;
    writeApic(first!, 0x310, 1 << 24);
    writeApic(first!, 0x300, 0x4400);
    assert.is(w[ATTENTION] === 0 ? 0 : 1, heard);
  }
});

/** Who of four CPUs hears a command, with that upper half. */
function hearers(command: number, to: number, dfr = -1, ldr = [1, 2, 4, 8],
  tpr = [0, 0, 0, 0], svr = [0x1ff, 0x1ff, 0x1ff, 0x1ff]): number[] {
  const { cpus } = load(endless, { cpus: 4 });
  cpus.forEach((cpu, i) => {
    writeApic(cpu, 0xf0, svr[i]!);
    writeApic(cpu, 0xe0, dfr);
    writeApic(cpu, 0xd0, ldr[i]! << 24);
    writeApic(cpu, 0x80, tpr[i]!);
  });
  writeApic(cpus[0]!, 0x310, to << 24);
  writeApic(cpus[0]!, 0x300, command | 0x40);
  return cpus.filter((cpu) => readApic(cpu, 0x220) === 1).map((c) => c.id);
}

test("an IPI's destination: physical, flat, in clusters, shorthands", () => {
  assert.equal(hearers(0, 2), [2]);
  assert.equal(hearers(0, 9), []);
  assert.equal(hearers(0, 0xff), [0, 1, 2, 3]);
  assert.equal(hearers(0x800, 6), [1, 2]);
  assert.equal(hearers(0x800, 0xff, -1, [0, 0, 0, 0]), [0, 1, 2, 3]);
  const clusters = [0x11, 0x12, 0x21, 0x22];
  assert.equal(hearers(0x800, 0x13, 0, clusters), [0, 1]);
  assert.equal(hearers(0x800, 0x22, 0, clusters), [3]);
  assert.equal(hearers(0x800, 0x13, -1, clusters), [0, 1, 2, 3], "flat");
  assert.equal(hearers(0x800, 0xff, 0, clusters), [0, 1, 2, 3]);
  assert.equal(hearers(1 << 18, 3), [0]);
  assert.equal(hearers(3 << 18, 0), [1, 2, 3]);
});

test("lowest priority: one hears it, who does the least", () => {
  const ldr = [1, 2, 4, 8];
  assert.equal(hearers(0x900, 0x0f), [0]);
  assert.equal(hearers(0x900, 0x0e), [1]);
  assert.equal(hearers(0x900, 0x0f, -1, ldr, [9, 8, 7, 7]), [2]);
  assert.equal(hearers(0x900, 0x30), []);
  const off = [0xff, 0xff, 0x1ff, 0x1ff];
  assert.equal(hearers(0x900, 0x0f, -1, ldr, [0, 0, 9, 8], off), [3]);
});

test("bits of the APIC that only report can't be written", () => {
  const cpu = load(endless).cpus[0]!;
  writeApic(cpu, 0xf0, 0x1ff);
  const all = [0x320, 0x330, 0x340, 0x350, 0x360, 0x370, 0x300];
  for (const at of all) writeApic(cpu, at, -1 & ~0xc0000);
  assert.equal(all.map((at) => readApic(cpu, at)), [0x300ff, 0x107ff,
    0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff, 0xcfff]);
});

test("the APIC notes errors, once for each sort, and ESR tells", () => {
  const cpu = load(endless).cpus[0]!, taken: unknown[] = [];
  cpu.board.events.on((e) => {
    if (e.kind === "interrupt") taken.push(e.vector);
  });
  const told = () => {
    writeApic(cpu, 0x280, 0);
    return readApic(cpu, 0x280);
  };
  writeApic(cpu, 0xf0, 0x1ff);
  assert.is(told(), 0);
  writeApic(cpu, 0x310, 9 << 24);
  writeApic(cpu, 0x300, 0x40);
  assert.is(readApic(cpu, 0x280), 0, "not before it is written");
  assert.is(told(), 4, "nobody there");
  writeApic(cpu, 0x300, 0x4000f);
  assert.is(told(), 0x20, "no such vector");
  readApic(cpu, 0x40);
  writeApic(cpu, 0x3f0, 1);
  raiseInterrupt(cpu, 15);
  assert.is(told(), 0xc0);
  assert.is(told(), 0, "told once");
  for (const at of [0x20, 0x30, 0x80, 0x90, 0xa0, 0xb0, 0xc0, 0xd0, 0xe0, 0xf0,
    0x100, 0x270, 0x280, 0x300, 0x310, 0x320, 0x370, 0x380, 0x390, 0x3e0]) {
    readApic(cpu, at);
  }
  assert.is(told(), 0, "all those exist");
  // By an interrupt, if its entry is open; its own vector may be bad, too.
  gate(cpu, IDT + 8 * 0x41, INT_GATE, 8, 0x4000);
  writeApic(cpu, 0x370, 0x41);
  raiseInterrupt(cpu, 3);
  raiseInterrupt(cpu, 3);
  cpu.w[SYSTEM_FLAGS] = IF;
  machineOf(cpu).run({ maxInstructions: 5 });
  assert.equal(taken, [0x41]);
  writeApic(cpu, 0x370, 0x0e);
  told();
  raiseInterrupt(cpu, 3);
  assert.is(told(), 0x40);
});

test("a timer whose class is held back wakes nobody", () => {
  for (const [vector, tpr, woken] of
    [[0x4f, 0x40, 0], [0x50, 0x4f, 1], [0x10, 0, 1], [0x10, 0x10, 0]]) {
    const machine = withTicker(sleeper.replace("$0x40", `$${vector}`));
    const cpu = machine.cpus[0]!;
    gate(cpu, IDT + 8 * vector!, INT_GATE, 8, 0x6000);
    cpu.w[EBX] = 0;
    writeApic(cpu, 0x80, tpr!);
    assert.is(machine.run({ maxInstructions: 1000 }).reason, "halted");
    assert.equal([cpu.w[EBX], machine.time > 16000], [woken, woken === 1]);
  }
});

/** Two CPUs that count; the second is put to work by hand. */
function pair(options: Partial<MachineOptions> = {}): Machine {
  const machine = load("1: inc %eax\n lock incl 0x8000\n jmp 1b\n",
    { cpus: 2, ...options });
  const second = machine.cpus[1]!;
  machine.resetCpu(second);
  second.w[EIP] = 0x4000;
  second.w[ESP] = 0xa000;
  return machine;
}

const schedules: Schedule[] = [
  { kind: "round-robin", quantum: 10 },
  { kind: "random", quantum: 30 },
  { kind: "list", turns: [{ cpu: 0, instructions: 3 },
    { cpu: 1, instructions: 7 }, { cpu: 1, instructions: 1 }] },
  { kind: "list", turns: [{ cpu: 1, instructions: 950 }], then: 40 },
  { kind: "priorities", quantum: 30, order: [1, 0], changes: [1010, 2005] },
];

for (const schedule of schedules) {
  test(`schedule ${schedule.kind}: the same however it is cut`, () => {
    const whole = pair(), parts = pair();
    whole.run({ maxInstructions: 3000, schedule });
    for (let i = 0; i < 30; i++) {
      parts.run({ maxInstructions: 100, schedule });
    }
    same(parts.snapshot(), whole.snapshot());
    assert.ok(whole.cpus.every((cpu) => cpu.retired > 800));
  });
}

test("random schedules depend on the seed alone", () => {
  const order = (seed: number) => {
    const machine = pair({ seed });
    machine.run({ maxInstructions: 3000, schedule: schedules[1]! });
    return machine.cpus[0]!.retired;
  };
  assert.is(order(5), order(5));
  assert.is.not(order(5), order(6));
});

test("a snapshot of a busy machine restores into another", () => {
  const text = sleeper.replace("$0x40", "$0x20040")
    .replace("sti\n    hlt\n    cli\n    hlt", "sti\n1: inc %eax\n jmp 1b");
  const first = withTicker(text);
  first.run({ maxInstructions: 20000 });
  const bytes = first.snapshot();
  const second = new Machine(snapshotOptions(bytes));
  second.restore(bytes);
  first.run({ maxInstructions: 30000 });
  second.run({ maxInstructions: 30000 });
  same(second.snapshot(), first.snapshot());
});

test("events that promise to wake somebody, and never do, have an end", () => {
  const machine = load("sti\n hlt");
  const kind = machine.addHandler(() =>
    machine.schedule(machine.time + 1, kind, 0), () => true);
  machine.schedule(100, kind, 0);
  assert.is(machine.run({ maxInstructions: 100 }).reason, "halted");
  assert.is(machine.time, 100 + 999_999, "a million of them");
});

test("restoring forgets what was decoded", () => {
  const machine = load(endless);
  const before = machine.snapshot();
  machine.run({ maxInstructions: 10 });
  machine.restore(before);
  const other = load("1: dec %eax\n jmp 1b\n");
  other.run({ maxInstructions: 10 });
  other.restore(before);
  other.run({ maxInstructions: 10 });
  assert.is(other.cpus[0]!.w[EAX], (MULTIBOOT_EAX + 5) | 0);
});

test("snapshots that aren't, aren't whole, or don't fit, are refused", () => {
  const machine = load(endless), good = machine.snapshot();
  const refuse = (bytes: Uint8Array, why: RegExp, m = machine) =>
    assert.throws(() => m.restore(bytes), (error: Error) =>
      error.name === "SnapshotError" && why.test(error.message));
  refuse(new Uint8Array(0), /not a snapshot/);
  refuse(new TextEncoder().encode("a".repeat(5000)), /not a snapshot/);
  refuse(good.slice(0, good.length - 1), /truncated/);
  refuse(good.slice(0, 100), /truncated/);
  const damaged = good.slice();
  damaged[good.length - 4000]! ^= 1;
  refuse(damaged, /checksum/);
  const newer = good.slice();
  newer[4] = 99;
  refuse(newer, /version 99/);
  refuse(good, /CPUs is 1, here it is 2/, pair());
  refuse(good, /RAM/, new Machine({ memory: 0x200000 }));
  refuse(good, /data TLB/, new Machine({ memory: 0x100000, dataTlb: 8 }));
  const forgetful = new Machine({ memory: 0x100000, forgetsGlobals: true });
  refuse(good, /forgetting global entries is 0, here it is 1/, forgetful);
  refuse(forgetful.snapshot(), /is 1, here it is 0/);
  assert.is(snapshotOptions(forgetful.snapshot()).forgetsGlobals, true);
  assert.is(snapshotOptions(good).forgetsGlobals, false);
});

test("devices: ports, memory, state in the block, and nobody", () => {
  const machine = load(`
    mov $0x80,%al
    out %al,$0x10
    in $0x10,%al
    movb %al,0xd0000001
    mov 0xd0000000,%ebx
    in $0x20,%eax
    hlt
  `);
  const state = machine.allocateState("echo", 2);
  machine.addDevice({
    name: "echo", ports: { from: 0x10, length: 4 },
    memory: { from: 0xd0000000, length: 16 },
    readPort: () => state[0]!,
    writePort: (_offset, _size, value) => { state[0] = value + 1; },
    readMemory: () => state[1]!,
    writeMemory: (offset, size, value) => {
      state[1] = value | (offset << 8) | (size << 16);
    },
  });
  machine.run({ maxInstructions: 20 });
  const cpu = machine.cpus[0]!;
  assert.is(cpu.w[EBX], 0x00010181);
  assert.is(cpu.w[EAX], -1);
  const other = load("hlt\n");
  other.allocateState("echo", 2);
  other.restore(machine.snapshot());
});

test("queued events come at their time, in order, and survive", () => {
  const told: number[] = [];
  const make = () => {
    const machine = load(endless);
    const kind = machine.addHandler((n) => told.push(n, machine.time));
    return { machine, kind };
  };
  const { machine, kind } = make();
  for (const [when, n] of [[30, 1], [10, 2], [30, 3], [20, 4]] as const) {
    machine.schedule(when, kind, n);
  }
  assert.ok(kind > APIC_TIMER_EVENT);
  machine.run({ maxInstructions: 15 });
  const other = make().machine;
  other.restore(machine.snapshot());
  other.run({ maxInstructions: 100 });
  assert.equal(told, [2, 10, 4, 20, 1, 30, 3, 30]);
});

test("events are free when nobody listens, and listeners can leave", () => {
  const machine = load("int $0x40\n"), seen: MachineEvent[] = [];
  assert.is(machine.events.active, false);
  const off = machine.events.on((event) => seen.push(event));
  gate(machine.cpus[0]!, IDT + 8 * 0x40, INT_GATE, 8, 0x4000);
  machine.run({ maxInstructions: 2 });
  off();
  machine.run({ maxInstructions: 2 });
  assert.is(machine.events.active, false);
  assert.equal(seen.map((e) => [e.kind, e.cpu, e.count, e.vector]),
    [["interrupt", 0, 0, 0x40], ["interrupt", 0, 1, 0x40]]);
});

/** Pages, global and not, flushes, a timer, and code that changes. */
const busy = `
    mov $0x10000,%edi
    movl $0x11007,(%edi)
    mov $0x12007,%eax
    mov %eax,0xfec(%edi)
    movl $0xfee00003,0x12000+0x800
    xor %ecx,%ecx
1:  mov %ecx,%eax
    shl $12,%eax
    or $7,%eax
    test $3,%cl
    jnz 2f
    or $0x100,%eax
2:  mov %eax,0x11000(,%ecx,4)
    inc %ecx
    cmp $128,%ecx
    jne 1b
    mov %edi,%cr3
    mov $0x80,%eax
    mov %eax,%cr4
    mov $0x80000011,%eax
    mov %eax,%cr0
    movl $0x1ff,0xfee000f0
    movl $0x20040,0xfee00320
    movl $300,0xfee00380
    sti
    xor %esi,%esi
    xor %ebp,%ebp
3:  imul $0x19660d,%ebp,%ebp
    add $0x3c6ef35f,%ebp
    mov %ebp,%eax
    shr $13,%eax
    and $0x3f,%eax
    shl $12,%eax
    incl 0x40000(%eax)
    mov %eax,5f+1
5:  mov $0,%edx
    add %edx,%esi
    test $0x3000000,%ebp
    jnz 4f
    mov %edi,%cr3
4:  test $0x7c00000,%ebp
    jnz 3b
    invlpg 0x40000(%eax)
    jmp 3b
`;

test("the scratch part can be dropped between any two instructions", () => {
  const options = { dataTlb: 16, codeTlb: 2 };
  const whole = withTicker(busy, options);
  const cut = withTicker(busy, options);
  let x = 7, left = 20000;
  whole.run({ maxInstructions: left });
  while (left > 0) {
    x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
    const n = Math.min(left, (x >>> 8) % 97);
    cut.run({ maxInstructions: n });
    left -= n;
    if (x & 0x100) cut.cpus[0]!.refresh();
    if (x & 0x200) cut.dropAllCode();
  }
  same(cut.snapshot(), whole.snapshot());
  assert.ok(whole.cpus[0]!.w[EBX]! > 30, "the timer was busy");
});

test("snapshots at fifty counts restore and end the same", () => {
  const options = { dataTlb: 16, codeTlb: 2 }, all = 6000;
  const whole = withTicker(busy, options);
  whole.run({ maxInstructions: all });
  const end = whole.snapshot(), other = withTicker(busy, options);
  const first = withTicker(busy, options);
  for (let i = 0; i < 50; i++) {
    first.run({ maxInstructions: (i * 37) % 230 });
    other.restore(first.snapshot());
    other.run({ maxInstructions: all - other.count });
    same(other.snapshot(), end, `count ${first.count}`);
  }
});

test("an endless chain of faults uses up the budget", () => {
  const machine = load("ud2\n"), cpu = machine.cpus[0]!;
  gate(cpu, IDT + 8 * 6, INT_GATE, 8, 0x4000);
  assert.equal(machine.run({ maxInstructions: 500 }),
    { reason: "budget", count: 500 });
});

test("sizes that can't be are refused in a sentence", () => {
  for (const bad of [{ memory: 0 }, { memory: 100 }, { memory: 4096.5 },
    { memory: 8192, cpus: 0 }, { memory: 8192, cpus: 17 },
    { memory: 8192, dataTlb: 0 }]) {
    assert.throws(() => layOut(bad), (e: Error) => e instanceof RangeError);
  }
});

test("registers are named and unsigned", () => {
  const machine = load(endless), found = registers(machine.cpus[0]!);
  machine.cpus[0]!.w[ECX] = -1;
  assert.is(registers(machine.cpus[0]!).ecx, 0xffffffff);
  assert.is(found.eip, 0x4000);
  assert.is(found.cs, 8);
  assert.is(found.eflags, 2);
  assert.is(found.cr0, 0x11);
});

test.run();
