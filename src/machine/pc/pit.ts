// Woven from chapters/920-devices.md.
import type { Board } from "../ground/board";
import { NO_CPU } from "../ground/queue";
import { fromBcd, toBcd } from "./bcd";
import type { Pics } from "./pic";
import { clear, nameWords } from "./registers";

/** Clocks a second of the 8254. */
export const PIT_HZ = 1_193_182;

/** What a counter forgets when it is given a mode. */
const FORGOTTEN = ["reload", "runs", "low", "halfWritten", "halfRead",
  "latched", "latch", "status", "hasStatus"] as const;
/** Words of a counter, and one more. */
const WORDS = 24;

const counterOf = (words: Int32Array) => nameWords(words,
  ["mode", "access", "bcd", ...FORGOTTEN, "gate", "paused", "written",
    "period", "nullCount"], ["start", "held", "edges"]);

type Counter = ReturnType<typeof counterOf>;

/** The three counters of a PC's timer. */
export class Pit {
  private readonly counters: readonly [Counter, Counter, Counter];
  private readonly port61: Int32Array;
  private readonly kind: number;

  constructor(
    private readonly board: Board, private readonly pics: Pics,
  ) {
    const counter = () => counterOf(board.allocateState("8254", WORDS));
    this.counters = [counter(), counter(), counter()];
    this.port61 = board.allocateState("port 0x61", 1);
    this.kind = board.addHandler(() => this.edge(),
      () => pics.wouldInterrupt(0));
    board.addDevice({
      name: "8254", bytewide: true, ports: { from: 0x40, length: 4 },
      readPort: (n) => n < 3 ? this.read(this.counters[n]!) : -1,
      writePort: (n, _, v) => n < 3 ?
        this.write(this.counters[n]!, v) : this.control(v),
    });
    board.addDevice({
      name: "port 0x61", bytewide: true, ports: { from: 0x61, length: 1 },
      readPort: () => this.read61(),
      writePort: (_, __, v) => {
        this.port61[0] = v & 15;
        this.setGate(this.counters[2], (v & 1) !== 0);
      },
    });
    this.reset();
  }

  /** Clocks since the counter began; it stands while its gate is low. */
  private elapsed(c: Counter): number {
    if (c.paused) return c.held;
    const ticks = this.board.time - c.start;
    const { ticksPerSecond } = this.board.layout;
    return Math.floor(ticks * PIT_HZ / ticksPerSecond);
  }

  private ticksOf(clocks: number): number {
    return clocks * this.board.layout.ticksPerSecond / PIT_HZ;
  }

  /** Clocks of the count that is loaded. */
  private period(c: Counter): number {
    return this.clocksOf(c, c.period);
  }

  private clocksOf(c: Counter, count: number): number {
    return count || (c.bcd ? 10_000 : 0x10000);
  }
  private waits(c: Counter): boolean {
    const again = c.mode === 2 || c.mode === 3;
    return again && !!c.nullCount && !!c.runs && !c.paused;
  }

  /** A count was written: when does it take over? */
  private await(c: Counter): void {
    const e = this.elapsed(c), period = this.period(c), phase = e % period;
    const half = c.mode === 3 ? Math.ceil(period / 2) : 0;
    c.held = e - phase + (phase < half ? half : period);
  }

  /** Clocks of the new count that are over when it takes over. */
  private lead(c: Counter): number {
    const middle = c.held % this.period(c) !== 0;
    return middle ? Math.ceil(this.clocksOf(c, c.reload) / 2) : 0;
  }

  /** Loads the count that waits, if its moment has come. */
  private settle(c: Counter): void {
    if (!this.waits(c) || this.elapsed(c) < c.held) return;
    const lead = this.lead(c);
    c.start += this.ticksOf(c.held - lead);
    // Where a period begins is an edge, which may be still to come.
    c.edges = lead ? 0 : -1;
    this.load(c);
  }

  private load(c: Counter): void {
    c.period = c.reload;
    c.nullCount = 0;
    c.held = 0;
  }
  /** The counter's value, of which the last 16 bits or four digits count. */
  private value(c: Counter): number {
    this.settle(c);
    const period = this.period(c), mode = c.mode;
    if (!c.runs) return period;
    const e = this.elapsed(c), phase = e % period;
    if (mode === 2) return period - phase;
    if (mode !== 3) return period - e;
    const half = Math.ceil(period / 2);
    return (period & ~1) - 2 * (phase % half);
  }

  /** The counter's output. */
  private output(c: Counter): boolean {
    this.settle(c);
    const period = this.period(c), mode = c.mode;
    if (!c.runs) return mode !== 0;
    const e = this.elapsed(c), stands = !c.gate;
    switch (mode) {
      case 0: case 1: return e >= period;
      case 2: return stands || e % period !== period - 1;
      case 3: return stands || e % period < Math.ceil(period / 2);
      default: return e !== period;
    }
  }
  private begin(c: Counter): void {
    this.load(c);
    c.start = this.board.time;
    c.edges = 0;
    c.runs = 1;
    c.paused = c.gate ? 0 : 1;
    if (c === this.counters[0]) this.queueEdge();
  }

