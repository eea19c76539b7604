// Woven from chapters/758-generator.md.
import type { Insn } from "../../../table";
import type { Builder, Helper } from "../builder";
import type { Size } from "../../cpu/cpu";
import { FLAGS_EXPLICIT, FLAGS_SUB } from "../../cpu/flags";
import { BOUNDS } from "../../ground/layout";
import {
  BASE, DF_FLAG, ESP, FLAG_CARRY, FLAG_KIND, FLAG_OPERAND, FLAG_RESULT,
  SEGMENTS, SELECTOR, STATUS_FLAGS, SYSTEM_FLAGS,
} from "../../ground/state";
import {
  R_AFTER, R_BASE, R_DISPLACEMENT, R_FIRST, R_IMMEDIATE, R_INDEX,
  R_SCALE, R_SECOND, R_SEGMENT,
} from "./record";
import type { FunctionWriter, Label, WASM } from "./writer";

/** Registers that a record names. */
export const FIRST = 16, SECOND = 17;
/** A segment that a record names. */
export const SEGMENT = 16;
/** The immediate that a record holds. */
export const IMMEDIATE = 0x6b5d4e37;

/** This can't be said to the interpreter. */
export class Unfit extends Error {}


/** A value of the interpreter to be: a local variable, a constant, the
 * offset behind the instruction, or a jump's target by its record. */
export type Operand =
  | { readonly kind: "local"; readonly n: number }
  | { readonly kind: "constant"; readonly n: number }
  | { readonly kind: "after" } | { readonly kind: "target" };


/** What is there for all handlers: local variables, labels, functions.
 */
export interface Surroundings {
  /** Local variables with addresses: of the CPU's words, of the record,
   * of the page that EIP counts from; and how many instructions are
   * left. */
  readonly cpu: number;
  readonly record: number;
  readonly page: number;
  readonly left: number;
  /** Whether all segments have bases and bounds; where CS's limit is.
   */
  readonly segmented: boolean;
  readonly limit: number;
  /** The fast table's address, and its bits for the present ring. */
  readonly fast: number;
  readonly readBit: number;
  readonly writeBit: number;
  /** The offset to which `go` goes. */
  readonly to: number;
  readonly next: Label;
  readonly taken: Label;
  readonly go: Label;
  readonly leave: Label;
  /** A local variable of 64 bits. */
  readonly wide: number;
  /** The function that finds an address slowly, and those of the flags.
   */
  readonly slow: number;
  readonly functions: Record<string, number>;
}


type Op = keyof typeof WASM;

const LOADS = { 1: "load8", 2: "load16", 4: "load" } as const;
const STORES = { 1: "store8", 2: "store16", 4: "store" } as const;

/** Byte offset in a CPU's area of a general register, as its size asks.
 */
export function registerAt(n: number, size: Size): number {
  return size === 1 && n >= 4 ? 4 * (n - 4) + 1 : 4 * n;
}


/** The back end that writes a handler of the interpreter. */
export class Generator implements Builder<Operand> {
  // Where what was claimed lies, by the local that has the offset.
  private readonly claimed = new Map<number, number>();
  // Locals with the addresses of the registers that the record names.
  private readonly places = new Map<number, number>();
  // What was changed can't be taken back.
  private changed = false;
  private goal:
    { to: Operand; condition: Operand | undefined } | undefined;
  private readonly used: number[] = [];

  constructor(
    private readonly f: FunctionWriter,
    private readonly s: Surroundings,
    private readonly temps: { free: number[] },
    private readonly immediate = IMMEDIATE,
  ) {}

  private temp(): number {
    const local = this.temps.free.pop() ?? this.f.local();
    this.used.push(local);
    return local;
  }

  // The value on the stack, in a variable of its own.
  private result(): Operand {
    const n = this.temp();
    this.f.set(n);
    return { kind: "local", n };
  }

  /** Puts a value on the stack. */
  private push(v: Operand): FunctionWriter {
    const { f, s, immediate } = this;
    const field = (at: number) => f.get(s.record).memory("load", at);
    if (v.kind === "local") return f.get(v.n);
    if (v.kind === "constant") {
      if (v.n === immediate) return field(R_IMMEDIATE);
      if (v.n === (immediate & 31))
        return field(R_IMMEDIATE).constant(31).emit("and");
      return f.constant(v.n);
    }
    if (v.kind === "target") throw new Unfit("a target is no number");
    f.get(s.page);
    return field(R_AFTER).emit("add");
  }

  private unary(op: Op, a: Operand): Operand {
    this.push(a).emit(op);
    return this.result();
  }

