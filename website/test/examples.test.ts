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

/** How the look at each chapter's page ends, whenever that is. */
const looks = new Map<string, Promise<void>>();

test.before(async () => {
  site = await Site.open(findChromium() ?? "");
  // Two pages at a time, or half of the computer would stand idle.
  const lanes = [Promise.resolve(), Promise.resolve()];
  Object.keys(recorded).forEach((slug, index) => {
    const look = lanes[index % 2]!.then(() => pressAll(slug));
    looks.set(slug, look);
    lanes[index % 2] = look.catch(() => {});
  });
});
test.after(async () => {
  await Promise.allSettled(looks.values());
  await site.close();
});

/** Presses Enter on Run and waits; gives what the example printed and said. */
async function runExample(page: Page, id: string) {
  const example = page.locator(`[data-example="${id}"]`);
  await example.getByRole("button", { name: "Run" }).press("Enter");
  await page.locator(`[data-example="${id}"]:is([data-state="done"],`
    + `[data-state="failed"])`).waitFor();
  const texts = await example.locator("pre[aria-label]").allTextContents();
  const claims = await example.getByRole("status").textContent();
  const wrong = await example.getAttribute("data-state") === "failed"
    ? await example.textContent() : "";
  return { printed: texts.join("\n"), claims, wrong };
}

/** Runs every example of a chapter, and compares with the record. */
async function pressAll(slug: string): Promise<void> {
  const outcomes = Object.entries(recorded[slug] ?? {});
  await site.visitAgain(`/book/${slug}`, async (page) => {
    const ids = await page.locator("[data-example]").evaluateAll((all) =>
      all.map((one) => one.getAttribute("data-example")));
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
  test(`${slug}: live is as recorded`, () => looks.get(slug)!);

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