  private queueEdge(): void {
    const { board, counters: [c] } = this;
    board.queue.cancel(NO_CPU, this.kind);
    const again = c.mode === 2 || c.mode === 3;
    if (c.edges > 0 && !again) return;
    const middle = this.waits(c) ? this.lead(c) : 0;
    const clocks = middle ? c.held + this.clocksOf(c, c.reload) - middle
      : (c.edges + 1) * this.period(c) + (c.mode === 4 ? 1 : 0);
    board.schedule(Math.ceil(c.start + this.ticksOf(clocks)), this.kind);
  }

  private edge(): void {
    const [c] = this.counters;
    this.settle(c);
    c.edges += 1;
    this.pics.pulse(0);
    this.queueEdge();
  }

  private setGate(c: Counter, high: boolean): void {
    const mode = c.mode;
    const was = c.gate !== 0;
    this.settle(c);
    c.gate = high ? 1 : 0;
    if (high === was) return;
    if (mode === 1 || mode === 5) {
      if (high) this.begin(c);
    } else if (!high) {
      c.held = this.elapsed(c);
      c.paused = 1;
    } else if (mode === 2 || mode === 3) {
      if (c.runs) this.begin(c);
    } else {
      c.start = this.board.time - Math.ceil(this.ticksOf(c.held));
      c.paused = 0;
    }
  }
  private control(value: number): void {
    const n = value >> 6;
    if (n === 3) {
      this.counters.forEach((c, i) => {
        if (!(value & (2 << i))) return;
        if (!(value & 0x20)) this.latch(c);
        if (!(value & 0x10)) this.latchStatus(c);
      });
      return;
    }
    const c = this.counters[n]!;
    if (!(value & 0x30)) return this.latch(c);
    const mode = (value >> 1) & 7;
    c.access = (value >> 4) & 3;
    c.written = mode;
    c.mode = mode > 5 ? mode - 4 : mode;
    c.bcd = value & 1;
    for (const name of FORGOTTEN) c[name] = 0;
    c.nullCount = 1;
    this.stop(c);
  }

  /** Counts no longer; the output is as the mode has it at first. */
  private stop(c: Counter): void {
    c.runs = 0;
    if (c !== this.counters[0]) return;
    this.board.queue.cancel(NO_CPU, this.kind);
    this.pics.setIrq(0, c.mode !== 0);
  }

  private latch(c: Counter): void {
    if (c.latched) return;
    c.latch = this.shown(c);
    c.latched = c.access === 3 ? 2 : 1;
  }

  private latchStatus(c: Counter): void {
    if (c.hasStatus) return;
    c.hasStatus = 1;
    c.status = (this.output(c) ? 0x80 : 0) | (c.nullCount ? 0x40 : 0) |
      (c.access << 4) | (c.written << 1) | c.bcd;
  }

  /** The count as it is read: binary or in four decimal digits. */
  private shown(c: Counter): number {
    const value = this.value(c);
    if (!c.bcd) return value;
    const digits = (value % 10_000 + 10_000) % 10_000;
    return toBcd(Math.floor(digits / 100)) * 256 + toBcd(digits % 100);
  }
  private write(c: Counter, value: number): void {
    const both = c.access === 3;
    if (c.mode === 0) this.stop(c);
    if (both) {
      c.halfWritten ^= 1;
      if (c.halfWritten) {
        c.low = value;
        return;
      }
    }
    this.settle(c);
    const low = both ? c.low : c.access === 2 ? 0 : value;
    const high = c.access === 1 ? 0 : value;
    c.reload = c.bcd ? fromBcd(high) * 100 + fromBcd(low)
      : high * 256 + low;
    const again = c.mode === 2 || c.mode === 3;
    const first = !this.waits(c);
    c.nullCount = 1;
    if (c.mode === 1 || c.mode === 5) return;
    if (!again || !c.runs) this.begin(c);
    else if (!c.paused) {
      if (first) this.await(c);
      if (c === this.counters[0]) this.queueEdge();
    }
  }

  private read(c: Counter): number {
    if (c.hasStatus) {
      c.hasStatus = 0;
      return c.status;
    }
    if (c.latched) {
      const high = c.access === 2 || (c.access === 3 && c.latched === 1);
      c.latched -= 1;
      return c.latch >> (high ? 8 : 0);
    }
    const value = this.shown(c);
    if (c.access !== 3) return value >> (c.access === 2 ? 8 : 0);
    c.halfRead ^= 1;
    return value >> (c.halfRead ? 0 : 8);
  }
  private read61(): number {
    const { board } = this;
    const clocks = board.time * PIT_HZ / board.layout.ticksPerSecond;
    const refresh = Math.floor(clocks / 18) % 2 ? 0x10 : 0;
    const output = this.output(this.counters[2]) ? 0x20 : 0;
    return this.port61[0]! | refresh | output;
  }

  /** As power-on leaves it. */
  reset(): void {
    this.board.queue.cancel(NO_CPU, this.kind);
    this.counters.forEach((c, n) => {
      clear(c);
      c.gate = n < 2 ? 1 : 0;
    });
    this.port61[0] = 0;
  }

  /** As a BIOS leaves it: counter 0 ticks 18.2 times a second. */
  initialize(): void {
    const [c] = this.counters;
    this.control(0x36);
    this.write(c, 0);
    this.write(c, 0);
  }
}
