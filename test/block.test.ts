// The block: what lies where in it, its queue of events, and its schedule.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { bootDefault, UserError } from "../src/launcher";
import {
  acknowledge, checkSchedule, EventQueue, layOut, Machine, nextRandom, nextTurn,
  NO_CPU, raiseInterrupt, readApic, registers, segmentRegister, writeApic,
} from "../src/machine";
import type { Cpu, MachineOptions, Schedule } from "../src/machine";
import * as layout from "../src/machine/ground/layout";
import * as state from "../src/machine/ground/state";

test("the parts of the block lie one behind the other", () => {
  // One CPU: 936 words, one page; 256 frames, of one byte each.
  assert.equal(layOut({ memory: 0x100000 }), {
    cpus: 1, dataTlb: 64, codeTlb: 32, forgetsGlobals: false, seed: 1,
    ticksPerSecond: 100_000_000, cpuBase: 0x1000, cpuStride: 0x1000, deviceBase: 0x2000,
    ramBase: 0x12000, ramSize: 0x100000, romBase: 0x112000, romSize: 0,
    storageBase: 0x112000, storageSize: 0,
    blockSize: 0x112000, codePages: 0x112000, fastBase: 0x113000,
    // Twice 2^20 words of the table and 4096 of its list, and 2^20 places;
    // a page for bounds. A word for each of 2^20 frames, and 1 MiB.
    fastStride: 0xc09000, codeTables: 0xd1c000, records: 0x111c000,
    total: 0x1220000, interpreter: "generated", atOnce: false,
  });
  // Three: 5064 words, five pages each. The end is one of 64 KiB.
  assert.equal(layOut({ memory: 0x7000, rom: 0x20000, storage: 0x3000,
    cpus: 3, dataTlb: 512, codeTlb: 100, forgetsGlobals: true, seed: 5, ticksPerSecond: 7,
    interpreter: "plain" }), {
    cpus: 3, dataTlb: 512, codeTlb: 100, forgetsGlobals: true, seed: 5,
    ticksPerSecond: 7,
    cpuBase: 0x1000, cpuStride: 0x5000, deviceBase: 0x10000,
    ramBase: 0x20000, ramSize: 0x7000, romBase: 0x27000, romSize: 0x20000,
    storageBase: 0x47000, storageSize: 0x3000,
    blockSize: 0x4a000, codePages: 0x4a000, fastBase: 0x4b000,
    fastStride: 0xc09000, codeTables: 0x2466000, records: 0x2866000,
    total: 0x2970000, interpreter: "plain", atOnce: true,
  });
});

test("a CPU's page is full with 107 entries of its TLBs", () => {
  const stride = (dataTlb: number, codeTlb: number) =>
    layOut({ memory: 4096, dataTlb, codeTlb }).cpuStride;
  assert.equal([stride(100, 7), stride(100, 8), stride(101, 7)],
    [0x1000, 0x2000, 0x2000]);
});

test("each option has a least and a most", () => {
  const rows: [Exclude<keyof MachineOptions,
    "forgetsGlobals" | "interpreter">, number, number, number][] = [
    ["cpus", 1, 16, 1], ["dataTlb", 1, 4096, 1], ["codeTlb", 1, 4096, 1],
    ["ticksPerSecond", 1, 0x7fffffff, 1], ["memory", 4096, 0xc0000000, 4096],
    ["rom", 0, 0x1000000, 4096], ["seed", 0, 0xffffffff, 1],
  ];
  for (const [name, least, most, step] of rows) {
    const sized = (n: number) => () => layOut({ memory: 4096, [name]: n });
    sized(least)();
    sized(most)();
    const pages = step === 1 ? "" : " bytes in pages of 4096";
    for (const bad of [least - step, most + step, least + 0.5, NaN, Infinity,
      ...(step === 1 ? [] : [least + 2048, most - 1, most - 4095])]) {
      assert.throws(sized(bad), (e: Error) => e instanceof RangeError &&
        e.message === `${name} must be ${least} to ${most}${pages}, not ${bad}`);
    }
  }
});

test("a machine without options is a small one", () => {
  const machine = new Machine();
  assert.equal(machine.layout, layOut({ memory: 16 << 20, cpus: 1, rom: 0,
    dataTlb: 64, codeTlb: 32, seed: 1, ticksPerSecond: 100_000_000 }));
  assert.equal(new Machine({}).layout, machine.layout);
  assert.equal(layOut({ memory: undefined, rom: undefined }), machine.layout);
});

