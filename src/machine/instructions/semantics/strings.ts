// Woven from chapters/912-transfers.md.
import type { Insn } from "../../../table";
import type { Builder, Value } from "../builder";
import { helpers } from "../helpers";
import { EAX, ECX, EDI, EDX, ES, ESI } from "../../ground/state";
import { compare, nonzero, read, sizeOf } from "./operands";
import type { Semantics } from "./operands";

/** The two sides of a comparison. */
interface Compared {
  readonly a: Value;
  readonly other: Value;
}

type Iteration = (b: Builder, i: Insn) => Compared | void;

// With a REP prefix one step is one retired instruction: after it we are
// at the same instruction again, unless that was the last time.
function repeated(once: Iteration, first?: Semantics): Semantics {
  return (b, i) => {
    first?.(b, i);
    if (i.rep === 0) {
      finish(b, i, once(b, i));
      return;
    }
    const size = i.addressSize, count = b.let("count", b.reg(ECX, size));
    b.when(count, () => {
      const compared = once(b, i);
      const rest = b.let("rest", b.sub(count, b.constant(1)));
      b.setReg(ECX, size, rest);
      const more = goesOn(b, i, nonzero(b, rest), compared);
      if (compared) {
        b.when(b.equal(more, b.constant(0)), () => {
          finish(b, i, compared);
        });
      }
      b.branch(more, b.here());
    });
  };
}

function goesOn(
  b: Builder, i: Insn, more: Value, compared: Compared | void,
): Value {
  if (!compared) return more;
  const wanted = b.constant(i.rep === 0xf3 ? 1 : 0);
  const equal = b.equal(compared.a, compared.other);
  return b.let("more", b.and(more, b.equal(equal, wanted)));
}

function finish(b: Builder, i: Insn, compared: Compared | void): void {
  if (compared) compare(b, i.operandSize, compared.a, compared.other);
}

function source(b: Builder, i: Insn): Value {
  return b.load(i.segment, b.reg(ESI, i.addressSize), i.operandSize);
}

function destination(b: Builder, i: Insn): Value {
  return b.load(ES, b.reg(EDI, i.addressSize), i.operandSize);
}

function setDestination(b: Builder, i: Insn, v: Value): void {
  b.store(ES, b.reg(EDI, i.addressSize), i.operandSize, v);
}

function advance(b: Builder, i: Insn, n: number): void {
  const size = i.addressSize, step = b.constant(i.operandSize);
  const way = b.multiply(b.direction(), step);
  b.setReg(n, size, b.add(b.reg(n, size), way));
}

const movs: Semantics = (b, i) => {
  setDestination(b, i, source(b, i));
  advance(b, i, ESI);
  advance(b, i, EDI);
};

const stos: Semantics = (b, i) => {
  setDestination(b, i, b.reg(EAX, i.operandSize));
  advance(b, i, EDI);
};

const lods: Semantics = (b, i) => {
  b.setReg(EAX, i.operandSize, source(b, i));
  advance(b, i, ESI);
};

const cmps: Iteration = (b, i) => {
  const other = b.let("other", destination(b, i));
  const a = b.let("a", source(b, i));
  advance(b, i, ESI);
  advance(b, i, EDI);
  return { a, other };
};

const scas: Iteration = (b, i) => {
  const a = b.let("a", b.reg(EAX, i.operandSize));
  const other = b.let("other", destination(b, i));
  advance(b, i, EDI);
  return { a, other };
};

const mayUsePort: Semantics = (b, i) => {
  b.call(helpers.portCheck, b.reg(EDX, 2), b.constant(i.operandSize));
};

const ins: Semantics = (b, i) => {
  const size = b.constant(i.operandSize);
  const port = b.let("port", b.reg(EDX, 2));
  const at = b.let("to", b.reg(EDI, i.addressSize));
  b.loadForWrite(ES, at, i.operandSize);
  b.store(ES, at, i.operandSize, b.call(helpers.portIn, port, size));
  advance(b, i, EDI);
};

const outs: Semantics = (b, i) => {
  const size = b.constant(i.operandSize);
  const port = b.let("port", b.reg(EDX, 2));
  b.call(helpers.portOut, port, size, source(b, i));
  advance(b, i, ESI);
};

// The port is a byte of the instruction, or DX.
function port(b: Builder, i: Insn, k: number): Value {
  return i.form.operands[k]!.kind === "I" ?
    b.constant(i.immediate & 0xff) : b.reg(EDX, 2);
}

const input: Semantics = (b, i) => {
  const size = sizeOf(i), p = b.let("port", port(b, i, 1));
  b.call(helpers.portCheck, p, b.constant(size));
  b.setReg(EAX, size, b.call(helpers.portIn, p, b.constant(size)));
};

const output: Semantics = (b, i) => {
  const size = sizeOf(i, 1), p = b.let("port", port(b, i, 0));
  b.call(helpers.portCheck, p, b.constant(size));
  b.call(helpers.portOut, p, b.constant(size), read(b, i, 1));
};

/** String instructions and ports. */
export const strings: Record<string, Semantics> = {
  movs: repeated(movs), cmps: repeated(cmps), stos: repeated(stos),
  lods: repeated(lods), scas: repeated(scas), ins: repeated(ins, mayUsePort),
  outs: repeated(outs, mayUsePort), in: input, out: output,
};
