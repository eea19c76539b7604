// Teaches the highlighter our assembly: GNU as, AT&T syntax, and no word that
// our assembler doesn't know.
import type { Grammar } from "prismjs";
import words from "@site/.woven/words.json";

/** One of these words. */
const one = (of: keyof typeof words) =>
  `(?:${words[of].replaceAll(".", "\\.").replaceAll(" ", "|")})(?![\\w.])`;

const asm: Grammar = {
  comment: /#.*/,
  string: /"(?:\\.|[^"\\\n])*"/,
  label: /^[ \t]*[\w.$]+:/m,
  keyword: {
    pattern: RegExp(`((?:^|[:;])[ \\t]*)(?:${one("prefixes")}[ \\t]+)*`
      + one("mnemonics"), "m"),
    lookbehind: true,
  },
  directive: { pattern: RegExp(`(^|[\\s:;])${one("directives")}`, "m"),
    lookbehind: true },
  register: RegExp(`%${one("registers")}`, "i"),
  number: /\$?-?\b(?:0x[\da-f]+|\d+[bf]?)\b/i,
};

export default function include(prism: {
  languages: Record<string, Grammar> }): void {
  prism.languages["asm"] = asm;
}
