// Woven from chapters/24-semantics.md.
import { helpers } from "../helpers";
import { CF, DF_FLAG, EAX, IF, OF } from "../../ground/state";
import { bit, changeStatus } from "./operands";
import type { Semantics } from "./operands";

// AH, as the 8-bit registers are numbered.
const AH = 4;

const sahf: Semantics = (b) => {
  changeStatus(b, 0xd5, b.and(b.reg(AH, 1), b.constant(0xd5)));
};

const lahf: Semantics = (b) => {
  const low = b.and(b.status(), b.constant(0xff & ~OF));
  b.setReg(AH, 1, b.or(low, b.constant(2)));
};

const cmc: Semantics = (b) => {
  changeStatus(b, CF, b.xor(b.cond(2), b.constant(1)));
};

const salc: Semantics = (b) => {
  b.setReg(EAX, 1, b.sub(b.constant(0), bit(b, b.status(), 0)));
};

/** CLC to SALC. */
export const flagops: Record<string, Semantics> = {
  sahf, lahf, cmc, salc,
  clc: (b) => changeStatus(b, CF, b.constant(0)),
  stc: (b) => changeStatus(b, CF, b.constant(1)),
  cld: (b) => {
    b.call(helpers.setFlag, b.constant(DF_FLAG), b.constant(0));
  },
  std: (b) => {
    b.call(helpers.setFlag, b.constant(DF_FLAG), b.constant(1));
  },
  cli: (b) => {
    b.call(helpers.setFlag, b.constant(IF), b.constant(0));
  },
  sti: (b) => {
    b.call(helpers.setFlag, b.constant(IF), b.constant(1));
  },
};
