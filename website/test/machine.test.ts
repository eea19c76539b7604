// The machine in the page: it boots, stops, steps; it boots what a reader
// has edited, and says what became of it.
import type { Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { happening, nearest } from "../src/machine/view";
import { chatty, counted, ending } from "./guest";
import { Site, findChromium } from "./site";

const test = suite("the machine in the page");
let site: Site;

test.before(async () => { site = await Site.open(findChromium() ?? ""); });
test.after(async () => { await site.close(); });

/** Scrolls the console up, and looks for what is at its beginning. */
async function seen(page: Page, text: string): Promise<void> {
  await page.locator(".xterm-helper-textarea").first().focus();
  await page.keyboard.press("Shift+PageUp");
  await page.keyboard.press("Shift+PageUp");
  await page.locator(".xterm-rows").first().getByText(text).waitFor();
}

const press = (page: Page, name: string) =>
  page.getByRole("button", { name, exact: true }).first().click();

async function over(page: Page, status: string): Promise<string> {
  await page.locator(`[data-status="${status}"]`).first().waitFor();
  return await ending(page).textContent() ?? "";
}

/** Compressed bytes of the scripts that a page has asked for by now. */
const scripts = (page: Page) => page.evaluate(() => performance
  .getEntriesByType("resource")
  .filter(({ name }) => name.endsWith(".js"))
  .map((one) => (one as PerformanceResourceTiming).encodedBodySize)
  .reduce((sum, size) => sum + size, 0));

// How long a click takes is the computer's business, and only told; how much
// must come over the wire for it is ours.
test("boots the Guest on the front page, with few bytes", async () => {
  await site.visit("/", async (page) => {
    await page.waitForLoadState("networkidle");
    const before = await scripts(page), start = Date.now();
    await press(page, "Boot");
    await page.waitForFunction(() =>
      document.querySelector(".xterm-rows")?.textContent?.trim());
    const seconds = (Date.now() - start) / 1000;
    const more = await scripts(page) - before;
    console.log(`  scripts before the machine: ${before} bytes compressed, `
      + `${more} more to the first output, ${seconds} s after the click`);
    assert.ok(before > 100_000 && before < 400_000, `${before} bytes`);
    assert.ok(more > 10_000 && more < 400_000, `${more} bytes`);
    assert.match(await over(page, "0"), "The Guest powered off");
    await seen(page, "Hello. I am a kernel");
  });
});

test("steps, goes to the next event, runs, and is reset", async () => {
  await site.visit("/", async (page) => {
    const after = (count: RegExp) =>
      ending(page).getByText(count).waitFor();
    await press(page, "Power on, and wait");
    await after(/^Stopped after 0 /);
    await press(page, "Step");
    await after(/^Stopped after 1 instruction\.$/);
    await press(page, "Step");
    await after(/^Stopped after 2 /);
    await press(page, "To the next event");
    await after(/^Stopped after ([3-9]|\d[\d,]+) /);
    assert.ok(await page.getByLabel("The last events")
      .locator("li").count() > 0);
    await press(page, "Run");
    assert.match(await over(page, "0"), "powered off");
    await press(page, "Reset");
    await after(/^Stopped after 0 /);
  });
});

/** Opens the Switcher, changes it, boots with it. */
async function bootSwitcher(
  page: Page, change: (text: string) => string,
): Promise<void> {
  await press(page, "Edit the Switcher");
  const editor = page.getByLabel("The assembly of the Switcher");
  await editor.fill(change(await editor.inputValue()));
  await press(page, "Boot with it");
}

test("tells which trap killed the Host, and in which line of an edited "
  + "Switcher, and puts it back", async () => {
  await site.visit("/", async (page) => {
    await bootSwitcher(page, (text) => text.replace("switch_to_guest:\n",
      "switch_to_guest:\n    movl 0x1234, %edx\n"));
    const said = await over(page, "3");
    assert.match(said, /trap 14 \(page fault.*address 0x00001234/);
    assert.match(said, /line \d+ of your Switcher: movl 0x1234, %edx/);
    await press(page, "Put it back");
    assert.match(await over(page, "0"), "powered off");
  });
});

test("tells of a trap in the Switcher for which the Guest is blamed",
  async () => {
    await site.visit("/", async (page) => {
      await bootSwitcher(page, (text) => text.replace(
        "    mov %ebx, %cr3\n", "    mov %ebx, %cr3\n    ud2\n"));
      assert.match(await over(page, "1"),
        /Guest was killed.*in the Switcher.* trap 6 .*switch_to_guest.*ud2$/);
    });
  });

test("tells where an edited Switcher can't be assembled", async () => {
  await site.visit("/", async (page) => {
    await bootSwitcher(page, (text) => `nop\nmovl %eax, %xyz\n${text}`);
    await page.getByText(/^line 2: /).waitFor();
    await press(page, "Put it back");
    assert.match(await over(page, "0"), "powered off");
  });
});

test("boots an edited Guest", async () => {
  await site.visit("/", async (page) => {
    await press(page, "Edit the Guest");
    const editor = page.getByLabel("The assembly of the Guest");
    const text = await editor.inputValue();
    await editor.fill(text.replace("Hello. I am", "Hi. I was"));
    await press(page, "Boot with it");
    await over(page, "0");
    await seen(page, "Hi. I was a kernel");
  });
});

test("stops a Guest that never ends, and goes on with it", async () => {
  await site.visit("/", async (page) => {
    await press(page, "Edit the Guest");
    const editor = page.getByLabel("The assembly of the Guest");
    await editor.fill("spin:\n    jmp spin\n");
    await press(page, "Boot with it");
    await page.getByText(/^Running after [1-9]/).waitFor();
    await press(page, "Stop");
    await page.getByText(/^Stopped after /).waitFor();
    const before = await counted(page);
    assert.ok(before > 0, `${before}`);
    await press(page, "Step");
    await page.getByText(`Stopped after ${
      (before + 1).toLocaleString("en")} `).waitFor();
    await press(page, "Run");
    await page.getByText(/^Running after /).waitFor();
  });
});

test("leaves a page in peace: a turn of the machine takes its 50 ms",
  async () => {
    await site.visit("/", async (page) => {
      await page.evaluate(() => {
        const { Worker } = window, begin = performance.now();
        let views = 0;
        window.Worker = class extends Worker {
          constructor(url: string | URL) {
            super(url);
            this.addEventListener("message", ({ data }) => {
              if (data.kind === "view" && ++views === 20)
                document.body.dataset["twentieth"] =
                  `${performance.now() - begin}`;
            });
          }
        };
      });
      await press(page, "Edit the Guest");
      await page.getByLabel("The assembly of the Guest")
        .fill("spin:\n    jmp spin\n");
      await press(page, "Boot with it");
      const taken = await page.waitForFunction(() =>
        document.body.dataset["twentieth"]);
      assert.ok(Number(await taken.jsonValue()) > 18 * 50);
    });
  });

test("tells where an edited Guest can't be assembled", async () => {
  await site.visit("/", async (page) => {
    await press(page, "Edit the Guest");
    await page.getByLabel("The assembly of the Guest")
      .fill("nop\nnop\n    movl $1, nowhere(%eaz)\n");
    await press(page, "Boot with it");
    await page.getByText(/^line 3: /).waitFor();
  });
});

test("tells how it is before the Guest prints, and nothing of a machine "
  + "that was there before", async () => {
  await site.visit("/", async (page) => {
    await page.evaluate(() => {
      const { Worker } = window;
      let told = "";
      window.Worker = class extends Worker {
        constructor(url: string | URL) {
          super(url);
          this.addEventListener("message", ({ data }) => {
            document.body.dataset["told"] = told += ` ${data.kind}`;
          });
        }
      };
    });
    await press(page, "Edit the Guest");
    const editor = page.getByLabel("The assembly of the Guest");
    await editor.fill(chatty("never"));
    await press(page, "Boot with it");
    const rows = page.locator(".xterm-rows").first();
    await rows.getByText("never").first().waitFor();
    await page.getByText(/^Running after [1-9]/).waitFor();
    const told = await page.evaluate(() => document.body.dataset["told"]);
    assert.is(told?.replace(/( console.*)?$/, ""), " texts view");
    await editor.fill(chatty("again"));
    await press(page, "Boot with it");
    await rows.getByText("again").first().waitFor();
    await press(page, "Stop");
    await page.getByText(/^Stopped after /).waitFor();
    await page.locator(".xterm-helper-textarea").first().focus();
    for (let up = 0; up < 100; up++)
      await page.keyboard.press("Shift+PageUp");
    assert.not.match(await rows.textContent() ?? "", "never");
  });
});

test("addresses are hexadecimal, however small, and counts are not", () => {
  assert.is(happening({ kind: "exception", cpu: 0, count: 9, vector: 14,
    error: 2, address: 728, eip: 0xc0100004, ring: 1 }).text,
  "vector 14, error 0x00000002, address 0x000002d8, eip 0xc0100004, ring 1");
  assert.is(happening({ kind: "hypercall", cpu: 0, count: 9, guest: 0,
    number: 5, args: [1, 0x2000, 0], posted: false }).text,
  "number 5, args 0x00000001,0x00002000,0x00000000, posted false");
  assert.is(nearest([["switch_to_guest", 0xffc00010]], 0xffc0002c),
    "switch_to_guest+0x1c");
});

test("boots a Guest that can be asked, and shows what is typed", async () => {
  await site.visit("/", async (page) => {
    await press(page, "Talk to a kernel");
    const rows = page.locator(".xterm-rows").first();
    await rows.getByText("lguest>").first().waitFor();
    await page.getByText(/^Waiting for you after /).waitFor();
    await page.locator(".xterm-helper-textarea").first().focus();
    await page.keyboard.type("memo");
    await page.keyboard.press("Backspace");
    await page.keyboard.press("Enter");
    await rows.getByText("were never handed out").waitFor();
    await rows.getByText("lguest> mem").first().waitFor();
    await page.getByText(/^Waiting for you after /).waitFor();
    await page.keyboard.type("poweroff\n");
    assert.match(await over(page, "0"), "powered off");
  });
});

test("boots the Guest of a fence", async () => {
  await site.visit("/book/site", async (page) => {
    await press(page, "Boot");
    await over(page, "0");
    await seen(page, "Ten lines are enough");
  });
});

test.run();
