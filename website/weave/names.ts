// What each name in the code means: where it is declared, its type, and the
// first sentence about it. TypeScript is asked, of the whole program.
import { relative } from "node:path";
import * as ts from "typescript";
import type { WovenFile, WovenLine } from "../../src/loom/piece";
import { AsmNames, asmLines, asmName, wordsOf } from "./assembly";
import { plain } from "./glossary";
import type { Name, NamesOfPage } from "../src/names/data";
import { pageUrl, root, sourceUrl } from "./read";
import type { Book } from "./read";
import type { Places } from "./captions";

/** A type that takes longer is cut. */
const LONGEST = 240;

/** The pages' names by the pages' addresses, and all that is exported. */
export interface Names {
  readonly pages: ReadonlyMap<string, NamesOfPage>;
  readonly exported: readonly Name[];
}

class Gathered {
  readonly names: Name[] = [];
  readonly lines: Record<number, number[]> = {};
  private readonly known = new Map<Name, number>();

  /** A name stands in this line, from this column on, both from 0. */
  add(name: Name, line: number, column: number): void {
    if (!this.known.has(name)) this.known.set(name, this.names.push(name) - 1);
    (this.lines[line] ??= []).push(column, this.known.get(name)!);
  }
}

/** All names of the book. */
export function namesOf(
  book: Book, places: Places, program: ts.Program,
): Names {
  const checker = program.getTypeChecker();
  const files = new Map(book.files.map((file) => [file.path, file]));
  const pages = new Map<string, Gathered>();
  const known = new Map<ts.Symbol, Name | undefined>();
  const exported = new Set<Name>();
  const toAssembly = new Map<string, Name | undefined>();

  const page = (url: string): Gathered => {
    if (!pages.has(url)) pages.set(url, new Gathered());
    return pages.get(url)!;
  };

  function nameOf(symbol: ts.Symbol): Name | undefined {
    if (known.has(symbol)) return known.get(symbol);
    const [declaration] = symbol.declarations ?? [];
    const href = declaration && placeOf(declaration);
    const name = href === undefined ? undefined
      : { name: symbol.name, href,
        type: typeOf(checker, symbol, declaration!),
        says: firstSentence(checker, symbol) };
    known.set(symbol, name);
    if (name && isExported(declaration!)) exported.add(name);
    return name;
  }

  /** The address of a declaration: its line in its chapter. */
  function placeOf(declaration: ts.Declaration): string | undefined {
    const name = ts.getNameOfDeclaration(declaration) ?? declaration;
    const source = declaration.getSourceFile();
    const file = files.get(relative(root, source.fileName));
    if (!file) return undefined;
    const { line, character } =
      source.getLineAndCharacterOfPosition(name.getStart());
    const from = origin(file.lines[line]!, character);
    const known = places.owner(from);
    return known && `${pageUrl(known.page)}?line=${from!.line}`;
  }

  function visit(node: ts.Node, file: WovenFile): void {
    if (ts.isIdentifier(node) || ts.isPrivateIdentifier(node))
      meet(node, file);
    const given = asmName(node);
    if (given) give(given, node as ts.Declaration);
    ts.forEachChild(node, (child) => visit(child, file));
  }

  function meet(
    node: ts.Identifier | ts.PrivateIdentifier, file: WovenFile,
  ): void {
    const symbol = symbolOf(checker, node), name = symbol && nameOf(symbol);
    if (!name || name.name !== node.text) return;
    const { line, character } = node.getSourceFile()
      .getLineAndCharacterOfPosition(node.getStart());
    const from = origin(file.lines[line]!, character);
    const known = places.owner(from);
    if (!known || !from) return;
    page(pageUrl(known.page)).add(name, from.line, from.column - 1);
    page(sourceUrl(file.path)).add(name, line + 1, character);
  }

  /** Assembly can know this, unless it could be another. */
  function give(
    { word, type }: { word: string; type?: string }, node: ts.Declaration,
  ): void {
    const symbol = checker.getSymbolAtLocation(ts.getNameOfDeclaration(node)!);
    const name = symbol && nameOf(symbol);
    if (name) toAssembly.set(word, toAssembly.has(word) ? undefined
      : { ...name, name: word, ...(type !== undefined && { type }) });
  }

  function visitAssembly(): void {
    const lines = asmLines(book.files, places);
    const own = new AsmNames(lines, places);
    for (const { file, line, text, from } of lines)
      for (const [word, column] of wordsOf(text)) {
        const name = own.find(file, word) ?? toAssembly.get(word);
        if (!name) continue;
        page(pageUrl(places.owner(from)!.page))
          .add(name, from.line, from.column - 1 + column);
        page(sourceUrl(file.path)).add(name, line + 1, column);
      }
  }

  for (const file of book.files) {
    const source = program.getSourceFile(`${root}/${file.path}`);
    if (source) visit(source, file);
  }
  visitAssembly();
  return { exported: [...exported], pages: new Map([...pages].map(
    ([url, { names, lines }]) => [url, { names, lines }])) };
}

