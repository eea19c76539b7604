// Woven from chapters/912-transfers.md.
import type { Builder, Value } from "../builder";
import { AF, CF, EAX } from "../../ground/state";
import { DE } from "../../ground/fault";
import { CARRY, changeStatus, resultFlags } from "./operands";
import type { Semantics } from "./operands";

// Whether the low digit is none, or its AF says that it has been more.
function tooMuch(b: Builder, v: Value): Value {
  const aux = b.and(b.status(), b.constant(AF));
  const digit = b.and(v, b.constant(15));
  return b.or(b.lessUnsigned(b.constant(9), digit),
    b.shr(aux, b.constant(4)));
}

// DAA and DAS differ in the sign of the correction.
function decimalAdjust(b: Builder, way: "add" | "sub"): void {
  const old = b.let("old", b.reg(EAX, 1));
  const carry = b.let("carry", b.cond(CARRY));
  const low = b.let("low", tooMuch(b, old));
  const high = b.let("high",
    b.or(b.lessUnsigned(b.constant(0x99), old), carry));
  const some = b[way](old, b.multiply(low, b.constant(6)));
  const result = b.let("result",
    b[way](some, b.multiply(high, b.constant(0x60))));
  const borrow = way === "add" ? high : b.or(high,
    b.and(low, b.lessUnsigned(old, b.constant(6))));
  const bits = b.or(borrow, b.shl(low, b.constant(4)));
  b.setReg(EAX, 1, result);
  resultFlags(b, 1, result, bits);
}

// AAA and AAS carry into AH.
function asciiAdjust(b: Builder, way: "add" | "sub"): void {
  const old = b.let("old", b.reg(EAX, 2));
  const wrong = b.let("wrong", tooMuch(b, old));
  const all = b[way](old, b.multiply(wrong, b.constant(0x106)));
  b.setReg(EAX, 2, b.and(all, b.constant(0xff0f)));
  const bits = b.multiply(wrong, b.constant(AF | CF));
  changeStatus(b, AF | CF, bits);
}

// Division of a byte by a constant, by the reciprocal: exact up to 255.
function byteQuotient(b: Builder, v: Value, base: number): Value {
  const factor = b.constant(Math.ceil(65536 / base));
  return b.shr(b.multiply(v, factor), b.constant(16));
}

const aam: Semantics = (b, i) => {
  const base = i.immediate & 0xff;
  if (base === 0) {
    b.trapIf(b.constant(1), DE);
    return;
  }
  const old = b.let("old", b.reg(EAX, 1));
  const high = b.let("high", byteQuotient(b, old, base));
  const low = b.sub(old, b.multiply(high, b.constant(base)));
  const rest = b.let("low", low);
  b.setReg(EAX, 2, b.or(b.shl(high, b.constant(8)), rest));
  resultFlags(b, 1, rest);
};

const aad: Semantics = (b, i) => {
  const ax = b.let("ax", b.reg(EAX, 2));
  const tens = b.multiply(b.shr(ax, b.constant(8)),
    b.constant(i.immediate & 0xff));
  const all = b.and(b.add(ax, tens), b.constant(0xff));
  const result = b.let("result", all);
  b.setReg(EAX, 2, result);
  resultFlags(b, 1, result);
};

/** The instructions for decimal digits. */
export const decimal: Record<string, Semantics> = {
  daa: (b) => decimalAdjust(b, "add"),
  das: (b) => decimalAdjust(b, "sub"),
  aaa: (b) => asciiAdjust(b, "add"),
  aas: (b) => asciiAdjust(b, "sub"),
  aam, aad,
};
