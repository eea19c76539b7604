// What tells a PC the time: the 8254, the MC146818, and the calendar. Machine
// time has as many ticks a second as the clock in question has, so that
// nothing is rounded, or as usual, where rounding is the question.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  ACTIVITY, civil, HALTED, IF, PIT_HZ, secondsOf, SYSTEM_FLAGS,
} from "../src/machine";
import type { MachineOptions, PcOptions } from "../src/machine";
import { openPics, pc } from "./pc";

const test = suite("clocks");
const CRYSTAL = 32_768;
/** Ticks a second, if nobody says otherwise. */
const USUAL = 1e8;

/** Bits of the 8254's status. */
const OUT = 0x80, NULL_COUNT = 0x40;

/** A PC whose tick is a clock of the 8254, or some part of one, with some
 * shorthands. */
function timer(hz = PIT_HZ) {
  const it = pc({}, { ticksPerSecond: hz }), { out, read } = it;
  /** The first tick at which so many clocks are over. */
  const ticks = (clocks: number) => Math.ceil(clocks * hz / PIT_HZ);
  const control = (n: number, access: number, mode: number, bcd = 0) =>
    out(0x43, n << 6 | access << 4 | mode << 1 | bcd);
  const write = (n: number, ...bytes: number[]) =>
    bytes.forEach((byte) => out(0x40 + n, byte));
  const status = (n: number) => {
    out(0x43, 0xe0 | 2 << n);
    return read(0x40 + n);
  };
  const level = (n: number) => (status(n) & OUT ? 1 : 0);
  const gate = (high: number) => out(0x61, high);
  return { ...it, ticks, control, write, status, level, gate };
}

/** After how many of the next ticks an interrupt comes. */
function interrupts(
  { pass, intr, ack, out }: ReturnType<typeof pc>, ticks: number,
): number[] {
  const found: number[] = [];
  for (let n = 1; n <= ticks; n++) {
    pass(1);
    if (!intr()) continue;
    const second = ack() >= 0x28;
    if (second) out(0xa0, 0x20);
    out(0x20, 0x20);
    found.push(n);
  }
  return found;
}

// 8254 data sheet, figures 15 to 20: mode, BCD, count, what is counted, and
// where the output stands.
const figures: [number, number, number, number[], string][] = [
  [0, 0, 4, [4, 3, 2, 1, 0, 0xff, 0xfe], "0000111"],
  [1, 0, 3, [3, 2, 1, 0, 0xff, 0xfe], "000111"],
  [2, 0, 3, [3, 2, 1, 3, 2, 1, 3], "1101101"],
  [3, 0, 4, [4, 2, 4, 2, 4, 2], "110011"],
  [3, 0, 5, [4, 2, 0, 4, 2, 4, 2, 0, 4, 2], "1110011100"],
  [4, 0, 3, [3, 2, 1, 0, 0xff, 0xfe], "111011"],
  [5, 0, 3, [3, 2, 1, 0, 0xff, 0xfe], "111011"],
  [6, 0, 2, [2, 1, 2, 1], "1010"],
  [7, 0, 2, [2, 2, 2, 2], "1010"],
  [0, 1, 0x11, [0x11, 0x10, 0x09, 0x08], "0000"],
  [0, 1, 2, [2, 1, 0, 0x99, 0x98], "00111"],
  [2, 1, 0x10, [0x10, 0x09, 0x08], "111"],
];

test("8254: all modes count, and drive the output, as in the figures", () => {
  for (const hz of [PIT_HZ, USUAL])
    for (const [mode, bcd, count, counts, outputs] of figures) {
      const { control, write, gate, read, level, ticks, at } = timer(hz);
      control(2, 1, mode, bcd);
      const triggered = mode === 1 || mode === 5;
      if (!triggered) gate(1);
      write(2, count);
      if (triggered) gate(1);
      counts.forEach((left, clock) => {
        // A clock's first tick, and its last.
        for (const tick of [ticks(clock), ticks(clock + 1) - 1]) {
          at(tick);
          assert.equal([read(0x42), level(2)], [left, Number(outputs[clock])],
            `mode ${mode}, tick ${tick}`);
        }
      });
    }
});

test("8254: 0 is the longest count, 65536 or 10000", () => {
  for (const [bcd, longest, last] of
    [[0, 0x10000, [0xff, 0xff]], [1, 10_000, [0x99, 0x99]]] as const) {
    for (const mode of [0, 2, 3, 4]) {
      const { control, write, gate, read, level, wait } = timer();
      gate(1);
      control(2, 3, mode, bcd);
      write(2, 0, 0);
      assert.equal([read(0x42), read(0x42)], [0, 0]);
      wait(1);
      const next = mode === 3 ? last[0] - 1 : last[0];
      assert.equal([read(0x42), read(0x42)], [next, last[1]]);
      wait(longest - 2);
      const before = level(2);
      wait(1);
      assert.equal([before, level(2)],
        [[0, 1], [], [0, 1], [0, 1], [1, 0]][mode], `mode ${mode}`);
    }
  }
});

