// What an editor finds: from a name's use to where it is written down, and
// the comment above it. Asked is TypeScript's own language service.
import * as fs from "node:fs";
import { join, resolve } from "node:path";
import * as ts from "typescript";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import type { Structure } from "../src";

const test = suite("editor");
const root = resolve(__dirname, "..");
const use = join(root, "test/in-an-editor.ts");

// Without the language's library and without imports of imports this takes a
// second, and not ten.
const files = [...["src/host", "src/lguest"].flatMap((folder) =>
  fs.readdirSync(join(root, folder)).map((name) => `${folder}/${name}`)),
"src/machine/cpu/debug.ts"];

const isStructure = (value: unknown): value is Structure =>
  typeof value === "object" && value !== null && "field" in value;

/** A name's use: the object as one writes it, and where it comes from. */
interface Use {
  readonly module: string;
  readonly object: string;
  readonly name: string;
}

/** Each field of each structure, and each name that it goes by. */
function fieldUses(): Use[] {
  const uses: Use[] = [];
  for (const module of files.filter((file) => !file.endsWith("/index.ts"))) {
    const exported: Record<string, unknown> = require(join(root, module));
    for (const [layout, value] of Object.entries(exported)) {
      if (!isStructure(value)) continue;
      const aliases = Object.keys(exported)
        .filter((key) => exported[key] === value.field);
      for (const object of [`${layout}.field`, ...aliases])
        for (const name of Object.keys(value.field))
          uses.push({ module, object, name });
    }
  }
  return uses;
}

/** A language service for a file with these uses, a line each. */
function editor(uses: readonly Use[]) {
  const imports = new Set(uses.map(({ module, object }) =>
    `import { ${/\w+/.exec(object)![0]} } from ` +
    `"../${module.replace(/\.ts$/, "")}";\n`));
  const head = [...imports].join("");
  const lines = uses.map(({ object, name }) => `${object}.${name};\n`);
  const at = (i: number) =>
    head.length + lines.slice(0, i + 1).join("").length - 3;
  const read = (file: string) => file === use ? head + lines.join("")
    : fs.existsSync(file) ? fs.readFileSync(file, "utf8") : undefined;
  const service = ts.createLanguageService({
    getCompilationSettings: () => ({ noLib: true, noResolve: true,
      module: ts.ModuleKind.Node20, target: ts.ScriptTarget.ES2022 }),
    getScriptFileNames: () => [use, ...files.map((file) => join(root, file))],
    getScriptVersion: () => "1",
    getScriptSnapshot: (file) => {
      const text = read(file);
      return text === undefined ? text : ts.ScriptSnapshot.fromString(text);
    },
    getCurrentDirectory: () => root, getDefaultLibFileName: () => "none",
    fileExists: (file) => read(file) !== undefined, readFile: read,
  });
  return { service, at };
}

/** Goes to each definition; what comes back is the text up to it. */
function definitions(uses: readonly Use[]) {
  const { service, at } = editor(uses);
  return uses.map(({ module, object, name }, i) => {
    const said = `${object}.${name}`;
    const found = service.getDefinitionAtPosition(use, at(i)) ?? [];
    assert.is(found.length, 1, `${said} has ${found.length} definitions`);
    const { fileName, textSpan: { start, length } } = found[0]!;
    assert.is(fileName, join(root, module), said);
    const text = fs.readFileSync(fileName, "utf8");
    assert.is(text.slice(start, start + length), name, said);
    const info = service.getQuickInfoAtPosition(use, at(i));
    return { said, before: text.slice(0, start), after: text.slice(start),
      comment: ts.displayPartsToString(info?.documentation) };
  });
}

const oneLine = (comment: string) => comment.replace(/\s*\n[\s*]*/g, " ");

test("from each field an editor goes to where it is laid out", () => {
  const uses = fieldUses();
  const objects = [...new Set(uses.map((one) => one.object))];
  assert.equal(objects.filter((one) => !one.includes(".")).sort(),
    ["Data", "LgCpu", "Lguest", "LguestPages", "LguestPerCpu",
      "LguestShared", "PerCpu", "Regs", "Shared", "Thread"]);
  for (const { said, before, after } of definitions(uses)) {
    const literal = before.slice(before.lastIndexOf(" structure("));
    assert.match(literal, /^ structure\("\w+", \{\n/, said);
    assert.not.match(literal, /\}/, said);
    assert.match(after, /^\w+: "u(8|16|32|64)(\[\d+\])?( [a-z_ ]+)?"/, said);
  }
});

test("the comment above a field is shown with it", () => {
  let comments = 0;
  for (const { said, before, comment } of definitions(fieldUses())) {
    const above = /\/\*\*((?!\*\/)[^])*\*\/\s*$/.exec(before)?.[0] ?? "";
    assert.is(oneLine(comment),
      oneLine(above.replace(/^\/\*\*\s*|\s*\*\/\s*$/g, "")), said);
    if (comment !== "") comments++;
  }
  assert.ok(comments > 30, `${comments} comments`);
});

test("places, limits and registers are found, too", () => {
  const map = "src/host/map.ts";
  const ends = definitions([
    { module: map, object: "place", name: "MEM_BASE" },
    { module: map, object: "most", name: "PAGES_MAX" },
    { module: map, object: "vector", name: "TIMER_VECTOR" },
    { module: "src/machine/cpu/debug.ts", object: "registers(0)", name: "cr2" },
  ]).map(({ after }) => /.*?,/.exec(after)![0]);
  assert.equal(ends, ["MEM_BASE: 0x40000000,", "PAGES_MAX: 0x38000,",
    "TIMER_VECTOR: 0xef,", "cr2: word(CR2),"]);
});

test.run();
