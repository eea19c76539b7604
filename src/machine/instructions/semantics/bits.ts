// Woven from chapters/910-semantics.md.
import type { Insn } from "../../../table";
import type { Builder, Helper, Value } from "../builder";
import type { Size } from "../../cpu/cpu";
import { helpers } from "../helpers";
import { CF } from "../../ground/state";
import {
  changeStatus, read, resultFlags, sizeOf, target, update, write,
} from "./operands";
import type { Semantics } from "./operands";

type BitChange = (b: Builder, old: Value, mask: Value) => Value;

// A bit index in a register reaches beyond the operand, in both directions.
function bitAddress(b: Builder, i: Insn, size: Size, index: Value): Value {
  const at = target(b, i);
  if (!i.isMemory || i.form.operands[1]!.kind === "I") return at;
  const shift = b.constant(size === 4 ? 5 : 4);
  const words = b.sar(b.signExtend(index, size), shift);
  const away = b.multiply(words, b.constant(size));
  return b.let("at", b.zeroExtend(b.add(at, away), i.addressSize));
}

function bitTest(change: BitChange | undefined): Semantics {
  return (b, i) => {
    const size = sizeOf(i), index = b.let("index", read(b, i, 1));
    const at = bitAddress(b, i, size, index);
    const n = b.let("n", b.and(index, b.constant(8 * size - 1)));
    const old = b.let("old", change || !i.isMemory ? update(b, i, at) :
      b.load(i.segment, at, size));
    changeStatus(b, CF, b.and(b.shr(old, n), b.constant(1)));
    if (!change) return;
    write(b, i, at, change(b, old, b.shl(b.constant(1), n)));
  };
}

// BSF and BSR leave the destination alone if there is no bit to find.
function bitScan(find: Helper): Semantics {
  return (b, i) => {
    const size = sizeOf(i), v = b.let("source", read(b, i, 1));
    const found = b.call(find, v), old = b.reg(i.reg, size);
    write(b, i, b.constant(0), b.select(v, found, old));
    resultFlags(b, size, v);
  };
}

/** BT to BSR. */
export const bits: Record<string, Semantics> = {
  bt: bitTest(undefined),
  bts: bitTest((b, old, mask) => b.or(old, mask)),
  btr: bitTest((b, old, mask) => b.and(old, b.not(mask))),
  btc: bitTest((b, old, mask) => b.xor(old, mask)),
  bsf: bitScan(helpers.lowestBit), bsr: bitScan(helpers.highestBit),
};
