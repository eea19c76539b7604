// The table of contents: what each chapter says of itself, and how much
// there is to read before the chapters that the story leads to.
import { resolve } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { contentsOf, drawContents, formatProblem } from "../src/loom";
import type { Problem } from "../src/loom";
import { readChapterTexts } from "../src/loom/gravel";

const test = suite("contents");
const root = resolve(__dirname, "..");

const problems: Problem[] = [];
const entries = contentsOf(readChapterTexts(root, problems) ?? new Map(),
  problems);

test("every chapter has a number, a title and a subtitle of its own", () => {
  assert.equal(problems.map(formatProblem), []);
  assert.ok(entries.length > 0);
  assert.equal(entries.filter(({ part }) => part === ""), []);
});

// Words, code and all.
for (const [slug, most] of Object.entries({
  guest: 18_000, shadow: 80_000, switcher: 90_000 }))
  test(`a reader gets to "${slug}" within ${most} words`, () => {
    const at = entries.findIndex((entry) => entry.slug === slug);
    assert.ok(at > 0, `there is no chapter ${slug}`);
    const before = entries.slice(0, at)
      .reduce((all, { words }) => all + words, 0);
    assert.ok(before <= most, `${before} words`);
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