// What plain JavaScript can hand over.
test("an option that is none is told in one line", () => {
  const told = (options: unknown) => {
    try {
      return String(new Machine(options as MachineOptions));
    } catch (error) {
      return String(error);
    }
  };
  const range = "must be 4096 to 3221225472 bytes in pages of 4096, not";
  for (const [options, line] of [
    [{ memory: "8" }, `RangeError: memory ${range} the string 8`],
    [{ memory: null }, `RangeError: memory ${range} the object null`],
    [{ memory: 4096n }, `RangeError: memory ${range} the bigint 4096`],
    [{ memory: Symbol("m") }, `RangeError: memory ${range} the symbol Symbol(m)`],
    [{ seed: true }, "RangeError: seed must be 0 to 4294967295, " +
      "not the boolean true"],
    [null, "TypeError: a machine's options are an object, not the object null"],
    [1 << 20, "TypeError: a machine's options are an object, not 1048576"],
    ...["mem", "toString"].map((name) => [{ [name]: 1 }, "TypeError: " +
      `a machine has no option "${name}"; its options are cpus, memory, rom, ` +
      "storage, dataTlb, codeTlb, seed, ticksPerSecond, forgetsGlobals, " +
      "interpreter"] as const),
    ...[["yes", "the string yes"], [1, "1"], [null, "the object null"]]
      .map(([forgetsGlobals, what]) => [{ forgetsGlobals }, "TypeError: " +
        `forgetsGlobals must be true or false, not ${what}`] as const),
  ] as const) assert.is(told(options), line);
});

test("memory that isn't to be had is told with what to try", () => {
  const engine = (globalThis as unknown as {
    WebAssembly: { Memory: unknown } }).WebAssembly;
  const { Memory } = engine, refusal = new RangeError("no");
  engine.Memory = function () { throw refusal; };
  try {
    assert.throws(() => new Machine({ memory: 3 << 29 }), (e: Error) =>
      e instanceof RangeError && e.cause === refusal &&
      e.message === "there are no 1617 MiB in one piece for the machine; " +
        "try less memory, or fewer CPUs");
    assert.throws(() => bootDefault(), (e: Error) => e instanceof UserError &&
      /^no such machine: there are no \d+ MiB in one piece/.test(e.message));
  } finally {
    engine.Memory = Memory;
  }
});

