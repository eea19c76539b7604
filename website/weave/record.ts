// Runs the chapters' examples as the pages have them, and keeps what they
// print: for readers without JavaScript, and to compare with the browser.
// There are as many threads as processors, and each takes the next chapter.
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { Worker, isMainThread, parentPort } from "node:worker_threads";
import { runSection } from "../src/examples/loom";
import type { Outcome } from "../src/examples/loom";
import type { Chapter } from "../../src/loom/chapter";
import { fencesOf } from "../../src/loom/home";
import type { Problem } from "../../src/loom/problem";

type Sections = (() => Promise<void>)[];

/** A chapter, and the module of its examples. */
export interface Runnable {
  readonly chapter: Chapter;
  readonly module: string;
}

/** The outcome of each example of a chapter, by the fence's line; an
 * example that fails is a problem, unless it is red. */
export interface Recorded {
  readonly outcomes: Record<number, Outcome>;
  readonly problems: Problem[];
}

/** Runs the examples of chapters; what came of them, in their order. */
export async function recordAll(
  all: readonly Runnable[],
): Promise<Recorded[]> {
  const recorded: Recorded[] = [];
  // One warm compiler makes them sooner than a new one in each thread.
  for (const { module } of all) load(module);
  let next = 0;
  const work = async () => {
    const thread = new Worker(__filename);
    while (next < all.length) {
      const at = next++;
      thread.postMessage(all[at]);
      [recorded[at]] = await once(thread, "message") as [Recorded];
    }
    await thread.terminate();
  };
  const count = Math.min(availableParallelism(), all.length);
  await Promise.all(Array.from({ length: count }, work));
  return recorded;
}

async function record({ chapter, module }: Runnable): Promise<Recorded> {
  const { path } = chapter;
  const outcomes: Record<number, Outcome> = {}, problems: Problem[] = [];
  const red = new Set(fencesOf([chapter])
    .filter((fence) => fence.red).map(({ line }) => line));
  const sections = load(module);
  if (typeof sections === "string") {
    problems.push({ path, line: 1, column: 1, message: sections });
    return { outcomes, problems };
  }
  for (const section of sections)
    for (const outcome of await runSection(section, Infinity)) {
      outcomes[outcome.line] = outcome;
      const { failed, line } = outcome;
      if (failed && !red.has(line))
        problems.push({ path, column: 1, ...failed });
    }
  return { outcomes, problems };
}

/** The sections of a module, or why it can't be loaded. */
function load(module: string): Sections | string {
  try {
    return (require(module) as { default: Sections }).default;
  } catch (error) {
    return String(error);
  }
}

if (!isMainThread) parentPort!.on("message", async (chapter: Runnable) =>
  parentPort!.postMessage(await record(chapter)));
