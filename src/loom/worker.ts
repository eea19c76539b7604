// Woven from chapters/875-workers.md.
// Processes that wait for jobs: test files, and the type check.
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import { readBook } from "./book";
import { checkTypes } from "./check";
import { recorded, startRecording } from "./record";
import type { Recorded } from "./record";
import { runTestFile } from "./run";
import type { Outcome } from "./run";

/** What a worker can be asked to do. */
export type Job =
  | { readonly kind: "types" }
  | { readonly kind: "test"; readonly path: string }
  | { readonly kind: "fix"; readonly path: string };

/** What came of a job: how it went, and all that it printed. */
export interface Done extends Outcome {
  readonly text: string;
  readonly seconds: number;
  /** What the claims of a chapter gave, if the job was "fix". */
  readonly recorded: Recorded[];
}

/** Does the jobs that the parent process sends, one after the other. */
export function serve(root: string): void {
  process.on("disconnect", () => process.exit());
  process.on("message", (job: Job) => {
    // What never comes must not be waited for: see below.
    process.channel?.unref();
    void perform(root, job).then((done) => {
      process.channel?.ref();
      process.send?.(done);
    });
  });
}

async function perform(root: string, job: Job): Promise<Done> {
  const start = Date.now();
  const write = process.stdout.write;
  let text = "";
  const keep = (data: string | Uint8Array) => {
    text += typeof data === "string" ? data : Buffer.from(data).toString();
    return true;
  };
  process.stdout.write = keep;
  process.stderr.write = keep;
  if (job.kind === "fix") startRecording();
  const outcome = job.kind === "types"
    ? types(root) : await runTestFile(root, job.path);
  process.stdout.write = write;
  const seconds = (Date.now() - start) / 1000;
  return { ...outcome, text, seconds, recorded: recorded() };
}

function types(root: string): Outcome {
  const problems = checkTypes(root, readBook(root, []));
  return { problems,
    count: { passed: 0, failed: problems.length, skipped: 0 } };
}

/** A process that does one job at a time. */
export interface Worker {
  run(job: Job): Promise<Done>;
  /** False once the process has ended. */
  alive(): boolean;
  stop(): void;
}

/** Starts a worker, which is ready when it is ready; `env` comes on top of
 * our own environment. */
export function startWorker(
  root: string,
  env: NodeJS.ProcessEnv = {},
): Worker {
  const FORCE_COLOR = process.stdout.isTTY ? "1" : "0";
  const child = fork(join(root, "src/loom/main.ts"), ["worker"], {
    cwd: root, silent: true,
    execArgv: ["--single-threaded-gc", "-r", "./test/ready.cjs"],
    env: { ...process.env, FORCE_COLOR, ...env },
  });
  return {
    run: (job) => ask(child, job),
    alive: () => child.exitCode === null && child.connected,
    stop: () => void child.kill(),
  };
}

function ask(child: ChildProcess, job: Job): Promise<Done> {
  const start = Date.now();
  let text = "";
  const hear = (data: Buffer) => { text += data.toString(); };
  const path = job.kind === "types" ? "tsconfig.json" : job.path;
  return new Promise((resolve) => {
    const end = (done: Done) => {
      child.off("message", answer).off("exit", left);
      child.stdout?.off("data", hear);
      child.stderr?.off("data", hear);
      resolve(done);
    };
    const answer = (done: Done) =>
      end({ ...done, text: text + done.text });
    const left = (status: number | null, signal: string | null) => end({
      text, count: { passed: 0, failed: 1, skipped: 0 },
      problems: [{ path, line: 1, column: 1, message:
        `its process ended in the middle, with ${
          signal ?? `status ${status}`}; does it wait for what never comes?`,
      }],
      seconds: (Date.now() - start) / 1000, recorded: [],
    });
    child.on("message", answer).on("exit", left);
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.send(job);
  });
}
