// What helps reading: names that lead to what they mean, words of the
// glossary, a page that isn't there, and nothing fetched before its time.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { NamesOfPage } from "../src/names/data";
import { placesIn } from "../src/names/places";
import { readAll, root } from "../weave/read";
import { readGlossary } from "../weave/glossary";
import { Site, findChromium, website } from "./site";

const test = suite("reading aids");
let site: Site;

test.before(async () => { site = await Site.open(findChromium() ?? ""); });
test.after(async () => { await site.close(); });

const { pages } = readAll([]);
const text = new Map(pages.map((page) => [`/book/${page.slug}`,
  readFileSync(join(root, page.path), "utf8").split("\n")]));

test("every name stands where it is said to, and so does what it means",
  () => {
    let count = 0;
    for (const [url, lines] of text) {
      const path = join(website, `.woven/static/names${url}.json`);
      if (!existsSync(path)) continue;
      const known: NamesOfPage = JSON.parse(readFileSync(path, "utf8"));
      for (const [line, pairs] of Object.entries(known.lines))
        for (let at = 0; at < pairs.length; at += 2, count++)
          assert.ok(lines[Number(line) - 1]?.startsWith(
            known.names[pairs[at + 1]!]!.name, pairs[at]),
          `${url}:${line}:${pairs[at]}`);
      for (const { name, href, type } of known.names) {
        const [to = "", line] = href.split("?line=");
        // Assembly knows field regs of lguest_pages as lguest_pages_regs.
        const field = /^(\w+)\.(\w+): /.exec(type);
        const told = field && name === `${field[1]}_${field[2]}`
          ? field[2]! : name;
        assert.ok(text.get(to)?.[Number(line) - 1]?.includes(told)
          || name.startsWith("__") || name === "default", `${name}: ${href}`);
      }
    }
    assert.ok(count > 50_000, `${count} names`);
  });

test("a name of another edition is left alone", () => {
  const name = { name: "one", type: "one: 1", says: "", href: "/" };
  const page = { names: [name], lines: { 5: [0, 0, 4, 0], 6: [0, 7] } };
  const found = placesIn(page, "one two\nthree", 5);
  assert.equal([...found], [["one two", [{ name, column: 0 }]]]);
});

test("a name says what it is, and leads to where it is declared",
  async () => {
    await site.visit("/book/paging", async (page) => {
      const name = page.locator("a[data-type]", { hasText: /^TlbIndex$/ })
        .first();
      await page.locator("[id^='file-machine-cpu-tlb-ts']").first()
        .scrollIntoViewIfNeeded();
      await name.hover();
      const tip = page.getByRole("tooltip");
      assert.match(await tip.textContent() ?? "",
        "class TlbIndexWhere the entries of one TLB are");
      await name.click();
      await page.waitForURL(/\/book\/memory\?line=\d+$/);
      await page.waitForFunction(() => document
        .querySelector(".book-line--now")?.textContent
        ?.includes("class TlbIndex"));
    });
  });

test("the words of assembly mean something, too", () => {
  const known: NamesOfPage = JSON.parse(readFileSync(join(website,
    ".woven/static/names/book/switcher.json"), "utf8"));
  const told = (name: string) =>
    known.names.find((one) => one.name === name);
  assert.is(told("lguest_pages_host_sp")?.type,
    'lguest_pages.host_sp: "u32"');
  assert.match(told("TASK")?.href ?? "", /^\/book\/kernel\?line=\d+$/);
  assert.is(told("switch_to_guest")?.type, "label switch_to_guest");
});

test("the keyboard goes into the code, along its names, and out", async () => {
  await site.visit("/book/paging", async (page) => {
    const pre = page.locator("pre:has(a[data-type])").first();
    await page.locator("[id^='file-machine-cpu-tlb-ts']").first()
      .scrollIntoViewIfNeeded();
    await pre.focus();
    const at = () => page.evaluate(() => {
      const names = [...document.activeElement!.closest("pre")!
        .querySelectorAll("a[data-type]")];
      return names.indexOf(document.activeElement!);
    });
    for (const [key, index] of [["Enter", 0], ["ArrowRight", 1],
      ["ArrowDown", 2], ["ArrowLeft", 1], ["Escape", -1]] as const) {
      await page.keyboard.press(key);
      assert.is(await at(), index, key);
    }
    await page.keyboard.press("Tab");
    assert.is(await page.evaluate(() =>
      document.activeElement?.hasAttribute("data-type")), false);
  });
});

test("a word of the glossary leads there, once in a chapter, and not from "
  + "where it is explained", async () => {
  const { id, says } = readGlossary().find(({ words }) =>
    words.includes("TLB"))!;
  const links = (slug: string) => readFileSync(
    join(website, `build/book/${slug}.html`), "utf8")
    .split(`/book/glossary#${id}`).length - 1;
  assert.is(links("paging"), 0);
  assert.is(links("switcher"), 1);
  await site.visit("/book/switcher", async (page) => {
    const word = page.locator(`a.term[href$="#${id}"]`);
    assert.is(await word.getAttribute("title"), says);
    await word.click();
    await page.waitForURL(new RegExp(`/book/glossary#${id}$`));
    await page.locator(`li#${id}`).waitFor();
  });
});

test("who is lost is shown the way", async () => {
  await site.visit("/", async (page) => {
    const answer = await page.goto(`${site.address}/book/500-switchr.md`);
    assert.is(answer?.status(), 404);
    await page.getByRole("link", { name: /The Switcher|500/ }).first()
      .click();
    await page.waitForURL(/\/book\/switcher$/);
  });
});

test("a page fetches itself, and none of those that it leads to",
  async () => {
    await site.visit("/book/switcher", async (page) => {
      await page.waitForLoadState("networkidle");
      for (let at = 0; at < 4000; at += 800) {
        await page.mouse.wheel(0, 800);
        await page.waitForTimeout(30);
      }
      await page.waitForLoadState("networkidle");
      const scripts = await page.evaluate(() => performance
        .getEntriesByType("resource").map(({ name }) => name)
        .filter((name) => name.endsWith(".js")));
      // The site's own three, the layout's and the page's.
      assert.ok(scripts.length < 20, scripts.join("\n"));
    });
  });

test("Ctrl-Enter in an example runs it", async () => {
  await site.visit("/book/invitation", async (page) => {
    const example = page.locator("[data-example]").first();
    await example.locator("pre").first().focus();
    await page.keyboard.press("Control+Enter");
    await example.and(page.locator("[data-state='done']"))
      .or(example.locator("[data-state='done']")).first().waitFor();
  });
});

test("assembly has colours for the words of our assembler", async () => {
  await site.visit("/book/switcher", async (page) => {
    const coloured = (selector: string) => page.locator(
      `.language-asm .token.${selector}`).allTextContents();
    const mnemonics = await coloured("keyword");
    for (const one of ["pushl", "movl", "iret"])
      assert.ok(mnemonics.some((word) => word.startsWith(one)), one);
    assert.ok((await coloured("register")).includes("%esp"));
  }, { javaScriptEnabled: false });
});

test.run();
