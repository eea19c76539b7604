// A chapter's page without what is nothing on paper: buttons, and what they
// would do; what is folded is opened.
import type { Page } from "../weave/read";
import { fitted, plainCode } from "./code";
import { all, drop, get, is, make, readPage, replace, set, tagged, text,
  unwrap } from "./tree";
import type { Element } from "./tree";

/** The chapter that a page of the site holds, or undefined. */
export function clean(html: string, page: Page): Element | undefined {
  const [root] = all(readPage(chapterIn(html)),
    (one) => is(one, "theme-doc-markdown"));
  if (root === undefined) return undefined;
  plainCode(root);
  for (const one of all(root)) plainNames(one);
  for (const one of all(root, isNoPaper)) drop(one);
  for (const one of tagged(root, "details")) open(one);
  for (const one of all(root, ({ tagName }) => tagName === "section"))
    machine(one);
  for (const one of all(root, (one) => is(one, "output"))) fitted(one);
  printOnce(root, page);
  for (const one of all(root)) plainAttributes(one);
  return root;
}

/** The part of a page that has the chapter; the menus around it take as long
 * to read as a short one. */
function chapterIn(html: string): string {
  const begin = html.indexOf('<div class="theme-doc-markdown');
  const end = html.indexOf("</article>", begin);
  return html.slice(Math.max(begin, 0), end < 0 ? undefined : end);
}

/** The classes of a module without what its builder has put behind them. */
function plainNames(element: Element): void {
  const names = get(element, "class");
  if (names) set(element, "class", names.replace(/_[\w-]{4}(?= |$)/g, ""));
}

function isNoPaper(one: Element): boolean {
  return one.tagName === "button" || one.tagName === "script"
    || one.tagName === "details" && is(one, "words")
    || is(one, "hash-link") || is(one, "bar")
    || get(one, "role") === "alert";
}

function open(details: Element): void {
  for (const one of tagged(details, "summary")) unwrap(one);
  unwrap(details);
}

/** Of a machine stays what it has said, and how it ended. */
function machine(section: Element): void {
  const said = all(section, (one) => is(one, "recorded")).map((one) =>
    make("pre", { class: "output" }, text(one)));
  const ended = all(section, (one) => is(one, "ending")).map((one) =>
    make("p", { class: "ending" }, text(one)));
  replace(section, [...said, ...ended]);
}

/** What stands in the chapter as an example's output isn't said again by
 * the example. */
function printOnce(root: Element, page: Page): void {
  const byId = new Map(all(root).map((one) => [get(one, "id"), one]));
  for (const { fences } of page.sections)
    fences.forEach((fence, index) => {
      const printer = fences.slice(0, index)
        .findLast((one) => one.example !== undefined);
      const shown = byId.get(`example-${fence.line}`);
      const example = byId.get(`example-${printer?.line}`);
      if (!fence.output || !shown || !example) return;
      const printed = all(example, isPrinted);
      const same = tagged(shown, "figure").length > 0
        || said(all(shown, (one) => is(one, "code"))) === said(printed);
      if (same) printed.forEach(drop);
    });
}

const said = (blocks: readonly Element[]): string =>
  blocks.map(text).join("\n").trimEnd();

const isPrinted = (one: Element): boolean =>
  one.tagName === "figure" || is(one, "output");

const kept = new Set(["id", "class", "href", "src", "alt", "start",
  "colspan", "rowspan", "data-words", "data-chapter"]);

/** Drops what was for the mouse, the keyboard and the screen reader. */
function plainAttributes(one: Element): void {
  if (one.tagName === "svg") return lettersWide(one);
  if (/svg$/.test(one.namespaceURI)) return;
  const align = /text-align: ?(\w+)/.exec(get(one, "style") ?? "")?.[1];
  one.attrs = one.attrs.filter(({ name, value }) =>
    kept.has(name) && value !== "");
  if (align) set(one, "class", align);
}

/** A picture is as wide as its letters. */
function lettersWide(svg: Element): void {
  const size = Number(get(svg, "font-size"));
  const wide = Number(get(svg, "viewBox")?.split(" ")[2]);
  set(svg, "style", `width: ${(wide / size).toFixed(2)}em`);
}
