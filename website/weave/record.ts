// Runs the chapters' examples as the pages have them, and keeps what they
// print: for readers without JavaScript, and to compare with the browser.
import { runSection } from "../src/examples/loom";
import type { Outcome } from "../src/examples/loom";
import type { Problem } from "../../src/loom/problem";

type Sections = (() => Promise<void>)[];

/** The outcome of each example of a chapter, by the fence's line; an
 * example that fails is a problem. */
export async function record(
  chapter: string,
  module: string,
  problems: Problem[],
): Promise<Record<number, Outcome>> {
  const all: Record<number, Outcome> = {};
  const sections = load(module);
  if (typeof sections === "string") {
    problems.push({ path: chapter, line: 1, column: 1, message: sections });
    return all;
  }
  for (const section of sections)
    for (const outcome of await runSection(section, Infinity)) {
      all[outcome.line] = outcome;
      const { failed } = outcome;
      if (failed) problems.push({ path: chapter, column: 1, ...failed });
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
