// Woven from chapters/870-places.md.
// Runs test files under uvu, counts, and says where they failed.
import * as fs from "node:fs";
import { basename, join, relative } from "node:path";
import { inspect } from "node:util";
import { mapSourcePosition } from "@cspotcode/source-map-support";
import type { Diagnostic } from "typescript";
import type * as Uvu from "uvu";
import { placeErrors } from "./check";
import type { Problem } from "./problem";

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

/** What came of a test file: a problem for each test that failed. */
export interface Outcome {
  readonly count: Count;
  readonly problems: Problem[];
}

/** All that is in a folder of the project, however deep, by paths. */
export function filesIn(root: string, folder: string): string[] {
  const full = join(root, folder);
  if (!fs.existsSync(full)) return [];
  return fs.readdirSync(full, { recursive: true })
    .map((name) => `${folder}/${String(name).replaceAll("\\", "/")}`)
    .sort();
}

/** The test files of the project, by their paths. */
export function testFiles(root: string): string[] {
  return filesIn(root, "test").filter((path) => path.endsWith(".test.ts"));
}

/** Those of `paths` that contain one of `patterns`, or all if there are
 * none. Nothing if a pattern fits nowhere; `said` then says which. */
export function chooseFiles(
  paths: readonly string[],
  patterns: readonly string[],
  said: string[],
): string[] {
  const lost = patterns.filter(
    (pattern) => !paths.some((path) => path.includes(pattern)));
  said.push(...lost.map((one) => `no test has "${one}" in its path`));
  if (paths.length === 0) said.push("there are no tests");
  if (lost.length > 0) return [];
  return paths.filter((path) => patterns.length === 0
    || patterns.some((pattern) => path.includes(pattern)));
}

/** Runs one test file; a file without tests counts as failed. */
export async function runTestFile(
  root: string,
  path: string,
): Promise<Outcome> {
  const count = { passed: 0, failed: 0, skipped: 0 };
  const queue: Runner[] = [];
  globalThis.UVU_DEFER = 1;
  globalThis.UVU_INDEX = 0;
  globalThis.UVU_QUEUE = [queue];
  const problems = listen(root, path);
  const complain = (message: string) =>
    void problems.push({ path, line: 1, column: 1, message });
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
    if (count.failed > problems.length)
      complain(`${count.failed - problems.length} of its tests did not run; `
        + "does a hook throw?");
    if (count.passed + count.failed + count.skipped === 0) {
      count.failed++;
      complain("no tests; does it call test.run()?");
    }
  } catch (error) {
    count.failed++;
    problems.push(...tellError(root, path, error));
  }
  return { count, problems };
}

let heard: (test: Listened, thrown: Error) => void = () => {};

interface Listened {
  readonly name: string;
  /** Its stack says where the test is. */
  readonly here: Error;
}

type Register<T> = (name: string, body: Uvu.Callback<T>) => void;

function through<T>(register: Register<T>): Register<T> {
  return (name, body) => {
    const test = { name, here: new Error(name) };
    register(name, async (context) => {
      try {
        await body(context);
      } catch (error) {
        const thrown = error instanceof Error ? error
          : Object.assign(test.here, { message: `threw ${inspect(error)}` });
        heard(test, thrown);
        throw thrown;
      }
    });
  };
}

let listening = false;

/** From now on, what this file's tests throw gets into the list. */
function listen(root: string, path: string): Problem[] {
  const problems: Problem[] = [];
  heard = ({ name, here }, thrown) => {
    const place = ownPlace(root, path, thrown)
      ?? ownPlace(root, path, here) ?? { path, line: 1, column: 1 };
    problems.push({ ...place,
      message: `"${name}": ${firstLine(thrown.message)}` });
  };
  if (listening) return problems;
  listening = true;
  const uvu = require("uvu") as { -readonly [K in keyof typeof Uvu]:
    (typeof Uvu)[K] };
  const hear = <T>(test: Uvu.Test<T>): Uvu.Test<T> => Object.assign(
    through(test), test, { only: through(test.only) });
  const { suite, test } = uvu;
  uvu.suite = (name, context) => hear(suite(name, context));
  uvu.test = hear(test);
  return problems;
}

function firstLine(text: string): string {
  return text.replace(/:?\n[^]*$|:$/, "");
}

function ownPlace(root: string, path: string, error: unknown) {
  const own = path.startsWith("test/chapters/")
    ? `chapters/${basename(path, ".test.ts")}.md` : path;
  const { stack = "" } = Object(error) as { stack?: string };
  for (const [, file = "", line, column] of stack.matchAll(
    /^ *at (?:async )?(?:.*\()?(.+?):(\d+):(\d+)\)?$/gm))
    if (relative(root, file).replaceAll("\\", "/") === own)
      return { path: own, line: Number(line), column: Number(column) };
  return undefined;
}

function tellError(root: string, path: string, error: unknown): Problem[] {
  const { diagnostics = [], stack = inspect(error), message = stack } =
    Object(error) as Partial<Error> & { diagnostics?: Diagnostic[] };
  if (diagnostics.length > 0) return placeErrors(root, diagnostics);
  const [, file, number, space] = error instanceof SyntaxError
    && /^(.+):(\d+)\n.*\n( *)\^/.exec(stack) || [];
  if (file !== undefined) {
    const { source, line, column } = mapSourcePosition({ source: file,
      line: Number(number), column: space?.length ?? 0 });
    return [{ path: relative(root, source), line, column: column + 1,
      message }];
  }
  console.log(stack);
  const place = ownPlace(root, path, error) ?? { path, line: 1, column: 1 };
  return [{ ...place, message: firstLine(message) }];
}