test("8254: once at zero, a counter goes on from the top", () => {
  const { control, write, gate, read, wait } = timer();
  gate(1);
  control(2, 3, 0);
  write(2, 4, 0);
  wait(200_000);
  const left = (4 - 200_000) & 0xffff;
  assert.equal([read(0x42), read(0x42)], [left & 0xff, left >> 8]);
  control(2, 3, 4, 1);
  write(2, 0x34, 0x12);
  wait(21_235);
  assert.equal([read(0x42), read(0x42)], [0x99, 0x99]);
});

test("8254: counts are written and read by halves", () => {
  const { control, write, gate, read, wait, level } = timer();
  gate(1);
  control(2, 1, 2);
  write(2, 0x34);
  assert.equal([read(0x42), read(0x42)], [0x34, 0x34]);
  control(2, 2, 2);
  write(2, 0x12);
  assert.equal([read(0x42), read(0x42)], [0x12, 0x12]);
  control(2, 3, 2);
  assert.equal([read(0x42), read(0x42)], [0, 0x12], "the counter stands");
  write(2, 0x34, 0x12);
  assert.equal([read(0x42), read(0x42)], [0x34, 0x12]);
  // A half of either kind doesn't disturb the other, and a control word
  // begins anew.
  control(2, 3, 4);
  write(2, 0x77);
  assert.is(read(0x42), 0x34);
  write(2, 0x06);
  assert.is(read(0x42), 0x06);
  assert.is(read(0x42), 0x77);
  write(2, 0x01);
  read(0x42);
  control(2, 3, 4);
  write(2, 0x02, 0x03);
  assert.equal([read(0x42), read(0x42)], [2, 3]);
  wait(1);
  assert.equal([read(0x42), read(0x42)], [1, 3]);
  control(2, 2, 4);
  write(2, 0x55);
  control(2, 3, 4);
  write(2, 1, 0);
  assert.equal([read(0x42), read(0x42)], [1, 0], "no high byte lingers");
  control(2, 3, 4);
  write(2, 0, 0x80);
  assert.equal([read(0x42), read(0x42)], [0, 0x80]);
  control(2, 3, 2, 1);
  write(2, 0x78, 0x56);
  assert.equal([read(0x42), read(0x42)], [0x78, 0x56]);
  wait(1111);
  assert.equal([read(0x42), read(0x42)], [0x67, 0x45]);
  // A high byte alone: 256 clocks, and not 257.
  control(2, 2, 0);
  write(2, 1);
  wait(255);
  assert.is(level(2), 0);
  wait(1);
  assert.is(level(2), 1);
});

test("8254: the status has output, null count, access, mode and BCD", () => {
  const { control, write, gate, status } = timer();
  for (let mode = 0; mode < 8; mode++) {
    for (const access of [1, 2, 3]) {
      for (const bcd of [0, 1]) {
        const triggered = mode === 1 || mode === 5;
        const set = access << 4 | mode << 1 | bcd, high = mode ? OUT : 0;
        gate(triggered ? 0 : 1);
        control(2, access, mode, bcd);
        assert.is(status(2), set | high | NULL_COUNT);
        write(2, ...access === 3 ? [0x10, 0x10] : [0x10]);
        assert.is(status(2), set | high | (triggered ? NULL_COUNT : 0));
        if (!triggered) continue;
        gate(1);
        assert.is(status(2), set | (mode === 5 ? OUT : 0));
      }
    }
  }
});

test("8254: a latched count stays until it is read", () => {
  for (const [access, expected] of [[1, [0x34, 0x30]], [2, [0x12, 0x12]],
    [3, [0x34, 0x12, 0x30]]] as const) {
    const { control, write, gate, read, wait, out } = timer();
    gate(1);
    control(2, 3, 4);
    write(2, 0x36, 0x12);
    control(2, access, 4);
    write(2, ...access === 3 ? [0x36, 0x12] : access === 2 ? [0x13] : [0x36]);
    wait(2);
    out(0x43, 0x8f);
    wait(2);
    out(0x43, 0x80);
    wait(2);
    assert.equal(expected.map(() => read(0x42)), expected);
  }
});

test("8254: the read-back command latches what it names", () => {
  // Counters 0 to 2 count from 0x30, 0x31, 0x32, by their low bytes.
  const { control, write, gate, read, wait, out } = timer();
  gate(1);
  for (let command = 0xc0; command < 0x100; command++) {
    for (const n of [0, 1, 2]) {
      control(n, 1, 2);
      write(n, 0x30 + n);
    }
    out(0x43, command);
    wait(5);
    for (const n of [0, 1, 2]) {
      const named = command & 2 << n;
      const state = named && !(command & 0x10);
      const count = named && !(command & 0x20);
      const expected = [...state ? [OUT | 0x14] : [],
        ...count ? [0x30 + n] : [], 0x2b + n];
      assert.equal(expected.map(() => read(0x40 + n)), expected,
        `${command.toString(16)}: ${n}`);
    }
  }
});

