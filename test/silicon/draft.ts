// A case that is being made: registers and words of memory, some of them
// promised to an instruction and no longer free.

import { CODE, CODE_END, DATA, DATA_END, DATA_SIZE } from "./case";
import {
  baseOf, codeSelectors, dataSelectors, isBig, localSegment, stackSelectors,
} from "./local";
import type { Random } from "./random";

const CS = 1, SS = 2, FS = 4;

/** Segment registers with segments of a process's own in all but, now and
 * then, CS. */
export function localSegments(r: Random, systemCode: number): number[] {
  return Array.from({ length: 6 }, (_, i) =>
    i === SS ? r.pick(stackSelectors)
      : i !== CS ? r.pick(dataSelectors)
        : r.chance(15) ? systemCode : r.pick(codeSelectors));
}

/** The beginnings of a case. */
export class Draft {
  readonly registers: number[] = [];
  readonly patches = new Map<number, number>();
  /** Where the code will lie. */
  address: number;
  /** In a sequence: keep to the registers for computing, don't fault. */
  calm = false;
  readonly #fixed = new Set<number>();

  /** `segments`: what is in the segment registers, if not the system's. */
  constructor(readonly r: Random, readonly segments?: readonly number[]) {
    for (let i = 0; i < 8; i++)
      this.registers.push(r.operand());
    this.registers[4] = this.stackPointer();
    this.address = this.#codeAddress();
  }

  /** Whether the code has 16 bits. */
  get narrow(): boolean {
    return this.segments !== undefined && !isBig(this.segments[CS]!);
  }

  /** Where a segment begins: of the system's only FS isn't flat. */
  base(segment: number): number {
    if (this.segments)
      return baseOf(this.segments[segment]!);
    return segment === FS ? DATA : 0;
  }

  /** The linear address of the stack's top. */
  get stackTop(): number {
    const esp = this.registers[4]!, wide = !this.segments
      || isBig(this.segments[SS]!);
    return (this.base(SS) + (wide ? esp : esp & 0xffff)) >>> 0;
  }

  /** Promises a value to somebody: nobody may change it any more. */
  fix(register: number, value: number): void {
    this.registers[register] = value >>> 0;
    this.#fixed.add(register);
  }

  /** Whether the register was promised to nobody. */
  isFree(register: number): boolean {
    return !this.#fixed.has(register);
  }

  /** Sets a register if it is free, and says whether it was. */
  offer(register: number, value: number): boolean {
    if (!this.isFree(register))
      return false;
    this.fix(register, value);
    return true;
  }

  /** Lays a word over the data, if it lies in the writable pages. */
  patch(address: number, value: number): void {
    if (address >= DATA && address <= DATA + DATA_SIZE - 4)
      this.patches.set(address, value >>> 0);
  }

  /** Where an operand of that many bytes may be: mostly well inside, and at
   * all the edges of the pages. */
  place(size: number, aligned: boolean): number {
    const { r } = this;
    const near = (edge: number) => edge - r.below(size + 1);
    const at = this.#placeOf(r.below(this.calm ? 88 : 100), near);
    return aligned ? at & -Math.max(size, 1) : at;
  }

  #placeOf(what: number, near: (edge: number) => number): number {
    const { r } = this;
    if (what < 40) return DATA + 4 * r.below(DATA_SIZE / 4 - 8);
    if (what < 78) return DATA + r.below(DATA_SIZE - 32);
    if (what < 88) return near(DATA + 0x1000);
    if (what < 92) return near(DATA + DATA_SIZE);
    if (what < 95) return DATA + DATA_SIZE + r.below(0x1000 - 32);
    if (what < 98) return near(DATA_END);
    return near(DATA);
  }

  /** A good ESP; now and then one at an edge. */
  stackPointer(): number {
    const esp = (this.#stackPlace() - this.base(SS)) >>> 0;
    // What a 16-bit stack doesn't look at is random.
    return this.segments && !isBig(this.segments[SS]!) && this.r.chance(50)
      ? (esp & 0xffff | this.r.word() & 0xffff0000) >>> 0 : esp;
  }

  #stackPlace(): number {
    const { r } = this;
    if (r.chance(80))
      return DATA + 0x400 + 4 * r.below(0x600);
    if (r.chance(40))
      return DATA + 0x400 + r.below(0x1800);
    return r.pick([DATA, DATA + 0x1000, DATA + DATA_SIZE, DATA_END])
      + r.below(40) - 20;
  }

  #codeAddress(): number {
    const { r } = this;
    const limit = this.segments && localSegment(this.segments[CS]!)?.limit;
    // Who begins beyond the limit never begins.
    if (limit && r.chance(30))
      return CODE + Math.min(limit, CODE_END - CODE) - r.below(20);
    if (limit)
      return CODE + 0x400 + r.below(0x300);
    if (r.chance(90)) return CODE + 0x400 + r.below(0x400);
    if (r.chance(70)) return CODE + 0x1000 - r.below(16);
    return CODE_END - r.below(16);
  }

  /** An address in a code segment where an int3 waits. */
  landing(selector = this.segments?.[CS] ?? 0): number {
    // Now and then beyond the limit, if it is a small one; never in the code.
    const beyond = this.segments !== undefined && this.r.chance(10);
    const at = beyond ? 0x800 + this.r.below(16)
      : 0x100 + this.r.below(0x200);
    return (CODE + at - baseOf(selector)) >>> 0;
  }
}
