// A chapter's examples as a module for the page. It is the text that the
// loom makes for the test suite, with marks in it that say how far we are;
// Node weaves it for the site, and the browser when a reader has edited.
import * as ts from "typescript";
import type { Chapter, Fence } from "../../../src/loom/chapter";
import { weaveExamples } from "../../../src/loom/examples";
import { lineText } from "../../../src/loom/piece";
import type { Piece, WovenLine } from "../../../src/loom/piece";
import type { Problem } from "../../../src/loom/problem";

/** The module of a chapter, if it has examples; its default export is
 * the list of its sections, each a function that runs one. */
export function weavePage(
  chapter: Chapter,
  problems: Problem[],
): string | undefined {
  const file = weaveExamples(chapter, problems);
  if (file === undefined) return undefined;
  const fences = chapter.sections.flatMap((section) => section.fences)
    .filter((fence) => fence.example && !fence.expectError);
  const marks = new Map(fences.flatMap(marksOf));
  return file.lines
    .map((line) => lineText(mark(line, marks)) + "\n")
    .join("");
}

/** What the loom itself wrote, for the place where our module lies. */
function moved({ text }: Piece): Piece {
  return { text: text === "$test.run();"
    ? "export default $test.sections;"
    : text.replace('"../../src/loom/expect"', '"../../src/examples/loom"')
      .replace(/(?<= } from ")..\/..\/src/, "../../../src") };
}

/** What is to be said before a line is carried out, by its number. */
function marksOf(fence: Fence): [line: number, call: string][] {
  const text = fence.body.map((line) => line.text).join("\n");
  const source = ts.createSourceFile(
    fence.path, text, ts.ScriptTarget.Latest, true);
  const marks: [number, string][] = [];
  for (const node of source.statements) {
    const start = node.getStart();
    const { line, character } = source.getLineAndCharacterOfPosition(start);
    const lead = text.slice(start - character, start);
    if (ts.isImportDeclaration(node) || lead.trim() !== "") continue;
    const place = fence.body[line]?.line ?? fence.line;
    const call = marks.length === 0
      ? `$loom.begin(${fence.line}); $loom.at(${place}); `
      : `$loom.at(${place}); `;
    marks.push([place, call]);
  }
  return marks;
}

/** A line with its mark, and with its claims told where they stand. */
function mark(line: WovenLine, marks: Map<number, string>): WovenLine {
  const place = line.find((piece) => piece.from)?.from?.line ?? 0;
  const first = line.find((piece) => piece.text.trim() !== "");
  const call = first?.from && marks.get(place);
  if (call !== undefined) marks.delete(place);
  const told = line.map((piece): Piece => !piece.from ? moved(piece)
    : piece.whole ? { ...piece, text: piece.text.replace(
      /\$loom\.(?=(equal|throws|rejects|printed)\()/,
      `$loom.at(${piece.from?.line}).`) } : piece);
  return call ? [{ text: call }, ...told] : told;
}
