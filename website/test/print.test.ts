// The printed edition: all of the book is in it, every link leads somewhere,
// and what is missing is told.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { contentsOf } from "../../src/loom/contents";
import { fencesOf } from "../../src/loom/home";
import { readChapter } from "../../src/loom/markdown";
import { chapters } from "../print/chapters";
import type { Chapter } from "../print/chapters";
import { join } from "../print/join";
import { understand } from "../print/options";
import { measure, print } from "../print/pdf";
import { findChromium } from "./site";

const test = suite("the printed edition");
const book = chapters();

test("all of the book is in it", () => {
  const { problems, links, figures, code } = join(book);
  assert.equal(problems, []);
  const drawn = book.flatMap(({ outcomes }) => Object.values(outcomes))
    .reduce((sum, { pictures = [] }) => sum + pictures.length, 0);
  assert.ok(drawn > 20);
  assert.is(figures, drawn);
  assert.ok(links > 4000);
  // What has no text of its own is an output that is drawn, or a machine.
  const fences = fencesOf(book.map(({ page }) => page));
  assert.ok(code > fences.length - drawn - 10);
});

const path = "chapters/001-sums.md", source = `---
subtitle: Sums
---
# In which one and one are two
~~~ts test
1 + 1 // => 2
~~~
`;
const [entry] = contentsOf(new Map([[path, source]]), []);
const sums: Chapter = { outcomes: {},
  page: { ...readChapter(path, source, []), ...entry! } };
const line = fencesOf([sums.page])[0]!.line;

const fence = `<div class="fence_aB1-" id="example-${line}"><div class="`
  + 'theme-code-block"><pre><code><div class="token-line"><span class="token '
  + 'number">1</span><span class="token plain"> + 1 </span><span class="token '
  + 'comment">// =&gt; 2</span><br></div></code></pre></div></div>';

/** The small book, with this text in it. */
const joined = (text: string, chapter = sums) => join([chapter], () =>
  '<div class="theme-doc-markdown"><h1><span class="chapter-name">001 · Sums'
    + `</span> In which one and one are two</h1>${text}</div>`);

const problems = (text: string, chapter = sums) =>
  joined(text, chapter).problems;

test("code is one text, and says where its coloured words are", () => {
  const { html } = joined(`${fence}<p id="end">The end.</p>`);
  assert.match(html, '<pre class="code short"><code data-words="l0,1">'
    + "1 + 1 <em>// =&gt; 2</em></code></pre>");
  assert.match(html, 'id="sums--end"');
  assert.match(html, '<h2>001 · Sums</h2><p class="in-which"> In which one');
});

test("links lead into the edition, or are text", () => {
  const { html, problems } = joined(`${fence}<p id="end">
    <a href="#end">here</a>, <a href="/base/book/sums?line=3#end">there</a>,
    <a href="/book/bench" data-chapter="845">elsewhere</a>,
    <a href="/source/cli/main#l3">source</a>, <a href="/machine">it</a>,
    <a href="https://example.org/">abroad</a></p>`);
  assert.equal(problems, []);
  assert.equal([...html.matchAll(/<p id="sums--end">([^]*?)<\/p>/g)]
    .map(([, text]) => text!.replace(/\s+/g, " ").trim()), [
    '<a href="#sums--end">here</a>, <a href="#sums--end">there</a>, '
    + '<span data-chapter="845">elsewhere</span>, source, it, '
    + '<a href="https://example.org/">abroad</a>']);
});

test("what is broken is told", () => {
  assert.equal(problems(fence), []);
  assert.equal(problems(`${fence}<a href="/book/sums#nowhere">x</a>`), [
    `${path}: a link leads to #sums--nowhere, which isn't there`]);
  assert.equal(problems(`${fence}<p id="a"></p><p id="a"></p>`), [
    `${path}: #sums--a is there twice`]);
  assert.equal(problems(`${fence}<img src="/no.png">`), [
    `${path}: there is no picture /no.png`]);
  assert.equal(problems(`${fence}<figure><svg></svg></figure>`), [
    `${path}: a figure shows nothing`]);
});

test("what is lost is told", () => {
  const empty = fence.replace(/<code>.*<\/code>/, "<code></code>");
  for (const text of ["", empty, fence.replace("+", "-")])
    assert.equal(problems(text), [
      `${path}: line ${line}: this fence isn't printed`]);
  assert.equal(join([sums], () => undefined).problems, [
    `${path}: the site has no page of it`]);
  const drawing: Chapter = { ...sums, outcomes: { [line]: { line, claims: 0,
    printed: ["x"], more: 0,
    pictures: [{ first: 0, lines: 1, shapes: [] }] } } };
  const told = [`${path}: line ${line}: 0 of 1 pictures`];
  assert.equal(problems(fence, drawing), told);
  const figure = "<figure><svg><text>x</text></svg></figure>";
  assert.equal(problems(fence + figure, drawing), told);
  assert.equal(problems(
    fence.replace(/<\/div>$/, `${figure}</div>`), drawing), []);
});

test("what can't be asked for is told in one line", () => {
  const wrong = (...words: string[]) => String(understand(words));
  assert.match(wrong("--all"), "book:print: there is no option --all");
  assert.match(wrong("--only", "001"), "--only 001: there is no such chapter");
  assert.match(wrong("--only"), "there is no such chapter");
  assert.match(wrong("a.pdf", "b.pdf"), "one file is written");
  assert.match(wrong("src"), "src is a folder");
  assert.match(wrong("nowhere/a.pdf"), "there is no folder");
  assert.equal(wrong("nowhere/a.pdf", "--all").includes("\n"), false);
});

test("a chapter becomes a PDF with an outline, tags and places", async () => {
  const chosen = book.filter(({ page }) =>
    ["840", "843"].includes(page.number));
  const said: string[] = [];
  const pdf = await print(join(chosen).html, findChromium() ?? "",
    (what) => said.push(what));
  const { pages, outline, places } = measure(pdf);
  assert.match(pdf.toString("latin1"), /\/StructTreeRoot /);
  assert.ok(said.length > 1);
  assert.ok(pages > 8);
  assert.ok(outline > 10);
  assert.is(places.get("drawing"), 3);
  assert.ok(places.get("tables")! > 5);
});

test.run();
