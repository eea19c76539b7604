// What a screen reader would miss.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { website } from "./site";

const axe = readFileSync(
  join(website, "node_modules/axe-core/axe.min.js"), "utf8");

/** What axe has to say about a page, in lines. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: { run(): Promise<{
      violations: { id: string; nodes: { html: string }[] }[] }> } };
    return (await axe.run()).violations.map(({ id, nodes }) =>
      `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join("\n  ")}`);
  });
}
