// What a screen reader would miss.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { website } from "./site";

const axe = readFileSync(
  join(website, "node_modules/axe-core/axe.min.js"), "utf8");

/** What axe has to say about a page, in lines; by all its rules, or by
 * some. */
export async function violations(
  page: Page, rules?: readonly string[],
): Promise<string[]> {
  if (!await page.evaluate("'axe' in globalThis")) await page.evaluate(axe);
  return page.evaluate(async (rules) => {
    const { axe } = globalThis as unknown as { axe: { run(options: object):
      Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> } };
    const { violations } = await axe.run({ resultTypes: ["violations"],
      ...(rules && { runOnly: rules }) });
    return violations.map(({ id, nodes }) =>
      `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join("\n  ")}`);
  }, rules);
}

/** The same in light and dark; between them only colours differ. */
export async function violationsInBoth(page: Page): Promise<string[]> {
  const paint = (theme: string) => page.evaluate((theme) => {
    document.documentElement.dataset["theme"] = theme;
    for (const one of document.getAnimations()) one.finish();
  }, theme);
  const light = await violations(page);
  await paint("dark");
  const dark = await violations(page, ["color-contrast"]);
  await paint("light");
  return [...light, ...dark];
}