test("8254: of two read-backs the first one counts", () => {
  const { control, write, gate, read, wait, out } = timer();
  gate(1);
  control(2, 3, 0);
  write(2, 3, 2);
  wait(100);
  out(0x43, 0xc8);
  wait(500);
  out(0x43, 0x80);
  out(0x43, 0xc8);
  assert.equal([read(0x42), read(0x42), read(0x42)], [0x30, 0x9f, 1]);
  out(0x43, 0xc8);
  assert.equal([read(0x42), read(0x42), read(0x42)], [OUT | 0x30, 0xab, 0xff]);
  out(0x43, 0xe8);
  assert.is(read(0x42), OUT | 0x30);
});

test("8254: nobody reads control words, and nobody is beside it", () => {
  const { control, write, read, out, wait, gate } = timer();
  gate(1);
  control(2, 1, 2);
  write(2, 100);
  for (const port of [0x43, 0x44, 0x3f, 0x62]) assert.is(read(port), 0xff);
  out(0x44, 0x80);
  out(0x62, 0);
  wait(10);
  assert.is(read(0x42), 90);
});

test("8254: the gates of counters 0 and 1 are always high", () => {
  const { control, write, read, wait, gate } = timer();
  for (const n of [0, 1, 2]) {
    control(n, 1, 2);
    write(n, 100);
  }
  const all = () => [0x40, 0x41, 0x42].map((port) => read(port));
  wait(10);
  assert.equal(all(), [90, 90, 100]);
  gate(1);
  wait(10);
  gate(2);
  wait(10);
  assert.equal(all(), [70, 70, 90]);
  gate(3);
  wait(1);
  assert.equal(all(), [69, 69, 99], "from the top");
});

test("8254: what a gate does, by mode", () => {
  // Data sheet, figure 21: the count after 10 clocks with a gate that falls
  // and 10 with a low one, and after it has risen and 5 more.
  for (const [mode, low, risen] of
    [[0, 90, 85], [1, 80, 95], [2, 90, 95], [4, 90, 85], [5, 80, 95]] as const) {
    const { control, write, read, wait, gate } = timer();
    control(2, 1, mode);
    gate(1);
    gate(0);
    write(2, 100);
    wait(10);
    gate(1);
    wait(10);
    gate(1);
    gate(0);
    wait(10);
    assert.is(read(0x42), low, `mode ${mode}`);
    gate(0);
    gate(1);
    wait(5);
    assert.is(read(0x42), risen, `mode ${mode}`);
  }
});

test("8254: a low gate makes the periodic outputs high", () => {
  for (const mode of [2, 3]) {
    const { control, write, gate, read, wait } = timer();
    gate(1);
    control(2, 1, mode);
    write(2, 2);
    wait(1);
    assert.is(read(0x61) & 0x20, 0, `mode ${mode}`);
    gate(0);
    assert.is(read(0x61) & 0x20, 0x20, `mode ${mode}`);
  }
});

test("8254: one shot is never cut short", () => {
  const { control, write, gate, read, wait, status } = timer();
  control(2, 1, 1);
  write(2, 100);
  gate(1);
  wait(50);
  write(2, 5);
  assert.equal([status(2), read(0x42)], [NULL_COUNT | 0x12, 50]);
  wait(60);
  assert.equal([status(2), read(0x61) & 0x20], [OUT | NULL_COUNT | 0x12, 0x20]);
  gate(0);
  gate(1);
  assert.is(read(0x42), 5);
});

test("port 0x61: four bits that stay, the output, the refresh", () => {
  const { out, read, wait, control, write } = timer();
  for (let bits = 0; bits < 16; bits++) {
    out(0x61, 0xf0 | bits);
    assert.is(read(0x61) & 0xcf, bits);
  }
  control(2, 1, 0);
  write(2, 50);
  // A refresh comes every 18 clocks, which are 15 microseconds.
  for (let clock = 0; clock < 100; clock++, wait(1)) {
    const refresh = Math.floor(clock / 18) % 2 ? 0x10 : 0;
    assert.is(read(0x61) & 0x30, refresh | (clock < 50 ? 0 : 0x20));
  }
});

test("8254: counter 0 interrupts when its output rises", () => {
  for (const [mode, expected] of [[0, [20]], [2, [20, 40, 60]],
    [3, [20, 40, 60]], [4, [21]]] as const) {
    const it = timer();
    openPics(it.out);
    it.control(0, 1, mode);
    it.write(0, 20);
    assert.equal(interrupts(it, 70), expected, `mode ${mode}`);
  }
});

test("8254: counter 0 interrupts again and again, without drift", () => {
  const it = timer(USUAL);
  openPics(it.out);
  it.control(0, 3, 2);
  it.write(0, 1193 & 255, 1193 >> 8);
  for (let n = 1; n <= 10; n++) {
    it.at(it.ticks(n * 1193) - 2);
    assert.equal(interrupts(it, 3), [2], "1 ms each");
  }
});

