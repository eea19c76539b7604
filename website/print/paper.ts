// What only a printed book has: a title, a table of contents, parts.
import type { Page } from "../weave/read";
import { anchor } from "./links";
import { all, drop, is, make, tagged } from "./tree";
import type { Element } from "./tree";

/** The first page. */
export function titlePage(): Element {
  return make("section", { class: "title" },
    make("p", { class: "name" }, "lguest in TypeScript"),
    make("p", {}, "The little x86 hypervisor, told as a book that is the "
      + "program"),
    make("p", { class: "note" }, "Every line of the program is told "
      + "somewhere in this book. What its examples print is what they "
      + "printed when it was made. A small number behind a link is the "
      + "number of the chapter that it leads to, as it stands above each "
      + "page."));
}

/** The table of contents. */
export function contents(pages: readonly Page[]): Element {
  const parts = [...new Set(pages.map(({ part }) => part))];
  return make("nav", { class: "contents" },
    make("h1", {}, "Contents"),
    ...parts.map((part) => make("section", {},
      make("p", { class: "part" }, part),
      make("ol", {}, ...pages.filter((page) => page.part === part)
        .map(contentsLine)))));
}

function contentsLine({ number, slug, subtitle, title }: Page): Element {
  return make("li", {}, make("a", { href: `#${anchor(slug)}` },
    make("span", { class: "number" }, number), " ",
    make("span", {}, subtitle, " ", make("i", {}, title)), " ",
    make("span", { class: "page" })));
}

/** A chapter, on pages of its own; the first of a part says so. A heading
 * is one level below the one that it has on the site, for the parts are
 * above them all. */
export function chapterPages(
  root: Element, { number, slug, part, subtitle }: Page, first: boolean,
): Element {
  for (const level of [3, 2])
    for (const one of tagged(root, `h${level}`))
      one.tagName = one.nodeName = `h${level + 1}`;
  const titles = tagged(root, "h1");
  for (const one of all(root, (one) => is(one, "chapter-name"))) drop(one);
  for (const one of tagged(root, "header")) drop(one);
  return make("article", { id: anchor(slug), class: `chapter-${number}` },
    ...(first ? [make("h1", { class: "part" }, part)] : []),
    make("h2", {}, `${number} · ${subtitle}`),
    ...titles.map((one) => make("p", { class: "in-which" },
      ...one.childNodes)),
    ...root.childNodes);
}
