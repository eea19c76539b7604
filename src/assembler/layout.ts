// Woven from chapters/788-layout.md.
import type { Place } from "./error";
import { AssemblerError } from "./error";
import type { AsmSymbol, Expression } from "./expression";
import { addressWeight, evaluate, labelIn } from "./expression";
import type { Piece, Program, Tail } from "./program";

type Jump = Tail & { readonly kind: "jump" };

/** How many bytes an alignment takes if it begins at `address`. */
function alignmentAt(
  tail: Tail & { readonly kind: "align" }, address: number,
): number {
  const gap = -address & (tail.to - 1);
  return gap > tail.most ? 0 : gap;
}

/** A program with an address for everything. */
export class Layout {
  /** Addresses of the pieces, and of the end. */
  readonly addresses: number[] = [];
  /** Lengths of the pieces' tails. */
  readonly tails: number[] = [];
  private readonly regions: number[] = [];
  private readonly busy = new Set<AsmSymbol>();

  constructor(
    private readonly pieces: Program["pieces"],
    private readonly origin: number,
  ) {
    this.begin();
    for (let round = 0; this.relax(); round++)
      if (round > pieces.length + 100)
        throw new AssemblerError(pieces[0]!.tail.place,
          "the layout doesn't settle; look at .org and .fill");
  }

  /** The value of an expression that stands at `place`. */
  value(e: Expression, place: Place): number {
    return evaluate(e, symbol => this.symbol(symbol, place));
  }

  /** The value of a symbol. */
  symbol(symbol: AsmSymbol, place = symbol.place): number {
    const { label, value } = symbol;
    if (label) return this.addresses[label.piece]! + label.offset;
    const shown = symbol.name.replace(/·.*/, "f");
    if (!value)
      throw new AssemblerError(place,
        `${shown} is not defined; a label or .equ would do it`);
    if (this.busy.has(symbol))
      throw new AssemblerError(place, `${shown} is defined by itself`);
    this.busy.add(symbol);
    try {
      return this.value(value, place);
    } finally {
      this.busy.delete(symbol);
    }
  }

  private begin(): void {
    let address = this.origin, region = 0;
    this.pieces.forEach(({ bytes, tail }, i) => {
      this.addresses[i] = address;
      this.regions[i] = region;
      address += bytes.length;
      this.tails[i] = tail.kind === "jump" ? 2
        : tail.kind === "align" ? alignmentAt(tail, address) : 0;
      if (tail.kind === "align" || tail.kind === "org") region++;
      address += this.tails[i]!;
    });
    this.addresses[this.pieces.length] = address;
  }

  /** Goes through the pieces; whether some tail changed its length. */
  private relax(): boolean {
    let stretch = 0, changed = false;
    this.pieces.forEach((piece, i) => {
      this.addresses[i]! += stretch;
      const length = this.tailLength(piece, i, stretch);
      stretch += length - this.tails[i]!;
      changed ||= length !== this.tails[i];
      this.tails[i] = length;
    });
    this.addresses[this.pieces.length]! += stretch;
    return changed;
  }

  private tailLength(
    { bytes, tail }: Piece, i: number, stretch: number,
  ): number {
    const from = this.addresses[i]! + bytes.length;
    switch (tail.kind) {
      case "none": return 0;
      case "jump": return this.jumpLength(tail, i, from, stretch);
      case "align": return alignmentAt(tail, from);
      case "org": return this.orgTarget(tail) - from;
      case "fill":
        return Math.max(0, this.value(tail.count, tail.place))
          * tail.unit.length;
    }
  }

  /** The address that an `.org` goes to: its argument is an address or an
   * offset from the program's start. */
  private orgTarget({ target, place }: Tail & { kind: "org" }): number {
    const value = this.value(target, place);
    return addressWeight(target) === 1 ? value : this.origin + value;
  }

  private jumpLength(
    { target, opcode, code, place }: Jump, i: number, from: number,
    stretch: number,
  ): number {
    const long = (opcode === 0xeb ? 1 : 2) + code;
    if (this.tails[i] === long || addressWeight(target) === 0) return long;
    let to = this.value(target, place);
    const ahead = labelIn(target)?.piece ?? 0;
    if (ahead > i && stretch !== 0) {
      if (stretch < 0 || this.regions[ahead] === this.regions[i]) to += stretch;
      else if (to <= from) return 2;
    }
    const distance = to - from - 2;
    return distance >= -128 && distance <= 127 ? 2 : long;
  }
}
