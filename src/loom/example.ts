// Woven from chapters/860-examples.md.
// One example: what it imports, and what it claims.
import * as ts from "typescript";
import type { Fence, Line } from "./chapter";
import { copied } from "./piece";
import type { Piece, WovenLine } from "./piece";
import type { Place, Problem } from "./problem";

/** A name that an example imports; `text` is "u32" or "type Form". */
export interface Import {
  readonly module: string;
  readonly text: string;
  readonly from: Place;
}

interface Edit {
  readonly offset: number;
  readonly piece: Piece;
  /** Where what it replaces ends: at `offset`, if it replaces nothing. */
  readonly end: number;
}

interface Example {
  readonly fence: Fence;
  readonly text: string;
  readonly source: ts.SourceFile;
  readonly edits: Edit[];
  readonly claimed: Claimed[];
  readonly problems: Problem[];
}

/** A claim, and the place of the expression that it is about. */
export interface Claimed {
  readonly claim: Claim;
  readonly from: Place;
}

/** The lines of an example with its claims made into calls. */
export function weaveExample(
  fence: Fence,
  imports: Import[],
  problems: Problem[],
): WovenLine[] {
  const example = readExample(fence, problems);
  const { source } = example;
  if (!isTypeScript(example)) return [];
  for (const node of source.statements)
    if (ts.isImportDeclaration(node)) {
      readImport(example, node, imports);
      example.edits.push({ offset: node.getStart(), end: node.end,
        piece: { text: ";" } });
    }
  applyClaims(example);
  return applyEdits(example);
}

function readExample(fence: Fence, problems: Problem[]): Example {
  const text = fence.body.map((line) => line.text).join("\n");
  const parse = (text: string) => ts.createSourceFile(
    fence.path, text, ts.ScriptTarget.Latest, true);
  const example = { fence, text, source: parse(text), edits: [],
    claimed: [], problems };
  const ended = endStatements(example);
  return ended === text ? example : { ...example, source: parse(ended) };
}

function applyClaims(example: Example): void {
  const claims = readClaims(example);
  const visit = (node: ts.Node): void => {
    applyClaim(example, node, claims);
    ts.forEachChild(node, visit);
  };
  visit(example.source);
  for (const claim of claims.values()) example.problems.push({
    ...claim.from,
    message: "no statement with a value ends on this line or above it; "
      + "is a semicolon missing?" });
}

/** The claims of an example, and what they are about. */
export function claimsOf(fence: Fence): Claimed[] {
  const example = readExample(fence, []);
  applyClaims(example);
  return example.claimed;
}

function placeAt({ fence, source }: Example, offset: number): Place {
  const at = source.getLineAndCharacterOfPosition(offset);
  const line = fence.body[at.line] ?? fence;
  const column = line.column + at.character;
  return { path: line.path, line: line.line, column };
}

function isTypeScript(example: Example): boolean {
  const wrong = parseErrors(example.source);
  for (const { start = 0, code, messageText } of wrong)
    example.problems.push({ ...placeAt(example, start), message:
      `error TS${code}: ${ts.flattenDiagnosticMessageText(
        messageText, "\n  ")}` });
  return wrong.length === 0;
}

function parseErrors(source: ts.SourceFile): readonly ts.Diagnostic[] {
  const { parseDiagnostics = [] } = source as ts.SourceFile
    & { readonly parseDiagnostics?: readonly ts.Diagnostic[] };
  return parseDiagnostics;
}

function readImport(
  example: Example,
  node: ts.ImportDeclaration,
  imports: Import[],
): void {
  const from = placeAt(example, node.getStart());
  const module = ts.isStringLiteral(node.moduleSpecifier)
    ? node.moduleSpecifier.text : "";
  const names = node.importClause?.namedBindings;
  const ours = /^lguest(\/[\w-]+)?$/.test(module);
  if (!ours || names === undefined || !ts.isNamedImports(names)) {
    example.problems.push({ ...from, message:
      'examples import names from "lguest" and from nowhere else' });
    return;
  }
  const clause = node.importClause?.isTypeOnly ? "type " : "";
  for (const name of names.elements)
    imports.push({ module, text: clause + name.getText(),
      from: placeAt(example, name.getStart()) });
}

const claimMark = /\/\/ (=>|throws) /;

interface Claim {
  readonly kind: "=>" | "throws";
  readonly text: string;
  readonly from: Place;
  /** Where its comment begins in the example. */
  readonly offset: number;
  /** The line of the last comment that belongs to it. */
  readonly lastLine: number;
}

