// Woven from chapters/704-registers.md.
import { hex32 } from "./numbers";

/** An exception that an instruction raises: vector, error code or
 * undefined, and for page faults the linear address (SDM 3A, 6.15). */
export class Fault {
  readonly name = "Fault";
  constructor(
    readonly vector: number,
    readonly error: number | undefined = undefined,
    readonly address: number | undefined = undefined,
    /** Whether the flags are pushed with RF set: true of all that is
     * raised in the middle of an instruction. */
    readonly resume = vector !== DB && vector !== DF,
  ) {}

  /** The exception as the manual writes it, "#NP(0x10)"; of a page fault
   * the address as well. */
  get message(): string {
    const { vector, error, address } = this;
    const code = error && `0x${error.toString(16)}`;
    return `#${mnemonics[vector] ?? vector}`
      + (code === undefined ? "" : `(${code})`)
      + (address === undefined ? "" : ` at 0x${hex32(address)}`);
  }
}

/** Vectors of the exceptions by the manual's mnemonics (SDM 3A, 6.3.1). */
export const DE = 0, DB = 1, NMI = 2, BP = 3, OF_TRAP = 4, BR = 5, UD = 6,
  NM = 7, DF = 8, TS = 10, NP = 11, SS_FAULT = 12, GP = 13, PF = 14,
  MF = 16, AC_FAULT = 17, MC = 18;

/** The mnemonics by vector. */
const mnemonics: Readonly<Record<number, string>> = Object.fromEntries(
  Object.entries({
    DE, DB, BP, OF: OF_TRAP, BR, UD, NM, DF, TS, NP, SS: SS_FAULT, GP, PF,
    MF, AC: AC_FAULT, MC,
  }).map(([name, vector]) => [vector, name]));

/** Bits of an error code that names a selector: an event from outside was
 * to blame, and the number is one of the IDT (SDM 3A, 6.13). */
export const ERROR_EXT = 1, ERROR_IDT = 2;
/** Bits of a page fault's error code (SDM 3A, 4.7). */
export const ERROR_PRESENT = 1, ERROR_WRITE = 2, ERROR_USER = 4,
  ERROR_RESERVED = 8;

/** The exception for a general protection violation. */
export function gp(error = 0): Fault {
  return new Fault(GP, error);
}
