// Starts an example in a worker of its own; the worker ends with it.
import type { Order, Report } from "./example.worker";

/** Runs an example; the function that comes back stops it. */
export function run(
  order: Order, listener: (report: Report) => void,
): () => void {
  const worker = new Worker(
    new URL("./example.worker.ts", import.meta.url));
  worker.onmessage = ({ data }: MessageEvent<Report>) => {
    if (data.kind !== "printed") worker.terminate();
    listener(data);
  };
  worker.onerror = ({ message }) => {
    worker.terminate();
    listener({ kind: "mistake", message });
  };
  worker.postMessage(order);
  // What a worker has to say when it is ended in the middle of something
  // is nobody's business any more.
  return () => {
    worker.onmessage = worker.onerror = null;
    worker.terminate();
  };
}
