// Woven from chapters/49-pc.md.
import type { Board } from "../ground/board";
import { NO_CPU } from "../ground/queue";
import { civil, secondsOf } from "./calendar";
import { floatsOf, fromBcd, toBcd } from "./floats";
import type { Pics } from "./pic";

/** Doubles BASE (seconds at machine time 0), SEEN and PERIODS; words. */
const BASE = 0, SEEN = 1, PERIOD_SEEN = 2, INDEX = 6, CMOS = 7,
  WORDS = CMOS + 128;
const A = 10, B = 11, C = 12, D = 13, CENTURY = 0x32;
const SET = 0x80, PIE = 0x40, AIE = 0x20, UIE = 0x10, BINARY = 4, H24 = 2;
const IRQ = 8, SECOND = 0, PERIODIC = 1;
/** Its oscillator's frequency. */
const CRYSTAL = 32_768;
const isTime = (i: number) => i < A && !(i & 1 && i < 6) || i === CENTURY;

/** The clock and its memory. */
export class Rtc {
  private readonly w: Int32Array;
  private readonly d: Float64Array;
  private readonly kind: number;

  constructor(
    private readonly machine: Board, private readonly pics: Pics,
    date: number,
  ) {
    this.w = machine.allocateState("MC146818", WORDS);
    this.d = floatsOf(this.w);
    this.kind = machine.addHandler((what) => this.tick(what),
      (what) => this.wakes(what));
    machine.addDevice({
      name: "MC146818", bytewide: true, ports: { from: 0x70, length: 2 },
      readPort: (offset) => offset ? this.read(this.w[INDEX]!) : -1,
      writePort: (offset, _, value) => {
        if (offset) this.write(this.w[INDEX]!, value);
        else this.w[INDEX] = value & 0x7f;
      },
    });
    this.d[BASE] = date;
    this.describe();
    this.reset();
  }

  /** Seconds since 1970 that the clock shows, with a fraction. */
  private now(): number {
    const { machine } = this;
    return this.d[BASE]! + machine.time / machine.layout.ticksPerSecond;
  }

  /** A number as the registers have it: binary, or in two digits. */
  private shown(n: number): number {
    return this.w[CMOS + B]! & BINARY ? n : toBcd(n);
  }

  /** The hour as register 4 has it: of 24, or of 12 with bit 7 for PM. */
  private shownHour(hour: number): number {
    if (this.w[CMOS + B]! & H24) return this.shown(hour);
    return this.shown(hour % 12 || 12) | (hour < 12 ? 0 : 0x80);
  }

  private showTime(): void {
    const { w } = this, c = civil(Math.floor(this.now()));
    const put = (i: number, n: number) => {
      w[CMOS + i] = this.shown(n);
    };
    put(0, c.second);
    put(2, c.minute);
    w[CMOS + 4] = this.shownHour(c.hour);
    put(6, c.weekday + 1);
    put(7, c.day);
    put(8, c.month);
    put(9, c.year % 100);
    put(CENTURY, Math.floor(c.year / 100));
  }

  private takeTime(): void {
    const { w } = this, binary = w[CMOS + B]! & BINARY;
    const number = (byte: number) => binary ? byte : fromBcd(byte);
    const get = (i: number) => number(w[CMOS + i]!);
    const late = w[CMOS + 4]! & 0x80;
    const hour = w[CMOS + B]! & H24 ? get(4)
      : number(w[CMOS + 4]! - late) % 12 + (late ? 12 : 0);
    const shows = secondsOf({ year: get(CENTURY) * 100 + get(9),
      month: get(8), day: get(7), hour, minute: get(2), second: get(0) });
    const { time, layout } = this.machine;
    this.d[BASE] = shows - time / layout.ticksPerSecond;
  }
  private read(i: number): number {
    const { w } = this;
    if (isTime(i) && !(w[CMOS + B]! & SET)) this.showTime();
    if (i === A) {
      const part = this.now() % 1, stands = w[CMOS + B]! & SET;
      return w[CMOS + A]! | (!stands && part >= 1 - 8 / CRYSTAL ? 0x80 : 0);
    }
    if (i !== C) return w[CMOS + i]!;
    this.collect();
    const flags = w[CMOS + C]! | (this.asks() ? 0x80 : 0);
    w[CMOS + C] = 0;
    this.update();
    return flags;
  }

