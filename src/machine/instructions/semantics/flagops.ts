// Woven from chapters/912-transfers.md.
import { helpers } from "../helpers";
import {
  AF, CF, DF_FLAG, EAX, EFLAGS_ONE, IF, OF, PF_FLAG, SF, ZF,
} from "../../ground/state";
import { AH, bit, CARRY, changeStatus } from "./operands";
import type { Semantics } from "./operands";

const sahf: Semantics = (b) => {
  const all = SF | ZF | AF | PF_FLAG | CF;
  changeStatus(b, all, b.and(b.reg(AH, 1), b.constant(all)));
};

const lahf: Semantics = (b) => {
  const low = b.and(b.status(), b.constant(0xff & ~OF));
  b.setReg(AH, 1, b.or(low, b.constant(EFLAGS_ONE)));
};

const cmc: Semantics = (b) => {
  changeStatus(b, CF, b.xor(b.cond(CARRY), b.constant(1)));
};

const salc: Semantics = (b) => {
  b.setReg(EAX, 1, b.sub(b.constant(0), bit(b, b.status(), 0)));
};

function turn(flag: number, on: boolean): Semantics {
  return (b) => {
    b.call(helpers.setFlag, b.constant(flag), b.constant(on ? 1 : 0));
  };
}

/** CLC to SALC. */
export const flagops: Record<string, Semantics> = {
  sahf, lahf, cmc, salc,
  clc: (b) => changeStatus(b, CF, b.constant(0)),
  stc: (b) => changeStatus(b, CF, b.constant(1)),
  cld: turn(DF_FLAG, false), std: turn(DF_FLAG, true),
  cli: turn(IF, false), sti: turn(IF, true),
};