  private binary(op: Op, a: Operand, b: Operand): Operand {
    this.push(a);
    this.push(b).emit(op);
    return this.result();
  }

  constant(n: number): Operand {
    return { kind: "constant", n: n | 0 };
  }

  let(_name: string, v: Operand): Operand {
    return v;
  }

  // Where a register lies that the record names.
  private place(slot: number): number {
    const known = this.places.get(slot);
    if (known !== undefined) return known;
    const { f, s } = this, local = this.temp();
    f.get(s.cpu).get(s.record);
    f.memory("load", slot === FIRST ? R_FIRST : R_SECOND);
    f.emit("add").set(local);
    this.places.set(slot, local);
    return local;
  }

  reg(n: number, size: Size): Operand {
    const { f, s } = this;
    if (n >= FIRST) f.get(this.place(n)).memory(LOADS[size]);
    else f.get(s.cpu).memory(LOADS[size], registerAt(n, size));
    return this.result();
  }

  setReg(n: number, size: Size, v: Operand): void {
    const { f, s } = this, open = n >= FIRST;
    this.changed = true;
    f.get(open ? this.place(n) : s.cpu);
    this.push(v);
    f.memory(STORES[size], open ? 0 : registerAt(n, size));
  }

  selector(segment: number): Operand {
    const { f, s } = this, at = SEGMENTS + 4 * segment + SELECTOR;
    f.get(s.cpu).memory("load", 4 * at);
    return this.result();
  }

  stack(delta: number, register = ESP): Operand {
    this.f.get(this.s.cpu).memory("load", 4 * register);
    if (delta) this.f.constant(delta).emit("add");
    return this.result();
  }

  setStack(v: Operand): void {
    this.setReg(ESP, 4, v);
  }

  address(i: Insn, plus = 0): Operand {
    const { f, s } = this;
    if (i.addressSize !== 4) throw new Unfit("a 16-bit address");
    const field = (at: number) => f.get(s.record).memory("load", at);
    const register = (at: number) => {
      f.get(s.cpu);
      field(at).emit("add").memory("load");
    };
    register(R_BASE);
    register(R_INDEX);
    field(R_SCALE).emit("shl", "add");
    field(R_DISPLACEMENT).emit("add");
    if (plus) f.constant(plus).emit("add");
    return this.result();
  }

  // The linear address of an offset, or we leave.
  private linear(
    segment: number, offset: Operand, write: boolean,
  ): Operand {
    const { f, s } = this, named = segment === SEGMENT;
    if (!s.segmented && !named) return offset;
    const word = (area: number, at: number) => {
      f.get(area);
      if (named) f.get(s.record).memory("load", R_SEGMENT).emit("add");
      f.memory("load", named ? at : at + 16 * segment);
    };
    this.push(offset);
    word(s.fast, BOUNDS + (write ? 4 : 0));
    f.emit("geU").brIf(s.leave);
    word(s.cpu, 4 * (SEGMENTS + BASE));
    this.push(offset).emit("add");
    return this.result();
  }

  // The address in the machine's memory, or we leave.
  private translate(
    segment: number, from: Operand, size: Size, write: boolean,
  ): number {
    if (this.changed) throw new Unfit("a fault would come too late");
    const offset = this.linear(segment, from, write);
    const { f, s } = this, at = this.temp(), entry = this.temp();
    this.push(offset).constant(10).emit("shrU").constant(-4).emit("and");
    f.get(s.fast).emit("add").memory("load").tee(entry);
    f.constant(-4096).emit("and");
    this.push(offset).emit("xor").set(at);
    f.get(entry).get(write ? s.writeBit : s.readBit).emit("and");
    if (size > 1) {
      this.push(offset).constant(4095).emit("and").constant(size - 1);
      f.emit("add").constant(4096).emit("and", "leU");
    } else f.emit("eqz");
    f.open("if");
    this.push(offset).constant(size | (write ? 8 : 0)).get(s.left);
    f.call(s.slow).tee(at).emit("eqz").brIf(s.leave);
    f.close();
    return at;
  }

  load(segment: number, offset: Operand, size: Size): Operand {
    const at = this.translate(segment, offset, size, false);
    return this.loaded(at, size);
  }

  private loaded(at: number, size: Size): Operand {
    this.f.get(at).memory(LOADS[size]);
    return this.result();
  }

  loadForWrite(segment: number, offset: Operand, size: Size): Operand {
    if (offset.kind !== "local")
      throw new Unfit("what is claimed has no name");
    const at = this.translate(segment, offset, size, true);
    this.claimed.set(offset.n, at);
    return this.loaded(at, size);
  }

