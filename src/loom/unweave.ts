// Woven from chapters/865-stitch.md.
// Edits of a woven file become edits of chapters.
import { diffLines } from "./diff";
import type { Hunk } from "./diff";
import { writeLine } from "./home";
import type { Spot } from "./home";
import type { Problem } from "./problem";

/** In a chapter: before `line`, take away some lines and put others. */
export interface ChapterEdit {
  readonly path: string;
  readonly line: number;
  readonly remove: number;
  readonly insert: readonly string[];
}

interface Editing {
  /** The path of the woven file. */
  readonly path: string;
  readonly before: readonly string[];
  readonly spots: readonly (Spot | undefined)[];
}

/** What to change in the chapters, hunk by hunk. */
export function unweave(
  path: string,
  before: readonly string[],
  after: readonly string[],
  spots: readonly (Spot | undefined)[],
  problems: Problem[],
): ChapterEdit[] {
  const editing = { path, before, spots };
  let moved = 0;
  return diffLines(before, after).flatMap((hunk) => {
    const line = hunk.start + moved + 1;
    moved += hunk.lines.length - (hunk.end - hunk.start);
    const edits = placeHunk(editing, hunk);
    if (typeof edits !== "string") return edits;
    problems.push({ path, line, column: 1, message: edits });
    return [];
  });
}

function placeHunk(
  editing: Editing,
  hunk: Hunk,
): ChapterEdit[] | string {
  const { start, end, lines } = hunk;
  if (start === end) return insertion(editing, slideUp(editing, hunk));
  const old = editing.spots.slice(start, end);
  const own = old.indexOf(undefined);
  if (lines.length === 0 && old.some(Boolean)) return old.flatMap(
    (spot) => spot ? [replacement(spot, 1, [])] : []);
  if (own >= 0 && isMarker(editing.before[own + start] ?? ""))
    return "this changes a line marker, which is the loom's own";
  const around = own < 0 ? old : editing.spots.slice(start - 1, end + 1);
  const places = [...new Set(around.map((spot) => spot?.home.fence))]
    .flatMap((fence) => fence ? [`${fence.path}:${fence.line}`] : [])
    .join(" and ");
  if (own >= 0) return `this joins two fences, ${places}; make the change `
    + "there";
  const spots = old.filter((spot) => spot !== undefined);
  const [first] = spots;
  const follows = (spot: Spot, index: number) =>
    spot.home === first?.home && spot.line === first.line + index;
  if (first !== undefined && spots.every(follows)) {
    const insert = written(lines, first);
    return insert ? [replacement(first, spots.length, insert)]
      : `this begins left of its reference, at ${first.path}:${first.line}`;
  }
  if (lines.length !== spots.length)
    return `these lines come from ${places}, and it isn't `
      + "clear which of the new ones belongs where; make the change there";
  const edits = spots.map((spot, index) => {
    const insert = written([lines[index] ?? ""], spot);
    return insert && replacement(spot, 1, insert);
  });
  return edits.every((edit) => edit !== undefined) ? edits
    : `these lines come from ${places}, and one of them `
      + "begins left of its reference";
}

function insertion(
  { before, spots }: Editing,
  { start, lines }: Hunk,
): ChapterEdit[] | string {
  for (const [index, behind] of [[start - 1, 1], [start, 0]] as const) {
    const spot = spots[index];
    const insert = spot && written(lines, spot);
    if (spot && insert)
      return [{ path: spot.path, line: spot.line + behind,
        remove: 0, insert }];
  }
  const near = [spots[start - 1], spots[start]].flatMap(
    (spot) => spot ? [`${spot.path}:${spot.line}`] : []).join(" nor ");
  return near === "" ? "no line of a chapter is beside this"
    : `this fits neither at ${near}: it begins left of them`;
}

function slideUp({ before, spots }: Editing, hunk: Hunk): Hunk {
  const { start, lines } = hunk;
  const last = lines.at(-1);
  if (start === 0 || spots[start - 1] || last !== before[start - 1])
    return hunk;
  return { start: start - 1, end: start - 1,
    lines: [last ?? "", ...lines.slice(0, -1)] };
}

function replacement(
  { path, line }: Spot,
  remove: number,
  insert: readonly string[],
): ChapterEdit {
  return { path, line, remove, insert };
}

function written(
  lines: readonly string[],
  spot: Spot,
): string[] | undefined {
  const result = lines.map((text) => writeLine(text, spot.home));
  return result.every((text) => text !== undefined) ? result : undefined;
}

/** True for a signpost in assembly. */
export function isMarker(text: string): boolean {
  return /^# \d+ "chapters\//.test(text);
}

/** The lines of a chapter after its edits. */
export function applyEdits(
  lines: readonly string[],
  edits: readonly ChapterEdit[],
): string[] {
  const result = [...lines];
  const upwards = edits
    .map((edit, order) => ({ edit, order }))
    .sort((a, b) => b.edit.line - a.edit.line || b.order - a.order);
  for (const { edit: { line, remove, insert } } of upwards)
    result.splice(line - 1, remove, ...insert);
  return result;
}
