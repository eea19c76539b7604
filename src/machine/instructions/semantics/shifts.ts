// Woven from chapters/910-semantics.md.
import type { Builder, Value } from "../builder";
import type { Size } from "../../cpu/cpu";
import { CF, ECX, OF } from "../../ground/state";
import {
  bit, CARRY, carryAndOverflow, changeStatus, read, resultFlags, sizeOf,
  target, update, write,
} from "./operands";
import type { Semantics } from "./operands";

// Shifts a by a count that isn't 0, and sets the flags. From `other` come
// the bits that move in, if the form has such an operand.
type Shift = (
  b: Builder, size: Size, a: Value, count: Value, other: Value,
) => Value;

// A count of 0 changes nothing at all; a constant one is known beforehand.
function byCount(shift: Shift): Semantics {
  return (b, i) => {
    const size = sizeOf(i), at = target(b, i);
    const a = b.let("old", update(b, i, at)), { operands } = i.form;
    const other = operands.length === 3 ?
      b.let("other", read(b, i, 1)) : b.constant(0);
    if (operands[operands.length - 1]!.kind === "register") {
      const count = b.let("count", b.and(b.reg(ECX, 1), b.constant(31)));
      b.when(count,
        () => write(b, i, at, shift(b, size, a, count, other)));
    } else if ((i.immediate & 31) !== 0) {
      const count = b.constant(i.immediate & 31);
      write(b, i, at, shift(b, size, a, count, other));
    }
  };
}

function shiftFlags(
  b: Builder, size: Size, result: Value, carry: Value, overflow: Value,
): void {
  resultFlags(b, size, result, carryAndOverflow(b, carry, overflow));
}

function top(b: Builder, size: Size, v: Value): Value {
  return bit(b, v, 8 * size - 1);
}

// The bit that falls out last when v is shifted to the right.
function lastOut(b: Builder, v: Value, count: Value): Value {
  const one = b.constant(1);
  return b.and(b.shr(v, b.sub(count, one)), one);
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
  shiftFlags(b, size, result, lastOut(b, a, count), top(b, size, a));
  return result;
};

const sar: Shift = (b, size, a, count) => {
  const wide = b.let("wide", b.signExtend(a, size));
  const result = b.let("result", b.sar(wide, count));
  shiftFlags(b, size, result, lastOut(b, wide, count), b.constant(0));
  return result;
};

function shifted(b: Builder, v: Value, left: boolean, count: Value): Value {
  return left ? b.shl(v, count) : b.shr(v, count);
}

function rotationFlags(b: Builder, carry: Value, overflow: Value): void {
  changeStatus(b, CF | OF, carryAndOverflow(b, carry, overflow));
}

function rotate(left: boolean): Shift {
  return (b, size, a, count) => {
    const n = 8 * size;
    const turn = b.let("turn", b.and(count, b.constant(n - 1)));
    const back = b.and(b.sub(b.constant(n), turn), b.constant(31));
    const result = b.let("result",
      b.or(shifted(b, a, left, turn), shifted(b, a, !left, back)));
    const carry = b.let("carry", bit(b, result, left ? 0 : n - 1));
    rotationFlags(b, carry, left ? b.xor(top(b, size, result), carry) :
      b.xor(carry, bit(b, result, n - 2)));
    return result;
  };
}

// The count of a rotation through CF of n bits, n = 9 or 17: modulo n.
function modulo(b: Builder, count: Value, n: number): Value {
  let rest = count;
  for (let part = n; part < 32; part += n) {
    const enough = b.lessUnsigned(b.constant(part - 1), count);
    rest = b.select(enough, b.sub(count, b.constant(part)), rest);
  }
  return b.let("turn", rest);
}

function rotateWithCarry(left: boolean): Shift {
  return (b, size, a, count) => {
    const carryIn = b.let("carry", b.cond(CARRY)), one = b.constant(1);
    const n = 8 * size;
    let result: Value, carry: Value;
    if (size < 4) {
      const turn = modulo(b, count, n + 1);
      const wide = b.let("wide", b.or(a, b.shl(carryIn, b.constant(n))));
      const back = b.sub(b.constant(n + 1), turn);
      result = b.let("result",
        b.or(shifted(b, wide, left, turn), shifted(b, wide, !left, back)));
      carry = b.let("out", bit(b, result, n));
    } else {
      const back = b.let("back", b.sub(b.constant(32), count));
      const others = shifted(b, shifted(b, a, !left, back), !left, one);
      const moved = b.shl(carryIn, left ? b.sub(count, one) : back);
      result = b.let("result",
        b.or(shifted(b, a, left, count), b.or(moved, others)));
      carry = b.let("out",
        left ? b.and(b.shr(a, back), one) : lastOut(b, a, count));
    }
    rotationFlags(b, carry, b.xor(top(b, size, result),
      left ? carry : bit(b, result, n - 2)));
    return result;
  };
}

const shld: Shift = (b, size, a, count, other) => {
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

const shrd: Shift = (b, size, a, count, other) => {
  const back = b.let("back", b.sub(b.constant(32), count));
  const wide = size === 4 ? a :
    b.let("wide", b.or(a, b.shl(other, b.constant(16))));
  const above = size === 4 ? other : a;
  const result = b.let("result",
    b.or(b.shr(wide, count), b.shl(above, back)));
  shiftFlags(b, size, result, lastOut(b, wide, count),
    b.xor(top(b, size, result), top(b, size, a)));
  return result;
};

/** Shifts and rotations. */
export const shifts: Record<string, Semantics> = {
  shl: byCount(shl), shr: byCount(shr), sar: byCount(sar),
  rol: byCount(rotate(true)), ror: byCount(rotate(false)),
  rcl: byCount(rotateWithCarry(true)), rcr: byCount(rotateWithCarry(false)),
  shld: byCount(shld), shrd: byCount(shrd),
};
