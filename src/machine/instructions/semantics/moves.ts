// Woven from chapters/910-semantics.md.
import { FLAGS_ADD } from "../../cpu/flags";
import { helpers } from "../helpers";
import { EAX, EBX, ECX, EDX } from "../../ground/state";
import {
  changeZero, compare, read, sizeOf, target, update, write, writeSecond,
} from "./operands";
import type { Semantics } from "./operands";

const mov: Semantics = (b, i) => {
  write(b, i, target(b, i), read(b, i, 1));
};

const movsx: Semantics = (b, i) => {
  write(b, i, b.constant(0), b.signExtend(read(b, i, 1), sizeOf(i, 1)));
};

const lea: Semantics = (b, i) => {
  write(b, i, b.constant(0), b.address(i));
};

const xchg: Semantics = (b, i) => {
  const at = target(b, i);
  const first = b.let("first", update(b, i, at)), second = read(b, i, 1);
  write(b, i, at, second);
  writeSecond(b, i, first);
};

const nop: Semantics = () => {};

const cmovcc: Semantics = (b, i) => {
  const source = read(b, i, 1), old = b.reg(i.reg, sizeOf(i));
  const chosen = b.cond(i.form.condition!);
  write(b, i, b.constant(0), b.select(chosen, source, old));
};

const setcc: Semantics = (b, i) => {
  write(b, i, target(b, i), b.cond(i.form.condition!));
};

const bswap: Semantics = (b, i) => {
  const v = b.let("old", b.reg(i.rm, 4)), size = sizeOf(i);
  const low = b.constant(0xff00), eight = b.constant(8);
  const outer = b.or(b.shl(v, b.constant(24)), b.shr(v, b.constant(24)));
  const inner = b.or(b.shl(b.and(v, low), eight),
    b.and(b.shr(v, eight), low));
  b.setReg(i.rm, size, size === 4 ? b.or(outer, inner) : b.constant(0));
};

const xlat: Semantics = (b, i) => {
  const at = b.add(b.reg(EBX, i.addressSize), b.reg(EAX, 1));
  const offset = b.zeroExtend(at, i.addressSize);
  b.setReg(EAX, 1, b.load(i.segment, offset, 1));
};

const cbw: Semantics = (b, i) => {
  const half = i.operandSize === 4 ? 2 : 1;
  b.setReg(EAX, i.operandSize, b.signExtend(b.reg(EAX, half), half));
};

const cwd: Semantics = (b, i) => {
  const size = i.operandSize;
  const wide = b.signExtend(b.reg(EAX, size), size);
  b.setReg(EDX, size, b.sar(wide, b.constant(31)));
};

const xadd: Semantics = (b, i) => {
  const at = target(b, i), a = b.let("old", update(b, i, at));
  const result = b.let("result", b.add(a, read(b, i, 1)));
  b.flags(FLAGS_ADD, sizeOf(i), result, a, b.constant(0));
  if (!i.isMemory) {
    writeSecond(b, i, a);
    write(b, i, at, result);
  } else {
    write(b, i, at, result);
    writeSecond(b, i, a);
  }
};

// The destination is written in any case: its old value if unequal.
const cmpxchg: Semantics = (b, i) => {
  const size = sizeOf(i), at = target(b, i);
  const old = b.let("old", update(b, i, at));
  const a = b.let("a", b.reg(EAX, size)), source = read(b, i, 1);
  const same = b.let("same", b.equal(a, old));
  const next = b.let("next", b.select(same, source, old));
  compare(b, size, a, old);
  if (i.isMemory) write(b, i, at, next);
  b.setReg(EAX, size, old);
  if (!i.isMemory) write(b, i, at, next);
};

const cmpxchg8b: Semantics = (b, i) => {
  const at = b.let("at", b.address(i));
  b.call(helpers.claimEight, b.constant(i.segment), at);
  const at4 = b.let("at4", b.add(at, b.constant(4)));
  const low = b.let("low", b.loadForWrite(i.segment, at, 4));
  const high = b.let("high", b.loadForWrite(i.segment, at4, 4));
  const same = b.let("same", b.and(b.equal(low, b.reg(EAX, 4)),
    b.equal(high, b.reg(EDX, 4))));
  b.store(i.segment, at, 4, b.select(same, b.reg(EBX, 4), low));
  b.store(i.segment, at4, 4, b.select(same, b.reg(ECX, 4), high));
  b.setReg(EAX, 4, low);
  b.setReg(EDX, 4, high);
  changeZero(b, same);
};

/** MOV and all that moves without computing much. */
export const moves: Record<string, Semantics> = {
  mov, movzx: mov, movsx, lea, xchg, nop, pause: nop, prefetchnta: nop,
  prefetcht0: nop, prefetcht1: nop, prefetcht2: nop, cmovcc, setcc,
  bswap, xlat, cbw, cwd, xadd, cmpxchg, cmpxchg8b,
};
