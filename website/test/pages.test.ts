// The pages: found, reached by keyboard, read in the dark, on a phone,
// without JavaScript, and by those who can't see them.
import { readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Captions } from "../weave/captions";
import { readAll } from "../weave/read";
import { violations } from "./axe";
import {
  Site, answerAsBook, base, findChromium, serve, website,
} from "./site";

const test = suite("the pages");
let site: Site;

test.before(async () => { site = await Site.open(findChromium() ?? ""); });
test.after(async () => { await site.close(); });

const { pages } = readAll([]);

const narrative = "/book/invitation";
const reference = "/book/table";

test("a search for a term leads to the chapter with its name", async () => {
  for (const [term, slug] of [["Switcher", "switcher"], ["TLB", "paging"],
    ["hypercall", "hypercalls"], ["shadow page", "shadow"]] as const)
    await site.visitAgain("/", async (page) => {
      const field = page.getByLabel("Search");
      await field.click();
      await field.pressSequentially(term);
      const options = page.getByRole("listbox").getByRole("option");
      await options.first().waitFor();
      const hits = await options.allTextContents();
      const at = hits.findIndex((hit) => hit.includes(
        ` ${pages.find((one) => one.slug === slug)?.subtitle}`));
      assert.ok(at === 0 || at === 1, `${term}: ${hits.join("; ")}`);
      if (at === 1) await field.press("ArrowDown");
      await field.press("Enter");
      await page.waitForURL(new RegExp(`/book/${slug}`));
    });
});

/** Tabs until something with this name or text has the focus. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let presses = 0; presses < 200; presses++) {
    await page.keyboard.press("Tab");
    const found = await page.evaluate(() => {
      const it = document.activeElement;
      return it?.getAttribute("aria-label") ?? it?.textContent?.trim();
    });
    if (found === name) return;
  }
  throw new Error(`no Tab leads to "${name}"`);
}

/** Tabs to a button and presses it. */
async function tabAndEnter(page: Page, name: string): Promise<void> {
  await tabTo(page, name);
  await page.keyboard.press("Enter");
}

test("who goes on before the search is ready isn't called back", async () => {
  await site.visit("/", async (page) => {
    const held: (() => void)[] = [];
    await tabTo(page, "Search");
    let holding = true;
    await page.route(/\.json$/, async (route) => {
      if (holding) await new Promise<void>((resolve) => held.push(resolve));
      await route.continue();
    });
    await page.keyboard.type("T");
    while (held.length < 2) await page.waitForTimeout(20);
    holding = false;
    await tabTo(page, "Boot");
    while (held.length > 0) held.pop()?.();
    await page.keyboard.press("Enter");
    await page.locator("[data-status='0']").waitFor();
    await page.keyboard.press("Control+k");
    await page.keyboard.type("Switcher");
    await page.getByRole("option").first().waitFor();
  });
});

test("the keyboard alone boots the machine, breaks the Switcher, and "
  + "puts it back", async () => {
  await site.visit("/", async (page) => {
    await page.waitForLoadState("networkidle");
    await tabAndEnter(page, "Boot");
    await page.locator("[data-status='0']").waitFor();
    await tabAndEnter(page, "Edit the Switcher");
    await page.getByLabel("The assembly of the Switcher").waitFor();
    await tabTo(page, "The assembly of the Switcher");
    await page.keyboard.press("Control+Home");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.type("    ud2\n");
    await tabAndEnter(page, "Boot with it");
    await page.locator("[data-status='3']").waitFor();
    assert.match(await page.locator("[data-status]").textContent() ?? "",
      /trap 6 .* line 2 of your Switcher: ud2/);
    await tabAndEnter(page, "Put it back");
    await page.locator("[data-status='0']").waitFor();
  });
});

test("the keyboard alone finds a chapter and runs an example in it",
  async () => {
    await site.visit("/", async (page) => {
      await page.waitForLoadState("networkidle");
      await tabTo(page, "Search");
      await page.keyboard.type("We are invited");
      await page.getByRole("option").first().waitFor();
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/book\/invitation/);
      await page.locator("[data-example]").first().waitFor();
      await tabAndEnter(page, "Run");
      await page.locator("[data-state='done']").first().waitFor();
      await tabAndEnter(page, "Edit");
      await tabTo(page, "Run");
    });
  });