// A snapshot is read by other builds than the one that wrote it: who moves a
// word has made another version.
test("version 3 of the block has these words", () => {
  assert.equal({ ...layout, layOut: 0, preferInterpreter: 0 }, {
    layOut: 0, preferInterpreter: 0, BLOCK_MAGIC: 0x4b4c424c, BLOCK_VERSION: 3, PAGE: 4096,
    USUAL_MEMORY: 16 << 20,
    H_MAGIC: 0, H_VERSION: 1, H_BLOCK_SIZE: 2, H_RAM_BASE: 3, H_RAM_SIZE: 4,
    H_CPUS: 5, H_DATA_TLB: 6, H_CODE_TLB: 7, H_TICKS: 8, H_HOST_ARMED: 9,
    H_SCHEDULE_CPU: 10, H_SCHEDULE_LEFT: 11, H_SCHEDULE_POSITION: 12,
    H_RANDOM: 13, H_DEVICE_WORDS: 14, H_SEQUENCE: 15, H_ROM_SIZE: 18,
    H_A20_LOW: 19, H_INTR: 20, H_FORGETS_GLOBALS: 21, H_WINDOWS: 24,
    H_TIME: 16 / 2, H_STAMP: 22 / 2,
    H_EVENTS: 256, EVENT_WORDS: 8, EVENT_SLOTS: 96, DEVICE_AREA: 65536,
    TLB_WORDS: 8, TLB_HEAD: 8, TLB_MOST: 4096, FAST_LIST: 4096,
    BOUNDS: 0xc08000,
  });
  const { EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI, EIP } = state;
  assert.equal([EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI, EIP],
    [0, 1, 2, 3, 4, 5, 6, 7, 8]);
  const { FLAG_RESULT, FLAG_OPERAND, FLAG_CARRY, FLAG_KIND } = state;
  const { SYSTEM_FLAGS, CPL, INHIBIT, ACTIVITY, ATTENTION } = state;
  assert.equal([FLAG_RESULT, FLAG_OPERAND, FLAG_CARRY, FLAG_KIND,
    SYSTEM_FLAGS, CPL, INHIBIT, ACTIVITY, ATTENTION],
  [9, 10, 11, 12, 13, 14, 15, 16, 17]);
  const { RETIRED, CLOCK, REPEATING, TSC_OFFSET, COUNTER_OFFSET } = state;
  assert.equal([RETIRED, CLOCK, REPEATING, TSC_OFFSET, COUNTER_OFFSET],
    [18 / 2, 20 / 2, 22 / 2, 76 / 2, 146 / 2]);
  const { SEGMENTS, SELECTOR, BASE, LIMIT, ATTRIBUTES } = state;
  assert.equal([SEGMENTS, SELECTOR, BASE, LIMIT, ATTRIBUTES],
    [24, 0, 1, 2, 3]);
  const { GDTR_BASE, GDTR_LIMIT, IDTR_BASE, IDTR_LIMIT } = state;
  const { CR0, CR2, CR3, CR4, DR } = state;
  assert.equal([GDTR_BASE, GDTR_LIMIT, IDTR_BASE, IDTR_LIMIT,
    CR0, CR2, CR3, CR4, DR], [56, 57, 58, 59, 60, 61, 62, 63, 64]);
  const { MSR_SYSENTER_CS, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP } = state;
  const { MSR_APIC_BASE, DEBUG_PENDING, REPEATING_AT } = state;
  assert.equal([MSR_SYSENTER_CS, MSR_SYSENTER_ESP, MSR_SYSENTER_EIP,
    MSR_APIC_BASE, DEBUG_PENDING, REPEATING_AT], [72, 73, 74, 75, 78, 79]);
  const { APIC, COUNTER_SELECT, TLBS } = state;
  assert.equal([APIC, COUNTER_SELECT, TLBS], [80, 144, 160]);
  const { SHADOW_STI, SHADOW_SS, RUNNING, HALTED, WAITING } = state;
  assert.equal([SHADOW_STI, SHADOW_SS, RUNNING, HALTED, WAITING,
    state.SHUTDOWN], [1, 2, 0, 1, 2, 3]);
  assert.equal([state.ATTEND_INTERRUPT, state.ATTEND_NMI,
    state.ATTEND_NMI_BLOCKED, state.ATTEND_INTR], [1, 2, 4, 8]);
});

test("the APIC's words are in this order", () => {
  const cpu = new Machine({ memory: 0x1000 }).cpus[0]!;
  writeApic(cpu, 0xf0, 0x1ff);
  for (const [n, at] of [0x20, 0x80, 0xd0, 0xe0, 0xf0, 0, 0x300, 0x310, 0x320,
    0x330, 0x340, 0x350, 0x360, 0x370, 0x380, 0x3e0].entries()) {
    if (at !== 0) writeApic(cpu, at, n + 1 << 24 | 0x700 | n + 16);
  }
  raiseInterrupt(cpu, 0xa3);
  acknowledge(cpu);
  raiseInterrupt(cpu, 0xb4);
  writeApic(cpu, 0xf0, 0x114);
  readApic(cpu, 0x40);
  // The command went to nobody: an error, and its interrupt. The timer's end is
  // a float; what it counts by is 1 in the end.
  assert.is(cpu.d[120 / 2], 0x0f00071e);
  cpu.d[120 / 2] = 0;
  const words = cpu.w.subarray(80, 144);
  assert.equal([...words.subarray(0, 16)], [1 << 24, 0x11, 3 << 24, 0x0fffffff,
    0x114, 0, 0x716, 8 << 24, 0x18, 0x719, 0x71a, 0x71b, 0x71c, 0x1d,
    0xf00071e, 0xb]);
  const others = [...words.entries()].slice(16).filter(([, word]) => word);
  assert.equal(others, [[16 + 5, 1 << 3], [32, 1 << 0x1d], [32 + 5, 1 << 20],
    [42, 0x84]]);
});

test("the block begins with what the machine is made of", () => {
  const machine = new Machine({ memory: 0x7000, rom: 0x2000, cpus: 3,
    dataTlb: 5, codeTlb: 6, ticksPerSecond: 1234, seed: 77 });
  const w = new Int32Array(machine.memory.buffer, 0, 1024);
  assert.equal([...w.subarray(0, 9)], [0x4b4c424c, 3, 0x1d000, 0x14000,
    0x7000, 3, 5, 6, 1234]);
  machine.hostArmed = true;
  machine.allocateState("a device", 3);
  // The next turn is CPU 0's; devices have pairs of words.
  assert.equal([...w.subarray(9, 16)], [1, 2, 0, 0, 77, 4, 0]);
  machine.a20 = false;
  machine.intr = true;
  machine.schedule(7, 1);
  assert.equal([w[15], w[18], w[19], w[20], w[21]], [1, 0x2000, 1, 1, 0]);
  const forgetful = new Machine({ memory: 0x1000, forgetsGlobals: true });
  assert.is(new Int32Array(forgetful.memory.buffer)[21], 1);
});

