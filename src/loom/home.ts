// Woven from chapters/865-stitch.md.
// Where the lines of a woven file are at home.
import type { Chapter, Fence } from "./chapter";
import type { WovenFile, WovenLine } from "./piece";

/** How lines are written in a fence. */
export interface Home {
  readonly fence: Fence;
  /** What the references above it have added to each line. */
  readonly indent: string;
  /** What each line of the fence has before it in the chapter. */
  readonly prefix: string;
}

/** A line of a woven file that a chapter has written. */
export interface Spot {
  readonly home: Home;
  readonly path: string;
  /** The line in the chapter. */
  readonly line: number;
}

/** Where each line is at home; undefined for the loom's own lines. */
export function findHomes(
  file: WovenFile,
  book: readonly Chapter[],
  textOf: (path: string) => readonly string[],
): (Spot | undefined)[] {
  const fences = new Map<string, Fence>();
  for (const fence of fencesOf(book))
    for (const { path, line } of fence.body)
      fences.set(`${path}:${line}`, fence);
  const homes = new Map<Fence, Home>();
  const owner = (line: WovenLine) => {
    const from = line.at(-1)?.from;
    return from && fences.get(`${from.path}:${from.line}`);
  };
  for (const line of file.lines) {
    const fence = owner(line), last = line.at(-1);
    if (fence === undefined || last?.from === undefined) continue;
    const known = homes.get(fence);
    if (known !== undefined && last.text === "") continue;
    if (known !== undefined && known.prefix + known.indent !== "") continue;
    const raw = textOf(fence.path)[last.from.line - 1] ?? "";
    homes.set(fence, {
      fence,
      indent: line.length > 1 ? line[0]?.text ?? "" : "",
      prefix: raw.slice(0, last.from.column - 1),
    });
  }
  return file.lines.map((line) => {
    const fence = owner(line), from = line.at(-1)?.from;
    const home = fence && homes.get(fence);
    return home && from && { home, path: from.path, line: from.line };
  });
}

/** All fences of the book, in reading order. */
export function fencesOf(book: readonly Chapter[]): Fence[] {
  return book.flatMap(({ sections }) => sections)
    .flatMap(({ fences }) => fences);
}

/** A line of src/ as it is written in a fence, if it can be. */
export function writeLine(text: string, home: Home): string | undefined {
  if (text === "") return home.prefix.trimEnd();
  if (!text.startsWith(home.indent)) return undefined;
  return home.prefix + text.slice(home.indent.length);
}