const plain = { javaScriptEnabled: false };

test("without JavaScript there are the text and the way to the next page",
  async () => {
    await site.visit("/", async (page) => {
      assert.match(await page.textContent("main") ?? "",
        "Hello. I am a kernel");
      assert.is(await page.getByRole("button", { name: "Boot" }).count(), 0);
      await page.getByRole("link", { name: /^The whole book/ }).click();
      assert.match(await page.textContent("main") ?? "", "bootDefault");
      assert.is(await page.getByRole("button", { name: "Run" }).count(), 0);
      await page.getByRole("link", { name: /^Next/ }).click();
      assert.match(page.url(), "/book/assembly");
    }, plain);
  });

test("without JavaScript every example shows what it printed", async () => {
  const recorded: Record<string, Record<number, { printed: string[] }>> =
    JSON.parse(readFileSync(join(website, ".woven/recorded.json"), "utf8"));
  await site.visit(narrative, async (page) => {
    let shown = 0;
    for (const [slug, outcomes] of Object.entries(recorded)) {
      const printed = Object.values(outcomes)
        .filter((one) => one.printed.length > 0)
        .map((one) => one.printed.join("\n"));
      if (printed.length === 0) continue;
      await page.goto(`${site.address}/book/${slug}`);
      // Pictures are there as text, too.
      const texts = await page.locator("[data-example]").evaluateAll((all) =>
        all.map((one) => [...one.querySelectorAll("pre[aria-label]")]
          .map((part) => part.textContent).join("\n")));
      assert.equal(texts.filter((text) => text !== ""), printed, slug);
      shown += printed.length;
    }
    assert.ok(shown > 0);
  }, plain);
});

const phone = { viewport: { width: 390, height: 844 } };

test("pictures are drawn on a phone, legibly, without JavaScript", async () => {
  await site.visit("/book/segments", async (page) => {
    for (const slug of ["segments", "exceptions", "console", "shadow",
      "switcher", "one-page", "worlds"]) {
      await page.goto(`${site.address}/book/${slug}`);
      const drawn = await page.locator("svg[data-drawing]:visible")
        .evaluateAll((all) => all.map((one) => {
          const { width, x } = one.getBoundingClientRect();
          const units = Number(one.getAttribute("viewBox")?.split(" ")[2]);
          return { x, right: x + width, scale: width / units };
        }));
      assert.ok(drawn.length > 0, slug);
      for (const { x, right, scale } of drawn)
        assert.ok(x >= 0 && right <= 390 && scale > 0.95,
          `${slug}: from ${x} to ${right}, scale ${scale}`);
    }
  }, { ...plain, ...phone });
});

/** How wide a page is, with all that sticks out of it. */
const widthOf = (page: Page) =>
  page.evaluate(() => document.documentElement.scrollWidth);

for (const path of ["/", narrative, reference, "/book/switcher",
  "/book/hunt", "/machine", "/source/lguest/switcher",
  "/api/machine/cpu", "/source/contributing"])
  test(`${path} fits on a screen of 390 pixels`, async () => {
    await site.visit(path, async (page) => {
      assert.ok(await widthOf(page) <= 390, `${await widthOf(page)} wide`);
    }, phone);
  });

