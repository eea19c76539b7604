// Woven from chapters/912-transfers.md.
import type { Insn } from "../../../table";
import type { Builder, Value } from "../builder";
import { helpers } from "../helpers";
import { BR, UD } from "../../ground/fault";
import { ECX, SS } from "../../ground/state";
import {
  behind, nonzero, NOT_ZERO, OVERFLOW, read, sizeOf, ZERO,
} from "./operands";
import type { Semantics } from "./operands";

// A 16-bit transfer cuts the address to 16 bits.
function relative(b: Builder, i: Insn): Value {
  const to = b.add(b.after(), b.constant(i.immediate));
  return i.operandSize === 4 ? to : b.zeroExtend(to, 2);
}

function near(b: Builder, i: Insn): Value {
  return i.form.operands[0]!.kind === "J" ? relative(b, i) :
    read(b, i, 0);
}

const jcc: Semantics = (b, i) => {
  b.branch(b.cond(i.form.condition!), relative(b, i));
};

const jmp: Semantics = (b, i) => {
  b.goTo(near(b, i));
};

// The return address has been written before CS's limit is asked.
const call: Semantics = (b, i) => {
  const size = i.operandSize, to = b.let("to", near(b, i));
  const at = b.let("at", b.stack(-size));
  b.store(SS, at, size, b.after());
  b.goTo(to);
  b.setStack(at);
};

// How many bytes of arguments a return takes away with its address: none, if
// the form has no operand.
function argumentsOf(i: Insn): number {
  return i.immediate & 0xffff;
}

const ret: Semantics = (b, i) => {
  const size = i.operandSize;
  b.goTo(b.load(SS, b.stack(0), size));
  b.setStack(b.stack(size + argumentsOf(i)));
};

function loop(b: Builder, i: Insn, condition: Value | undefined): void {
  const size = i.addressSize;
  const count = b.let("count", b.sub(b.reg(ECX, size), b.constant(1)));
  const more = nonzero(b, b.zeroExtend(count, size));
  b.branch(condition === undefined ? more : b.and(more, condition),
    relative(b, i));
  b.setReg(ECX, size, count);
}

const jecxz: Semantics = (b, i) => {
  const empty = b.equal(b.reg(ECX, i.addressSize), b.constant(0));
  b.branch(empty, relative(b, i));
};

// A far pointer is an offset, and a selector behind it.
function farPointer(b: Builder, i: Insn): { to: Value; selector: Value } {
  if (i.form.operands[0]!.kind === "A") {
    const to = b.constant(i.immediate);
    return { to, selector: b.constant(i.immediate2) };
  }
  const at = b.let("at", b.address(i)), size = i.operandSize;
  const to = b.let("to", b.load(i.segment, at, size));
  return { to, selector: b.load(i.segment, behind(b, i, at, size), 2) };
}

const jmpf: Semantics = (b, i) => {
  const { to, selector } = farPointer(b, i);
  b.call(helpers.farJump, selector, to, b.constant(i.operandSize));
};

const callf: Semantics = (b, i) => {
  const { to, selector } = farPointer(b, i);
  b.call(helpers.farCall, selector, to, b.constant(i.operandSize));
};

const retf: Semantics = (b, i) => {
  const more = b.constant(argumentsOf(i));
  b.call(helpers.farReturn, b.constant(i.operandSize), more);
};

const iret: Semantics = (b, i) => {
  b.call(helpers.interruptReturn, b.constant(i.operandSize));
};

const int: Semantics = (b, i) => {
  b.call(helpers.int, b.constant(i.immediate & 0xff));
};

const into: Semantics = (b) => {
  b.when(b.cond(OVERFLOW), () => { b.call(helpers.into); });
};

const ud2: Semantics = (b) => {
  b.trapIf(b.constant(1), UD);
};

const bound: Semantics = (b, i) => {
  const size = sizeOf(i), at = b.let("at", b.address(i));
  const next = behind(b, i, at, size);
  const index = b.let("index", b.signExtend(b.reg(i.reg, size), size));
  const low = b.signExtend(b.load(i.segment, at, size), size);
  b.trapIf(b.lessSigned(index, low), BR);
  const high = b.signExtend(b.load(i.segment, next, size), size);
  b.trapIf(b.lessSigned(high, index), BR);
};

/** Everything that says where to go on. */
export const transfers: Record<string, Semantics> = {
  jcc, jmp, call, ret, jecxz, jmpf, callf, retf, iret, int, into,
  int1: (b) => { b.call(helpers.int1); },
  int3: (b) => { b.call(helpers.int3); },
  ud2, ud1: ud2, bound,
  loop: (b, i) => loop(b, i, undefined),
  loope: (b, i) => loop(b, i, b.cond(ZERO)),
  loopne: (b, i) => loop(b, i, b.cond(NOT_ZERO)),
};
