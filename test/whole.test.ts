// The machine as a whole: its bus, its clocks and turns, what it takes back.
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  ACTIVITY, APIC_TIMER_EVENT, CLOCK, CR0, CS, EIP, HALTED, H_SCHEDULE_CPU,
  IF, Machine, NO_CPU, NOT_READ, NOT_WRITTEN, portIn, portOut, RUNNING,
  SEGMENTS, SHUTDOWN, SYSTEM_FLAGS, WAITING,
} from "../src/machine";
import type {
  Cpu, Device, MachineEvent, MachineOptions, Schedule,
} from "../src/machine";

const MEMORY = 0x200000, ROM = 0x40000;

/** A machine whose CPUs all execute `jmp .` at 0x1000, flat. */
function looping(options: Partial<MachineOptions> = {}): Machine {
  const machine = new Machine({ memory: MEMORY, ...options });
  machine.writeRam(0x1000, Uint8Array.of(0xeb, 0xfe));
  for (const cpu of machine.cpus) {
    machine.resetCpu(cpu);
    cpu.w[EIP] = 0x1000;
  }
  return machine;
}

const retired = (machine: Machine) => machine.cpus.map((cpu) => cpu.retired);

// The bus.

/** A device that says 0x89abcdef, or that and the offset if its ports are
 * a byte wide, and what was said to it. */
function parrot(more: Partial<Device>, told: number[][]): Device {
  const read = (offset: number) =>
    more.bytewide ? 0xf10 + offset : 0x89abcdef;
  const write = (...words: number[]) => void told.push(words);
  return { name: "parrot", readPort: read, writePort: write,
    readMemory: read, writeMemory: write, ...more };
}

function parrots() {
  const machine = looping(), wide: number[][] = [], narrow: number[][] = [];
  machine.addDevice(parrot({ ports: { from: 0x100, length: 8 },
    memory: { from: 0xd0000000, length: 8 } }, wide));
  machine.addDevice(parrot({ ports: { from: 0x200, length: 4 },
    bytewide: true }, narrow));
  return { machine, cpu: machine.cpus[0]!, wide, narrow };
}

test("ports give what their device says, cut to the size", () => {
  const { machine } = parrots();
  const read = (port: number) =>
    [1, 2, 4].map((size) => machine.readPort(port, size) >>> 0);
  for (const port of [0x100, 0x107])
    assert.equal(read(port), [0xef, 0xcdef, 0x89abcdef]);
  for (const nobody of [0, 0xfc, 0x108, 0xffff])
    assert.equal(read(nobody), [0xff, 0xffff, 0xffffffff]);
  assert.equal(read(0x200), [0x10, 0x1110, 0x13121110]);
  assert.equal(read(0x202), [0x12, 0x1312, 0xffff1312]);
});

test("ports are told offset, size and value, byte by byte if narrow", () => {
  const { machine, wide, narrow } = parrots();
  for (const at of [0x100, 0x200]) for (const size of [1, 2, 4])
    machine.writePort(at + 1, size, 0x89abcdef);
  assert.equal(wide,
    [[1, 1, 0xef], [1, 2, 0xcdef], [1, 4, 0x89abcdef | 0]]);
  assert.equal(narrow, [[1, 1, 0xef], [1, 1, 0xef], [2, 1, 0xcd],
    [1, 1, 0xef], [2, 1, 0xcd], [3, 1, 0xab]]);
});

test("memory of devices: from its first byte to its last", () => {
  const { machine, wide } = parrots();
  const read = (at: number) =>
    [1, 2, 4].map((size) => machine.readDevice(at, size) >>> 0);
  assert.equal(read(0xd0000007), [0xef, 0xcdef, 0x89abcdef]);
  for (const nobody of [0xcfffffff, 0xd0000008, 0])
    assert.equal(read(nobody), [0xff, 0xffff, 0xffffffff]);
  for (const size of [1, 2, 4])
    machine.writeDevice(0xd0000003, size, 0x89abcdef);
  machine.writeDevice(0, 4, 1);
  assert.equal(wide,
    [[3, 1, 0xef], [3, 2, 0xcdef], [3, 4, 0x89abcdef | 0]]);
});

