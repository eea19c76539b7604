// Woven from chapters/922-keyboard.md.
import type { Board } from "../ground/board";
import type { Pics } from "./pic";
import { clear, nameWords } from "./registers";

const registersOf = (words: Int32Array) => nameWords(words,
  ["command", "pending", "expects", "lastCommand", "count"]);
/** Words behind them, from this one on: what waits to be read. */
const QUEUE = 8, LENGTH = 16;
const ACK = 0xfa, A20_BIT = 2;

/** The 8042 and a keyboard that nobody types on. */
export class Keyboard {
  private readonly r: ReturnType<typeof registersOf>;
  private readonly queue: Int32Array;

  constructor(
    private readonly board: Board, private readonly pics: Pics,
    private readonly resetMachine: () => void,
  ) {
    const words = board.allocateState("8042", QUEUE + LENGTH);
    const r = this.r = registersOf(words);
    this.queue = words.subarray(QUEUE);
    board.addDevice({
      name: "8042 data", bytewide: true, ports: { from: 0x60, length: 1 },
      readPort: () => this.take(),
      writePort: (_, __, value) => this.data(value),
    });
    board.addDevice({
      name: "8042", bytewide: true, ports: { from: 0x64, length: 1 },
      readPort: () => 0x10 | (r.lastCommand ? 8 : 0) |
        (r.command & 4) | (r.count ? 1 : 0),
      writePort: (_, __, value) => this.command(value),
    });
    this.reset();
  }

  private put(...bytes: number[]): void {
    const { r, queue } = this;
    for (const byte of bytes) {
      if (r.count < LENGTH) queue[r.count++] = byte;
    }
    this.pics.setIrq(1, r.count > 0 && (r.command & 1) !== 0);
  }

  private take(): number {
    const { r, queue } = this, byte = queue[0]!;
    if (r.count > 0) {
      queue.copyWithin(0, 1);
      r.count -= 1;
      if (!r.count) queue[0] = byte;
      this.pics.setIrq(1, false);
      this.put();
    }
    return byte;
  }

  private command(value: number): void {
    const { r, board } = this;
    r.lastCommand = 1;
    r.pending = 0;
    switch (value) {
      case 0x20: this.put(r.command); break;
      case 0xa7: r.command |= 0x20; break;
      case 0xa8: r.command &= ~0x20; break;
      case 0xa9: this.put(2); break;
      case 0xaa: this.put(0x55); r.command |= 4; break;
      case 0xab: this.put(0); break;
      case 0xad: r.command |= 0x10; break;
      case 0xae: r.command &= ~0x10; break;
      case 0xc0: this.put(0xa0); break;
      case 0xdd: board.a20 = false; break;
      case 0xdf: board.a20 = true; break;
      case 0xd0: this.put(0xcd | (board.a20 ? A20_BIT : 0)); break;
      case 0x60: case 0xd1: case 0xd2: case 0xd3: case 0xd4:
        r.pending = value;
        break;
      default:
        if (value >= 0xf0 && !(value & 1)) this.resetMachine();
    }
  }

  private data(value: number): void {
    const { r } = this, command = r.pending;
    r.lastCommand = 0;
    r.pending = 0;
    if (command === 0x60) {
      r.command = value;
      this.put();
    } else if (command === 0xd1) {
      this.board.a20 = (value & A20_BIT) !== 0;
      if (!(value & 1)) this.resetMachine();
    } else if (command === 0xd2) {
      this.put(value);
    } else if (!command) {
      this.keyboard(value);
    }
  }
  private keyboard(value: number): void {
    const { r } = this;
    const as = (byte: number) => r.command & 0x40 ? 0x41 : byte;
    if (r.expects) {
      const asks = r.expects === 0xf0 && value === 0;
      r.expects = 0;
      this.put(ACK, ...(asks ? [as(2)] : []));
    } else if (value === 0xff) this.put(ACK, 0xaa);
    else if (value === 0xf2) this.put(ACK, 0xab, as(0x83));
    else if (value === 0xee) this.put(0xee);
    else if (value < 0xed || value === 0xef || value === 0xf1) this.put(0xfe);
    else {
      // With a value to follow: LEDs, scan code set, repeat rate.
      if ([0xed, 0xf0, 0xf3].includes(value)) r.expects = value;
      this.put(ACK);
    }
  }

  /** As power-on leaves it; A20 is the machine's. */
  reset(): void {
    clear(this.r);
    this.queue.fill(0);
    this.r.command = 0x10;
    this.pics.setIrq(1, false);
  }

  /** As a BIOS leaves it: tested, on, translating. */
  initialize(): void {
    this.r.command = 0x45;
  }
}
