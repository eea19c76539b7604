// Woven from chapters/744-flags.md.
import { panic } from "../ground/numbers";
import {
  AF, CF, FLAG_CARRY, FLAG_KIND, FLAG_OPERAND, FLAG_RESULT, OF, PF_FLAG, SF,
  STATUS_FLAGS, ZF,
} from "../ground/state";

/** FLAG_CARRY holds the six bits themselves. */
export const FLAGS_EXPLICIT = 0;
/** ZF SF PF are the result's; CF OF AF are bits of FLAG_CARRY. */
export const FLAGS_RESULT = 1;
/** The result is operand + other + carry. */
export const FLAGS_ADD = 2;
/** The result is operand - other - carry. */
export const FLAGS_SUB = 3;

const parityTable = new Uint8Array(256).map((_, n) => {
  let bits = n;
  bits ^= bits >> 4;
  bits ^= bits >> 2;
  bits ^= bits >> 1;
  return bits & 1 ? 0 : PF_FLAG;
});

/** Remembers what the status flags are to be worked out from. */
export function setFlags(
  w: Int32Array, kind: number, size: number,
  result: number, operand: number, carry: number,
): void {
  const unused = 32 - 8 * size;
  w[FLAG_KIND] = kind | (size << 8);
  w[FLAG_RESULT] = (result << unused) >> unused;
  w[FLAG_OPERAND] = (operand << unused) >> unused;
  w[FLAG_CARRY] = carry;
}

/** Sets the six status flags to these bits of EFLAGS. */
export function setStatusFlags(w: Int32Array, bits: number): void {
  w[FLAG_KIND] = FLAGS_EXPLICIT;
  w[FLAG_RESULT] = 0;
  w[FLAG_OPERAND] = 0;
  w[FLAG_CARRY] = bits & STATUS_FLAGS;
}

/** CF as 0 or 1. */
export function carryFlag(w: Int32Array): number {
  const r = w[FLAG_RESULT]! >>> 0, a = w[FLAG_OPERAND]! >>> 0;
  const c = w[FLAG_CARRY]!;
  switch (w[FLAG_KIND]! & 0xff) {
    case FLAGS_ADD: return c ? +(r <= a) : +(r < a);
    case FLAGS_SUB: return c ? +(r >= a) : +(r > a);
    default: return c & CF;
  }
}

/** OF as 0 or 1. */
export function overflowFlag(w: Int32Array): number {
  const kind = w[FLAG_KIND]!;
  const r = w[FLAG_RESULT]!, a = w[FLAG_OPERAND]!, c = w[FLAG_CARRY]!;
  const sign = ((kind >> 8) << 3) - 1;
  switch (kind & 0xff) {
    case FLAGS_ADD: return (((a ^ r) & ((r - a - c) ^ r)) >> sign) & 1;
    case FLAGS_SUB: return (((a ^ r) & ((a - r - c) ^ a)) >> sign) & 1;
    default: return c & OF ? 1 : 0;
  }
}

/** ZF as 0 or 1. */
export function zeroFlag(w: Int32Array): number {
  if ((w[FLAG_KIND]! & 0xff) !== FLAGS_EXPLICIT) {
    return +(w[FLAG_RESULT] === 0);
  }
  return w[FLAG_CARRY]! & ZF ? 1 : 0;
}

/** SF as 0 or 1. */
export function signFlag(w: Int32Array): number {
  if ((w[FLAG_KIND]! & 0xff) !== FLAGS_EXPLICIT) {
    return w[FLAG_RESULT]! >>> 31;
  }
  return w[FLAG_CARRY]! & SF ? 1 : 0;
}

/** PF as 0 or 1. */
export function parityFlag(w: Int32Array): number {
  if ((w[FLAG_KIND]! & 0xff) !== FLAGS_EXPLICIT) {
    return parityTable[w[FLAG_RESULT]! & 0xff] ? 1 : 0;
  }
  return w[FLAG_CARRY]! & PF_FLAG ? 1 : 0;
}

/** SF differs from OF: the first operand was less, as signed numbers. */
function less(w: Int32Array): number {
  const kind = w[FLAG_KIND]!;
  if ((kind & 0xff) === FLAGS_SUB && w[FLAG_CARRY] === 0) {
    const unused = 32 - ((kind >> 8) << 3);
    const a = w[FLAG_OPERAND]!;
    return +(a < (((a - w[FLAG_RESULT]!) << unused) >> unused));
  }
  return signFlag(w) ^ overflowFlag(w);
}

/** Condition cc of Jcc, SETcc and CMOVcc: 1 or 0 (SDM 1, appendix B). */
export function condition(w: Int32Array, cc: number): number {
  switch (cc) {
    case 0: return overflowFlag(w);
    case 1: return overflowFlag(w) ^ 1;
    case 2: return carryFlag(w);
    case 3: return carryFlag(w) ^ 1;
    case 4: return zeroFlag(w);
    case 5: return zeroFlag(w) ^ 1;
    case 6: return carryFlag(w) | zeroFlag(w);
    case 7: return (carryFlag(w) | zeroFlag(w)) ^ 1;
    case 8: return signFlag(w);
    case 9: return signFlag(w) ^ 1;
    case 10: return parityFlag(w);
    case 11: return parityFlag(w) ^ 1;
    case 12: return less(w);
    case 13: return less(w) ^ 1;
    case 14: return less(w) | zeroFlag(w);
    case 15: return (less(w) | zeroFlag(w)) ^ 1;
    default: return panic(`there is no condition ${cc}`);
  }
}

/** CF PF AF ZF SF OF at their places in EFLAGS. */
export function statusFlags(w: Int32Array): number {
  const kind = w[FLAG_KIND]! & 0xff, c = w[FLAG_CARRY]!;
  if (kind === FLAGS_EXPLICIT) return c;
  const r = w[FLAG_RESULT]!, a = w[FLAG_OPERAND]!;
  const rest = (r === 0 ? ZF : 0) | (r < 0 ? SF : 0) |
    parityTable[r & 0xff]!;
  if (kind === FLAGS_RESULT) return rest | (c & (CF | AF | OF));
  const other = kind === FLAGS_ADD ? r - a - c : a - r - c;
  return rest | carryFlag(w) | ((a ^ other ^ r) & AF) |
    (overflowFlag(w) << 11);
}
