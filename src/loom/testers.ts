// Woven from chapters/880-at-once.md.
// Which tests import a file of test/.
import { posix } from "node:path";
import * as ts from "typescript";
import { readText } from "./book";
import { filesIn } from "./run";

/** The test files that import `path`, or are it, by their paths. */
export function testersOf(root: string, path: string): string[] {
  const files = filesIn(root, "test").filter((one) => one.endsWith(".ts"));
  const imports = new Map(files.map((one) =>
    [one, importedBy(root, one)]));
  const reached = new Set([path]);
  for (const one of reached)
    for (const [file, others] of imports)
      if (others.includes(one)) reached.add(file);
  return [...reached].filter((one) => one.endsWith(".test.ts")
    && files.includes(one)).sort();
}

function importedBy(root: string, path: string): string[] {
  const { importedFiles } =
    ts.preProcessFile(readText(root, path) ?? "", true, true);
  return importedFiles.map(({ fileName }) =>
    `${posix.join(posix.dirname(path), fileName)}.ts`);
}
