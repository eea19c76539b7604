// How fast the machine is in a page, beside Node: the same text, run by
// turns. Seconds are told and not tested, so this is run by name only:
// npm run book:test -- speed
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import * as ts from "typescript";
import { suite } from "uvu";
import { kernelFor } from "../../test/bench/phrases";
import { chatty, counted } from "./guest";
import { Site, findChromium, website } from "./site";

const test = suite("the machine's speed in the page");
let site: Site;

test.before(async () => { site = await Site.open(findChromium() ?? ""); });
test.after(async () => { await site.close(); });

const root = join(website, "..");

/** An example that runs a machine lap by lap, and prints the best in
 * millions of instructions a second. `make` is one that makes a machine. */
const laps = (setUp: string, make: string) => `${setUp}
let best = 0;
for (let lap = 0; lap < 20; lap++) {
  const machine = ${make}, begin = performance.now();
  machine.run({ maxInstructions: 1e7 });
  best = Math.max(best, machine.count / (performance.now() - begin) / 1e3);
}
console.log(best);`;

const hashing = laps(
  readFileSync(join(root, "test/speed.ts"), "utf8")
    .split("/** Of each interpreter")[0]!
    .replaceAll("export ", "").replace('"../src"', '"lguest"'),
  "pagedMachine(program)");

const kernel = Buffer.from(kernelFor("guest", "the mix", 1000));
const mix = laps(`import { boot } from "lguest";
const image = Uint8Array.from(atob("${kernel.toString("base64")}"),
  (one) => one.charCodeAt(0));
const guests =
  [{ name: "it", image, commandLine: "", memory: 8 << 20 }];`,
  "boot({ guests }).machine");

/** Runs a text in a Node of its own. */
function inNode(text: string): number {
  const { outputText } = ts.transpileModule(
    text.replace('"lguest"', JSON.stringify(join(root, "src"))),
    { compilerOptions: { module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022 } });
  return Number(execFileSync(process.execPath,
    ["-r", "./test/ready.cjs", "-e", outputText], { cwd: root }));
}

/** Runs it in the page, as an example that a reader has edited. */
async function inPage(page: Page, text: string): Promise<number> {
  const example = page.locator("[data-example]").nth(1);
  await example.getByRole("button", { name: "Edit" }).click();
  await example.getByRole("textbox").fill(text);
  await example.getByRole("button", { name: "Run" }).click();
  await page.locator("[data-example][data-state=done]").waitFor();
  const said = await example.getByLabel("What the example printed")
    .textContent();
  await example.getByRole("button", { name: "Put it back" }).click();
  return Number(said);
}

for (const [name, text] of Object.entries({ hashing, mix }))
  test(`${name}, in Node and in the page`, async () => {
    const node: number[] = [], there: number[] = [];
    await site.visit("/book/invitation", async (page) => {
      for (let run = 0; run < 5; run++) {
        node.push(inNode(text));
        there.push(await inPage(page, text));
      }
    });
    const told = (rates: number[]) =>
      rates.map((rate) => rate.toPrecision(3)).join(" ");
    const times = node.map((rate, run) => rate / there[run]!)
      .sort((a, b) => a - b);
    console.log(`  ${name}, millions of instructions a second: Node ${
      told(node)}; the page ${told(there)}; Node is ${
      times[2]!.toFixed(2)} times as fast, in the middle of ${
      told(times)}`);
  });

const SECONDS = 10;

/** What Chromium writes down of a task, or of a thread; `tdur`: µs of CPU
 * time. */
interface Noted {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  readonly tdur?: number;
  readonly args: { readonly name?: string };
}

/** Milliseconds of CPU time that each task of the page's thread took. */
function tasksOf(notes: readonly Noted[]): number[] {
  const thread = ({ pid, tid }: Noted) => `${pid} ${tid}`;
  const pages = new Set(notes.filter(({ name, args }) =>
    name === "thread_name" && args.name === "CrRendererMain").map(thread));
  return notes.filter((one) =>
    one.name.endsWith("RunTask") && pages.has(thread(one)))
    .map(({ tdur = 0 }) => tdur / 1000);
}

/** What the page's own thread does for some seconds: its tasks that took
 * more than 50 ms, on the clock, and all of them in CPU time. */
async function watch(page: Page) {
  const session = await page.context().newCDPSession(page);
  const notes: Noted[] = [];
  session.on("Tracing.dataCollected", ({ value }) =>
    notes.push(...value as unknown as Noted[]));
  const complete = new Promise((resolve) =>
    session.once("Tracing.tracingComplete", resolve));
  await session.send("Tracing.start", { transferMode: "ReportEvents",
    traceConfig: { includedCategories: ["toplevel"] } });
  const long = await page.evaluate((seconds) =>
    new Promise<number[]>((resolve) => {
      const seen: number[] = [];
      new PerformanceObserver((list) => {
        seen.push(...list.getEntries().map(({ duration }) => duration));
      }).observe({ type: "longtask" });
      setTimeout(() => resolve(seen), 1000 * seconds);
    }), SECONDS);
  await session.send("Tracing.end");
  await complete;
  return { long, tasks: tasksOf(notes) };
}

for (const [what, guest] of Object.entries(
  { spins: "spin: jmp spin\n", prints: chatty("words") }))
  test(`the page's own thread while a Guest ${what}`, async () => {
    await site.visit("/", async (page) => {
      await page.getByRole("button", { name: "Edit the Guest" }).first()
        .click();
      await page.getByLabel("The assembly of the Guest").fill(guest);
      await page.getByRole("button", { name: "Boot with it" }).first()
        .click();
      await page.getByText(/^Running after [1-9]/).waitFor();
      const before = await counted(page);
      const { long, tasks } = await watch(page);
      const rate = (await counted(page) - before) / SECONDS / 1e6;
      const sum = tasks.reduce((all, one) => all + one, 0);
      console.log(`  a Guest ${what}: ${rate.toPrecision(3)} million `
        + `instructions a second; the page's own thread takes ${
          (sum / SECONDS / 10).toFixed(0)} % of a CPU, its longest task ${
          Math.max(...tasks).toFixed(0)} ms; by the clock ${
          long.length} long tasks${long.map((one) => ` ${one} ms`).join()}`);
    });
  });

test.run();
