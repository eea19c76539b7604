// Woven from chapters/49-pc.md.
import type { Board } from "../ground/board";
import { NO_CPU } from "../ground/queue";
import { floatsOf, fromBcd, toBcd } from "./floats";
import type { Pics } from "./pic";

/** Clocks a second of the 8254. */
export const PIT_HZ = 1_193_182;

/** Words of a counter; START, HELD and EDGES are doubles. */
const START = 0, HELD = 1, EDGES = 2, MODE = 6, ACCESS = 7, BCD = 8,
  RELOAD = 9, RUNS = 10, LOW = 11, HALF_WRITTEN = 12, HALF_READ = 13,
  LATCHED = 14, LATCH = 15, STATUS = 16, HAS_STATUS = 17, GATE = 18,
  PAUSED = 19, WRITTEN = 20, PERIOD = 21, NULL = 22, WORDS = 24;
const COUNTERS = [0, 1, 2] as const;

/** The three counters of a PC's timer. */
export class Pit {
  private readonly w: readonly Int32Array[];
  private readonly d: readonly Float64Array[];
  private readonly port61: Int32Array;
  private readonly kind: number;

  constructor(
    private readonly machine: Board, private readonly pics: Pics,
  ) {
    this.w = COUNTERS.map(() => machine.allocateState("8254", WORDS));
    this.d = this.w.map(floatsOf);
    this.port61 = machine.allocateState("port 0x61", 1);
    this.kind = machine.addHandler(() => this.edge(),
      () => pics.wouldInterrupt(0));
    machine.addDevice({
      name: "8254", bytewide: true, ports: { from: 0x40, length: 4 },
      readPort: (n) => n < 3 ? this.read(n) : -1,
      writePort: (n, _, v) => n < 3 ? this.write(n, v) : this.control(v),
    });
    machine.addDevice({
      name: "port 0x61", bytewide: true, ports: { from: 0x61, length: 1 },
      readPort: () => this.read61(),
      writePort: (_, __, v) => {
        this.port61[0] = v & 15;
        this.setGate(2, (v & 1) !== 0);
      },
    });
    this.reset();
  }

  /** Clocks since the counter began; it stands while its gate is low. */
  private elapsed(n: number): number {
    const d = this.d[n]!;
    if (this.w[n]![PAUSED]) return d[HELD]!;
    const ticks = this.machine.time - d[START]!;
    const { ticksPerSecond } = this.machine.layout;
    return Math.floor(ticks * PIT_HZ / ticksPerSecond);
  }

  private ticksOf(clocks: number): number {
    return clocks * this.machine.layout.ticksPerSecond / PIT_HZ;
  }

  /** Clocks of the count that is loaded. */
  private period(n: number): number {
    return this.clocksOf(n, this.w[n]![PERIOD]!);
  }

  private clocksOf(n: number, count: number): number {
    return count || (this.w[n]![BCD] ? 10_000 : 0x10000);
  }
  private waits(n: number): boolean {
    const w = this.w[n]!, again = w[MODE] === 2 || w[MODE] === 3;
    return again && !!w[NULL] && !!w[RUNS] && !w[PAUSED];
  }

  /** A count was written: when does it take over? */
  private await(n: number): void {
    const e = this.elapsed(n), period = this.period(n), phase = e % period;
    const half = this.w[n]![MODE] === 3 ? Math.ceil(period / 2) : 0;
    this.d[n]![HELD] = e - phase + (phase < half ? half : period);
  }

  /** Clocks of the new count that are over when it takes over. */
  private lead(n: number): number {
    const w = this.w[n]!, middle = this.d[n]![HELD]! % this.period(n) !== 0;
    return middle ? Math.ceil(this.clocksOf(n, w[RELOAD]!) / 2) : 0;
  }