// SDM 3A, 3.4.3 and 3.4.5; 1, 3.4.3; 3A, 2.5.
test("bits of registers are the manual's", () => {
  const { ES, CS, SS, DS, FS, GS } = state;
  assert.equal([ES, CS, SS, DS, FS, GS, state.LDTR, state.TR],
    [0, 1, 2, 3, 4, 5, 6, 7]);
  const { CF, PF_FLAG, AF, ZF, SF, TF, IF, DF_FLAG, OF, IOPL } = state;
  assert.equal([CF, PF_FLAG, AF, ZF, SF, TF, IF, DF_FLAG, OF, IOPL],
    [0, 2, 4, 6, 7, 8, 9, 10, 11].map((n) => 1 << n).concat(3 << 12));
  const { NT, RF, VM, AC, VIF, VIP, ID } = state;
  assert.equal([NT, RF, VM, AC, VIF, VIP, ID],
    [14, 16, 17, 18, 19, 20, 21].map((n) => 1 << n));
  const { STATUS_FLAGS, SYSTEM_FLAG_BITS } = state;
  assert.is(STATUS_FLAGS, CF | PF_FLAG | AF | ZF | SF | OF);
  assert.is(SYSTEM_FLAG_BITS, TF | IF | DF_FLAG | IOPL | NT | RF | VM | AC
    | VIF | VIP | ID);
  const { CR0_PE, CR0_MP, CR0_EM, CR0_TS, CR0_ET, CR0_NE, CR0_WP } = state;
  const { CR0_AM, CR0_NW, CR0_CD, CR0_PG } = state;
  assert.equal([CR0_PE, CR0_MP, CR0_EM, CR0_TS, CR0_ET, CR0_NE, CR0_WP,
    CR0_AM, CR0_NW, CR0_CD, CR0_PG],
  [0, 1, 2, 3, 4, 5, 16, 18, 29, 30, 31].map((n) => 1 << n));
  const { CR4_VME, CR4_PVI, CR4_TSD, CR4_DE, CR4_PSE } = state;
  const { CR4_MCE, CR4_PGE, CR4_PCE } = state;
  assert.equal([CR4_VME, CR4_PVI, CR4_TSD, CR4_DE, CR4_PSE, CR4_MCE,
    CR4_PGE, CR4_PCE], [0, 1, 2, 3, 4, 6, 7, 8].map((n) => 1 << n));
  const { SEG_ACCESSED, SEG_WRITABLE, SEG_READABLE } = state;
  const { SEG_EXPAND_DOWN, SEG_CONFORMING, SEG_CODE, SEG_S } = state;
  const { SEG_DPL, SEG_P, SEG_AVL, SEG_BIG, SEG_G } = state;
  assert.equal([SEG_ACCESSED, SEG_WRITABLE, SEG_READABLE, SEG_EXPAND_DOWN,
    SEG_CONFORMING, SEG_CODE, SEG_S, SEG_DPL, SEG_P, SEG_AVL, SEG_BIG, SEG_G],
  [1, 2, 2, 4, 4, 8, 0x10, 0x60, 0x80, 0x1000, 0x4000, 0x8000]);
});

/** A queue of its own, and everybody. */
function emptyQueue() {
  const buffer = new ArrayBuffer(4096);
  const words = new Int32Array(buffer);
  return { words, queue: new EventQueue(words, new Float64Array(buffer)) };
}

const all = () => true;

test("events come in the order of their times, and among equals of coming",
  () => {
    const { queue } = emptyQueue();
    const times = [5, 3, 9, 3, 5.5, 2 ** 40, 0, 3, 5];
    times.forEach((when, n) => queue.add(when, 0, 1, n));
    // A free slot in front of the others doesn't come first.
    assert.is(queue.take(0, all)?.argument, 6);
    queue.add(3, 0, 1, 99);
    const order: number[] = [];
    for (;;) {
      const next = queue.next(all), event = queue.take(Infinity, all);
      assert.is(next, event?.when ?? Infinity);
      if (!event) break;
      order.push(event.argument);
    }
    assert.equal(order, [1, 3, 7, 99, 0, 8, 4, 2, 5]);
  });

