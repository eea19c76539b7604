// An example that a reader has edited: woven, checked and compiled in the
// page, by the same loom and the same compiler as for the test suite.
import * as ts from "typescript";
import type { Chapter, Fence } from "../../../src/loom/chapter";
import { fencesOf } from "../../../src/loom/home";
import type { Place, Problem } from "../../../src/loom/problem";
import { unexpected } from "./check";
import type { Checker } from "./check";
import { weavePage } from "./weave";

/** What has become of it: a module, or what is wrong. */
export type Compiled =
  /** `later` is what no longer fits in the fences behind it. */
  | { readonly code: string; readonly later: readonly Problem[] }
  | { readonly wrong: readonly Problem[] };

/** The chapter as a module, with `text` in the fence of that line. */
export function compile(
  chapter: Chapter,
  line: number,
  text: string,
  checker: Checker,
): Compiled {
  const { edited, end, back } = replace(chapter, line, text);
  const problems: Problem[] = [];
  const woven = weavePage(edited, problems);
  if (problems.length > 0) return { wrong: problems.map(back) };
  const all = unexpected(checker.check([edited]),
    fencesOf([edited]).filter((fence) => fence.line !== line));
  const until = all.filter((one) => one.line <= end);
  const inside = until.filter((one) => one.line > line);
  if (until.length > 0) return { wrong: inside.length > 0 ? inside : until };
  return { code: transpile(woven ?? ""), later: all.map(back) };
}

/** The edited fence keeps its place: its lines count from there, and what
 * stands behind it makes room. `back` undoes that. */
function replace(chapter: Chapter, line: number, text: string) {
  const lines = text.split("\n"), end = line + lines.length;
  const old = fencesOf([chapter]).find((fence) => fence.line === line);
  const more = lines.length - (old?.body.length ?? 0);
  const move = <P extends Place>(place: P): P => place.line <= line ? place
    : { ...place, line: place.line + more };
  const body = lines.map((text, index) =>
    ({ path: chapter.path, line: line + 1 + index, column: 1, text }));
  const change = (fence: Fence): Fence => ({ ...move(fence),
    body: fence.line === line ? body : fence.body.map(move) });
  const edited = { ...chapter, sections: chapter.sections.map((section) =>
    ({ ...section, fences: section.fences.map(change) })) };
  const back = <P extends Place>(place: P): P => place.line <= end ? place
    : { ...place, line: place.line - more };
  return { edited, end, back };
}

function transpile(woven: string): string {
  return ts.transpileModule(woven, { compilerOptions: {
    module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
  }).outputText;
}
