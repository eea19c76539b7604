// Starts an example in a worker. If it has been edited, another worker
// compiles it first.
import type { Problem } from "../../../src/loom/problem";
import type { Text } from "./compile.worker";
import type { Compiled } from "./edited";
import type { Order, Report } from "./example.worker";

/** Workers of a kind. One that came to a good end is kept for a while: the
 * next one needs what is loaded and compiled there. */
class Workers {
  private idle: Worker | undefined;
  private rest: ReturnType<typeof setTimeout> | undefined;

  /** `lease`: milliseconds for which it may keep its memory. */
  constructor(
    private readonly make: () => Worker,
    private readonly lease: number,
  ) {}

  take(): Worker {
    const worker = this.idle ?? this.make();
    this.idle = undefined;
    clearTimeout(this.rest);
    return worker;
  }

  leave(): void {
    if (this.idle) this.take().terminate();
  }

  keep(worker: Worker): void {
    this.leave();
    this.idle = worker;
    this.rest = setTimeout(() => this.leave(), this.lease);
  }
}

const runners = new Workers(() => new Worker(
  new URL("./example.worker.ts", import.meta.url)), 60_000);
const compilers = new Workers(() => new Worker(
  new URL("./compile.worker.ts", import.meta.url)), 300_000);

type Fate = "goes on" | "is kept" | "ends";

/** Asks a worker, and hears what it answers; the function that comes back
 * stops it. */
function ask<Answer>(
  workers: Workers,
  question: Order | Text,
  fate: (answer: Answer) => Fate,
  hear: (answer: Answer) => void,
  fail: (report: Report) => void,
): () => void {
  const worker = workers.take();
  let running = true;
  // What a worker has to say when it is ended in the middle of something
  // is nobody's business any more.
  function end(kept = false): void {
    if (!running) return;
    running = false;
    worker.onmessage = worker.onerror = null;
    if (kept) workers.keep(worker);
    else worker.terminate();
  }
  worker.onmessage = ({ data }: MessageEvent<Answer>) => {
    const next = fate(data);
    if (next !== "goes on") end(next === "is kept");
    hear(data);
  };
  worker.onerror = ({ message }) => {
    end();
    fail({ kind: "mistake", message });
  };
  worker.postMessage(question);
  return () => end();
}

/** Who knows what an edited example leaves behind, or one that failed? */
function fateOf(order: Order, report: Report): Fate {
  if (report.kind === "printed") return "goes on";
  const clean = order.code === undefined && report.kind === "done"
    && report.outcomes.every(({ failed }) => !failed);
  return clean ? "is kept" : "ends";
}

function execute(order: Order, listener: (report: Report) => void) {
  return ask(runners, order,
    (report: Report) => fateOf(order, report), listener, listener);
}

/** Complaints of the compiler that are told at once. */
const ENOUGH = 5;

function mistake(wrong: readonly Problem[]): Report {
  const [first, ...others] = wrong.slice(0, ENOUGH);
  return { kind: "mistake", ...first, message: [first?.message,
    ...others.map(({ line, message }) => `line ${line}: ${message}`)]
    .join("\n") };
}

/** Runs an example, or what a reader has made of it; the function that
 * comes back stops it. */
export function run(
  order: Order & { readonly edited?: string },
  listener: (report: Report) => void,
): () => void {
  const { edited: text, ...rest } = order;
  if (text === undefined) return execute(order, listener);
  runners.leave();
  let stop = ask(compilers, { ...rest, text }, (): Fate => "is kept",
    (compiled: Compiled) => {
      if ("wrong" in compiled) listener(mistake(compiled.wrong));
      else stop = execute({ ...rest, code: compiled.code }, (report) =>
        listener(report.kind === "done"
          ? { ...report, later: compiled.later[0] } : report));
    }, listener);
  return () => stop();
}
