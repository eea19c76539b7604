// What each word of assembly means: labels and constants of the text itself,
// fields of structures, and constants that TypeScript hands to it.
import * as ts from "typescript";
import type { Place } from "../../src/loom/problem";
import type { WovenFile } from "../../src/loom/piece";
import { lineText } from "../../src/loom/piece";
import type { Name } from "../src/names/data";
import type { Places } from "./captions";
import { pageUrl } from "./read";

/** A line of assembly in a woven file, and where in which chapter the
 * same text stands. */
export interface AsmLine {
  readonly file: WovenFile;
  /** From 0, in the file. */
  readonly line: number;
  readonly text: string;
  readonly from: Place;
}

/** All lines of assembly, in the order of the files. */
export function asmLines(
  files: readonly WovenFile[], places: Places,
): AsmLine[] {
  return files.flatMap((file) => file.lines.flatMap((pieces, line) => {
    const first = pieces.find(({ from, text }) => from && text !== "");
    const owner = places.owner(first?.from);
    if (!first?.from || owner?.fence.language !== "asm") return [];
    const at = lineText(pieces).indexOf(first.text);
    return [{ file, line, text: lineText(pieces),
      from: { ...first.from, column: first.from.column - at } }];
  }));
}

const label = /^\s*([A-Za-z_.][\w.]*):([^#]*)(?:#\s*(.*))?/;
const constant = /^\s*\.equ\s+([A-Za-z_.][\w.]*)\s*,([^#]*)(?:#\s*(.*))?/;
const remark = /^\s*#\s*(?!<<)(.*)/;

/** What is defined in assembly, file by file; what another file defines, if
 * it is the only one. */
export class AsmNames {
  private readonly here = new Map<string, Name | undefined>();
  private readonly anywhere = new Map<string, Name | undefined>();

  constructor(lines: readonly AsmLine[], places: Places) {
    for (const [index, one] of lines.entries()) {
      const [, name, value, said] = constant.exec(one.text) ?? [];
      const [, mark, rest, heard] = label.exec(one.text) ?? [];
      const word = name ?? mark;
      if (word === undefined) continue;
      const page = places.owner(one.from)!.page;
      this.add(one.file, { name: word,
        type: mark === undefined ? `.equ ${word}, ${value!.trim()}`
          : `${word}: ${rest!.trim()}`.replace(/^(.*): $/, "label $1"),
        says: said ?? heard ?? above(lines, index),
        href: `${pageUrl(page)}?line=${one.from.line}` });
    }
  }

  private add(file: WovenFile, name: Name): void {
    const key = `${file.path} ${name.name}`;
    if (!this.here.has(key)) this.here.set(key, name);
    this.anywhere.set(name.name,
      this.anywhere.has(name.name) ? undefined : name);
  }

  find(file: WovenFile, word: string): Name | undefined {
    return this.here.get(`${file.path} ${word}`) ?? this.anywhere.get(word);
  }
}

/** The lines of comment right above a line, as one. */
function above(lines: readonly AsmLine[], index: number): string {
  const said: string[] = [];
  for (let at = index - 1; at >= 0; at--) {
    const one = remark.exec(lines[at]!.text)?.[1];
    if (one === undefined) break;
    said.unshift(one);
  }
  return said.join(" ");
}

const CONSTANT = /^[A-Z][A-Z0-9_]*$/;

/** If a declaration is one that assembly can know: how it is called there,
 * and what to say of it in place of its type. */
export function asmName(
  node: ts.Node,
): { word: string; type?: string } | undefined {
  if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name)
    && CONSTANT.test(node.name.text)) return { word: node.name.text };
  if (!ts.isPropertyAssignment(node) || !ts.isIdentifier(node.name))
    return undefined;
  const field = node.name.text, value = node.initializer.getText();
  const call = node.parent.parent, object = node.parent;
  if (ts.isCallExpression(call) && call.expression.getText() === "structure"
    && ts.isStringLiteral(call.arguments[0]!) && object === call.arguments[1])
    return { word: `${call.arguments[0].text}_${field}`,
      type: `${call.arguments[0].text}.${field}: ${value}` };
  return CONSTANT.test(field) ? { word: field } : undefined;
}

const anyWord = /[A-Za-z_.][\w.]*/g;

/** The words of a line that may be names, and where they begin: neither
 * registers nor what is in strings and comments. */
export function wordsOf(text: string): [word: string, column: number][] {
  const code = text.replace(/"(?:\\.|[^"\\])*"/g, (said) =>
    " ".repeat(said.length)).replace(/#.*/, "");
  return [...code.matchAll(anyWord)]
    .filter(({ index }) => code[index - 1] !== "%")
    .map((match) => [match[0], match.index]);
}