  store(segment: number, offset: Operand, size: Size, v: Operand): void {
    const known = offset.kind === "local" && this.claimed.get(offset.n);
    const at = known || this.translate(segment, offset, size, true);
    this.changed = true;
    this.f.get(at);
    this.push(v).memory(STORES[size]);
  }

  add(a: Operand, b: Operand): Operand {
    const relative = b.kind === "constant" && b.n === this.immediate;
    if (a.kind === "after" && relative) return { kind: "target" };
    return this.binary("add", a, b);
  }
  sub(a: Operand, b: Operand) { return this.binary("sub", a, b); }
  multiply(a: Operand, b: Operand): Operand {
    return this.binary("mul", a, b);
  }
  and(a: Operand, b: Operand) { return this.binary("and", a, b); }
  or(a: Operand, b: Operand) { return this.binary("or", a, b); }
  xor(a: Operand, b: Operand) { return this.binary("xor", a, b); }
  not(a: Operand): Operand {
    return this.binary("xor", a, this.constant(-1));
  }

  shl(a: Operand, b: Operand) { return this.binary("shl", a, b); }
  shr(a: Operand, b: Operand) { return this.binary("shrU", a, b); }
  sar(a: Operand, b: Operand) { return this.binary("shrS", a, b); }
  equal(a: Operand, b: Operand) { return this.binary("eq", a, b); }
  lessSigned(a: Operand, b: Operand): Operand {
    return this.binary("ltS", a, b);
  }
  lessUnsigned(a: Operand, b: Operand): Operand {
    return this.binary("ltU", a, b);
  }

  multiplyHigh(a: Operand, b: Operand): Operand {
    this.push(a).emit("extendS");
    this.push(b).emit("extendS", "mul64").constant64(32n);
    this.f.emit("shrS64", "wrap");
    return this.result();
  }

  zeroExtend(a: Operand, size: Size): Operand {
    if (size === 4) return a;
    const mask = size === 2 ? 0xffff : 0xff;
    return this.binary("and", a, this.constant(mask));
  }

  signExtend(a: Operand, size: Size): Operand {
    if (size === 4) return a;
    return this.unary(size === 2 ? "extend16" : "extend8", a);
  }

  select(condition: Operand, a: Operand, b: Operand): Operand {
    this.push(a);
    this.push(b);
    this.push(condition).emit("select");
    return this.result();
  }

  flags(
    kind: number, size: Size, result: Operand, operand: Operand,
    carry: Operand,
  ): void {
    const { f, s } = this;
    this.changed = true;
    const word = (at: number, v: Operand) => {
      const zero = v.kind === "constant" && v.n === 0;
      f.get(s.cpu);
      this.push(zero ? v : this.signExtend(v, size));
      f.memory("store", 4 * at);
    };
    word(FLAG_RESULT, result);
    word(FLAG_OPERAND, operand);
    this.rest(carry, kind | (size << 8));
  }

  // FLAG_CARRY and FLAG_KIND at once.
  private rest(carry: Operand, kind: number): void {
    const { f, s } = this, high = BigInt(kind) << 32n;
    f.get(s.cpu);
    if (carry.kind === "constant")
      f.constant64(high | BigInt(carry.n >>> 0));
    else this.push(carry).emit("extendU").constant64(high).emit("or64");
    f.memory("store64", 4 * FLAG_CARRY);
  }

  status(): Operand {
    this.f.get(this.s.cpu).call(this.s.functions.status!);
    return this.result();
  }

  setStatus(v: Operand): void {
    const { f, s } = this;
    this.changed = true;
    f.get(s.cpu).constant64(0n).memory("store64", 4 * FLAG_RESULT);
    this.rest(this.and(v, this.constant(STATUS_FLAGS)), FLAGS_EXPLICIT);
  }

  direction(): Operand {
    const { f, s } = this;
    f.constant(-1).constant(1);
    f.get(s.cpu).memory("load", 4 * SYSTEM_FLAGS).constant(DF_FLAG);
    f.emit("and", "select");
    return this.result();
  }

  cond(cc: number): Operand {
    const { f, s } = this, out = this.temp();
    const fast = cc in byResult ? this.asksResult(byResult[cc]!)
      : cc in byOperands ? this.asksOperands(byOperands[cc]!) : undefined;
    if (fast) {
      f.open("if");
      fast();
      f.set(out).emit("else");
    }
    f.get(s.cpu).call(s.functions[conditionNames[cc >> 1]!]!);
    if (cc & 1) f.emit("eqz");
    f.set(out);
    if (fast) f.close();
    return { kind: "local", n: out };
  }

