// Woven from chapters/24-semantics.md.
import { CF, OF } from "../../ground/state";
import { FLAGS_ADD, FLAGS_RESULT, FLAGS_SUB } from "../../cpu/flags";
import { read, sizeOf, target, update, write } from "./operands";
import type { Semantics } from "./operands";

const CARRY = 2;

const add: Semantics = (b, i) => {
  const at = target(b, i), a = b.let("old", update(b, i, at));
  const result = b.let("result", b.add(a, read(b, i, 1)));
  b.flags(FLAGS_ADD, sizeOf(i), result, a, b.constant(0));
  write(b, i, at, result);
};

const adc: Semantics = (b, i) => {
  const at = target(b, i), a = b.let("old", update(b, i, at));
  const carry = b.let("carry", b.cond(CARRY));
  const result = b.let("result", b.add(b.add(a, read(b, i, 1)), carry));
  b.flags(FLAGS_ADD, sizeOf(i), result, a, carry);
  write(b, i, at, result);
};

const sub: Semantics = (b, i) => {
  const at = target(b, i), a = b.let("old", update(b, i, at));
  const result = b.let("result", b.sub(a, read(b, i, 1)));
  b.flags(FLAGS_SUB, sizeOf(i), result, a, b.constant(0));
  write(b, i, at, result);
};

const sbb: Semantics = (b, i) => {
  const at = target(b, i), a = b.let("old", update(b, i, at));
  const carry = b.let("carry", b.cond(CARRY));
  const result = b.let("result", b.sub(b.sub(a, read(b, i, 1)), carry));
  b.flags(FLAGS_SUB, sizeOf(i), result, a, carry);
  write(b, i, at, result);
};

const cmp: Semantics = (b, i) => {
  const a = b.let("a", read(b, i, 0));
  const result = b.sub(a, read(b, i, 1));
  b.flags(FLAGS_SUB, sizeOf(i), result, a, b.constant(0));
};

const and: Semantics = (b, i) => {
  const at = target(b, i);
  const result = b.let("result", b.and(update(b, i, at), read(b, i, 1)));
  const none = b.constant(0);
  b.flags(FLAGS_RESULT, sizeOf(i), result, none, none);
  write(b, i, at, result);
};

const or: Semantics = (b, i) => {
  const at = target(b, i);
  const result = b.let("result", b.or(update(b, i, at), read(b, i, 1)));
  const none = b.constant(0);
  b.flags(FLAGS_RESULT, sizeOf(i), result, none, none);
  write(b, i, at, result);
};

const xor: Semantics = (b, i) => {
  const at = target(b, i);
  const result = b.let("result", b.xor(update(b, i, at), read(b, i, 1)));
  const none = b.constant(0);
  b.flags(FLAGS_RESULT, sizeOf(i), result, none, none);
  write(b, i, at, result);
};

const test: Semantics = (b, i) => {
  const result = b.and(read(b, i, 0), read(b, i, 1));
  const none = b.constant(0);
  b.flags(FLAGS_RESULT, sizeOf(i), result, none, none);
};

const not: Semantics = (b, i) => {
  const at = target(b, i);
  write(b, i, at, b.not(update(b, i, at)));
};

const neg: Semantics = (b, i) => {
  const at = target(b, i), zero = b.constant(0);
  const result = b.let("result", b.sub(zero, update(b, i, at)));
  b.flags(FLAGS_SUB, sizeOf(i), result, zero, zero);
  write(b, i, at, result);
};

const inc: Semantics = (b, i) => {
  const at = target(b, i), size = sizeOf(i);
  const a = b.let("old", update(b, i, at));
  const result = b.let("result", b.add(a, b.constant(1)));
  const least = b.constant(1 << (8 * size - 1));
  const overflow = b.equal(b.zeroExtend(result, size), least);
  const bits = b.or(b.or(b.cond(CARRY), b.shl(overflow, b.constant(11))),
    b.and(b.xor(a, result), b.constant(0x10)));
  b.flags(FLAGS_RESULT, size, result, b.constant(0), bits);
  write(b, i, at, result);
};

const dec: Semantics = (b, i) => {
  const at = target(b, i), size = sizeOf(i);
  const a = b.let("old", update(b, i, at));
  const result = b.let("result", b.sub(a, b.constant(1)));
  const least = b.constant(1 << (8 * size - 1));
  const overflow = b.equal(b.zeroExtend(a, size), least);
  const bits = b.or(b.or(b.cond(CARRY), b.shl(overflow, b.constant(11))),
    b.and(b.xor(a, result), b.constant(0x10)));
  b.flags(FLAGS_RESULT, size, result, b.constant(0), bits);
  write(b, i, at, result);
};

/** ADD to DEC; the bits CF and OF are known to all that multiplies. */
export const arithmetic: Record<string, Semantics> = {
  add, adc, sub, sbb, cmp, and, or, xor, test, not, neg, inc, dec,
};
export const CARRY_AND_OVERFLOW = CF | OF;
