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
  const entry = contents.find((one) => one.slug === slug);
  assert.ok(entry, slug);
  return entry.before;
}

test("every chapter has a number, a title and a subtitle of its own", () => {
  assert.equal(problems.map(formatProblem), []);
  const numbers = contents.map(({ number }) => Number(number));
  assert.equal(numbers, [...new Set(numbers)].sort((a, b) => a - b));
});

const chapter = (subtitle: string, title = "In which") =>
  `---\nsubtitle: ${subtitle}\n---\n# ${title} it is told\n`;

/** What is wrong with chapters, as numbers of chapters and first words. */
function complaints(texts: Record<string, string>): string[] {
  const found: Problem[] = [];
  contentsOf(new Map(Object.entries(texts).map(([name, text]) =>
    [`chapters/${name}.md`, text])), found);
  return found.map(({ path, message }) =>
    `${path.slice(9, 12)} ${message.slice(0, 22)}`);
}

test("a subtitle is short, plain, and nobody else's", () => {
  const long = "x".repeat(58);
  assert.equal(complaints({ "001-a": chapter(long) }), []);
  for (const subtitle of [`${long}x`, "Paging: the TLB", "C #1", "xy", ""])
    assert.equal(complaints({ "001-a": chapter(subtitle) }),
      ["001 a chapter begins with "], subtitle);
  assert.equal(complaints({ "001-a": chapter("Sums"),
    "002-b": chapter("Sums"), "003-a": chapter("More") }),
    ['002 "Sums" is what chapter', '003 "a" is what chapters/0']);
  assert.equal(complaints({ "001-a": chapter("Sums", "How") }),
    ["001 the title of a chapter"]);
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
  near(wordsBefore("block"), 150_000);
  near(contents.reduce((all, { words }) => all + words, 0), 430_000);
  assert.match(fs.readFileSync(join(root, "chapters/000-invitation.md"),
    "utf8").replace(/\s+/g, " "), "some hundred and fifty thousand words, "
    + "code among them, and with the machine under it and the tools around it "
    + "they are four hundred and thirty thousand");
});

test("the second exhibit says how long its functions are", () => {
  const linesOf = (file: string, ...names: string[]) => {
    const text = fs.readFileSync(join(root, `src/lguest/${file}.ts`), "utf8");
    const codes = names.map((name) =>
      new RegExp(`^(export )?function ${name}\\b.*?^}`, "ms").exec(text)?.[0]);
    return codes.join("\n").split("\n").length;
  };
  const pair = ["loadOnePage", "loadOnePair", "showPair", "enterOnePair"];
  assert.match(fs.readFileSync(join(root, "chapters/674-one-page.md"), "utf8"),
    "```text lines\n" + [["load", "loadLguest"], ["onepage", "loadOnePage"],
      ["onepage", ...pair]].map(([file, ...names]) => names.join(", ")
      .padEnd(54) + linesOf(file!, ...names)).join("\n") + "\n```\n");
});

test("the table adds up", () => {
  const [head, part, one, two, all] = drawContents(contentsOf(new Map([
    ["chapters/401-a.md", chapter("Sums")],
    ["chapters/402-b.md", chapter("More") + "\n```ts\na\n```\n"],
  ]), [])).split("\n").map((line) => line.trim().split(/\s\s+/));
  assert.equal(head, ["words", "prose", "before"]);
  assert.equal(part?.slice(0, 2), ["Host", "23"]);
  assert.equal([one?.[0], one?.[1], one?.[3]], ["401 Sums", "10", "0"]);
  assert.equal([two?.[0], two?.[1], two?.[3]], ["402 More", "13", "10"]);
  assert.is(all?.[1], "23");
});

test.run();
