// Words of the glossary: each has an anchor there, and leads there from
// where a chapter first uses it.
import { basename } from "node:path";
import { GLOSSARY, readGlossary } from "../weave/glossary";
import type { Term } from "../weave/glossary";
import { addProperties } from "./node";
import type { Node } from "./node";

/** Words that mostly mean what they mean every day. */
const everyday = new Set(("lguest post ring home guard load page frame kill "
  + "module block board clock event example chapter chunk loom storage "
  + "signal flush available used notify accessed dirty scratch slice "
  + "semantics builder abort tangle").split(" "));

const terms = readGlossary();
const byWord = new Map(terms.flatMap((term) => term.words
  .filter((word) => !everyday.has(word)).map((word) => [word, term])));

const anyWord = new RegExp("(?<![\\w-])(?:"
  + [...byWord.keys()].sort((a, b) => b.length - a.length).join("|")
  + ")(?=s?(?![\\w-]))");

/** Where no link may be, or no word is explained. */
const closed = new Set(["link", "linkReference", "heading", "strong",
  "table", "html"]);

/** A remark plugin. */
export function glossary() {
  return (tree: Node, { path }: { path: string }): void => {
    const name = basename(path);
    if (name === GLOSSARY) return anchors(tree);
    const seen = new Set(terms.filter(({ where }) =>
      where?.startsWith(name)));
    const visit = (node: Node): void => {
      if (closed.has(node.type) || !node.children) return;
      node.children = node.children.flatMap((child) => firstUse(child, seen));
      node.children.forEach(visit);
    };
    visit(tree);
  };
}

/** A text, cut where a word is used for the first time. */
function firstUse(node: Node, seen: Set<Term>): Node[] {
  const { type, value = "" } = node;
  if (type === "inlineCode") {
    const term = byWord.get(value);
    return term && take(term, seen) ? [lead(term, node)] : [node];
  }
  if (type !== "text") return [node];
  const parts: Node[] = [];
  let rest = value, done = "";
  for (let found; (found = anyWord.exec(rest));) {
    const [word] = found, term = byWord.get(word)!;
    const before = rest.slice(0, found.index);
    rest = rest.slice(found.index + word.length);
    if (!take(term, seen)) {
      done += before + word;
      continue;
    }
    parts.push({ type, value: done + before },
      lead(term, { type, value: word }));
    done = "";
  }
  return [...parts, { type, value: done + rest }]
    .filter((part) => part.value !== "");
}

/** Whether nobody has met this one yet. */
function take(term: Term, seen: Set<Term>): boolean {
  return !seen.has(term) && !!seen.add(term);
}

function lead({ id, says }: Term, child: Node): Node {
  return { type: "link", url: `/book/glossary#${id}`, title: says,
    children: [child], data: { hProperties: { className: "term" } } };
}

/** Gives each entry of the glossary its anchor. */
function anchors(tree: Node): void {
  let next = 0;
  const visit = (node: Node): void => {
    const first = node.type === "listItem"
      && node.children?.[0]?.children?.[0];
    if (first && first.type === "strong")
      addProperties(node, { id: terms[next++]!.id });
    node.children?.forEach(visit);
  };
  visit(tree);
}
