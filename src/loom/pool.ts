// Woven from chapters/875-workers.md.
// Several workers and many jobs.
import { availableParallelism } from "node:os";
import { readText, writeText } from "./book";
import { parseJson } from "./map";
import { startWorker } from "./worker";
import type { Done, Job, Worker } from "./worker";

const timesPath = ".loom/times.json";

/** What a job is called in what we keep. */
export function nameOf(job: Job): string {
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

/** Does all jobs: what came of them, in their order. `hear` is told of
 * each when it is done. */
export async function doJobs(
  root: string,
  jobs: readonly Job[],
  hear: (job: Job, done: Done) => void = () => {},
): Promise<Done[]> {
  const times = readTimes(root);
  const time = (job: Job) => times[nameOf(job)] ?? guess(job);
  const waiting = [...jobs].sort((a, b) => time(b) - time(a));
  const results = new Map<Job, Done>();
  const work = async () => {
    let worker: Worker | undefined;
    for (;;) {
      const job = waiting.shift();
      if (job === undefined) break;
      if (!worker?.alive()) worker = startWorker(root);
      const done = await worker.run(job);
      results.set(job, done);
      times[nameOf(job)] = done.seconds;
      hear(job, done);
      if (job.kind !== "types") continue;
      worker.stop();
      worker = undefined;
    }
    worker?.stop();
  };
  const count = Math.min(4, availableParallelism(), jobs.length);
  await Promise.all(Array.from({ length: count }, work));
  writeText(root, timesPath, JSON.stringify(times, null, 1));
  return jobs.flatMap((job) => results.get(job) ?? []);
}
