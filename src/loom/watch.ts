// Woven from chapters/96-at-once.md.
// tangle --watch and npm run dev: what to do when a chapter is saved.
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import * as fs from "node:fs";
import { setPriority } from "node:os";
import { join } from "node:path";
import { readBook, tangle } from "./book";
import { writeExample } from "./commands";
import { formatProblem } from "./problem";
import type { Problem } from "./problem";
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
    const names = [...saved].sort();
    saved.clear();
    await afterSave(root, names, what).catch((error) => say(`${error}`));
    busy = false;
    void round();
  };
  fs.watch(join(root, "chapters"), (_, name) => {
    if (name === null || !/^\d\d-.*\.md$/.test(name)) return;
    saved.add(name);
    clearTimeout(timer);
    timer = setTimeout(round, 30);
  });
  if (what.examples) spare = startWorker(root);
  if (what.site) startSite(root);
  say(tangleAloud(root) ? "watching chapters/" : "not tangled yet");
}

function say(text: string): void {
  console.log(`loom: ${text}`);
}

function tangleAloud(root: string): boolean {
  const problems: Problem[] = [];
  const paths = tangle(root, problems, say);
  for (const problem of problems) console.log(formatProblem(problem));
  if (paths.some((path) => path.startsWith("src/loom/")))
    say("this is about me; start me again to have the new loom");
  return problems.length === 0;
}

async function afterSave(
  root: string,
  names: readonly string[],
  what: Watching,
): Promise<void> {
  if (!tangleAloud(root)) return say("nothing was written");
  if (!what.examples) return;
  for (const name of names) await runExamples(root, `chapters/${name}`);
  checkTypesLater(root);
  weaveSiteLater();
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
  const worker = spare?.alive() ? spare : startWorker(root);
  const { text, count } = await worker.run({ kind: "test", path: file });
  worker.stop();
  spare = startWorker(root);
  if (count.failed > 0) process.stdout.write(text);
  const since = Date.now() - fs.statSync(join(root, path)).mtimeMs;
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
      const { text, count } = await checker.run({ kind: "types" });
      if (again) continue;
      process.stdout.write(text);
      say(`types: ${count.failed === 0 ? "no errors"
        : `${count.failed} wrong`}`);
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
