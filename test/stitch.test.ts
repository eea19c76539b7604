// Stitching: edits in src/ go back into the chapters, or are refused.
import * as fs from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatProblem } from "../src/loom";
import type { Problem } from "../src/loom";
import { checkTangled, tangle } from "../src/loom/book";
import { stitch } from "../src/loom/stitch";
import { makeProject } from "./project";

const test = suite("stitch");

const one = `---
part: One
---

# In which

Prose.

\`\`\`ts file=src/walk.ts
export function walk(): number {
  let entry = 1;
  // <<check the entry>>
  return entry;
}
\`\`\`

More prose.

\`\`\`ts file=src/walk.ts
export function probe(): number {
  return 2;
}
\`\`\`

- In a list:

  \`\`\`ts file=src/list.ts
  export const list = [
    1,

    2,
  ];
  \`\`\`

\`\`\`ts file=src/text.ts
export const text = \`
  # <<the way in>>
hlt
\`;
\`\`\`

\`\`\`asm chunk="the way in"
cli
# <<the stack>>
ret
\`\`\`

\`\`\`asm chunk="the stack"
push %eax
\`\`\`
`;

const two = `# In which

\`\`\`ts chunk="check the entry"
if (entry > 1) {
  entry = 1;
}
\`\`\`

\`\`\`ts chunk="check the entry"
entry++;
\`\`\`
`;

interface Outcome {
  readonly said: string[];
  readonly problems: string[];
  /** The lines that chapters have lost and gained. */
  readonly lost: string[];
  readonly gained: string[];
  /** The first line of src/walk.ts. */
  readonly first: string | undefined;
}

/** Edits src/, stitches; src/ has to be as it was edited. */
function stitched(
  edits: (read: (path: string) => string) => Record<string, string>,
  also: Record<string, string> = {},
): Outcome {
  const project = makeProject(
    { "chapters/001-one.md": one, "chapters/002-two.md": two }, false);
  try {
    tangle(project.folder, []);
    const files = edits(project.read);
    for (const [path, text] of Object.entries({ ...files, ...also }))
      project.write(path, text);
    const chapters = () => ["chapters/001-one.md", "chapters/002-two.md"]
      .flatMap((path) => project.read(path).split("\n"));
    const before = chapters();
    const problems: Problem[] = [];
    const said = stitch(project.folder, problems);
    const after = chapters();
    for (const [path, text] of Object.entries(files))
      assert.is(blur(project.read(path)), blur(text), path);
    if (problems.length > 0) assert.equal(after, before);
    else {
      const left: Problem[] = [];
      checkTangled(project.folder, left);
      assert.equal(left, []);
    }
    return { said, problems: problems.map(formatProblem),
      lost: without(before, after), gained: without(after, before),
      first: project.read("src/walk.ts").split("\n")[0] };
  } finally {
    project.remove();
  }
}

/** Signposts count along, and the first line is the loom's; everything
 * else has to be the same. */