/** Where in a chapter a column of a woven line comes from. */
function origin(line: WovenLine, column: number) {
  let begin = 0;
  for (const { text, from } of line) {
    if (column < begin + text.length)
      return from && { ...from, column: from.column + column - begin };
    begin += text.length;
  }
  return undefined;
}

function symbolOf(
  checker: ts.TypeChecker, node: ts.Identifier | ts.PrivateIdentifier,
): ts.Symbol | undefined {
  const symbol = ts.isShorthandPropertyAssignment(node.parent)
    ? checker.getShorthandAssignmentValueSymbol(node.parent)
    : checker.getSymbolAtLocation(node);
  return symbol && symbol.flags & ts.SymbolFlags.Alias
    ? checker.getAliasedSymbol(symbol) : symbol;
}

/** A declaration as one would write it, without its body. */
function typeOf(
  checker: ts.TypeChecker, symbol: ts.Symbol, declaration: ts.Declaration,
): string {
  const { flags } = symbol;
  const owner = ts.isClassLike(declaration.parent)
    || ts.isInterfaceDeclaration(declaration.parent)
    ? `${declaration.parent.name?.text ?? ""}.` : "";
  if (flags & ts.SymbolFlags.Class) return `class ${symbol.name}`;
  if (flags & ts.SymbolFlags.Interface) return `interface ${symbol.name}`;
  if (flags & ts.SymbolFlags.Enum) return `enum ${symbol.name}`;
  if (flags & ts.SymbolFlags.TypeParameter) return `type ${symbol.name}`;
  const alias = flags & ts.SymbolFlags.TypeAlias;
  const type = alias ? checker.getDeclaredTypeOfSymbol(symbol)
    : checker.getTypeOfSymbolAtLocation(symbol, declaration);
  const said = checker.typeToString(type, undefined, alias
    ? ts.TypeFormatFlags.InTypeAlias : ts.TypeFormatFlags.None);
  const [call, another] = type.getCallSignatures();
  const whole = alias ? `type ${symbol.name} = ${said}`
    : call && !another && flags & (ts.SymbolFlags.Function
      | ts.SymbolFlags.Method)
      ? `${owner}${symbol.name}${checker.signatureToString(call)}`
      : `${owner}${symbol.name}: ${said}`;
  return whole.length <= LONGEST ? whole : `${whole.slice(0, LONGEST)} …`;
}

/** What its comment says first. */
function firstSentence(checker: ts.TypeChecker, symbol: ts.Symbol): string {
  const said = plain(ts.displayPartsToString(
    symbol.getDocumentationComment(checker)));
  return /^.*?[.:](?= |$)/.exec(said)?.[0].replace(/:$/, ".") ?? said;
}

/** Whether other files can use it. */
function isExported(declaration: ts.Declaration): boolean {
  return (ts.getCombinedModifierFlags(declaration) & ts.ModifierFlags.Export)
    !== 0;
}
