// Woven from chapters/49-pc.md.
import type { Board } from "../ground/board";
import { NO_CPU } from "../ground/queue";
import type { Pics } from "./pic";

/** Words of a 16550. */
const IER = 0, LCR = 1, MCR = 2, SCRATCH = 3, DIVISOR = 4, FIFO_ON = 5,
  TRIGGER = 6, OVERRUN = 7, MODEM_DELTA = 8, SENT = 9, TIMEOUT = 10,
  HEAD = 11, COUNT = 12, COMES = 13, LINE_HEAD = 14, LINE_COUNT = 15,
  FIFO = 16, LINE = 32, LINE_SIZE = 1024, WORDS = LINE + LINE_SIZE / 4;
const IRQ = 4, DEPTH = 16;
const TRIGGERS = [1, 4, 8, 14] as const;

/** A serial line: COM1. */
export class Uart {
  private readonly w: Int32Array;
  private readonly line: Uint8Array;
  private readonly silence: number;
  private readonly arrival: number;

  constructor(
    private readonly machine: Board, private readonly pics: Pics,
    private readonly send: (byte: number) => void,
  ) {
    const w = this.w = machine.allocateState("16550", WORDS);
    this.line = new Uint8Array(w.buffer, w.byteOffset + 4 * LINE, LINE_SIZE);
    const wakes = () => this.wouldInterrupt();
    this.silence = machine.addHandler(() => {
      w[TIMEOUT] = 1;
      this.update();
    }, wakes);
    this.arrival = machine.addHandler(() => this.arrives(), wakes);
    machine.addDevice({
      name: "16550", bytewide: true, ports: { from: 0x3f8, length: 8 },
      readPort: (offset) => this.read(offset),
      writePort: (offset, _, value) => this.write(offset, value),
    });
    this.reset();
  }

  /** How many bytes may be sent to the machine now. */
  get room(): number {
    return LINE_SIZE - this.w[LINE_COUNT]!;
  }

  /** Bytes arrive from outside; those beyond `room` are lost. */
  receive(bytes: Uint8Array): void {
    const { w, line } = this;
    for (const byte of bytes.subarray(0, this.room)) {
      line[(w[LINE_HEAD]! + w[LINE_COUNT]!) % LINE_SIZE] = byte;
      w[LINE_COUNT]! += 1;
    }
    this.expect();
  }

  /** Whether a byte that arrived now would interrupt the CPU. */
  wouldInterrupt(): boolean {
    const w = this.w;
    return (w[IER]! & 1) !== 0 && (w[MCR]! & 0x18) === 8 &&
      this.pics.wouldInterrupt(IRQ);
  }

  private get hasRoom(): boolean {
    const w = this.w;
    return w[COUNT]! < (w[FIFO_ON] ? DEPTH : 1);
  }

  /** Ticks in which so many characters are sent. */
  private ticksOf(characters: number): number {
    const seconds = characters * 10 * (this.w[DIVISOR] || 1) / 115_200;
    return Math.ceil(seconds * this.machine.layout.ticksPerSecond);
  }

  /** Lets the next byte on the line begin to come. */
  private expect(): void {
    const { machine, w } = this;
    const may = w[LINE_COUNT]! > 0 && this.hasRoom && !(w[MCR]! & 0x10);
    if (!may || w[COMES]) return;
    w[COMES] = 1;
    machine.schedule(machine.time + this.ticksOf(1), this.arrival);
  }

  private arrives(): void {
    const { w, line } = this;
    w[COMES] = 0;
    if (!this.hasRoom || w[MCR]! & 0x10) return;
    const byte = line[w[LINE_HEAD]!]!;
    w[LINE_HEAD] = (w[LINE_HEAD]! + 1) % LINE_SIZE;
    w[LINE_COUNT]! -= 1;
    this.put(byte);
    this.expect();
    this.update();
  }

  private put(byte: number): void {
    const w = this.w;
    w[FIFO + (w[HEAD]! + w[COUNT]!) % DEPTH] = byte;
    w[COUNT]! += 1;
    this.expectMore();
  }
  private expectMore(): void {
    const { machine, w } = this;
    w[TIMEOUT] = 0;
    machine.queue.cancel(NO_CPU, this.silence);
    if (!w[COUNT] || !w[FIFO_ON]) return;
    machine.schedule(machine.time + this.ticksOf(4), this.silence);
  }

