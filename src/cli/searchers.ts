// Woven from chapters/839-searchers.md.
// Threads that try schedules.
import { extname, join } from "node:path";
import { Worker } from "node:worker_threads";
import { drawSchedule } from "../debug";
import type { Search } from "../debug";
import { attempts, UserError } from "../launcher";
import type { Attempted, Attempts, Hunt } from "../launcher";
import { lookFor } from "./checks";

/** What is looked for, and among which schedules. */
export interface Task {
  readonly hunt: Omit<Hunt, "look">;
  readonly search: Search;
}

/** What came of a schedule, without what was said. */
export type Brief = Omit<Attempted, "said">;

/** What tries schedules for a task. */
export function attemptsOf({ hunt }: Task): Attempts {
  return attempts({ ...hunt, look: lookFor(hunt.until) });
}

/** Tries a schedule by its number. */
export function tryNumber(
  attempt: Attempts, { search }: Task, n: number,
): Brief {
  const { said, ...brief } = attempt(drawSchedule(n, search));
  return brief;
}

/** What a worker has died of; more memory for each may help. */
function withAdvice(error: NodeJS.ErrnoException): Error {
  const { name, code, message } = error;
  const known = name === "UserError" ||
    code === "ERR_WORKER_OUT_OF_MEMORY";
  return known ? new UserError(`${message}; try fewer --workers`) : error;
}

/** Tries schedules from one number on, up to the last one or the first
 * that does it; `hear` is told of each. */
export async function searchOn(
  task: Task, from: number, workers: number,
  hear: (n: number, brief: Brief) => void,
): Promise<void> {
  let next = from, last = task.search.schedules;
  const told = (n: number, brief: Brief) => {
    if (brief.found !== undefined) last = Math.min(last, n);
    hear(n, brief);
  };
  if (workers === 1) {
    const attempt = attemptsOf(task);
    for (; next <= last; next++) told(next, tryNumber(attempt, task, next));
    return;
  }
  const path = join(__dirname, `explore-worker${extname(__filename)}`);
  const many = Math.min(workers, last - from + 1);
  const threads = Array.from({ length: many }, () =>
    new Worker(path, { workerData: task }));
  const work = (thread: Worker) => new Promise<void>((resolve, reject) => {
    const more = () => {
      if (next > last) return resolve();
      thread.postMessage(next++);
    };
    const gone = () => reject(new UserError("a worker has ended before its " +
      "work; try fewer --workers"));
    thread.on("error", (error) => reject(withAdvice(error)))
      .on("exit", gone).on("message", ([n, brief]) => {
        told(n as number, brief as Brief);
        more();
      });
    more();
  });
  try {
    await Promise.all(threads.map(work));
  } finally {
    for (const thread of threads) void thread.terminate();
  }
}
