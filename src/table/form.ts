// Woven from chapters/900-table.md.
/** What kind of thing an operand is: the manual's capital letter, or
 * a register, a segment register or the number 1 named outright. */
export type OperandKind =
  | "E" | "G" | "Z" | "M" | "R" | "S" | "C" | "D" | "I" | "J" | "O"
  | "A" | "X" | "Y" | "register" | "segment" | "one";

/** The width of an operand: the manual's small letter (SDM volume 2,
 * appendix A.2.2); empty if it has none. */
export type OperandSize =
  | "" | "b" | "w" | "d" | "v" | "z" | "p" | "a" | "s" | "q";

/** One operand of a form. */
export interface Operand {
  /** The code as the table writes it, "Eb". */
  readonly code: string;
  readonly kind: OperandKind;
  readonly size: OperandSize;
  /** The width if it is memory; differs from `size` in "Rv/Mw" only. */
  readonly memorySize: OperandSize;
  /** An immediate that is narrower than the operation ("Ibs"). */
  readonly signExtended: boolean;
  /** The number of a register or segment register named outright. */
  readonly register: number;
}

/** Who may execute a form. */
export type Privilege = "any" | "cpl0" | "iopl" | "io";

/** One executable form of an instruction: one line of the table. */
export interface Form {
  /** Its place in `forms`. */
  readonly id: number;
  /** The opcode as the table writes it, "0F B6 /r". */
  readonly opcode: string;
  /** The opcode's bytes, without ModR/M and without `mandatory`. */
  readonly prefix: readonly number[];
  /** A prefix that belongs to the opcode (F3 in "F3 90"), or 0. */
  readonly mandatory: number;
  /** The opcode's part in ModR/M ("/4"), if there is one. */
  readonly digit: number | undefined;
  /** The opcode's low three bits are a register ("+r"). */
  readonly plusReg: boolean;
  /** A ModR/M byte follows. */
  readonly modrm: boolean;
  /** Intel's name in lower case, conditions spelled out: "jne". */
  readonly mnemonic: string;
  /** The key of its semantics: the mnemonic, or "jcc", "setcc", … */
  readonly semantic: string;
  /** Intel's number of the condition, 0 to 15. */
  readonly condition: number | undefined;
  readonly operands: readonly Operand[];
  /** LOCK is allowed when the destination is memory. */
  readonly lock: boolean;
  /** Whether REP, or REPZ and REPNZ, repeat it. */
  readonly rep: "" | "rep" | "repz";
  /** Another form does the same and is preferred. */
  readonly alias: boolean;
  /** Flags that it reads, as bits of EFLAGS. */
  readonly reads: number;
  /** Flags that it sets to a defined value, as bits of EFLAGS. */
  readonly writes: number;
  /** Flags with no defined value afterwards, as bits of EFLAGS. */
  readonly undefined: number;
  readonly privilege: Privilege;
}