test("8254: a control word stops, and its output may rise", () => {
  const it = timer();
  openPics(it.out);
  it.control(0, 1, 0);
  assert.equal(interrupts(it, 10), []);
  it.control(0, 1, 2);
  assert.equal(interrupts(it, 10), [1], "mode 2 begins high");
  it.write(0, 20);
  it.control(1, 1, 0);
  it.write(1, 5);
  assert.equal(interrupts(it, 25), [20]);
  it.control(0, 1, 0);
  it.write(0, 30);
  it.pass(10);
  it.control(0, 1, 0);
  assert.equal(interrupts(it, 50), []);
});

test("8254: in mode 0 the first byte stops, the second starts", () => {
  const it = timer();
  openPics(it.out);
  it.control(0, 3, 0);
  it.write(0, 40, 0);
  it.pass(20);
  it.write(0, 30);
  assert.is(it.level(0), 0);
  assert.equal(interrupts(it, 50), []);
  it.write(0, 0);
  assert.equal(interrupts(it, 50), [30]);
  assert.is(it.level(0), 1);
  it.write(0, 10);
  assert.is(it.level(0), 0, "at once");
  it.write(0, 0);
  it.control(1, 1, 0);
  it.write(1, 1);
  assert.equal(interrupts(it, 50), [10], "and again");
});

// Mode, the first count, then [clock, count] as it is written, and the clocks
// of the interrupts. A new count takes over at the end of the period, in mode
// 3 of the half of it (data sheet, "Mode Definitions").
const rhythms: [number, number, [number, number][], number[]][] = [
  [2, 100, [[30, 40]], [100, 140, 180]],
  [2, 100, [[30, 40], [60, 50]], [100, 150, 200]],
  [2, 100, [[99, 40]], [100, 140, 180]],
  [2, 100, [[100, 40]], [100, 200, 240]],
  [3, 100, [[30, 40]], [70, 110, 150, 190]],
  [3, 100, [[49, 40]], [70, 110, 150, 190]],
  [3, 100, [[50, 40]], [100, 140, 180]],
  [3, 100, [[60, 40]], [100, 140, 180]],
  [3, 101, [[50, 41]], [71, 112, 153, 194]],
  [3, 101, [[51, 41]], [101, 142, 183]],
  [3, 100, [[30, 40], [40, 60]], [80, 140, 200]],
  [3, 100, [[130, 40]], [100, 170]],
];

test("8254: a new rhythm begins where the old one ends, to the clock", () => {
  for (const [mode, first, writes, expected] of rhythms) {
    for (const [hz, watched] of [[PIT_HZ, false], [PIT_HZ, true],
      [USUAL, false], [USUAL, true]] as const) {
      const it = timer(hz), found: number[] = [];
      openPics(it.out);
      it.control(0, 1, mode);
      it.write(0, first);
      for (let clock = 1; clock <= 200; clock++) {
        it.at(it.ticks(clock) - 1);
        found.push(...interrupts(it, 1).map(() => clock));
        if (watched) it.read(0x40);
        for (const [at, count] of writes) if (at === clock) it.write(0, count);
      }
      const name = `mode ${mode}, ${first}, ${writes.join("; ")}`;
      assert.equal(found, expected.slice(0, found.length), name);
      assert.ok(found.length >= 2, name);
    }
  }
});

test("8254: what is read between is of the count that is loaded", () => {
  for (const [mode, clock, expected, state] of [[2, 99, 1, NULL_COUNT],
    [2, 100, 40, OUT], [2, 105, 35, OUT], [3, 49, 2, OUT | NULL_COUNT],
    [3, 50, 40, 0], [3, 55, 30, 0], [3, 69, 2, 0], [3, 70, 40, OUT]] as const) {
    const { control, write, wait, read, gate, status } = timer();
    gate(1);
    control(2, 1, mode);
    write(2, 100);
    wait(30);
    write(2, 40);
    wait(clock - 30);
    gate(1);
    assert.is(read(0x42), expected, `mode ${mode}, ${clock}`);
    assert.is(status(2) & (OUT | NULL_COUNT), state);
  }
});

test("8254: a gate that falls keeps the new count, and loads it later", () => {
  for (const [mode, early] of [[2, false], [3, false], [2, true],
    [3, true]] as const) {
    const { control, write, wait, read, gate, status } = timer();
    gate(1);
    control(2, 1, mode);
    write(2, 100);
    wait(20);
    if (early) write(2, 40);
    gate(0);
    if (!early) write(2, 40);
    wait(100);
    assert.is(read(0x42), mode === 2 ? 80 : 60);
    assert.is(status(2) & NULL_COUNT, NULL_COUNT);
    gate(1);
    assert.is(read(0x42), 40);
    assert.is(status(2) & NULL_COUNT, 0);
    write(2, 60);
    wait(42);
    gate(0);
    wait(10);
    assert.is(read(0x42), mode === 2 ? 58 : 16);
  }
});

