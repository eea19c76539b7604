// Woven from chapters/910-semantics.md.
import type { Builder, Helper, Value } from "../builder";
import type { Size } from "../../cpu/cpu";
import { helpers } from "../helpers";
import { CF, EAX, EDX, OF } from "../../ground/state";
import { AH, nonzero, read, resultFlags, sizeOf, write } from "./operands";
import type { Semantics } from "./operands";

function productFlags(
  b: Builder, size: Size, low: Value, tooBig: Value,
): void {
  const bits = b.select(tooBig, b.constant(CF | OF), b.constant(0));
  resultFlags(b, size, low, bits);
}

// A product of bytes is AX; wider ones come in two registers.
function setProduct(b: Builder, size: Size, low: Value, high: Value): void {
  b.setReg(EAX, size === 4 ? 4 : 2, low);
  if (size > 1) b.setReg(EDX, size, high);
}

function unsignedHigh(b: Builder, x: Value, y: Value): Value {
  const sign = b.constant(31);
  return b.add(b.multiplyHigh(x, y),
    b.add(b.and(b.sar(x, sign), y), b.and(b.sar(y, sign), x)));
}

const mul: Semantics = (b, i) => {
  const size = sizeOf(i);
  const a = b.reg(EAX, size), other = b.let("other", read(b, i, 0));
  const low = b.let("low", b.multiply(a, other));
  const high = b.let("high", size === 4 ? unsignedHigh(b, a, other) :
    b.shr(low, b.constant(8 * size)));
  setProduct(b, size, low, high);
  productFlags(b, size, low, nonzero(b, high));
};

const imul: Semantics = (b, i) => {
  const size = sizeOf(i), count = i.form.operands.length;
  const a = count === 1 ? b.reg(EAX, size) : read(b, i, count - 2);
  const other = read(b, i, count - 1);
  const x = b.signExtend(a, size), y = b.signExtend(other, size);
  const low = b.let("low", b.multiply(x, y));
  const high = b.let("high", size === 4 ? b.multiplyHigh(x, y) :
    b.sar(low, b.constant(8 * size)));
  const sign = b.sar(b.signExtend(low, size), b.constant(31));
  const tooBig = nonzero(b, b.xor(high, sign));
  if (count > 1) write(b, i, b.constant(0), low);
  else setProduct(b, size, low, high);
  productFlags(b, size, low, tooBig);
};

// The dividend is AX, DX:AX or EDX:EAX, as (high, low) of 64 bits.
function dividend(b: Builder, size: Size): Value {
  if (size === 1) return b.reg(EAX, 2);
  if (size === 4) return b.reg(EAX, 4);
  return b.or(b.reg(EAX, 2), b.shl(b.reg(EDX, 2), b.constant(16)));
}

function divide(
  b: Builder, size: Size, quotientOf: Helper,
  high: Value, low: Value, divisor: Value,
): void {
  const quotient = b.let("quotient",
    b.call(quotientOf, high, low, divisor, b.constant(size)));
  const rest = b.let("rest", b.sub(low, b.multiply(quotient, divisor)));
  b.setReg(EAX, size, quotient);
  b.setReg(size === 1 ? AH : EDX, size, rest);
}

const div: Semantics = (b, i) => {
  const size = sizeOf(i), divisor = b.let("divisor", read(b, i, 0));
  const low = b.let("low", dividend(b, size));
  const high = size === 4 ? b.reg(EDX, 4) : b.constant(0);
  divide(b, size, helpers.unsignedQuotient, high, low, divisor);
};

const idiv: Semantics = (b, i) => {
  const size = sizeOf(i);
  const divisor = b.let("divisor", b.signExtend(read(b, i, 0), size));
  const all = dividend(b, size);
  const low = b.let("low", size === 1 ? b.signExtend(all, 2) : all);
  const high = size === 4 ? b.reg(EDX, 4) : b.sar(low, b.constant(31));
  divide(b, size, helpers.signedQuotient, high, low, divisor);
};

/** MUL, IMUL, DIV, IDIV. */
export const multiplication: Record<string, Semantics> = {
  mul, imul, div, idiv,
};
