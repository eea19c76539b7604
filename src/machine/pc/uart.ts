// Woven from chapters/920-devices.md.
import type { Board } from "../ground/board";
import { NO_CPU } from "../ground/queue";
import type { Pics } from "./pic";
import { clear, nameWords } from "./registers";

const registersOf = (words: Int32Array) => nameWords(words, ["ier", "lcr",
  "mcr", "scratch", "divisor", "fifoOn", "trigger", "overrun", "modemDelta",
  "sent", "timeout", "head", "count", "comes", "lineHead", "lineCount"]);
/** Words behind them: the FIFO's bytes, and four bytes each of the line. */
const FIFO = 16, DEPTH = 16, LINE = FIFO + DEPTH, LINE_SIZE = 1024;
const IRQ = 4;
const TRIGGERS = [1, 4, 8, 14] as const;

/** A serial line: COM1. */
export class Uart {
  private readonly r: ReturnType<typeof registersOf>;
  private readonly fifo: Int32Array;
  private readonly line: Uint8Array;
  private readonly silence: number;
  private readonly arrival: number;

  constructor(
    private readonly board: Board, private readonly pics: Pics,
    private readonly send: (byte: number) => void,
  ) {
    const w = board.allocateState("16550", LINE + LINE_SIZE / 4);
    const r = this.r = registersOf(w);
    this.fifo = w.subarray(FIFO, FIFO + DEPTH);
    this.line = new Uint8Array(w.buffer, w.byteOffset + 4 * LINE, LINE_SIZE);
    const wakes = () => this.wouldInterrupt();
    this.silence = board.addHandler(() => {
      r.timeout = 1;
      this.update();
    }, wakes);
    this.arrival = board.addHandler(() => this.arrives(), wakes);
    board.addDevice({
      name: "16550", bytewide: true, ports: { from: 0x3f8, length: 8 },
      readPort: (offset) => this.read(offset),
      writePort: (offset, _, value) => this.write(offset, value),
    });
    this.reset();
  }

  /** How many bytes may be sent to the machine now. */
  get room(): number {
    return LINE_SIZE - this.r.lineCount;
  }

  /** Bytes arrive from outside; those beyond `room` are lost. */
  receive(bytes: Uint8Array): void {
    const { r, line } = this;
    for (const byte of bytes.subarray(0, this.room)) {
      line[(r.lineHead + r.lineCount) % LINE_SIZE] = byte;
      r.lineCount += 1;
    }
    this.expect();
  }

  /** Whether a byte that arrived now would interrupt the CPU. */
  wouldInterrupt(): boolean {
    const { r } = this;
    return (r.ier & 1) !== 0 && (r.mcr & 0x18) === 8 &&
      this.pics.wouldInterrupt(IRQ);
  }

  private get hasRoom(): boolean {
    const { r } = this;
    return r.count < (r.fifoOn ? DEPTH : 1);
  }

  /** Ticks in which so many characters are sent. */
  private ticksOf(characters: number): number {
    const seconds = characters * 10 * (this.r.divisor || 1) / 115_200;
    return Math.ceil(seconds * this.board.layout.ticksPerSecond);
  }

  /** Lets the next byte on the line begin to come. */
  private expect(): void {
    const { board, r } = this;
    const may = r.lineCount > 0 && this.hasRoom && !(r.mcr & 0x10);
    if (!may || r.comes) return;
    r.comes = 1;
    board.schedule(board.time + this.ticksOf(1), this.arrival);
  }

  private arrives(): void {
    const { r, line } = this;
    r.comes = 0;
    if (!this.hasRoom || r.mcr & 0x10) return;
    const byte = line[r.lineHead]!;
    r.lineHead = (r.lineHead + 1) % LINE_SIZE;
    r.lineCount -= 1;
    this.put(byte);
    this.expect();
    this.update();
  }

  private put(byte: number): void {
    const { r } = this;
    this.fifo[(r.head + r.count) % DEPTH] = byte;
    r.count += 1;
    this.expectMore();
  }
  private expectMore(): void {
    const { board, r } = this;
    r.timeout = 0;
    board.queue.cancel(NO_CPU, this.silence);
    if (!r.count || !r.fifoOn) return;
    board.schedule(board.time + this.ticksOf(4), this.silence);
  }

