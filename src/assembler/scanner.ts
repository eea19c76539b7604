// Woven from chapters/780-assembler.md.
import { AssemblerError } from "./error";
import type { Place } from "./error";
import type { Statement } from "./statements";

/** Reads a statement from left to right. */
export class Scanner {
  position = 0;
  constructor(readonly statement: Statement) {}

  /** Where we are, for an error. */
  place(position = this.position): Place {
    const { file, line, column } = this.statement;
    return { file, line, column: column + position };
  }

  /** Complains about what stands at `position`. */
  fail(sentence: string, position = this.position): never {
    throw new AssemblerError(this.place(position), sentence);
  }

  skipBlanks(): void {
    const { text } = this.statement;
    let at = this.position;
    while (text[at] === " " || text[at] === "\t") at++;
    this.position = at;
  }

  /** Takes what a sticky `pattern` matches here, if it does. */
  take(pattern: RegExp): string | undefined {
    this.skipBlanks();
    const { statement: { text }, position } = this;
    pattern.lastIndex = position;
    if (!pattern.test(text)) return undefined;
    this.position = pattern.lastIndex;
    return text.slice(position, this.position);
  }

  /** Takes the sign `sign` if it stands here. */
  takeSign(sign: string): boolean {
    this.skipBlanks();
    if (!this.statement.text.startsWith(sign, this.position)) return false;
    this.position += sign.length;
    return true;
  }

  /** Insists on the sign `sign`. */
  expect(sign: string): void {
    if (!this.takeSign(sign))
      this.fail(`expected "${sign}" here`);
  }

  get atEnd(): boolean {
    this.skipBlanks();
    return this.position >= this.statement.text.length;
  }

  /** What has not been read. */
  get rest(): string {
    return this.statement.text.slice(this.position);
  }
}
