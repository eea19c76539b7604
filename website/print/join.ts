// All chapters as one page, and what is wrong with it.
import { existsSync, readFileSync } from "node:fs";
import { extname, join as path } from "node:path";
import { website } from "../test/site";
import type { Chapter } from "./chapters";
import { clean } from "./clean";
import { document } from "./document";
import { bind } from "./links";
import { lost } from "./lost";
import { chapterPages, contents, titlePage } from "./paper";
import { all, get, set, tagged } from "./tree";
import type { Element } from "./tree";

/** The site that is printed. */
export const build = path(website, "build");

/** The book as one page. */
export interface Joined {
  readonly html: string;
  /** What is wrong, each with its chapter. */
  readonly problems: readonly string[];
  readonly links: number;
  readonly figures: number;
  readonly code: number;
}

/** A chapter's page on the site, or undefined. */
function pageOf({ page }: Chapter): string | undefined {
  const file = path(build, "book", `${page.slug}.html`);
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}

/** Joins chapters; `read` gives their pages. */
export function join(
  chapters: readonly Chapter[], read = pageOf,
): Joined {
  const pages = chapters.map(({ page }) => page), problems: string[] = [];
  const numbers = new Map(pages.map(({ slug, number }) => [slug, number]));
  const bound: [Element, string][] = [];
  let part: string | undefined;
  for (const chapter of chapters) {
    const { page } = chapter, html = read(chapter);
    const root = html === undefined ? undefined : clean(html, page);
    if (root === undefined) {
      problems.push(`${page.path}: the site has no page of it`);
      continue;
    }
    for (const one of [...lost(root, chapter), ...pictures(root)])
      problems.push(`${page.path}: ${one}`);
    bind(root, page, numbers);
    const article = chapterPages(root, page, part !== page.part);
    part = page.part;
    bound.push([article, page.path]);
  }
  problems.push(...broken(bound));
  const articles = bound.map(([article]) => article);
  const count = (name: string): number =>
    articles.reduce((sum, one) => sum + tagged(one, name).length, 0);
  return { problems, links: count("a"), figures: count("figure"),
    code: count("pre"), html: document(
      [titlePage(), contents(pages), ...articles], pages) };
}

/** Puts pictures into the page, which has no folder; tells of those that
 * can't be found or show nothing. */
function pictures(root: Element): string[] {
  const wrong: string[] = [];
  for (const image of tagged(root, "img")) {
    const name = get(image, "src") ?? "", file = path(build, name);
    if (existsSync(file)) set(image, "src", `data:image/${
      extname(file).slice(1).replace("svg", "svg+xml")};base64,${
      readFileSync(file).toString("base64")}`);
    else wrong.push(`there is no picture ${name}`);
  }
  for (const figure of tagged(root, "figure"))
    if (all(figure, ({ tagName }) => /^(text|img)$/.test(tagName))
      .length === 0) wrong.push("a figure shows nothing");
  return wrong;
}

/** Tells of anchors that are there twice, and of links without one. */
function broken(articles: readonly [Element, string][]): string[] {
  const owners = new Map<string, string>(), wrong: string[] = [];
  for (const [article, path] of articles)
    for (const one of [article, ...all(article)]) {
      const id = get(one, "id");
      if (id === undefined) continue;
      if (owners.has(id)) wrong.push(`${path}: #${id} is there twice`);
      owners.set(id, path);
    }
  for (const [article, path] of articles)
    for (const link of tagged(article, "a")) {
      const href = get(link, "href") ?? "";
      if (href.startsWith("#") && !owners.has(href.slice(1)))
        wrong.push(`${path}: a link leads to ${href}, which isn't there`);
    }
  return wrong;
}
