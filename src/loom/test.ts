// Woven from chapters/875-workers.md.
// npm test: everything that must hold, and what doesn't.
import { join } from "node:path";
import { checkTangled, readBook, readText, writeText } from "./book";
import { writeExamples } from "./commands";
import { parseJson } from "./map";
import { doJobs, nameOf } from "./pool";
import { formatProblem } from "./problem";
import type { Problem } from "./problem";
import { chooseFiles, filesIn, testFiles } from "./run";
import type { Count } from "./run";
import type { Done, Job } from "./worker";

/** Which tests to run, and how much to tell of them. */
export interface Wanted {
  /** Files with one of these in their path; all if there are none. */
  readonly patterns: readonly string[];
  /** Of these, only what failed when it was last run. */
  readonly failed: boolean;
  /** Whether to check types, too. */
  readonly types: boolean;
  /** What passes prints as well. */
  readonly verbose: boolean;
}

const failedPath = ".loom/failed.json";

/** The names of the jobs that failed when they were last run. */
function readFailed(root: string): Set<string> {
  const names = parseJson<unknown>(readText(root, failedPath) ?? "");
  return new Set(Array.isArray(names) ? names.map(String) : []);
}

/** Runs the tests that are wanted; true if all is well. */
export async function runTests(
  root: string,
  wanted: Wanted,
): Promise<boolean> {
  const start = Date.now();
  const problems: Problem[] = [];
  const book = readBook(root, problems);
  checkTangled(root, problems);
  writeExamples(root, book, problems);
  for (const problem of problems) console.log(formatProblem(problem));
  if (problems.length > 0) return false;
  const said: string[] = [], failed = readFailed(root);
  const jobs = chooseFiles(testFiles(root), wanted.patterns, said)
    .map((path): Job => ({ kind: "test", path }))
    .concat(wanted.types ? [{ kind: "types" }] : [])
    .filter((job) => !wanted.failed || failed.has(nameOf(job)));
  for (const line of said) console.log(line);
  if (said.length > 0) return false;
  if (jobs.length === 0) console.log("nothing of it failed the last time");
  if (wanted.patterns.length === 0 && !wanted.failed) translateAll(root);
  const listener = listenTo(jobs.length, wanted.verbose);
  const results = await doJobs(root, jobs, listener.hear);
  listener.end();
  jobs.forEach((job, at) => results[at]?.problems.length
    ? failed.add(nameOf(job)) : failed.delete(nameOf(job)));
  writeText(root, failedPath, JSON.stringify([...failed], null, 1));
  const list = results.flatMap((done) => done.problems);
  if (list.length > 0) console.log("\nfailed:");
  for (const problem of list) console.log(formatProblem(problem));
  const sum = (part: string, key: keyof Count) => jobs.reduce(
    (total, job, at) => total + (nameOf(job).startsWith(part)
      ? results[at]?.count[key] ?? 0 : 0), 0);
  console.log(`${sum("test/chapters/", "passed")} of the tests passed are `
    + `chapters' examples, all in ${
      ((Date.now() - start) / 1000).toFixed(1)} s`);
  const skipped = sum("test/", "skipped"), wrong = sum("types", "failed");
  const typed = jobs.some(({ kind }) => kind === "types");
  console.log(`${sum("test/", "passed")} passed, ${
    sum("test/", "failed")} failed`
    + (skipped > 0 ? `, ${skipped} skipped` : "")
    + (typed ? `, ${wrong} type error${wrong === 1 ? "" : "s"}` : ""));
  return list.length === 0;
}

/** Has what `test/ready.cjs` keeps of every file, before it is asked for. */
function translateAll(root: string): void {
  const { kept } = require(join(root, "test/ready.cjs")) as {
    kept(text: string, path: string): string };
  for (const path of ["src", "test"].flatMap((one) => filesIn(root, one))) {
    if (!path.endsWith(".ts")) continue;
    try {
      kept(readText(root, path) ?? "", join(root, path));
    } catch { /* Whoever imports it gets the same error. */ }
  }
}

function listenTo(jobs: number, verbose: boolean) {
  const told = new Set<string>();
  let done = 0, passed = 0, failed = 0;
  const line = (text: string) => {
    if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${text}`);
  };
  const show = () =>
    line(`${done} of ${jobs}: ${passed} passed, ${failed} failed`);
  const hear = (job: Job, { text, count, problems, seconds }: Done) => {
    done++;
    passed += count.passed;
    failed += problems.length;
    line("");
    if (verbose || problems.length > 0) process.stdout.write(text);
    else for (const [reason] of text.matchAll(/^skipped: .*\n/gm)) {
      if (!told.has(reason)) process.stdout.write(reason);
      told.add(reason);
    }
    if (verbose) console.log(`  ${nameOf(job)}, ${seconds.toFixed(1)} s`);
    show();
  };
  show();
  return { hear, end: () => line("") };
}
