// Woven from chapters/94-places.md.
// Runs test files under uvu, and counts.
import * as fs from "node:fs";
import { join, relative } from "node:path";
import { mapSourcePosition } from "@cspotcode/source-map-support";
import type { Diagnostic } from "typescript";
import { placeErrors } from "./check";
import { formatProblem } from "./problem";

type Runner = () => Promise<
  [errors: string | true, passed: number, skipped: number, total: number]>;

declare global {
  var UVU_DEFER: number | undefined;
  var UVU_INDEX: number | undefined;
  var UVU_QUEUE: Runner[][] | undefined;
}

/** How many tests did what. */
export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** The test files of the project whose path contains `pattern`. */
export function testFiles(root: string, pattern: string): string[] {
  return fs.readdirSync(join(root, "test"), { recursive: true })
    .map((name) => `test/${String(name).replaceAll("\\", "/")}`)
    .filter((path) => path.endsWith(".test.ts") && path.includes(pattern))
    .sort();
}

/** Runs one test file; a file without tests counts as failed. */
export async function runTestFile(
  root: string,
  path: string,
): Promise<Count> {
  const count = { passed: 0, failed: 0, skipped: 0 };
  const queue: Runner[] = [];
  globalThis.UVU_DEFER = 1;
  globalThis.UVU_INDEX = 0;
  globalThis.UVU_QUEUE = [queue];
  console.log(path);
  try {
    require(join(root, path));
    for (const run of queue) {
      const [errors, passed, skipped, total] = await run();
      count.passed += passed;
      count.skipped += skipped;
      count.failed += total - passed;
      if (errors !== true) console.log(`\n${errors}`);
    }
  } catch (error) {
    count.failed++;
    console.log(tellError(root, error));
  }
  if (count.passed + count.failed + count.skipped === 0) {
    count.failed++;
    console.log(`${path}: no tests; does it call test.run()?`);
  }
  return count;
}

function tellError(root: string, error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { diagnostics = [], stack = "", message } =
    error as Error & { diagnostics?: Diagnostic[] };
  if (diagnostics.length > 0)
    return placeErrors(root, diagnostics).map(formatProblem).join("\n");
  const [, path, number, space] = error instanceof SyntaxError
    && /^(.+):(\d+)\n.*\n( *)\^/.exec(stack) || [];
  if (path === undefined) return stack;
  const { source, line, column } = mapSourcePosition({ source: path,
    line: Number(number), column: space?.length ?? 0 });
  return formatProblem(
    { path: relative(root, source), line, column: column + 1, message });
}