test("an event is taken out whole, when it is due, by whose it is", () => {
  const { queue } = emptyQueue();
  queue.add(40, 2, 7, -5);
  queue.add(50, NO_CPU, 8);
  const one = (cpu: number) => cpu === 2;
  assert.is(queue.take(39.5, all), undefined);
  assert.is(queue.take(100, (cpu) => cpu === 1), undefined);
  assert.equal([queue.next(one), queue.next((cpu) => cpu === NO_CPU)],
    [40, 50]);
  assert.equal(queue.take(40, one),
    { when: 40, cpu: 2, kind: 7, argument: -5 });
  assert.is(queue.take(100, one), undefined);
  assert.equal(queue.take(50, all),
    { when: 50, cpu: NO_CPU, kind: 8, argument: 0 });
  assert.is(queue.next(all), Infinity);
});

test("cancel takes out one kind of one CPU, and some tells of the rest",
  () => {
    const { queue } = emptyQueue();
    const every = (): number[][] => {
      const found: number[][] = [];
      queue.some((kind, cpu, argument) => {
        found.push([kind, cpu, argument]);
        return false;
      });
      return found;
    };
    assert.equal(every(), []);
    for (const [cpu, kind] of [[0, 1], [1, 1], [0, 2], [0, 1], [NO_CPU, 1]])
      queue.add(5, cpu!, kind!, 10 * kind!);
    queue.cancel(0, 1);
    assert.equal(every(), [[1, 1, 10], [2, 0, 20], [1, NO_CPU, 10]]);
    assert.is(queue.some((kind) => kind === 2), true);
    assert.is(queue.some((kind) => kind === 3), false);
  });

test("the queue has room for 96, and says so", () => {
  const { words, queue } = emptyQueue();
  for (let n = 0; n < 96; n++) queue.add(n, n, 1 + n, 7 * n);
  assert.throws(() => queue.add(5, 0, 1), /the event queue is full/);
  // Time, CPU, kind, argument, number: nothing in front, nothing behind.
  assert.equal([...words.subarray(0, 256)].filter((word) => word !== 0), [96]);
  for (let n = 0; n < 96; n++) {
    assert.equal([...words.subarray(258 + 8 * n, 264 + 8 * n)],
      [n, 1 + n, 7 * n, n, 0, 0]);
    assert.equal(queue.take(95, all), { when: n, cpu: n, kind: 1 + n,
      argument: 7 * n });
  }
  queue.add(1, 0, 1);
  assert.is(queue.next(all), 1);
});

