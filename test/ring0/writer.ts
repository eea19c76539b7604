// Writes the code of a case, byte by byte. It knows the sizes that the code
// segment has, and where its data segments begin, so that an operand lies at
// the linear address that somebody asked for.

import type { Random } from "../silicon/random";

/** The numbers of segment registers. */
export const ES = 0, CS = 1, SS = 2, DS = 3, FS = 4, GS = 5;
const overrides = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];

/** The bytes of a number, the lowest first. */
export function bytesOf(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, i) => value >>> 8 * i & 0xff);
}

/** Writes instructions. */
export class Writer {
  /** One list of bytes an instruction. */
  readonly parts: number[][] = [];

  /** `wide`: the code segment's D bit; `bases`: of ES CS SS DS FS GS. */
  constructor(
    readonly r: Random, readonly wide: boolean, readonly bases: number[],
  ) {}

  /** An instruction of whatever bytes. */
  add(...bytes: number[]): void {
    this.parts.push(bytes);
  }

  /** An instruction whose operands have that many bytes, 2 or 4; `size` 0
   * takes what the code segment has. */
  sized(size: number, ...bytes: number[]): void {
    const other = size !== 0 && (size === 4) !== this.wide;
    this.add(...other ? [0x66] : [], ...bytes);
  }

  /** 2 or 4, mostly what the code segment has. */
  size(): number {
    return this.r.chance(75) === this.wide ? 4 : 2;
  }

  /** mov $value,%register, all 32 bits of it. */
  load(register: number, value: number): void {
    this.sized(4, 0xb8 + register, ...bytesOf(value, 4));
  }

  /** An instruction with an operand in memory, at a linear address if the
   * segment lets it: prefixes, opcode, ModR/M, and what follows. */
  memory(
    size: number, opcode: number[], middle: number, linear: number,
    tail: number[] = [], segment = this.segment(),
  ): void {
    const offset = (linear - this.bases[segment]!) | 0;
    const fits = offset >>> 0 < 0x10000;
    const long = this.wide || !fits && this.r.chance(70);
    const prefix = [
      ...segment === DS ? [] : [overrides[segment]!],
      ...long === this.wide ? [] : [0x67],
      ...size && (size === 4) !== this.wide ? [0x66] : [],
    ];
    const address = long ? [middle << 3 | 5, ...bytesOf(offset, 4)]
      : [middle << 3 | 6, ...bytesOf(offset, 2)];
    this.add(...prefix, ...opcode, ...address, ...tail);
  }

  /** An instruction with a register in that place. */
  register(
    size: number, opcode: number[], middle: number, register: number,
    tail: number[] = [],
  ): void {
    this.sized(size, ...opcode, 0xc0 | middle << 3 | register, ...tail);
  }

  /** Mostly DS. */
  segment(): number {
    return this.r.chance(60) ? DS : this.r.pick([ES, CS, SS, FS, GS, FS, GS]);
  }
}
