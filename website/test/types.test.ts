// The types of examples as the page checks them: nothing is wrong with the
// book, and what is wrong with an edited one is told where it stands.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { fencesOf } from "../../src/loom/home";
import { readChapter } from "../../src/loom/markdown";
import { Checker, unexpected } from "../src/examples/check";
import type { Types } from "../src/examples/check";
import { compile } from "../src/examples/edited";
import { evaluate } from "../src/examples/evaluate";
import { runSection } from "../src/examples/loom";
import { readAll } from "../weave/read";
import { website } from "./site";

const test = suite("types of examples");
const { options, files }: Types = JSON.parse(
  readFileSync(join(website, ".woven/types.json"), "utf8"));
const checker = new Checker(options, (path) => files[path]);

test("every example of the book is right", () => {
  const { pages } = readAll([]);
  const fences = fencesOf(pages);
  const all = checker.check(pages);
  assert.equal(unexpected(all, fences), []);
  const shown = fences.flatMap(({ expectError }) => expectError ?? []);
  assert.ok(shown.length > 0);
  for (const code of shown)
    assert.ok(all.some(({ message }) => message.includes(`TS${code}:`)));
});

const chapter = readChapter("chapters/001-sums.md", `# Sums
~~~ts test
const one = 1;
~~~
~~~ts test
const two = one + one;
~~~
~~~ts test
two // => 2
~~~
`, []);
const [, second, third] = fencesOf([chapter]).map(({ line }) => line);

/** What is said about a text in place of the second fence. */
function wrong(...lines: string[]): string[] {
  const compiled = compile(chapter, second!, lines.join("\n"), checker);
  return "wrong" in compiled
    ? compiled.wrong.map(({ line, message }) => `${line}: ${message}`) : [];
}

test("a type error is told at its line, in the compiler's words", () => {
  assert.equal(wrong("const two = one + one;", "", "two.foo;"), [
    `${second! + 3}: error TS2339: Property 'foo' does not exist on type `
      + "'number'."]);
  assert.equal(wrong('import { nothing } from "lguest";'), [
    `${second! + 1}: error TS2305: Module '"../../src"' has no exported `
      + "member 'nothing'."]);
  assert.equal(wrong("", "one // => one.two"), [
    `${second! + 2}: error TS2339: Property 'two' does not exist on type `
      + "'1'."]);
});

test("a syntax error is told before any type", () => {
  assert.equal(wrong("one.foo;", "const two = ;"),
    [`${second! + 2}: error TS1109: Expression expected.`]);
});

test("a fence behind that no longer fits is told, and holds nobody up",
  async () => {
    // Longer than the original: the fence behind it makes room.
    const text = [1, 2, 3, 4, 5, 6, 7].map((n) => `console.log(${n});`);
    const compiled = compile(chapter, second!, text.join("\n"), checker);
    if ("wrong" in compiled) throw new Error(compiled.wrong[0]?.message);
    assert.equal(compiled.later.map(({ line, message }) =>
      `${line}: ${message}`),
      [`${third! + 1}: error TS2304: Cannot find name 'two'.`]);
    const [section] = await evaluate(compiled.code);
    const outcomes = await runSection(section!, second!);
    assert.equal(outcomes.map(({ printed }) => printed.join("")),
      ["", "1234567"]);
  });

test.run();
