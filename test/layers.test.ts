// The rules of the layers: who may import whom, who may know the time,
// and what semantics may do with a Value.
import * as fs from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import * as ts from "typescript";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { codeLines, drawLayers, importsOf, roomsOf } from "../src/loom";

const test = suite("layers");
const root = resolve(__dirname, "..");

// Each layer with those that it may import, beside itself.
const machineAndBelow = ["table", "machine", "assembler"];
const lguestAndBelow = [...machineAndBelow, "host", "lguest"];
const layers: Record<string, readonly string[]> = {
  table: [],
  machine: ["table"],
  assembler: ["table"],
  guest: ["assembler"],
  host: machineAndBelow,
  lguest: [...machineAndBelow, "host"],
  launcher: [...lguestAndBelow, "guest"],
  debug: lguestAndBelow,
  cli: [...lguestAndBelow, "guest", "launcher", "debug"],
  loom: [],
};
// They alone may use Node, and know what time it is.
const worldly = ["cli", "loom"];

interface Source {
  readonly path: string;
  readonly layer: string;
  readonly file: ts.SourceFile;
}

function sources(): Source[] {
  return fs.readdirSync(join(root, "src"), { recursive: true })
    .map((name) => String(name).replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".ts") && name !== "index.ts")
    .map((name) => ({
      path: `src/${name}`,
      layer: name.split("/")[0] ?? "",
      file: ts.createSourceFile(name,
        fs.readFileSync(join(root, "src", name), "utf8"),
        ts.ScriptTarget.Latest, true),
    }));
}

function place(source: ts.SourceFile, path: string, node: ts.Node): string {
  const at = source.getLineAndCharacterOfPosition(node.getStart());
  return `${path}:${at.line + 1}:${at.character + 1}`;
}

const known = new Map<ts.SourceFile, ts.Node[]>();

