// Woven from chapters/758-generator.md.
/** Bytes of a record: what the interpreter knows of one instruction. */
export const RECORD = 64;

/** Byte offsets of its words: which handler does it; the records behind
 * it and at the target of its jump; operands, as byte offsets in a
 * CPU's area; its immediate; the parts of its address; its offset in
 * the page, and the one behind it. */
export const R_HANDLER = 0, R_NEXT = 4, R_TARGET = 8, R_FIRST = 12,
  R_SECOND = 16, R_IMMEDIATE = 20, R_BASE = 24, R_INDEX = 28,
  R_SCALE = 32, R_DISPLACEMENT = 36, R_OFFSET = 40, R_AFTER = 44;
/** If its last word is an immediate: the handler that it has, should
 * that be patched, and where the word lies in the machine's memory. */
export const R_PATCHED = 48, R_WORD = 52;
/** Its memory operand's segment, times 16. */
export const R_SEGMENT = 56;


/** Handlers that are no instructions: one that isn't decoded, one that
 * the interpreter can't do, the way to another page, one whose
 * immediate has to be read again, a REP of which much can be done at
 * once; and the first that is one. */
export const HANDLER_DECODE = 0, HANDLER_COLD = 1, HANDLER_FAR = 2,
  HANDLER_PATCHED = 3, HANDLER_REPEAT = 4, HANDLER_FIRST = 5;

/** Why the interpreter came back: it has done enough; the instruction
 * at EIP is somebody else's; it isn't decoded; or nobody knows where it
 * is; or it is a REP. */
export const DONE = 0, COLD = 1, DECODE = 2, LOOK = 3, REPEAT = 4;
/** Bits of the answer that say so; above them is how many are left. */
export const WHY_BITS = 3;
