// Woven from chapters/921-clock.md.
import type { Board } from "../ground/board";
import { NO_CPU } from "../ground/queue";
import { fromBcd, toBcd } from "./bcd";
import { civil, secondsOf } from "./calendar";
import type { Pics } from "./pic";
import { nameWords } from "./registers";

/** `base` is what the clock shows at machine time 0, in seconds. */
const registersOf = (words: Int32Array) =>
  nameWords(words, ["index"], ["base", "seen", "periodSeen"]);
/** Words behind them: the bytes that the index selects. */
const CMOS = 7, BYTES = 128;
const A = 10, B = 11, C = 12, D = 13, CENTURY = 0x32;
const SET = 0x80, PIE = 0x40, AIE = 0x20, UIE = 0x10, BINARY = 4, H24 = 2;
const IRQ = 8, SECOND = 0, PERIODIC = 1;
/** Its oscillator's frequency. */
const CRYSTAL = 32_768;
const isTime = (i: number) => i < A && !(i & 1 && i < 6) || i === CENTURY;

/** The clock and its memory. */
export class Rtc {
  private readonly r: ReturnType<typeof registersOf>;
  private readonly cmos: Int32Array;
  private readonly kind: number;

  constructor(
    private readonly board: Board, private readonly pics: Pics,
    date: number,
  ) {
    const words = board.allocateState("MC146818", CMOS + BYTES);
    const r = this.r = registersOf(words);
    this.cmos = words.subarray(CMOS);
    this.kind = board.addHandler((what) => this.tick(what),
      (what) => this.wakes(what));
    board.addDevice({
      name: "MC146818", bytewide: true, ports: { from: 0x70, length: 2 },
      readPort: (offset) => offset ? this.read(r.index) : -1,
      writePort: (offset, _, value) => {
        if (offset) this.write(r.index, value);
        else r.index = value & 0x7f;
      },
    });
    r.base = date;
    this.describe();
    this.reset();
  }

  /** Seconds since 1970 that the clock shows, with a fraction. */
  private now(): number {
    const { board } = this;
    return this.r.base + board.time / board.layout.ticksPerSecond;
  }

  /** A number as the registers have it: binary, or in two digits. */
  private shown(n: number): number {
    return this.cmos[B]! & BINARY ? n : toBcd(n);
  }

  /** The hour as register 4 has it: of 24, or of 12 with bit 7 for PM. */
  private shownHour(hour: number): number {
    if (this.cmos[B]! & H24) return this.shown(hour);
    return this.shown(hour % 12 || 12) | (hour < 12 ? 0 : 0x80);
  }

  private showTime(): void {
    const { cmos } = this, c = civil(Math.floor(this.now()));
    const put = (i: number, n: number) => {
      cmos[i] = this.shown(n);
    };
    put(0, c.second);
    put(2, c.minute);
    cmos[4] = this.shownHour(c.hour);
    put(6, c.weekday + 1);
    put(7, c.day);
    put(8, c.month);
    put(9, c.year % 100);
    put(CENTURY, Math.floor(c.year / 100));
  }

  private takeTime(): void {
    const { cmos } = this, binary = cmos[B]! & BINARY;
    const number = (byte: number) => binary ? byte : fromBcd(byte);
    const get = (i: number) => number(cmos[i]!);
    const late = cmos[4]! & 0x80;
    const hour = cmos[B]! & H24 ? get(4)
      : number(cmos[4]! - late) % 12 + (late ? 12 : 0);
    const shows = secondsOf({ year: get(CENTURY) * 100 + get(9),
      month: get(8), day: get(7), hour, minute: get(2), second: get(0) });
    const { time, layout } = this.board;
    this.r.base = shows - time / layout.ticksPerSecond;
  }
  private read(i: number): number {
    const { cmos } = this;
    if (isTime(i) && !(cmos[B]! & SET)) this.showTime();
    if (i === A) {
      const part = this.now() % 1, stands = cmos[B]! & SET;
      return cmos[A]! | (!stands && part >= 1 - 8 / CRYSTAL ? 0x80 : 0);
    }
    if (i !== C) return cmos[i]!;
    this.collect();
    const flags = cmos[C]! | (this.asks() ? 0x80 : 0);
    cmos[C] = 0;
    this.update();
    return flags;
  }

