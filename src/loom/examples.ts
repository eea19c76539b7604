// Woven from chapters/92-examples.md.
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
  const tests = chapter.sections
    .filter((section) => section.fences.some((fence) => fence.example))
    .flatMap((section) => weaveSection(section, imports, problems));
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

function weaveSection(
  section: Section,
  imports: Import[],
  problems: Problem[],
): WovenLine[] {
  const title = JSON.stringify(section.title);
  const prints = section.fences.some((one) => one.example === "run");
  return [
    [{ text: `$test(${title}, async () => {`, from: section, whole: true }],
    ...(prints ? [made("const console = $loom.capture();")] : []),
    ...section.fences.flatMap((fence, index) => {
      if (fence.example === undefined) return [];
      const lines = weaveExample(fence, imports, problems);
      if (fence.expectError !== undefined) return neverRun(lines);
      if (fence.example === "test") return lines;
      return printing(lines, section.fences[index + 1]);
    }),
    made("});"),
  ];
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
