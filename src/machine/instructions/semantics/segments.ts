// Woven from chapters/912-transfers.md.
import type { Helper } from "../builder";
import { helpers } from "../helpers";
import {
  DS, ES, FS, GDTR_BASE, GS, IDTR_BASE, LDTR, SS, TR,
} from "../../ground/state";
import {
  behind, changeZero, read, sizeOf, target, write, writeWord,
} from "./operands";
import type { Semantics } from "./operands";

// Segment registers 6 and 7 don't exist, and CS is loaded by transfers only:
// the decoder has seen to both.
const movFrom: Semantics = (b, i) => {
  writeWord(b, i, b.selector(i.reg));
};

const movTo: Semantics = (b, i) => {
  b.call(helpers.loadSegment, b.constant(i.reg), read(b, i, 1));
  if (i.reg === SS) b.call(helpers.inhibit);
};

// LDS and its like: an offset, and a selector behind it.
function loadPointer(segment: number): Semantics {
  return (b, i) => {
    const at = b.let("at", b.address(i)), size = i.operandSize;
    const next = behind(b, i, at, size);
    const v = b.let("offset", b.load(i.segment, at, size));
    const selector = b.let("selector", b.load(i.segment, next, 2));
    b.call(helpers.loadSegment, b.constant(segment), selector);
    b.setReg(i.reg, size, v);
  };
}

// The operand is a limit of 16 bits and a base of 32 (24 of them, with
// 16-bit operands).
function loadTable(load: Helper): Semantics {
  return (b, i) => {
    const at = b.let("at", b.address(i)), next = behind(b, i, at, 2);
    const limit = b.let("limit", b.load(i.segment, at, 2));
    const all = b.load(i.segment, next, 4);
    const base = i.operandSize === 4 ? all :
      b.and(all, b.constant(0xffffff));
    b.call(load, base, limit);
  };
}

function storeTable(word: number): Semantics {
  return (b, i) => {
    const at = b.let("at", b.address(i));
    const next = b.let("behind", behind(b, i, at, 2));
    b.loadForWrite(i.segment, at, 2);
    b.loadForWrite(i.segment, next, 4);
    b.store(i.segment, at, 2, b.call(helpers.word, b.constant(word + 1)));
    b.store(i.segment, next, 4, b.call(helpers.word, b.constant(word)));
  };
}

const arpl: Semantics = (b, i) => {
  const at = target(b, i), three = b.constant(3);
  const old = b.let("old", i.isMemory ?
    b.load(i.segment, at, 2) : b.reg(i.rm, 2));
  const rpl = b.let("rpl", b.and(b.reg(i.reg, 2), three));
  const less = b.let("less", b.lessUnsigned(b.and(old, three), rpl));
  const raised = b.or(b.and(old, b.not(three)), rpl);
  b.when(less, () => write(b, i, at, raised));
  changeZero(b, less);
};

function inquiry(ask: Helper, granted: Helper): Semantics {
  return (b, i) => {
    const selector = b.let("selector", read(b, i, 1));
    const good = b.let("good", b.call(granted, selector));
    const size = sizeOf(i);
    b.when(good, () => b.setReg(i.reg, size, b.call(ask, selector)));
    changeZero(b, good);
  };
}

function verify(granted: Helper): Semantics {
  return (b, i) => {
    changeZero(b, b.call(granted, read(b, i, 0)));
  };
}

/** Moves of segment registers, and the tables behind them. */
export const segments: Record<string, Semantics> = {
  "mov from segment": movFrom, "mov to segment": movTo,
  les: loadPointer(ES), lds: loadPointer(DS), lss: loadPointer(SS),
  lfs: loadPointer(FS), lgs: loadPointer(GS),
  lgdt: loadTable(helpers.loadGdtr), lidt: loadTable(helpers.loadIdtr),
  sgdt: storeTable(GDTR_BASE), sidt: storeTable(IDTR_BASE),
  sldt: (b, i) => writeWord(b, i, b.selector(LDTR)),
  str: (b, i) => writeWord(b, i, b.selector(TR)),
  lldt: (b, i) => { b.call(helpers.loadLdt, read(b, i, 0)); },
  ltr: (b, i) => { b.call(helpers.loadTaskRegister, read(b, i, 0)); },
  arpl, lar: inquiry(helpers.accessRights, helpers.larGranted),
  lsl: inquiry(helpers.segmentLimit, helpers.lslGranted),
  verr: verify(helpers.mayRead), verw: verify(helpers.mayWrite),
};
