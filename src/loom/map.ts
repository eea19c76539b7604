// Woven from chapters/855-maps.md.
// Source maps from woven files to chapters.
import { createHash } from "node:crypto";
import { posix } from "node:path";
import { GenMapping, addSegment, toEncodedMap }
  from "@jridgewell/gen-mapping";
import { fileText } from "./piece";
import type { Piece, WovenFile } from "./piece";

/** A source map, and which text of the file it is for. */
export interface LoomMap {
  readonly version: 3;
  readonly names: string[];
  readonly sources: (string | null)[];
  readonly mappings: string;
  readonly x_digest: string;
}

/** Where the map of a file lies, relative to the project. */
export function mapPath(path: string): string {
  return `.loom/maps/${path}.map`;
}

/** The map of a woven file, with one segment for each token. */
export function makeMap(file: WovenFile): LoomMap {
  const map = new GenMapping({ file: posix.basename(file.path) });
  const folder = posix.dirname(mapPath(file.path));
  file.lines.forEach((line, number) => {
    let column = 0;
    for (const piece of line) {
      addPiece(map, folder, piece, number, column);
      column += piece.text.length;
    }
  });
  const { sources, mappings } = toEncodedMap(map);
  const x_digest = digest(fileText(file));
  return { version: 3, names: [], sources: [...sources], mappings,
    x_digest };
}

const token = /[\p{L}\p{N}_$]+|\S/gu;

function addPiece(
  map: GenMapping,
  folder: string,
  { text, from, whole }: Piece,
  line: number,
  column: number,
): void {
  if (from === undefined) {
    addSegment(map, line, column);
    return;
  }
  const source = posix.relative(folder, from.path);
  const starts = whole === true
    ? [0] : [...text.matchAll(token)].map(({ index }) => index);
  for (const start of starts)
    addSegment(map, line, column + start, source,
      from.line - 1, from.column - 1 + (whole === true ? 0 : start));
}

/** A short fingerprint of a text. */
export function digest(text: string): string {
  return createHash("sha1").update(text).digest("base64");
}

/** What we have kept as JSON, if it is still JSON. */
export function parseJson<Kept>(text: string): Kept | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