function blur(text: string): string {
  return text.replace(/^# \d+ "/gm, '# … "')
    .replace(/^\/\/ Woven from .*\n/gm, "");
}

function without(some: readonly string[], others: readonly string[]) {
  const left = [...others];
  return some.filter((line) => {
    if (line === "") return false;
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

/** An edit of one file, and what is lost and gained by it. */
function edit(path: string, from: string, to: string): Outcome {
  return stitched((read) => {
    assert.ok(read(path).includes(from), `${from} in ${read(path)}`);
    return { [path]: read(path).replace(from, to) };
  });
}

function goes(outcome: Outcome, lost: string[], gained: string[]): void {
  assert.equal(outcome.problems, []);
  assert.equal(outcome.lost, lost);
  assert.equal(outcome.gained, gained);
}

test("a line of a file's own fence is replaced", () => {
  goes(edit("src/walk.ts", "return 2", "return 3"),
    ["  return 2;"], ["  return 3;"]);
});

test("a line of a chunk loses the indentation of its reference", () => {
  goes(edit("src/walk.ts", "entry = 1;\n  }", "entry = 0;\n  }"),
    ["  entry = 1;"], ["  entry = 0;"]);
});

test("lines are inserted into the chunk of the line above", () => {
  goes(edit("src/walk.ts", "    entry = 1;\n", "    entry = 1;\n\n    f();\n"),
    [], ["  f();"]);
  goes(edit("src/walk.ts", "  entry++;\n", "  entry++;\n  f();\n"),
    [], ["f();"]);
});

test("before a reference they stay outside of the chunk", () => {
  const { problems, gained, said } = edit(
    "src/walk.ts", "let entry = 1;\n", "let entry = 1;\n  f();\n");
  assert.equal(problems, []);
  assert.equal(gained, ["  f();"]);
  assert.equal(said.filter((line) => line.includes("002-two")), []);
});

test("what begins left of a chunk goes behind its reference", () => {
  goes(edit("src/walk.ts", "  entry++;\n", "  entry++;\nlabel:\n"),
    [], ["label:"]);
});

test("lines at the beginning and at the end find their fences", () => {
  goes(stitched((read) => ({
    "src/walk.ts": `// First.\n${read("src/walk.ts")}// Last.\n` })),
  [], ["// First.", "// Last."]);
});

test("the first line, which says where a file is from, comes back", () => {
  for (const change of [(first: string) => "", (first: string) =>
    `${first} Not so.`, (first: string) => `f();\n${first}`]) {
    const outcome = stitched((read) => ({ "src/walk.ts": read("src/walk.ts")
      .replace(/.*/, change).replace("return 2", "return 3") }));
    goes(outcome, ["  return 2;"], change("").startsWith("f")
      ? ["f();", "  return 3;"] : ["  return 3;"]);
    assert.equal(outcome.first, "// Woven from chapters/001-one.md, 002-two.md.");
  }
});

test("a new function between two fences joins the first", () => {
  for (const [from, to] of [
    ["}\n\nexport function probe", "}\n\nf();\n\nexport function probe"],
    ["export function probe", "f();\n\nexport function probe"],
  ] as const) {
    const { problems, gained } = edit("src/walk.ts", from, to);
    assert.equal(problems, []);
    assert.equal(gained, ["f();"]);
  }
});

test("lines are deleted, also from several fences at once", () => {
  goes(edit("src/walk.ts", "  let entry = 1;\n", ""),
    ["  let entry = 1;"], []);
  goes(edit("src/walk.ts", "    entry = 1;\n  }\n  entry++;\n", "  }\n"),
    ["  entry = 1;", "entry++;"], []);
});

test("a fence that is emptied is named", () => {
  const { problems, said, lost } = edit("src/walk.ts",
    "\nexport function probe(): number {\n  return 2;\n}\n", "");
  assert.equal(problems, []);
  assert.is(lost.length, 3);
  assert.equal(said.at(-1),
    "an empty fence, where chapters/001-one.md:19 was; mend the prose");
});

test("as many lines as before, from two chapters, go to both", () => {
  goes(edit("src/walk.ts", "let entry = 1;\n  if (entry > 1)",
    "let entry = 5;\n  if (entry > 5)"),
  ["  let entry = 1;", "if (entry > 1) {"],
  ["  let entry = 5;", "if (entry > 5) {"]);
});

test("more lines than before, from two chapters, are refused", () => {
  const { problems } = edit("src/walk.ts",
    "let entry = 1;\n  if (entry > 1)",
    "let a = 5;\n  let b = 5;\n  if (a > 5)");
  assert.is(problems.length, 1);
  assert.match(problems[0] ?? "", /^src\/walk\.ts:3:1: these lines come from/);
  assert.match(problems[0] ?? "", /001-one\.md:9 and chapters\/002-two\.md:3,/);
});

test("a fence in a list keeps its own indentation", () => {
  goes(edit("src/list.ts", "  1,\n\n  2,\n", "  1,\n\n  3,\n\n  4,\n"),
    ["    2,"], ["    3,", "    4,"]);
});

test("assembly is stitched, and its signposts count along", () => {
  const { problems, gained } = edit("src/text.ts", "  cli", "  cli\n  cld");
  assert.equal(problems, []);
  assert.equal(gained, ["cld"]);
  goes(edit("src/text.ts", "  push %eax\n", "  push %ebx\n  push %ecx\n"),
    ["push %eax"], ["push %ebx", "push %ecx"]);
});

test("a signpost is not for editing", () => {
  for (const change of [(text: string) => text.replace(/^# \d+/m, "# 7"),
    (text: string) => text.replace(/^# \d+.*\n/m, "")]) {
    const { problems } = stitched((read) => ({
      "src/text.ts": change(read("src/text.ts")) }));
    assert.is(problems.length, 1);
    assert.match(problems[0] ?? "", /marker|can't be put back/);
  }
});

test("what would break the chapter is refused", () => {
  for (const text of ["```", "// <<nothing>>", "// <<check the entry>>"]) {
    const { problems } = edit(
      "src/walk.ts", "  return 2;", `${text}\n  return 2;`);
    assert.ok(problems.length > 0, text);
    assert.match(problems[0] ?? "", /^chapters\//);
  }
});

test("what could not be in a chapter is not stitched into one", () => {
  const project = makeProject(
    { "chapters/001-one.md": one, "chapters/002-two.md": two }, false);
  tangle(project.folder, []);
  const text = project.read("src/walk.ts");
  for (const [bytes, message] of [
    ["\0", "the character U+0000 is not for a chapter; delete it, or write "
      + "an escape"],
    ["\xe9", "the byte 0xe9 here is no UTF-8; save the file as UTF-8"],
  ] as const) {
    fs.writeFileSync(`${project.folder}/src/walk.ts`, Buffer.from(
      text.replace("return 2;", `return "${bytes}";`), "latin1"));
    const problems: Problem[] = [];
    assert.equal(stitch(project.folder, problems), []);
    assert.equal(problems.map(formatProblem), [`src/walk.ts:12:11: ${message}`]);
    assert.is(project.read("chapters/001-one.md"), one);
  }
  project.remove();
});

test("the empty line between two fences can't go", () => {
  const { problems } = edit("src/walk.ts",
    "}\n\nexport function probe", "}\nexport function probe");
  assert.match(problems.join(), 
    /^src\/walk\.ts:10:1: this joins two fences, .*001-one\.md:9 and .*:19;/);
});

test("both sides changed: refused, and both places named", () => {
  const { problems } = stitched(
    (read) => ({ "src/walk.ts": read("src/walk.ts").replace("2;", "3;") }),
    { "chapters/002-two.md": two.replace("entry++", "entry += 1") });
  assert.equal(problems, ["chapters/002-two.md:10:1: this has changed since "
    + "the last tangle, and so has src/walk.ts:12; take back one of them"]);
});

test("a chapter that has changed for other files is no obstacle", () => {
  const project = makeProject(
    { "chapters/001-one.md": one, "chapters/002-two.md": two }, false);
  tangle(project.folder, []);
  project.write("src/list.ts",
    project.read("src/list.ts").replace("1,", "7,"));
  project.write("chapters/002-two.md", two.replace("++", "--"));
  const problems: Problem[] = [];
  stitch(project.folder, problems);
  assert.equal(problems, []);
  assert.match(project.read("chapters/001-one.md"), "    7,");
  assert.match(project.read("src/walk.ts"), "entry--");
  project.remove();
});

test("files that are gone, new, or without a base are named", () => {
  const project = makeProject({ "chapters/001-one.md": one,
    "chapters/002-two.md": two }, false);
  const complaints = () => {
    const problems: Problem[] = [];
    assert.equal(stitch(project.folder, problems), []);
    return problems.map(formatProblem).join("\n");
  };
  tangle(project.folder, []);
  fs.rmSync(`${project.folder}/src/list.ts`);
  assert.match(complaints(), /001-one\.md:28:3: src\/list\.ts is gone/);
  tangle(project.folder, []);
  project.write("src/new.ts", "export {};\n");
  assert.match(complaints(), "src/new.ts:1:1: no chapter defines this");
  fs.rmSync(`${project.folder}/src/new.ts`);
  project.write("src/list.ts", "export {};\r\n");
  assert.match(complaints(), "lines end with a line feed");
  fs.rmSync(`${project.folder}/.loom`, { recursive: true });
  assert.match(complaints(), "they have never agreed here");
  project.remove();
});

test("a tangle that overwrites an edit puts it aside, and says where", () => {
  const project = makeProject(
    { "chapters/001-one.md": one, "chapters/002-two.md": two }, false);
  const said: string[] = [];
  const overwrite = (text: string) => {
    project.write("src/list.ts", text);
    tangle(project.folder, [], (line) => void said.push(line));
  };
  tangle(project.folder, []);
  overwrite("export {};\n");
  assert.is(project.read(".loom/lost/src/list.ts"), "export {};\n");
  // A second loss is another, also if nobody knows what was woven last;
  // the same edit again is not.
  overwrite("2;\n");
  fs.rmSync(`${project.folder}/.loom/woven`, { recursive: true });
  overwrite("3;\n");
  overwrite("2;\n");
  const lost = ["", ".2", ".3", ".2"]
    .map((count) => `.loom/lost/src/list.ts${count}`);
  assert.equal(lost.map(project.read),
    ["export {};\n", "2;\n", "3;\n", "2;\n"]);
  assert.equal(said, lost.map((path) => `wrote src/list.ts over an edit, `
    + `which is kept in ${path}; make it again, and npm run stitch, or `
    + "make it in the chapter"));
  // What was woven, and nobody has touched, is no loss.
  project.write("chapters/001-one.md", one.replace("    1,", "    7,"));
  assert.equal(tangle(project.folder, []), ["src/list.ts"]);
  assert.equal(fs.readdirSync(`${project.folder}/.loom/lost/src`),
    ["list.ts", "list.ts.2", "list.ts.3"]);
  project.remove();
});

test("a file whose fence has gone is told, and nothing is deleted", () => {
  const project = makeProject(
    { "chapters/001-one.md": one, "chapters/002-two.md": two }, false);
  tangle(project.folder, []);
  const [before = "", list = "", after] = one.split(
    /(- In a list:[^]*? {2}```\n)/);
  project.write("chapters/001-one.md",
    before + list.replace(/.+/g, "") + after);
  for (const weave of [tangle, checkTangled, stitch]) {
    const problems: Problem[] = [];
    weave(project.folder, problems);
    assert.equal(problems.map(formatProblem), ["src/list.ts:1:1: no chapter "
      + "defines this file; delete it, or give it a fence with "
      + "file=src/list.ts"]);
  }
  assert.match(project.read("src/list.ts"), "  2,");
  // A folder in a file's place is told as well, before anything is written.
  fs.rmSync(`${project.folder}/src/list.ts`);
  fs.rmSync(`${project.folder}/src/text.ts`);
  fs.mkdirSync(`${project.folder}/src/text.ts`);
  const problems: Problem[] = [];
  assert.equal(tangle(project.folder, problems), []);
  assert.equal(problems.map(formatProblem), ["src/text.ts:1:1: a chapter's "
    + "file goes here, and this is none; take it away"]);
  project.remove();
});

// Many small edits, by a seed: whatever stitch accepts, it does exactly;
// and it accepts all that stays within a line.
test("two hundred random edits", () => {
  const project = makeProject(
    { "chapters/001-one.md": one, "chapters/002-two.md": two }, false);
  let seed = 20070301, refused = 0;
  const random = (n: number) => {
    seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
    return (seed >>> 8) % n;
  };
  const paths = ["src/walk.ts", "src/list.ts", "src/text.ts"];
  tangle(project.folder, []);
  for (let round = 0; round < 200; round++) {
    const path = paths[random(3)] ?? "";
    const before = project.read(path);
    const lines = before.split("\n").slice(0, -1);
    const at = random(lines.length);
    const kind = random(3);
    if (/^(# |\/\/ Woven)/.test(lines[at] ?? "")) continue;
    if (kind === 0) lines.splice(at, 0, `    new${round};`);
    if (kind === 1 && lines[at] !== "") lines[at] += ` // ${round}`;
    if (kind === 2) lines.splice(at, 1 + random(2));
    const after = lines.map((line) => line + "\n").join("");
    project.write(path, after);
    const problems: Problem[] = [];
    stitch(project.folder, problems);
    assert.is(blur(project.read(path)), blur(after),
      `round ${round}, kind ${kind}`);
    if (kind === 1) assert.equal(problems, [], `round ${round}`);
    if (problems.length > 0) {
      refused++;
      project.write(path, before);
    }
    if (round % 20 === 19) {
      project.write("chapters/001-one.md", one);
      project.write("chapters/002-two.md", two);
      tangle(project.folder, []);
    }
  }
  project.remove();
  assert.ok(refused < 40, `${refused} of 200 refused`);
});

test.run();
