// Woven from chapters/922-keyboard.md.
import type { Board } from "../ground/board";
import { NOT_READ, NOT_WRITTEN } from "../ground/windows";
import { clear, nameWords } from "./registers";

/** Registers of the host bridge that turn windows (440FX, 3.2.15). */
const PAM = 0x59, SPACE = 256;
const registersOf = (words: Int32Array) =>
  nameWords(words, ["address", "reset"]);
/** Words behind them: the configuration of both devices. */
const CONFIG = 2, WORDS = CONFIG + 2 * SPACE / 4;

/** What is read in each device's configuration at first: offset, bytes. */
const FIRST: readonly (readonly [number, readonly number[]])[][] = [
  [ // 8086:1237, host bridge
    [0x00, [0x86, 0x80, 0x37, 0x12, 0x06, 0x00, 0x80, 0x02]],
    [0x08, [0x02, 0x00, 0x00, 0x06]],
    [0x2c, [0xf4, 0x1a, 0x00, 0x11]],
  ],
  [ // 8086:7000, ISA bridge
    [0x00, [0x86, 0x80, 0x00, 0x70, 0x07, 0x00, 0x00, 0x02]],
    [0x08, [0x00, 0x00, 0x01, 0x06]],
    [0x2c, [0xf4, 0x1a, 0x00, 0x11]],
    [0x60, [0x80, 0x80, 0x80, 0x80]],
  ],
];
/** Which bytes can be written, by device. */
const writable = (device: number, at: number) => device === 0
  ? at === 4 || at === 0x0d || (at >= 0x50 && at < 0x90)
  : at === 4 || at >= 0x40;

/** Configuration mechanism 1 with two bridges. */
export class Pci {
  private readonly r: ReturnType<typeof registersOf>;
  private readonly config: readonly Uint8Array[];

  constructor(
    private readonly board: Board,
    private readonly resetMachine: () => void,
  ) {
    const w = board.allocateState("PCI", WORDS);
    this.r = registersOf(w);
    this.config = FIRST.map((_, i) => new Uint8Array(
      w.buffer, w.byteOffset + 4 * CONFIG + i * SPACE, SPACE));
    board.addDevice({
      name: "PCI", ports: { from: 0xcf8, length: 8 },
      readPort: (offset, size) => this.read(offset, size),
      writePort: (offset, size, v) => this.write(offset, size, v),
    });
    this.reset();
  }

  /** The bytes that the address register selects, if anything is there. */
  private selected(): { device: number; at: number } | undefined {
    const address = this.r.address;
    if (address >= 0 || (address >>> 8) & 0xff07) return undefined;
    const device = (address >>> 11) & 31;
    return device < 2 ? { device, at: address & 0xfc } : undefined;
  }

  private read(offset: number, size: number): number {
    const { r } = this;
    if (offset === 0 && size === 4) return r.address;
    if (offset === 1 && size === 1) return r.reset;
    const selected = offset >= 4 ? this.selected() : undefined;
    if (!selected) return -1;
    const at = selected.at + offset - 4;
    const bytes = this.config[selected.device]!;
    let value = 0;
    for (let i = 0; i < size; i++) value |= bytes[at + i]! << (8 * i);
    return value;
  }

  private write(offset: number, size: number, value: number): void {
    const { r } = this;
    if (offset === 0 && size === 4) {
      r.address = value & 0x80fffffc;
      return;
    }
    if (offset === 1 && size === 1) return this.resetControl(value);
    const selected = offset >= 4 ? this.selected() : undefined;
    if (!selected) return;
    const { device } = selected, bytes = this.config[device]!;
    for (let i = 0; i < size; i++) {
      const at = selected.at + offset - 4 + i;
      if (writable(device, at)) bytes[at] = value >>> (8 * i);
    }
    if (device === 0) this.turnWindows();
  }

  /** Bit 2 resets, and falls again by that; bit 1 says how thoroughly. */
  private resetControl(value: number): void {
    this.r.reset = value & 2;
    if (value & 4) this.resetMachine();
  }
  private turnWindows(): void {
    const bytes = this.config[0]!;
    const what = (bits: number) =>
      (bits & 1 ? 0 : NOT_READ) | (bits & 2 ? 0 : NOT_WRITTEN);
    const turn = (from: number, length: number, bits: number) => {
      if (this.board.windowOf(from) === what(bits)) return;
      this.board.setWindow(from, length, what(bits));
    };
    turn(0xf0000, 0x10000, bytes[PAM]! >> 4);
    for (let i = 0; i < 12; i++) {
      const bits = bytes[PAM + 1 + (i >> 1)]! >> (i & 1 ? 4 : 0);
      turn(0xc0000 + i * 0x4000, 0x4000, bits);
    }
  }

  /** As power-on leaves it: the windows show the ROM. */
  reset(): void {
    clear(this.r);
    this.config.forEach((bytes, i) => {
      bytes.fill(0);
      for (const [at, first] of FIRST[i]!) bytes.set(first, at);
    });
    this.turnWindows();
  }

  /** As a BIOS leaves it that has gone: all windows are RAM. */
  initialize(): void {
    this.config[0]!.fill(0x33, PAM, PAM + 7);
    this.turnWindows();
  }
}
