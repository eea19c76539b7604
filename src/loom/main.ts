// Woven from chapters/875-workers.md.
// The loom's command: tangle, stitch, examples, check, test, and so on.
import { resolve } from "node:path";
import { checkTangled, readBook, readSources, tangle } from "./book";
import { checkTypes } from "./check";
import { build, writeExamples } from "./commands";
import { contentsOf, drawContents } from "./contents";
import { fixExamples } from "./fix";
import { readChapterTexts } from "./gravel";
import { codeLines, drawLayers, importsOf, roomsOf } from "./layers";
import { formatProblem } from "./problem";
import type { Problem } from "./problem";
import { stitch } from "./stitch";
import { runTests } from "./test";
import { watch } from "./watch";
import { serve } from "./worker";

const root = resolve(__dirname, "../..");
const [command = "", ...options] = process.argv.slice(2);
const patterns = options.filter((option) => !option.startsWith("-"));
const has = (option: string) => options.includes(option);

function finish(problems: readonly Problem[]): void {
  for (const problem of problems) console.log(formatProblem(problem));
  process.exitCode = problems.length > 0 ? 1 : 0;
}

const duties: Record<string, () => void | Promise<void>> = {
  tangle() {
    const problems: Problem[] = [];
    if (has("--watch")) return watch(root, { examples: false });
    if (has("--check")) checkTangled(root, problems);
    else tangle(root, problems, console.log);
    finish(problems);
  },
  stitch() {
    const problems: Problem[] = [];
    for (const line of stitch(root, problems)) console.log(line);
    finish(problems);
  },
  dev() {
    return watch(root, { examples: true, site: !has("--no-site") });
  },
  async "fix-examples"() {
    const problems: Problem[] = [];
    for (const line of await fixExamples(root, patterns, problems))
      console.log(line);
    finish(problems);
  },
  layers() {
    const sources = readSources(root);
    console.log(drawLayers(importsOf(sources)));
    console.log(`\n${drawLayers(importsOf(roomsOf(sources, "machine")))}`);
    console.log(`\nlguest: ${codeLines(sources, "lguest")} lines of code`);
  },
  contents() {
    const problems: Problem[] = [];
    const texts = readChapterTexts(root, problems) ?? new Map();
    console.log(drawContents(contentsOf(texts, problems)));
    finish(problems);
  },
  worker() {
    serve(root);
  },
  examples() {
    const problems: Problem[] = [];
    writeExamples(root, readBook(root, problems), problems);
    finish(problems);
  },
  types() {
    finish(checkTypes(root, readBook(root, [])));
  },
  check() {
    const problems: Problem[] = [];
    checkTangled(root, problems);
    const book = readBook(root, []);
    writeExamples(root, book, problems);
    finish([...problems, ...checkTypes(root, book)]);
  },
  build() {
    checkTangled(root, []);
    finish(build(root));
  },
  async test() {
    process.exitCode = 1;
    const well = await runTests(root, { patterns, failed: has("--failed"),
      types: !has("--no-types"), verbose: has("--verbose") });
    process.exitCode = well ? 0 : 1;
  },
};

// What may stand behind a command: nothing, if it isn't here.
const known: Record<string, readonly string[]> = {
  tangle: ["--watch", "--check"], dev: ["--no-site"],
  test: ["PATTERN", "--failed", "--no-types", "--verbose"],
  "fix-examples": ["PATTERN"],
};

function complain(sentence: string): void {
  console.error(`loom: ${sentence}`);
  process.exitCode = 2;
}

const duty = Object.hasOwn(duties, command) ? duties[command] : undefined;
const mine = known[command] ?? [];
const odd = options.find((option) => !mine.includes(
  patterns.includes(option) ? "PATTERN" : option));
if (duty === undefined) complain(`no such command "${command}"; `
  + `there are ${Object.keys(duties).join(", ")}`);
else if (odd !== undefined) complain(`${command} doesn't know "${odd}"; `
  + `behind it ${mine.length > 0 ? `may stand ${mine.join(", ")}`
    : "stands nothing"}`);
else void duty();
