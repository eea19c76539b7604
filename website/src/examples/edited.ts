// An example that a reader has edited: woven and compiled in the page, by
// the same loom. This file brings the compiler, so it is loaded late.
import * as ts from "typescript";
import { chapters } from "@site/.woven/examples";
import * as program from "../../../src";
import type { Chapter, Fence } from "../../../src/loom/chapter";
import * as loom from "../../../src/loom";
import type { Problem } from "../../../src/loom/problem";
import type { Order } from "./example.worker";
import * as marks from "./loom";
import { weavePage } from "./weave";

type Sections = (() => Promise<void>)[];

/** The chapter's sections with `text` in place of the ordered fence. */
export async function edit(order: Order, text: string): Promise<Sections> {
  const load = chapters[order.slug];
  const { default: chapter } = await load?.() as { default: Chapter };
  const problems: Problem[] = [];
  const woven = weavePage(replace(chapter, order.line, text), problems);
  const [first] = problems;
  if (first) throw new Error(`line ${first.line}: ${first.message}`);
  return evaluate(woven ?? "");
}

/** The edited fence keeps its place: its lines count from there. */
function replace(chapter: Chapter, line: number, text: string): Chapter {
  const change = (fence: Fence): Fence => fence.line !== line ? fence
    : { ...fence, body: text.split("\n").map((one, index) => ({
      path: fence.path, line: line + 1 + index, column: 1, text: one })) };
  return { ...chapter, sections: chapter.sections.map((section) =>
    ({ ...section, fences: section.fences.map(change) })) };
}

function evaluate(woven: string): Sections {
  const { outputText, diagnostics = [] } = ts.transpileModule(woven, {
    reportDiagnostics: true,
    compilerOptions: { module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022 },
  });
  const [first] = diagnostics;
  if (first) throw new SyntaxError(
    ts.flattenDiagnosticMessageText(first.messageText, "\n"));
  const modules: Record<string, unknown> = {
    "../../src/examples/loom": marks,
    "../../../src": program, "../../../src/loom": loom };
  const exports: { default?: Sections } = {};
  new Function("require", "exports", outputText)(
    (name: string) => modules[name], exports);
  return exports.default ?? [];
}
