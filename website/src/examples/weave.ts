// A chapter's examples as a module for the page. It is the text that the
// loom makes for the test suite, with marks in it that say how far we are;
// Node weaves it for the site, and the browser when a reader has edited.
import * as ts from "typescript";
import type { Chapter, Fence } from "../../../src/loom/chapter";
import { weaveExamples } from "../../../src/loom/examples";
import { lineText } from "../../../src/loom/piece";
import type { Piece } from "../../../src/loom/piece";
import type { Place, Problem } from "../../../src/loom/problem";

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
  const marks = new Set(fences.flatMap(marksOf));
  return file.lines.map((line) => lineText(
    line.flatMap((piece) => mark(piece, marks))) + "\n").join("");
}

/** What the loom itself wrote, for the place where our module lies. */
function moved({ text }: Piece): Piece {
  return { text: text === "$test.run();"
    ? "export default $test.sections;"
    : text.replace('"../../src/loom/expect"', '"../../src/examples/loom"')
      .replace(/(?<= } from ")..\/..\/src/, "../../../src") };
}

interface Mark extends Place {
  /** What is to be said before the statement that begins there. */
  readonly call: string;
}

function marksOf(fence: Fence): Mark[] {
  const text = fence.body.map((line) => line.text).join("\n");
  const source = ts.createSourceFile(
    fence.path, text, ts.ScriptTarget.Latest, true);
  return source.statements.filter((one) => !ts.isImportDeclaration(one))
    .map((node, index): Mark => {
      const at = source.getLineAndCharacterOfPosition(node.getStart());
      const { path, line, column } = fence.body[at.line] ?? fence;
      const begin = index > 0 ? "" : `$loom.begin(${fence.line}); `;
      return { path, line, column: column + at.character,
        call: `${begin}$loom.at(${line}); ` };
    });
}

/** A piece with the marks that are due in it, cut where they belong. */
function mark(piece: Piece, marks: Set<Mark>): Piece[] {
  const { from, text, whole } = piece;
  if (!from) return [moved(piece)];
  const pieces: Piece[] = [];
  let done = 0;
  for (const one of marks) {
    const at = one.column - from.column;
    if (one.line !== from.line || at < done) continue;
    if (at > (whole ? 0 : text.length - 1)) continue;
    marks.delete(one);
    pieces.push({ ...piece, text: text.slice(done, at) },
      { text: one.call });
    done = at;
  }
  return [...pieces, told(piece, text.slice(done))];
}

/** What is left of a piece; a claim is told where it stands. */
function told(piece: Piece, text: string): Piece {
  return { ...piece, text: !piece.whole ? text : text.replace(
    /\$loom\.(?=(equal|throws|rejects|printed)\()/,
    `$loom.at(${piece.from?.line}).`) };
}
