// Woven from chapters/855-maps.md.
// What weaves well and would be lost: names and strings.
import * as ts from "typescript";
import type { Fence } from "./chapter";
import { lineText } from "./piece";
import type { WovenFile } from "./piece";
import { formatPlace } from "./problem";
import type { Place, Problem } from "./problem";

/** Complains of files that are one file, or a file and a folder, on
 * some disk; each path comes with its fences. */
export function clashingNames(
  files: ReadonlyMap<string, readonly Fence[]>,
  problems: Problem[],
): void {
  const seen = new Map<string, { name: string; of: Fence }>();
  for (const [path, [of]] of files) {
    const parts = path.split("/");
    for (let count = 1; of && count <= parts.length; count++) {
      const folder = count < parts.length ? "/" : "";
      const name = parts.slice(0, count).join("/") + folder;
      const key = name.replace(/\/$/, "").toLowerCase();
      const first = seen.get(key);
      if (first === undefined) seen.set(key, { name, of });
      else if (first.name !== name) {
        problems.push({ ...of, message: `${name} can't stand beside `
          + `${first.name} of ${formatPlace(first.of)}; rename one of them` });
        break;
      }
    }
  }
}

/** Complains of strings whose value weaving would change. */
export function movedStrings(
  files: readonly WovenFile[],
  fences: readonly Fence[],
  problems: Problem[],
): void {
  const exempt = new Set<Place>(fences.flatMap(
    ({ language, body }) => language === "asm" ? body : []));
  for (const { path, lines } of files) {
    const text = lines.map(lineText).join("\n");
    const moved = lines.some(([, own]) => own?.from && !exempt.has(own.from));
    if (!moved || !/`|\\\n/.test(text)) continue;
    const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest);
    const lineOf = (offset: number) =>
      source.getLineAndCharacterOfPosition(offset).line;
    const visit = (node: ts.Node): void => {
      const first = lineOf(node.getStart(source)), last = lineOf(node.end);
      const found = ts.isStringLiteralLike(node)
        || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)
        ? lines.slice(first + 1, last + 1) : [];
      for (const [added, own] of found) {
        if (own?.from === undefined || exempt.has(own.from)) continue;
        const { path, line, column } = own.from;
        problems.push({ path, line, column, message: "this line is inside of a "
          + `string, and would get ${added?.text.length} spaces more; begin its `
          + "chunk's reference at the left margin" });
        break;
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
}
