// Woven from chapters/786-labels.md.
import { ByteBuffer } from "./bytes";
import type { Place } from "./error";
import { AssemblerError } from "./error";
import type { AsmSymbol, Expression } from "./expression";
import type { Encoded } from "./encode";
import type { Names } from "./parse-expression";
import type { Scanner } from "./scanner";

/** What stands at the end of a piece and has no fixed length. */
export type Tail = { readonly place: Place } & (
  | { readonly kind: "none" }
  | { readonly kind: "jump"; readonly opcode: number;
      readonly target: Expression; readonly code: 2 | 4 }
  | { readonly kind: "align"; readonly to: number;
      /** The byte to fill with; undefined: nops. */
      readonly fill: number | undefined;
      readonly code: 2 | 4;
      /** Not if more bytes than that are needed. */
      readonly most: number }
  | { readonly kind: "org"; readonly target: Expression;
      readonly fill: number }
  | { readonly kind: "fill"; readonly count: Expression;
      readonly unit: readonly number[] });

/** A hole with the place to complain about. */
export interface PlacedHole {
  readonly offset: number;
  readonly size: number;
  readonly value: Expression;
  readonly relative: boolean;
  readonly place: Place;
}

/** A run of bytes, then something of variable length. */
export interface Piece {
  readonly bytes: ByteBuffer;
  readonly holes: PlacedHole[];
  tail: Tail;
}

/** Where the bytes of a statement begin. */
export interface Line {
  readonly piece: number;
  readonly offset: number;
  readonly file: string;
  readonly line: number;
}

const nowhere: Tail = {
  kind: "none", place: { file: "", line: 0, column: 0 },
};

function emptyPiece(): Piece {
  return { bytes: new ByteBuffer(), holes: [], tail: nowhere };
}

/** A program while its text is being read. */
export class Program implements Names {
  readonly pieces: Piece[] = [emptyPiece()];
  readonly symbols = new Map<string, AsmSymbol>();
  readonly lines: Line[] = [];
  /** What `.align` fills with: nops in text, zeros in data. */
  inText = true;
  /** Bytes of an operand and an address by default: 4, or 2 behind
   * .code16. */
  code: 2 | 4 = 4;
  private readonly locals = new Map<string, number>();
  /** How often a name was mentioned. */
  mentions = 0;
  /** Instructions without names, by their text. */
  readonly known = new Map<string, Encoded>();

  /** The piece that is being filled. */
  get piece(): Piece {
    return this.pieces[this.pieces.length - 1]!;
  }

  /** Appends bytes; `scanner` knows where their holes' values stood. */
  append(encoded: Encoded, scanner: Scanner): void {
    const { bytes, holes } = this.piece;
    const start = bytes.length;
    for (const { offset, size, value, relative, position } of encoded.holes)
      holes.push({ offset: start + offset, size, value, relative,
        place: scanner.place(position) });
    bytes.append(encoded.bytes);
  }

  /** Ends the piece with something of variable length. */
  end(tail: Tail): void {
    this.piece.tail = tail;
    this.pieces.push(emptyPiece());
  }

  /** Notes that the current place belongs to a line of the text. */
  noteLine(file: string, line: number): void {
    const piece = this.pieces.length - 1;
    this.lines.push({ piece, offset: this.piece.bytes.length, file, line });
  }

  symbol(name: string, scanner: Scanner): AsmSymbol {
    this.mentions++;
    let symbol = this.symbols.get(name);
    if (!symbol) {
      const place = scanner.place(scanner.position - name.length);
      symbol = { name, place };
      this.symbols.set(name, symbol);
    }
    return symbol;
  }

  here(scanner: Scanner): AsmSymbol {
    this.mentions++;
    return { name: ".", place: scanner.place(), label: this.position() };
  }

  local(name: string, scanner: Scanner): AsmSymbol {
    const digits = name.slice(0, -1);
    const count = this.locals.get(digits) ?? 0;
    const wanted = name.endsWith("f") ? count + 1 : count;
    if (wanted === 0)
      scanner.fail(`there is no label ${digits}: before this`,
        scanner.position - name.length);
    return this.symbol(`${digits}·${wanted}`, scanner);
  }

  /** Defines a label at the current place. */
  defineLabel(name: string, scanner: Scanner): void {
    let full = name;
    if (/^\d/.test(name)) {
      const count = (this.locals.get(name) ?? 0) + 1;
      this.locals.set(name, count);
      full = `${name}·${count}`;
    }
    const symbol = this.symbol(full, scanner);
    if (symbol.label || symbol.value)
      throw new AssemblerError(scanner.place(), `${name} is already defined`);
    symbol.label = this.position();
    // Of two labels at one place the second is the last in the table, too.
    this.symbols.delete(full);
    this.symbols.set(full, symbol);
  }

  private position() {
    return { piece: this.pieces.length - 1, offset: this.piece.bytes.length };
  }
}
