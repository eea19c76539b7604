// Teaches the highlighter our assembly: GNU as, AT&T syntax.
import type { Grammar } from "prismjs";

const asm: Grammar = {
  comment: /#.*/,
  string: /"(?:\\.|[^"\\\n])*"/,
  label: { pattern: /^[ \t]*[\w.$]+:/m },
  directive: { pattern: /(^|\s)\.[a-z]\w*/, lookbehind: true },
  register: /%\w+/,
  number: /\$?-?\b(?:0x[\da-f]+|\d+[bf]?)\b/i,
  keyword: {
    pattern: /(^[ \t]*|:[ \t]*)(?:(?:lock|repn?[ez]?)\s+)?[a-z]\w*/m,
    lookbehind: true,
  },
};

export default function include(prism: {
  languages: Record<string, Grammar> }): void {
  prism.languages["asm"] = asm;
}
