// The front page: what it says in one screen, and the bug that can be
// switched on and off there.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { parts } from "../../src/loom/contents";
import { readAll } from "../weave/read";
import { evening } from "../src/evening";
import type { Told } from "../weave/story";
import { violations } from "./axe";
import { Site, base, findChromium, website } from "./site";

const test = suite("the front page");
let site: Site;

test.before(async () => { site = await Site.open(findChromium() ?? ""); });
test.after(async () => { await site.close(); });

const story = (page: Page) => page.locator("[data-story]");

/** Waits until the story says something. */
const says = (page: Page, text: RegExp | string) =>
  story(page).getByRole("status").getByText(text).waitFor();

const live = (page: Page) =>
  page.locator("[data-story='live']").waitFor();

/** The picture's letters, and whether it has anything in alarm. */
async function picture(page: Page): Promise<readonly [string, boolean]> {
  const letters = await story(page)
    .getByLabel("The picture as text").textContent() ?? "";
  const alarms = await story(page)
    .locator("svg [class*='wrong']").count();
  return [letters, alarms > 0];
}

const press = (page: Page, name: string) =>
  story(page).getByRole("button", { name }).click();

const own = 'The Guest reads "Gues", its own word.';
const hosts =
  'The Guest reads "Host", but its page table leads to "Gues".';

test("only G and PGE together give the Guest the Host's word", async () => {
  await site.visit("/", async (page) => {
    await live(page);
    for (const [global, pge] of [[true, true], [true, false],
      [false, false], [false, true]] as const) {
      await page.getByLabel("G in the Host's entry").setChecked(global);
      await page.getByLabel("PGE in cr4").setChecked(pge);
      await says(page, global && pge ? hosts : own);
      await page.waitForFunction((bits) => bits.every((bit) => document
        .querySelector("[data-story] figure pre")?.textContent?.includes(bit)),
      [`0x30000 -> 0x30000  G=${Number(global)}`,
        `cr4.PGE=${Number(pge)}`]);
      const [letters, alarm] = await picture(page);
      assert.is(letters.includes("moved"), global && pge);
      assert.is(alarm, global && pge);
    }
  });
});

test("a press runs some instructions, and they are counted", async () => {
  await site.visit("/", async (page) => {
    await live(page);
    const spent = (count: number) => story(page).getByText(
      `${count} of at most 100 instructions, 256 KiB of memory`).waitFor();
    await spent(13);
    await press(page, "Again");
    await says(page, "The Host's page table is in force. Look!");
    await spent(7);
    assert.match((await picture(page))[0], /TLB remembers\n.*\n\| nothing /);
    await press(page, "Look");
    await says(page, 'The Host reads "Host", its own word.');
    await spent(8);
    await press(page, "Load cr3");
    await says(page, "the TLB has kept the other's entry");
    await spent(12);
    assert.match((await picture(page))[0], "moved");
    await press(page, "Look");
    await says(page, hosts);
    for (let loads = 0; loads < 22; loads++) await press(page, "Load cr3");
    await spent(100);
    await press(page, "Again");
    await spent(7);
  });
});

test("the keyboard alone cures the bug, and brings it back", async () => {
  await site.visit("/", async (page) => {
    await live(page);
    await page.getByLabel("G in the Host's entry").focus();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    await says(page, own);
    await page.keyboard.press("Space");
    await says(page, hosts);
    while (await page.evaluate(() =>
      document.activeElement?.textContent) !== "Again")
      await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await says(page, "The Host's page table is in force.");
  });
});

const told: Told = JSON.parse(readFileSync(
  join(website, ".woven/story.json"), "utf8"));

test("without JavaScript the story is there as it was recorded",
  async () => {
    await site.visit("/", async (page) => {
      await says(page, told.scene.sentence);
      await says(page, told.without);
      const [letters, alarm] = await picture(page);
      assert.match(letters, "moved");
      assert.ok(alarm);
      assert.is(await story(page).getByRole("button").count(), 0);
    }, { javaScriptEnabled: false });
  });

test("the machine in the page tells what was recorded", async () => {
  await site.visit("/", async (page) => {
    await live(page);
    const recorded = await picture(page);
    await page.getByLabel("PGE in cr4").setChecked(false);
    await says(page, told.without);
    await page.getByLabel("PGE in cr4").setChecked(true);
    await says(page, told.scene.sentence);
    assert.equal(await picture(page), recorded);
  });
});

