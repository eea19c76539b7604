// Starts an example in a worker.
import type { Order, Report } from "./example.worker";

/** The worker of an example that came to a good end: the next one needs
 * what is loaded and compiled there. */
let idle: Worker | undefined;
let rest: ReturnType<typeof setTimeout>;

/** Milliseconds for which it may keep its memory. */
const LEASE = 60_000;

function take(): Worker {
  const worker = idle ?? new Worker(
    new URL("./example.worker.ts", import.meta.url));
  idle = undefined;
  clearTimeout(rest);
  return worker;
}

function leave(): void {
  if (idle) take().terminate();
}

function keep(worker: Worker): void {
  leave();
  idle = worker;
  rest = setTimeout(leave, LEASE);
}

/** Who knows what an edited example leaves behind, or one that failed? */
const clean = (order: Order, report: Report): boolean =>
  order.edited === undefined && report.kind === "done"
    && report.outcomes.every(({ failed }) => !failed);

/** Runs an example; the function that comes back stops it. */
export function run(
  order: Order, listener: (report: Report) => void,
): () => void {
  if (order.edited !== undefined) leave();
  const worker = take();
  let running = true;
  // What a worker has to say when it is ended in the middle of something
  // is nobody's business any more.
  function end(next = (one: Worker) => one.terminate()): void {
    if (!running) return;
    running = false;
    worker.onmessage = worker.onerror = null;
    next(worker);
  }
  worker.onmessage = ({ data }: MessageEvent<Report>) => {
    if (data.kind !== "printed") end(clean(order, data) ? keep : undefined);
    listener(data);
  };
  worker.onerror = ({ message }) => {
    end();
    listener({ kind: "mistake", message });
  };
  worker.postMessage(order);
  return () => end();
}