/** The claims of an example, by the number of their line. */
function readClaims(example: Example): Map<number, Claim> {
  const claims = new Map<number, Claim>();
  const texts = example.text.split("\n");
  withoutStrings(example).split("\n").forEach((masked, index) => {
    const match = claimMark.exec(masked);
    if (match === null) {
      const at = masked.search(/\/[/*]\s*(=+>|->|throws\b)/);
      if (at < 0) return;
      const offset = example.source.getPositionOfLineAndCharacter(index, at);
      example.problems.push({ ...placeAt(example, offset), message:
        'this is nearly a claim; write "// => value" or "// throws Name"' });
      return;
    }
    const [opening, kind] = match;
    const start = match.index + opening.length;
    let text = texts[index]?.slice(start) ?? "", last = index;
    while (kind === "=>" && !isWhole(text)) {
      const more = /^\s*\/\/(.*)$/.exec(texts[last + 1] ?? "")?.[1];
      if (more === undefined) break;
      text += more;
      last++;
    }
    const offset = example.source
      .getPositionOfLineAndCharacter(index, match.index);
    const from = placeAt(example, offset + opening.length);
    const lastLine = from.line + last - index;
    if (kind === "=>" && !isWhole(text)) example.problems.push({ ...from,
      message: "what is claimed here is not the expression of a value" });
    else claims.set(index,
      { kind: kind as Claim["kind"], text, from, offset, lastLine });
  });
  return claims;
}

function isWhole(text: string): boolean {
  const source = ts.createSourceFile(
    "claim.ts", `(${text})`, ts.ScriptTarget.Latest);
  const [first] = source.statements;
  return parseErrors(source).length === 0 && first?.end === text.length + 2
    && ts.isExpressionStatement(first)
    && ts.isParenthesizedExpression(first.expression);
}

function withoutStrings({ source, text }: Example): string {
  let masked = text;
  const visit = (node: ts.Node): void => {
    if (ts.isStringLiteralLike(node) || ts.isTemplateExpression(node)
      || ts.isRegularExpressionLiteral(node)) {
      const start = node.getStart();
      const paint = text.slice(start, node.end).replace(/[^\n]/g, "_");
      masked = masked.slice(0, start) + paint + masked.slice(node.end);
    } else ts.forEachChild(node, visit);
  };
  visit(source);
  return masked;
}

function endStatements(example: Example): string {
  const lines = example.text.split("\n");
  const masked = withoutStrings(example).split("\n");
  return lines.map((line, index) => {
    const at = masked[index]?.search(claimMark) ?? -1;
    const next = lines.slice(index + 1)
      .find((one) => !/^\s*(\/[/*].*)?$/.test(one));
    return at < 0 || !/^\s*[[(`+\-/]/.test(next ?? "") ? line
      : line.slice(0, at) + ";".padEnd(line.length - at);
  }).join("\n");
}

function applyClaim(
  example: Example,
  node: ts.Node,
  claims: Map<number, Claim>,
): void {
  const value = claimedValue(node);
  if (value === undefined) return;
  const inner = ts.isVariableStatement(node) ? node.declarationList : value;
  const ended = example.text[node.end - 1] === ";";
  const behind = ended ? node.end : inner.end;
  const end = example.source.getLineAndCharacterOfPosition(behind).line;
  const at = [end, end + 1].find((line) => {
    const offset = claims.get(line)?.offset ?? -1;
    const between = example.text.slice(behind, offset);
    return offset >= behind && /^(\s|\/\*[^]*?\*\/)*$/.test(between);
  });
  const claim = at === undefined ? undefined : claims.get(at);
  if (at === undefined || claim === undefined) return;
  claims.delete(at);
  const from = placeAt(example, value.getStart());
  example.claimed.push({ claim, from });
  const add = (offset: number, text: string, place = from) =>
    example.edits.push({ offset, end: offset,
      piece: { text, from: place, whole: true } });
  const expression = value.getText();
  const said = JSON.stringify(expression.replaceAll(/\s+/g, " ")
    + (claim.kind === "=>" ? ` // => ${claim.text}` : ""));
  const stop = ended ? "" : ";";
  if (claim.kind === "throws") {
    const waits = /\bawait\b/.test(expression);
    add(value.getStart(), waits
      ? "await $loom.rejects(async () => (" : "$loom.throws(() => (");
    add(value.end, `), ${JSON.stringify(claim.text)}, ${said})${stop}`);
  } else if (ts.isVariableStatement(node)) {
    add(behind, `${stop} $loom.equal(${expression}, (`);
    add(behind, claim.text, claim.from);
    add(behind, `), ${said});`);
  } else {
    add(value.getStart(), "$loom.equal((");
    add(value.end, "), (");
    add(value.end, claim.text, claim.from);
    add(value.end, `), ${said})${stop}`);
  }
}

function claimedValue(node: ts.Node): ts.Node | undefined {
  if (ts.isExpressionStatement(node)) return node.expression;
  if (!ts.isVariableStatement(node)) return undefined;
  const [first, ...others] = node.declarationList.declarations;
  if (first === undefined || others.length > 0) return undefined;
  return ts.isIdentifier(first.name) ? first.name : undefined;
}

function applyEdits({ fence, source, edits }: Example): WovenLine[] {
  return fence.body.map((line, index): WovenLine => {
    const start = source.getPositionOfLineAndCharacter(index, 0);
    const end = start + line.text.length;
    const pieces: Piece[] = [];
    let done = start;
    const copy = (until: number) => {
      if (until > done)
        pieces.push(...copied(part(line, done - start, until - start)));
    };
    for (const edit of edits)
      if (edit.offset <= end && edit.end >= start) {
        copy(edit.offset);
        if (edit.offset >= start) pieces.push(edit.piece);
        done = Math.max(done, edit.end);
      }
    copy(end);
    return pieces;
  });
}

function part(line: Line, start: number, end: number): Line {
  const text = line.text.slice(start, end);
  return { ...line, column: line.column + start, text };
}
