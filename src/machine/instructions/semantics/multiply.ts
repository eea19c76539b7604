// Woven from chapters/24-semantics.md.
import type { Builder, Value } from "../builder";
import type { Size } from "../../cpu/cpu";
import { FLAGS_RESULT } from "../../cpu/flags";
import { helpers } from "../helpers";
import { EAX, EDX } from "../../ground/state";
import { CARRY_AND_OVERFLOW } from "./arithmetic";
import { nonzero, read, sizeOf, write } from "./operands";
import type { Semantics } from "./operands";

// AH, as the 8-bit registers are numbered.
const AH = 4;

function productFlags(
  b: Builder, size: Size, low: Value, tooBig: Value,
): void {
  const none = b.constant(0);
  const bits = b.select(tooBig, b.constant(CARRY_AND_OVERFLOW), none);
  b.flags(FLAGS_RESULT, size, low, none, bits);
}

const mul: Semantics = (b, i) => {
  const size = sizeOf(i);
  const a = b.reg(EAX, size), other = b.let("other", read(b, i, 0));
  const low = b.let("low", b.multiply(a, other));
  if (size === 4) {
    const sign = b.constant(31);
    const high = b.let("high", b.add(b.multiplyHigh(a, other),
      b.add(b.and(b.sar(a, sign), other), b.and(b.sar(other, sign), a))));
    b.setReg(EAX, 4, low);
    b.setReg(EDX, 4, high);
    productFlags(b, size, low, nonzero(b, high));
  } else {
    const high = b.let("high", b.shr(low, b.constant(8 * size)));
    setWide(b, size, low, high);
    productFlags(b, size, low, nonzero(b, high));
  }
};

// AX is AH and AL; DX:AX comes in two registers.
function setWide(b: Builder, size: Size, low: Value, high: Value): void {
  b.setReg(EAX, 2, low);
  if (size === 2) b.setReg(EDX, 2, high);
}

// The low half of a signed product, and whether that is not all of it.
function signedProduct(
  b: Builder, size: Size, a: Value, other: Value,
): { low: Value; high: Value; tooBig: Value } {
  const x = b.signExtend(a, size), y = b.signExtend(other, size);
  const low = b.let("low", b.multiply(x, y));
  const high = b.let("high", size === 4 ? b.multiplyHigh(x, y) :
    b.sar(low, b.constant(8 * size)));
  const sign = b.sar(b.signExtend(low, size), b.constant(31));
  return { low, high, tooBig: nonzero(b, b.xor(high, sign)) };
}

const imul: Semantics = (b, i) => {
  const size = sizeOf(i), count = i.form.operands.length;
  const a = count === 1 ? b.reg(EAX, size) : read(b, i, count - 2);
  const other = read(b, i, count - 1);
  const { low, high, tooBig } = signedProduct(b, size, a, other);
  if (count > 1) write(b, i, b.constant(0), low);
  else if (size === 4) {
    b.setReg(EAX, 4, low);
    b.setReg(EDX, 4, high);
  } else setWide(b, size, low, high);
  productFlags(b, size, low, tooBig);
};

// The dividend is AX, DX:AX or EDX:EAX, as (high, low) of 64 bits.
function dividend(b: Builder, size: Size): Value {
  if (size === 1) return b.reg(EAX, 2);
  if (size === 4) return b.reg(EAX, 4);
  return b.or(b.reg(EAX, 2), b.shl(b.reg(EDX, 2), b.constant(16)));
}

function setQuotient(
  b: Builder, size: Size, low: Value, quotient: Value, divisor: Value,
): void {
  const rest = b.let("rest", b.sub(low, b.multiply(quotient, divisor)));
  b.setReg(EAX, size, quotient);
  b.setReg(size === 1 ? AH : EDX, size, rest);
}

const div: Semantics = (b, i) => {
  const size = sizeOf(i), divisor = b.let("divisor", read(b, i, 0));
  const low = b.let("low", dividend(b, size));
  const high = size === 4 ? b.reg(EDX, 4) : b.constant(0);
  const quotient = b.let("quotient", b.call(
    helpers.unsignedQuotient, high, low, divisor, b.constant(size)));
  setQuotient(b, size, low, quotient, divisor);
};

const idiv: Semantics = (b, i) => {
  const size = sizeOf(i);
  const divisor = b.let("divisor", b.signExtend(read(b, i, 0), size));
  const all = dividend(b, size);
  const low = b.let("low", size === 1 ? b.signExtend(all, 2) : all);
  const high = size === 4 ? b.reg(EDX, 4) : b.sar(low, b.constant(31));
  const quotient = b.let("quotient", b.call(
    helpers.signedQuotient, high, low, divisor, b.constant(size)));
  setQuotient(b, size, low, quotient, divisor);
};

/** MUL, IMUL, DIV, IDIV. */
export const multiplication: Record<string, Semantics> = {
  mul, imul, div, idiv,
};
