// The book as a whole: its order, and what a reader has to carry.
import * as fs from "node:fs";
import { join, resolve } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { contentsOf, drawContents, formatProblem } from "../src/loom";
import type { Problem } from "../src/loom";
import { readChapterTexts } from "../src/loom/gravel";

const test = suite("the book");
const root = resolve(__dirname, "..");
const problems: Problem[] = [];
const texts = readChapterTexts(root, problems) ?? new Map<string, string>();
const contents = contentsOf(texts, problems);

/** Words, code and all, that a reader has passed before a chapter. */
function wordsBefore(slug: string): number {
  const at = contents.findIndex((entry) => entry.slug === slug);
  assert.ok(at >= 0, slug);
  return contents.slice(0, at).reduce((all, { words }) => all + words, 0);
}

test("every chapter has a number, a title and a subtitle of its own", () => {
  assert.equal(problems.map(formatProblem), []);
  const numbers = contents.map(({ number }) => Number(number));
  assert.equal(numbers, [...new Set(numbers)].sort((a, b) => a - b));
});

test("a chapter that says nothing of itself is told so", () => {
  const told: Problem[] = [];
  const chapter = (subtitle: string, title = "In which we test") =>
    `---\nsubtitle: ${subtitle}\n---\n# ${title}\n\nThree words more.\n`;
  const [first, ...others] = contentsOf(new Map([
    ["chapters/470-shadow.md", chapter("Shadow page tables")],
    ["chapters/480-none.md", "# In which there is nothing\n"],
    ["chapters/490-title.md", chapter("Titles", "Titles")],
    ["chapters/500-shadow.md", chapter("The Switcher")],
    ["chapters/510-twice.md", chapter("Shadow page tables")],
    ["chapters/520-colon.md", chapter("Two: one too many")],
  ]), told);
  assert.equal(first, { path: "chapters/470-shadow.md", number: "470",
    slug: "shadow", part: "Host", title: "In which we test",
    subtitle: "Shadow page tables", words: 14, prose: 8 });
  assert.is(others[2]?.part, "Switcher");
  assert.equal(told.map(formatProblem).map((line) => line.slice(0, 60)), [
    "chapters/480-none.md:1:1: a chapter begins with a line ---, o",
    'chapters/490-title.md:1:1: the title of a chapter is "# In wh',
    'chapters/500-shadow.md:1:1: "shadow" is what chapters/470-sha',
    'chapters/510-twice.md:1:1: "Shadow page tables" is what chapt',
    "chapters/520-colon.md:1:1: a chapter begins with a line ---, ",
  ].map((line) => line.slice(0, 60)));
});

test("words are counted as wc does, and prose without fences", () => {
  const text = "---\nsubtitle: Words\n---\n# In which we count\n\nOne two\n\n"
    + "- three\n\n  ```ts\n  not this\n  ```\n\n~~~text\nnor\n```\n~~~\nfour.\n";
  const [one] = contentsOf(new Map([["chapters/000-words.md", text]]), []);
  assert.is(one?.words, text.trim().split(/\s+/).length);
  assert.is(one?.prose, "# In which we count One two - three four."
    .split(" ").length);
});

test("a reader meets Guest, shadows and Switcher before he is tired", () => {
  for (const [slug, most] of [["guest", 18_000], ["shadow", 80_000],
    ["switcher", 90_000]] as const)
    assert.ok(wordsBefore(slug) <= most, `${slug}: ${wordsBefore(slug)}`);
});

test("the invitation says how long the book is", () => {
  const near = (words: number, told: number) =>
    assert.ok(Math.abs(words / told - 1) < 0.1, `${words} and ${told}`);
  near(wordsBefore("block"), 100_000);
  near(contents.reduce((all, { words }) => all + words, 0), 290_000);
  assert.match(fs.readFileSync(join(root, "chapters/000-invitation.md"),
    "utf8").replace(/\s+/g, " "), "some hundred thousand words, code among "
    + "them, and with the machine under it they are nearly three hundred");
});

test("the table of contents has a line for each chapter and part", () => {
  const lines = drawContents(contents).split("\n");
  const parts = new Set(contents.map(({ part }) => part));
  assert.is(lines.length, contents.length + parts.size + 2);
  const shadow = lines.find((line) => line.includes("470 "));
  assert.match(shadow ?? "", new RegExp(` ${wordsBefore("shadow")}$`));
});

test.run();