  private asksResult(op: Op): () => void {
    const { f, s } = this;
    f.get(s.cpu).memory("load8", 4 * FLAG_KIND);
    return () => {
      f.get(s.cpu).memory("load", 4 * FLAG_RESULT).constant(0).emit(op);
    };
  }

  // The second operand is the first one minus the result.
  private asksOperands(op: Op): () => void {
    const { f, s } = this;
    const word = (at: number) => f.get(s.cpu).memory("load", 4 * at);
    const plain = BigInt(FLAGS_SUB | 0x400) << 32n;
    f.get(s.cpu).memory("load64", 4 * FLAG_CARRY).constant64(plain);
    f.emit("eq64");
    return () => {
      word(FLAG_OPERAND);
      word(FLAG_OPERAND);
      word(FLAG_RESULT).emit("sub", op);
    };
  }

  trapIf(condition: Operand): void {
    if (this.changed) throw new Unfit("a trap would come too late");
    if (condition.kind === "constant") throw new Unfit("it always traps");
    this.push(condition).brIf(this.s.leave);
  }

  goTo(to: Operand): void {
    this.branch(undefined, to);
  }

  branch(condition: Operand | undefined, to: Operand): void {
    const { f, s } = this;
    if (s.segmented) {
      if (to.kind === "target") {
        this.push(this.after());
        this.push(this.constant(this.immediate)).emit("add");
      } else this.push(to);
      f.get(s.limit).emit("gtU");
      if (condition) this.push(condition).emit("and");
      f.brIf(s.leave);
    }
    this.goal = { to, condition };
  }

  when(condition: Operand, body: () => void): void {
    const before = new Map(this.places);
    this.push(condition).open("if");
    body();
    this.f.close();
    this.places.clear();
    for (const [slot, local] of before) this.places.set(slot, local);
    if (this.goal) throw new Unfit("a jump in a condition");
  }

  here(): Operand {
    throw new Unfit("a repetition");
  }

  after(): Operand {
    return { kind: "after" };
  }

  /** What comes behind the last word: where to go on. */
  finish(): void {
    const { f, s, goal } = this;
    this.temps.free.push(...this.used);
    if (!goal) {
      f.br(s.next);
      return;
    }
    const known = goal.to.kind === "target";
    const goes = known ? s.taken : s.go;
    if (!known) this.push(goal.to).set(s.to);
    if (goal.condition) {
      this.push(goal.condition).brIf(goes);
      f.br(s.next);
    } else f.br(goes);
  }

  call(
    helper: Helper, a?: Operand, b?: Operand, c?: Operand, d?: Operand,
  ): Operand {
    const { f } = this;
    if (helper.name === "lowestBit") return this.unary("ctz", a!);
    if (helper.name === "highestBit") {
      f.constant(31);
      this.push(a!).emit("clz", "sub");
      return this.result();
    }
    const signed = helper.name === "signedQuotient";
    if (!signed && helper.name !== "unsignedQuotient")
      throw new Unfit(`it calls ${helper.name}`);
    if (this.changed || d?.kind !== "constant")
      throw new Unfit("a fault would come too late");
    return this.quotient(a!, b!, c!, d.n, signed);
  }

  private quotient(
    high: Operand, low: Operand, by: Operand, size: number,
    signed: boolean,
  ): Operand {
    const { f, s } = this, extend = signed ? "extendS" : "extendU";
    this.push(by).emit("eqz").brIf(s.leave);
    if (signed)
      this.push(high).constant(-0x80000000).emit("eq").brIf(s.leave);
    this.push(high).emit("extendU").constant64(32n).emit("shl64");
    this.push(low).emit("extendU", "or64");
    this.push(by).emit(extend, signed ? "divS64" : "divU64").set(s.wide);
    f.get(s.wide).emit("wrap");
    const quotient = this.result();
    const again = signed ? this.signExtend(quotient, size as Size)
      : this.zeroExtend(quotient, size as Size);
    this.push(again).emit(extend).get(s.wide);
    f.emit("eq64", "eqz").brIf(s.leave);
    return quotient;
  }
}


/** The functions that answer conditions: 0 and 1, 2 and 3, and so on.
 */
export const conditionNames = ["overflow", "carry", "zero", "notAbove",
  "sign", "parity", "less", "notGreater"];

// How conditions compare the result with 0, and two operands.
const byResult: Record<number, Op> = { 4: "eq", 5: "ne", 8: "ltS",
  9: "geS" };
const byOperands: Record<number, Op> = { 2: "ltU", 3: "geU", 6: "leU",
  7: "gtU", 12: "ltS", 13: "geS", 14: "leS", 15: "gtS" };
