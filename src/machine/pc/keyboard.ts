// Woven from chapters/49-pc.md.
import type { Board } from "../ground/board";
import type { Pics } from "./pic";

const COMMAND = 0, PENDING = 1, EXPECTS = 2, LAST_COMMAND = 3, COUNT = 4,
  QUEUE = 8, LENGTH = 16, WORDS = QUEUE + LENGTH;
const ACK = 0xfa, A20_BIT = 2;

/** The 8042 and a keyboard that nobody types on. */
export class Keyboard {
  private readonly w: Int32Array;

  constructor(
    private readonly machine: Board, private readonly pics: Pics,
    private readonly resetMachine: () => void,
  ) {
    this.w = machine.allocateState("8042", WORDS);
    machine.addDevice({
      name: "8042 data", bytewide: true, ports: { from: 0x60, length: 1 },
      readPort: () => this.take(),
      writePort: (_, __, value) => this.data(value),
    });
    machine.addDevice({
      name: "8042", bytewide: true, ports: { from: 0x64, length: 1 },
      readPort: () => 0x10 | (this.w[LAST_COMMAND] ? 8 : 0) |
        (this.w[COMMAND]! & 4) | (this.w[COUNT] ? 1 : 0),
      writePort: (_, __, value) => this.command(value),
    });
    this.reset();
  }

  private put(...bytes: number[]): void {
    const { w } = this;
    for (const byte of bytes) {
      if (w[COUNT]! < LENGTH) w[QUEUE + w[COUNT]!++] = byte;
    }
    this.pics.setIrq(1, w[COUNT]! > 0 && (w[COMMAND]! & 1) !== 0);
  }

  private take(): number {
    const { w } = this, byte = w[QUEUE]!;
    if (w[COUNT]! > 0) {
      w.copyWithin(QUEUE, QUEUE + 1, QUEUE + LENGTH);
      w[COUNT]! -= 1;
      if (!w[COUNT]) w[QUEUE] = byte;
      this.pics.setIrq(1, false);
      this.put();
    }
    return byte;
  }

  private command(value: number): void {
    const { w, machine } = this;
    w[LAST_COMMAND] = 1;
    w[PENDING] = 0;
    switch (value) {
      case 0x20: this.put(w[COMMAND]!); break;
      case 0xa7: w[COMMAND]! |= 0x20; break;
      case 0xa8: w[COMMAND]! &= ~0x20; break;
      case 0xa9: this.put(2); break;
      case 0xaa: this.put(0x55); w[COMMAND]! |= 4; break;
      case 0xab: this.put(0); break;
      case 0xad: w[COMMAND]! |= 0x10; break;
      case 0xae: w[COMMAND]! &= ~0x10; break;
      case 0xc0: this.put(0xa0); break;
      case 0xdd: machine.a20 = false; break;
      case 0xdf: machine.a20 = true; break;
      case 0xd0: this.put(0xcd | (machine.a20 ? A20_BIT : 0)); break;
      case 0x60: case 0xd1: case 0xd2: case 0xd3: case 0xd4:
        w[PENDING] = value;
        break;
      default:
        if (value >= 0xf0 && !(value & 1)) this.resetMachine();
    }
  }

  private data(value: number): void {
    const { w } = this, command = w[PENDING]!;
    w[LAST_COMMAND] = 0;
    w[PENDING] = 0;
    if (command === 0x60) {
      w[COMMAND] = value;
      this.put();
    } else if (command === 0xd1) {
      this.machine.a20 = (value & A20_BIT) !== 0;
      if (!(value & 1)) this.resetMachine();
    } else if (command === 0xd2) {
      this.put(value);
    } else if (!command) {
      this.keyboard(value);
    }
  }
  private keyboard(value: number): void {
    const { w } = this;
    const as = (byte: number) => w[COMMAND]! & 0x40 ? 0x41 : byte;
    if (w[EXPECTS]) {
      const asks = w[EXPECTS] === 0xf0 && value === 0;
      w[EXPECTS] = 0;
      this.put(ACK, ...(asks ? [as(2)] : []));
    } else if (value === 0xff) this.put(ACK, 0xaa);
    else if (value === 0xf2) this.put(ACK, 0xab, as(0x83));
    else if (value === 0xee) this.put(0xee);
    else if (value < 0xed || value === 0xef || value === 0xf1) this.put(0xfe);
    else {
      // With a value to follow: LEDs, scan code set, repeat rate.
      if ([0xed, 0xf0, 0xf3].includes(value)) w[EXPECTS] = value;
      this.put(ACK);
    }
  }

  /** As power-on leaves it; A20 is the machine's. */
  reset(): void {
    this.w.fill(0);
    this.w[COMMAND] = 0x10;
    this.pics.setIrq(1, false);
  }

  /** As a BIOS leaves it: tested, on, translating. */
  initialize(): void {
    this.w[COMMAND] = 0x45;
  }
}
