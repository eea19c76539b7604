// Links of a page become links within the book.
import type { Page } from "../weave/read";
import { all, get, is, set, tagged, unwrap } from "./tree";
import type { Element } from "./tree";

/** The anchor of a chapter, or of a place in it. */
export const anchor = (slug: string, id?: string): string =>
  id === undefined ? slug : `${slug}--${id}`;

/** Gives what is in a chapter its place in the book: an anchor has the
 * chapter's name before it, and a link leads there. A link to what isn't
 * printed is its text. Behind a caption's link stands the chapter's number
 * where that is another one, as the site has it behind those of the prose. */
export function bind(
  root: Element, { slug }: Page, numbers: ReadonlyMap<string, string>,
): void {
  for (const one of all(root)) {
    const id = get(one, "id");
    if (id !== undefined) set(one, "id", anchor(slug, id));
  }
  const captions = new Set(all(root, (one) => is(one, "caption"))
    .flatMap((one) => tagged(one, "a")));
  for (const link of tagged(root, "a")) {
    const href = get(link, "href") ?? "";
    if (/^https?:/.test(href)) continue;
    const [, there = slug, id] =
      /^(?:[^#?]*\/book\/([\w-]+))?(?:\?[^#]*)?(?:#(.*))?$/.exec(href) ?? [];
    const number = numbers.get(there);
    const here = href.startsWith("#") || href.includes("/book/");
    if (here && number !== undefined) {
      set(link, "href", `#${anchor(there, id && decodeURIComponent(id))}`);
      if (there !== slug && captions.has(link))
        set(link, "data-chapter", number);
    } else if (get(link, "data-chapter")) asText(link);
    else unwrap(link);
  }
}

/** What isn't printed still has a number. */
function asText(link: Element): void {
  link.tagName = link.nodeName = "span";
  set(link, "href", undefined);
}
