// Woven from chapters/850-loom.md.
// Woven text that remembers where it came from.
import type { Line } from "./chapter";
import type { Place } from "./problem";

/** A part of a line. */
export interface Piece {
  readonly text: string;
  /** Where it stood; absent for what the loom itself has added. */
  readonly from?: Place;
  /** True if all of the text belongs to the one place `from`. */
  readonly whole?: boolean;
}

export type WovenLine = readonly Piece[];

/** A file that the loom makes. */
export interface WovenFile {
  /** Relative to the project: "src/loom/piece.ts". */
  readonly path: string;
  readonly lines: readonly WovenLine[];
}

/** A line of a chapter as it stands, moved in by an indentation. */
export function copied(line: Line, indent = ""): WovenLine {
  const piece = { text: line.text, from: line };
  const bare = indent === "" || line.text === "";
  return bare ? [piece] : [{ text: indent }, piece];
}

/** A line that the loom has made up. */
export function made(text: string): WovenLine {
  return [{ text }];
}

/** The text of one woven line. */
export function lineText(line: WovenLine): string {
  return line.map((piece) => piece.text).join("");
}

/** The text of a woven file. */
export function fileText(file: WovenFile): string {
  return file.lines.map((line) => lineText(line) + "\n").join("");
}

/** The chapter's place for a line of a woven file, or the nearest. */
export function placeIn(file: WovenFile, index: number): Place {
  const from = (line: WovenLine) => line.flatMap((piece) => piece.from ?? []);
  const { path, line, column } =
    file.lines.slice(0, index + 1).flatMap(from).at(-1)
      ?? file.lines.flatMap(from)[0]
      ?? { path: file.path, line: 1, column: 1 };
  return { path, line, column };
}
