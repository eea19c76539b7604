// Woven from chapters/855-maps.md.
// What has the name of a chapter, and can't be read as one.
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { chapterName } from "./contents";
import type { Problem } from "./problem";

/** The text of each chapter by its path, or undefined if one has none. */
export function readChapterTexts(
  root: string,
  problems: Problem[],
): Map<string, string> | undefined {
  const texts = new Map<string, string>();
  const numbers = new Map<string, string>();
  const folder = join(root, "chapters");
  const names = existsSync(folder) ? readdirSync(folder)
    .filter((name) => name.endsWith(".md")).sort() : [];
  let whole = names.length > 0;
  const complain = (path: string, message: string) =>
    void problems.push({ path, line: 1, column: 1, message });
  if (!whole) complain("chapters", "there is no chapter here; git checkout "
    + "chapters brings them back");
  for (const name of names) {
    const path = `chapters/${name}`;
    const text = readPlainText(root, path, problems);
    const [, number] = chapterName.exec(name) ?? [];
    if (!text?.trim()) {
      whole = false;
      if (text !== undefined) complain(path,
        "this chapter is empty; bring its text back, or delete it");
    } else if (number === undefined) complain(path,
      "the name of a chapter is three digits and a word: 120-ticks.md");
    else {
      const other = numbers.get(number);
      if (other !== undefined) complain(path,
        `${other} has this number already; give one of them another`);
      numbers.set(number, path);
      texts.set(path, text);
    }
  }
  return whole ? texts : undefined;
}

/** The text of a file, if that is a file and can be in a chapter. */
export function readPlainText(
  root: string,
  path: string,
  problems: Problem[],
): string | undefined {
  const before = problems.length, full = join(root, path);
  const complain = (message: string, place = { line: 1, column: 1 }) =>
    void problems.push({ path, ...place, message });
  try {
    if (statSync(full).isFile()) {
      const text = decode(readFileSync(full), complain);
      complainOfCharacters(text, complain);
      if (problems.length === before) return text;
    } else complain("this is no file; a chapter is one, so take this away");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    complain(`this can't be read (${code}); mend the file, or delete it`);
  }
  return undefined;
}

type Complain = (
  message: string, place?: { line: number, column: number }) => void;

function decode(bytes: Buffer, complain: Complain): string {
  const text = bytes.toString();
  for (const { index } of text.matchAll(/\uFFFD/g)) {
    const at = Buffer.byteLength(text.slice(0, index));
    if (bytes.toString("latin1", at, at + 3) === "\xEF\xBF\xBD") continue;
    complain(`the byte 0x${bytes[at]?.toString(16)} here is no UTF-8; save `
      + "the file as UTF-8", placeAt(text, index));
    break;
  }
  return text;
}

function placeAt(text: string, index: number) {
  const lines = text.slice(0, index).split("\n");
  return { line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
}

const strange = /[^\t\n\P{Cc}]|[\u2028\u2029\uFEFF]/gu;

function complainOfCharacters(text: string, complain: Complain): void {
  const seen = new Set<string>();
  for (const { 0: character, index } of text.matchAll(strange)) {
    if (seen.has(character)) continue;
    seen.add(character);
    const code = character.charCodeAt(0).toString(16).toUpperCase();
    complain(`the character U+${code.padStart(4, "0")} is not for a chapter; `
      + (advice[character] ?? "delete it, or write an escape"),
      placeAt(text, index));
  }
}

const advice: Record<string, string> = {
  "\r": "save it with lines that end in LF alone",
  "\uFEFF": "save it as UTF-8 without a byte order mark",
};
