// What the page searches: the book's prose by section, the words of its
// glossary, and its code by fence.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import Slugger from "github-slugger";
import type { Section } from "../../src/loom/chapter";
import type { BookData, CodeData, Word } from "../src/search/data";
import { plain, readGlossary } from "./glossary";
import type { Term } from "./glossary";
import type { Places } from "./captions";
import { pageUrl, root } from "./read";
import type { Book, Page } from "./read";

interface Told extends Section {
  readonly anchor: string;
}

/** The sections of a page with the anchors that Docusaurus gives them; the
 * first, with the chapter's title, has none. */
function anchored(page: Page): Told[] {
  const slugger = new Slugger();
  return page.sections.filter((section) => section.title !== "")
    .map((section, index) => {
      const anchor = slugger.slug(plain(section.title));
      return { ...section, anchor: index === 0 ? "" : `#${anchor}` };
    });
}

/** A section's prose: without its heading and its fences. */
function prose(
  lines: readonly string[], section: Section, end: number,
): string {
  const fenced = new Set<number>();
  for (const { line, body } of section.fences)
    for (let at = line; at <= line + body.length + 1; at++) fenced.add(at);
  return plain(lines.slice(section.line, end)
    .filter((_, index) => !fenced.has(section.line + 1 + index))
    .join("\n"));
}

/** The book as it is searched. */
export function bookData({ pages }: Book): BookData {
  const sections = pages.flatMap((page, chapter) => {
    const lines = readFileSync(join(root, page.path), "utf8").split("\n");
    const told = anchored(page);
    return told.map((section, index): BookData["sections"][number] =>
      [chapter, plain(section.title), section.anchor, prose(lines, section,
        (told[index + 1]?.line ?? lines.length + 1) - 1)]);
  });
  return { sections,
    chapters: pages.map((page) =>
      [page.number, page.subtitle, pageUrl(page)]),
    words: readGlossary().map((term) => word(term, pages)) };
}

/** A word, with the section that explains it. */
function word({ id, words, says, where }: Term, pages: readonly Page[]): Word {
  const [name, anchor] = where?.split("#") ?? [];
  const page = pages.find(({ path }) => path === `chapters/${name}`);
  return { words, says, id, ...(page && {
    href: pageUrl(page) + (anchor === undefined ? "" : `#${anchor}`) }) };
}

/** The code as it is searched: each fence with its lines. */
export function codeData(places: Places): CodeData {
  return [...places.all.values()]
    .filter(({ fence }) => fence.file ?? fence.chunk)
    .map(({ fence, href }) => [fence.chunk ?? fence.file ?? "", href,
      fence.body.map(({ text }) => text).join("\n")]);
}