test("8254: who looks before the interrupt doesn't swallow it", () => {
  const it = timer();
  openPics(it.out);
  it.control(0, 1, 2);
  it.write(0, 100);
  it.pass(30);
  it.write(0, 40);
  it.wait(75);
  assert.is(it.read(0x40), 35);
  assert.equal(interrupts(it, 100), [1, 35, 75]);
});

test("8254: as a BIOS leaves it, and as a reset does", () => {
  const it = timer();
  openPics(it.out);
  assert.is(it.status(0), OUT | 0x36);
  for (const ticks of [0xfffe, 0xfffd]) {
    it.wait(ticks);
    assert.equal(interrupts(it, 3), [2], "every 65536 clocks");
  }
  it.gate(3);
  it.control(2, 1, 2);
  it.write(2, 9);
  it.pc.reset();
  openPics(it.out);
  assert.is(it.read(0x61) & 15, 0);
  it.control(2, 1, 2);
  it.write(2, 9);
  it.wait(3);
  assert.is(it.read(0x42), 9, "its gate is low");
  it.wait(0x20000);
  assert.equal(interrupts(it, 1), [], "nobody has started counter 0");
});

/** A CPU sleeps with these inputs open: its run is "idle" where somebody might
 * wake it, and otherwise "halted", even if nobody says until when. In either
 * case time passes as far as it may. */
function sleeps({ machine, cpu, out }: ReturnType<typeof pc>,
  reason: "idle" | "halted", first: number, second = 0xff, name = "") {
  const asleep = () => assert.is(cpu.w[ACTIVITY], HALTED, name);
  machine.writeRam(0x1000, Uint8Array.of(0xf4, 0xeb, 0xfd));
  cpu.w[SYSTEM_FLAGS]! |= IF;
  out(0x21, first);
  out(0xa1, second);
  if (reason === "halted") {
    assert.is(machine.run({ maxInstructions: 100 }).reason, reason, name);
    asleep();
  }
  const sleepUntil = machine.time + (reason === "idle" ? 10 : 1e6);
  assert.is(machine.run({ sleepUntil }).reason, reason, name);
  assert.is(machine.time, sleepUntil, name);
  asleep();
}

test("8254: who sleeps waits for it only if input 0 is open", () => {
  for (const [mask, reason] of [[0xfe, "idle"], [0xfd, "halted"],
    [0xff, "halted"]] as const) {
    const it = timer();
    openPics(it.out);
    sleeps(it, reason, mask);
  }
});

/** A PC whose tick is one of the MC146818's crystal. */
function battery(
  options: PcOptions = {}, how: Partial<MachineOptions> = {},
) {
  const it = pc(options, { ticksPerSecond: CRYSTAL, ...how });
  const { out, cmos: get, setCmos: set } = it;
  /** Opens input 8 alone. */
  const listen = () => {
    openPics(out);
    out(0x21, 0xfb);
    out(0xa1, 0xfe);
  };
  return { ...it, get, set, listen };
}
const A = 10, B = 11, C = 12, D = 13;
const SET = 0x80, PIE = 0x40, AIE = 0x20, UIE = 0x10, BINARY = 4, H24 = 2;

const bcd = (n: number) => Math.floor(n / 10) * 16 + n % 10;

/** The hour as a register has it (MC146818 data sheet, table 3). */
function hourByte(hour: number, format: number): number {
  const face = format & H24 ? hour : hour % 12 || 12;
  const late = format & H24 || hour < 12 ? 0 : 0x80;
  return (format & BINARY ? face : bcd(face)) | late;
}

test("MC146818: hours, of 12 and of 24, binary and in digits", () => {
  const { get, set } = battery();
  for (const format of [0, H24, BINARY, BINARY | H24]) {
    for (let hour = 0; hour < 24; hour++) {
      set(B, BINARY | H24);
      set(4, hour);
      set(B, format);
      assert.is(get(4), hourByte(hour, format), `${format}: ${hour}`);
      for (const stands of [0, SET]) {
        set(B, stands | format);
        set(4, hourByte(hour === 5 ? 6 : 5, format));
        set(4, hourByte(hour, format));
        set(B, format);
        set(B, BINARY | H24);
        assert.is(get(4), hour, `${format}: ${hour}`);
      }
    }
  }
});

