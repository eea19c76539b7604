// Woven from chapters/910-semantics.md.
import type { Insn } from "../../../table";
import type { Builder, Value } from "../builder";
import type { Size } from "../../cpu/cpu";
import { FLAGS_RESULT, FLAGS_SUB } from "../../cpu/flags";
import { ZF } from "../../ground/state";

/** What a form does, told to a back end. */
export type Semantics = (b: Builder, i: Insn) => void;

/** The size of operand k, or of the first, in bytes. */
export function sizeOf(i: Insn, k = 0): Size {
  return i.places[k]!.size;
}

/** The offset of operand 0 if that is memory, else a 0 nobody looks at. */
export function target(b: Builder, i: Insn): Value {
  return i.places[0]!.isMemory ? b.let("at", b.address(i)) : b.constant(0);
}

/** Reads operand k, zero-extended (immediates as they are). */
export function read(b: Builder, i: Insn, k: number): Value {
  const { isMemory, register, size } = i.places[k]!;
  if (isMemory) return b.load(i.segment, b.address(i), size);
  return register < 0 ? b.constant(i.immediate) : b.reg(register, size);
}

/** Reads operand 0, at `at` if in memory, in order to write it. */
export function update(b: Builder, i: Insn, at: Value): Value {
  const { isMemory, register, size } = i.places[0]!;
  return isMemory ? b.loadForWrite(i.segment, at, size) :
    b.reg(register, size);
}

/** Writes operand 0, at `at` if it is memory. */
export function write(b: Builder, i: Insn, at: Value, v: Value): void {
  const { isMemory, register, size } = i.places[0]!;
  if (isMemory) b.store(i.segment, at, size, v);
  else b.setReg(register, size, v);
}

/** Writes operand 1, which is a register. */
export function writeSecond(b: Builder, i: Insn, v: Value): void {
  const { register, size } = i.places[1]!;
  b.setReg(register, size, v);
}

/** The offset of what lies `bytes` behind `at`. */
export function behind(
  b: Builder, i: Insn, at: Value, bytes: number,
): Value {
  return b.zeroExtend(b.add(at, b.constant(bytes)), i.addressSize);
}

/** Writes operand 0: 16 bits to memory, to a register as many as the
 * operand size says. */
export function writeWord(b: Builder, i: Insn, v: Value): void {
  if (i.isMemory) b.store(i.segment, b.address(i), 2, v);
  else b.setReg(i.rm, i.operandSize, v);
}

/** 1 if the value isn't 0. */
export function nonzero(b: Builder, v: Value): Value {
  return b.equal(b.equal(v, b.constant(0)), b.constant(0));
}

/** Bit n of a value, as 0 or 1. */
export function bit(b: Builder, v: Value, n: number): Value {
  return b.and(b.shr(v, b.constant(n)), b.constant(1));
}

/** Conditions that are asked for outside Jcc, as Jcc numbers them. */
export const OVERFLOW = 0, CARRY = 2, ZERO = 4, NOT_ZERO = 5;
/** AH, as the 8-bit registers are numbered. */
export const AH = 4;

/** Sets the flags as after a - other. */
export function compare(
  b: Builder, size: Size, a: Value, other: Value,
): void {
  b.flags(FLAGS_SUB, size, b.sub(a, other), a, b.constant(0));
}

/** Sets ZF, SF and PF by a result, and CF, OF and AF to bits. */
export function resultFlags(
  b: Builder, size: Size, result: Value, bits: Value = b.constant(0),
): void {
  b.flags(FLAGS_RESULT, size, result, b.constant(0), bits);
}

/** CF and OF, each 0 or 1, at their places in EFLAGS. */
export function carryAndOverflow(
  b: Builder, carry: Value, overflow: Value,
): Value {
  return b.or(carry, b.shl(overflow, b.constant(11)));
}

/** Replaces some of the six status flags. */
export function changeStatus(b: Builder, mask: number, bits: Value): void {
  const kept = b.and(b.status(), b.constant(~mask));
  b.setStatus(b.or(kept, bits));
}

/** Replaces ZF by 0 or 1. */
export function changeZero(b: Builder, zero: Value): void {
  changeStatus(b, ZF, b.shl(zero, b.constant(6)));
}