  /** What the IIR says, without the FIFO's bits. */
  private cause(): number {
    const { r } = this, { ier } = r;
    if (ier & 4 && r.overrun) return 6;
    if (ier & 1 && r.count >= (r.fifoOn ? r.trigger : 1)) return 4;
    if (ier & 1 && r.timeout) return 12;
    if (ier & 2 && r.sent) return 2;
    if (ier & 8 && r.modemDelta) return 0;
    return 1;
  }

  private update(): void {
    const open = (this.r.mcr & 0x18) === 8;
    this.pics.setIrq(IRQ, open && this.cause() !== 1);
  }
  private read(offset: number): number {
    const { r } = this, dlab = r.lcr & 0x80;
    switch (offset) {
      case 0: return dlab ? r.divisor & 0xff : this.take();
      case 1: return dlab ? r.divisor >> 8 : r.ier;
      case 2: return this.identify();
      case 3: return r.lcr;
      case 4: return r.mcr;
      case 5: return this.lineStatus();
      case 6: return this.modemStatus();
      default: return r.scratch;
    }
  }

  private take(): number {
    const { r } = this, byte = this.fifo[r.head]!;
    if (r.count) {
      r.head = (r.head + 1) % DEPTH;
      r.count -= 1;
      this.expectMore();
      this.expect();
      this.update();
    }
    return byte;
  }

  private identify(): number {
    const { r } = this, cause = this.cause();
    if (cause === 2) {
      r.sent = 0;
      this.update();
    }
    return cause | (r.fifoOn ? 0xc0 : 0);
  }

  private lineStatus(): number {
    const { r } = this;
    const status = 0x60 | (r.count ? 1 : 0) | (r.overrun ? 2 : 0);
    r.overrun = 0;
    this.update();
    return status;
  }

  private modemStatus(): number {
    const { r } = this, status = this.wires() | r.modemDelta;
    r.modemDelta = 0;
    this.update();
    return status;
  }

  /** CTS, DSR, RI, DCD: there is always somebody; or the loop's. */
  private wires(): number {
    const { mcr } = this.r;
    if (!(mcr & 0x10)) return 0xb0;
    return (mcr & 2 ? 0x10 : 0) | (mcr & 1 ? 0x20 : 0) |
      (mcr & 4 ? 0x40 : 0) | (mcr & 8 ? 0x80 : 0);
  }
  private write(offset: number, value: number): void {
    const { r } = this, dlab = r.lcr & 0x80;
    if (offset < 2 && dlab) {
      r.divisor = offset ? (r.divisor & 0xff) | (value << 8)
        : (r.divisor & 0xff00) | value;
      return;
    }
    switch (offset) {
      case 0: this.transmit(value); break;
      case 1:
        if (!(r.ier & 2)) r.sent = 1;
        r.ier = value & 15;
        break;
      case 2: this.fifoControl(value); break;
      case 3: r.lcr = value; break;
      case 4: this.modemControl(value); break;
      case 7: r.scratch = value; break;
    }
    this.update();
  }

  private transmit(byte: number): void {
    const { r } = this;
    r.sent = 0;
    this.update();
    r.sent = 1;
    if (!(r.mcr & 0x10)) this.send(byte);
    else if (this.hasRoom) this.put(byte);
    else {
      r.overrun = 1;
      if (!r.fifoOn) this.fifo[r.head] = byte;
    }
  }

  private fifoControl(value: number): void {
    const { r } = this, on = value & 1;
    if (on !== r.fifoOn || value & on << 1) {
      r.head = 0;
      r.count = 0;
      this.expectMore();
    }
    r.fifoOn = on;
    r.trigger = TRIGGERS[value >> 6 as 0 | 1 | 2 | 3];
    this.expect();
  }

  private modemControl(value: number): void {
    const { r } = this, before = this.wires();
    r.mcr = value & 0x1f;
    const changed = before ^ this.wires();
    const rang = changed & before & 0x40;
    r.modemDelta |= ((changed & 0xb0) | rang) >> 4;
    this.expect();
  }

  /** As power-on leaves it; what is on the line stays there. */
  reset(): void {
    const { r, board: { queue } } = this;
    clear(r, "lineHead", "lineCount");
    r.divisor = 12;
    queue.cancel(NO_CPU, this.silence);
    queue.cancel(NO_CPU, this.arrival);
    this.expect();
    this.update();
  }
}
