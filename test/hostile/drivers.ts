// Guests by seed whose drivers are up to no good: what an Attack does, by
// real instructions.
import { Random } from "../silicon/random";
import { PAGES } from "./generate";
import type { HostileGuest } from "./generate";
import { Attack } from "./ring";
import type { Hands } from "./ring";

const MEMORY = PAGES * 4096, REGISTERS = MEMORY + 256 * 4096;
const CODE = 0x10000, DATA = 0x4000, STACK = 0xb000, DIRECTORY = 0x5000,
  TABLE = 0x6000, RINGS = 0x40000;

/** Each touch of a device is a world switch, there and back. */
const BUDGET = 50_000;

/** Virtio's numbers of the devices on stage, in slots 1 and up. */
export const SLOTS = [3, 2, 2, 4, 1];

/** Writes down the instructions. */
class Pen implements Hands {
  readonly memory = MEMORY;
  readonly base = RINGS;
  readonly bytes: number[] = [];

  constructor(private readonly r: Random) {}

  b(...bytes: number[]): void { this.bytes.push(...bytes); }
  d(word: number): void {
    this.b(word & 255, word >>> 8 & 255, word >>> 16 & 255, word >>> 24);
  }
  set(register: number, value: number): void {
    this.b(0xb8 + register);
    this.d(value);
  }
  call(number: number, ...args: number[]): void {
    this.set(0, number);
    args.forEach((value, i) => this.set([3, 1, 2, 6][i]!, value));
    this.b(0xcd, 0x1f);
  }
  private sized(opcode: number, size: number): void {
    if (size === 2) this.b(0x66);
    this.b(opcode | (size > 1 ? 1 : 0));
  }
  private register(slot: number, offset: number): number {
    return REGISTERS + 4096 * (slot - 1) + offset;
  }
  /** A move between eax and memory, in one of two ways. */
  private move(opcode: number, size: number, address: number): void {
    if (this.r.chance(50)) {
      this.sized(opcode ^ 0x2a, size);             // 88 -> a2, 8a -> a0
      return this.d(address);
    }
    this.set(3, address);
    this.sized(opcode, size);
    this.b(0x03);                                  // (%ebx)
  }
  write(slot: number, offset: number, size: number, value: number): void {
    this.set(0, value);
    this.move(0x88, size, this.register(slot, offset));
  }
  read(slot: number, offset: number, size: number): void {
    this.move(0x8a, size, this.register(slot, offset));
  }
  in(port: number, size: number): void {
    this.set(2, port);
    this.sized(0xec, size);
  }
  out(port: number, size: number, value: number): void {
    this.set(2, port);
    this.set(0, value);
    this.sized(0xee, size);
  }
  poke(address: number, size: 2 | 4, value: number): void {
    if (address < 0 || address + size > MEMORY) return;
    this.sized(0xc6, size);
    this.b(0x05);
    this.d(address);
    this.d(value);
    if (size === 2) this.bytes.length -= 2;
  }

  /** What no driver does to a register, or to lguest. */
  odd(): void {
    const { r } = this, at = this.register(1 + r.below(6), r.below(0x48));
    switch (r.below(10)) {
      case 0: this.b(0x87, 0x05); return this.d(at);       // xchg %eax
      case 1: this.b(0xf0, 0x01, 0x05); return this.d(at); // lock addl
      case 2: this.b(0x8f, 0x05); return this.d(at);       // pop
      case 3: this.b(0xff, 0x35); return this.d(at);       // push
      case 4: case 5:                                      // strings
        this.set(7, r.pick([at, RINGS]));
        this.set(6, r.pick([at, RINGS]));
        this.set(1, r.below(9));
        return this.b(0xf3, r.pick([0xa4, 0xa5, 0xaa, 0xab]));
      case 6: this.set(0, at); return this.b(0xff, 0xe0);  // jmp
      case 7: return this.call(4, r.pick([at, DIRECTORY]) & ~4095);
      case 8: return this.call(r.pick([1, 7, 16, 17]), at, 1, 1);
      default: this.b(0xc7, 0x05); this.d(at); return this.d(r.word());
    }
  }

  /** INIT, gates, a stack; and with page tables, or without. */
  prologue(paging: boolean): void {
    const { r } = this;
    this.set(4, STACK);
    this.call(1, DATA);
    if (paging) this.call(4, DIRECTORY);
    this.call(7, 0x69, STACK, 1);
    this.b(0xeb, 7);                               // over the handlers
    const isr = this.bytes.length;
    this.b(0x50, 0xa0);                            // push, movb isr, %al
    this.d(this.register(1 + r.below(5), 0x3a));
    this.bytes.push(0x58, 0xcf);                   // pop, iret
    this.bytes[isr - 1] = this.bytes.length - isr;
    const skip = this.bytes.length;
    this.b(0xeb, 0, 0x83, 0xc4, 4);                // addl $4, %esp
    this.b(0x83, 0x04, 0x24, 2, 0xcf);             // addl $2, (%esp); iret
    this.bytes[skip + 1] = this.bytes.length - skip - 2;
    for (let line = 0; line < 7; line++)
      this.gate(32 + line, CODE + isr, r.pick([0x8e00, 0x8f00]));
    if (r.chance(50)) for (const trap of [6, 13, 14])
      this.gate(trap, CODE + skip + (trap === 6 ? 5 : 2), 0x8f00);
    if (r.chance(70)) this.poke(DATA, 4, 0x200);
    this.poke(DATA + 24, 4, -1 >>> 0);
  }
  private gate(vector: number, handler: number, type: number): void {
    this.call(6, vector, 0x610000 | (handler & 0xffff),
      ((handler & 0xffff0000) | type) >>> 0);
  }
}

/** A Guest's page tables: its memory, and its devices. */
function tables(r: Random): Uint8Array {
  const words = new Uint32Array(2048);
  const table = TABLE - DIRECTORY >> 2;
  words[0] = words[768] = TABLE | 7;
  for (let n = 0; n < PAGES; n++) words[table + n] = n << 12 | 7;
  for (let n = 0; n < SLOTS.length + 1; n++)
    words[table + (REGISTERS >> 12) + n] = REGISTERS + n * 4096 |
      r.pick([7, 7, 7, 0x67, 3, 1]);
  return new Uint8Array(words.buffer);
}

/** The Guest of a seed; with fewer lines, for who looks for a fault. */
export function driverGuest(seed: number, lines = Infinity): HostileGuest {
  const r = new Random(seed), pen = new Pen(r);
  pen.prologue(r.chance(50));
  const start = pen.bytes.length;
  const attack = new Attack(r, pen, SLOTS);
  const odd = r.pick([0, 0, 5, 20]);
  for (let n = Math.min(8 + r.below(20), lines); n > 0; n--) {
    if (r.chance(odd)) pen.odd();
    else attack.line();
    if (r.chance(10)) pen.call(r.pick([0, 19, 9]), 1000);
  }
  if (r.chance(50)) pen.call(2, DATA + 64, 1);
  pen.b(0xe9);                                     // and all over again
  pen.d(start - pen.bytes.length - 4);
  const data = new Uint32Array(347);
  data[0] = 0x200;
  data.fill(0xffffffff, 6, 22);
  data[345] = 0xc0000000;
  data[346] = 0x80;
  return { seed, entry: CODE, budget: BUDGET, parts: [
    { address: CODE, bytes: Uint8Array.from(pen.bytes) },
    { address: DIRECTORY, bytes: tables(r) },
    { address: DATA, bytes: new Uint8Array(data.buffer) }] };
}
