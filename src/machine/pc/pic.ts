// Woven from chapters/762-lines.md, 922-keyboard.md.
import { intrConnected } from "../cpu/apic";
import type { Cpu } from "../cpu/cpu";
import type { Board } from "../ground/board";
import type { Device } from "../ground/bus";
import { ACTIVITY, HALTED, IF, SYSTEM_FLAGS } from "../ground/state";
import { clear, nameWords } from "./registers";
import type { Registers } from "./registers";

/** Words of one 8259. */
const NAMES = ["irr", "isr", "imr", "lines", "elcr", "vector", "step",
  "withIcw4", "single", "autoEoi", "rotateAeoi", "lowest", "readIsr", "poll",
  "specialMask", "nested", "level"] as const;
type Chip = Registers<typeof NAMES[number]>;
/** Which inputs of each chip are always edges (ELCR, PIIX manual). */
const ALWAYS_EDGE = [0b0000_0111, 0b0010_0001];

/** The two interrupt controllers of a PC, and the CPU at whose LINT0 their
 * wire ends. */
export class Pics {
  private readonly chips: readonly [Chip, Chip];

  constructor(private readonly board: Board, private readonly cpu: Cpu) {
    const words = board.allocateState("8259", 2 * NAMES.length);
    this.chips = [nameWords(words, NAMES),
      nameWords(words.subarray(NAMES.length), NAMES)];
    board.interruptController = this;
    for (const chip of [0, 1]) {
      const device: Device = {
        name: `8259 ${chip}`, bytewide: true,
        ports: { from: chip ? 0xa0 : 0x20, length: 2 },
        readPort: (offset) => this.read(chip, offset),
        writePort: (offset, _, value) => this.write(chip, offset, value),
      };
      board.addDevice(device);
    }
    board.addDevice({
      name: "ELCR", bytewide: true, ports: { from: 0x4d0, length: 2 },
      readPort: (offset) => this.chips[offset]!.elcr,
      writePort: (offset, _, value) => {
        const chip = this.chips[offset]!;
        chip.elcr = value & ~ALWAYS_EDGE[offset]!;
        chip.irr |= chip.lines & chip.elcr;
        this.update();
      },
    });
    this.reset();
  }

  /** Drives the wire of an interrupt request, 0 to 15. */
  setIrq(irq: number, high: boolean): void {
    const chip = this.chips[irq >> 3]!, bit = 1 << (irq & 7);
    if (high === ((chip.lines & bit) !== 0)) return;
    chip.lines ^= bit;
    chip.irr = high ? chip.irr | bit : chip.irr & ~bit;
    this.update();
  }

  /** A short pulse: low, and high again. */
  pulse(irq: number): void {
    this.setIrq(irq, false);
    this.setIrq(irq, true);
  }
  private update(): void {
    const [one, two] = this.chips;
    if (asking(two) >= 0) one.irr |= 4;
    else one.irr &= ~4;
    const intr = asking(one) >= 0;
    if (intr !== this.board.intr) this.board.intr = intr;
  }
  /** Whether a request on this wire would wake the CPU it leads to. */
  wouldInterrupt(irq: number): boolean {
    const [one, two] = this.chips, bit = 1 << (irq & 7);
    const { cpu } = this, { w } = cpu;
    if (w[ACTIVITY] !== HALTED || !(w[SYSTEM_FLAGS]! & IF)) return false;
    if (!intrConnected(cpu)) return false;
    if (irq < 8) return asking(one, one.irr | bit) >= 0;
    return asking(two, two.irr | bit) >= 0 &&
      asking(one, one.irr | 4) >= 0;
  }
  acknowledge(): number {
    const [one, two] = this.chips;
    const vector = this.take(one);
    const second = (vector & 7) === 2 && !one.single;
    const result = second ? this.take(two) : vector;
    this.update();
    return result;
  }

