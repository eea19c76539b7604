// Runs one example of one chapter: the module that was woven for the
// page, or a new one if the reader has edited something.
import "../../../src";
import { examples } from "@site/.woven/examples";
import type { Problem } from "../../../src/loom/problem";
import { runSection } from "./loom";
import type { Outcome } from "./loom";

/** What to run. */
export interface Order {
  readonly slug: string;
  /** Which of the chapter's sections with examples. */
  readonly section: number;
  /** The fence's line; the section runs up to its end. */
  readonly line: number;
  /** The chapter's module, if the reader has edited the fence. */
  readonly code?: string;
}

/** How it goes, and how it went. */
export type Report =
  /** Lines that are new, and how many there were beyond what is kept. */
  | { readonly kind: "printed"; readonly lines: readonly string[];
      readonly more: number }
  /** `later`: what no longer fits behind what has been edited. */
  | { readonly kind: "done"; readonly outcomes: readonly Outcome[];
      readonly later?: Problem }
  | { readonly kind: "mistake"; readonly message: string;
      readonly line?: number };

async function sectionsOf(order: Order) {
  if (order.code !== undefined)
    return (await import("./evaluate")).evaluate(order.code);
  const load = examples[order.slug];
  if (load === undefined) throw new Error(`no examples in ${order.slug}`);
  return (await load()).default;
}

function report(message: Report): void {
  postMessage(message);
}

addEventListener("message", async ({ data }: MessageEvent<Order>) => {
  try {
    const section = (await sectionsOf(data))[data.section];
    if (section === undefined) throw new Error("no such section");
    let told = 0;
    const outcomes = await runSection(section, data.line, (outcome) => {
      const { line, printed, more } = outcome;
      if (line !== data.line) return;
      report({ kind: "printed", lines: printed.slice(told), more });
      told = printed.length;
    });
    report({ kind: "done", outcomes });
  } catch (error) {
    report({ kind: "mistake", message: String(error) });
  }
});