test("the story's scripts are few, and so are all before the machine",
  async () => {
    await site.visit("/", async (page) => {
      await live(page);
      await page.waitForLoadState("networkidle");
      const sizes = new Map(await page.evaluate(() => performance
        .getEntriesByType("resource")
        .filter(({ name }) => name.endsWith(".js")).map((one) =>
          [one.name, (one as PerformanceResourceTiming).encodedBodySize])));
      const worker = sizes.get(page.workers()[0]?.url() ?? "") ?? 0;
      const all = [...sizes.values()].reduce((sum, size) => sum + size, 0);
      console.log(`  scripts with the story: ${all} bytes compressed, `
        + `${worker} of them its worker`);
      assert.ok(worker > 10_000 && worker < 90_000, `${worker} bytes`);
      assert.ok(all < 350_000, `${all} bytes`);
    });
  });

/** How far down a part of the page ends, or begins. */
const edge = (page: Page, selector: string, side: "top" | "bottom") =>
  page.locator(selector).first().evaluate((it, which) =>
    it.getBoundingClientRect()[which], side);

test("one screen has all of it, and the ways in", async () => {
  await site.visit("/", async (page) => {
    await live(page);
    const end = await edge(page, "nav[aria-label='Three ways in']", "bottom");
    assert.ok(end <= 900, `${end}`);
  });
});

test("a phone's first screen has the beginning of the picture", async () => {
  await site.visit("/", async (page) => {
    await live(page);
    const start = await edge(page, "[data-story] svg", "top");
    assert.ok(start < 844, `${start}`);
    const wide = await page.evaluate(() =>
      document.documentElement.scrollWidth);
    assert.ok(wide <= 390, `${wide} wide`);
  }, { viewport: { width: 390, height: 844 } });
});

test("there are three ways in, and all chapters by part", async () => {
  const { pages } = readAll([]);
  await site.visit("/", async (page) => {
    assert.equal(await page.getByRole("navigation",
      { name: "Three ways in" }).getByRole("link").evaluateAll((all) =>
      all.map((one) => one.getAttribute("href"))),
    [`${base}book/invitation#if-you-have-one-evening`,
      `${base}book/invitation`, "#the-machine"]);
    const chapters = await page.getByRole("navigation",
      { name: "The chapters" }).getByRole("link").allTextContents();
    const inParts = parts.flatMap((part) =>
      pages.filter((one) => one.part === part));
    assert.equal(chapters, inParts.map(({ number, subtitle }) =>
      `${number} ${subtitle}`));
  });
});

test("the evening's list is the invitation's, and each stop leads on",
  async () => {
    await site.visit("/book/invitation", async (page) => {
      const list = page.locator("#if-you-have-one-evening ~ ol").first();
      assert.equal(await list.locator("li > a:first-child").evaluateAll(
        (all) => all.map((one) => one.getAttribute("href"))),
      evening.map(({ to }) => `${base}book/${to}`));
    });
    for (const [i, { to, name }] of evening.entries())
      await site.visit(`/book/${to}`, async (page) => {
        const says = (where: string, text: string) => page
          .locator(`[data-evening=${where}]`).filter({ hasText: text });
        const next = evening[i + 1];
        for (const one of [
          says("begins", `One evening, ${i + 1} of ${evening.length}: `),
          says("ends", `read ${i + 1} of ${evening.length}`)]) {
          assert.is(await one.count(), 1, name);
          assert.equal(await one.getByRole("link").evaluateAll((all) =>
            all.map((it) => it.getAttribute("href"))),
          next ? [`${base}book/${next.to}`] : []);
        }
      });
  });

for (const colorScheme of ["light", "dark"] as const)
  test(`axe has nothing to say about the story, ${colorScheme}`,
    async () => {
      await site.visit("/", async (page) => {
        await live(page);
        await page.locator("[data-story] > details > summary").click();
        for (const bug of [true, false]) {
          await page.getByLabel("PGE in cr4").setChecked(bug);
          await says(page, bug ? hosts : own);
          const found = await violations(page);
          assert.is(found.length, 0, found.join("\n"));
        }
      }, { colorScheme });
    });

test.run();
