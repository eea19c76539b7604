// Woven from chapters/780-assembler.md.
/** Where in somebody's text we are; line and column start at 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** What is wrong with an assembly text: where, what, what to try. */
export class AssemblerError extends Error {
  override name = "AssemblerError";
  /** The errors found after this one. */
  others: readonly AssemblerError[] = [];
  constructor(readonly place: Place, readonly sentence: string) {
    super(`${place.file}:${place.line}:${place.column}: ${sentence}`);
  }
}
