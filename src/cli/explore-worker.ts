// Woven from chapters/839-searchers.md.
// Tries the schedules whose numbers come in.
import { parentPort, workerData } from "node:worker_threads";
import { attemptsOf, tryNumber } from "./searchers";
import type { Task } from "./searchers";

const task = workerData as Task, attempt = attemptsOf(task);

parentPort?.on("message", (n: number) =>
  parentPort?.postMessage([n, tryNumber(attempt, task, n)]));
