// node -r ./test/ready.cjs test/mutants/full.ts
//   [--count N] [--seed N] [--jobs N] [--only FOLDER-FILE-OR-LINE,…]
//   [--judges WORD,…]  only test files that have one of these in their path
//   [--list 1]         tell the mutants, and run nothing
//
// Do the tests notice? One token of the machine, the Host, lguest or those who
// watch them is changed at a time, in a copy of the project, and the tests run until one fails: without
// any foreign program, without the live processor, and without the tests of
// the loom, which would see that src/ isn't what the chapters say. Status 0:
// all were noticed, but for those that explained.ts explains; 1: some weren't;
// 2: the tests fail without any mutant.
import { availableParallelism } from "node:os";
import { resolve } from "node:path";
import { readBook, readSources, readText, writeText }
  from "../../src/loom/book";
import { writeExamples } from "../../src/loom/commands";
import { parseJson } from "../../src/loom/map";
import { formatProblem } from "../../src/loom/problem";
import type { Problem } from "../../src/loom/problem";
import { testFiles } from "../../src/loom/run";
import { startWorker } from "../../src/loom/worker";
import type { Worker } from "../../src/loom/worker";
import { option, word } from "../options";
import { explanationOf } from "./explained";
import { sample } from "./points";
import type { Mutant } from "./points";
import { functionAround, runWatched } from "./reach";
import { copyTree } from "./trees";
import type { Tree } from "./trees";
import { compilerFor } from "./types";

const root = resolve(__dirname, "../..");
const count = option("count", 320), seed = option("seed", 1);
const jobs = Math.max(1, option("jobs", availableParallelism()));
const only = word("only", "src/").split(",");
const wanted = word("judges", "test/").split(",");

const loom =
  /^test\/((loom|stitch|runner|dev|layers|packages|mutants)\.|chapters\/9)/;

/** A test file, with what we know of it. */
interface Judge {
  readonly path: string;
  /** Seconds that it takes without a mutant. */
  readonly seconds: number;
  /** The functions that it reaches. */
  readonly reached: ReadonlySet<string>;
  /** Mutants that it has noticed. */
  noticed: number;
}

/** The files that can be changed. */
const sources = [...readSources(root)]
  .map(([path, text]) => ({ path, text }))
  .filter(({ path }) => /^src\/(machine|host|lguest|debug(?!\/gdb))\/.*\.ts$/.test(path)
    && !path.endsWith("/index.ts"));

// Who noticed what the last time, and is asked first.
const memory = ".loom/mutants.json";
const remembered: Record<string, string> =
  parseJson(readText(root, memory) ?? "") ?? {};

function placeOf({ path, line, column }: Mutant): string {
  return `${path}:${line}:${column}`;
}

function nameOf({ path, was, is }: Mutant): string {
  return `${path}: ${was} => ${is}`;
}

/** Seconds after which a test that has a mutant waits for what never comes:
 * a mutant can make a loop endless. */
function patience(judge: Judge): number {
  return 60 + 30 * judge.seconds;
}

/** Runs one test file; true if it failed. */
async function fails(worker: Worker, judge: Judge): Promise<boolean> {
  const timer = setTimeout(() => worker.stop(), patience(judge) * 1000);
  const { count: { failed } } =
    await worker.run({ kind: "test", path: judge.path });
  clearTimeout(timer);
  return failed > 0;
}

/** Who notices a mutant: asked are those who reach it, first the one who
 * noticed it the last time, then those who notice much in little time. */
async function whoNotices(
  tree: Tree,
  mutant: Mutant,
  all: readonly Judge[],
): Promise<Judge | undefined> {
  const around = functionAround(mutant), last = remembered[nameOf(mutant)];
  const judges = all.filter(({ path, reached }) =>
    path === last || around === undefined || reached.has(around));
  const worth = ({ path, noticed, seconds }: Judge) => path === last
    ? Infinity : (noticed + 0.2) / (seconds + 0.05);
  const worker = startWorker(tree.root);
  try {
    for (const judge of judges.sort((a, b) => worth(b) - worth(a)))
      if (!worker.alive() || await fails(worker, judge)) return judge;
    return undefined;
  } finally {
    worker.stop();
  }
}

/** One judge without a mutant: it must be content. */
async function tryJudge(tree: Tree, path: string): Promise<Judge> {
  const { done, reached } = await runWatched(tree.root, path);
  const { text, seconds, problems } = done;
  if (problems.length === 0) return { path, seconds, reached, noticed: 0 };
  console.error([text, ...problems.map(formatProblem),
    `${path} fails without any mutant`].join("\n"));
  process.exit(2);
}

