// Woven from chapters/890-change.md.
// The table of contents: numbers, subtitles, parts, and words.
import type { Problem } from "./problem";

/** The parts of the book; a chapter's hundreds say in which it is. */
export const parts = ["Preparation", "Guest", "Drivers", "Launcher",
  "Host", "Switcher", "Mastery", "The machine", "The workshop",
  "Reference"] as const;

/** The name of a chapter's file: its number, and its slug. */
export const chapterName = /(?:^|\/)(\d{3})-([a-z\d-]+)\.md$/;

/** A chapter in the table of contents. */
export interface Entry {
  readonly path: string;
  /** "470", and what stands behind it: "shadow". */
  readonly number: string;
  readonly slug: string;
  readonly part: string;
  readonly title: string;
  readonly subtitle: string;
  /** Words with and without fences, counted as `wc -w` does. */
  readonly words: number;
  readonly prose: number;
  /** Words of all chapters before it. */
  readonly before: number;
}

/** The table of contents of chapters, given by their paths. */
export function contentsOf(
  texts: ReadonlyMap<string, string>, problems: Problem[],
): Entry[] {
  const names = new Map<string, string>();
  let passed = 0;
  return [...texts].map(([path, text]) => {
    const [, number = "", slug = ""] = chapterName.exec(path) ?? [];
    const [head = "", matter = ""] =
      /^---\n([^]*?)\n---\n/.exec(text) ?? [];
    const subtitle = /^subtitle: +(.+)$/m.exec(matter)?.[1] ?? "";
    const title = /^# (.*)$/m.exec(text)?.[1] ?? "";
    const complain = (message: string) =>
      void problems.push({ path, line: 1, column: 1, message });
    if (!/^[\w/][^:#]{2,57}$/.test(subtitle)) complain("a chapter begins with "
      + "a line ---, one with subtitle: and what it is about in at most 58 "
      + "characters without colons, and a line ---");
    if (!title.startsWith("In which ")) complain(
      'the title of a chapter is "# In which" and what happens');
    for (const name of [slug, subtitle]) {
      const other = names.get(name);
      if (name !== "" && other !== undefined)
        complain(`"${name}" is what ${other} is called already`);
      names.set(name, path);
    }
    const words = countWords(text), before = passed;
    passed += words;
    return { path, number, slug, title, subtitle, words, before,
      part: parts[Number(number[0])] ?? "",
      prose: countWords(withoutFences(text.slice(head.length))) };
  });
}

const countWords = (text: string) => text.match(/\S+/g)?.length ?? 0;

const withoutFences = (text: string) =>
  text.replace(/^( *)(```+|~~~+)[^]*?^\1\2 *$/gm, "");

/** The table of contents as text: words, prose alone, words before. */
export function drawContents(entries: readonly Entry[]): string {
  const row = (name: string, ...numbers: (number | string)[]) =>
    name.padEnd(66) + numbers.map((n) => String(n).padStart(8)).join("");
  const sum = (of: readonly Entry[], what: "words" | "prose") =>
    of.reduce((all, entry) => all + entry[what], 0);
  const lines = [row("", "words", "prose", "before")];
  for (const part of parts) {
    const own = entries.filter((entry) => entry.part === part);
    if (own.length === 0) continue;
    lines.push(row(part, sum(own, "words"), sum(own, "prose")));
    for (const entry of own) lines.push(
      row(`  ${entry.number} ${entry.subtitle}`, entry.words, entry.prose,
        entry.before));
  }
  return [...lines, row("all", sum(entries, "words"),
    sum(entries, "prose"))].join("\n");
}