  /** Loads the count that waits, if its moment has come. */
  private settle(n: number): void {
    const w = this.w[n]!, d = this.d[n]!;
    if (!this.waits(n) || this.elapsed(n) < d[HELD]!) return;
    const lead = this.lead(n);
    d[START]! += this.ticksOf(d[HELD]! - lead);
    // Where a period begins is an edge, which may be still to come.
    d[EDGES] = lead ? 0 : -1;
    this.load(n);
  }

  private load(n: number): void {
    const w = this.w[n]!;
    w[PERIOD] = w[RELOAD]!;
    w[NULL] = 0;
    this.d[n]![HELD] = 0;
  }
  /** The counter's value, of which the last 16 bits or four digits count. */
  private value(n: number): number {
    this.settle(n);
    const w = this.w[n]!, period = this.period(n), mode = w[MODE]!;
    if (!w[RUNS]) return period;
    const e = this.elapsed(n), phase = e % period;
    if (mode === 2) return period - phase;
    if (mode !== 3) return period - e;
    const half = Math.ceil(period / 2);
    return (period & ~1) - 2 * (phase % half);
  }

  /** The counter's output. */
  output(n: number): boolean {
    this.settle(n);
    const w = this.w[n]!, period = this.period(n), mode = w[MODE]!;
    if (!w[RUNS]) return mode !== 0;
    const e = this.elapsed(n), stands = !w[GATE];
    switch (mode) {
      case 0: case 1: return e >= period;
      case 2: return stands || e % period !== period - 1;
      case 3: return stands || e % period < Math.ceil(period / 2);
      default: return e !== period;
    }
  }
  private begin(n: number): void {
    const w = this.w[n]!, d = this.d[n]!;
    this.load(n);
    d[START] = this.machine.time;
    d[EDGES] = 0;
    w[RUNS] = 1;
    w[PAUSED] = w[GATE] ? 0 : 1;
    if (n === 0) this.queueEdge();
  }

  private queueEdge(): void {
    const { machine } = this, w = this.w[0]!, d = this.d[0]!;
    machine.queue.cancel(NO_CPU, this.kind);
    const mode = w[MODE]!, again = mode === 2 || mode === 3;
    if (d[EDGES]! > 0 && !again) return;
    const middle = this.waits(0) ? this.lead(0) : 0;
    const clocks = middle ? d[HELD]! + this.clocksOf(0, w[RELOAD]!) - middle
      : (d[EDGES]! + 1) * this.period(0) + (mode === 4 ? 1 : 0);
    machine.schedule(Math.ceil(d[START]! + this.ticksOf(clocks)), this.kind);
  }

  private edge(): void {
    this.settle(0);
    this.d[0]![EDGES]! += 1;
    this.pics.pulse(0);
    this.queueEdge();
  }

  private setGate(n: number, high: boolean): void {
    const w = this.w[n]!, d = this.d[n]!, mode = w[MODE]!;
    const was = w[GATE] !== 0;
    this.settle(n);
    w[GATE] = high ? 1 : 0;
    if (high === was) return;
    if (mode === 1 || mode === 5) {
      if (high) this.begin(n);
    } else if (!high) {
      d[HELD] = this.elapsed(n);
      w[PAUSED] = 1;
    } else if (mode === 2 || mode === 3) {
      if (w[RUNS]) this.begin(n);
    } else {
      d[START] = this.machine.time - Math.ceil(this.ticksOf(d[HELD]!));
      w[PAUSED] = 0;
    }
  }
  private control(value: number): void {
    const n = value >> 6;
    if (n === 3) {
      for (const i of COUNTERS) {
        if (!(value & (2 << i))) continue;
        if (!(value & 0x20)) this.latch(i);
        if (!(value & 0x10)) this.latchStatus(i);
      }
      return;
    }
    if (!(value & 0x30)) return this.latch(n);
    const w = this.w[n]!, mode = (value >> 1) & 7;
    w[ACCESS] = (value >> 4) & 3;
    w[WRITTEN] = mode;
    w[MODE] = mode > 5 ? mode - 4 : mode;
    w[BCD] = value & 1;
    w.fill(0, RELOAD, GATE);
    w[NULL] = 1;
    this.stop(n);
  }

