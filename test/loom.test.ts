// The loom: whatever goes wrong is reported at the chapter's place.
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assemble } from "../src/assembler";
import { fileText, formatProblem, readChapter, weave, weaveExamples }
  from "../src/loom";
import type { Problem } from "../src/loom";
import { checkTangled, tangle } from "../src/loom/book";
import { rejects, throws } from "../src/loom/expect";
import { Fault, gp, NP, PF, UD } from "../src/machine";
import { makeProject } from "./project";
import { PATIENCE } from "./reference";

const test = suite("loom");

/** A chapter of one section; fences are [info, ...lines]. */
function chapterOf(...fences: string[][]): string {
  const text = fences.map(([info, ...lines]) =>
    ["```" + info, ...lines, "```", ""].join("\n"));
  return ["# In which", "", ...text].join("\n");
}

/** What the loom has to say about a chapter. */
function complaints(text: string): string[] {
  const problems: Problem[] = [];
  const chapter = readChapter("chapters/001-x.md", text, problems);
  weave([chapter], problems);
  return problems.map(formatProblem);
}

function woven(text: string): string {
  const problems: Problem[] = [];
  const chapter = readChapter("chapters/001-x.md", text, problems);
  const [file] = weave([chapter], problems);
  assert.equal(problems, []);
  const first = "// Woven from chapters/001-x.md.\n";
  const all = file === undefined ? first : fileText(file);
  assert.ok(all.startsWith(first), all);
  return all.slice(first.length);
}

test("an undefined chunk is reported where it is called for", () => {
  assert.equal(complaints(chapterOf(
    ["ts file=src/x.ts", "{", "  // <<nothing>>", "}"],
  )), ["chapters/001-x.md:5:3: no chunk is called <<nothing>>"]);
});

test("a fence that runs into the next one is never closed", () => {
  assert.equal(complaints("# In which\n\n```ts file=src/x.ts\nf();\n\n"
    + "## More\n\n```ts test\n1 // => 1\n```\n"),
    ["chapters/001-x.md:3:1: this fence is never closed; another one begins "
      + "at line 8"]);
});

test("what is nearly a claim is reported at its place", () => {
  const nearly = ["1 //=> 1", "1 // =>", "1 // ==> 1", "1 /* => 1 */",
    "1 // -> 1", "f() // throws"];
  for (const line of nearly) {
    const problems: Problem[] = [];
    weaveExamples(readChapter("chapters/001-x.md",
      chapterOf(["ts test", line]), problems), problems);
    assert.equal(problems.map(formatProblem), [
      `chapters/001-x.md:4:${line.search("/[/*]") + 1}: this is nearly a `
      + 'claim; write "// => value" or "// throws Name"'], line);
  }
});

/** The statements that an example's lines become in its test. */
function tested(...lines: string[]): string[] {
  const problems: Problem[] = [];
  const chapter = readChapter("chapters/001-x.md",
    chapterOf(["ts test", ...lines]), problems);
  const file = weaveExamples(chapter, problems);
  assert.equal(problems.map(formatProblem), []);
  const text = file === undefined ? "" : fileText(file);
  return (/async \(\) => \{\n([^]*)\n\}\);/.exec(text)?.[1] ?? "")
    .split("\n");
}

test("what shares a line with an import stays in the example", () => {
  const u32 = 'import { u32 } from "lguest"';
  const claim = '$loom.equal((u32(1)), (2), "u32(1) // => 2"); // => 2';
  assert.equal(tested(`${u32}; u32(1) // => 2`), [`; ${claim}`]);
  assert.equal(tested("import {", "  u32", '} from "lguest"; u32(1) // => 2'),
    [";", "", ` ${claim}`]);
  assert.equal(tested(`const a = 1; ${u32}; ${u32}; u32(1) // => 2`),
    [`const a = 1; ; ; ${claim}`]);
  // What follows is no part of what came before.
  assert.equal(tested("const a = 1", u32, "(a) // => 1"),
    ["const a = 1", ";",
      '$loom.equal(((a)), (1), "(a) // => 1"); // => 1']);
});

