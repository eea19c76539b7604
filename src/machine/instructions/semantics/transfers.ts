// Woven from chapters/24-semantics.md.
import type { Insn } from "../../../table";
import type { Builder, Value } from "../builder";
import { helpers } from "../helpers";
import { BR, UD } from "../../ground/fault";
import { ECX, SS } from "../../ground/state";
import { nonzero, read, sizeOf } from "./operands";
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

const ret: Semantics = (b, i) => {
  const size = i.operandSize;
  const more = i.form.operands.length ? i.immediate & 0xffff : 0;
  b.goTo(b.load(SS, b.stack(0), size));
  b.setStack(b.stack(size + more));
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
  const behind = b.zeroExtend(b.add(at, b.constant(size)), i.addressSize);
  return { to, selector: b.load(i.segment, behind, 2) };
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
  const more = i.form.operands.length ? i.immediate & 0xffff : 0;
  b.call(helpers.farReturn, b.constant(i.operandSize), b.constant(more));
};

const iret: Semantics = (b, i) => {
  b.call(helpers.interruptReturn, b.constant(i.operandSize));
};

// The second word says which instruction it was: 0 INT, 1 INT3, 2 INTO,
// 3 INT1.
const int: Semantics = (b, i) => {
  const vector = b.constant(i.immediate & 0xff);
  b.call(helpers.softwareInterrupt, vector, b.constant(0));
};

const int3: Semantics = (b) => {
  b.call(helpers.softwareInterrupt, b.constant(3), b.constant(1));
};

const into: Semantics = (b) => {
  b.when(b.cond(0), () => {
    b.call(helpers.softwareInterrupt, b.constant(4), b.constant(2));
  });
};

const int1: Semantics = (b) => {
  b.call(helpers.softwareInterrupt, b.constant(1), b.constant(3));
};

const ud2: Semantics = (b) => {
  b.trapIf(b.constant(1), UD);
};

const bound: Semantics = (b, i) => {
  const size = sizeOf(i), at = b.let("at", b.address(i));
  const next = b.zeroExtend(b.add(at, b.constant(size)), i.addressSize);
  const index = b.let("index", b.signExtend(b.reg(i.reg, size), size));
  const low = b.signExtend(b.load(i.segment, at, size), size);
  b.trapIf(b.lessSigned(index, low), BR);
  const high = b.signExtend(b.load(i.segment, next, size), size);
  b.trapIf(b.lessSigned(high, index), BR);
};

/** Everything that says where to go on. */
export const transfers: Record<string, Semantics> = {
  jcc, jmp, call, ret, jecxz, jmpf, callf, retf, iret, int, int3, into,
  int1, ud2, ud1: ud2, bound,
  loop: (b, i) => loop(b, i, undefined),
  loope: (b, i) => loop(b, i, b.cond(4)),
  loopne: (b, i) => loop(b, i, b.cond(5)),
};
