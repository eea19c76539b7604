// Woven from chapters/732-decoder.md.
import type { Form } from "./form";

/** The segment registers by the numbers that instructions use. */
export const segmentNumber = {
  ES: 0, CS: 1, SS: 2, DS: 3, FS: 4, GS: 5,
} as const;

/** The prefix that names each of them. */
export const segmentPrefixes: readonly number[] =
  [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];

/** Where an operand is. */
export interface OperandPlace {
  /** It is the memory operand. */
  readonly isMemory: boolean;
  /** The number of the general register that it is, or -1. */
  readonly register: number;
  /** Bytes. */
  readonly size: 1 | 2 | 4;
}

/** One decoded instruction. */
export interface Insn {
  readonly form: Form;
  /** Where the form's operands are, in their order. One that is neither
   * memory nor a register is an immediate, or known to the form alone. */
  readonly places: readonly OperandPlace[];
  /** Bytes, prefixes included: 1 to 15. */
  readonly length: number;
  /** How many of them are prefixes. */
  readonly prefixes: number;
  /** Bytes of a "v" or "z" operand: 2 or 4; 1 if all operands (but
   * immediates) are bytes. */
  readonly operandSize: 1 | 2 | 4;
  /** Bytes of an address: 2 or 4. */
  readonly addressSize: 2 | 4;
  readonly lock: boolean;
  /** The REP prefix that stands there, or 0. */
  readonly rep: 0 | 0xf2 | 0xf3;
  /** The memory operand's segment: the override, or SS if the base is
   * (E)BP or ESP, else DS. ES:EDI of a string is not subject to it. */
  readonly segment: number;
  /** ModR/M's fields, 0 if there is no ModR/M. A register in the
   * opcode ("Zv") counts as mod 3 and stands in `rm`. */
  readonly mod: number;
  readonly reg: number;
  readonly rm: number;
  /** There is a memory operand: ModR/M's, or a bare address ("Ov"). */
  readonly isMemory: boolean;
  /** The memory operand: registers 0 to 7 or -1; scale is a shift. */
  readonly base: number;
  readonly index: number;
  readonly scale: number;
  readonly displacement: number;
  /** int32. "Ibs" and "J" are sign-extended, others zero-extended. The
   * offset of a far pointer; 1 for operand "1". */
  readonly immediate: number;
  /** A far pointer's selector, the second immediate of `enter`. */
  readonly immediate2: number;
}
