// The glossary: its words, what they mean, and which section explains them.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "./read";

/** An entry of the glossary. */
export interface Term {
  /** Its anchor on the glossary's page. */
  readonly id: string;
  /** The word, and others that are told with it. */
  readonly words: readonly string[];
  /** Where it is explained, as the glossary's link says it. */
  readonly where?: string;
  /** Its first sentence, without marks. */
  readonly says: string;
}

/** The chapter that is a glossary. */
export const GLOSSARY = "990-glossary.md";

const entry = /^- \*\*(.+?)\*\*([^]*?)(?=^- \*\*|^#|$(?![^]))/gm;
const bold = /\*\*\[?([^\]*]+)(?:\]\(([^)]*)\))?\*\*/;

/** Text as it reads, without Markdown's marks. */
export function plain(text: string): string {
  return text.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/[*`]/g, "").replace(/\s+/g, " ").trim();
}

/** The entries of a glossary in Markdown. */
export function termsOf(text: string): Term[] {
  return [...text.matchAll(entry)].map(([whole]) => {
    const [, names = "", where] = bold.exec(whole) ?? [];
    const rest = whole.slice(whole.indexOf("**", 4) + 2);
    const others = [...rest.matchAll(new RegExp(bold, "g"))]
      .map(([, name = ""]) => name);
    const words = [...names.split(", "), ...others];
    const said = plain(rest.replace(/^[^:]*:\s/, ""));
    const says = /^.*?\.(?= [A-Z(]|$)/.exec(said)?.[0] ?? said;
    return { id: idOf(words[0]!), words, says, ...(where && { where }) };
  });
}

function idOf(word: string): string {
  return `term-${word.toLowerCase().replace(/[^a-z0-9]+/g, "-")}`;
}

/** The book's. */
export function readGlossary(): Term[] {
  return termsOf(readFileSync(join(root, "chapters", GLOSSARY), "utf8"));
}