test("MC146818: the whole date, binary and in digits", () => {
  const registers = [0x32, 9, 8, 7, 6, 4, 2, 0];
  // A Sunday is 1.
  for (const [date, hz, numbers] of [
    [undefined, USUAL, [20, 7, 10, 9, 3, 20, 31, 38]],
    ["1999-12-31T23:59:58Z", CRYSTAL, [19, 99, 12, 31, 6, 23, 59, 58]],
    ["2000-02-29T12:34:56Z", CRYSTAL, [20, 0, 2, 29, 3, 12, 34, 56]],
    ["2025-11-30T01:02:03Z", CRYSTAL, [20, 25, 11, 30, 1, 1, 2, 3]],
  ] as const) {
    const { get, set, wait } = battery(
      date ? { date: Date.parse(date) / 1000 } : {}, { ticksPerSecond: hz });
    wait(1);
    assert.equal(registers.map(get), numbers.map(bcd));
    set(B, H24 | BINARY);
    assert.equal(registers.map(get), numbers);
    for (const [written, later, what] of [
      [[20, 31, 8, 7, 1, 6, 5, 4], [20, 31, 8, 7, 5, 6, 5, 5],
        "a Thursday, whoever says Sunday"],
      [[19, 99, 12, 31, 1, 23, 59, 59], [20, 0, 1, 1, 7, 0, 0, 0],
        "a Saturday, and another century"],
    ] as const) {
      set(B, SET | H24 | BINARY);
      wait(5 * hz);
      registers.forEach((i, n) => set(i, written[n]!));
      wait(5 * hz);
      assert.equal(registers.map(get), written, "it stands");
      set(B, H24 | BINARY);
      wait(hz);
      assert.equal(registers.map(get), later, what);
    }
  }
});

test("MC146818: memory keeps what is written, and nothing else is there", () => {
  const { get, set, read, out } = battery();
  const all = Array.from({ length: 128 }, (_, i) => i)
    .filter((i) => i > D && i !== 0x32);
  for (const i of all) set(i, i ^ 0xa5);
  for (const i of all) assert.is(get(i | 0x80), i ^ 0xa5, "bit 7 is the NMI's");
  for (const port of [0x6f, 0x70, 0x72]) assert.is(read(port), 0xff);
  out(0x70, 0x20);
  out(0x72, 0x21);
  assert.is(read(0x71), 0x20 ^ 0xa5);
});

test("ports of clocks are a byte wide: wider accesses come one by one", () => {
  const { out, read } = battery();
  out(0x70, 0x5a20, 2);
  assert.is(read(0x71), 0x5a);
  assert.is(read(0x70, 2), 0x5aff);
  out(0x61, 0, 2);
  assert.is(read(0x61, 2) >> 8, 0xff);
  out(0x43, 0x18);
  out(0x43, 0x58);
  out(0x40, 0x2211, 2);
  assert.is(read(0x40, 2), 0x2211);
});

test("MC146818: registers A to D, and what of them can't be written", () => {
  const { get, set, pc: { clock }, wait } = battery();
  assert.equal([A, B, C, D].map(get), [0x26, H24, 0, 0x80]);
  for (const i of [A, B, C, D]) set(i, 0xff);
  // SET clears UIE.
  assert.equal([A, B, C, D].map(get), [0x7f, 0xef, 0, 0x80]);
  for (const i of [A, B, C, D]) set(i, 0);
  assert.equal([A, B, C, D].map(get), [0, 0, 0, 0x80]);
  set(A, 0x2f);
  set(B, 0xff);
  wait(CRYSTAL);
  clock.reset();
  assert.equal([A, B, D].map(get), [0x2f, 0x87, 0x80]);
  assert.is(get(C) & 0xb0, 0);
});

test("MC146818: an update is in progress for eight periods", () => {
  const { get, set, wait } = battery();
  const updating = () => get(A) & 0x80;
  assert.is(updating(), 0);
  wait(CRYSTAL - 9);
  assert.is(updating(), 0);
  wait(1);
  assert.is(updating(), 0x80);
  wait(7);
  assert.is(updating(), 0x80);
  set(B, SET | H24);
  assert.is(updating(), 0);
  wait(1);
  assert.is(updating(), 0);
});

// Register A's rate, in periods of the crystal (data sheet, table 5).
const rates = [0, 128, 256, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096,
  8192, 16384];

test("MC146818: the periodic interrupt, at all rates", () => {
  rates.forEach((ticks, rate) => {
    const { get, set, wait } = battery();
    wait(CRYSTAL);
    set(A, 0x20 | rate);
    get(C);
    wait(ticks - 1);
    assert.is(get(C) & PIE, 0, `rate ${rate}`);
    wait(1);
    assert.is(get(C) & PIE, rate ? PIE : 0, `rate ${rate}`);
    wait(10 * ticks + 1);
    assert.is(get(C) & PIE, rate ? PIE : 0, `rate ${rate}`);
    const it = battery();
    it.listen();
    it.set(A, 0x20 | rate);
    it.set(B, H24 | PIE);
    const found: number[] = [];
    for (const [n, left] of [[1, ticks - 2], [2, ticks - 4]]) {
      it.wait(ticks ? left! : CRYSTAL);
      found.push(...interrupts(it, 4).map((at) => n! * 10 + at));
      it.get(C);
    }
    assert.equal(found, rate ? [12, 22] : [], `rate ${rate}`);
  });
});

