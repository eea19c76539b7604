import type { Machine } from "../machine";
import { NO_CPU } from "../queue";
import { civil, secondsOf } from "./calendar";
import { floatsOf, fromBcd, toBcd } from "./floats";
import type { Pics } from "./pic";

/** Doubles BASE (seconds at machine time 0), SEEN and PERIODS; words. */
const BASE = 0, SEEN = 1, PERIOD_SEEN = 2, INDEX = 6, SET_AT = 7,
  CMOS = 8, WORDS = CMOS + 128;
const A = 10, B = 11, C = 12, D = 13, CENTURY = 0x32;
const SET = 0x80, PIE = 0x40, AIE = 0x20, UIE = 0x10, BINARY = 4, H24 = 2;
const IRQ = 8, SECOND = 0, PERIODIC = 1;
const isTime = (i: number) => i < A && !(i & 1 && i < 6) || i === CENTURY;

/** The clock and its memory. */
export class Rtc {
  private readonly w: Int32Array;
  private readonly d: Float64Array;
  private readonly kind: number;

  constructor(
    private readonly machine: Machine, private readonly pics: Pics,
    date: number,
  ) {
    this.w = machine.allocateState("MC146818", WORDS);
    this.d = floatsOf(this.w, 0, 3);
    this.kind = machine.addHandler((what) => this.tick(what),
      (what) => this.wakes(what));
    machine.addDevice({
      name: "MC146818", bytewide: true, ports: { from: 0x70, length: 2 },
      readPort: (_, offset) => offset ? this.read(this.w[INDEX]!) : -1,
      writePort: (_, offset, __, value) => {
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

  private showTime(): void {
    const { w } = this, c = civil(Math.floor(this.now()));
    const binary = w[CMOS + B]! & BINARY;
    const put = (i: number, n: number) => {
      w[CMOS + i] = binary ? n : toBcd(n);
    };
    put(0, c.second);
    put(2, c.minute);
    if (w[CMOS + B]! & H24) put(4, c.hour);
    else {
      put(4, c.hour % 12 || 12);
      if (c.hour >= 12) w[CMOS + 4]! |= 0x80;
    }
    put(6, c.weekday + 1);
    put(7, c.day);
    put(8, c.month);
    put(9, c.year % 100);
    put(CENTURY, Math.floor(c.year / 100));
  }

  private takeTime(): void {
    const { w } = this, binary = w[CMOS + B]! & BINARY;
    const get = (i: number) =>
      binary ? w[CMOS + i]! : fromBcd(w[CMOS + i]!);
    const raw = w[CMOS + 4]!, late = raw & 0x80;
    const face = binary ? raw & 0x7f : fromBcd(raw & 0x7f);
    const hour = w[CMOS + B]! & H24 ? get(4)
      : face % 12 + (late ? 12 : 0);
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
      return w[CMOS + A]! | (!stands && part > 0.999756 ? 0x80 : 0);
    }
    if (i !== C) return w[CMOS + i]!;
    this.collect();
    const flags = w[CMOS + C]!;
    w[CMOS + C] = 0;
    this.update();
    return flags;
  }

  private write(i: number, value: number): void {
    const { w } = this;
    if (i === C || i === D) return;
    const stands = (w[CMOS + B]! & SET) !== 0;
    if (isTime(i) && !stands) this.showTime();
    if (i === B) {
      this.collect();
      if (!stands) this.showTime();
    }
    if (i === B && value & SET) value &= ~UIE;
    w[CMOS + i] = i === A ? value & 0x7f : value;
    const runs = !(w[CMOS + B]! & SET);
    if (i === B && stands && runs) this.takeTime();
    if (isTime(i) && runs) this.takeTime();
    if (i === A || i === B) {
      this.update();
      this.plan();
    }
  }
  /** Ticks of machine time between two periodic interrupts; 0 for never. */
  private periodTicks(): number {
    const rate = this.w[CMOS + A]! & 15;
    if (!rate) return 0;
    const hz = 32_768 >> ((rate < 3 ? rate + 7 : rate) - 1);
    return this.machine.layout.ticksPerSecond / hz;
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
    const each = this.periodTicks();
    const periods = each ? Math.floor(this.machine.time / each) : 0;
    if (periods > d[PERIOD_SEEN]!) w[CMOS + C]! |= PIE;
    d[PERIOD_SEEN] = periods;
    if (w[CMOS + C]! & w[CMOS + B]! & 0x70) w[CMOS + C]! |= 0x80;
  }

  /** Whether seconds, minutes and hours are the alarm's. */
  private alarmFits(seconds: number): boolean[] {
    const { w } = this, c = civil(seconds), b = w[CMOS + B]!;
    const show = (n: number) => b & BINARY ? n : toBcd(n);
    const fits = (i: number, n: number) =>
      w[CMOS + i]! >= 0xc0 || w[CMOS + i] === n;
    const face = show(c.hour % 12 || 12) | (c.hour >= 12 ? 0x80 : 0);
    return [fits(1, show(c.second)), fits(3, show(c.minute)),
      fits(5, b & H24 ? show(c.hour) : face)];
  }

  /** Whether any second of a day is the alarm's. */
  private alarmComes(): boolean {
    return [1, 60, 3600].every((step, i) =>
      Array.from({ length: 60 }, (_, n) => n * step)
        .some((seconds) => this.alarmFits(seconds)[i]));
  }
  private plan(): void {
    const { machine, w } = this, b = w[CMOS + B]!;
    machine.queue.cancel(NO_CPU, this.kind);
    const { ticksPerSecond } = machine.layout, { time } = machine;
    if (b & (UIE | AIE) && !(b & SET)) {
      const left = Math.floor(this.now()) + 1 - this.now();
      const ticks = Math.max(1, Math.ceil(left * ticksPerSecond));
      machine.schedule(time + ticks, this.kind, SECOND);
    }
    const each = this.periodTicks();
    if (b & PIE && each) {
      const next = Math.ceil((Math.floor(time / each) + 1) * each);
      machine.schedule(next, this.kind, PERIODIC);
    }
  }

  private tick(_what: number): void {
    this.collect();
    this.update();
    this.plan();
  }

  private wakes(what: number): boolean {
    const b = this.w[CMOS + B]!;
    const enabled = what === PERIODIC ? b & PIE
      : b & UIE || (b & AIE && this.alarmComes());
    // Without a look at register C the wire stays high, and has no edge.
    const high = (this.w[CMOS + C]! & 0x80) !== 0;
    return !!enabled && !high && this.pics.wouldInterrupt(IRQ);
  }

  private update(): void {
    this.pics.setIrq(IRQ, (this.w[CMOS + C]! & 0x80) !== 0);
  }

  /** RESET clears what interrupts; time and memory have a battery. */
  reset(): void {
    const { w } = this;
    w[CMOS + A] = 0x26;
    w[CMOS + B] = (w[CMOS + B]! & 0x87) | H24;
    w[CMOS + C] = 0;
    w[CMOS + D] = 0x80;
    this.d[SEEN] = Math.floor(this.now());
    this.plan();
    this.update();
  }
  private describe(): void {
    const { machine, w } = this;
    const put = (i: number, n: number, bytes: number) => {
      for (let k = 0; k < bytes; k++) {
        w[CMOS + i + k] = Math.floor(n / 2 ** (8 * k)) & 0xff;
      }
    };
    const above1M = Math.max(0, machine.ramSize - 0x100000) >>> 10;
    const above16M = Math.max(0, machine.ramSize - 0x1000000);
    put(0x15, 640, 2);
    put(0x17, Math.min(above1M, 0xffff), 2);
    put(0x30, Math.min(above1M, 0xffff), 2);
    put(0x34, Math.min(above16M / 0x10000, 0xffff), 2);
    put(0x5f, machine.cpus.length - 1, 1);
    put(0x14, 0x06, 1);
  }
}
