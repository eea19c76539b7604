// The machine in the page: it boots, stops, steps; it boots what a reader
// has edited, and says what became of it.
import type { Page } from "playwright-core";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fromFragment, readKept, toFragment } from "../src/machine/order";
import type { Kept } from "../src/machine/order";
import { happening } from "../src/machine/view";
import { assemble, writeElf } from "../../src/assembler";
import { chatty, counted, ending } from "./guest";
import { Site, base, findChromium } from "./site";

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
    assert.ok(before > 100_000 && before < 350_000, `${before} bytes`);
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
    await press(page, "Events");
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

test("what is chosen and not booted has no screen yet", async () => {
  await site.visit("/machine", async (page) => {
    await page.getByText("Hello. I am a kernel").waitFor();
    await page.getByLabel("What to boot").selectOption("pge");
    await page.getByText("Not booted yet.").waitFor();
    assert.is(await page.getByText("Hello. I am a kernel").count(), 0);
    await page.getByLabel("What to boot").selectOption("hello");
    await page.getByText("When the site was made").waitFor();
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
  await site.visit("/machine", async (page) => {
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
  "vector 14 (page fault), error 0x00000002, address 0x000002d8, "
    + "eip 0xc0100004, ring 1");
  assert.is(happening({ kind: "hypercall", cpu: 0, count: 9, guest: 0,
    number: 5, args: [1, 0x2000, 0], posted: false }).text,
  "number 5 (FLUSH_TLB), args 0x00000001,0x00002000,0x00000000, "
    + "posted false");
  assert.is(happening({ kind: "switch", cpu: 1, count: 9, guest: 0,
    trap: 239, eip: 16 }).text, "CPU 1: trap 239 (the Host's timer), "
    + "eip 0x00000010");
  assert.is(happening({ kind: "interrupt", cpu: 0, count: 9, vector: 99 })
    .text, "vector 99");
});

test("boots a Guest that can be asked, and shows what is typed", async () => {
  await site.visit("/", async (page) => {
    await page.getByLabel("What to boot").selectOption("monitor");
    await press(page, "Boot");
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

/** The text of a panel's picture, which is there for whoever can't see. */
async function panel(page: Page, name: string): Promise<string> {
  const pictures = page.locator(
    `[data-panel="${name}"] pre[aria-label="The picture as text"]`);
  return (await pictures.allTextContents()).join("\n");
}

const stopped = (page: Page, count: string | number) =>
  page.locator(`[data-machine=paused] [data-count="${count}"]`).waitFor();

const count = async (page: Page) =>
  Number(await ending(page).getAttribute("data-count"));

/** Presses a button, and waits until the machine has gone on to somewhere. */
async function pressOn(page: Page, name: string): Promise<number> {
  const before = await count(page);
  await press(page, name);
  await page.waitForFunction((before) => {
    const machine = document.querySelector("[data-machine]");
    const now = machine?.querySelector("[data-count]");
    return machine?.getAttribute("data-machine") !== "running"
      && Number(now?.getAttribute("data-count")) !== before;
  }, before);
  return count(page);
}

const register = (text: string, name: string) =>
  new RegExp(`\\b${name} +([0-9a-f]{4,8})`).exec(text)?.[1] ?? "";

test("goes through a world switch an instruction at a time: cr3, ring and "
  + "stack change; and back again", async () => {
  await site.visit("/machine", async (page) => {
    await press(page, "Power on, and wait");
    await stopped(page, 0);
    for (const name of ["CPUs", "Instructions", "TLB"]) await press(page, name);
    const begin = await pressOn(page, "Into the Switcher");
    assert.match(await page.locator("[data-panel=code]").textContent() ?? "",
      "switch_to_guest");
    await press(page, "Both worlds");
    const seen: { cr3: string; esp: string; ring: string; line: string }[] = [];
    for (let step = 0; step < 80 && seen.at(-1)?.ring !== "1"; step++) {
      const text = await panel(page, "cpu");
      seen.push({ cr3: register(text, "cr3"), esp: register(text, "esp"),
        ring: /in ring (\d)/.exec(text)?.[1] ?? "",
        line: await page.locator("a[href*='?line=']").first()
          .getAttribute("href") ?? "" });
      await pressOn(page, "Step");
    }
    const distinct = (key: keyof typeof seen[0]) =>
      new Set(seen.map((one) => one[key])).size;
    assert.is(distinct("cr3"), 2);
    assert.equal([...new Set(seen.map((one) => one.ring))], ["0", "1"]);
    assert.ok(distinct("esp") > 2, `${distinct("esp")} stacks`);
    assert.match(seen[0]!.line, "/book/switcher?line=");
    // And back, to the very same.
    const there = await count(page);
    for (let step = 0; step < 3; step++) await pressOn(page, "Step back");
    assert.is(await count(page), there - 3);
    const before = await panel(page, "cpu");
    await pressOn(page, "Step");
    await pressOn(page, "Step back");
    assert.is(await panel(page, "cpu"), before);
    assert.ok(there > begin);
  });
});

test("goes back from event to event, further than they are kept, and to the "
  + "boot at last", async () => {
  await site.visit("/machine", async (page) => {
    await press(page, "Power on, and wait");
    await stopped(page, 0);
    await press(page, "Events");
    const events = new Set<number>();
    const stops: number[] = [];
    for (let next = 0; next < 70; next++) {
      stops.push(await pressOn(page, "To the next event"));
      for (const at of await page.getByLabel("The last events")
        .locator("li span").allTextContents()) events.add(Number(at));
    }
    assert.ok(events.size > 60, `${events.size} events`);
    const before: number[] = [];
    for (let now = stops.at(-1)!; now > 0;)
      before.push(now = await pressOn(page, "To the event before"));
    assert.equal(before, [...[...events].sort((a, b) => b - a), 0]);
    assert.is(await pressOn(page, "To the next event"), stops[0]);
  });
});

test("a Switcher's stub has a name, and leads to where stubs are told",
  async () => {
    await site.visit("/book/switcher", async (page) => {
      await press(page, "Power on, and wait");
      await stopped(page, 0);
      await pressOn(page, "Into the Switcher");
      const stub = page.getByRole("link", { name: /^stub of vector/ });
      // Through the iret, and the Guest's first fault: back in a stub.
      assert.is(await stub.count(), 0);
      await pressOn(page, "To the next event");
      assert.is(await stub.textContent(), "stub of vector 14 (page fault)");
      assert.is(await stub.getAttribute("href"),
        `${base}book/switcher#and-back-again`);
    });
  });

test("a terminal takes no room before something is printed", async () => {
  await site.visit("/book/switcher", async (page) => {
    await press(page, "Power on, and wait");
    await stopped(page, 0);
    const terminal = page.locator(".xterm").first();
    await terminal.waitFor({ state: "attached" });
    assert.is(await terminal.isVisible(), false);
    const height = () => page.locator("[data-machine]").first()
      .evaluate((it) => it.getBoundingClientRect().height);
    const before = await height();
    await page.locator("[data-machine]").first()
      .getByRole("button", { name: "Run", exact: true }).click();
    await over(page, "0");
    await terminal.waitFor();
    assert.ok(await height() > before + 100);
  });
});

test("shows the way of an address, typed or pressed", async () => {
  await site.visit("/machine", async (page) => {
    await press(page, "Power on, and wait");
    await stopped(page, 0);
    await press(page, "An address");
    const address = page.getByLabel("The address, in hexadecimal");
    await pressOn(page, "Into the Switcher");
    for (const [at, says] of [["ffc00000", "[1023]"], ["c0100000", "[768]"],
      ["00000000", "nothing"]] as const) {
      await address.fill(at);
      await press(page, "Look");
      await page.locator("[data-panel=address] pre").getByText(`${at}:`)
        .waitFor({ state: "attached" });
      assert.match(await panel(page, "address"), says);
    }
    await press(page, "TLB");
    const row = page.locator("[data-panel=tlb] [role=button]").first();
    const wanted = await row.textContent() ?? "";
    await row.press("Enter");
    await page.locator("[data-panel=address] pre").getByText(`${wanted}:`)
      .waitFor({ state: "attached" });
    assert.match(await panel(page, "address"), /TLB -->/);
    await address.fill("zz");
    await page.getByText("eight digits of 0 to 9 and a to f").waitFor();
    assert.is(await page.getByRole("button", { name: "Look" }).isDisabled(),
      true);
  });
});

test("runs to an address, and slowly, and stops", async () => {
  await site.visit("/machine", async (page) => {
    await press(page, "Power on, and wait");
    await stopped(page, 0);
    await press(page, "Memory");
    await page.getByLabel("The address, in hexadecimal").fill("ffc00000");
    await pressOn(page, "Run to it");
    await page.getByText(/the Switcher, ffc00000/).waitFor();
    await page.getByLabel("slowly").check();
    const begin = await count(page);
    await press(page, "Run");
    await page.waitForFunction((begin) => Number(document.querySelector(
      "[data-count]")?.getAttribute("data-count")) > begin + 20, begin);
    await press(page, "Stop");
    await page.locator("[data-machine=paused]").waitFor();
    assert.ok(await count(page) < begin + 10_000);
    await page.getByLabel("slowly").uncheck();
    await page.getByLabel("The address, in hexadecimal").fill("00000001");
    await press(page, "Run to it");
    assert.match(await over(page, "0"), "It never came to 0x00000001");
  });
});

test("who steps sees the CPU that it was, and its line", async () => {
  await site.visit("/machine", async (page) => {
    await page.getByLabel("What to boot").selectOption("two");
    await press(page, "Power on, and wait");
    await stopped(page, 0);
    await press(page, "Instructions");
    const by = (cpu: number) => page.getByRole("button",
      { name: `by CPU ${cpu}`, pressed: true, exact: true });
    await by(0).waitFor();
    const seen = new Set<number>();
    for (let enter = 0; enter < 40 && seen.size < 2; enter++) {
      await pressOn(page, "Into the Switcher");
      const places = await page.locator("[class*=places] > span")
        .allTextContents();
      const inside = places.findIndex((one) => / the Switcher, /.test(one));
      await by(inside).waitFor();
      seen.add(inside);
    }
    assert.equal([...seen].sort(), [0, 1]);
  });
  await site.visit("/book/switcher", async (page) => {
    await press(page, "Power on, and wait");
    await stopped(page, 0);
    if (await page.getByRole("button", { name: "Instructions" })
      .getAttribute("aria-pressed") === "false")
      await press(page, "Instructions");
    await pressOn(page, "Into the Switcher");
    for (let step = 0; step < 4; step++) await pressOn(page, "Step");
    const line = page.locator(".book-line--now");
    assert.is(await line.count(), 1);
    await page.locator("[class*=places] > span > code").nth(1)
      .filter({ hasText: (await line.textContent())!.trim() }).waitFor();
  });
});

test("every world ends as the book says", async () => {
  await site.visit("/machine", async (page) => {
    for (const [world, status, says] of [
      ["two", "0", /A powered off.*B powered off/],
      ["pge", "1", "was killed"], ["oops", "3", "the Host oopsed"],
      ["globals", "3", "oopsed"], ["onePage", "3", "oopsed"]] as const) {
      await page.getByLabel("What to boot").selectOption(world);
      await press(page, await page.getByRole("button", { name: "Boot again" })
        .count() ? "Boot again" : "Boot");
      await page.locator(`[data-machine=over] [data-status="${status}"]`)
        .waitFor();
      assert.match((await ending(page).textContent() ?? "").toLowerCase(),
        typeof says === "string" ? says.toLowerCase()
          : new RegExp(says.source, "i"));
    }
  });
});

test("what was done survives a reload and Back, in this tab only",
  async () => {
    await site.visit("/machine", async (page) => {
      await press(page, "Power on, and wait");
      await stopped(page, 0);
      await press(page, "CPUs");
      const there = await pressOn(page, "To the next event");
      const before = await panel(page, "cpu");
      await page.reload();
      await stopped(page, there);
      assert.is(await panel(page, "cpu"), before);
      await page.goto(`${site.address}/book/invitation`);
      await page.goBack();
      await stopped(page, there);
      const other = await page.context().newPage();
      await other.goto(page.url());
      await other.getByRole("button", { name: "Power on, and wait" }).waitFor();
      assert.is(await other.locator("[data-machine=off]").count(), 1);
      await other.close();
      // An edited text, too, which hasn't been run.
      await press(page, "Edit the Guest");
      const editor = page.getByLabel("The assembly of the Guest");
      await editor.fill("hlt\n");
      await page.reload();
      await press(page, "Edit the Guest *");
      assert.is(await editor.inputValue(), "hlt\n");
    });
  });

/** The link that the page has made for this instant. */
async function linkOf(page: Page): Promise<string> {
  await press(page, "Copy link");
  const link = page.getByLabel("The link", { exact: true });
  await link.waitFor();
  return link.inputValue();
}

test("a link leads to the same instruction, typing and all", async () => {
  let link = "", there = 0, cpu = "";
  await site.visit("/machine", async (page) => {
    await page.getByLabel("What to boot").selectOption("monitor");
    await press(page, "Boot");
    await page.getByText(/^Waiting for you after /).waitFor();
    await page.locator(".xterm-helper-textarea").first().focus();
    await page.keyboard.type("mem\n");
    await page.locator(".xterm-rows").getByText("were never handed out")
      .waitFor();
    await page.getByText(/^Waiting for you after /).waitFor();
    await press(page, "Stop");
    await press(page, "CPUs");
    await pressOn(page, "Step back");
    [there, cpu, link] = [await count(page), await panel(page, "cpu"),
      await linkOf(page)];
  });
  await site.visit(link.slice(link.indexOf("/machine")), async (page) => {
    await stopped(page, there);
    assert.is(await panel(page, "cpu"), cpu);
    await page.locator(".xterm-rows").getByText("were never handed out")
      .waitFor();
  });
});

/** A global entry of the Host's that the tables in force know nothing of. */
const isRed = (tlb: string) => /g the Host .* (moved|gone)/.test(tlb);

test("the hunt is played by clicks, and handed on", async () => {
  let link = "", there = 0, tlb = "";
  await site.visit("/book/hunt", async (page) => {
    await press(page, "Boot");
    assert.match(await over(page, "1"), "A was killed");
    await press(page, "Timeline");
    const marks = page.locator("[data-panel=timeline] [role=button]");
    await marks.first().waitFor();
    const dead = await count(page);
    await press(page, "TLB");
    await press(page, "by CPU 1");
    await page.locator("[data-panel=tlb] pre").getByText("CPU 1 remembers")
      .waitFor({ state: "attached" });
    // To where the Guest comes to the other CPU, and on from there.
    await page.locator("[data-panel=timeline] [role=button]")
      .filter({ hasText: "comes from CPU 0" }).press("Enter");
    await page.locator("[data-machine=paused]").waitFor();
    for (let press = 0; press < 6 && !isRed(tlb); press++) {
      await pressOn(page, "To the next event");
      tlb = await panel(page, "tlb");
    }
    assert.ok(isRed(tlb), tlb);
    there = await count(page);
    assert.ok(there > 0 && there < dead, `${there} of ${dead}`);
    await press(page, "Zoom in");
    await page.locator("[data-panel=timeline] pre").getByText("^ now")
      .waitFor({ state: "attached" });
    link = await linkOf(page);
  });
  await site.visit(link.slice(link.indexOf("/machine")), async (page) => {
    await stopped(page, there);
    assert.is(await panel(page, "tlb"), tlb);
  });
});

test("what the chapter on several CPUs says to press shows the stale entry",
  async () => {
    await site.visit("/book/cpus", async (page) => {
      await press(page, "Boot");
      await over(page, "1");
      const tlb = page.locator("[data-panel=tlb] pre");
      await tlb.getByText("CPU 1 remembers").waitFor({ state: "attached" });
      assert.match(await panel(page, "tlb"), " 0 stale;");
      await page.getByRole("button", { name: "CPU 1: A comes from CPU 0" })
        .press("Enter");
      await page.locator("[data-machine=paused]").waitFor();
      await pressOn(page, "To the next event");
      assert.match(await panel(page, "tlb"),
        /c0000000 00000000 w--dLg the Host +\d+ gone +code\n/);
      assert.ok(await page.locator("[data-panel=tlb] svg [class*='wrong']")
        .count() > 0);
    });
  });

const edited: Kept = { version: 1, order: { world: "hello", memory: 8,
  append: "", switcher: "nop\n" }, watch: { panels: [], cpu: 0, address: 0,
  zoom: 0 },
run: { count: 5, typed: [] } };

test("a link with a program is shown before it is run", async () => {
  const link = await toFragment({ ...edited, order: { world: "hello",
    memory: 8, append: "", guest: "spin:\n    jmp spin\n" } });
  await site.visit(`/machine${link}`, async (page) => {
    await page.getByText(/brings a program of somebody's/).waitFor();
    const editor = page.getByLabel("The assembly of the Guest");
    assert.is(await editor.inputValue(), "spin:\n    jmp spin\n");
    assert.is(await page.locator("[data-machine=off]").count(), 1);
    await press(page, "Boot");
    await stopped(page, 5);
  });
});

test("a link that can't be read says so", async () => {
  for (const link of ["#run=%%%", "#run=AAAA", `${
    (await toFragment(edited)).slice(0, -9)}`])
    await site.visit(`/machine${link}`, async (page) => {
      await page.getByRole("alert").getByText(/says what to boot, but/)
        .waitFor();
      assert.is(await page.locator("[data-machine=off]").count(), 1);
    });
});

test("what is read back has a strict shape", async () => {
  assert.equal(await fromFragment(await toFragment(edited)), edited);
  assert.is(await fromFragment("#elsewhere"), undefined);
  const wrong: [unknown, RegExp][] = [
    [null, /its form/], [{ ...edited, version: 2 }, /its version/],
    [{ ...edited, more: 1 }, /its more/],
    [{ ...edited, order: { ...edited.order, world: "__proto__" } }, /order\.world/],
    [{ ...edited, order: { ...edited.order, memory: 1e9 } }, /order\.memory/],
    [{ ...edited, order: { ...edited.order, elf: "<" } }, /order\.elf/],
    [{ ...edited, order: { ...edited.order, guest: "x".repeat(200_001) } },
      /order\.guest/],
    [{ ...edited, watch: { ...edited.watch, cpu: -1 } }, /watch\.cpu/],
    [{ ...edited, run: { count: 0.5, typed: [] } }, /run\.count/],
    [{ ...edited, run: { count: 1, typed: [{ count: 1, guest: 7,
      text: "" }] } }, /run\.typed/]];
  for (const [value, says] of wrong) assert.match(String(readKept(value)), says);
  // A bomb: 100 MB of zeros in a link of 100 kB.
  const bomb = new Blob([new Uint8Array(1e8)]).stream()
    .pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = Buffer.from(await new Response(bomb).arrayBuffer());
  assert.match(String(await fromFragment(
    `#run=${bytes.toString("base64url")}`)), "damaged");
});

test("boots a kernel that is dropped on the page, or says what is wrong",
  async () => {
    const { bytes } = assemble("spin: jmp spin\n",
      { origin: 0xc0100000, name: "k" });
    const elf = writeElf([{ paddr: 0x100000, vaddr: 0xc0100000, bytes }],
      0x100000);
    await site.visit("/machine", async (page) => {
      const file = page.getByLabel(/^Boot a kernel of your own/);
      await file.setInputFiles({ name: "k.elf", mimeType: "",
        buffer: Buffer.from(elf) });
      await page.getByText(/^Running after [1-9]/).waitFor();
      await press(page, "Stop");
      await file.setInputFiles({ name: "k.txt", mimeType: "",
        buffer: Buffer.from("no kernel") });
      await page.getByText(/^This can't be booted/).waitFor();
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