test("a claim is about the statement that it stands behind", () => {
  const claim = (what: string) =>
    `$loom.equal((${what}), (5), "${what} // => 5");`;
  assert.equal(tested("const a = 5; f(a) // => 5"),
    [`const a = 5; ${claim("f(a)")} // => 5`]);
  assert.equal(tested("f(1); f(2)", "// => 5"),
    [`f(1); ${claim("f(2)")}`, "// => 5"]);
  assert.equal(tested("f(1) /* really */ // => 5"),
    [`${claim("f(1)")} /* really */ // => 5`]);
  assert.equal(tested("g(() => { f(1); }) // => 5"),
    [`${claim("g(() => { f(1); })")} // => 5`]);
  // The next line would be more of it, were it not for the claim.
  assert.equal(tested("f(1); f(2) // => 5", "[f(3)]"),
    [`f(1); ${claim("f(2)")} // => 5`, "[f(3)]"]);
  assert.equal(tested("const a = 5 // => 5", "", "// And then.", "(a)"),
    ['const a = 5; $loom.equal(a, (5), "a // => 5"); // => 5', "",
      "// And then.", "(a)"]);
});

test("names and words that the loom doesn't know are told", () => {
  const project = makeProject({ "chapters/mars.md": "# In which\n" });
  const problems: Problem[] = [];
  assert.equal(tangle(project.folder, problems), []);
  assert.match(problems.map(formatProblem).join(),
    "chapters/mars.md:1:1: the name of a chapter");
  const typed = project.loom("tangle", "--chek");
  assert.is(typed.status, 2);
  assert.match(typed.text, /^loom: tangle doesn't know "--chek"; behind it may stand --watch, --check\n$/);
  project.remove();
});

/** What the loom says of a chapter on disk; nothing may be written. */
function refused(...texts: (string | Buffer)[]): string[] {
  const project = makeProject({}, false);
  fs.mkdirSync(join(project.folder, "chapters"));
  texts.forEach((text, index) => fs.writeFileSync(
    join(project.folder, `chapters/00${index + 1}-x.md`), text));
  const problems: Problem[] = [];
  assert.equal(tangle(project.folder, problems), []);
  assert.not(fs.existsSync(join(project.folder, "src")));
  const checked: Problem[] = [];
  checkTangled(project.folder, checked);
  assert.equal(checked.slice(0, problems.length), problems);
  project.remove();
  return problems.map(formatProblem);
}

const quoted = (character: string) => chapterOf(
  ["ts file=src/x.ts", `export const x = "${character}";`]);

test("characters that nobody types are told with line and column", () => {
  const odd = (code: string) => `the character U+${code} is not for a `
    + "chapter; ";
  const cr = odd("000D") + "save it with lines that end in LF alone";
  assert.equal(refused(quoted("y").replaceAll("\n", "\r\n")),
    [`chapters/001-x.md:1:11: ${cr}`]);
  assert.equal(refused(quoted("\r")), [`chapters/001-x.md:4:19: ${cr}`]);
  assert.equal(refused("\uFEFF" + quoted("")), [`chapters/001-x.md:1:1: ${
    odd("FEFF")}save it as UTF-8 without a byte order mark`]);
  for (const [character, code] of [["\0", "0000"], ["\x1b", "001B"],
    ["\x7f", "007F"], ["\x85", "0085"], ["\u2028", "2028"]] as const)
    assert.equal(refused(quoted(character)), [`chapters/001-x.md:4:19: ${
      odd(code)}delete it, or write an escape`]);
});

test("bytes that are no UTF-8 are told with line and column", () => {
  for (const [bytes, first] of [["\xe9", "e9"], ["\xef\xbf", "ef"],
    ["\xc0\x80", "c0"], ["\xed\xa0\x80", "ed"]]) {
    // A question mark that was one before is none of our business.
    const text = quoted("\uFFFD?").replace("?", "@");
    const [head = "", tail = ""] = text.split("@");
    assert.equal(refused(Buffer.concat([Buffer.from(head),
      Buffer.from(bytes ?? "", "latin1"), Buffer.from(tail)])),
    [`chapters/001-x.md:4:20: the byte 0x${first} here is no UTF-8; save `
      + "the file as UTF-8"]);
  }
  assert.is(woven(quoted("\uFFFD")), 'export const x = "\uFFFD";\n');
});

test("what has a chapter's name and is none is told in one line", () => {
  const project = makeProject({ "chapters/001-x.md": quoted("y") });
  const path = join(project.folder, "chapters/012-x.md");
  const says = (sentence: string) => {
    for (const weave of [tangle, checkTangled]) {
      const problems: Problem[] = [];
      weave(project.folder, problems);
      assert.equal(problems.map(formatProblem),
        [`chapters/012-x.md:1:1: ${sentence}`]);
    }
    fs.rmSync(path, { recursive: true });
  };
  const none = "this is no file; a chapter is one, so take this away";
  fs.mkdirSync(path);
  says(none);
  for (const [to, code] of [["nowhere", "ENOENT"], ["012-x.md", "ELOOP"]]) {
    fs.symlinkSync(to ?? "", path);
    says(`this can't be read (${code}); mend the file, or delete it`);
  }
  // Who reads a pipe waits: in a process of its own, which can be ended.
  if (spawnSync("mkfifo", [path]).status === 0) {
    assert.equal(project.loom("tangle"),
      { text: `chapters/012-x.md:1:1: ${none}\n`, status: 1 });
    says(none);
  }
  fs.writeFileSync(path, "");
  says("this chapter is empty; bring its text back, or delete it");
  project.remove();
});

test("a project without chapters is told so", () => {
  const problems: Problem[] = [];
  const project = makeProject({ "src/x.ts": "f();\n" }, false);
  assert.equal(tangle(project.folder, problems), []);
  assert.equal(problems.map(formatProblem), ["chapters:1:1: there is no "
    + "chapter here; git checkout chapters brings them back"]);
  assert.is(project.read("src/x.ts"), "f();\n");
  project.remove();
});

test("a chapter that can't be read is not missed in fifty places", () => {
  const whole = chapterOf(["ts file=src/x.ts", "// <<a>>"]);
  assert.equal(refused(whole, ""), ["chapters/002-x.md:1:1: this chapter is "
    + "empty; bring its text back, or delete it"]);
});

test("what the loom has kept is made again if only half of it is left", () => {
  const project = makeProject({ "chapters/001-x.md": quoted("y") });
  assert.equal(tangle(project.folder, []), ["src/x.ts"]);
  for (const path of ["chapters/001-x.md.json", "maps/src/loom/book.ts.map",
    "times.json"]) project.write(`.loom/${path}`, '{ "key": "');
  const cache = join(project.folder, ".loom/cache");
  for (const name of fs.readdirSync(cache).filter((n) => /__book/.test(n)))
    fs.rmSync(join(cache, name));
  assert.equal(project.loom("tangle"), { text: "", status: 0 });
  assert.match(project.read(".loom/chapters/001-x.md.json"), "export const x");
  project.remove();
});

test("a chunk of a name that another chapter has is told", () => {
  const one = chapterOf(["ts file=src/x.ts", "// <<a>>"],
    ['ts chunk="a"', "f();"], ['ts chunk="a"', "g();"]);
  assert.equal(refused(one, chapterOf(['ts chunk="a"', "h();"])),
    ["chapters/002-x.md:3:1: there is a chunk <<a>> at chapters/001-x.md:7:1 "
      + "already; this one needs another name"]);
});

test("a file that another chapter tells is told", () => {
  const one = chapterOf(["ts file=src/x.ts", "f();"],
    ["ts file=src/x.ts", "g();"]);
  assert.equal(refused(one, chapterOf(["ts file=src/x.ts", "h();"])),
    ["chapters/002-x.md:3:1: src/x.ts is told at chapters/001-x.md:3:1, and a "
      + "file belongs to one chapter; make this a chunk, and call for it "
      + "there"]);
});

test("two chapters of one number are told", () => {
  const project = makeProject({ "chapters/120-x.md": quoted("y"),
    "chapters/120-z.md": "# In which\n" }, false);
  const problems: Problem[] = [];
  assert.equal(tangle(project.folder, problems), []);
  assert.equal(problems.map(formatProblem), ["chapters/120-z.md:1:1: "
    + "chapters/120-x.md has this number already; give one of them another"]);
  project.remove();
});

test("two files that would be one on some disk are told", () => {
  const beside = (one: string, two: string) => refused(
    chapterOf([`ts file=${one}`, "1;"]), chapterOf([`ts file=${two}`, "2;"]));
  for (const [one, two, first, second] of [
    ["src/a/Cpu.ts", "src/a/cpu.ts", "src/a/Cpu.ts", "src/a/cpu.ts"],
    ["src/A/x.ts", "src/a/y.ts", "src/A/", "src/a/"],
    ["src/a", "src/a/b.ts", "src/a", "src/a/"],
    ["src/a/b.ts", "src/A", "src/a/", "src/A"],
  ] as const)
    assert.equal(beside(one, two), [`chapters/002-x.md:3:1: ${second} can't `
      + `stand beside ${first} of chapters/001-x.md:3:1; rename one of them`]);
  assert.is(woven(chapterOf(["ts file=src/a.ts", "1;"],
    ["ts file=src/a/b.ts", "2;"])), "1;\n");
});

test("a file's name is plain ASCII", () => {
  for (const path of ["src/é.ts", "src/e\u0301.ts", "src/a:b.ts",
    "src/a\\b.ts", "src/a./b.ts", "src/.a.ts", "src/-a.ts"])
    assert.equal(refused(chapterOf([`ts file=${path}`, "1;"])),
      ["chapters/001-x.md:3:7: the name of a file is made of ASCII letters, "
        + "digits, _ - and dots"], path);
});

test("a string over several lines is not moved in", () => {
  const moved = (indent: string, ...lines: string[]) => chapterOf(
    ["ts file=src/x.ts", "{", `${indent}// <<a>>`, "}"],
    ['ts chunk="a"', ...lines]);
  const spaces = (line: number, column = 1) => [
    `chapters/001-x.md:${line}:${column}: this line is inside of a string, `
      + "and would get 2 spaces more; begin its chunk's reference at the "
      + "left margin"];
  assert.equal(refused(moved("  ", "f(`one", "two`);")), spaces(11));
  assert.equal(refused(moved("  ", 'f("one\\', 'two");')), spaces(11));
  assert.equal(refused(moved("  ", "f(`", "", "${g(", "  1)", "}", "two`);")),
    [...spaces(12), ...spaces(15)]);
  // At the margin they stay as they are, and comments may move.
  assert.is(woven(moved("", "f(`one", "two`);")), "{\nf(`one\ntwo`);\n}\n");
  assert.is(woven(moved("  ", "/* `", "one */", "f(/`/, `two`);")),
    "{\n  /* `\n  one */\n  f(/`/, `two`);\n}\n");
});

test("an unused chunk is reported where it is defined", () => {
  assert.equal(complaints(chapterOf(['ts chunk="lonely"', "f();"])),
    ["chapters/001-x.md:3:1: the chunk <<lonely>> is never used"]);
});

test("a chunk that is used twice is reported at its second use", () => {
  assert.equal(complaints(chapterOf(
    ["ts file=src/x.ts", "// <<busy>>", "// <<busy>>"],
    ['ts chunk="busy"', "f();"],
  )), ["chapters/001-x.md:5:1: the chunk <<busy>> is already used at "
    + "chapters/001-x.md:4:1"]);
});

test("a chunk that contains itself is reported", () => {
  assert.equal(complaints(chapterOf(
    ["ts file=src/x.ts", "// <<a>>"],
    ['ts chunk="a"', "  // <<b>>"],
    ['ts chunk="b"', "// <<a>>"],
  )), ["chapters/001-x.md:12:1: the chunk <<a>> contains itself"]);
});

test("a circle that no file reaches is reported, too", () => {
  assert.equal(complaints(chapterOf(
    ['ts chunk="a"', "// <<b>>"],
    ['ts chunk="b"', "// <<a>>"],
  )), ["chapters/001-x.md:8:1: the chunk <<a>> contains itself"]);
});

test("an unused chunk does not make its parts unused", () => {
  assert.equal(complaints(chapterOf(
    ['ts chunk="part"', "f();"],
    ['ts chunk="whole"', "// <<part>>"],
  )), ["chapters/001-x.md:7:1: the chunk <<whole>> is never used"]);
});

test("an unknown word in an info string is reported with its column", () => {
  assert.equal(complaints(chapterOf(["ts hidden chnk=\"a\"", "f();"])),
    ['chapters/001-x.md:3:14: the loom has no word "chnk" for a fence']);
});

test("a file outside src/ is refused", () => {
  for (const path of ["x.ts", "src/../x.ts", "src//x.ts", "/src/x.ts"])
    assert.equal(complaints(chapterOf([`ts file=${path}`, "f();"])),
      ["chapters/001-x.md:3:7: file= must name a file below src/"]);
});

test("a fence with two roles is refused", () => {
  assert.match(complaints(chapterOf(["ts test chunk=\"a\"", "f();"]))
    .join("\n"), "001-x.md:3:1: a fence has one role");
});

test("red goes with test, and with nothing else", () => {
  for (const info of ["run red", "red", "test red expect-error=2322",
    'chunk="a" red', "file=src/x.ts red"])
    assert.match(complaints(chapterOf([`ts ${info}`, "f();"])).join("\n"),
      "001-x.md:3:1: red goes with test, and with neither", info);
  assert.equal(complaints(chapterOf(["ts hidden test red", "f();"])), []);
  const problems: Problem[] = [];
  weaveExamples(readChapter("chapters/001-x.md",
    chapterOf(["ts test red", "1 +"]), problems), problems);
  assert.equal(problems.map(formatProblem),
    ["chapters/001-x.md:4:4: error TS1109: Expression expected."]);
});

test("a fence that is never closed is reported", () => {
  assert.equal(complaints("# In which\n\n```ts file=src/x.ts\nf();\n"),
    ["chapters/001-x.md:3:1: this fence is never closed"]);
});

test("a fence in a list keeps its columns", () => {
  assert.equal(complaints("1. one\n\n   ```ts file=src/x.ts\n"
    + "     // <<gone>>\n   ```\n"),
  ["chapters/001-x.md:4:6: no chunk is called <<gone>>"]);
});

test("indentation is kept, and empty lines stay empty", () => {
  assert.is(woven(chapterOf(
    ["ts file=src/x.ts", "{", "    // <<body>>", "}"],
    ['ts chunk="body"', "f();", "", "  g();"],
  )), "{\n    f();\n\n      g();\n}\n");
});

test("fences of a file are set apart, fences of a chunk are not", () => {
  assert.is(woven(chapterOf(
    ["ts file=src/x.ts", "a();"],
    ["ts file=src/x.ts", "// <<c>>"],
    ['ts chunk="c"', "b();"],
    ['ts chunk="c"', "c();"],
  )), "a();\n\nb();\nc();\n");
});

test("assembly gets line markers, again after a nested chunk", () => {
  assert.is(woven(chapterOf(
    ["ts file=src/x.ts", "export const x = `", "# <<outer>>", "`;"],
    ['asm chunk="outer"', "nop", "  # <<inner>>", "ret"],
    ['asm chunk="inner"', "hlt"],
  )), [
    "export const x = `",
    '# 10 "chapters/001-x.md"', "nop",
    '# 16 "chapters/001-x.md" # columns -2', "  hlt",
    '# 12 "chapters/001-x.md"', "ret",
    "`;", "",
  ].join("\n"));
});

test("the assembler names the chapter's line and column", () => {
  const text = woven(chapterOf(
    ["ts file=src/x.ts", "export const x = `", "# <<outer>>", "`;"],
    ['asm chunk="outer"', "nop", "  # <<inner>>", "ret $1, $2"],
    ['asm chunk="inner"', "hlt", "", "  movl %eax, %nowhere"],
  ));
  const assembly = text.split("`")[1] ?? "";
  const complaint = (source: string) => {
    try {
      assemble(source);
      return "no complaint";
    } catch (error) {
      return error instanceof Error ? error.message : "no error";
    }
  };
  // The chunk has moved in by two, which the columns must not show.
  assert.match(complaint(assembly), /^chapters\/001-x\.md:18:14: /);
  assert.match(complaint(assembly.replace("%nowhere", "%ebx")),
    /^chapters\/001-x\.md:12:\d+: /);
  assert.is(complaint(assembly.replace("%nowhere", "%ebx")
    .replace("$1, $2", "$1")), "no complaint");
});

const planted = {
  "chapters/001-plant.md": chapterOf(
    ["ts file=src/plant/index.ts",
      "export function explode(fuse: number): number {",
      '  if (fuse > 1) throw new RangeError("the fuse is too long");',
      "  return fuse;",
      "}"],
    ["ts file=src/plant/wrong.ts",
      "export const wrong: number =",
      '  "a string";'],
  ),
  "chapters/002-examples.md": [
    "# In which", "", "## Fails", "",
    "```ts test", 'import { explode } from "lguest/plant";', "",
    "explode(1) // => 1", "  explode(0) // => 2", "```", "",
    "## Throws", "",
    "```ts test", "const fuse = 2;", "explode(fuse) // => 2", "```", "",
    "## Passes", "",
    "```ts test", "explode(2) // throws RangeError too long", "```", "",
    "```ts test expect-error=2322", "const s: string = explode(1);", "```", "",
    "```ts run", 'console.log("seven", 7);', "```", "",
    "```text output", "seven 7", "```", "",
    "## Expects the wrong error", "",
    "```ts test expect-error=2554", "const t: string = explode(1);", "```", "",
    "## Prints the wrong thing", "",
    "```ts run", 'console.log("eight");', "```", "",
    "```text output", "nine", "```", "",
  ].join("\n"),
  "chapters/003-claims.md": ["# In which", "", "## One", "",
    "```ts test", "0x1000 +", "  0xff // => 0x2000", "```", "",
    "## Two", "",
    "```ts test", "[16, 2] // => [0x11, 2]", "```", "",
    "## Three", "",
    "```ts test", "[].length // throws RangeError", "```", ""].join("\n"),
  "chapters/005-red.md": ["# In which", "", "## Exercises", "",
    "```ts test", 'import { explode } from "lguest/plant";', "",
    "const fuse = 1;", "```", "",
    "1. Turn this green:", "",
    "   ```ts test red", '   import { defuse } from "lguest/plant";', "",
    "   const fuse: number = defuse();", "   fuse // => 1", "   ```", "",
    "```ts test red", 'import { explode } from "lguest/plant";', "",
    "explode(1) // => 2", "```", "",
    "```ts test red", "explode(1) // => 1", "```", "",
    "```ts test red", "fuse // => 1", "```", ""].join("\n"),
  "chapters/004-break.md": chapterOf(["ts test", "1 // => 1", "  break;"]),
  "test/broken.test.ts": "const one = 1;\nconst two = ;\n",
  "test/empty.test.ts": 'import { suite } from "uvu";\n'
    + 'const test = suite("empty");\ntest("never run", () => {});\n',
  "test/endless.test.ts": 'import { suite } from "uvu";\n'
    + 'const test = suite("endless");\n'
    + 'test("waits", () => new Promise(() => {}));\ntest.run();\n',
};

test("planted errors are reported with chapter, line and column", () => {
  const project = makeProject(planted);
  tangle(project.folder, []);
  const { text, status } = project.loom("test");
  // By ts-node itself, and what has been compiled already.
  const { stdout } = spawnSync(process.execPath, ["-r", "ts-node/register",
    "test/chapters/002-examples.test.ts"],
  { cwd: project.folder, encoding: "utf8", timeout: PATIENCE });
  project.remove();
  assert.is(status, 1, text);
  // A type error in the program, and one that an example should not have.
  assert.match(text, /^chapters\/001-plant\.md:11:14: error TS2322/m);
  assert.match(text, /002-examples\.md:39:1: this should give error TS2554/);
  assert.match(text, /002-examples\.md:40:7: error TS2322/);
  assert.not.match(text, /002-examples\.md:26:7/);
  // A failed example, an exception below an example, a wrong print.
  assert.match(text, /chapters\/002-examples\.md:9:3/);
  for (const one of [text, stdout]) assert.match(one,
    /at explode .*chapters\/001-plant\.md:5:23.*\n.*002-examples\.md:16:8/);
  assert.match(text, /chapters\/002-examples\.md:49:1/);
  // A file without tests fails; the tests that are right pass.
  const [, list = ""] = text.split("\nfailed:\n");
  assert.match(list, "test/empty.test.ts:1:1: no tests");
  assert.match(list, /\n6 passed, 11 failed, 5 type errors\n$/, list);
  assert.match(list, /endless\.test\.ts:1:1: its process ended in the middle/);
  // A claim that failed is shown, in its own digits.
  assert.match(text, `"One"
    this gives another value: 0x1000 + 0xff // => 0x2000  (equal)

        ++0x2000    (Expected)
        --0x10ff    (Actual)`);
  assert.match(text, `"Two"
    this gives another value: [16, 2] // => [0x11, 2]  (equal)`);
  assert.match(text, /--··0x10,\n *Expected:\n *\+\+··0x11,\n *····0x2,/);
  assert.match(text,
    '"Three"\n    [].length should throw RangeError, and does not');
  // Of the red ones only the one that holds is told; none for its types.
  assert.match(list, '005-red.md:26:1: "Exercises, line 26": this exercise is '
    + 'green already, all it claims holds; take "red" away, or find a harder '
    + "one\n");
  assert.is(list.match(/005-red\.md:\d+:\d+: /g)?.length, 1);
  // What is no program begins with its place, and not with a stack.
  assert.match(list, "\nchapters/004-break.md:5:3: Illegal break statement\n");
  assert.match(list,
    "\ntest/broken.test.ts:2:13: error TS1109: Expression expected.\n");
  // Whoever was first: the files in order, the types at the end.
  const order = ["002-examples.md:9:3: \"Fails\"", "test/empty", "test/endless",
    "error TS2322"].map((one) => list.indexOf(one));
  assert.equal(order, [...order].sort((a, b) => a - b));
  assert.ok(order[0]! > 0, list);
});

test("an example that is no TypeScript is reported in its chapter", () => {
  const problems: Problem[] = [];
  const text = chapterOf(["ts test", "1 // => 1", "  1 +"]);
  weaveExamples(readChapter("chapters/001-x.md", text, problems), problems);
  assert.equal(problems.map(formatProblem),
    ["chapters/001-x.md:5:6: error TS1109: Expression expected."]);
});

/** The lines of a test file between the head and the end of its test. */
function examples(...lines: string[]): string[] {
  const problems: Problem[] = [];
  const file = weaveExamples(readChapter("chapters/001-x.md",
    chapterOf(["ts test", ...lines]), problems), problems);
  assert.equal(problems.map(formatProblem), []);
  return file ? fileText(file).split("\n").slice(4, -3) : [];
}

/** What is wrong with the claim that a call throws `expected`. */
async function wrong(expected: string, thrown?: unknown): Promise<string> {
  const told = { throws: "", rejects: "" };
  const call = () => {
    if (thrown !== undefined) throw thrown;
  };
  try {
    throws(call, expected, "f()");
  } catch (error) {
    told.throws = (error as Error).message;
  }
  await rejects(async () => call(), expected, "f()")
    .catch((error: Error) => void (told.rejects = error.message));
  assert.is(told.rejects, told.throws);
  return told.throws;
}

test("a claim behind a colon is of the whole message", async () => {
  const absent = new Fault(NP, 0x10), long = new RangeError("17: too long");
  const right: [string, unknown][] = [
    ["Fault: #NP(0x10)", absent], ["Fault: #UD", new Fault(UD)],
    ["Fault: #PF(0x3) at 0x00005000", new Fault(PF, 3, 0x5000)],
    ["Fault", absent], ["Fault #NP", absent],
    ["RangeError", long], ["RangeError too long", long],
    ["RangeError 17: too", long], ["RangeError: 17: too long", long],
  ];
  for (const [expected, thrown] of right)
    assert.is(await wrong(expected, thrown), "", expected);
});

test("a wrong claim is told with what is thrown instead", async () => {
  const cases: [string, unknown, string][] = [
    ["Fault: #GP(0x10)", new Fault(NP, 0x10), "Fault: #NP(0x10)"],
    // The right vector, but another selector, or none.
    ["Fault: #GP(0x1)", gp(0x18), "Fault: #GP(0x18)"],
    ["Fault: #GP", gp(), "Fault: #GP(0)"],
    ["Fault: #PF(0x3)", new Fault(PF, 3, 0x5000),
      "Fault: #PF(0x3) at 0x00005000"],
    ["Fault:#GP(0)", gp(), "Fault: #GP(0)"],
    ["RangeError: #GP(0)", gp(), "Fault: #GP(0)"],
    ["Fault: #GP(0)", new RangeError("#GP(0)"), "RangeError: #GP(0)"],
    ["RangeError: too long", new RangeError("17: too long"),
      "RangeError: 17: too long"],
  ];
  for (const [expected, thrown, told] of cases)
    assert.is(await wrong(expected, thrown),
      `f() should throw ${expected}, and throws ${told}`);
  assert.is(await wrong("Fault: #UD"),
    "f() should throw Fault: #UD, and does not");
});

test("a claim ends its statement, whatever the next line begins with", () => {
  assert.equal(examples("x[0] // => 5", "[1].length // => 1",
    "const y = 3 // => 3", "", "// A remark.", "(y) // => 3",
    "g() // throws E: no", "  -y", "  // => [", "  //   1,", "  // ]",
    "`a` // => `a`"), [
    '$loom.equal((x[0]), (5), "x[0] // => 5"); // => 5',
    '$loom.equal(([1].length), (1), "[1].length // => 1"); // => 1',
    'const y = 3; $loom.equal(y, (3), "y // => 3"); // => 3',
    "", "// A remark.", '$loom.equal(((y)), (3), "(y) // => 3"); // => 3',
    '$loom.throws(() => (g()), "E: no", "g()"); // throws E: no',
    '  $loom.equal((-y), ([   1, ]), "-y // => [   1, ]");',
    "  // => [", "  //   1,", "  // ]",
    '$loom.equal((`a`), (`a`), "`a` // => `a`"); // => `a`',
  ]);
  // What goes on is no statement yet, and a string is no claim.
  assert.equal(examples("f(`// => 1", "[`);", "const z = 3; // => 3"), [
    "f(`// => 1", "[`);",
    'const z = 3; $loom.equal(z, (3), "z // => 3"); // => 3']);
});

test("a claim that is not the expression of a value is told", () => {
  for (const value of ["about 5", "{ a: }", "1; 2", "1), (2", "5 // or so"]) {
    const problems: Problem[] = [];
    weaveExamples(readChapter("chapters/001-x.md",
      chapterOf(["ts test", `f() // => ${value}`]), problems), problems);
    assert.equal(problems.map(formatProblem), ["chapters/001-x.md:4:11: what "
      + "is claimed here is not the expression of a value"], value);
  }
});

test("an exception outside tests names the chapter, too", () => {
  const project = makeProject({
    "chapters/001-plant.md": chapterOf(
      ["ts file=src/plant.ts", "const x: unknown[] = [];",
        "export function f() {", "  // <<fail>>", "}", "f();"],
      ['ts chunk="fail"', 'x.push(1); throw new Error("here");']),
  });
  tangle(project.folder, []);
  const main = join(project.folder, "src/loom/main.ts");
  fs.writeFileSync(main, 'import "../plant";\n');
  const { text, status } = project.loom();
  project.remove();
  assert.is(status, 1);
  assert.match(text, /chapters\/001-plant\.md:12:18/);
});

test("--check fails on what is not in the chapters, and says where", () => {
  const project = makeProject({
    "chapters/001-plant.md": chapterOf(
      ["ts file=src/a.ts", "export const a = 1;", "export const b = 2;"]),
  });
  const weave = () => assert.equal(tangle(project.folder, []).length, 1);
  const check = () => {
    const problems: Problem[] = [];
    checkTangled(project.folder, problems);
    return problems.map(formatProblem);
  };
  const mend = "; edit the chapter, then npm run tangle";
  weave();
  assert.equal(check(), []);

  project.write("src/a.ts", project.read("src/a.ts").replace("2", "3"));
  const edited = "chapters/001-plant.md:5:1: "
    + "src/a.ts:3 is not what the chapter says" + mend;
  assert.equal(check(), [edited]);
  assert.equal(project.loom("tangle", "--check"),
    { text: `${edited}\n`, status: 1 });

  weave();
  project.write("src/stray.ts", "export {};\n");
  const stray = "src/stray.ts:1:1: no chapter defines this file; delete it, "
    + "or give it a fence with file=src/stray.ts";
  assert.equal(check(), [stray]);

  fs.rmSync(join(project.folder, "src/stray.ts"));
  fs.rmSync(join(project.folder, "src/a.ts"));
  assert.equal(check(),
    ["chapters/001-plant.md:4:1: src/a.ts is missing" + mend]);
  weave();
  assert.equal(check(), []);
  project.remove();
});

test.run();
