// The book as the site sees it: chapters, their titles, their parts.
import * as fs from "node:fs";
import { join, resolve } from "node:path";
import { readBook } from "../../src/loom/book";
import type { Chapter, Fence } from "../../src/loom/chapter";
import { contentsOf } from "../../src/loom/contents";
import type { Entry } from "../../src/loom/contents";
import type { Problem } from "../../src/loom/problem";
import { weave } from "../../src/loom/weave";
import type { WovenFile } from "../../src/loom/piece";

/** The project's folder, and where all that we make for the site goes. */
export const root = resolve(__dirname, "../..");
export const made = join(root, "website/.woven");

/** A chapter, and its line in the table of contents. */
export interface Page extends Chapter, Entry {}

/** All of the book. */
export interface Book {
  readonly pages: readonly Page[];
  readonly files: readonly WovenFile[];
}

/** Reads and weaves the book; what is wrong goes to `problems`. */
export function readAll(problems: Problem[]): Book {
  const chapters = readBook(root, problems);
  const files = weave(chapters, problems);
  const contents = contentsOf(new Map(chapters.map(({ path }) =>
    [path, fs.readFileSync(join(root, path), "utf8")])), problems);
  return { files, pages: chapters.map((chapter, index) =>
    ({ ...chapter, ...contents[index]! })) };
}

/** The address of a chapter on the site, without the base. */
export function pageUrl(page: Page): string {
  return `/book/${page.slug}`;
}

/** The address of a file's page: that of src/machine/cpu/tlb.ts is
 * machine/cpu/tlb. */
export function sourceUrl(path: string): string {
  return `/source/${sourceId(path)}`;
}

/** The name of a file's document. A barrel must not be called "index":
 * machine/index is what servers give whoever asks for machine. */
export function sourceId(path: string): string {
  return path.replace(/^src\//, "").replace(/\.ts$/, "")
    .replace(/(^|\/)index$/, "$1barrel");
}

const texts = new Map<string, readonly string[]>();

/** The info string of a fence, with what is in braces: that is ours. */
export function infoOf({ path, line }: Fence): string {
  const lines = texts.get(path)
    ?? fs.readFileSync(join(root, path), "utf8").split("\n");
  texts.set(path, lines);
  return lines[line - 1] ?? "";
}

/** Whether a fence is folded away; a chunk's name may have any word in it. */
export function isHidden(fence: Fence): boolean {
  return /\bhidden\b/.test(infoOf(fence).replace(/"[^"]*"/g, ""));
}
