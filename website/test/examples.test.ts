// Every example of the book, run in the browser by its button, does what
// it did when Node ran it; and edited ones do what they say.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { begin, runSection } from "../src/examples/loom";
import type { Outcome } from "../src/examples/loom";
import { LINES, WIDTH, outputText } from "../src/examples/output";
import { readAll } from "../weave/read";
import { violationsInBoth } from "./axe";
import { Site, findChromium, website } from "./site";

const test = suite("examples in the page");
const recorded: Record<string, Record<number, Outcome>> = JSON.parse(
  readFileSync(join(website, ".woven/recorded.json"), "utf8"));
const slugs = readAll([]).pages.map(({ slug }) => slug);
let site: Site;

test.before(async () => { site = await Site.open(findChromium() ?? ""); });
test.after(async () => { await site.close(); });

/** Milliseconds between two looks: to be asked in every frame, the page would
 * have to paint them all. */
const POLLING = 50;

/** Presses Enter on Run and waits; gives what the example printed and said.
 * By the page's own selectors: a locator walks through all of a chapter. */
async function runExample(page: Page, id: string) {
  const selector = `[data-example="${id}"]`;
  await page.waitForFunction((selector) => {
    const button = [...document.querySelectorAll<HTMLElement>(
      `${selector} button`)].find((one) => one.textContent === "Run");
    const folded = button?.closest("details");
    if (folded && !folded.open) folded.querySelector("summary")?.click();
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
  }, selector, { polling: POLLING });
  const result = await ended.jsonValue();
  if (!result) throw new Error("no example");
  return result;
}

/** Runs every example of a chapter, compares with the record, and has the
 * page looked at as it is then. */
