// Every example of the book, run in the browser by its button, does what
// it did when Node ran it; and edited ones do what they say.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Outcome } from "../src/examples/loom";
import { readAll } from "../weave/read";
import { Site, findChromium, website } from "./site";

const test = suite("examples in the page");
const recorded: Record<string, Record<number, Outcome>> = JSON.parse(
  readFileSync(join(website, ".woven/recorded.json"), "utf8"));
let site: Site;

test.before(async () => { site = await Site.open(findChromium() ?? ""); });
test.after(async () => { await site.close(); });

/** Presses Enter on Run and waits; gives what the example printed and said.
 * By the page's own selectors: a locator walks through all of a chapter. */
async function runExample(page: Page, id: string) {
  const selector = `[data-example="${id}"]`;
  await page.waitForFunction((selector) => {
    const button = [...document.querySelectorAll<HTMLElement>(
      `${selector} button`)].find((one) => one.textContent === "Run");
    button?.focus();
    return button && document.activeElement === button;
  }, selector);
  await page.keyboard.press("Enter");
  const ended = await page.waitForFunction((selector) => {
    const example = document.querySelector<HTMLElement>(selector);
    const state = example?.dataset["state"] ?? "";
    if (!example || !/^(done|failed)$/.test(state)) return false;
    return {
      printed: [...example.querySelectorAll("pre[aria-label]")]
        .map((one) => one.textContent).join("\n"),
      claims: example.querySelector("[role=status]")?.textContent,
      wrong: state === "failed" ? example.textContent : "",
    };
  }, selector);
  const result = await ended.jsonValue();
  if (!result) throw new Error("no example");
  return result;
}

/** Runs every example of a chapter, and compares with the record. */
async function pressAll(slug: string): Promise<void> {
  const outcomes = Object.entries(recorded[slug] ?? {});
  await site.visitAgain(`/book/${slug}`, async (page) => {
    const ids = await page.evaluate(() =>
      [...document.querySelectorAll("[data-example]")]
        .map((one) => one.getAttribute("data-example")));
    assert.equal(ids, outcomes.map(([line]) => `${slug}:${line}`));
    for (const [line, outcome] of outcomes) {
      const live = await runExample(page, `${slug}:${line}`);
      assert.is(live.wrong, "", `line ${line}`);
      assert.is(live.printed, outcome.printed.join("\n"), `line ${line}`);
      assert.is(live.claims, outcome.claims === 0 ? "just now"
        : `just now: ${outcome.claims === 1 ? "its claim holds"
          : `its ${outcome.claims} claims hold`}`, `line ${line}`);
    }
  });
}

test("every fence of the book that can run was run by Node", () => {
  const fences = readAll([]).pages.flatMap(({ slug, sections }) =>
    sections.flatMap((section) => section.fences)
      .filter((fence) => fence.example && fence.expectError === undefined)
      .map((fence) => `${slug}:${fence.line}`));
  const run = Object.entries(recorded).flatMap(([slug, outcomes]) =>
    Object.keys(outcomes).map((line) => `${slug}:${line}`));
  console.log(`  ${run.length} examples in ${
    Object.keys(recorded).length} chapters`);
  assert.ok(run.length > 0);
  assert.equal(run, fences);
});

for (const slug of Object.keys(recorded))
  test(`${slug}: live is as recorded`, () => pressAll(slug));

const first = "[data-example^='00-invitation:']";

test("an example can be edited, fails where it says, and is put back",
  async () => {
    await site.visit("/book/00-invitation", async (page) => {
      const example = page.locator(first).nth(1);
      const id = await example.getAttribute("data-example") ?? "";
      const line = Number(id.split(":")[1]);
      await example.getByRole("button", { name: "Edit" }).click();
      await example.getByRole("textbox").fill("const two = 1 + 1;\n"
        + "two // => 3");
      await example.getByRole("button", { name: "Run" }).click();
      await page.locator(`[data-example="${id}"][data-state="failed"]`)
        .waitFor();
      assert.match(await example.textContent() ?? "",
        `00-invitation, line ${line + 2}`);
      await example.getByRole("button", { name: "Put it back" }).click();
      const { wrong } = await runExample(page, id);
      assert.is(wrong, "");
    });
  });

test("an example that never ends is stopped", async () => {
  await site.visit("/book/00-invitation", async (page) => {
    const example = page.locator(first).first();
    const status = example.getByRole("status");
    await example.getByRole("button", { name: "Edit" }).click();
    await example.getByRole("textbox")
      .fill('console.log("on and on");\nfor (;;) ;');
    await example.getByRole("button", { name: "Run" }).click();
    await example.getByText("on and on", { exact: true }).waitFor();
    assert.is(await status.textContent(), "running…");
    await example.getByRole("button", { name: "Stop" }).click();
    assert.is(await status.textContent(), "stopped");
    // And once more, before it has even begun.
    await example.getByRole("button", { name: "Run" }).click();
    await example.getByRole("button", { name: "Stop" }).click();
    // Whatever it had begun, one behind it has come to its end since.
    const next = await page.locator(first).nth(1)
      .getAttribute("data-example") ?? "";
    await runExample(page, next);
    assert.is(await status.textContent(), "stopped");
  });
});

test.run();
