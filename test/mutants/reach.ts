// Which functions of src/ a test reaches, children included: see watch.cjs.
// Names are enough: a mutant asks whether any function of that name in its
// file was called.
import * as fs from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import * as ts from "typescript";
import { startWorker } from "../../src/loom/worker";
import type { Done } from "../../src/loom/worker";
import type { Mutant } from "./points";

interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { readonly count: number }[];
    }[];
  }[];
}

/** `file function`, of all that was called, in what was written into
 * a folder. */
function reachedIn(folder: string, root: string): Set<string> {
  const reached = new Set<string>();
  for (const name of fs.readdirSync(folder)) {
    const { result } =
      JSON.parse(fs.readFileSync(join(folder, name), "utf8")) as Coverage;
    for (const { url, functions } of result) {
      const path = url.startsWith("file:") ? fileURLToPath(url) : "";
      if (!path.startsWith(join(root, "src"))) continue;
      const file = path.slice(root.length + 1).replaceAll("\\", "/");
      for (const { functionName, ranges } of functions)
        if (ranges.some(({ count }) => count > 0))
          reached.add(`${file} ${functionName.replace(/^[gs]et /, "")}`);
    }
  }
  return reached;
}

/** Runs a test file of the tree at `root` in a process of its own: how it went,
 * and what it reached. */
export async function runWatched(
  root: string,
  path: string,
): Promise<{ readonly done: Done; readonly reached: Set<string> }> {
  const folder = fs.mkdtempSync(join(root, "coverage-"));
  const worker = startWorker(root, { LGUEST_REACHED: folder,
    NODE_OPTIONS: `-r "${join(root, "test/mutants/watch.cjs")}"` });
  const done = await worker.run({ kind: "test", path });
  worker.stop();
  while (worker.alive()) await setTimeout(10);
  const reached = reachedIn(folder, root);
  fs.rmSync(folder, { recursive: true });
  return { done, reached };
}

/** `file function` of the innermost function with a name around a mutant;
 * undefined where there is none, and whoever loads the file runs it. */
export function functionAround(
  { path, text, line, column }: Mutant,
): string | undefined {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const at = file.getPositionOfLineAndCharacter(line - 1, column - 1);
  let found: string | undefined;
  const visit = (node: ts.Node): void => {
    if (at < node.getStart(file) || at >= node.getEnd()) return;
    if (ts.isFunctionLike(node) && node.name && !ts.isTypeNode(node))
      found = ts.isConstructorDeclaration(node)
        ? undefined : `${path} ${node.name.getText(file)}`;
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}