test("a schedule's turns are whole and at least 1, or it is refused", () => {
  const turns = (...lengths: number[]): Schedule => ({ kind: "list",
    turns: lengths.map((instructions) => ({ cpu: 0, instructions })) });
  const good: Schedule[] = [{ kind: "random", quantum: 1 },
    { kind: "round-robin", quantum: 1 }, turns(1), turns(1, 2 ** 40),
    { kind: "list", turns: [{ cpu: 0, instructions: 1 }], then: 1 },
    { kind: "priorities", quantum: 1, order: [0], changes: [] }];
  const bad: Schedule[] = [turns(), turns(0), turns(1, 0), turns(1.5, 1),
    { kind: "random", quantum: 0 }, { kind: "round-robin", quantum: 0.5 },
    { kind: "random", quantum: Infinity },
    { kind: "list", turns: [{ cpu: 0, instructions: 1 }], then: 0 },
    { kind: "priorities", quantum: 0, order: [0], changes: [] }];
  for (const schedule of good) checkSchedule(schedule);
  const order = { kind: "priorities", quantum: 9, changes: [] } as const;
  checkSchedule({ ...order, order: [1, 0] }, 2);
  for (const strange of [[0, 2], [-1, 0]])
    assert.throws(() => checkSchedule({ ...order, order: strange }, 2),
      /a CPU that isn't there/);
  for (const schedule of bad) {
    assert.throws(() => checkSchedule(schedule), (e: Error) =>
      e instanceof RangeError && /whole and at least 1/.test(e.message));
  }
});

// Marsaglia, Xorshift RNGs (2003): 13, 17, 5, from 1.
test("random numbers are those of xorshift", () => {
  const header = new Int32Array(32);
  header[layout.H_RANDOM] = 1;
  assert.equal([1, 2, 3, 4].map(() => nextRandom(header)),
    [270369, 67634689, 2647435461, 307599695]);
});

test("turns: one after the other, by lot, or from a list", () => {
  const header = new Int32Array(32);
  const turns = (schedule: Schedule, cpus: number, n: number) =>
    Array.from({ length: n }, () => {
      nextTurn(schedule, header, cpus);
      return [header[layout.H_SCHEDULE_CPU], header[layout.H_SCHEDULE_LEFT]];
    });
  header[layout.H_SCHEDULE_CPU] = 2;
  assert.equal(turns({ kind: "round-robin", quantum: 9 }, 3, 4),
    [[0, 9], [1, 9], [2, 9], [0, 9]]);
  header[layout.H_RANDOM] = 1;
  // 270369 and 2647435461 name the CPU, the other two the length.
  assert.equal(turns({ kind: "random", quantum: 100 }, 4, 2),
    [[1, 1 + 89], [1, 1 + 95]]);
  const list: Schedule = { kind: "list", turns: [
    { cpu: 1, instructions: 3 }, { cpu: 0, instructions: 8 },
    { cpu: 1, instructions: 1 }] };
  assert.equal(turns(list, 2, 5), [[1, 3], [0, 8], [1, 1], [1, 3], [0, 8]]);
  assert.is(header[layout.H_SCHEDULE_POSITION], 2);
  header[layout.H_SCHEDULE_POSITION] = 0;
  assert.equal(turns({ ...list, then: 50 }, 3, 6),
    [[1, 3], [0, 8], [1, 1], [2, 50], [0, 50], [1, 50]]);
});

test("turns by rank: the first that can, and the first falls to the end",
  () => {
    const header = new Int32Array(32), schedule: Schedule =
      { kind: "priorities", quantum: 20, order: [2, 0, 1], changes: [10, 25] };
    const turn = (count: number, ...able: number[]) => {
      nextTurn(schedule, header, 3, { count, able: (c) => able.includes(c) });
      return [header[layout.H_SCHEDULE_CPU], header[layout.H_SCHEDULE_LEFT]];
    };
    assert.equal(turn(0, 0, 1, 2), [2, 10], "up to the change");
    assert.equal(turn(3, 0, 1), [0, 7]);
    assert.equal(turn(9, 1), [1, 1]);
    assert.equal(turn(10, 0, 1, 2), [0, 15]);
    assert.equal(turn(24, 1, 2), [1, 1]);
    assert.equal(turn(24, 2), [2, 1]);
    assert.equal(turn(25, 0, 1, 2), [1, 20]);
    assert.equal(turn(100, 0, 2), [2, 20]);
    assert.is(header[layout.H_SCHEDULE_POSITION], 0);
  });

test("without a schedule the CPUs have turns of 1000", () => {
  const machine = new Machine({ memory: 0x10000, cpus: 2 });
  machine.ram.fill(0x90);
  machine.resetCpu(machine.cpus[1]!);
  for (const [most, counts] of [[999, [999, 0]], [1, [1000, 0]],
    [1, [1000, 1]], [999, [1000, 1000]], [1, [1001, 1000]]] as const) {
    machine.run({ maxInstructions: most });
    assert.equal(machine.cpus.map((cpu) => cpu.retired), counts);
  }
});

test("registers are told by name, each from its own word", () => {
  const cpu: Cpu = new Machine({ memory: 0x1000 }).cpus[0]!, { w } = cpu;
  const at: Record<string, number> = {
    eax: 0, ecx: 1, edx: 2, ebx: 3, esp: 4, ebp: 5, esi: 6, edi: 7, eip: 8,
    es: 24, cs: 28, ss: 32, ds: 36, fs: 40, gs: 44, ldtr: 48, tr: 52,
    cpl: 14, cr0: 60, cr2: 61, cr3: 62, cr4: 63, gdtr: 56, idtr: 58,
    gdtrLimit: 57, idtrLimit: 59,
  };
  cpu.setEflags(0x246);
  Object.values(at).forEach((word, n) => { w[word] = -1 - n; });
  assert.equal(registers(cpu), { ...Object.fromEntries(Object.keys(at).map(
    (name, n) => [name, 0xffffffff - n])), eflags: 0x246 });
  for (let s = 0; s < 8; s++) {
    w.set([-1 - s, -16 - s, -32 - s, 0xc093 + s], 24 + 4 * s);
    assert.equal(segmentRegister(cpu, s), { selector: 0xffff - s,
      base: 0xfffffff0 - s, limit: 0xffffffe0 - s, attributes: 0xc093 + s });
  }
});

test.run();