test("a phone boots the machine, and has a menu", async () => {
  await site.visit("/", async (page) => {
    await page.getByRole("button", { name: "Boot", exact: true })
      .click();
    await page.locator("[data-status='0']").waitFor();
    assert.ok(await widthOf(page) <= 390, `${await widthOf(page)} wide`);
    await page.getByLabel("Toggle navigation bar").click();
    await page.getByRole("link", { name: "The book", exact: true })
      .click();
    await page.waitForURL(/\/book\//);
  }, phone);
});

test("dark mode follows the system, can be chosen, and is remembered",
  async () => {
    await site.visit(narrative, async (page) => {
      const shade = async () => {
        const { paper, ink } = await page.evaluate(() => {
          const { color } = getComputedStyle(document.body);
          const { backgroundColor } =
            getComputedStyle(document.documentElement);
          return { paper: backgroundColor, ink: color };
        });
        const light = (color: string) =>
          Number(/\d+/.exec(color)?.[0]) > 127;
        assert.is.not(light(paper), light(ink), `${ink} on ${paper}`);
        return light(paper) ? "light" : "dark";
      };
      assert.is(await shade(), "dark");
      await page.waitForLoadState("networkidle");
      // First the system's choice, then light, then dark.
      const toggle = page.getByRole("button", { name: /mode/i }).first();
      await toggle.click();
      assert.is(await shade(), "light");
      await page.reload();
      assert.is(await shade(), "light");
      await toggle.click();
      assert.is(await shade(), "dark");
    }, { colorScheme: "dark" });
  });

test("a caption leads to the file, and the file back", async () => {
  await site.visit("/book/switcher", async (page) => {
    const link = page.locator("a[href*='/source/lguest/switcher#']").first();
    await link.click();
    await page.waitForURL(/source\/lguest\/switcher/);
    await page.locator("a[href*='/book/switcher#']").nth(1).click();
    await page.waitForURL(/book\/switcher#/);
  });
});

test("a caption leads to the place that uses its chunk, and that back",
  async () => {
    await site.visit("/book/switcher", async (page) => {
      const chunk = page.locator("[id^='chunk-']")
        .filter({ has: page.getByRole("link", { name: /^used in / }) })
        .first();
      const id = await chunk.getAttribute("id") ?? "";
      await chunk.getByRole("link", { name: /^used in / }).click();
      await page.waitForURL((url) => url.hash !== "");
      await page.locator(`[id="${new URL(page.url()).hash.slice(1)}"]`)
        .locator(`pre a[href$='#${id}']`).click();
      await page.waitForURL(new RegExp(`#${id}$`));
      const parts = page.getByRole("link", { name: /: goes on$/ });
      const [from, to] = [parts.first(), await parts.first()
        .getAttribute("href") ?? ""];
      await from.click();
      await page.waitForURL(new RegExp(`${to}$`));
      assert.match(await page.locator(`[id="${to.split("#")[1]}"]`)
        .textContent() ?? "", ", continued");
    });
  });

test("every fence of the program has a caption, and an anchor", () => {
  for (const { path, slug, sections } of pages) {
    const fences = sections.flatMap((section) => section.fences)
      .filter((fence) => fence.file ?? fence.chunk)
      .map((fence) => fence.chunk ?? fence.file);
    const captions: Captions = JSON.parse(readFileSync(join(website,
      `.woven/captions/chapters/${basename(path)}.json`), "utf8"));
    const told = captions.map(([, one]) => one)
      .filter((one) => one?.kind === "chunk" || one?.kind === "file");
    assert.equal(told.map((one) => one?.name), fences, slug);
    const html = readFileSync(join(website, `build/book/${slug}.html`),
      "utf8");
    for (const one of told)
      assert.match(html, new RegExp(` id="?${one?.id}[" >]`), slug);
  }
});

test("Next leads through the whole book, and past what one looks up", () => {
  const line = pages.filter(({ part }) => part !== "Reference");
  const link = (html: string, side: string) => new RegExp(
    `<a class="?[^>"]*pagination-nav__link--${side}"? href="?${base}book/([\\w-]+)`)
    .exec(html)?.[1];
  for (const page of pages) {
    const { slug, number, subtitle } = page, at = line.indexOf(page);
    const html = readFileSync(join(website, `build/book/${slug}.html`),
      "utf8");
    const next = at < 0 ? undefined : line[at + 1]?.slug;
    assert.is(link(html, "next"), next, `behind ${slug}`);
    assert.is(link(html, "prev"), line[at - 1]?.slug, `before ${slug}`);
    const name = `${number} · ${subtitle}`.replaceAll("'", "(\'|&#x27;)");
    assert.match(html, new RegExp(`chapter-name"?>${name}<`), slug);
  }
});

test("a link to a chapter shows its number", () => {
  const numbers = new Map(pages.map(({ slug, number }) => [slug, number]));
  let links = 0, written = 0;
  for (const { path, slug } of pages) {
    written += readFileSync(join(website, "..", path), "utf8")
      .match(/\]\(\d{3}-[\w-]+\.md/g)?.length ?? 0;
    const html = readFileSync(join(website, `build/book/${slug}.html`),
      "utf8");
    for (const [, to, number] of html.matchAll(
      new RegExp(`<a (?=[^>]*href="?${base}book/([\\w-]+))`
        + '[^>]*data-chapter="?(\\d+)', "g"))) {
      assert.is(number, numbers.get(to ?? ""), `${slug} to ${to}`);
      links++;
    }
  }
  assert.ok(links > 0);
  assert.is(links, written);
});

test("a page can be edited, and has neighbours", async () => {
  await site.visit("/book/switcher", async (page) => {
    const next = page.getByRole("link", { name: /^Next/ });
    assert.is(await next.getAttribute("href"), `${base}book/loop`);
    const before = page.getByRole("link", { name: /^Previous/ });
    assert.is(await before.getAttribute("href"), `${base}book/interrupts`);
    await page.getByRole("link", { name: "Edit this page" }).click();
    await page.getByText("chapters/500-switcher.md").waitFor();
  });
});

/** An address with the base before it. */
const whole = (address: string) => base.slice(0, -1) + address;

/** The files of the built site's pages, as addresses. */
const addresses = readdirSync(join(website, "build"), { recursive: true })
  .map(String).filter((name) => /^[^4].*\.html$/.test(name))
  .map((name) => `/${name.replace(/(index)?\.html$/, "")}`);

for (const [who, listener] of Object.entries({ "the tests": undefined,
  "npm run book": answerAsBook }))
  test(`with or without a slash an address has its page, for ${who}`,
    async () => {
      const server = await serve(listener);
      assert.ok(addresses.includes("/source") && addresses.length > 300);
      for (const address of addresses) {
        const file = address === "/" ? "/index" : address;
        const page = readFileSync(join(website, `build${file}.html`));
        const canonical = /<link[^>]*rel="?canonical"?[^>]*>/.exec(`${page}`);
        assert.match(canonical?.[0] ?? "", new RegExp(
          `href="?[a-z]+://[^/"]+${whole(address)}[" >]`), address);
        for (const asked of [address, `${address}/`.replace("//", "/")]) {
          const answer = await fetch(server + asked);
          assert.is(answer.status, 200, asked);
          assert.is(new URL(answer.url).pathname, whole(address));
          assert.ok(page.equals(Buffer.from(await answer.arrayBuffer())),
            asked);
        }
      }
    });

test("the side bar shows where one is", async () => {
  await site.visit("/book/switcher", async (page) => {
    const here = page.locator("nav .menu__link[aria-current='page']");
    assert.is(await here.textContent(),
      "500 The Switcher, from Host to Guest and back");
    await page.waitForFunction(() => {
      const box = document.querySelector(
        "nav .menu__link[aria-current='page']")?.getBoundingClientRect();
      return box && box.top > 60 && box.bottom < innerHeight;
    });
  });
});

test("the API has the sentence of a docstring, and leads on", async () => {
  await site.visit("/api", async (page) => {
    await page.getByRole("main").getByRole("link",
      { name: "machine/cpu/cpu", exact: true }).click();
    await page.getByText("One processor: a view of its area").waitFor();
  });
});

for (const colorScheme of ["light", "dark"] as const)
  for (const path of ["/", "/machine", "/source/lguest/switcher",
    "/api/machine/cpu", "/search?q=page%20fault"])
    test(`axe has nothing to say about ${path}, ${colorScheme}`,
      async () => {
        await site.visit(path, async (page) => {
          await page.waitForLoadState("networkidle");
          const found = await violations(page);
          assert.is(found.length, 0, found.join("\n"));
        }, { colorScheme });
      });

test("axe has nothing to say about a machine that has run", async () => {
  await site.visit("/", async (page) => {
    await page.getByRole("button", { name: "Boot", exact: true })
      .click();
    await page.locator("[data-status='0']").waitFor();
    await page.getByRole("button", { name: "Edit the Switcher" }).click();
    await page.getByLabel("The assembly of the Switcher").waitFor();
    const found = await violations(page);
    assert.is(found.length, 0, found.join("\n"));
  });
});

test.run();
