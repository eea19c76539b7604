// Code on paper. The site has an element for every line and every word; here
// it is one text, with elements for comments and links alone. Where the
// other coloured words are stands in an attribute, and the browser colours
// them as it does what is found in a page, without elements: with them, all
// of it would take twice as long.
import { all, get, is, isElement, make, replace, set, text } from "./tree";
import type { Element, Node } from "./tree";

/** The colour of a word by its classes: the last that has one. */
const colours: Readonly<Record<string, string>> = {
  keyword: "keyword", directive: "keyword", string: "literal",
  number: "literal", boolean: "literal", regex: "literal",
  "template-string": "literal", function: "name", label: "name",
  "class-name": "name", register: "name", comment: "comment",
};

function colourOf(token: Element): string | undefined {
  return get(token, "class")?.split(" ")
    .flatMap((name) => colours[name] ?? []).at(-1);
}

/** Makes all code blocks below what paper needs. */
export function plainCode(root: Element): void {
  for (const block of all(root, (one) => is(one, "theme-code-block"))) {
    const [code] = all(block, ({ tagName }) => tagName === "code");
    if (code) replace(block, [fitted(make("pre", { class: "code" },
      plain(code)))]);
  }
}

/** Lines that stay together, and letters that have room in one. */
const SHORT = 10, ROOM = 83;

/** Says whether a block is short, or wider than the page. */
export function fitted(block: Element): Element {
  const lines = text(block).trimEnd().split("\n");
  const names = [get(block, "class"),
    lines.length <= SHORT && "short",
    lines.some(({ length }) => length > ROOM) && "wide"];
  set(block, "class", names.filter((one) => one).join(" "));
  return block;
}

/** One text with words, which are written as "k3,6": a keyword of six
 * letters behind three others that have no colour. */
function plain(code: Element): Element {
  const parts: (Node | string)[] = [], words: string[] = [];
  let since = 0;
  const say = (part: Node | string, colour?: string): void => {
    const { length } = typeof part === "string" ? part : text(part);
    if (typeof part === "string" && typeof parts.at(-1) === "string")
      parts.push(String(parts.pop()) + part);
    else if (length > 0) parts.push(part);
    if (colour === undefined || length === 0) since += length;
    else {
      words.push(`${colour[0]}${since},${length}`);
      since = 0;
    }
  };
  const lines = all(code, (one) => is(one, "token-line"));
  lines.forEach((line, index) => {
    for (const one of line.childNodes)
      if (isElement(one) && one.tagName !== "br") token(one, say);
    if (index < lines.length - 1) say("\n");
  });
  const made = make("code", {}, ...parts);
  if (words.length > 0) set(made, "data-words", words.join(" "));
  return made;
}

/** A token, or a link around one. */
function token(
  one: Element, say: (part: Node | string, colour?: string) => void,
): void {
  const [inner = one] = all(one, (child) => is(child, "token"));
  const colour = colourOf(inner), content = text(one);
  const words: Node | string = colour === "comment"
    ? make("em", {}, content) : content;
  if (one.tagName === "a")
    say(make("a", { href: get(one, "href") ?? "" }, words));
  else if (colour === "comment") say(words);
  else say(content, colour);
}

/** What the page runs, to colour the words of all its code. */
export function colourWords(): void {
  const marks: Record<string, Highlight> = { k: new Highlight(),
    l: new Highlight(), n: new Highlight() };
  for (const code of document.querySelectorAll<HTMLElement>("[data-words]")) {
    const texts = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
    let node = texts.nextNode(), begin = 0, at = 0;
    for (const word of code.dataset["words"]!.split(" ")) {
      const [skip, length] = word.slice(1).split(",").map(Number);
      at += skip!;
      while (node && at >= begin + node.textContent!.length) {
        begin += node.textContent!.length;
        node = texts.nextNode();
      }
      if (node) marks[word[0]!]!.add(new StaticRange({
        startContainer: node, startOffset: at - begin,
        endContainer: node, endOffset: at - begin + length! }));
      at += length!;
    }
  }
  CSS.highlights.set("keyword", marks["k"]!);
  CSS.highlights.set("literal", marks["l"]!);
  CSS.highlights.set("name", marks["n"]!);
}
