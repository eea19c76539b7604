// Woven from chapters/850-loom.md.
// Weaves fences into files; the order is the reader's.
import type { Chapter, Fence, Line } from "./chapter";
import { clashingNames, movedStrings } from "./clash";
import { fencesOf } from "./home";
import { copied, lineText, made } from "./piece";
import type { WovenFile, WovenLine } from "./piece";
import { formatPlace } from "./problem";
import type { Place, Problem } from "./problem";

interface Chunk {
  readonly name: string;
  readonly fences: Fence[];
  /** Where it is called for; a chunk is called for once. */
  usedAt?: Place;
}

interface Weaver {
  readonly chunks: Map<string, Chunk>;
  readonly problems: Problem[];
}

/** Weaves all chapters; what is wrong goes to `problems`. */
export function weave(
  chapters: readonly Chapter[],
  problems: Problem[],
): WovenFile[] {
  const files = new Map<string, Fence[]>();
  const chunks = new Map<string, Chunk>();
  const weaver = { chunks, problems };
  const fences = fencesOf(chapters);
  for (const fence of fences) {
    const { file, chunk: name } = fence;
    if (file !== undefined) {
      const own = files.get(file) ?? [], first = own[0];
      files.set(file, [...own, fence]);
      if (first !== undefined && first.path !== fence.path)
        problems.push({ ...fence, message: `${file} is told at `
          + `${formatPlace(first)}, and a file belongs to one chapter; make `
          + "this a chunk, and call for it there" });
    }
    if (name === undefined) continue;
    const chunk = chunks.get(name), first = chunk?.fences[0];
    if (first !== undefined && first.path !== fence.path)
      problems.push({ ...fence, message: `there is a chunk <<${name}>> at `
        + `${formatPlace(first)} already; this one needs another name` });
    else if (chunk === undefined) chunks.set(name, { name, fences: [fence] });
    else chunk.fences.push(fence);
  }
  const woven = [...files].map(([path, own]): WovenFile =>
    ({ path, lines: weaveFile(weaver, own) }));
  reportUnused(weaver);
  clashingNames(files, problems);
  movedStrings(woven, fences, problems);
  return woven;
}

/** How the line begins that says where a file is from. */
export const origin = "// Woven from ";

function weaveFile(weaver: Weaver, fences: readonly Fence[]) {
  const lines: WovenLine[] = [];
  for (const fence of fences) {
    if (lines.length > 0 && fence.body.length > 0) lines.push([]);
    weaveFence(weaver, fence, "", [], lines);
  }
  const from = lines.flat().flatMap((piece) => piece.from ?? []);
  const paths = new Set([...fences, ...from].map(({ path }) => path));
  const at = lineText(lines[0] ?? []).startsWith("#!") ? 1 : 0;
  lines.splice(at, 0, made(`${origin}${
    [...paths].join(", ").replaceAll(", chapters/", ", ")}.`));
  return lines;
}

function weaveFence(
  weaver: Weaver,
  fence: Fence,
  indent: string,
  stack: readonly Chunk[],
  out: WovenLine[],
): void {
  if (needsMarker(fence, stack)) mark(fence.body[0], indent, out);
  fence.body.forEach((line, index) => {
    const match = reference.exec(line.text);
    if (match === null) out.push(copied(line, indent));
    else {
      const [, space = "", comment = "", name = ""] = match;
      const place = { ...line, column: line.column + space.length };
      follow(weaver, name, place, indent + space, stack, out);
      if (comment === "#") mark(fence.body[index + 1], indent, out);
    }
  });
}

const reference = /^(\s*)(\/\/|#)\s*<<(.+)>>\s*$/;

function follow(
  weaver: Weaver,
  name: string,
  place: Place,
  indent: string,
  stack: readonly Chunk[],
  out: WovenLine[],
): void {
  const { chunks, problems } = weaver;
  const complain = (message: string) => {
    const { path, line, column } = place;
    problems.push({ path, line, column, message });
  };
  const chunk = chunks.get(name);
  if (chunk === undefined)
    complain(`no chunk is called <<${name}>>`);
  else if (stack.includes(chunk))
    complain(`the chunk <<${name}>> contains itself`);
  else if (chunk.usedAt !== undefined)
    complain(`the chunk <<${name}>> is already used at `
      + formatPlace(chunk.usedAt));
  else {
    chunk.usedAt = place;
    for (const fence of chunk.fences)
      weaveFence(weaver, fence, indent, [...stack, chunk], out);
  }
}

function reportUnused(weaver: Weaver): void {
  const called = new Set<string>();
  for (const { fences } of weaver.chunks.values())
    for (const { body } of fences)
      for (const { text } of body) {
        const name = reference.exec(text)?.[3];
        if (name !== undefined) called.add(name);
      }
  const start = (chunk: Chunk) => {
    const [first] = chunk.fences;
    if (chunk.usedAt !== undefined || first === undefined) return;
    if (!called.has(chunk.name)) weaver.problems.push({ ...first,
      message: `the chunk <<${chunk.name}>> is never used` });
    follow(weaver, chunk.name, first, "", [], []);
  };
  const chunks = [...weaver.chunks.values()];
  chunks.filter((chunk) => !called.has(chunk.name)).forEach(start);
  chunks.forEach(start);
}

function needsMarker(fence: Fence, stack: readonly Chunk[]): boolean {
  return fence.language === "asm" && stack.length > 0;
}

function mark(
  line: Line | undefined,
  indent: string,
  out: WovenLine[],
): void {
  if (line === undefined || line.text.startsWith("`")) return;
  if (reference.test(line.text)) return;
  const shift = line.column - 1 - indent.length;
  const columns = shift === 0 ? "" : ` # columns ${shift}`;
  out.push(made(`# ${line.line} "${line.path}"${columns}`));
}
