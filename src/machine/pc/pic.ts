// Woven from chapters/49-lines.md.
import { intrConnected } from "../cpu/apic";
import type { Cpu } from "../cpu/cpu";
import type { Board } from "../ground/board";
import type { Device } from "../ground/bus";
import { ACTIVITY, HALTED, IF, SYSTEM_FLAGS } from "../ground/state";

/** Words of one 8259. */
const IRR = 0, ISR = 1, IMR = 2, LINES = 3, ELCR = 4, VECTOR = 5, STEP = 6,
  WITH_ICW4 = 7, SINGLE = 8, AUTO_EOI = 9, ROTATE_AEOI = 10, LOWEST = 11,
  READ_ISR = 12, POLL = 13, SPECIAL_MASK = 14, NESTED = 15, LEVEL = 16,
  WORDS = 17;
/** Which inputs of each chip are always edges (ELCR, PIIX manual). */
const ALWAYS_EDGE = [0b0000_0111, 0b0010_0001];

/** The two interrupt controllers of a PC, and the CPU at whose LINT0 their
 * wire ends. */
export class Pics {
  private readonly w: readonly [Int32Array, Int32Array];

  constructor(private readonly machine: Board, private readonly cpu: Cpu) {
    const words = machine.allocateState("8259", 2 * WORDS);
    this.w = [words.subarray(0, WORDS), words.subarray(WORDS)];
    machine.interruptController = this;
    for (const chip of [0, 1]) {
      const device: Device = {
        name: `8259 ${chip}`, bytewide: true,
        ports: { from: chip ? 0xa0 : 0x20, length: 2 },
        readPort: (offset) => this.read(chip, offset),
        writePort: (offset, _, value) => this.write(chip, offset, value),
      };
      machine.addDevice(device);
    }
    machine.addDevice({
      name: "ELCR", bytewide: true, ports: { from: 0x4d0, length: 2 },
      readPort: (offset) => this.w[offset]![ELCR]!,
      writePort: (offset, _, value) => {
        const w = this.w[offset]!;
        w[ELCR] = value & ~ALWAYS_EDGE[offset]!;
        w[IRR]! |= w[LINES]! & w[ELCR]!;
        this.update();
      },
    });
    this.reset();
  }

  /** Drives the wire of an interrupt request, 0 to 15. */
  setIrq(irq: number, high: boolean): void {
    const w = this.w[irq >> 3]!, bit = 1 << (irq & 7);
    if (high === ((w[LINES]! & bit) !== 0)) return;
    w[LINES]! ^= bit;
    w[IRR] = high ? w[IRR]! | bit : w[IRR]! & ~bit;
    this.update();
  }

  /** A short pulse: low, and high again. */
  pulse(irq: number): void {
    this.setIrq(irq, false);
    this.setIrq(irq, true);
  }
  private update(): void {
    const [one, two] = this.w;
    if (asking(two) >= 0) one[IRR]! |= 4;
    else one[IRR]! &= ~4;
    const intr = asking(one) >= 0;
    if (intr !== this.machine.intr) this.machine.intr = intr;
  }
  /** Whether a request on this wire would wake the CPU it leads to. */
  wouldInterrupt(irq: number): boolean {
    const [one, two] = this.w, bit = 1 << (irq & 7);
    const { cpu } = this, { w } = cpu;
    if (w[ACTIVITY] !== HALTED || !(w[SYSTEM_FLAGS]! & IF)) return false;
    if (!intrConnected(cpu)) return false;
    if (irq < 8) return asking(one, one[IRR]! | bit) >= 0;
    return asking(two, two[IRR]! | bit) >= 0 &&
      asking(one, one[IRR]! | 4) >= 0;
  }
  acknowledge(): number {
    const [one, two] = this.w;
    const vector = this.take(one);
    const second = (vector & 7) === 2 && !one[SINGLE];
    const result = second ? this.take(two) : vector;
    this.update();
    return result;
  }

  private take(w: Int32Array): number {
    const n = asking(w);
    if (n < 0) return w[VECTOR]! | 7;
    const bit = 1 << n;
    if (!isLevel(w, bit)) w[IRR]! &= ~bit;
    if (!w[AUTO_EOI]) w[ISR]! |= bit;
    else if (w[ROTATE_AEOI]) w[LOWEST] = n;
    return w[VECTOR]! | n;
  }
  private write(chip: number, offset: number, value: number): void {
    const w = this.w[chip]!;
    if (offset === 1) this.writeHigh(w, value);
    else if (value & 0x10) this.begin(w, value);
    else if (value & 8) this.operate(w, value);
    else this.endInterrupt(w, value);
    this.update();
  }