async function pressAll(slug: string): Promise<void> {
  const outcomes = Object.entries(recorded[slug] ?? {});
  await site.visitAgain(`/book/${slug}`, async (page) => {
    const ids = await page.evaluate(() =>
      [...document.querySelectorAll("[data-example]")]
        .map((one) => one.getAttribute("data-example")));
    assert.equal(ids, outcomes.map(([line]) => `${slug}:${line}`));
    for (const [line, outcome] of outcomes) {
      const live = await runExample(page, `${slug}:${line}`);
      assert.is(live.printed, outputText(outcome), `line ${line}`);
      const { claims, failed } = outcome;
      if (failed) assert.match(live.wrong, `${slug}, line ${failed.line}\n`);
      else assert.is(live.wrong, "", `line ${line}`);
      assert.is(live.claims, failed ? "still red" : claims === 0 ? "just now"
        : `just now: ${claims === 1 ? "its claim holds"
          : `its ${claims} claims hold`}`, `line ${line}`);
    }
    const found = await violationsInBoth(page);
    assert.is(found.length, 0, found.join("\n"));
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

test("an example fails if it is red, and only then", () => {
  const red = readAll([]).pages.flatMap(({ slug, sections }) =>
    sections.flatMap((section) => section.fences)
      .filter((fence) => fence.red).map((fence) => `${slug}:${fence.line}`));
  const failed = Object.entries(recorded).flatMap(([slug, outcomes]) =>
    Object.values(outcomes).filter((outcome) => outcome.failed)
      .map(({ line }) => `${slug}:${line}`));
  assert.ok(red.length > 0);
  assert.equal(failed, red);
});

/** Presses the buttons of all chapters, two pages at a time. */
function pressEverything(): Map<string, Promise<void>> {
  const lanes = [Promise.resolve(), Promise.resolve()];
  return new Map(slugs.map((slug, index) => {
    const pressed = lanes[index % 2]!.then(() => pressAll(slug));
    lanes[index % 2] = pressed.catch(() => {});
    return [slug, pressed];
  }));
}

let pressed: Map<string, Promise<void>> | undefined;
for (const slug of slugs)
  test(`${slug}: live is as recorded, and axe has nothing to say`, () => {
    pressed ??= pressEverything();
    return pressed.get(slug);
  });

const first = "[data-example^='invitation:']:not(details *)";

test("an example can be edited, fails where it says, and is put back",
  async () => {
    await site.visit("/book/invitation", async (page) => {
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
        `invitation, line ${line + 2}`);
      assert.match(await example.textContent() ?? "",
        /another value: two \/\/ => 3\nexpected 3\ngot {6}2$/);
      await example.getByRole("button", { name: "Put it back" }).click();
      const { wrong } = await runExample(page, id);
      assert.is(wrong, "");
    });
  });

test("an edited example survives a reload, until it is put back", async () => {
  await site.visit("/book/invitation", async (page) => {
    const { example } = await edit(page, "const one = 1;", "one // => 1");
    await page.reload();
    const text = example.getByRole("textbox");
    assert.is(await text.inputValue(), "const one = 1;\none // => 1");
    assert.is(await example.getByRole("status").textContent(),
      "changed, and not run yet");
    await example.getByRole("button", { name: "Put it back" }).click();
    await page.reload();
    await example.getByRole("button", { name: "Edit" }).waitFor();
    assert.is(await text.count(), 0);
  });
});

test("who edits can write at once, and a solved exercise stays solved",
  async () => {
    await site.visit("/book/segments", async (page) => {
      const id = await page.locator("[data-example]").filter({
        hasText: "describeSegment" }).last().getAttribute("data-example");
      const exercise = page.locator(`[data-example="${id}"]`);
      const status = exercise.getByRole("status");
      await exercise.getByRole("button", { name: "Edit" }).click();
      await page.locator("[data-example] textarea:focus").waitFor();
      const run = async (text: string, said: string | RegExp) => {
        await exercise.getByRole("textbox").fill(text);
        await exercise.getByRole("button", { name: "Run" }).click();
        await status.filter({ hasText: said }).waitFor();
      };
      await run("1 + 1 // => 3", "still red");
      await run("1 + 1 // => 2", "✓ green just now: its claim holds");
      await page.reload();
      await status.filter({ hasText: "✓ green when it last ran" }).waitFor();
      await exercise.getByRole("button", { name: "Put it back" }).click();
      await status.filter({ hasText: /^it fails, as it should/ }).waitFor();
    });
  });

test("an example that never ends is stopped", async () => {
  await site.visit("/book/invitation", async (page) => {
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

/** Puts a text into the second example of a page. */
async function edit(page: Page, ...lines: string[]) {
  const example = page.locator(first).nth(1);
  await example.getByRole("button", { name: "Edit" }).click();
  await example.getByRole("textbox").fill(lines.join("\n"));
  const id = await example.getAttribute("data-example") ?? "";
  const button = example.getByRole("button", { name: "Run" });
  return { example, id, button, line: Number(id.split(":")[1]),
    status: example.getByRole("status") };
}

test("an edited example runs whole, and prints in order", async () => {
  await site.visitAgain("/book/invitation", async (page) => {
    const { example, id, status, line } = await edit(page,
      "import {", "  u32", '} from "lguest"; u32(-1) // => 0xffffffff',
      'import { Machine } from "lguest"; Machine.name // => "Machine"',
      'console.log("one", { two: 2 }); console.warn("three\\nfour");',
      "const five: number = 5;", "/* here */ console.info(five);");
    assert.is(await status.textContent(), "changed, and not run yet");
    const { printed, claims, wrong } = await runExample(page, id);
    assert.is(wrong, "");
    assert.is(printed, "one { two: 2 }\nthree\nfour\n5");
    assert.is(claims, "just now: its 2 claims hold");
    await example.getByRole("textbox").fill(
      'import { Machine } from "lguest"; Machine.name // => "Wrong"');
    const { wrong: told } = await runExample(page, id);
    assert.match(told, `invitation, line ${line + 1}`);
  });
});

test("an edited example with a type error isn't run until it is mended",
  async () => {
    await site.visitAgain("/book/invitation", async (page) => {
      const { example, id, line } = await edit(page,
        'import { Machine } from "lguest";', 'console.log("I run");',
        "const machine = new Machine({ memory: 4096 });", "machine.foo;");
      const told = async () => {
        const { printed } = await runExample(page, id);
        assert.is(printed, "");
        return example.locator("pre").last().textContent();
      };
      assert.is(await told(), `invitation, line ${line + 4}\nerror TS2339: `
        + "Property 'foo' does not exist on type 'Machine'.");
      const text = example.getByRole("textbox");
      await text.fill("const two = ;");
      assert.is(await told(),
        `invitation, line ${line + 1}\nerror TS1109: Expression expected.`);
      await text.fill('const said: string = "I run";\nconsole.log(said);');
      const { printed, wrong } = await runExample(page, id);
      assert.is(wrong, "");
      assert.is(printed, "I run");
    });
  });

test("what an edit breaks in a fence behind is told beside the result",
  async () => {
    await site.visitAgain("/book/asking", async (page) => {
      const id = await page.locator("[data-example]")
        .filter({ hasText: "function watch(program" })
        .getAttribute("data-example") ?? "";
      const example = page.locator(`[data-example="${id}"]`);
      await example.getByRole("button", { name: "Edit" }).click();
      await example.getByRole("textbox").fill("const one = 1;");
      const { claims, wrong } = await runExample(page, id);
      assert.is(wrong, "");
      assert.match(claims ?? "", new RegExp("^just now; line \\d+ no longer "
        + "fits: error TS2304: Cannot find name 'watch'"));
    });
  });

test("a worker goes from example to example, but not to or from an edited "
  + "one", async () => {
  await site.visitAgain("/book/invitation", async (page) => {
    await page.evaluate(() => {
      const { Worker } = window;
      let workers = 0;
      window.Worker = class extends Worker {
        constructor(url: string | URL) {
          super(url);
          document.body.dataset["workers"] = `${++workers}`;
        }
      };
    });
    const run = async (id: string | null) => {
      assert.is((await runExample(page, id ?? "")).wrong, "");
      return page.evaluate(() => Number(document.body.dataset["workers"]));
    };
    const one = await page.locator(first).first()
      .getAttribute("data-example");
    assert.equal([await run(one), await run(one)], [1, 1]);
    const { id } = await edit(page, "Object.assign(globalThis, { u: 1 });");
    // One that compiles it, and one that runs it.
    assert.is(await run(id), 3);
    assert.equal([await run(one), await run(one)], [4, 4]);
  });
});

test("what is put back looks as it did before", async () => {
  await site.visitAgain("/book/invitation", async (page) => {
    const looks = () => page.locator(first).nth(1).innerText();
    await page.locator(first).nth(1).getByRole("button", { name: "Edit" })
      .waitFor();
    const before = await looks();
    const { example, button, id } = await edit(page,
      'console.log("no");', "throw new Error();");
    await button.click();
    await page.locator(`[data-example="${id}"][data-state="failed"]`)
      .waitFor();
    // One more letter, and it is another example.
    await example.getByRole("textbox").press("End");
    await example.getByRole("textbox").press("Space");
    assert.is(await example.getByLabel("What the example printed").count(),
      0);
    assert.is(await example.getAttribute("data-state"), "recorded");
    await button.click();
    await page.locator(`[data-example="${id}"][data-state="failed"]`)
      .waitFor();
    await example.getByRole("button", { name: "Put it back" }).click();
    assert.is(await looks(), before);
  });
});

test("a flood of output is told in few messages, and within bounds",
  async () => {
    const lines = 100_000;
    let messages = 0, shown = 0;
    const [outcome] = await runSection(async () => {
      begin(7);
      console.log("y".repeat(WIDTH + 2));
      for (let line = 1; line < lines; line++) console.log("x");
    }, Infinity, ({ printed, more }) => {
      messages++;
      shown = printed.length + more;
    });
    assert.is(outcome?.printed.length, LINES);
    assert.is(outcome?.printed[0],
      `${"y".repeat(WIDTH)}… 2 more characters`);
    assert.is(outcome?.more, lines - LINES);
    assert.is(messages, 517);
    assert.ok(shown > lines / 2, `${shown} lines`);
    assert.match(outputText(outcome!), /x\n… 99,500 more lines$/);
  });

test("an example that floods the page is stopped", async () => {
  await site.visitAgain("/book/invitation", async (page) => {
    await page.evaluate(() => {
      const { Worker } = window;
      let heard = 0;
      window.Worker = class extends Worker {
        override postMessage(message: unknown): void {
          super.postMessage(message);
          this.addEventListener("message", () => {
            document.body.dataset["heard"] = `${++heard}`;
          });
        }
      };
    });
    const { example, button, status } = await edit(page,
      'for (;;) console.log("x");');
    await button.click();
    // Two million lines later the page still listens to us.
    await example.getByText(/at least \d,\d+,\d+ more lines$/).waitFor();
    assert.is(await status.textContent(), "running…");
    const heard = () => page.evaluate(() =>
      Number(document.body.dataset["heard"]));
    assert.ok(await heard() < LINES + 64, `${await heard()} messages`);
    const output = example.getByLabel("What the example printed");
    assert.is((await output.textContent())?.split("\n").length, LINES + 1);
    await example.getByRole("button", { name: "Stop" }).click();
    assert.is(await status.textContent(), "stopped");
    const said = await output.textContent();
    // Another example comes to its end, and this one prints no more.
    await runExample(page, await page.locator(first).first()
      .getAttribute("data-example") ?? "");
    assert.is(await output.textContent(), said);
  });
});

test.run();