test("MC146818: fifteen rates, and none, in ticks that don't fit", () => {
  const it = battery({}, { ticksPerSecond: USUAL }), { get, set, at } = it;
  it.listen();
  rates.forEach((periods, rate) => {
    set(A, 0x20 | rate);
    const each = (periods || CRYSTAL) * USUAL / CRYSTAL;
    const last = Math.floor(it.machine.time / each) + 2;
    const [now, next, third] = [0, 1, 2].map((n) =>
      Math.ceil((last + n) * each));
    at(now!);
    get(C);
    at(next! - 1);
    assert.is(get(C) & PIE, 0, `rate ${rate}`);
    at(next!);
    assert.is(get(C) & PIE, rate ? PIE : 0, `rate ${rate}`);
    set(B, H24 | PIE);
    at(third! - 2);
    assert.equal(interrupts(it, 3), rate ? [2] : [], `rate ${rate}`);
    set(B, H24);
  });
});

test("MC146818: another rate neither owes nor gives a period", () => {
  for (const [before, after, left] of [[15, 3, 4], [3, 15, 16384]] as const) {
    const { get, set, wait } = battery();
    set(A, 0x20 | before);
    wait(CRYSTAL);
    get(C);
    set(A, 0x20 | after);
    wait(left - 1);
    assert.is(get(C) & PIE, 0);
    wait(1);
    assert.is(get(C) & PIE, PIE);
  }
});

test("MC146818: updates interrupt at each second", () => {
  for (const hz of [CRYSTAL, USUAL]) {
    const it = battery({ date: 1000 }, { ticksPerSecond: hz });
    it.listen();
    it.set(A, 0x20);
    it.set(B, H24 | UIE);
    it.wait(hz - 2);
    assert.equal(interrupts(it, 5), [2]);
    assert.is(it.get(C), 0x80 | UIE);
    assert.is(it.get(C), 0);
    it.wait(hz - 5);
    assert.equal(interrupts(it, 5), [2]);
    it.set(B, H24);
    it.wait(hz - 5);
    assert.equal(interrupts(it, 5), []);
    assert.is(it.get(C), UIE, "it has been one, though");
    it.set(B, H24 | SET);
    it.wait(2 * hz);
    assert.is(it.get(C), 0, "with SET there are none");
  }
});

test("MC146818: the wire is what has happened and is enabled", () => {
  const { listen, get, set, wait, intr } = battery();
  listen();
  wait(CRYSTAL);
  assert.not(intr());
  set(B, H24 | UIE);
  assert.ok(intr(), "it had happened before");
  set(B, H24);
  assert.not(intr());
  set(B, H24 | AIE);
  assert.not(intr(), "no alarm");
  set(B, H24 | PIE);
  assert.ok(intr());
  assert.is(get(C), 0x80 | PIE | UIE);
  assert.not(intr());
});

// Format, alarm bytes for seconds, minutes and hours, and the time at which
// it comes; from 0xC0 on a byte is any.
const alarms: [number, number[], string | undefined][] = [
  [H24, [0x31, 0x59, 0x23], "23:59:31"],
  [H24 | BINARY, [31, 59, 23], "23:59:31"],
  [0, [0x31, 0x59, 0x91], "23:59:31"],
  [0, [0x00, 0x00, 0x12], "00:00:00"],
  [0, [0x00, 0x00, 0x92], "12:00:00"],
  [BINARY, [1, 2, 0x8c], "12:02:01"],
  [BINARY, [1, 2, 11], "11:02:01"],
  [H24, [0xc0, 0x15, 0x07], "07:15:42"],
  [H24, [0x42, 0xff, 0x07], "07:15:42"],
  [H24, [0x42, 0x15, 0xd5], "07:15:42"],
  [H24, [0xbf, 0x15, 0x07], undefined],
  [H24, [0x42, 0x15, 0x08], undefined],
  [H24, [0x42, 0x16, 0x07], undefined],
  [H24, [0x43, 0x15, 0x07], undefined],
];

test("MC146818: the alarm, in all formats, with bytes that don't care", () => {
  for (const [format, bytes, time = "07:15:42"] of alarms) {
    const date = Date.parse(`2001-05-06T${time}Z`) / 1000 - 1;
    const { set, get, wait } = battery({ date });
    const comes = alarms.some((each) => each[1] === bytes && each[2]);
    set(B, format | AIE);
    set(A, 0x20);
    bytes.forEach((byte, i) => set(1 + 2 * i, byte));
    wait(CRYSTAL - 1);
    get(C);
    wait(1);
    assert.is(get(C), UIE | (comes ? 0x80 | AIE : 0), bytes.join());
  }
});

test("MC146818: an alarm interrupts at its second", () => {
  const it = battery({ date: 0 });
  it.listen();
  it.set(A, 0x20);
  it.set(B, H24 | AIE);
  for (const [second, expected] of [[2, []], [2, [3]], [2, []], [0xff, [3]],
    [0xc0, [3]]] as const) {
    it.set(1, second);
    it.wait(CRYSTAL - (it.machine.time ? 5 : 3));
    assert.equal(interrupts(it, 5), expected);
    it.get(C);
  }
  it.set(B, H24);
  it.wait(CRYSTAL - 5);
  assert.equal(interrupts(it, 5), [], "nobody wants to know");
  assert.is(it.get(C), UIE | AIE);
});

