// Woven from chapters/880-at-once.md.
// tangle --watch and npm run dev: what to do when a chapter is saved.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import { setPriority } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { readBook, tangle } from "./book";
import { writeExample, writeExamples } from "./commands";
import { formatProblem } from "./problem";
import type { Problem } from "./problem";
import { filesIn } from "./run";
import { testersOf } from "./testers";
import { runTests } from "./test";
import { startWorker } from "./worker";
import type { Worker } from "./worker";

/** What to do besides tangling. */
export interface Watching {
  readonly examples: boolean;
  readonly site?: boolean;
}

/** Tangles now, and again whenever a chapter is saved. */
export function watch(root: string, what: Watching): void {
  const saved = new Set<string>();
  let timer: NodeJS.Timeout | undefined, busy = false;
  const round = async () => {
    if (busy || saved.size === 0) return;
    busy = true;
    const paths = [...saved].sort();
    saved.clear();
    await afterSave(root, paths, what).catch((error) => say(`${error}`));
    busy = false;
    void round();
  };
  const hear = (path: string) => {
    saved.add(path);
    clearTimeout(timer);
    timer = setTimeout(round, 30);
  };
  const folders = ["chapters", ...what.examples ? testFolders(root) : []];
  for (const folder of folders)
    fs.watch(join(root, folder), (_, name) => {
      const path = `${folder}/${name}`;
      if (/^(chapters\/\d{3}-.*\.md|test\/.*\.ts)$/.test(path)) hear(path);
    });
  if (what.examples) {
    writeExamples(root, readBook(root, []), []);
    spare = startWorker(root);
    createInterface(process.stdin).on("line", () => hear(everything));
  }
  if (what.site) startSite(root);
  say(!tangleAloud(root) ? "not tangled yet" : what.examples
    ? "watching chapters/ and test/" : "watching chapters/");
}

/** What has been saved if somebody has pressed Enter. */
const everything = "";

/** The folders with hand-written tests: not test/chapters/. */
function testFolders(root: string): string[] {
  const folders = new Set(filesIn(root, "test").map((path) => dirname(path)));
  folders.delete("test/chapters");
  return [...folders];
}

function say(text: string): void {
  console.log(`loom: ${text}`);
}

let changed = false;

function tangleAloud(root: string): boolean {
  const problems: Problem[] = [];
  const paths = tangle(root, problems, say);
  for (const problem of problems) console.log(formatProblem(problem));
  if (paths.some((path) => path.startsWith("src/loom/")))
    say("this is about me; start me again to have the new loom");
  changed ||= paths.length > 0;
  return problems.length === 0;
}

async function afterSave(
  root: string,
  paths: readonly string[],
  what: Watching,
): Promise<void> {
  if (!tangleAloud(root)) return say("nothing was written");
  if (!what.examples) return;
  if (paths.includes(everything)) {
    changed = false;
    await runTests(root, { patterns: ["test/chapters/"], failed: false,
      types: false, verbose: false });
  }
  for (const path of paths) {
    if (path.startsWith("chapters/")) await runExamples(root, path);
    if (path.startsWith("test/")) await runTestsOf(root, path);
  }
  checkTypesLater(root);
  if (paths.some((path) => path.startsWith("chapters/"))) weaveSiteLater();
  if (changed) say("the program has changed; Enter runs all examples");
}

let spare: Worker | undefined;

async function runExamples(root: string, path: string): Promise<void> {
  const problems: Problem[] = [];
  const chapter = readBook(root, problems)
    .find((one) => one.path === path);
  const file = chapter && writeExample(root, chapter, problems);
  for (const problem of problems) console.log(formatProblem(problem));
  if (chapter === undefined || problems.length > 0) return;
  if (file === undefined) return say(`${path} has no examples`);
  await runFile(root, file, path);
}

async function runTestsOf(root: string, path: string): Promise<void> {
  if (!fs.existsSync(join(root, path))) return;
  const paths = testersOf(root, path);
  if (paths.length === 0) say(`${path}: no test imports this`);
  for (const one of paths) await runFile(root, one, path);
}

/** Runs a test file, because of something that was saved. */
async function runFile(
  root: string,
  file: string,
  saved: string,
): Promise<void> {
  const worker = spare?.alive() ? spare : startWorker(root);
  const { text, count, problems: failures } =
    await worker.run({ kind: "test", path: file });
  worker.stop();
  spare = startWorker(root);
  if (failures.length > 0) process.stdout.write(text);
  for (const failure of failures) console.log(formatProblem(failure));
  const since = Date.now() - fs.statSync(join(root, saved)).mtimeMs;
  const path = file.startsWith("test/chapters/") ? saved : file;
  say(`${path}: ${count.passed} passed, ${count.failed} failed, ${
    (since / 1000).toFixed(1)} s after it was saved`);
}

let checker: Worker | undefined;
let checking = false, again = false;

function checkTypesLater(root: string): void {
  again = true;
  if (checking) return;
  checking = true;
  void (async () => {
    while (again) {
      again = false;
      if (!checker?.alive()) checker = startWorker(root);
      const { problems } = await checker.run({ kind: "types" });
      if (again) continue;
      for (const problem of problems) console.log(formatProblem(problem));
      say(`types: ${problems.length === 0 ? "no errors"
        : `${problems.length} wrong`}`);
    }
    checking = false;
  })();
}

let siteFolder: string | undefined;

function startSite(root: string): void {
  const folder = join(root, "website");
  if (!fs.existsSync(join(folder, "node_modules")))
    return say("no site: for that, npm ci --prefix website, and again");
  siteFolder = folder;
  const site = spawnSite("dev");
  site.on("exit", (status) => say(`the site has ended (${status})`));
  process.on("exit", () => {
    if (site.exitCode === null && site.pid) process.kill(-site.pid);
  });
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.on(signal, () => process.exit(0));
}

function spawnSite(script: string, ...args: string[]): ChildProcess {
  const site = spawn("npm", ["run", "--silent", script, "--", ...args], {
    cwd: siteFolder, stdio: ["ignore", "pipe", "pipe"], detached: true });
  if (site.pid) setPriority(site.pid, 10);
  const hear = (data: Buffer) => void process.stdout.write(
    data.toString().replace(/^(?=.)/gm, "site: "));
  site.stdout?.on("data", hear);
  site.stderr?.on("data", hear);
  return site;
}

let weaving = false, weaveAgain = false;

function weaveSiteLater(): void {
  weaveAgain = siteFolder !== undefined;
  if (weaving || !weaveAgain) return;
  weaving = true;
  weaveAgain = false;
  spawnSite("weave", "--draft").on("exit", () => {
    weaving = false;
    if (weaveAgain) weaveSiteLater();
  });
}
