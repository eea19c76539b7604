// Which chapters are printed, and what the loom and Node know of them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Outcome } from "../src/examples/loom";
import { made, readAll } from "../weave/read";
import type { Page } from "../weave/read";

/** A chapter to be printed, and what its examples did. */
export interface Chapter {
  readonly page: Page;
  /** By the line of the example's fence. */
  readonly outcomes: Readonly<Record<number, Outcome>>;
}

/** All chapters in reading order, or only those with one of these
 * numbers. */
export function chapters(only: readonly string[] = []): Chapter[] {
  const recorded: Record<string, Chapter["outcomes"]> = JSON.parse(
    readFileSync(join(made, "recorded.json"), "utf8"));
  return readAll([]).pages
    .filter(({ number }) => only.length === 0 || only.includes(number))
    .map((page) => ({ page, outcomes: recorded[page.slug] ?? {} }));
}