  /** Counts no longer; the output is as the mode has it at first. */
  private stop(n: number): void {
    const w = this.w[n]!;
    w[RUNS] = 0;
    if (n) return;
    this.machine.queue.cancel(NO_CPU, this.kind);
    this.pics.setIrq(0, w[MODE] !== 0);
  }

  private latch(n: number): void {
    const w = this.w[n]!;
    if (w[LATCHED]) return;
    w[LATCH] = this.shown(n);
    w[LATCHED] = w[ACCESS] === 3 ? 2 : 1;
  }

  private latchStatus(n: number): void {
    const w = this.w[n]!;
    if (w[HAS_STATUS]) return;
    w[HAS_STATUS] = 1;
    w[STATUS] = (this.output(n) ? 0x80 : 0) | (w[NULL] ? 0x40 : 0) |
      (w[ACCESS]! << 4) | (w[WRITTEN]! << 1) | w[BCD]!;
  }

  /** The count as it is read: binary or in four decimal digits. */
  private shown(n: number): number {
    const value = this.value(n);
    if (!this.w[n]![BCD]) return value;
    const digits = (value % 10_000 + 10_000) % 10_000;
    return toBcd(Math.floor(digits / 100)) * 256 + toBcd(digits % 100);
  }
  private write(n: number, value: number): void {
    const w = this.w[n]!, both = w[ACCESS] === 3;
    if (w[MODE] === 0) this.stop(n);
    if (both) {
      w[HALF_WRITTEN]! ^= 1;
      if (w[HALF_WRITTEN]) {
        w[LOW] = value;
        return;
      }
    }
    this.settle(n);
    const low = both ? w[LOW]! : w[ACCESS] === 2 ? 0 : value;
    const high = w[ACCESS] === 1 ? 0 : value;
    w[RELOAD] = w[BCD] ? fromBcd(high) * 100 + fromBcd(low)
      : high * 256 + low;
    const again = w[MODE] === 2 || w[MODE] === 3;
    const first = !this.waits(n);
    w[NULL] = 1;
    if (w[MODE] === 1 || w[MODE] === 5) return;
    if (!again || !w[RUNS]) this.begin(n);
    else if (!w[PAUSED]) {
      if (first) this.await(n);
      if (n === 0) this.queueEdge();
    }
  }

  private read(n: number): number {
    const w = this.w[n]!;
    if (w[HAS_STATUS]) {
      w[HAS_STATUS] = 0;
      return w[STATUS]!;
    }
    if (w[LATCHED]) {
      const high = w[ACCESS] === 2 || (w[ACCESS] === 3 && w[LATCHED] === 1);
      w[LATCHED]! -= 1;
      return w[LATCH]! >> (high ? 8 : 0);
    }
    const value = this.shown(n);
    if (w[ACCESS] !== 3) return value >> (w[ACCESS] === 2 ? 8 : 0);
    w[HALF_READ]! ^= 1;
    return value >> (w[HALF_READ] ? 0 : 8);
  }
  private read61(): number {
    const { machine } = this;
    const clocks = machine.time * PIT_HZ / machine.layout.ticksPerSecond;
    const refresh = Math.floor(clocks / 18) % 2 ? 0x10 : 0;
    return this.port61[0]! | refresh | (this.output(2) ? 0x20 : 0);
  }

  /** As power-on leaves it. */
  reset(): void {
    this.machine.queue.cancel(NO_CPU, this.kind);
    this.w.forEach((w, n) => {
      w.fill(0);
      w[GATE] = n < 2 ? 1 : 0;
    });
    this.port61[0] = 0;
  }

  /** As a BIOS leaves it: counter 0 ticks 18.2 times a second. */
  initialize(): void {
    this.control(0x36);
    this.write(0, 0);
    this.write(0, 0);
  }
}
