// Woven from chapters/24-semantics.md.
import type { Insn } from "../../../table";
import type { Builder, Value } from "../builder";
import type { Size } from "../../cpu/cpu";
import { FLAGS_RESULT } from "../../cpu/flags";
import { ECX } from "../../ground/state";
import { CARRY_AND_OVERFLOW } from "./arithmetic";
import {
  bit, changeStatus, read, sizeOf, target, update, write,
} from "./operands";
import type { Semantics } from "./operands";

// Shifts a by a count that isn't 0, and sets the flags.
type Shift = (b: Builder, size: Size, a: Value, count: Value) => Value;

// A count of 0 changes nothing at all; a constant one is known beforehand.
function byCount(shift: Shift): Semantics {
  return (b, i) => {
    const size = sizeOf(i), at = target(b, i);
    const a = b.let("old", update(b, i, at));
    const last = i.form.operands[1]!;
    if (last.kind === "register") {
      const count = b.let("count", b.and(b.reg(ECX, 1), b.constant(31)));
      b.when(count, () => write(b, i, at, shift(b, size, a, count)));
    } else {
      const count = last.kind === "one" ? 1 : i.immediate & 31;
      if (count === 0) return;
      write(b, i, at, shift(b, size, a, b.constant(count)));
    }
  };
}

function shiftFlags(
  b: Builder, size: Size, result: Value, carry: Value, overflow: Value,
): void {
  const bits = b.or(carry, b.shl(overflow, b.constant(11)));
  b.flags(FLAGS_RESULT, size, result, b.constant(0), bits);
}

function top(b: Builder, size: Size, v: Value): Value {
  return bit(b, v, 8 * size - 1);
}

const shl: Shift = (b, size, a, count) => {
  const result = b.let("result", b.shl(a, count));
  const carry = b.let("carry", size === 4 ?
    b.and(b.shr(a, b.sub(b.constant(32), count)), b.constant(1)) :
    bit(b, result, 8 * size));
  const overflow = b.xor(top(b, size, result), carry);
  shiftFlags(b, size, result, carry, overflow);
  return result;
};

const shr: Shift = (b, size, a, count) => {
  const result = b.let("result", b.shr(a, count));
  const before = b.shr(a, b.sub(count, b.constant(1)));
  const carry = b.and(before, b.constant(1));
  shiftFlags(b, size, result, carry, top(b, size, a));
  return result;
};

const sar: Shift = (b, size, a, count) => {
  const wide = b.let("wide", b.signExtend(a, size));
  const result = b.let("result", b.sar(wide, count));
  const before = b.sar(wide, b.sub(count, b.constant(1)));
  const carry = b.and(before, b.constant(1));
  shiftFlags(b, size, result, carry, b.constant(0));
  return result;
};

function rotationFlags(b: Builder, carry: Value, overflow: Value): void {
  const bits = b.or(carry, b.shl(overflow, b.constant(11)));
  changeStatus(b, CARRY_AND_OVERFLOW, bits);
}

const rol: Shift = (b, size, a, count) => {
  const bits = b.constant(8 * size);
  const turn = b.let("turn", b.and(count, b.constant(8 * size - 1)));
  const back = b.and(b.sub(bits, turn), b.constant(31));
  const result = b.let("result", b.or(b.shl(a, turn), b.shr(a, back)));
  const carry = b.let("carry", bit(b, result, 0));
  rotationFlags(b, carry, b.xor(top(b, size, result), carry));
  return result;
};

const ror: Shift = (b, size, a, count) => {
  const bits = b.constant(8 * size);
  const turn = b.let("turn", b.and(count, b.constant(8 * size - 1)));
  const back = b.and(b.sub(bits, turn), b.constant(31));
  const result = b.let("result", b.or(b.shr(a, turn), b.shl(a, back)));
  const carry = b.let("carry", top(b, size, result));
  rotationFlags(b, carry, b.xor(carry, bit(b, result, 8 * size - 2)));
  return result;
};

// The count of a rotation through CF of n bits, n = 9 or 17: modulo n.
function modulo(b: Builder, count: Value, n: number): Value {
  let rest = count;
  for (let part = n; part < 32; part += n) {
    const enough = b.lessUnsigned(b.constant(part - 1), count);
    rest = b.select(enough, b.sub(count, b.constant(part)), rest);
  }
  return b.let("turn", rest);
}

