// One-token mutants of a source file: an operator that became its neighbour,
// a number that is off by one or by a bit, a condition turned round. In the
// code, and in the assembly that stands in template strings.
import { createHash } from "node:crypto";
import * as ts from "typescript";

/** A file with one token changed. */
export interface Mutant {
  readonly path: string;
  /** Where the token is, from 1. */
  readonly line: number;
  readonly column: number;
  /** The line without its indentation, before and after. */
  readonly was: string;
  readonly is: string;
  /** The whole text, after. */
  readonly text: string;
}

/** A token, and what it could be instead; `start` is its offset. */
interface Point {
  readonly start: number;
  readonly token: string;
  readonly others: readonly string[];
}

const operators: Record<string, readonly string[]> = {
  "<": ["<="], "<=": ["<"], ">": [">="], ">=": [">"],
  "===": ["!=="], "!==": ["==="], "&&": ["||"], "||": ["&&"],
  "+": ["-"], "-": ["+"], "*": ["+"], "/": ["*"], "%": ["/"],
  "&": ["|"], "|": ["&"], "^": ["|"],
  "<<": [">>>"], ">>": [">>>", "<<"], ">>>": [">>", "<<"],
  "+=": ["-="], "-=": ["+="], "|=": ["&=", "="], "&=": ["|=", "="],
  "^=": ["|="], "<<=": [">>>="], ">>=": [">>>="], ">>>=": [">>="],
  "++": ["--"], "--": ["++"], "!": [""], "~": [""],
  true: ["false"], false: ["true"],
};

// Mnemonics come in pairs; a suffix of size stays.
const pairs = ["je jne", "jz jnz", "jb jae", "ja jbe", "jc jnc", "jl jge",
  "jg jle", "js jns", "cli sti", "add sub", "and or", "inc dec", "shl shr",
  "bts btr"].map((pair) => pair.split(" "));

function opposite(mnemonic: string): string[] {
  for (const suffix of ["", "b", "w", "l"])
    for (const [a, b] of pairs) {
      if (mnemonic === a + suffix) return [b + suffix];
      if (mnemonic === b + suffix) return [a + suffix];
    }
  return [];
}

/** Numbers near one that is written so: off by one, half, one bit off. */
function numbers(written: string): string[] {
  const plain = written.replaceAll("_", "");
  const value = Number(plain);
  if (!Number.isSafeInteger(value)) return [];
  if (!/^0x/i.test(plain))
    return [value + 1, ...value > 0 ? [value - 1] : [],
      ...value > 2 && value % 4 === 0 ? [value / 2] : []].map(String);
  const bits = BigInt(value), lowest = bits & -bits;
  const highest = 1n << BigInt(bits.toString(2).length - 1);
  const near = bits === 0n ? [1n] : [bits ^ lowest, bits ^ highest,
    bits ^ lowest << 1n, bits + 1n];
  return near.map((one) => `0x${one.toString(16)}`);
}

/** All the points of a source file. */
function pointsOf(file: ts.SourceFile): Point[] {
  const points: Point[] = [];
  const add = (node: ts.Node, others: readonly string[] = []) => {
    if (others.length > 0)
      points.push({ start: node.getStart(file), token: node.getText(file),
        others });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isImportDeclaration(node)) return;
    if (ts.isNumericLiteral(node)) add(node, numbers(node.getText(file)));
    else if (ts.isBinaryExpression(node))
      add(node.operatorToken, operators[node.operatorToken.getText(file)]);
    else if (node.kind === ts.SyntaxKind.TrueKeyword
      || node.kind === ts.SyntaxKind.FalseKeyword)
      add(node, operators[node.getText(file)]);
    else if (ts.isPrefixUnaryExpression(node)
      || ts.isPostfixUnaryExpression(node))
      unary(node);
    else if (ts.isTemplateLiteralToken(node)
      && node.getText(file).includes("\n"))
      points.push(...assembly(node.getStart(file), node.getText(file)));
    ts.forEachChild(node, visit);
  };
  const unary = (
    node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression,
  ) => {
    const token = ts.tokenToString(node.operator) ?? "";
    const start = ts.isPrefixUnaryExpression(node)
      ? node.getStart(file) : node.operand.getEnd();
    const others = token === "-" ? [""] : operators[token] ?? [];
    if (file.text.startsWith(token, start) && others.length > 0)
      points.push({ start, token, others });
  };
  visit(file);
  return points;
}

/** The points of lines of assembly: mnemonics and numbers. */
function assembly(start: number, text: string): Point[] {
  const points: Point[] = [];
  let at = start;
  for (const line of text.split("\n")) {
    const code = line.replace(/#.*/, "");
    const first = /^\s*(?:[\w.]+:)?\s*/.exec(code)?.[0].length ?? 0;
    const [mnemonic = ""] = /^[\w.]+/.exec(code.slice(first)) ?? [];
    points.push({ start: at + first, token: mnemonic,
      others: opposite(mnemonic) });
    // A number of its own: no local label, no part of a name.
    const found = /^\.(?!byte|long|word)/.test(mnemonic) ? []
      : code.slice(first).matchAll(/(?<![\w.%])(?:0x[\da-f]+|\d+)(?!\w|:)/g);
    for (const { index, 0: token } of found)
      points.push({ start: at + first + index, token,
        others: numbers(token) });
    at += line.length + 1;
  }
  return points.filter(({ others }) => others.length > 0);
}

/** A number from 0 to 2^48 - 1 that depends on all the words. */
function hash(...words: readonly (string | number)[]): number {
  return createHash("sha256").update(words.join("\0")).digest()
    .readUIntBE(0, 6);
}

/** The mutants of a file, one for each token that has others, each with a
 * rank that the seed, the line and the token decide: a change elsewhere in the
 * file moves no other mutant into the sample or out of it. */
export function mutantsOf(
  path: string,
  text: string,
  seed: number,
): { readonly rank: number; readonly mutant: Mutant }[] {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ES2022, true);
  const lines = text.split("\n");
  const seen = new Map<string, number>();
  return pointsOf(file).map(({ start, token, others }) => {
    const { line, character } = file.getLineAndCharacterOfPosition(start);
    const whole = lines[line] ?? "", was = whole.trim();
    const name = [path, was, whole.slice(0, character).trim(), token];
    const key = name.join("\0"), again = seen.get(key) ?? 0;
    seen.set(key, again + 1);
    const other = others[hash("other", seed, again, ...name) % others.length]!;
    const changed = whole.slice(0, character) + other
      + whole.slice(character + token.length);
    return {
      rank: hash(seed, again, ...name),
      mutant: { path, line: line + 1, column: character + 1, was,
        is: changed.trim(),
        text: text.slice(0, start) + other
          + text.slice(start + token.length) },
    };
  });
}

/** Of all mutants of these files, those that the seed puts first. */
export function sample(
  files: readonly { readonly path: string; readonly text: string }[],
  seed: number,
): Mutant[] {
  return files.flatMap(({ path, text }) => mutantsOf(path, text, seed))
    .sort((a, b) => a.rank - b.rank)
    .map(({ mutant }) => mutant);
}