  private take(chip: Chip): number {
    const n = asking(chip);
    if (n < 0) return chip.vector | 7;
    const bit = 1 << n;
    if (!isLevel(chip, bit)) chip.irr &= ~bit;
    if (!chip.autoEoi) chip.isr |= bit;
    else if (chip.rotateAeoi) chip.lowest = n;
    return chip.vector | n;
  }
  private write(n: number, offset: number, value: number): void {
    const chip = this.chips[n]!;
    if (offset === 1) this.writeHigh(chip, value);
    else if (value & 0x10) this.begin(chip, value);
    else if (value & 8) this.operate(chip, value);
    else this.endInterrupt(chip, value);
    this.update();
  }

  private begin(chip: Chip, value: number): void {
    clear(chip, "lines", "elcr");
    chip.step = 2;
    chip.lowest = 7;
    chip.withIcw4 = value & 1;
    chip.single = value & 2;
    chip.level = value & 8;
    // An edge that was high before must fall and rise again.
    chip.irr = chip.level ? chip.lines : chip.lines & chip.elcr;
  }

  private writeHigh(chip: Chip, value: number): void {
    const step = chip.step;
    if (step === 0) {
      chip.imr = value;
    } else if (step === 2) {
      chip.vector = value & 0xf8;
      chip.step = chip.single ? (chip.withIcw4 ? 4 : 0) : 3;
    } else if (step === 3) {
      chip.step = chip.withIcw4 ? 4 : 0;
    } else {
      chip.autoEoi = value & 2;
      chip.nested = chip === this.chips[0] ? value & 0x10 : 0;
      chip.step = 0;
    }
  }
  private operate(chip: Chip, value: number): void {
    if (value & 2) chip.readIsr = value & 1;
    if (value & 4) chip.poll = 1;
    if (value & 0x40) chip.specialMask = (value >> 5) & 1;
  }
  private endInterrupt(chip: Chip, value: number): void {
    const command = value >> 5, named = value & 7;
    if (command === 0 || command === 4) {
      chip.rotateAeoi = command >> 2;
      return;
    }
    if (command === 6) chip.lowest = named;
    if (command === 6 || command === 2) return;
    const busy = chip.specialMask ? chip.isr & ~chip.imr : chip.isr;
    const n = command & 2 ? named : highest(chip, busy);
    if (n < 0) return;
    chip.isr &= ~(1 << n);
    if (command & 4) chip.lowest = n;
  }
  private read(n: number, offset: number): number {
    const chip = this.chips[n]!;
    if (chip.poll) return this.poll(chip);
    if (offset === 1) return chip.imr;
    return chip.readIsr ? chip.isr : chip.irr;
  }

  private poll(chip: Chip): number {
    chip.poll = 0;
    const n = asking(chip);
    if (n >= 0) this.take(chip);
    this.update();
    return n < 0 ? 0 : 0x80 | n;
  }
  /** As power-on leaves them. */
  reset(): void {
    for (const chip of this.chips) {
      clear(chip, "lines");
      chip.imr = 0xff;
      chip.lowest = 7;
    }
    this.update();
  }

  /** As a BIOS leaves them. */
  initialize(): void {
    this.chips.forEach((chip, n) => {
      this.begin(chip, 0x11);
      chip.vector = n ? 0x70 : 8;
      chip.step = 0;
      chip.imr = n ? 0xff : 0xf8;
    });
    this.update();
  }
}

function isLevel(chip: Chip, bit: number): boolean {
  return chip.level !== 0 || (chip.elcr & bit) !== 0;
}

/** Priority of an input, 0 the highest, with the lowest where it is. */
const priorityOf = (chip: Chip, n: number) => (n - chip.lowest + 7) & 7;

/** The input of the highest priority among some bits, or -1. */
function highest(chip: Chip, bits: number): number {
  for (let i = 1; i <= 8; i++) {
    const n = (chip.lowest + i) & 7;
    if (bits & (1 << n)) return n;
  }
  return -1;
}

/** The input that asks for attention, or -1. */
function asking(chip: Chip, requests = chip.irr): number {
  const best = highest(chip, requests & ~chip.imr);
  if (best < 0) return -1;
  let busy = chip.isr;
  if (chip.specialMask) busy &= ~chip.imr;
  const held = highest(chip, busy);
  const better = priorityOf(chip, best) < priorityOf(chip, held);
  if (held < 0 || better) return best;
  return chip.nested && best === 2 && held === 2 ? best : -1;
}
