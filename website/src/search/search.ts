// Searching the book. What a word means comes first, then the section that
// explains it; then sections with the very phrase; then those with its words.
import MiniSearch from "minisearch";
import type { Name } from "../names/data";
import type { BookData, CodeData, Word } from "./data";
import { askedFor, phraseOf, whole } from "./phrase";

/** Something found: where it leads, and what it says there. */
export interface Hit {
  readonly href: string;
  readonly title: string;
  /** Where that is: a chapter's number and subtitle. */
  readonly at: string;
  readonly excerpt: string;
}

/** Letters that an excerpt has before and after what was found. */
const BEFORE = 50, AFTER = 110;

/** Where in a text a phrase begins, as whole words if it can be. */
function position(text: string, phrase: string): number {
  const low = text.toLowerCase();
  const found = low.search(new RegExp(whole(phrase)));
  return found >= 0 ? found : low.indexOf(phrase);
}

/** The part of a text around the first of these words that stands in it. */
export function excerptOf(text: string, words: readonly string[]): string {
  const at = words.map((one) => position(text, one))
    .find((found) => found >= 0) ?? 0;
  const from = at <= BEFORE ? 0 : text.indexOf(" ", at - BEFORE) + 1;
  const end = text.length <= at + AFTER ? text.length
    : text.lastIndexOf(" ", at + AFTER);
  return (from > 0 ? "… " : "") + text.slice(from, Math.max(end, at + 1))
    + (end < text.length ? " …" : "");
}

interface Document {
  readonly id: number;
  readonly title: string;
  readonly chapter: string;
  readonly text: string;
}

export class BookSearch {
  private readonly index = new MiniSearch<Document>({
    fields: ["title", "chapter", "text"],
    searchOptions: { combineWith: "AND", prefix: true,
      fuzzy: (term) => term.length > 4 ? 0.15 : false,
      boost: { title: 3, chapter: 2 } },
  });

  private constructor(private readonly data: BookData) {}

  /** Reads the book, a little at a time: others want to run, too. */
  static async of(data: BookData): Promise<BookSearch> {
    const search = new BookSearch(data);
    await search.index.addAllAsync(data.sections.map(
      ([chapter, title, , text], id) => ({ id, title, text,
        chapter: data.chapters[chapter]![1] })), { chunkSize: 20 });
    return search;
  }

  /** What is found, the best first. */
  find(query: string, most = 50): Hit[] {
    const asked = phraseOf(query), { sections } = this.data;
    const quoted = /^\s*["“]/.test(query);
    const phrase = quoted || sections.some(([, title]) =>
      title.toLowerCase() === asked) ? asked : askedFor(asked);
    if (phrase === "") return [];
    const first = meant(this.data.words, phrase)
      .flatMap((word) => this.explained(word, phrase));
    const exact = sections.map(([, title, , text], id) => ({ id,
      points: 100 * Number(title.toLowerCase() === phrase)
        + 10 * Number(position(title, phrase) >= 0)
        + occurrences(text, phrase) }))
      .filter(({ points }) => points > 0)
      .sort((a, b) => b.points - a.points || a.id - b.id);
    const rest = quoted ? [] : this.index.search(phrase);
    const ids = new Set<number>(
      [...phrase.includes(" ") || quoted ? exact : exact.slice(0, 3), ...rest]
        .map(({ id }) => Number(id)));
    const hits = [...first, ...[...ids].map((id) => this.hit(id, phrase))];
    const seen = new Set<string>();
    return hits.filter(({ href }) => !seen.has(href) && seen.add(href))
      .slice(0, most);
  }

  /** A word's entry, and the section that explains it. */
  private explained({ words, says, id, href }: Word, phrase: string): Hit[] {
    const entry = { href: `/book/glossary#${id}`, title: words.join(", "),
      at: "Glossary", excerpt: says };
    const section = this.data.sections.findIndex(([chapter, , anchor]) =>
      this.data.chapters[chapter]![2] + anchor === href);
    return section < 0 ? [entry] : [entry, this.hit(section, phrase)];
  }

  private hit(id: number, phrase: string): Hit {
    const [chapter, title, anchor, text] = this.data.sections[id]!;
    const [number, subtitle, href] = this.data.chapters[chapter]!;
    return { href: href + anchor, title, at: `${number} ${subtitle}`,
      excerpt: excerptOf(text, [phrase, ...phrase.split(" ")]) };
  }
}

/** How often a phrase stands in a text; often is not much better. */
function occurrences(text: string, phrase: string): number {
  const count = text.toLowerCase().split(phrase).length - 1;
  return count === 0 ? 0 : 1 + Math.log2(count);
}

/** The words that somebody may mean who looks for the phrase: that one, or
 * a few that begin with it. */
function meant(words: readonly Word[], phrase: string): Word[] {
  const some = (like: (word: string) => boolean) => words.filter((one) =>
    one.words.some((word) => like(word.toLowerCase())));
  const exact = some((word) => word === phrase || `${word}s` === phrase);
  if (exact.length > 0 || phrase.length < 3) return exact;
  return some((word) => word.startsWith(phrase)).slice(0, 2);
}

/** The names that have these letters: that very name, then those that begin
 * with it, then others; short ones first. */
export function findNames(
  names: readonly Name[], query: string, most = 50,
): Hit[] {
  const phrase = query.trim().toLowerCase();
  if (phrase.length < 2) return [];
  return names.map((one) => ({ ...one, at: one.name.toLowerCase()
    .indexOf(phrase) })).filter(({ at }) => at >= 0)
    .sort((a, b) => Math.sign(a.at) - Math.sign(b.at)
      || a.name.length - b.name.length || (a.name < b.name ? -1 : 1))
    .slice(0, most).map(({ name, type, says, href }) =>
      ({ href, title: name, at: type, excerpt: says }));
}

/** The fences that have a text, letter by letter. */
export function findCode(
  data: CodeData, query: string, most = 50,
): Hit[] {
  const phrase = query.trim();
  if (phrase.length < 2) return [];
  return data.filter(([name, , text]) =>
    name.includes(phrase) || text.includes(phrase))
    .slice(0, most).map(([name, href, text]) => {
      const line = text.split("\n").find((one) => one.includes(phrase));
      return { href, title: name, at: "", excerpt: (line ?? "").trim() };
    });
}
