// Woven from chapters/788-layout.md.
import { assign, directives } from "./directives";
import { emit } from "./emit";
import { AssemblerError } from "./error";
import { assembleInstruction } from "./instruction";
import { Layout } from "./layout";
import { Program } from "./program";
import { Scanner } from "./scanner";
import { splitStatements } from "./statements";

/** Where the program goes, and what its text is called in errors. */
export interface AssembleOptions {
  /** The address of the first byte; 0 by default. */
  readonly origin?: number;
  /** The file's name in errors, until a line marker gives one. */
  readonly name?: string;
}

/** Which line of text an address came from. */
export interface AssembledLine {
  readonly address: number;
  readonly file: string;
  readonly line: number;
}

/** A program that is ready for memory. */
export interface Assembled {
  readonly bytes: Uint8Array;
  readonly origin: number;
  /** Labels and constants, unsigned where they are addresses. */
  readonly symbols: ReadonlyMap<string, number>;
  /** The labels alone: names for addresses. */
  readonly labels: ReadonlyMap<string, number>;
  /** The lines that made bytes, by rising address. */
  readonly lines: readonly AssembledLine[];
}

const headPattern = /(?:[A-Za-z_.$][\w.$]*|\d+)[ \t]*(?::|==?(?!=))?/y;

function assembleStatement(program: Program, scanner: Scanner): void {
  let head = scanner.take(headPattern);
  while (head?.endsWith(":")) {
    program.defineLabel(head.slice(0, -1).trim(), scanner);
    head = scanner.take(headPattern);
  }
  if (head === undefined && scanner.atEnd) return;
  const { file, line } = scanner.statement;
  program.noteLine(file, line);
  const start = scanner.position - (head?.length ?? 0);
  if (head?.endsWith("="))
    assign(program, scanner, head.replace(/[ \t]*=+$/, ""));
  else if (head?.startsWith(".")) {
    const name = head.trim();
    const directive = directives.get(name.toLowerCase())
      ?? scanner.fail(`there is no directive ${name}`, start);
    directive(program, scanner);
  } else {
    scanner.position = start;
    assembleInstruction(program, scanner);
  }
  if (!scanner.atEnd) scanner.fail("this is one thing too many");
}

function readText(text: string, name: string): Program {
  const program = new Program();
  const errors: AssemblerError[] = [];
  for (const statement of splitStatements(text, name)) {
    try {
      assembleStatement(program, new Scanner(statement));
    } catch (error) {
      if (!(error instanceof AssemblerError)) throw error;
      errors.push(error);
    }
  }
  const [first, ...others] = errors;
  if (!first) return program;
  first.others = others;
  throw first;
}

/** Assembles a text in GNU as's AT&T syntax for 32-bit code. Throws
 * `AssemblerError`. */
export function assemble(
  text: string, { origin = 0, name = "text" }: AssembleOptions = {},
): Assembled {
  if (typeof text !== "string") throw new TypeError("assemble takes a text");
  const program = readText(text, name);
  const layout = new Layout(program.pieces, origin);
  const bytes = emit(program.pieces, layout, origin);
  const symbols = new Map<string, number>();
  const labels = new Map<string, number>();
  for (const [key, symbol] of program.symbols) {
    if (key.includes("·") || !(symbol.label || symbol.value)) continue;
    symbols.set(key, layout.symbol(symbol));
    if (symbol.label) labels.set(key, layout.symbol(symbol));
  }
  const lines = program.lines.map(({ piece, offset, file, line }) =>
    ({ address: layout.addresses[piece]! + offset, file, line }));
  return { bytes, origin, symbols, labels, lines };
}