/** All nodes of a tree, in order, tokens left out. */
function nodes(file: ts.SourceFile): ts.Node[] {
  let found = known.get(file);
  if (found === undefined) known.set(file, found = []);
  else return found;
  const visit = (node: ts.Node) => {
    known.get(file)?.push(node);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/** The specifiers of imports and re-exports, with their nodes. */
function imports(file: ts.SourceFile): ts.StringLiteral[] {
  return [...nodes(file)].flatMap((node) => {
    const specifier = ts.isImportDeclaration(node)
      || ts.isExportDeclaration(node) ? node.moduleSpecifier
      : ts.isCallExpression(node) && (node.expression.getText() === "require"
        || node.expression.kind === ts.SyntaxKind.ImportKeyword)
        ? node.arguments[0] : undefined;
    return specifier && ts.isStringLiteral(specifier) ? [specifier] : [];
  });
}

const all = sources();

test("every folder in src/ is a layer that we know", () => {
  const folders = new Set(all.map(({ layer }) => layer));
  assert.equal([...folders].filter((name) => !(name in layers)), []);
});

test("the book's map of the layers is drawn from the imports", () => {
  const sources = new Map(all.map(
    ({ path, file }) => [path, file.getFullText()]));
  const chapter = fs.readFileSync(
    join(root, "chapters/890-change.md"), "utf8");
  assert.is(/^```text layers\n([^]*?)\n```$/m.exec(chapter)?.[1],
    drawLayers(importsOf(sources)), "npm run layers prints what is right");
});

test("lguest can be read in an evening, and the book says how long", () => {
  const lines = codeLines(new Map(all.map(
    ({ path, file }) => [path, file.getFullText()])), "lguest");
  const chapter = fs.readFileSync(
    join(root, "chapters/890-change.md"), "utf8");
  assert.ok(chapter.includes(
    `\`\`\`text lguest\nlguest: ${lines} lines of code\n\`\`\`\n`),
  `npm run layers prints what is right: ${lines}`);
  assert.ok(lines > 1000 && lines <= 2000, `${lines} lines`);
  assert.is(codeLines(new Map([["src/a/x.ts",
    "// one\n\n/** two\n * three */\nfour();\nconst five = `\n# six\n" +
    "  hlt\n`;"],
  ["src/b/y.ts", "seven();"]]), "a"), 4);
});

test("layers import one way", () => {
  const wrong: string[] = [];
  for (const { path, layer, file } of all)
    for (const specifier of imports(file)) {
      if (!specifier.text.startsWith(".")) continue;
      const target = relative(join(root, "src"),
        resolve(root, dirname(path), specifier.text)).replaceAll("\\", "/");
      const other = target.split("/")[0] ?? "";
      if (other !== layer && !layers[layer]?.includes(other))
        wrong.push(`${place(file, path, specifier)}: ${layer} imports ${
          other === "" ? "the barrel of everything" : other}`);
    }
  assert.equal(wrong, []);
});

test("the Host has never heard of lguest", () => {
  const heard = all.filter(({ layer }) => layer === "host")
    .flatMap(({ path, file }) => file.text.split("\n").slice(1)
      .flatMap((line, i) => /guest|launcher|switcher|vcpu/i.test(line)
        ? [`${path}:${i + 2}: ${line.trim()}`] : []));
  assert.equal(heard, []);
});

// The machine is a layer with rooms: folders, and the whole of it, which is
// what lies directly in src/machine. Types count as much as values here.
const rooms: Record<string, readonly string[]> = {
  ground: [],
  cpu: ["ground"],
  instructions: ["ground", "cpu"],
  pc: ["ground", "cpu"],
  whole: ["ground", "cpu", "instructions", "pc"],
};

/** The path of the file that an import or export names, from the root. */
function fileOf(path: string, specifier: string): string {
  const at = relative(root, resolve(root, dirname(path), specifier))
    .replaceAll("\\", "/");
  return all.some((one) => one.path === `${at}.ts`) ? `${at}.ts`
    : `${at}/index.ts`;
}

function roomOf(path: string): string | undefined {
  const [, layer, room, ...inside] = path.split("/");
  if (layer !== "machine") return undefined;
  return inside.length ? room : "whole";
}

/** Imports from one room of the machine into another that isn't below. */
function astray(sources: readonly Source[]): string[] {
  return sources.flatMap(({ path, file }) => imports(file).flatMap((node) => {
    const from = roomOf(path), to = roomOf(fileOf(path, node.text));
    if (from === undefined || to === undefined || from === to) return [];
    return rooms[from]?.includes(to) ? []
      : [`${place(file, path, node)}: ${from} imports ${to}`];
  }));
}

/** A source that isn't in src/. */
function planted(path: string, text: string): Source {
  return { path, layer: path.split("/")[1] ?? "", file: ts.createSourceFile(
    path, text, ts.ScriptTarget.Latest, true) };
}

test("rooms of the machine import one way, types included", () => {
  assert.equal(astray(all), []);
  assert.equal([...new Set(all.map(({ path }) => roomOf(path)))]
    .filter((room) => room !== undefined && !(room in rooms)), []);
});

test("an import into a room above is found, were it of a type", () => {
  assert.equal(astray([
    planted("src/machine/ground/bus.ts",
      'import { panic } from "./numbers";\n' +
      'import type { Cpu } from "../cpu/cpu";\n'),
    planted("src/machine/pc/pit.ts", 'import { Machine } from "../machine";\n'),
    planted("src/machine/machine.ts", 'import { Cpu } from "./cpu/cpu";\n'),
  ]), ["src/machine/ground/bus.ts:2:26: ground imports cpu",
    "src/machine/pc/pit.ts:1:25: pc imports whole"]);
});

test("the book's map of the machine's rooms is drawn from the imports", () => {
  const sources = new Map(all.map(
    ({ path, file }) => [path, file.getFullText()]));
  const chapter = fs.readFileSync(
    join(root, "chapters/768-machine.md"), "utf8");
  assert.is(/^```text rooms\n([^]*?)\n```$/m.exec(chapter)?.[1],
    drawLayers(importsOf(roomsOf(sources, "machine"))),
    "npm run layers prints what is right");
});

// Who imports a value needs it to be there already, so values must not go
// in circles. Types may, within a room: they are gone when the code runs.

/** Whether an import or export is of types alone. */
function isOfTypes(node: ts.ImportDeclaration | ts.ExportDeclaration) {
  if (ts.isExportDeclaration(node)) {
    const { exportClause: names } = node;
    return node.isTypeOnly || (names !== undefined && ts.isNamedExports(names)
      && names.elements.every((one) => one.isTypeOnly));
  }
  const clause = node.importClause, names = clause?.namedBindings;
  return clause !== undefined && (clause.isTypeOnly || (!clause.name
    && names !== undefined && ts.isNamedImports(names)
    && names.elements.every((one) => one.isTypeOnly)));
}

/** Of each file, from which others it imports: anything, or only those
 * from which it imports values. */
function graphOf(
  sources: readonly Source[], what: "anything" | "values",
): Map<string, string[]> {
  return new Map(sources.map(({ path, file }) => [path,
    file.statements.flatMap((node) =>
      (ts.isImportDeclaration(node) || ts.isExportDeclaration(node))
        && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)
        && node.moduleSpecifier.text.startsWith(".")
        && (what === "anything" || !isOfTypes(node))
        ? [fileOf(path, node.moduleSpecifier.text)] : [])]));
}

/** A way through a graph that comes back to where it began, if any does. */
function circleIn(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>();
  const walk = (at: string, way: readonly string[]): string[] => {
    if (way.includes(at)) return [...way.slice(way.indexOf(at)), at];
    if (done.has(at)) return [];
    for (const next of graph.get(at) ?? []) {
      const found = walk(next, [...way, at]);
      if (found.length) return found;
    }
    done.add(at);
    return [];
  };
  for (const start of graph.keys()) {
    const found = walk(start, []);
    if (found.length) return found;
  }
  return [];
}

test("no values go in circles", () => {
  const graph = graphOf(all, "values");
  const lost = [...graph.values()].flat()
    .filter((path) => !graph.has(path) && path !== "src/index.ts");
  assert.equal(lost, [], "each import leads to a file");
  assert.equal(circleIn(graph), []);
});

test("types go in circles about a Cpu and about gdb's stub alone", () => {
  const home = ({ path }: { path: string }) => dirname(path);
  const known = ["src/machine/cpu", "src/debug/gdb"];
  const circle = (sources: readonly Source[]) =>
    circleIn(graphOf(sources, "anything"));
  assert.equal(circle(all.filter((one) => !known.includes(home(one)))), []);
  for (const folder of known)
    assert.ok(circle(all.filter((one) => home(one) === folder)).length > 2,
      `${folder} has none any more`);
});

test("a circle is found, where there is one", () => {
  const graph = (...ways: string[]) =>
    new Map(ways.map(([from = "", ...to]) => [from, to]));
  assert.equal(circleIn(graph("abc", "bc", "c")), []);
  assert.equal(circleIn(graph("abd", "bc", "cb", "d")), ["b", "c", "b"]);
  assert.equal(circleIn(graph("ab", "b", "cc")), ["c", "c"]);
});

test("imports of types are no part of a circle, all others are", () => {
  const [bus, fault] = ["src/machine/ground/bus.ts",
    "src/machine/ground/fault.ts"] as const;
  const round = (text: string) => circleIn(graphOf([
    planted(bus, text), planted(fault, 'import { b } from "./bus";\n'),
  ], "values"));
  for (const text of ['import type { a } from "./fault";',
    'import { type a, type c } from "./fault";',
    'export type { a } from "./fault";', 'export type * from "./fault";',
    'export { type a } from "./fault";'])
    assert.equal(round(text), [], text);
  for (const text of ['import { type a, c } from "./fault";',
    'import "./fault";', 'import a from "./fault";',
    'import a, { type c } from "./fault";', 'import * as a from "./fault";',
    'export { a } from "./fault";', 'export * from "./fault";'])
    assert.equal(round(text), [bus, fault, bus], text);
});

test("a layer is imported by its barrel", () => {
  const wrong: string[] = [];
  for (const { path, layer, file } of all)
    for (const specifier of imports(file)) {
      const parts = specifier.text.split("/").filter((one) => one !== "..");
      const target = relative(join(root, "src"),
        resolve(root, dirname(path), specifier.text)).replaceAll("\\", "/");
      if (specifier.text.startsWith(".") && parts.length > 1
        && !target.startsWith(`${layer}/`))
        wrong.push(`${place(file, path, specifier)}: "${specifier.text}"`);
    }
  assert.equal(wrong, []);
});

// What runs in a browser as well, and whom it serves.
const packages: Record<string, readonly string[]> = { launcher: ["valibot"] };

test("only the command and the loom import packages or Node", () => {
  const wrong: string[] = [];
  for (const { path, layer, file } of all)
    for (const specifier of imports(file))
      if (!worldly.includes(layer) && !specifier.text.startsWith(".")
        && !packages[layer]?.includes(specifier.text))
        wrong.push(`${place(file, path, specifier)}: "${specifier.text}"`);
  assert.equal(wrong, []);
});

const forbidden = [
  /^Date\.now$/, /^Math\.random$/, /^Date$/, /^performance$/, /^process$/,
  /^Buffer$/, /^__dirname$/, /^__filename$/, /^require$/, /^setTimeout$/,
  /^setInterval$/, /^setImmediate$/,
];

test("below the command nobody knows time, chance or Node", () => {
  const wrong: string[] = [];
  for (const { path, layer, file } of all) {
    if (worldly.includes(layer)) continue;
    for (const node of nodes(file)) {
      const isName = ts.isIdentifier(node)
        && !(ts.isPropertyAccessExpression(node.parent)
          && node.parent.name === node)
        && !(ts.isPropertyAssignment(node.parent)
          && node.parent.name === node)
        && !(ts.isPropertySignature(node.parent));
      if (!isName && !ts.isPropertyAccessExpression(node)) continue;
      const text = node.getText();
      if (forbidden.some((one) => one.test(text)))
        wrong.push(`${place(file, path, node)}: ${text}`);
    }
  }
  assert.equal(wrong, []);
});

test("code runs file by file: no const enum, no namespace, no any", () => {
  const wrong: string[] = [];
  for (const { path, file } of all)
    for (const node of nodes(file)) {
      const bad = ts.isEnumDeclaration(node) ? "enum"
        : ts.isModuleDeclaration(node)
          && !(node.flags & ts.NodeFlags.GlobalAugmentation) ? "namespace"
          : node.kind === ts.SyntaxKind.AnyKeyword ? "any" : undefined;
      if (bad !== undefined) wrong.push(`${place(file, path, node)}: ${bad}`);
    }
  assert.equal(wrong, []);
});

// A Value is opaque: what is in it is known to back ends alone, and only
// when the instruction runs. So semantics may hand Values around, and do
// nothing else with them. The types forbid some of the rest; this forbids
// all of it.

/** Where code looks into a value of the type `isValue` knows. */
function looksInto(
  file: ts.SourceFile,
  isValue: (node: ts.Expression) => boolean,
): ts.Expression[] {
  const found: ts.Expression[] = [];
  const ask = (...expressions: (ts.Expression | undefined)[]) => {
    for (const one of expressions)
      if (one !== undefined && isValue(one)) found.push(one);
  };
  for (const node of nodes(file)) {
    if (ts.isIfStatement(node) || ts.isWhileStatement(node)
      || ts.isDoStatement(node) || ts.isSwitchStatement(node))
      ask(node.expression);
    else if (ts.isForStatement(node) || ts.isConditionalExpression(node))
      ask(node.condition);
    else if (ts.isPrefixUnaryExpression(node)
      || ts.isPostfixUnaryExpression(node))
      ask(node.operand);
    else if (ts.isTemplateSpan(node) || ts.isTypeOfExpression(node)
      || ts.isPropertyAccessExpression(node)) ask(node.expression);
    else if (ts.isElementAccessExpression(node))
      ask(node.expression, node.argumentExpression);
    else if (ts.isBinaryExpression(node)) {
      // Whether there is a Value at all is known; a Value may be 0, though.
      if (node.right.getText() === "undefined") continue;
      const sign = node.operatorToken.kind;
      if (sign === ts.SyntaxKind.AmpersandAmpersandToken
        || sign === ts.SyntaxKind.BarBarToken) ask(node.left);
      else if (sign !== ts.SyntaxKind.EqualsToken
        && sign !== ts.SyntaxKind.CommaToken
        && sign !== ts.SyntaxKind.QuestionQuestionToken
        && sign !== ts.SyntaxKind.InKeyword) ask(node.left, node.right);
    }
  }
  return found;
}

/** Places in files below `folder` that look into a Value. */
function lint(folder: string, builder: string): string[] {
  const names = fs.readdirSync(folder)
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
  const program = ts.createProgram([builder, ...names], {
    module: ts.ModuleKind.Node20, target: ts.ScriptTarget.ES2022,
    strict: true, noUncheckedIndexedAccess: true, types: [], noEmit: true,
    noLib: true,
  });
  const checker = program.getTypeChecker();
  const isValueType = (type: ts.Type): boolean => type.isUnion()
    ? type.types.some(isValueType)
    : type.symbol?.name === "Value" && type.symbol.declarations?.some(
      (one) => one.getSourceFile().fileName === builder) === true;
  const isValue = (node: ts.Expression) =>
    isValueType(checker.getTypeAtLocation(node));
  return names.flatMap((name) => {
    const file = program.getSourceFile(name);
    return file === undefined ? [`${name} is missing`]
      : looksInto(file, isValue).map((node) => `${
        place(file, relative(root, name), node)}: ${node.getText()}`);
  });
}

test("semantics never look into a Value", () => {
  assert.equal(lint(join(root, "src/machine/instructions/semantics"),
    join(root, "src/machine/instructions/builder.ts")), []);
});

test("the lint finds what it should", () => {
  const folder = fs.mkdtempSync(join(root, "node_modules/.lint-"));
  const builder = join(folder, "builder.ts");
  fs.mkdirSync(join(folder, "semantics"));
  fs.writeFileSync(builder,
    "export interface Value { readonly v: unique symbol }\n");
  fs.writeFileSync(join(folder, "semantics/bad.ts"), `
    import type { Value } from "../builder";
    type B = { reg(n: number): Value; add(a: Value, b: Value): Value };
    export function bad(b: B, n: number, w: Value | undefined) {
      const v = b.reg(n);
      if (v) n++;
      n = v ? 1 : 2;
      while (!v) n++;
      const s = \`\${v}\`;
      const sum = v as never as number + 1;
      if (v === w || n) return w && s;
      return w ?? b.add(v, b.reg(n + 1));
    }
  `);
  const found = lint(join(folder, "semantics"), builder);
  fs.rmSync(folder, { recursive: true });
  const lines = found.map((one) => one.replace(/^.*bad\.ts:/, ""));
  assert.equal(lines, ["6:11: v", "7:11: v", "8:15: v", "9:20: v",
    "11:11: v", "11:17: w", "11:32: w"]);
});

test.run();
