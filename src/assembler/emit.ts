// Woven from chapters/788-layout.md.
import { AssemblerError } from "./error";
import type { Layout } from "./layout";
import { nopBytes } from "./nops";
import type { Piece, PlacedHole } from "./program";

function valueOf(hole: PlacedHole, address: number, layout: Layout): number {
  const value = layout.value(hole.value, hole.place);
  const bits = 8 * hole.size;
  if (!hole.relative) {
    const least = -(2 ** (bits === 32 ? bits : bits - 1));
    if (value < least || value >= 2 ** bits)
      throw new AssemblerError(hole.place,
        `${value} doesn't fit into ${bits} bits`);
    return value;
  }
  const distance = value - address - hole.size;
  const reach = 2 ** (bits - 1);
  if (hole.size < 4 && (distance < -reach || distance >= reach))
    throw new AssemblerError(hole.place, `this goes ${distance} bytes far, `
      + `but the instruction reaches from -${reach} to ${reach - 1} only`);
  return distance;
}

function write(
  bytes: Uint8Array, at: number, value: number, size: number,
): void {
  for (let i = 0; i < size; i++)
    bytes[at + i] = Math.floor(value / 2 ** (8 * i)) & 0xff;
}

/** The bytes of a piece's tail, which begins at address `from`. */
function tailBytes(
  { tail }: Piece, length: number, from: number, layout: Layout,
): readonly number[] {
  switch (tail.kind) {
    case "none": return [];
    case "jump": {
      const distance = layout.value(tail.target, tail.place) - from - length;
      const { opcode } = tail;
      const start = length === 2 ? [opcode]
        : opcode === 0xeb ? [0xe9] : [0x0f, opcode + 0x10];
      const end = new Uint8Array(length - start.length);
      write(end, 0, distance, end.length);
      return [...start, ...end];
    }
    case "align":
      return tail.fill === undefined ? nopBytes(length, tail.code)
        : new Array<number>(length).fill(tail.fill);
    case "org": return new Array<number>(length).fill(tail.fill);
    case "fill": return Array.from({ length },
      (_, i) => tail.unit[i % tail.unit.length]!);
  }
}

const MOST_GAP = 0x1000000;

function checkTails(
  pieces: readonly Piece[], tails: readonly number[],
): void {
  const i = tails.findIndex(length => length < 0);
  if (i >= 0)
    throw new AssemblerError(pieces[i]!.tail.place,
      `.org goes ${-tails[i]!} bytes backwards`);
  const long = tails.findIndex((length) => length > MOST_GAP);
  if (long >= 0)
    throw new AssemblerError(pieces[long]!.tail.place,
      "a gap of more than 16 MiB is surely a mistake");
}

/** The bytes of a program that has been laid out. */
export function emit(
  pieces: readonly Piece[], layout: Layout, origin: number,
): Uint8Array {
  const { addresses, tails } = layout;
  checkTails(pieces, tails);
  const bytes = new Uint8Array(addresses[pieces.length]! - origin);
  pieces.forEach((piece, i) => {
    const start = addresses[i]!, from = start + piece.bytes.length;
    bytes.set(piece.bytes.view, start - origin);
    for (const hole of piece.holes) {
      const value = valueOf(hole, start + hole.offset, layout);
      write(bytes, start - origin + hole.offset, value, hole.size);
    }
    bytes.set(tailBytes(piece, tails[i]!, from, layout), from - origin);
  });
  return bytes;
}
