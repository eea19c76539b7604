// Woven from chapters/912-transfers.md.
import type { Insn } from "../../../table";
import type { Builder, Value } from "../builder";
import type { Size } from "../../cpu/cpu";
import { helpers } from "../helpers";
import { EBP, ESP, SS } from "../../ground/state";
import { read } from "./operands";
import type { Semantics } from "./operands";

/** Pushes a value, or as much of it as is to be written of its slot; the
 * stack pointer moves when nothing can fault. */
export function pushValue(
  b: Builder, slot: Size, v: Value, size: Size = slot,
): void {
  const at = b.let("at", b.stack(-slot));
  b.store(SS, at, size, v);
  b.setStack(at);
}

/** All of ESP when an offset in the stack takes its place: a 16-bit stack
 * keeps the upper half. */
function wholeStack(b: Builder, at: Value): Value {
  return b.or(b.xor(b.reg(ESP, 4), b.stack(0)), at);
}

const push: Semantics = (b, i) => {
  pushValue(b, i.operandSize, read(b, i, 0));
};

const pushSegment: Semantics = (b, i) => {
  pushValue(b, i.operandSize, b.selector(i.form.operands[0]!.register), 2);
};

// POP into memory by way of ESP means the ESP after the pop.
const pop: Semantics = (b, i) => {
  const size = i.operandSize, v = b.load(SS, b.stack(0), size);
  const up = b.let("up", b.stack(size));
  if (i.isMemory) {
    const at = b.address(i, i.base === ESP ? size : 0);
    b.store(i.segment, at, size, v);
    b.setStack(up);
  } else {
    b.setStack(up);
    b.setReg(i.rm, size, v);
  }
};

// POP SS counts on the stack that it takes away.
const popSegment: Semantics = (b, i) => {
  const segment = i.form.operands[0]!.register, s = b.constant(segment);
  const v = b.load(SS, b.stack(0), 2);
  const up = b.let("up", wholeStack(b, b.stack(i.operandSize)));
  b.call(helpers.loadSegment, s, v);
  if (segment === SS) b.call(helpers.inhibit);
  b.setReg(ESP, 4, up);
};

// Registers 0 to 7 downwards; ESP is pushed as it was at the beginning. What
// was pushed before a fault stays in memory, below the stack.
const pusha: Semantics = (b, i) => {
  const size = i.operandSize;
  const lowest = b.let("lowest", b.stack(-8 * size));
  for (let n = 0; n < 8; n++) {
    b.store(SS, b.stack(-(n + 1) * size), size, b.reg(n, size));
  }
  b.setStack(lowest);
};

// And upwards again, past a value for ESP that is read and not used. A fault
// on the way leaves the registers that were popped before it; since ESP
// stays, doing it again makes up for that.
const popa: Semantics = (b, i) => {
  const size = i.operandSize;
  for (let n = 7; n >= 0; n--) {
    const v = b.let("v", b.load(SS, b.stack((7 - n) * size), size));
    if (n !== ESP) b.setReg(n, size, v);
  }
  b.setStack(b.stack(8 * size));
};

const pushf: Semantics = (b, i) => {
  const size = i.operandSize;
  pushValue(b, size, b.call(helpers.pushedFlags, b.constant(size)));
};

const popf: Semantics = (b, i) => {
  const size = i.operandSize;
  const v = b.load(SS, b.stack(0), size);
  const up = b.let("up", b.stack(size));
  b.call(helpers.popFlags, v, b.constant(size));
  b.setStack(up);
};

// ENTER copies the frame pointers of the enclosing procedures. At the end it
// looks whether the new top of the stack could be written. EBP gets all of
// ESP, even on a 16-bit stack.
const enter: Semantics = (b: Builder, i: Insn) => {
  const size = i.operandSize, level = i.immediate2 & 31;
  const at = b.let("at", b.stack(-size));
  const frame = b.let("frame", wholeStack(b, at));
  const links = level === 0 ? 1 : level + 1;
  const bottom = b.stack(-links * size - (i.immediate & 0xffff));
  b.store(SS, at, size, b.reg(EBP, size));
  for (let n = 1; n < level; n++) {
    const link = b.load(SS, b.stack(-n * size, EBP), size);
    b.store(SS, b.stack(-(n + 1) * size), size, link);
  }
  if (level > 0) b.store(SS, b.stack(-links * size), size, frame);
  b.loadForWrite(SS, bottom, size);
  b.setStack(bottom);
  b.setReg(EBP, size, frame);
};

const leave: Semantics = (b, i) => {
  const size = i.operandSize;
  const v = b.let("frame", b.load(SS, b.stack(0, EBP), size));
  b.setStack(b.stack(size, EBP));
  b.setReg(EBP, size, v);
};

/** PUSH to LEAVE. */
export const stack: Record<string, Semantics> = {
  push, pop, pusha, popa, pushf, popf, enter, leave,
  "push segment": pushSegment, "pop segment": popSegment,
};
