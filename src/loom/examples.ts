// Woven from chapters/860-examples.md.
// A chapter's examples become a test file.
import { basename } from "node:path";
import type { Chapter, Fence, Section } from "./chapter";
import { weaveExample } from "./example";
import type { Import } from "./example";
import { made } from "./piece";
import type { WovenFile, WovenLine } from "./piece";
import { formatPlace } from "./problem";
import type { Problem } from "./problem";

/** The test file of a chapter, if the chapter has examples. */
export function weaveExamples(
  chapter: Chapter,
  problems: Problem[],
): WovenFile | undefined {
  const slug = basename(chapter.path, ".md");
  const imports: Import[] = [];
  const tests = chapter.sections.flatMap(testsOf)
    .flatMap((test) => weaveTest(test, imports, problems));
  if (tests.length === 0) return undefined;
  return { path: `test/chapters/${slug}.test.ts`, lines: [
    made(`// The examples of ${chapter.path}; made by the loom.`),
    made('import * as $loom from "../../src/loom/expect";'),
    ...weaveImports(imports, problems),
    made(`const $test = $loom.suite(${JSON.stringify(slug)});`),
    ...tests,
    made("$test.run();"),
  ] };
}

function weaveImports(
  imports: readonly Import[],
  problems: Problem[],
): WovenLine[] {
  const seen = new Map<string, Import>();
  for (const item of imports) {
    const name = item.text.replace(/^type /, "").split(" as ").at(-1);
    const first = seen.get(name ?? "");
    if (first === undefined) seen.set(name ?? "", item);
    else if (first.module !== item.module)
      problems.push({ ...item.from, message: `${name} is already `
        + `imported from "${first.module}" at ${formatPlace(first.from)}` });
    else if (first.text.startsWith("type ")) seen.set(name ?? "", item);
  }
  return [...seen.values()].map(({ module, text, from }): WovenLine => [
    { text: "import { " },
    { text, from, whole: true },
    { text: ` } from ${
      JSON.stringify(module.replace("lguest", "../../src"))};` },
  ]);
}

/** The tests that a section becomes: one, and one for each red fence. */
export function testsOf(section: Section): Section[] {
  const red = section.fences.filter((fence) => fence.red);
  const others = section.fences.filter((fence) => !fence.red);
  return [{ ...section, fences: others }, ...red.map((fence) => ({
    path: fence.path, line: fence.line, column: fence.column,
    title: `${section.title}, line ${fence.line}`, fences: [fence] }))]
    .filter(({ fences }) => fences.some((fence) => fence.example));
}

function weaveTest(
  { title, fences, ...from }: Section,
  imports: Import[],
  problems: Problem[],
): WovenLine[] {
  const prints = fences.some((one) => one.example === "run");
  return [
    [{ text: `$test(${JSON.stringify(title)}, async () => {`, from,
      whole: true }],
    ...(prints ? [made("const console = $loom.capture();")] : []),
    ...fences.flatMap((fence, index) => {
      if (fence.example === undefined) return [];
      const lines = weaveExample(fence, imports, problems);
      if (fence.red) return failing(fence, lines);
      if (fence.expectError !== undefined) return neverRun(lines);
      if (fence.example === "test") return lines;
      return printing(lines, fences[index + 1]);
    }),
    made("});"),
  ];
}

function failing(fence: Fence, lines: readonly WovenLine[]): WovenLine[] {
  return [[{ text: "await $loom.red(async () => {", from: fence, whole: true }],
    ...lines, made("});")];
}

function neverRun(lines: readonly WovenLine[]): WovenLine[] {
  return [made("void (async () => {"), ...lines, made("});")];
}

function printing(
  lines: readonly WovenLine[],
  next: Fence | undefined,
): WovenLine[] {
  if (next === undefined || !next.output)
    return [made("{"), ...lines, made("}")];
  const text = next.body.map((line) => line.text).join("\n");
  const call = `$loom.printed(console, ${JSON.stringify(text)});`;
  return [made("console.clear();"), ...lines,
    [{ text: call, from: next, whole: true }]];
}