test("each access to a device is an event with an unsigned value", () => {
  const { machine, cpu } = parrots(), heard: MachineEvent[] = [];
  machine.events.on((event) => heard.push(event));
  machine.run({ maxInstructions: 3 });
  portIn(cpu, 0x100, 4);
  portOut(cpu, 0x201, 1, 0x1ff);
  cpu.readPhysical(0xd0000000, 4);
  cpu.writePhysical(0xd0000004, 4, -1);
  const common = { cpu: 0, count: 3 };
  assert.equal(heard, [
    { kind: "port", ...common, address: 0x100, size: 4, value: 0x89abcdef,
      write: false },
    { kind: "port", ...common, address: 0x201, size: 1, value: 0xff,
      write: true },
    { kind: "device", ...common, address: 0xd0000000, size: 4,
      value: 0x89abcdef, write: false },
    { kind: "device", ...common, address: 0xd0000004, size: 4,
      value: 0xffffffff, write: true },
  ]);
});

test("devices' words are even, zero, and fill their area to the last", () => {
  const machine = looping(), { deviceBase, ramBase } = machine.layout;
  const places = [1, 2, 3].map((words) =>
    machine.allocateState("some", words)).map((state) => state.byteOffset);
  assert.equal(places, [deviceBase, deviceBase + 8, deviceBase + 16]);
  const rest = machine.allocateState("rest", (ramBase - deviceBase) / 4 - 8);
  assert.is(rest.byteOffset + rest.byteLength, ramBase);
  assert.throws(() => machine.allocateState("more", 1),
    /no room for the state of more/);
});

test("who reads RAM beyond its end is told where and how much", () => {
  const machine = looping(), last = MEMORY - 2;
  machine.writeRam(last, Uint8Array.of(7, 8));
  assert.equal([...machine.readRam(last, 2)], [7, 8]);
  assert.is(machine.readRam(0, MEMORY).length, MEMORY);
  assert.throws(() => machine.readRam(last, 3),
    (e: Error) => e instanceof RangeError
      && e.message === "no RAM at 0x1ffffe for 3 bytes");
  assert.throws(() => machine.writeRam(-1, new Uint8Array(1)),
    RangeError);
});

test("RAM, the ROM's two places, and nothing: who reads where", () => {
  const machine = looping({ rom: ROM });
  const { ramBase, romBase } = machine.layout, end = romBase + ROM;
  const reads: [number, number, number][] = [
    [0, 1, ramBase], [MEMORY - 4, 4, ramBase + MEMORY - 4],
    [MEMORY - 3, 4, -1], [0xfffbffff, 1, -1], [0xfffc0000, 4, romBase],
    [0xffffffff, 1, end - 1], [0xf0000, 4, ramBase + 0xf0000],
  ];
  for (const [at, size, place] of reads)
    assert.is(machine.readable(at, size), place, at.toString(16));
  machine.setWindow(0xc0000, 0x40000, NOT_READ);
  const shadowed: [number, number][] = [[0xbffff, ramBase + 0xbffff],
    [0xc0000, -1], [0xdffff, -1], [0xe0000, end - 0x20000],
    [0xfffff, end - 1], [0x100000, ramBase + 0x100000]];
  for (const [at, place] of shadowed) {
    assert.is(machine.readable(at, 1), place, at.toString(16));
    assert.is(machine.writable(at, 1), ramBase + at);
  }
  machine.setWindow(0xc0000, 0x40000, NOT_WRITTEN);
  for (const at of [0xc0000, 0xfffff]) {
    assert.is(machine.readable(at, 1), ramBase + at);
    assert.is(machine.writable(at, 1), -1);
  }
  for (const [at, size, place] of [[0xbffff, 1, ramBase + 0xbffff],
    [MEMORY - 4, 4, ramBase + MEMORY - 4], [MEMORY - 3, 4, -1],
    [0xffffffff, 1, -1]] as const)
    assert.is(machine.writable(at, size), place);
});

