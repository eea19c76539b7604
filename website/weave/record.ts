// Runs the chapters' examples as the pages have them, and keeps what they
// print: for readers without JavaScript, and to compare with the browser.
import { runSection } from "../src/examples/loom";
import type { Outcome } from "../src/examples/loom";
import type { Chapter } from "../../src/loom/chapter";
import { fencesOf } from "../../src/loom/home";
import type { Problem } from "../../src/loom/problem";

type Sections = (() => Promise<void>)[];

/** The outcome of each example of a chapter, by the fence's line; an
 * example that fails is a problem, unless it is red. */
export async function record(
  chapter: Chapter,
  module: string,
  problems: Problem[],
): Promise<Record<number, Outcome>> {
  const { path } = chapter;
  const all: Record<number, Outcome> = {};
  const red = new Set(fencesOf([chapter])
    .filter((fence) => fence.red).map(({ line }) => line));
  const sections = load(module);
  if (typeof sections === "string") {
    problems.push({ path, line: 1, column: 1, message: sections });
    return all;
  }
  for (const section of sections)
    for (const outcome of await runSection(section, Infinity)) {
      all[outcome.line] = outcome;
      const { failed, line } = outcome;
      if (failed && !red.has(line))
        problems.push({ path, column: 1, ...failed });
    }
  return all;
}

/** The sections of a module, or why it can't be loaded. */
function load(module: string): Sections | string {
  try {
    return (require(module) as { default: Sections }).default;
  } catch (error) {
    return String(error);
  }
}