  private write(i: number, value: number): void {
    const { cmos } = this;
    if (i === C || i === D) return;
    const stands = (cmos[B]! & SET) !== 0;
    if (i === A || i === B) this.collect();
    if ((isTime(i) || i === B) && !stands) this.showTime();
    if (i === B && value & SET) value &= ~UIE;
    cmos[i] = i === A ? value & 0x7f : value;
    const runs = !(cmos[B]! & SET);
    if (runs && (isTime(i) || (i === B && stands))) this.takeTime();
    if (i === A) this.r.periodSeen = this.periods();
    if (i === A || i === B) {
      this.update();
      this.plan();
    }
  }

  /** Whether something has happened of which interrupts were asked for. */
  private asks(): boolean {
    return (this.cmos[C]! & this.cmos[B]!) !== 0;
  }

  private update(): void {
    this.pics.setIrq(IRQ, this.asks());
  }
  /** Ticks of machine time between two periodic interrupts; 0 for never. */
  private periodTicks(): number {
    const rate = this.cmos[A]! & 15;
    if (!rate) return 0;
    const hz = CRYSTAL >> ((rate < 3 ? rate + 7 : rate) - 1);
    return this.board.layout.ticksPerSecond / hz;
  }

  /** How many such periods have passed. */
  private periods(): number {
    const each = this.periodTicks();
    return each ? Math.floor(this.board.time / each) : 0;
  }

  /** Notes in C what has happened since this was last done. */
  private collect(): void {
    const { r, cmos } = this, now = Math.floor(this.now());
    if (now > r.seen && !(cmos[B]! & SET)) {
      cmos[C]! |= UIE;
      const from = Math.max(r.seen, now - 86_400);
      for (let s = from + 1; s <= now; s++) {
        if (this.alarmFits(s).every(Boolean)) cmos[C]! |= AIE;
      }
    }
    r.seen = now;
    const periods = this.periods();
    if (periods > r.periodSeen) cmos[C]! |= PIE;
    r.periodSeen = periods;
  }

  /** Whether seconds, minutes and hours are the alarm's. */
  private alarmFits(seconds: number): boolean[] {
    const { cmos } = this, c = civil(seconds);
    const fits = (i: number, n: number) =>
      cmos[i]! >= 0xc0 || cmos[i] === n;
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
    const { board, cmos } = this, b = cmos[B]!;
    board.queue.cancel(NO_CPU, this.kind);
    const { ticksPerSecond } = board.layout, { time } = board;
    if (b & (UIE | AIE) && !(b & SET)) {
      const left = Math.floor(this.now()) + 1 - this.now();
      const ticks = Math.ceil(left * ticksPerSecond);
      board.schedule(time + ticks, this.kind, SECOND);
    }
    const each = this.periodTicks();
    if (b & PIE && each) {
      const next = Math.ceil((this.periods() + 1) * each);
      board.schedule(next, this.kind, PERIODIC);
    }
  }

  private tick(_what: number): void {
    this.collect();
    this.update();
    this.plan();
  }

  private wakes(what: number): boolean {
    const comes = what === PERIODIC || this.cmos[B]! & UIE ||
      this.alarmComes();
    // Without a look at register C the wire stays high, and has no edge.
    return !!comes && !this.asks() && this.pics.wouldInterrupt(IRQ);
  }

  /** RESET clears what interrupts; all the rest has a battery. */
  reset(): void {
    const { cmos } = this;
    cmos[B]! &= 0x87;
    cmos[C] = 0;
    this.r.seen = Math.floor(this.now());
    this.plan();
    this.update();
  }
  private describe(): void {
    const { board, cmos } = this;
    cmos[A] = 0x26;
    cmos[B] = H24;
    cmos[D] = 0x80;
    const put = (i: number, word: number) => {
      cmos[i] = word & 0xff;
      cmos[i + 1] = word >>> 8;
    };
    const above1M = Math.max(0, board.ramSize - 0x100000) / 1024;
    put(0x15, 640);
    put(0x17, Math.min(above1M, 0xffff));
    put(0x30, Math.min(above1M, 0xffff));
    put(0x34, Math.max(0, board.ramSize - 0x1000000) / 0x10000);
    cmos[0x5f] = board.layout.cpus - 1;
  }
}