  /** What the IIR says, without the FIFO's bits. */
  private cause(): number {
    const w = this.w, ier = w[IER]!;
    if (ier & 4 && w[OVERRUN]) return 6;
    if (ier & 1 && w[COUNT]! >= (w[FIFO_ON] ? w[TRIGGER]! : 1)) return 4;
    if (ier & 1 && w[TIMEOUT]) return 12;
    if (ier & 2 && w[SENT]) return 2;
    if (ier & 8 && w[MODEM_DELTA]) return 0;
    return 1;
  }

  private update(): void {
    const open = (this.w[MCR]! & 0x18) === 8;
    this.pics.setIrq(IRQ, open && this.cause() !== 1);
  }
  private read(offset: number): number {
    const w = this.w, dlab = w[LCR]! & 0x80;
    switch (offset) {
      case 0: return dlab ? w[DIVISOR]! & 0xff : this.take();
      case 1: return dlab ? w[DIVISOR]! >> 8 : w[IER]!;
      case 2: return this.identify();
      case 3: return w[LCR]!;
      case 4: return w[MCR]!;
      case 5: return this.lineStatus();
      case 6: return this.modemStatus();
      default: return w[SCRATCH]!;
    }
  }

  private take(): number {
    const w = this.w, byte = w[FIFO + w[HEAD]!]!;
    if (w[COUNT]) {
      w[HEAD] = (w[HEAD]! + 1) % DEPTH;
      w[COUNT]! -= 1;
      this.expectMore();
      this.expect();
      this.update();
    }
    return byte;
  }

  private identify(): number {
    const w = this.w, cause = this.cause();
    if (cause === 2) {
      w[SENT] = 0;
      this.update();
    }
    return cause | (w[FIFO_ON] ? 0xc0 : 0);
  }

  private lineStatus(): number {
    const w = this.w;
    const status = 0x60 | (w[COUNT] ? 1 : 0) | (w[OVERRUN] ? 2 : 0);
    w[OVERRUN] = 0;
    this.update();
    return status;
  }

  private modemStatus(): number {
    const w = this.w, status = this.wires() | w[MODEM_DELTA]!;
    w[MODEM_DELTA] = 0;
    this.update();
    return status;
  }

  /** CTS, DSR, RI, DCD: there is always somebody; or the loop's. */
  private wires(): number {
    const mcr = this.w[MCR]!;
    if (!(mcr & 0x10)) return 0xb0;
    return (mcr & 2 ? 0x10 : 0) | (mcr & 1 ? 0x20 : 0) |
      (mcr & 4 ? 0x40 : 0) | (mcr & 8 ? 0x80 : 0);
  }
  private write(offset: number, value: number): void {
    const w = this.w, dlab = w[LCR]! & 0x80;
    if (offset < 2 && dlab) {
      w[DIVISOR] = offset ? (w[DIVISOR]! & 0xff) | (value << 8)
        : (w[DIVISOR]! & 0xff00) | value;
      return;
    }
    switch (offset) {
      case 0: this.transmit(value); break;
      case 1:
        if (!(w[IER]! & 2)) w[SENT] = 1;
        w[IER] = value & 15;
        break;
      case 2: this.fifoControl(value); break;
      case 3: w[LCR] = value; break;
      case 4: this.modemControl(value); break;
      case 7: w[SCRATCH] = value; break;
    }
    this.update();
  }

  private transmit(byte: number): void {
    const w = this.w;
    w[SENT] = 0;
    this.update();
    w[SENT] = 1;
    if (!(w[MCR]! & 0x10)) this.send(byte);
    else if (this.hasRoom) this.put(byte);
    else {
      w[OVERRUN] = 1;
      if (!w[FIFO_ON]) w[FIFO + w[HEAD]!] = byte;
    }
  }

  private fifoControl(value: number): void {
    const w = this.w, on = value & 1;
    if (on !== w[FIFO_ON] || value & on << 1) {
      w[HEAD] = 0;
      w[COUNT] = 0;
      this.expectMore();
    }
    w[FIFO_ON] = on;
    w[TRIGGER] = TRIGGERS[value >> 6 as 0 | 1 | 2 | 3];
    this.expect();
  }

  private modemControl(value: number): void {
    const w = this.w, before = this.wires();
    w[MCR] = value & 0x1f;
    const changed = before ^ this.wires();
    const rang = changed & before & 0x40;
    w[MODEM_DELTA]! |= ((changed & 0xb0) | rang) >> 4;
    this.expect();
  }

  /** As power-on leaves it; what is on the line stays there. */
  reset(): void {
    const { w, machine: { queue } } = this;
    w.fill(0, 0, LINE_HEAD);
    w[DIVISOR] = 12;
    queue.cancel(NO_CPU, this.silence);
    queue.cancel(NO_CPU, this.arrival);
    this.expect();
    this.update();
  }
}
