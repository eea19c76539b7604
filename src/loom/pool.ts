// Woven from chapters/95-workers.md.
// Several workers, many jobs, and the results in the jobs' order.
import { availableParallelism } from "node:os";
import { readText, writeText } from "./book";
import { parseJson } from "./map";
import { startWorker } from "./worker";
import type { Done, Job } from "./worker";

const timesPath = ".loom/times.json";

function nameOf(job: Job): string {
  return job.kind === "types" ? "types" : job.path;
}

/** Seconds that jobs took the last time, by their names. */
function readTimes(root: string): Record<string, number> {
  return parseJson(readText(root, timesPath) ?? "") ?? {};
}

/** A guess for a job that we have never seen. */
function guess(job: Job): number {
  if (job.kind === "types") return 10;
  return job.path.startsWith("test/chapters/") ? 0.1 : 2;
}

/** Does all jobs; `report` hears of them in their order. */
export async function doJobs(
  root: string,
  jobs: readonly Job[],
  report: (job: Job, done: Done) => void,
): Promise<void> {
  const times = readTimes(root);
  const time = (job: Job) => times[nameOf(job)] ?? guess(job);
  const waiting = [...jobs].sort((a, b) => time(b) - time(a));
  const results = new Map<Job, Done>();
  let reported = 0;
  const finish = (job: Job, done: Done) => {
    results.set(job, done);
    times[nameOf(job)] = done.seconds;
    for (;;) {
      const next = jobs[reported];
      const result = next && results.get(next);
      if (next === undefined || result === undefined) return;
      reported++;
      report(next, result);
    }
  };
  const work = async () => {
    let worker = startWorker(root);
    for (;;) {
      const job = waiting.shift();
      if (job === undefined) break;
      if (!worker.alive()) worker = startWorker(root);
      finish(job, await worker.run(job));
    }
    worker.stop();
  };
  const count = Math.min(4, availableParallelism(), jobs.length);
  await Promise.all(Array.from({ length: count }, work));
  writeText(root, timesPath, JSON.stringify(times, null, 1));
}
