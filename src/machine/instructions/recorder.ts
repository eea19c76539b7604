// Woven from chapters/740-recording.md.
import { conditionNames } from "../../table";
import type { Insn } from "../../table";
import type { Builder, Helper } from "./builder";
import type { Size } from "../cpu/cpu";
import { ESP } from "../ground/state";

/** A piece of a line: text, or the number of the note that goes there. */
export type Piece = string | number;

/** One thing that was said: a value, an action, or both. */
export interface Note {
  readonly pieces: readonly Piece[];
  /** What the value depends on, and what the action changes. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** It has to be there even if nobody uses its value. */
  readonly action: boolean;
  /** Parentheses are needed: around it, and around what is in it. */
  readonly compound: boolean;
  readonly tight: boolean;
  readonly constant: number | undefined;
  name: string;
}

const anything = ["all"];
const names8 = "al cl dl bl ah ch dh bh".split(" ");
const names16 = "ax cx dx bx sp bp si di".split(" ");
const names32 = names16.map((name) => "e" + name);
export const segmentNames = "es cs ss ds fs gs ldtr tr".split(" ");
export const kindNames = ["explicit", "result", "add", "sub"];

/** Register names by size and number. */
export function registerName(n: number, size: Size): string {
  return (size === 4 ? names32 : size === 2 ? names16 : names8)[n]!;
}

function registerKey(n: number, size: Size): string {
  return "register " + (size === 1 ? n & 3 : n);
}

/** The back end that takes notes; a value is the number of its note. */
export class Recorder implements Builder<number> {
  readonly notes: Note[] = [];

  private note(pieces: readonly Piece[], more: Partial<Note> = {}): number {
    this.notes.push({
      pieces, reads: [], writes: [], action: false, compound: false,
      tight: false, constant: undefined, name: "",
      ...more,
    });
    return this.notes.length - 1;
  }

  private binary(a: number, operator: string, b: number): number {
    return this.note([a, ` ${operator} `, b],
      { compound: true, tight: true });
  }

  private action(
    pieces: readonly Piece[], writes: readonly string[] = [],
  ): void {
    this.note(pieces, { action: true, writes });
  }
  constant(n: number): number {
    const v = n | 0;
    const text = v > -16 && v < 16 ? String(v) :
      "0x" + (v >>> 0).toString(16);
    return this.note([text], { constant: v });
  }

  let(name: string, v: number): number {
    const note = this.notes[v]!;
    if (note.constant === undefined) note.name ||= name;
    return v;
  }

  reg(n: number, size: Size): number {
    const reads = [registerKey(n, size)];
    return this.note([registerName(n, size)], { reads });
  }

  setReg(n: number, size: Size, v: number): void {
    this.action([registerName(n, size) + " = ", v], [registerKey(n, size)]);
  }
  selector(s: number): number {
    const reads = ["system"];
    return this.note([`selector(${segmentNames[s]})`], { reads });
  }

  stack(delta: number, register = ESP): number {
    const from = register === ESP ? "" : ", " + registerName(register, 4);
    const reads = ["system", registerKey(register, 4)];
    return this.note([`stack(${delta}${from})`], { reads });
  }

  setStack(v: number): void {
    this.action(["stack = ", v], [registerKey(ESP, 4)]);
  }
  address(i: Insn, plus = 0): number {
    const parts: number[] = [];
    if (i.base >= 0) parts.push(this.reg(i.base, 4));
    if (i.index >= 0) {
      const index = this.reg(i.index, 4), scale = this.constant(i.scale);
      parts.push(i.scale ? this.shl(index, scale) : index);
    }
    const rest = (i.displacement + plus) | 0;
    if (rest || !parts.length) parts.push(this.constant(rest));
    const all = parts.reduce((sum, part) => this.add(sum, part));
    return this.zeroExtend(all, i.addressSize);
  }

  load(segment: number, offset: number, size: Size): number {
    return this.note(
      [`load${8 * size} ${segmentNames[segment]}:[`, offset, "]"],
      { action: true });
  }

  loadForWrite(segment: number, offset: number, size: Size): number {
    return this.note(
      [`claim${8 * size} ${segmentNames[segment]}:[`, offset, "]"],
      { action: true });
  }

  store(segment: number, offset: number, size: Size, v: number): void {
    this.action([`store${8 * size} ${segmentNames[segment]}:[`, offset,
      "], ", v]);
  }
  add(a: number, b: number): number { return this.binary(a, "+", b); }
  sub(a: number, b: number): number { return this.binary(a, "-", b); }
  multiply(a: number, b: number): number { return this.binary(a, "*", b); }
  and(a: number, b: number): number { return this.binary(a, "&", b); }
  or(a: number, b: number): number { return this.binary(a, "|", b); }
  xor(a: number, b: number): number { return this.binary(a, "^", b); }
  shl(a: number, b: number): number { return this.binary(a, "<<", b); }
  shr(a: number, b: number): number { return this.binary(a, ">>>", b); }
  sar(a: number, b: number): number { return this.binary(a, ">>", b); }
  equal(a: number, b: number): number { return this.binary(a, "==", b); }
  lessSigned(a: number, b: number): number {
    return this.binary(a, "<", b);
  }
  lessUnsigned(a: number, b: number): number {
    return this.binary(a, "<u", b);
  }

  multiplyHigh(a: number, b: number): number {
    return this.note(["high(", a, ", ", b, ")"]);
  }
  not(a: number): number {
    return this.note(["~", a], { tight: true });
  }

  zeroExtend(a: number, size: Size): number {
    return size === 4 ? a : this.note([`zero${8 * size}(`, a, ")"]);
  }

  signExtend(a: number, size: Size): number {
    return size === 4 ? a : this.note([`sign${8 * size}(`, a, ")"]);
  }

  select(condition: number, a: number, b: number): number {
    return this.note([condition, " ? ", a, " : ", b],
      { compound: true, tight: true });
  }
  flags(
    kind: number, size: Size, result: number, operand: number, carry: number,
  ): void {
    this.action([`flags ${kindNames[kind]}${8 * size} `, result, ", ",
      operand, ", ", carry], ["flags"]);
  }

  direction(): number {
    return this.note(["direction"], { reads: ["system"] });
  }

  cond(cc: number): number {
    return this.note([`cond(${conditionNames[cc]})`], { reads: ["flags"] });
  }

  status(): number {
    return this.note(["status"], { reads: ["flags"] });
  }

  setStatus(v: number): void {
    this.action(["status = ", v], ["flags"]);
  }
  trapIf(condition: number, vector: number, error?: number): void {
    const { constant } = this.notes[condition]!;
    if (constant === 0) return;
    const what = `trap ${vector}` + (error === undefined ? "" : `(${error})`);
    this.action(constant ? [what] : [what + " if ", condition]);
  }

  goTo(offset: number): void {
    this.action(["go to ", offset], ["next"]);
  }

  branch(condition: number, offset: number): void {
    this.action(["go to ", offset, " if ", condition], ["next"]);
  }

  when(condition: number, body: () => void): void {
    this.action(["when ", condition, " {"]);
    body();
    this.action(["}"]);
  }
  here(): number {
    return this.note(["here"]);
  }

  after(): number {
    return this.note(["after"], { reads: ["next"] });
  }

  call(helper: Helper, ...values: (number | undefined)[]): number {
    const pieces: Piece[] = [helper.name + "("];
    values.forEach((v, k) => pieces.push(k ? ", " : "", v!));
    pieces.push(")");
    const writes = helper.pure ? [] : anything;
    return this.note(pieces, { action: true, writes });
  }
}