test("a ROM of one page shows one page below 1 MiB", () => {
  const machine = looping({ rom: 0x1000 }), { romBase } = machine.layout;
  machine.setWindow(0xe0000, 0x20000, NOT_READ | NOT_WRITTEN);
  assert.equal([0xfefff, 0xff000, 0xfffff].map((at) =>
    machine.readable(at, 1)), [-1, romBase, romBase + 0xfff]);
  assert.equal([0xdffff, 0xe0000, 0x1fffff, 0xfffff000, 0xffffe000]
    .map((at) => machine.frameOf(at)), [0xdf, -1, 0x1ff, 0x200, -1]);
  assert.throws(() => machine.writeRom(new Uint8Array(0x1001)), /size/);
  assert.is(machine.codePages.length, 0x201, "a byte for each frame");
});

test("each of the 64 frames below 1 MiB is a window of its own", () => {
  const machine = looping();
  for (let n = 0; n < 64; n++)
    machine.setWindow(0xc0000 + 0x1000 * n, 0x1000, n & 3);
  for (let n = 0; n < 64; n++)
    assert.is(machine.windowOf(0xc0fff + 0x1000 * n), n & 3);
  for (const outside of [0, 0xbffff, 0x100000, 0xffffffff])
    assert.is(machine.windowOf(outside), 0);
});

test("line A20 masks addresses, and a restored machine remembers", () => {
  const machine = looping(), open = machine.snapshot();
  const state = () => [machine.a20, machine.addressMask];
  assert.equal(state(), [true, -1]);
  machine.a20 = false;
  assert.equal(state(), [false, ~(1 << 20)]);
  const low = machine.snapshot();
  machine.restore(open);
  assert.equal(state(), [true, -1]);
  machine.restore(low);
  assert.equal(state(), [false, ~(1 << 20)]);
  machine.a20 = true;
  assert.equal(state(), [true, -1]);
});

test("the wire to LINT0 and the Host's arming are on or off", () => {
  const machine = looping();
  for (const what of ["intr", "hostArmed"] as const)
    assert.equal([false, true, true, false].map((on) => {
      const before = machine[what];
      machine[what] = on;
      return [before, machine[what]];
    }), [[false, false], [false, true], [true, true], [true, false]]);
});

// Turns.

const each = (n: number): Schedule => ({ kind: "round-robin", quantum: n });

test("the first turn is the first CPU's, and turns have their length", () => {
  const machine = looping({ cpus: 3 });
  const run = (n: number) => {
    machine.run({ maxInstructions: n, schedule: each(10) });
    return retired(machine);
  };
  assert.equal(run(4), [4, 0, 0]);
  assert.equal(run(7), [10, 1, 0]);
  assert.equal(run(20), [11, 10, 10]);
});

test("without a seed, and with 0, the seed is 1", () => {
  const seeded = (seed?: number) =>
    looping(seed === undefined ? {} : { seed }).snapshot();
  assert.equal(seeded(), seeded(1));
  assert.equal(seeded(0), seeded(1));
  assert.not.equal(seeded(2), seeded(1));
});

test("stopWhen is asked before each instruction", () => {
  const machine = looping(), asked: number[] = [];
  const stopWhen = (cpu: Cpu) => asked.push(cpu.retired) > 3;
  assert.equal(machine.run({ stopWhen }), { reason: "stopped", count: 3 });
  assert.equal(asked, [0, 1, 2, 3]);
});

test("a CPU that is 100 000 ticks ahead has a turn, one beyond hasn't", () => {
  for (const [ahead, turns] of [[100_001, 1], [100_002, 0]] as const) {
    const machine = looping({ cpus: 2 });
    machine.cpus[1]!.d[CLOCK] = ahead;
    machine.run({ maxInstructions: 2, schedule: each(1) });
    assert.is(machine.cpus[1]!.retired, turns);
  }
  const machine = looping({ cpus: 2 });
  machine.cpus[1]!.d[CLOCK] = 200_000;
  const turns = [{ cpu: 1, instructions: 1 }];
  machine.run({ maxInstructions: 2, schedule: { kind: "list", turns } });
  assert.equal(retired(machine), [0, 2], "a list is followed as it is");
});

