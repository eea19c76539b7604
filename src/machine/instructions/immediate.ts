// Woven from chapters/736-builder.md.
import type { Insn } from "../../table";
import type { Builder, Helper } from "./builder";
import type { Cpu, Size } from "../cpu/cpu";
import { Fault, GP } from "../ground/fault";
import {
  condition, setFlags, setStatusFlags, statusFlags,
} from "../cpu/flags";
import {
  ATTRIBUTES, CS_LIMIT, DF_FLAG, EIP, ESP, REPEATING, REPEATING_AT, RETIRED,
  SEGMENTS, SEG_BIG, SELECTOR, SS, SYSTEM_FLAGS,
} from "../ground/state";

const SS_ATTRIBUTES = SEGMENTS + 4 * SS + ATTRIBUTES;

/** The back end in which an instruction happens while it is told. */
export class Immediate implements Builder<number> {
  private readonly w: Int32Array;

  constructor(readonly cpu: Cpu) {
    this.w = cpu.w;
  }
  constant(n: number): number {
    return n | 0;
  }

  let(_name: string, v: number): number {
    return v;
  }

  reg(n: number, size: Size): number {
    if (size === 4) return this.w[n]!;
    if (size === 2) return this.w[n]! & 0xffff;
    return n < 4 ? this.w[n]! & 0xff : (this.w[n - 4]! >> 8) & 0xff;
  }

  setReg(n: number, size: Size, v: number): void {
    const w = this.w;
    if (size === 4) w[n] = v;
    else if (size === 2) w[n] = (w[n]! & ~0xffff) | (v & 0xffff);
    else if (n < 4) w[n] = (w[n]! & ~0xff) | (v & 0xff);
    else w[n - 4] = (w[n - 4]! & ~0xff00) | ((v & 0xff) << 8);
  }

  selector(s: number): number {
    return this.w[SEGMENTS + 4 * s + SELECTOR]!;
  }

  stack(delta: number, register = ESP): number {
    const at = this.w[register]! + delta;
    return this.w[SS_ATTRIBUTES]! & SEG_BIG ? at | 0 : at & 0xffff;
  }

  setStack(v: number): void {
    this.setReg(ESP, this.w[SS_ATTRIBUTES]! & SEG_BIG ? 4 : 2, v);
  }
  address(i: Insn, plus = 0): number {
    const w = this.w;
    let at = i.displacement + plus;
    if (i.base >= 0) at += w[i.base]!;
    if (i.index >= 0) at += w[i.index]! << i.scale;
    return i.addressSize === 4 ? at | 0 : at & 0xffff;
  }

  load(segment: number, offset: number, size: Size): number {
    return this.cpu.load(segment, offset, size);
  }

  loadForWrite(segment: number, offset: number, size: Size): number {
    return this.cpu.loadForWrite(segment, offset, size);
  }

  store(segment: number, offset: number, size: Size, v: number): void {
    this.cpu.store(segment, offset, size, v);
  }
  add(a: number, b: number): number { return (a + b) | 0; }
  sub(a: number, b: number): number { return (a - b) | 0; }
  multiply(a: number, b: number): number { return Math.imul(a, b); }
  and(a: number, b: number): number { return a & b; }
  or(a: number, b: number): number { return a | b; }
  xor(a: number, b: number): number { return a ^ b; }
  not(a: number): number { return ~a; }
  shl(a: number, count: number): number { return a << count; }
  shr(a: number, count: number): number { return (a >>> count) | 0; }
  sar(a: number, count: number): number { return a >> count; }
  multiplyHigh(a: number, b: number): number {
    const low = a & 0xffff, other = b & 0xffff;
    const high = a >> 16, otherHigh = b >> 16;
    const first = Math.imul(high, other) + (Math.imul(low, other) >>> 16);
    const second = Math.imul(low, otherHigh) + (first & 0xffff);
    return (Math.imul(high, otherHigh) + (first >> 16) + (second >> 16)) | 0;
  }
  zeroExtend(a: number, size: Size): number {
    return size === 4 ? a : size === 2 ? a & 0xffff : a & 0xff;
  }

  signExtend(a: number, size: Size): number {
    return size === 4 ? a : size === 2 ? (a << 16) >> 16 : (a << 24) >> 24;
  }

  equal(a: number, b: number): number { return a === b ? 1 : 0; }
  lessSigned(a: number, b: number): number { return a < b ? 1 : 0; }
  lessUnsigned(a: number, b: number): number {
    return a >>> 0 < b >>> 0 ? 1 : 0;
  }

  select(chosen: number, a: number, b: number): number {
    return chosen !== 0 ? a : b;
  }
  flags(
    kind: number, size: Size, result: number, operand: number, carry: number,
  ): void {
    setFlags(this.w, kind, size, result, operand, carry);
  }

  direction(): number {
    return this.w[SYSTEM_FLAGS]! & DF_FLAG ? -1 : 1;
  }

  cond(cc: number): number {
    return condition(this.w, cc);
  }

  status(): number {
    return statusFlags(this.w);
  }

  setStatus(v: number): void {
    setStatusFlags(this.w, v);
  }
  trapIf(chosen: number, vector: number, error?: number): void {
    if (chosen !== 0) throw new Fault(vector, error);
  }

  goTo(offset: number): void {
    if (offset >>> 0 > this.w[CS_LIMIT]! >>> 0) throw new Fault(GP, 0);
    this.cpu.next = offset;
  }

  branch(chosen: number, offset: number): void {
    if (chosen !== 0) this.goTo(offset);
  }

  when(chosen: number, body: () => void): void {
    if (chosen !== 0) body();
  }

  here(): number {
    const { w } = this, { d } = this.cpu, eip = w[EIP]!;
    d[REPEATING] = d[RETIRED]! + 1;
    w[REPEATING_AT] = eip;
    return eip;
  }

  after(): number {
    return this.cpu.next;
  }

  call(helper: Helper, a = 0, b = 0, c = 0, d = 0): number {
    const result = helper.run(this.cpu, a, b, c, d);
    if (!helper.pure) this.cpu.look = true;
    return typeof result === "number" ? result | 0 : 0;
  }
}
