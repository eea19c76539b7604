// Searching: what the book answers to its own words, and how much of it has
// to be fetched for that.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { nearby } from "../src/lost/nearby";
import { marksFor } from "../src/search/phrase";
import {
  BookSearch, excerptOf, findCode, findNames,
} from "../src/search/search";
import type { BookData, CodeData } from "../src/search/data";
import { website } from "./site";

const test = suite("searching");

const made = (name: string) =>
  readFileSync(join(website, ".woven/static/search", name), "utf8");
const data: BookData = JSON.parse(made("book.json"));
const book = BookSearch.of(data);

test("the section that explains a word is among the first two", async () => {
  for (const [word, section] of [
    ["TLB", "/book/paging#what-is-remembered"],
    ["PGE", "/book/paging#what-is-remembered"],
    ["page fault", "/book/paging#finding-a-way"],
    ["Switcher", "/book/switcher"],
    ["hypercall", "/book/hypercalls"],
    ["cr3", "/book/paging#control-registers"],
    ["iret", "/book/exceptions#the-way-back"],
    ["lguest_data", "/book/hypercalls#init"],
    ["host call", "/book/threads#the-table-of-host-calls"],
    ["snapshot", "/book/machine#snapshots"],
  ] as const) {
    const hits = (await book).find(word).map(({ href }) => href);
    assert.ok(hits.slice(0, 2).includes(section),
      `${word}: ${hits.slice(0, 4).join(", ")}`);
  }
});

test("words in quotes are found as they stand, others near enough",
  async () => {
    const search = await book;
    const quoted = search.find("\"one bit\"");
    assert.ok(quoted.length > 0);
    for (const { title, excerpt } of quoted)
      assert.match(`${title}: ${excerpt}`, /one bit/i);
    assert.ok(search.find("swicher").some(({ href }) =>
      href.startsWith("/book/switcher")));
    assert.equal(search.find("   "), []);
    assert.equal(search.find("\"no such words at all\""), []);
    for (const odd of ["(", "[a", "\\", "*", "\"", "a".repeat(5000)])
      assert.ok(search.find(odd).length <= 50);
  });

test("a question is a search for what it asks for", async () => {
  const search = await book;
  for (const asked of ["What is the TLB?", "what's a TLB", "where is TLB"])
    assert.equal(search.find(asked), search.find("TLB"));
  assert.is(search.find("what is remembered")[0]?.title,
    "What is remembered");
});

test("what is looked for is marked, and not each letter of it", () => {
  const marked = (query: string, text: string) =>
    text.split(marksFor(query)!).filter((_, index) => index % 2);
  assert.equal(marked("what is a gate", "A gate is a call that leads"),
    ["gate"]);
  assert.equal(marked("a page fault", "that page, a fault, a page fault"),
    ["page", "a", "fault", "a page fault"]);
  assert.equal(marked("call", "lguest_hypercall"), ["call"]);
  assert.is(marksFor(" "), undefined);
});

test("code is found letter by letter", () => {
  const code: CodeData = JSON.parse(made("code.json"));
  const hits = findCode(code, "movl %cr3, %eax");
  assert.ok(hits.length > 0);
  for (const { excerpt } of hits) assert.match(excerpt, "movl %cr3, %eax");
  assert.equal(findCode(code, "s"), []);
});

test("a name is found before those that begin with it", () => {
  const names = JSON.parse(made("names.json"));
  const [first, ...others] = findNames(names, "Cpu");
  assert.is(first?.title, "Cpu");
  assert.is(first?.at, "class Cpu");
  assert.ok(others.every(({ title }) => /cpu/i.test(title)));
  assert.equal(findNames(names, "c"), []);
});

test("what is fetched for a search is small", () => {
  const size = gzipSync(made("book.json")).length;
  console.log(`the book: ${size} bytes compressed`);
  assert.ok(size < 1_000_000, `${size} bytes`);
});

test("every section that can be found is there", () => {
  const ids = new Map(data.chapters.map(([, , href]) => [href, new Set(
    readFileSync(join(website, `build${href}.html`), "utf8")
      .match(/(?<= id=)[^ >]+/g)?.map((id) => id.replaceAll("\"", "")))]));
  const all = data.sections.map(([chapter, , anchor]) =>
    [data.chapters[chapter]![2], anchor.slice(1)] as const)
    .filter(([, id]) => id !== "");
  assert.ok(all.length > 900, `${all.length} sections`);
  const lost = all.filter(([href, id]) => !ids.get(href)?.has(id));
  assert.equal(lost, []);
  const words = ids.get("/book/glossary")!;
  assert.equal(data.words.filter(({ id }) => !words.has(id)), []);
});

test("an excerpt is cut at words, around what was found", () => {
  const text = `${"before ".repeat(30)}the needle here${" after".repeat(40)}`;
  const cut = excerptOf(text, ["needle"]);
  assert.match(cut, /^… (before )+the needle here( after)+ …$/);
  assert.ok(cut.length < 200);
  assert.equal(excerptOf("short", ["no"]), "short");
});

test("an address that leads nowhere suggests others", () => {
  const places = [["/book/switcher", "500 The Switcher"],
    ["/book/paging", "030 Paging"], ["/source/machine/cpu/tlb", "tlb.ts"]]
    .map(([to, label]) => ({ to: to!, label: label! }));
  const found = (address: string) =>
    nearby(address, places).map(({ to }) => to);
  assert.equal(found("book/500-switcher.md"), ["/book/switcher"]);
  assert.equal(found("source/cpu/tlb.ts"), ["/source/machine/cpu/tlb"]);
  assert.equal(found("wp-login.php"), []);
  assert.equal(nearby("no-such", [{ to: "/source/no-guest",
    label: "src/no-guest.ts" }]), []);
});

test.run();