test("MC146818: an alarm that nobody looked for in two days", () => {
  // The second of the day behind the one in which we look.
  const { set, get, wait } = battery({ date: 0 });
  get(C);
  set(1, 0x01);
  wait(2 * 86_400 * CRYSTAL);
  assert.is(get(C) & AIE, AIE);
  wait(CRYSTAL / 2);
  set(3, 0x01);
  assert.is(get(C) & (UIE | AIE), 0);
});

test("MC146818: a write to the alarm doesn't move the clock", () => {
  for (const i of [1, 3, 5]) {
    const { set, get, wait } = battery();
    set(A, 0x20);
    wait(CRYSTAL / 2);
    set(i, 0x12);
    assert.is(get(i), 0x12);
    wait(CRYSTAL / 2 - 1);
    assert.is(get(C), 0);
    wait(1);
    assert.is(get(C) & UIE, UIE);
  }
});

// Enabled, alarm bytes, and whether a sleeper has something to wait for.
const awaited: [number, number[], "idle" | "halted"][] = [
  [0, [0, 0, 0], "halted"],
  [PIE, [0x60, 0, 0], "idle"],
  [UIE, [0x60, 0, 0], "idle"],
  [AIE, [0x00, 0x00, 0x00], "idle"],
  [AIE, [0x01, 0x30, 0x12], "idle"],
  [AIE, [0x59, 0x59, 0x23], "idle"],
  [AIE, [0xff, 0xff, 0xff], "idle"],
  [AIE, [0x60, 0x59, 0x23], "halted"],
  [AIE, [0x99, 0x00, 0x00], "halted"],
  [AIE, [0x59, 0x60, 0x23], "halted"],
  [AIE, [0x59, 0x59, 0x24], "halted"],
  [AIE | SET, [0, 0, 0], "halted"],
  [UIE | SET, [0, 0, 0], "halted"],
];

test("MC146818: who sleeps waits for what can come", () => {
  for (const [enabled, bytes, reason] of awaited) {
    const it = battery();
    openPics(it.out);
    bytes.forEach((byte, i) => it.set(1 + 2 * i, byte));
    it.set(B, H24 | enabled);
    sleeps(it, reason, 0xfb, 0xfe, `${enabled}: ${bytes.join()}`);
  }
  const it = battery();
  it.listen();
  it.set(B, H24 | UIE);
  sleeps(it, "halted", 0xfb, 0xfd, "masked");
  for (const enabled of [UIE, PIE]) {
    const other = battery();
    other.listen();
    other.wait(CRYSTAL);
    other.set(B, H24 | enabled);
    assert.is(other.ack(), 0x28);
    other.out(0xa0, 0x20);
    other.out(0x20, 0x20);
    sleeps(other, "halted", 0xfb, 0xfe, "register C wasn't read");
  }
});

test("MC146818: how much memory there is, how many CPUs", () => {
  // KiB above 1 MiB, and 64 KiB above 16 MiB, as far as 16 bits go.
  for (const [memory, cpus, above1, above16] of [
    [0x80000, 1, 0, 0], [0x200000, 3, 1024, 0], [0x1000000, 1, 15360, 0],
    [0x1010000, 1, 15424, 1], [0x2000000, 1, 31744, 256],
    [0x4123000, 1, 0xffff, 0x312],
  ] as const) {
    const { get } = battery({}, { memory, cpus });
    const word = (i: number) => get(i) | get(i + 1) << 8;
    assert.equal([0x15, 0x17, 0x30, 0x34, 0x5b, 0x5c].map(word),
      [640, above1, above1, above16, 0, 0]);
    assert.is(get(0x5f), cpus - 1);
    assert.is(get(0x14), 0, "no coprocessor, no mouse");
  }
});

test("the calendar is Gregory's", () => {
  const days = [...Array.from({ length: 400 * 366 / 61 | 0 }, (_, n) => n * 61),
    ...Array.from({ length: 1500 }, (_, n) => n)]
    .map((n) => Date.UTC(1800, 0, 1) / 86_400_000 + n);
  for (const year of [1600, 1700, 1900, 1970, 1999, 2000, 2001, 2100, 2399,
    2400]) {
    for (const [month, day] of [[0, 1], [1, 28], [1, 29], [2, 1], [11, 31]])
      days.push(Date.UTC(year, month, day) / 86_400_000);
  }
  const moments = days.map((day) => day * 86_400);
  for (let second = 0; second < 86_400; second += 59) moments.push(second);
  for (let n = 0; n < 400; n++) moments.push(n * 97_654_321 - 2e10);
  moments.push(-1, 946_684_799, 2_147_483_647, 13_574_563_200);
  for (const seconds of moments) {
    const date = new Date(seconds * 1000), found = civil(seconds);
    assert.equal(found, {
      year: date.getUTCFullYear(), month: date.getUTCMonth() + 1,
      day: date.getUTCDate(), weekday: date.getUTCDay(),
      hour: date.getUTCHours(), minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
    }, date.toISOString());
    assert.is(secondsOf(found), seconds);
  }
});

test.run();