/** All judges without a mutant. Each file differs from the chapters' by a
 * comment, so that whoever compares texts is found out here. */
async function reference(trees: readonly Tree[]): Promise<Judge[]> {
  const paths = testFiles(root).filter((path) => !loom.test(path)
    && wanted.some((part) => path.includes(part)));
  const judges: Judge[] = [];
  await Promise.all(trees.map(async (tree) => {
    for (const { path, text } of sources)
      tree.write(path, `${text}// Unchanged, but for this line.\n`);
    for (let path = paths.shift(); path; path = paths.shift())
      judges.push(await tryJudge(tree, path));
    for (const { path, text } of sources) tree.write(path, text);
  }));
  return judges;
}

/** A mutant, with who has noticed it. */
interface Verdict {
  readonly mutant: Mutant;
  readonly by: Judge | undefined;
}

/** Lets the mutants live, `jobs` of them at a time. */
async function judgeAll(
  mutants: Iterator<Mutant>,
  judges: readonly Judge[],
  trees: readonly Tree[],
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const work = async (tree: Tree) => {
    for (;;) {
      const { value: mutant, done } = mutants.next();
      if (done) return;
      const { path, text, was, is } = mutant;
      const whole = readText(root, path) ?? "";
      tree.write(path, text);
      const by = await whoNotices(tree, mutant, judges);
      tree.write(path, whole);
      if (by !== undefined) {
        by.noticed++;
        remembered[nameOf(mutant)] = by.path;
        writeText(root, memory, JSON.stringify(remembered, null, 1));
      }
      verdicts.push({ mutant, by });
      if (by === undefined || process.stdout.isTTY)
        console.log(`${verdicts.length} ${placeOf(mutant)}: `
          + (by === undefined ? `nobody notices\n  ${was}\n  ${is}` : by.path));
    }
  };
  await Promise.all(trees.map(work));
  return verdicts;
}

/** The first mutants of the sample that compile. */
function* living(): Generator<Mutant> {
  const compiles = compilerFor(root);
  let left = count;
  for (const mutant of sample(sources, seed)) {
    if (!only.some((part) => placeOf(mutant).startsWith(part))) continue;
    if (!compiles(mutant)) continue;
    if (left-- === 0) return;
    yield mutant;
  }
}

function tell(verdicts: readonly Verdict[], judges: readonly Judge[]): void {
  const noticed = verdicts.filter(({ by }) => by !== undefined);
  const best = [...judges].sort((a, b) => b.noticed - a.noticed);
  console.log("\nwho noticed first:");
  for (const { noticed, path } of best.slice(0, 12))
    console.log(`  ${String(noticed).padStart(4)}  ${path}`);
  let unexplained = 0;
  for (const { mutant, by } of verdicts) {
    const why = explanationOf(mutant);
    const place = placeOf(mutant);
    if (by !== undefined && why !== undefined)
      console.log(`\n${place}: ${by.path} notices it: no need to explain it`);
    if (by !== undefined) continue;
    if (why === undefined) unexplained++;
    console.log(`\n${place}\n  ${mutant.was}\n  ${mutant.is}\n  `
      + (why ?? "nobody notices, and nobody explains"));
  }
  console.log(`\n${verdicts.length} mutants from seed ${seed}: `
    + `${noticed.length} noticed, `
    + `${(100 * noticed.length / verdicts.length).toFixed(1)} %; `
    + `${verdicts.length - noticed.length - unexplained} explained, `
    + `${unexplained} not`);
  process.exitCode = unexplained > 0 ? 1 : 0;
}

async function all(): Promise<void> {
  if (option("list", 0)) {
    for (const mutant of living())
      console.log(`${placeOf(mutant)}\n  ${mutant.was}\n  ${mutant.is}`);
    return;
  }
  // The examples are judges, too, and a fresh clone has none of them.
  const problems: Problem[] = [];
  writeExamples(root, readBook(root, problems), problems);
  for (const problem of problems) console.error(formatProblem(problem));
  if (problems.length > 0) process.exit(2);
  delete process.env["CI"];
  process.env["REFERENCES"] = process.env["PROCESSOR"] = "none";
  const trees = Array.from({ length: jobs }, () => copyTree(root));
  process.on("exit", () => trees.forEach((tree) => tree.remove()));
  process.on("SIGINT", () => process.exit(130));
  const judges = await reference(trees);
  const seconds = judges.reduce((sum, judge) => sum + judge.seconds, 0);
  console.log(`${judges.length} test files, ${seconds.toFixed(0)} s`);
  tell(await judgeAll(living(), judges, trees), judges);
}

void all();
