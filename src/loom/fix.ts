// Woven from chapters/880-at-once.md.
// npm run fix-examples: expected values become what the examples gave.
import { basename } from "node:path";
import { readBook, readOnce, readText, writeText } from "./book";
import type { Chapter, Fence } from "./chapter";
import { writeExamples } from "./commands";
import { claimsOf } from "./example";
import type { Claimed } from "./example";
import { fencesOf } from "./home";
import { doJobs } from "./pool";
import { formatPlace, formatProblem } from "./problem";
import type { Place, Problem } from "./problem";
import type { Recorded } from "./record";
import { chooseFiles, testFiles } from "./run";
import { applyEdits } from "./unweave";
import type { ChapterEdit } from "./unweave";
import type { Job } from "./worker";

/** Rewrites the chapters with one of `patterns` in their path, or all of
 * them; says what. */
export async function fixExamples(
  root: string,
  patterns: readonly string[],
  problems: Problem[],
): Promise<string[]> {
  const book = readBook(root, problems);
  writeExamples(root, book, problems);
  if (problems.length > 0) return [];
  const said: string[] = [];
  const paths = chooseFiles(testFiles(root)
    .filter((path) => path.startsWith("test/chapters/")), patterns, said);
  const jobs = paths.map((path): Job => ({ kind: "fix", path }));
  const results = await doJobs(root, jobs);
  results.forEach(({ text, count, problems: failures, recorded }, at) => {
    const slug = basename(paths[at] ?? "", ".test.ts");
    const chapter = book.find(({ path }) => basename(path, ".md") === slug);
    if (chapter === undefined) return;
    if (count.failed > 0) {
      said.push(text.trimEnd(), ...failures.map(formatProblem));
      problems.push({ path: chapter.path, line: 1, column: 1, message:
        `${count.failed} of its sections fail in a way that no new value `
        + "mends, see above" });
    }
    said.push(...fixChapter(root, chapter, recorded, problems));
  });
  return said;
}

function fixChapter(
  root: string,
  chapter: Chapter,
  recorded: readonly Recorded[],
  problems: Problem[],
): string[] {
  const text = readText(root, chapter.path) ?? "";
  const raw = text.split("\n");
  const said: string[] = [], edits: ChapterEdit[] = [];
  const at = (place: Place) => {
    const found = recorded.filter(
      (one) => formatPlace(one) === formatPlace(place));
    return found.every(({ right }) => right) ? [] : found;
  };
  for (const fence of fencesOf([chapter])) {
    const claims = fence.example ? claimsOf(fence) : [];
    const changes = [...claims.map((claimed) =>
      fixClaim(claimed, at(claimed.from), raw)),
    fence.output ? fixOutput(fence, at(fence), raw) : undefined];
    for (const change of changes)
      if (typeof change === "string") problems.push({ path: fence.path,
        line: fence.line, column: fence.column, message: change });
      else if (change !== undefined) {
        edits.push(change);
        said.push(`${change.path}:${change.line}: `
          + change.insert.join("\n").trim());
      }
  }
  const result = applyEdits(raw, edits).join("\n");
  const count = problems.length;
  const infos = (one: Chapter) => fencesOf([one])
    .map(({ body: _, line: __, ...info }) => JSON.stringify(info)).join();
  const after = readOnce(chapter.path, result, problems);
  if (infos(after) !== infos(chapter)) problems.push({ path: chapter.path,
    line: 1, column: 1, message: "what was printed would break this chapter" });
  if (problems.length > count) return [];
  writeText(root, chapter.path, result);
  return said;
}

function fixClaim(
  { claim }: Claimed,
  found: readonly Recorded[],
  raw: readonly string[],
): ChapterEdit | string | undefined {
  const [first] = found;
  if (first === undefined || claim.kind !== "=>") return undefined;
  const { path, line, column } = claim.from;
  const written = /\b0x/i.test(claim.text)
    ? first.hexadecimal : first.decimal;
  if (written === undefined) return `line ${line}: what this gives `
    + "can't be written as a value";
  if (found.some((one) => one.decimal?.line !== first.decimal?.line))
    return `line ${line}: this gives different values each time`;
  const head = (raw[line - 1] ?? "").slice(0, column - 1);
  const margin = /^[\s>]*/.exec(head)?.[0] ?? "";
  const [opening = "", ...others] = written.lines ?? [];
  const fits = head.length + written.line.length <= 72;
  const insert = fits || written.lines === undefined
    ? [head + written.line]
    : [head + opening, ...others.map((one) => `${margin}// ${one}`)];
  return { path, line, remove: claim.lastLine - line + 1, insert };
}

function fixOutput(
  fence: Fence,
  [first]: readonly Recorded[],
  raw: readonly string[],
): ChapterEdit | undefined {
  if (first?.printed === undefined) return undefined;
  const header = raw[fence.line - 1] ?? "";
  const margin = header.slice(0, fence.column - 1);
  const lines = first.printed === "" ? [] : first.printed.split("\n");
  return { path: fence.path, line: fence.line + 1,
    remove: fence.body.length,
    insert: lines.map((line) => (margin + line).trimEnd()) };
}