  private write(i: number, value: number): void {
    const { w } = this;
    if (i === C || i === D) return;
    const stands = (w[CMOS + B]! & SET) !== 0;
    if (i === A || i === B) this.collect();
    if ((isTime(i) || i === B) && !stands) this.showTime();
    if (i === B && value & SET) value &= ~UIE;
    w[CMOS + i] = i === A ? value & 0x7f : value;
    const runs = !(w[CMOS + B]! & SET);
    if (runs && (isTime(i) || (i === B && stands))) this.takeTime();
    if (i === A) this.d[PERIOD_SEEN] = this.periods();
    if (i === A || i === B) {
      this.update();
      this.plan();
    }
  }

  /** Whether something has happened of which interrupts were asked for. */
  private asks(): boolean {
    return (this.w[CMOS + C]! & this.w[CMOS + B]!) !== 0;
  }

  private update(): void {
    this.pics.setIrq(IRQ, this.asks());
  }
  /** Ticks of machine time between two periodic interrupts; 0 for never. */
  private periodTicks(): number {
    const rate = this.w[CMOS + A]! & 15;
    if (!rate) return 0;
    const hz = CRYSTAL >> ((rate < 3 ? rate + 7 : rate) - 1);
    return this.machine.layout.ticksPerSecond / hz;
  }

  /** How many such periods have passed. */
  private periods(): number {
    const each = this.periodTicks();
    return each ? Math.floor(this.machine.time / each) : 0;
  }

  /** Notes in C what has happened since this was last done. */
  private collect(): void {
    const { w, d } = this, now = Math.floor(this.now());
    if (now > d[SEEN]! && !(w[CMOS + B]! & SET)) {
      w[CMOS + C]! |= UIE;
      const from = Math.max(d[SEEN]!, now - 86_400);
      for (let s = from + 1; s <= now; s++) {
        if (this.alarmFits(s).every(Boolean)) w[CMOS + C]! |= AIE;
      }
    }
    d[SEEN] = now;
    const periods = this.periods();
    if (periods > d[PERIOD_SEEN]!) w[CMOS + C]! |= PIE;
    d[PERIOD_SEEN] = periods;
  }

  /** Whether seconds, minutes and hours are the alarm's. */
  private alarmFits(seconds: number): boolean[] {
    const { w } = this, c = civil(seconds);
    const fits = (i: number, n: number) =>
      w[CMOS + i]! >= 0xc0 || w[CMOS + i] === n;
    return [fits(1, this.shown(c.second)), fits(3, this.shown(c.minute)),
      fits(5, this.shownHour(c.hour))];
  }

  /** Whether any second of a day is the alarm's: we try n:n:n o'clock. */
  private alarmComes(): boolean {
    const tries = Array.from({ length: 60 }, (_, n) =>
      this.alarmFits(n * 3661));
    return [0, 1, 2].every((i) => tries.some((fits) => fits[i]));
  }
  private plan(): void {
    const { machine, w } = this, b = w[CMOS + B]!;
    machine.queue.cancel(NO_CPU, this.kind);
    const { ticksPerSecond } = machine.layout, { time } = machine;
    if (b & (UIE | AIE) && !(b & SET)) {
      const left = Math.floor(this.now()) + 1 - this.now();
      const ticks = Math.ceil(left * ticksPerSecond);
      machine.schedule(time + ticks, this.kind, SECOND);
    }
    const each = this.periodTicks();
    if (b & PIE && each) {
      const next = Math.ceil((this.periods() + 1) * each);
      machine.schedule(next, this.kind, PERIODIC);
    }
  }

  private tick(_what: number): void {
    this.collect();
    this.update();
    this.plan();
  }

  private wakes(what: number): boolean {
    const comes = what === PERIODIC || this.w[CMOS + B]! & UIE ||
      this.alarmComes();
    // Without a look at register C the wire stays high, and has no edge.
    return !!comes && !this.asks() && this.pics.wouldInterrupt(IRQ);
  }

  /** RESET clears what interrupts; all the rest has a battery. */
  reset(): void {
    const { w } = this;
    w[CMOS + B]! &= 0x87;
    w[CMOS + C] = 0;
    this.d[SEEN] = Math.floor(this.now());
    this.plan();
    this.update();
  }
  private describe(): void {
    const { machine, w } = this;
    w[CMOS + A] = 0x26;
    w[CMOS + B] = H24;
    w[CMOS + D] = 0x80;
    const put = (i: number, word: number) => {
      w[CMOS + i] = word & 0xff;
      w[CMOS + i + 1] = word >>> 8;
    };
    const above1M = Math.max(0, machine.ramSize - 0x100000) / 1024;
    put(0x15, 640);
    put(0x17, Math.min(above1M, 0xffff));
    put(0x30, Math.min(above1M, 0xffff));
    put(0x34, Math.max(0, machine.ramSize - 0x1000000) / 0x10000);
    w[CMOS + 0x5f] = machine.layout.cpus - 1;
  }
}
