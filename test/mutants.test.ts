// The mutants themselves: which tokens change, and who is asked.
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join, resolve } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { explanations } from "./mutants/explained";
import { mutantsOf, sample } from "./mutants/points";
import type { Mutant } from "./mutants/points";
import { functionAround } from "./mutants/reach";
import { makeProject } from "./project";
import { PATIENCE } from "./reference";

const test = suite("mutants");
const root = resolve(__dirname, "..");

const mutants = (text: string, seed = 1): Mutant[] =>
  mutantsOf("src/x.ts", text, seed).map(({ mutant }) => mutant);

/** All that the lines of a text can become, whatever the seed. */
function becomes(text: string): string[] {
  const found = new Set<string>();
  for (let seed = 0; seed < 60; seed++)
    for (const { is } of mutants(text, seed)) found.add(is);
  return [...found].sort();
}

test("operators and conditions become their neighbours", () => {
  for (const [text, ...others] of [
    ["a < b;", "a <= b;"], ["a >= b;", "a > b;"],
    ["a === b && c;", "a !== b && c;", "a === b || c;"],
    ["f(!a);", "f(a);"], ["x = ~a;", "x = a;"], ["x = -a;", "x = a;"],
    ["a >>> b;", "a >> b;", "a << b;"], ["a |= b;", "a &= b;", "a = b;"],
    ["i++;", "i--;"], ["return true;", "return false;"],
  ] as const) assert.equal(becomes(text), [...others].sort(), text);
});

test("numbers are off by one, by a half, by a bit", () => {
  for (const [text, ...others] of [
    ["x = 0;", "x = 1;"], ["x = 1;", "x = 2;", "x = 0;"],
    ["x = 128;", "x = 127;", "x = 129;", "x = 64;"],
    ["x = 0x3ff000;", "x = 0x3fe000;", "x = 0x1ff000;", "x = 0x3fd000;",
      "x = 0x3ff001;"],
    ["x = 0xffff_0000;", "x = 0xfffe0000;", "x = 0x7fff0000;",
      "x = 0xfffd0000;", "x = 0xffff0001;"],
  ] as const) assert.equal(becomes(text), [...others].sort(), text);
});

test("types, imports, names and words stay", () => {
  for (const text of ['import { a } from "./1";', "type T = 1 | 2;",
    "let x: 1 | 2;", 'f("a < b 1");', "// a < 1", "f(`1 < 2`);", "a1.b2();"])
    assert.equal(becomes(text), [], text);
});

test("assembly is turned round, and its numbers change", () => {
  const asm = (line: string) => `const text = \`\n${line}\n\`;`;
  for (const [line, ...others] of [
    ["1: je 1b", "1: jne 1b"], ["f: cli", "f: sti"],
    ["addl $8, %esp # 2", "subl $8, %esp # 2", "addl $9, %esp # 2",
      "addl $7, %esp # 2", "addl $4, %esp # 2"],
    ["movl 1(%eax), %cr3", "movl 2(%eax), %cr3", "movl 0(%eax), %cr3"],
    [".byte 0x0f, 0", ".byte 0xe, 0", ".byte 0x7, 0", ".byte 0xd, 0",
      ".byte 0x10, 0", ".byte 0x0f, 1"],
    [".align 4"], ["# 126 \"chapters/500-switcher.md\""],
  ] as const) assert.equal(becomes(asm(line)), [...others].sort(), line);
});

test("one token changes, where it is said to be", () => {
  const text = "const a = 1;\n  if (a < 2) f();\n";
  for (const { line, column, was, is, text: changed } of mutants(text)) {
    const lines = text.split("\n"), others = changed.split("\n");
    assert.is(others[line - 1]!.trim(), is);
    assert.is(lines[line - 1]!.trim(), was);
    assert.is(others[line - 1]!.slice(0, column - 1),
      lines[line - 1]!.slice(0, column - 1));
    lines.splice(line - 1, 1), others.splice(line - 1, 1);
    assert.equal(others, lines);
  }
  assert.is(mutants(text).length, 3);
});

test("a change elsewhere doesn't change who is in the sample", () => {
  const lines = Array.from({ length: 200 }, (_, i) => `f${i}(x < ${i});`);
  const names = (text: readonly string[], seed: number) =>
    sample([{ path: "src/x.ts", text: text.join("\n") }], seed)
      .slice(0, 50).map(({ is }) => is);
  const others = ["g(0);", ...lines];
  others.splice(100, 1);
  const before = names(lines, 1);
  const gone = before.filter((name) => !names(others, 1).includes(name));
  assert.ok(gone.length <= 2, gone.join("\n"));
  assert.equal(names(lines, 1), before);
  assert.not.equal(names(lines, 2), before);
});

test("the function around a mutant is the innermost that has a name", () => {
  const around = (text: string) => mutants(text).map(functionAround);
  assert.equal(around("const a = 1;"), [undefined]);
  assert.equal(around("function f() { g(() => 1); }"), ["src/x.ts f"]);
  assert.equal(around("class C { m() { return 1; } #p = 2; "
    + "constructor() { g(3); } get x() { return 4; } }"),
    ["src/x.ts m", undefined, undefined, "src/x.ts x"]);
});

test("who is noticed and who isn't is told, with an exit status", () => {
  const files: Record<string, string> = {
    "src/machine/x.ts": "/** Young? */\n"
      + "export function isYoung(age: number): boolean {\n"
      + "  return age < 10;\n}\n",
    "test/x.test.ts": 'import { suite } from "uvu";\n'
      + 'import { isYoung } from "../src/machine/x";\n'
      + 'const test = suite("x");\n'
      + 'test("the young", () => {\n'
      + "  if (!isYoung(9) || isYoung(11)) throw new Error();\n"
      + "});\ntest.run();\n",
    "chapters/001-x.md": "# In which\n\n```ts test\n1 // => 1\n```\n",
    "src/host/index.ts": "",
    "test/options.ts": fs.readFileSync(join(root, "test/options.ts"), "utf8"),
  };
  for (const name of fs.readdirSync(join(root, "test/mutants")))
    files[`test/mutants/${name}`] =
      fs.readFileSync(join(root, "test/mutants", name), "utf8");
  const project = makeProject(files);
  try {
    const { status, stdout, stderr } = spawnSync(process.execPath,
      ["-r", "./test/ready.cjs", "test/mutants/full.ts", "--jobs", "1"],
      { cwd: project.folder, encoding: "utf8", timeout: PATIENCE,
        env: { ...process.env, NODE_OPTIONS: "" } });
    assert.is(status, 1, stderr);
    const place = "src/machine/x.ts:3:14";
    const lines = ["  return age < 10;", "  return age <= 10;"];
    assert.equal(stdout.replace(/^(\d+ test files), \d+ s\n/, "$1\n"), [
      "2 test files", `2 ${place}: nobody notices`, ...lines,
      "", "who noticed first:", "     1  test/x.test.ts",
      "     0  test/chapters/001-x.test.ts",
      "", place, ...lines, "  nobody notices, and nobody explains",
      "", "2 mutants from seed 1: 1 noticed, 50.0 %; 0 explained, 1 not", "",
    ].join("\n"));
  } finally {
    project.remove();
  }
});

test("each line that is explained stands where it is said to", () => {
  const gone = explanations.filter(({ path, was }) =>
    !fs.readFileSync(join(root, path), "utf8").split("\n")
      .some((line) => line.trim() === was));
  assert.equal(gone, []);
});

test.run();
