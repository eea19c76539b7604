// Woven from chapters/736-builder.md.
import type { Insn } from "../../table";
import type { Cpu, Size } from "../cpu/cpu";

declare const opaque: unique symbol;

/** A 32-bit value of the machine: only a back end knows what it is. */
export interface Value {
  readonly [opaque]: "value";
}

/** What semantics can't say well: one named function for all back ends. */
export interface Helper {
  readonly name: string;
  /** True if its result depends on its arguments alone. */
  readonly pure: boolean;
  /** Takes int32s, and gives one or nothing; may throw a Fault before it
   * changes anything. */
  readonly run: (
    cpu: Cpu, a: number, b: number, c: number, d: number,
  ) => number | void;
}

/** What an instruction can ask for; V is the back end's idea of a value. */
export interface Builder<V = Value> {
  /** The int32 n. */
  constant(n: number): V;
  /** Gives v a name, for readers. */
  let(name: string, v: V): V;
  /** General register n (0 to 7), zero-extended; size 1 means al to bh. */
  reg(n: number, size: Size): V;
  /** Replaces the low bytes of register n; size 4 replaces it whole. */
  setReg(n: number, size: Size, v: V): void;
  /** The selector in segment register s, zero-extended. */
  selector(s: number): V;
  /** ESP (or another register) moved by `delta`, as an offset in the stack:
   * 16 or 32 bits of it, as SS says. */
  stack(delta: number, register?: number): V;
  /** Makes the stack pointer what `stack` gave. */
  setStack(v: V): void;
  /** The offset that the instruction's memory operand names, moved by
   * `plus`. */
  address(i: Insn, plus?: number): V;
  /** Reads memory, zero-extended; may fault. */
  load(segment: number, offset: V, size: Size): V;
  /** Reads what will be written: faults as the write would. */
  loadForWrite(segment: number, offset: V, size: Size): V;
  /** Writes the low bytes of v; may fault. */
  store(segment: number, offset: V, size: Size, v: V): void;
  add(a: V, b: V): V;
  sub(a: V, b: V): V;
  /** The low half of the product. */
  multiply(a: V, b: V): V;
  /** The high half of the 64-bit product of two signed values. */
  multiplyHigh(a: V, b: V): V;
  and(a: V, b: V): V;
  or(a: V, b: V): V;
  xor(a: V, b: V): V;
  not(a: V): V;
  /** Shifts take their count modulo 32. */
  shl(a: V, count: V): V;
  shr(a: V, count: V): V;
  sar(a: V, count: V): V;
  zeroExtend(a: V, size: Size): V;
  signExtend(a: V, size: Size): V;
  /** 1 or 0. */
  equal(a: V, b: V): V;
  lessSigned(a: V, b: V): V;
  lessUnsigned(a: V, b: V): V;
  /** a unless the condition is 0, else b. */
  select(condition: V, a: V, b: V): V;
  /** Leaves the status flags to be worked out from these, if anybody asks:
   * see FLAGS_ADD and its like. */
  flags(kind: number, size: Size, result: V, operand: V, carry: V): void;
  /** 1 or, if DF is set, -1: where string instructions go. */
  direction(): V;
  /** Condition cc (0 to 15, as in Jcc): 1 or 0. */
  cond(cc: number): V;
  /** CF PF AF ZF SF OF at their places in EFLAGS. */
  status(): V;
  /** Sets these six. */
  setStatus(v: V): void;
  /** Raises an exception if the condition isn't 0. */
  trapIf(condition: V, vector: number, error?: number): void;
  /** The next instruction is at this offset in CS; #GP(0) beyond its limit. */
  goTo(offset: V): void;
  /** goTo, if the condition isn't 0. */
  branch(condition: V, offset: V): void;
  /** Does the body if the condition isn't 0. */
  when(condition: V, body: () => void): void;
  /** The offset of this instruction, and of the one behind it. */
  here(): V;
  after(): V;
  /** Calls a helper with up to four values. */
  call(helper: Helper, a?: V, b?: V, c?: V, d?: V): V;
}