const rcl: Shift = (b, size, a, count) => {
  const carryIn = b.let("carry", b.cond(2)), one = b.constant(1);
  if (size < 4) {
    const n = 8 * size, turn = modulo(b, count, n + 1);
    const wide = b.let("wide", b.or(a, b.shl(carryIn, b.constant(n))));
    const back = b.sub(b.constant(n + 1), turn);
    const result = b.let("result",
      b.or(b.shl(wide, turn), b.shr(wide, back)));
    const carry = b.let("out", bit(b, result, n));
    rotationFlags(b, carry, b.xor(top(b, size, result), carry));
    return result;
  }
  const back = b.let("back", b.sub(b.constant(32), count));
  const low = b.or(b.shl(carryIn, b.sub(count, one)),
    b.shr(b.shr(a, back), one));
  const result = b.let("result", b.or(b.shl(a, count), low));
  const carry = b.let("out", b.and(b.shr(a, back), one));
  rotationFlags(b, carry, b.xor(top(b, size, result), carry));
  return result;
};

const rcr: Shift = (b, size, a, count) => {
  const carryIn = b.let("carry", b.cond(2)), one = b.constant(1);
  const n = 8 * size;
  let result: Value, carry: Value;
  if (size < 4) {
    const turn = modulo(b, count, n + 1);
    const wide = b.let("wide", b.or(a, b.shl(carryIn, b.constant(n))));
    const back = b.sub(b.constant(n + 1), turn);
    result = b.let("result", b.or(b.shr(wide, turn), b.shl(wide, back)));
    carry = b.let("out", bit(b, result, n));
  } else {
    const back = b.let("back", b.sub(b.constant(32), count));
    const high = b.or(b.shl(carryIn, back), b.shl(b.shl(a, back), one));
    result = b.let("result", b.or(b.shr(a, count), high));
    carry = b.and(b.shr(a, b.sub(count, one)), one);
  }
  rotationFlags(b, carry,
    b.xor(top(b, size, result), bit(b, result, n - 2)));
  return result;
};

type Pair = (
  b: Builder, size: Size, a: Value, other: Value, count: Value,
) => Value;

const left: Pair = (b, size, a, other, count) => {
  const back = b.let("back", b.sub(b.constant(32), count));
  let result: Value, carry: Value;
  if (size === 4) {
    result = b.let("result", b.or(b.shl(a, count), b.shr(other, back)));
    carry = b.let("carry", b.and(b.shr(a, back), b.constant(1)));
  } else {
    const wide = b.let("wide",
      b.or(b.shl(a, b.constant(16)), other));
    const high = b.shr(b.shl(wide, count), b.constant(16));
    result = b.let("result", b.or(high, b.shr(a, back)));
    carry = b.let("carry", b.and(b.shr(wide, back), b.constant(1)));
  }
  shiftFlags(b, size, result, carry,
    b.xor(top(b, size, result), top(b, size, a)));
  return result;
};

const right: Pair = (b, size, a, other, count) => {
  const back = b.let("back", b.sub(b.constant(32), count));
  const before = b.sub(count, b.constant(1));
  const wide = size === 4 ? a :
    b.let("wide", b.or(a, b.shl(other, b.constant(16))));
  const above = size === 4 ? other : a;
  const result = b.let("result",
    b.or(b.shr(wide, count), b.shl(above, back)));
  const carry = b.and(b.shr(wide, before), b.constant(1));
  shiftFlags(b, size, result, carry,
    b.xor(top(b, size, result), top(b, size, a)));
  return result;
};

function byDoubleCount(shift: Pair): Semantics {
  return (b: Builder, i: Insn) => {
    const size = sizeOf(i), at = target(b, i);
    const a = b.let("old", update(b, i, at));
    const other = b.let("other", read(b, i, 1));
    if (i.form.operands[2]!.kind === "register") {
      const count = b.let("count", b.and(b.reg(ECX, 1), b.constant(31)));
      b.when(count,
        () => write(b, i, at, shift(b, size, a, other, count)));
    } else if ((i.immediate & 31) !== 0) {
      const count = b.constant(i.immediate & 31);
      write(b, i, at, shift(b, size, a, other, count));
    }
  };
}

/** Shifts and rotations. */
export const shifts: Record<string, Semantics> = {
  shl: byCount(shl), shr: byCount(shr), sar: byCount(sar),
  rol: byCount(rol), ror: byCount(ror),
  rcl: byCount(rcl), rcr: byCount(rcr),
  shld: byDoubleCount(left), shrd: byDoubleCount(right),
};
