// Woven from chapters/910-semantics.md.
import type { Insn } from "../../../table";
import type { Builder, Value } from "../builder";
import { FLAGS_ADD, FLAGS_SUB } from "../../cpu/flags";
import { AF } from "../../ground/state";
import {
  CARRY, carryAndOverflow, compare, read, resultFlags, sizeOf, target, update,
  write,
} from "./operands";
import type { Semantics } from "./operands";

// What the four end with.
function sum(
  b: Builder, i: Insn, at: Value,
  kind: number, a: Value, result: Value, carry: Value,
): void {
  b.flags(kind, sizeOf(i), b.let("result", result), a, carry);
  write(b, i, at, result);
}

const add: Semantics = (b, i) => {
  const at = target(b, i), a = b.let("old", update(b, i, at));
  sum(b, i, at, FLAGS_ADD, a, b.add(a, read(b, i, 1)), b.constant(0));
};

const adc: Semantics = (b, i) => {
  const at = target(b, i), a = b.let("old", update(b, i, at));
  const carry = b.let("carry", b.cond(CARRY));
  sum(b, i, at, FLAGS_ADD, a, b.add(b.add(a, read(b, i, 1)), carry), carry);
};

const sub: Semantics = (b, i) => {
  const at = target(b, i), a = b.let("old", update(b, i, at));
  sum(b, i, at, FLAGS_SUB, a, b.sub(a, read(b, i, 1)), b.constant(0));
};

const sbb: Semantics = (b, i) => {
  const at = target(b, i), a = b.let("old", update(b, i, at));
  const carry = b.let("carry", b.cond(CARRY));
  sum(b, i, at, FLAGS_SUB, a, b.sub(b.sub(a, read(b, i, 1)), carry), carry);
};

const cmp: Semantics = (b, i) => {
  const a = b.let("a", read(b, i, 0));
  compare(b, sizeOf(i), a, read(b, i, 1));
};

function logic(b: Builder, i: Insn, at: Value, result: Value): void {
  resultFlags(b, sizeOf(i), b.let("result", result));
  write(b, i, at, result);
}

const and: Semantics = (b, i) => {
  const at = target(b, i);
  logic(b, i, at, b.and(update(b, i, at), read(b, i, 1)));
};

const or: Semantics = (b, i) => {
  const at = target(b, i);
  logic(b, i, at, b.or(update(b, i, at), read(b, i, 1)));
};

const xor: Semantics = (b, i) => {
  const at = target(b, i);
  logic(b, i, at, b.xor(update(b, i, at), read(b, i, 1)));
};

const test: Semantics = (b, i) => {
  resultFlags(b, sizeOf(i), b.and(read(b, i, 0), read(b, i, 1)));
};

const not: Semantics = (b, i) => {
  const at = target(b, i);
  write(b, i, at, b.not(update(b, i, at)));
};

const neg: Semantics = (b, i) => {
  const at = target(b, i), zero = b.constant(0);
  sum(b, i, at, FLAGS_SUB, zero, b.sub(zero, update(b, i, at)), zero);
};

function byOne(
  b: Builder, i: Insn, at: Value, a: Value, result: Value, suspect: Value,
): void {
  const size = sizeOf(i), least = b.constant(1 << (8 * size - 1));
  const overflow = b.equal(b.zeroExtend(suspect, size), least);
  const bits = b.or(carryAndOverflow(b, b.cond(CARRY), overflow),
    b.and(b.xor(a, result), b.constant(AF)));
  resultFlags(b, size, result, bits);
  write(b, i, at, result);
}

const inc: Semantics = (b, i) => {
  const at = target(b, i), a = b.let("old", update(b, i, at));
  const result = b.let("result", b.add(a, b.constant(1)));
  byOne(b, i, at, a, result, result);
};

const dec: Semantics = (b, i) => {
  const at = target(b, i), a = b.let("old", update(b, i, at));
  const result = b.let("result", b.sub(a, b.constant(1)));
  byOne(b, i, at, a, result, a);
};

/** ADD to DEC. */
export const arithmetic: Record<string, Semantics> = {
  add, adc, sub, sbb, cmp, and, or, xor, test, not, neg, inc, dec,
};
