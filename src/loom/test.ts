// Woven from chapters/95-workers.md.
// npm test: everything that must hold, in order.
import { checkTangled, readBook } from "./book";
import { writeExamples } from "./commands";
import { doJobs } from "./pool";
import { formatProblem } from "./problem";
import type { Problem } from "./problem";
import { testFiles } from "./run";
import type { Count } from "./run";
import type { Done, Job } from "./worker";

/** Runs all tests whose path contains `pattern`; true if all is well. */
export async function runTests(
  root: string,
  pattern: string,
): Promise<boolean> {
  const start = Date.now();
  const problems: Problem[] = [];
  const book = readBook(root, problems);
  checkTangled(root, problems);
  writeExamples(root, book, problems);
  for (const problem of problems) console.log(formatProblem(problem));
  if (problems.length > 0) return false;
  const total = { passed: 0, failed: 0, skipped: 0 };
  let examples = 0, wrong = 0;
  const report = (job: Job, { text, count, seconds }: Done) => {
    process.stdout.write(text);
    if (job.kind === "types") wrong = count.failed;
    else {
      if (seconds > 1) console.log(`  ${seconds.toFixed(1)} s`);
      add(total, count);
      if (job.path.startsWith("test/chapters/")) examples += count.passed;
    }
  };
  const files = testFiles(root, pattern);
  if (files.length === 0) console.log(`no test has "${pattern}" in its path`);
  const jobs = files.map((path): Job => ({ kind: "test", path }));
  await doJobs(root, [...jobs, { kind: "types" }], report);
  console.log(wrong === 0 ? "\ntypes: no errors" : "");
  console.log(`${examples} of the tests passed are chapters' examples, `
    + `all in ${((Date.now() - start) / 1000).toFixed(1)} s`);
  const { passed, failed, skipped } = total;
  console.log(`${passed} passed, ${failed} failed`
    + (skipped > 0 ? `, ${skipped} skipped` : ""));
  return wrong === 0 && total.failed === 0 && total.passed > 0;
}

function add(total: Count, count: Count): void {
  total.passed += count.passed;
  total.failed += count.failed;
  total.skipped += count.skipped;
}
