// Makes from the chapters all that the site needs, below .woven/. A draft runs
// the examples of the chapters that have changed, and asks nobody for names.
//   captions/       for each page, the captions of its fences in order
//   sidebars.json   the parts of the book, the folders of src/
//   source/         a page for each file of src/
//   api/            a page for each file of which a layer hands things on
//   examples/       the examples' modules, and chapters/ to edit them
//   recorded.json   what the examples did when Node ran them
//   types.json      what the compiler reads to check an edited example
//   boot.json       what the default Guest says when it boots
//   story.json      the picture on the front page
//   words.json      what our assembler understands
//   static/search/  what is searched: the book, its names, its code
//   static/names/   what the names in each page's code mean
import * as fs from "node:fs";
import { basename, join } from "node:path";
import { writeText } from "../../src/loom/book";
import { formatProblem } from "../../src/loom/problem";
import type { Problem } from "../../src/loom/problem";
import { weavePage } from "../src/examples/weave";
import { askTypeScript } from "./ask";
import type { Asked } from "./ask";
import { Places, captionsOf } from "./captions";
import type { Captions } from "./captions";
import { bootOrder } from "./guest";
import { made, readAll, root, sourceUrl } from "./read";
import type { Book, Page } from "./read";
import { recordAll } from "./record";
import type { Recorded } from "./record";
import { bookSidebar, sourceSidebar } from "./sidebars";
import { bookData, codeData } from "./search";
import { sourcePage } from "./source";
import { tellStory } from "./story";
import { assemblerWords } from "./words";

const draft = process.argv.includes("--draft");
const written = new Set<string>();

function write(path: string, text: string): void {
  writeText(made, path, text);
  written.add(join(made, path));
}

/** Removes what an earlier book had and this one has not. */
function sweep(): void {
  for (const entry of fs.readdirSync(made,
    { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const keep = entry.isDirectory() || written.has(path)
      || path.startsWith(join(made, "api"));
    if (!keep) fs.rmSync(path);
  }
}

function writeCaptions(of: string, captions: Captions): number {
  write(`captions/${of}.json`, JSON.stringify(captions));
  return captions.length;
}

/** The pages of the files; how many parts they have. */
function writeSource(places: Places, { files }: Book): number {
  let count = 0;
  for (const file of files) {
    const page = sourcePage(places, file);
    write(`source/${page.path}`, page.text);
    count += writeCaptions(`source/${page.path}`, page.captions);
  }
  const list = files.map((file) => file.path).sort()
    .map((path) => `- [${path}](${sourceUrl(path)})`);
  write("source/all.md", "---\ntitle: All files\nslug: /\n---\n\n"
    + "The program in file order, as the chapters make it. Each part "
    + "leads back to the chapter that tells it.\n\n"
    + `${list.join("\n")}\n`);
  write("source/contributing.md", contributing());
  return count;
}

/** CONTRIBUTING.md as a page; its links lead to the chapters' pages. */
function contributing(): string {
  const text = fs.readFileSync(join(root, "CONTRIBUTING.md"), "utf8")
    .replace(/\]\(chapters\/\d+-([\w-]+)\.md/g, "](/book/$1")
    .replace(/\[([^\]]+)\]\((?![/#]|https?:)[^)]*\)/g, "$1");
  return `---\nslug: /contributing\n---\n\n${text}`;
}

/** The sections with examples, and in them what an edit has to know. */
function forEditing(page: Page): string {
  const sections = page.sections.map((section) => ({ ...section,
    fences: section.fences.filter((one) => one.example || one.output) }))
    .filter((section) => section.fences.some((one) => one.example));
  return JSON.stringify({ path: page.path, sections });
}

/** What is there from the last time; in a draft it is good enough. */
function before(path: string): string | undefined {
  const file = join(made, path);
  return draft && fs.existsSync(file) ? fs.readFileSync(file, "utf8")
    : undefined;
}

/** What examples did, by chapter and line. */
type Outcomes = Record<string, Recorded["outcomes"]>;

async function writeExamples({ pages }: Book, problems: Problem[]) {
  const known: Outcomes = JSON.parse(before("recorded.json") ?? "{}");
  const recorded: Outcomes = {}, changed: Page[] = [];
  for (const page of pages) {
    const woven = weavePage(page, problems);
    if (woven === undefined) continue;
    const { slug } = page, path = `examples/${slug}.ts`;
    const text = `// @ts-nocheck\n${woven}`;
    if (before(path) !== text || !known[slug]) changed.push(page);
    recorded[slug] = known[slug] ?? {};
    write(path, text);
    write(`chapters/${slug}.json`, forEditing(page));
  }
  const ran = await recordAll(changed.map((page) =>
    ({ chapter: page, module: join(made, `examples/${page.slug}`) })));
  for (const [index, { slug }] of changed.entries()) {
    recorded[slug] = ran[index]!.outcomes;
    problems.push(...ran[index]!.problems);
  }
  writeImports(Object.keys(recorded));
  write("recorded.json", JSON.stringify(recorded, null, 1));
  return recorded;
}

/** Each chapter's examples, for the page to load. */
function writeImports(slugs: readonly string[]): void {
  const line = (slug: string, path: string) => `  ${JSON.stringify(slug)}:`
    + ` () => import(${JSON.stringify(path)}),\n`;
  write("examples.ts", "// Each chapter's examples, loaded when asked for.\n"
    + "export const examples: Record<string, () => Promise<\n"
    + "  { default: (() => Promise<void>)[] }>> = {\n"
    + slugs.map((slug) => line(slug, `./examples/${slug}`)).join("")
    + "};\n\n/** The same as they stand in the chapters. */\n"
    + "export const chapters: Record<string, () => Promise<unknown>> = {\n"
    + slugs.map((slug) => line(slug, `./chapters/${slug}.json`)).join("")
    + "};\n");
}

/** What TypeScript has said. */
function writeAsked({ types, names }: Asked): void {
  write("types.json", JSON.stringify(types));
  write("static/search/names.json", JSON.stringify(names.exported));
  for (const [url, known] of names.pages)
    write(`static/names${url}.json`, JSON.stringify(known));
}

async function main(): Promise<void> {
  const problems: Problem[] = [];
  // What it said the last time is good enough for a draft.
  const asked = draft && fs.existsSync(join(made, "types.json"))
    ? undefined : askTypeScript();
  const book = readAll(problems);
  const places = new Places(book);
  const count = writeSource(places, book);
  write("sidebars.json", JSON.stringify({
    book: bookSidebar(book.pages), source: sourceSidebar(book.files) }));
  const recorded = await writeExamples(book, problems);
  for (const page of book.pages)
    writeCaptions(`chapters/${basename(page.path)}`,
      captionsOf(places, page, recorded[page.slug]));
  write("boot.json", JSON.stringify(bootOrder()));
  write("story.json", JSON.stringify(tellStory()));
  write("words.json", JSON.stringify(assemblerWords()));
  write("static/search/book.json", JSON.stringify(bookData(book)));
  write("static/search/code.json", JSON.stringify(codeData(places)));
  if (asked) writeAsked(await asked);
  if (!draft) sweep();
  for (const problem of problems) console.error(formatProblem(problem));
  if (problems.length > 0 && !draft) process.exit(1);
  console.log(`${book.pages.length} chapters and ${book.files.length} `
    + `files in ${count} parts, for website/`);
}

void main();