test("a schedule that gives turns to sleepers alone has an end", () => {
  const listed = (sleepers: number) => {
    const machine = looping({ cpus: 2 });
    machine.cpus[1]!.w[ACTIVITY] = WAITING;
    const turns = Array.from({ length: sleepers },
      () => ({ cpu: 1, instructions: 1 }));
    turns.push({ cpu: 0, instructions: 1 });
    machine.run({ maxInstructions: 1, schedule: { kind: "list", turns } });
    return retired(machine);
  };
  assert.equal(listed(99_999), [1, 0]);
  assert.throws(() => listed(100_000), /no turn for any CPU/);
  const turns = [{ cpu: 1, instructions: 1 }];
  assert.throws(() =>
    looping().run({ schedule: { kind: "list", turns } }), /isn't there/);
});

test("one CPU's shutdown ends the run of all", () => {
  const machine = looping({ cpus: 2 });
  machine.cpus[1]!.w[ACTIVITY] = SHUTDOWN;
  assert.equal(machine.run(), { reason: "shutdown", count: 0 });
});

// Clocks and events.

test("time is the furthest clock, and no stamp is before another", () => {
  const machine = looping({ cpus: 2 }), [first, second] = machine.cpus;
  first!.d[CLOCK] = 10;
  second!.d[CLOCK] = 5;
  assert.is(machine.time, 10);
  assert.equal([first, second].map((cpu) => machine.showClock(cpu!.clock)),
    [10, 10]);
  second!.d[CLOCK] = 20;
  assert.is(machine.time, 20);
  assert.equal([first, second].map((cpu) => machine.showClock(cpu!.clock)),
    [10, 20]);
  first!.start();
  assert.is(first!.clock, 20);
});

/** A machine whose CPU sleeps with IF set, and a log of its two kinds of
 * events: the first wakes nobody, the second does. */
function sleeping(eflags = IF) {
  const machine = looping(), cpu = machine.cpus[0]!, told: unknown[] = [];
  cpu.w[ACTIVITY] = HALTED;
  cpu.w[SYSTEM_FLAGS] = eflags;
  const useless = machine.addHandler((argument, when) =>
    told.push(["useless", argument, when]), () => false);
  const some = machine.addHandler((argument, when) =>
    told.push(["some", argument, when]));
  return { machine, cpu, told, useless, some };
}

test("time jumps to what could wake somebody, and to nothing else", () => {
  const { machine, told, useless, some } = sleeping();
  machine.schedule(100, useless);
  assert.equal(machine.run(), { reason: "halted", count: 0 });
  assert.equal([machine.time, told], [0, []]);
  machine.schedule(300, some);
  assert.equal(machine.run(), { reason: "halted", count: 0 });
  assert.equal([machine.time, told],
    [300, [["useless", 0, 100], ["some", 0, 300]]]);
  const deaf = sleeping(0);
  deaf.machine.schedule(300, deaf.some);
  assert.is(deaf.machine.run().reason, "halted");
  assert.equal([deaf.machine.time, deaf.told], [0, []], "IF is off");
});

test("whether an event wakes can depend on its argument", () => {
  const machine = looping(), cpu = machine.cpus[0]!, told: number[] = [];
  cpu.w[ACTIVITY] = HALTED;
  cpu.w[SYSTEM_FLAGS] = IF;
  const kind = machine.addHandler((n) => told.push(n), (n) => n > 6);
  machine.schedule(100, kind, 6);
  machine.run();
  assert.equal(told, []);
  machine.schedule(101, kind, 7);
  machine.run();
  assert.equal(told, [6, 7]);
});

test("sleep goes as far as it may, and events at its end happen", () => {
  const { machine, told, some } = sleeping();
  machine.schedule(1000, some, 7);
  assert.is(machine.run({ sleepUntil: 600 }).reason, "idle");
  assert.equal([machine.time, told], [600, []]);
  assert.is(machine.run({ sleepUntil: 500 }).reason, "idle");
  assert.is(machine.time, 600, "never back");
  assert.is(machine.run({ sleepUntil: 1000 }).reason, "halted");
  assert.equal([machine.time, told], [1000, [["some", 7, 1000]]]);
  assert.is(machine.run({ sleepUntil: 1500 }).reason, "halted");
  assert.is(machine.time, 1500);
});

test("an event that is late is told so, and happens now", () => {
  const { machine, cpu, told, some } = sleeping();
  cpu.d[CLOCK] = 500;
  machine.schedule(200, some);
  machine.run();
  assert.equal([machine.time, told], [500, [["some", 0, 200]]]);
});

test("a handler that asks for it ends the run at its time", () => {
  const machine = looping();
  const kind = machine.addHandler(() => machine.requestStop());
  machine.schedule(77, kind);
  assert.equal(machine.run(), { reason: "stopped", count: 77 });
  assert.equal(machine.run({ maxInstructions: 5 }),
    { reason: "budget", count: 82 });
});

test("an event of a kind that nobody handles is a mistake of ours", () => {
  const { machine, some } = sleeping();
  machine.schedule(1, some + 1);
  assert.throws(() => machine.run(), /nobody handles events of kind/);
});

// CPUs come and go (SDM 3A, 9.1.1: what INIT leaves).

test("INIT leaves CR0's cache bits, RESET doesn't; both start the first",
  () => {
    for (const [what, cr0] of [["RESET", 0x60000010],
      ["INIT", 0x10]] as const) {
      const machine = looping({ cpus: 2 }), [first, second] = machine.cpus;
      for (const cpu of machine.cpus) {
        cpu.w[CR0] = 0x11;
        cpu.initialize(what);
      }
      assert.equal(machine.cpus.map((cpu) => cpu.w[CR0]), [cr0, cr0]);
      assert.is(first!.w[ACTIVITY], RUNNING);
      assert.is(second!.w[ACTIVITY], WAITING);
      assert.equal([first!.w[EIP], first!.w[SEGMENTS + 4 * CS]],
        [0xfff0, 0xf000]);
    }
  });

test("a CPU can be reset to the vector, and INIT is what isn't said", () => {
  const machine = looping({ cpus: 2 }), [first, second] = machine.cpus;
  machine.resetCpu(second!, "vector");
  assert.equal([second!.w[ACTIVITY], second!.w[EIP]], [RUNNING, 0xfff0]);
  first!.w[CR0] = 0x11;
  first!.initialize();
  assert.is(first!.w[CR0], 0x10);
});

// What it takes back.

test("a snapshot that names an event or CPU that isn't there is refused",
  () => {
    const damaged = (body: (machine: Machine) => void) => {
      const from = looping(), to = looping();
      for (const machine of [from, to]) machine.addHandler(() => {});
      body(from);
      const bytes = from.snapshot();
      try {
        to.restore(bytes);
        return "";
      } catch (error) {
        return String(error);
      }
    };
    const queue = (cpu: number, kind: number) =>
      damaged(({ queue }) => queue.add(9, cpu, kind));
    const refusal = /SnapshotError: .* an event or a CPU that isn't there/;
    for (const [cpu, kind] of [[0, APIC_TIMER_EVENT],
      [NO_CPU, APIC_TIMER_EVENT + 1]] as const)
      assert.is(queue(cpu, kind), "");
    for (const [cpu, kind] of [[1, APIC_TIMER_EVENT], [-2, APIC_TIMER_EVENT],
      [0, APIC_TIMER_EVENT - 2], [NO_CPU, APIC_TIMER_EVENT + 2]] as const)
      assert.match(queue(cpu, kind), refusal);
    assert.match(damaged(({ memory }) => {
      new Int32Array(memory.buffer)[H_SCHEDULE_CPU] = 1;
    }), refusal);
  });

test("what was decoded is marked, dropped by who is told, and forgotten",
  () => {
    const machine = looping(), before = machine.snapshot();
    machine.run({ maxInstructions: 3 });
    assert.equal([0, 1, 2].map((n) => machine.codePages[n]), [0, 1, 0]);
    const dropped: unknown[] = [];
    machine.dropCode = (at, length) => dropped.push([at, length]);
    machine.dropAllCode = () => dropped.push("all");
    machine.writeRam(0x1001, new Uint8Array(3));
    machine.restore(before);
    machine.writeRom(new Uint8Array(0));
    assert.equal(dropped, [[0x1001, 3], "all", "all"]);
    assert.equal([...machine.codePages.subarray(0, 3)], [0, 0, 0]);
  });

test.run();
