// ModR/M backwards: first the address, then registers and a displacement
// that lead there.

import type { Draft } from "./draft";

// ES CS SS DS FS GS.
const PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];

/** The segment register of a prefix, or -1. */
export function segmentOf(prefix: number): number {
  return PREFIXES.indexOf(prefix);
}

/** What the operand must be. */
export interface Wanted {
  /** Bytes. */
  size: number;
  /** ModR/M's middle field. */
  middle: number;
  address16: boolean;
  aligned: boolean;
}

/** An operand in memory. */
export interface Made {
  bytes: number[];
  /** The prefix that it needs, or 0. */
  segment: number;
  /** The linear address. */
  address: number;
}

/** ModR/M for a register. */
export function registerOnly(middle: number, register: number): number[] {
  return [0xc0 | middle << 3 | register];
}

/** ModR/M, SIB and displacement for some place in the data. */
export function memory(draft: Draft, wanted: Wanted): Made | undefined {
  const { r } = draft;
  if (draft.calm)
    return calmMemory(draft, wanted);
  const address = draft.place(wanted.size, wanted.aligned);
  const segment = draft.segments ? r.pick(PREFIXES)
    : wanted.address16 ? (r.chance(95) ? 0x64 : 0)
      : r.pick([0, 0, 0, 0, 0, 0, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x64]);
  const offset = (address - draft.base(segmentOf(segment))) >>> 0;
  const bytes = wanted.address16
    ? memory16(draft, wanted.middle, offset)
    : memory32(draft, wanted.middle, offset);
  return bytes && { bytes, segment, address };
}

/** One of the pointers and a short way from it. */
function calmMemory(draft: Draft, wanted: Wanted): Made {
  const { r } = draft;
  const base = r.pick([4, 5, 6, 7]);
  let distance = r.below(256) - 128;
  const at = (draft.registers[base]! + distance) >>> 0;
  if (wanted.aligned)
    distance -= at & wanted.size - 1;
  const head = [0x80 | wanted.middle << 3 | base];
  if (base === 4)
    head.push(0x24);
  return {
    bytes: [...head, ...bytesOf(distance, 4)], segment: 0,
    address: (draft.registers[base]! + distance) >>> 0,
  };
}

function bytesOf(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, i) => value >>> 8 * i & 0xff);
}

function memory32(
  draft: Draft, middle: number, offset: number,
): number[] | undefined {
  const { r } = draft;
  const mod = r.below(3);
  const rm = r.below(8);
  const sib = rm === 4 ? r.below(256) : 0;
  const index = rm === 4 ? sib >> 3 & 7 : 4;
  let base = rm === 4 ? sib & 7 : rm;
  let size = [0, 1, 4][mod]!;
  if (mod === 0 && base === 5) {
    base = -1;
    size = 4;
  }
  const head = [mod << 6 | middle << 3 | rm];
  if (rm === 4)
    head.push(sib);

  let rest = offset;
  if (index !== 4) {
    draft.fix(index, draft.registers[index]!);
    rest -= draft.registers[index]! << (sib >> 6);
  }
  let displacement = size === 1 ? r.word() << 24 >> 24 : 0;
  if (size === 4 && r.chance(50))
    displacement = r.operand() | 0;
  if (base >= 0 && draft.isFree(base))
    draft.fix(base, rest - displacement);
  else if (size === 4)
    displacement = rest - (base < 0 ? 0 : draft.registers[base]!);
  else
    return undefined;
  return [...head, ...bytesOf(displacement, size)];
}

// BX+SI BX+DI BP+SI BP+DI SI DI BP BX (SDM 2A, table 2-1).
const pairs = [[3, 6], [3, 7], [5, 6], [5, 7], [6], [7], [5], [3]];

function memory16(
  draft: Draft, middle: number, offset: number,
): number[] | undefined {
  const { r } = draft;
  const mod = r.below(3);
  const rm = r.below(8);
  const head = [mod << 6 | middle << 3 | rm];
  if (mod === 0 && rm === 6)
    return [...head, ...bytesOf(offset, 2)];
  const [solved = 0, other] = pairs[rm]!;
  let displacement = [0, r.word() << 24 >> 24, r.word() << 16 >> 16][mod]!;
  let rest = offset;
  if (other !== undefined) {
    draft.fix(other, draft.registers[other]!);
    rest -= draft.registers[other]!;
  }
  if (draft.isFree(solved)) {
    const upper = draft.registers[solved]! & 0xffff0000;
    draft.fix(solved, upper | rest - displacement & 0xffff);
  } else if (mod === 2)
    displacement = rest - draft.registers[solved]!;
  else
    return undefined;
  return [...head, ...bytesOf(displacement, mod)];
}
