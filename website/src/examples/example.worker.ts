// Runs one example of one chapter: the module that was woven for the
// page, or a new one if the reader has edited something.
import "../../../src";
import { examples } from "@site/.woven/examples";
import { runSection } from "./loom";
import type { Outcome } from "./loom";

/** What to run. */
export interface Order {
  readonly slug: string;
  /** Which of the chapter's sections with examples. */
  readonly section: number;
  /** The fence's line; the section runs up to its end. */
  readonly line: number;
  /** What the reader has made of the fence. */
  readonly edited?: string;
}

/** How it goes, and how it went. */
export type Report =
  /** Lines that are new, and how many there were beyond what is kept. */
  | { readonly kind: "printed"; readonly lines: readonly string[];
      readonly more: number }
  | { readonly kind: "done"; readonly outcomes: readonly Outcome[] }
  | { readonly kind: "mistake"; readonly message: string };

async function sectionsOf(order: Order) {
  if (order.edited !== undefined)
    return (await import("./edited")).edit(order, order.edited);
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