  private begin(w: Int32Array, value: number): void {
    const keep = [LINES, ELCR].map((n) => [n, w[n]!] as const);
    w.fill(0);
    for (const [n, kept] of keep) w[n] = kept;
    w[STEP] = 2;
    w[LOWEST] = 7;
    w[WITH_ICW4] = value & 1;
    w[SINGLE] = value & 2;
    w[LEVEL] = value & 8;
    // An edge that was high before must fall and rise again.
    w[IRR] = w[LEVEL] ? w[LINES]! : w[LINES]! & w[ELCR]!;
  }

  private writeHigh(w: Int32Array, value: number): void {
    const step = w[STEP]!;
    if (step === 0) {
      w[IMR] = value;
    } else if (step === 2) {
      w[VECTOR] = value & 0xf8;
      w[STEP] = w[SINGLE] ? (w[WITH_ICW4] ? 4 : 0) : 3;
    } else if (step === 3) {
      w[STEP] = w[WITH_ICW4] ? 4 : 0;
    } else {
      w[AUTO_EOI] = value & 2;
      w[NESTED] = w === this.w[0] ? value & 0x10 : 0;
      w[STEP] = 0;
    }
  }
  private operate(w: Int32Array, value: number): void {
    if (value & 2) w[READ_ISR] = value & 1;
    if (value & 4) w[POLL] = 1;
    if (value & 0x40) w[SPECIAL_MASK] = (value >> 5) & 1;
  }
  private endInterrupt(w: Int32Array, value: number): void {
    const command = value >> 5, named = value & 7;
    if (command === 0 || command === 4) {
      w[ROTATE_AEOI] = command >> 2;
      return;
    }
    if (command === 6) w[LOWEST] = named;
    if (command === 6 || command === 2) return;
    const busy = w[SPECIAL_MASK] ? w[ISR]! & ~w[IMR]! : w[ISR]!;
    const n = command & 2 ? named : highest(w, busy);
    if (n < 0) return;
    w[ISR]! &= ~(1 << n);
    if (command & 4) w[LOWEST] = n;
  }
  private read(chip: number, offset: number): number {
    const w = this.w[chip]!;
    if (w[POLL]) return this.poll(w);
    if (offset === 1) return w[IMR]!;
    return w[READ_ISR] ? w[ISR]! : w[IRR]!;
  }

  private poll(w: Int32Array): number {
    w[POLL] = 0;
    const n = asking(w);
    if (n >= 0) this.take(w);
    this.update();
    return n < 0 ? 0 : 0x80 | n;
  }
  /** As power-on leaves them. */
  reset(): void {
    for (const w of this.w) {
      const lines = w[LINES]!;
      w.fill(0);
      w[LINES] = lines;
      w[IMR] = 0xff;
      w[LOWEST] = 7;
    }
    this.update();
  }

  /** As a BIOS leaves them. */
  initialize(): void {
    this.w.forEach((w, chip) => {
      this.begin(w, 0x11);
      w[VECTOR] = chip ? 0x70 : 8;
      w[STEP] = 0;
      w[IMR] = chip ? 0xff : 0xf8;
    });
    this.update();
  }
}

function isLevel(w: Int32Array, bit: number): boolean {
  return w[LEVEL] !== 0 || (w[ELCR]! & bit) !== 0;
}

/** Priority of an input, 0 the highest, with the lowest where it is. */
const priorityOf = (w: Int32Array, n: number) => (n - w[LOWEST]! + 7) & 7;

/** The input of the highest priority among some bits, or -1. */
function highest(w: Int32Array, bits: number): number {
  for (let i = 1; i <= 8; i++) {
    const n = (w[LOWEST]! + i) & 7;
    if (bits & (1 << n)) return n;
  }
  return -1;
}

/** The input that asks for attention, or -1. */
function asking(w: Int32Array, requests = w[IRR]!): number {
  const best = highest(w, requests & ~w[IMR]!);
  if (best < 0) return -1;
  let busy = w[ISR]!;
  if (w[SPECIAL_MASK]) busy &= ~w[IMR]!;
  const held = highest(w, busy);
  if (held < 0 || priorityOf(w, best) < priorityOf(w, held)) return best;
  return w[NESTED] && best === 2 && held === 2 ? best : -1;
}
