// The book on disk: what is read, what is written, what is compared.
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import type { Chapter } from "./chapter";
import { readChapter } from "./markdown";
import { digest, makeMap, mapPath } from "./map";
import { fileText, lineText } from "./piece";
import type { WovenFile } from "./piece";
import type { Problem } from "./problem";
import { weave } from "./weave";

/** The chapters of the project in `root`, in reading order. */
export function readBook(root: string, problems: Problem[]): Chapter[] {
  const names = fs.readdirSync(join(root, "chapters"))
    .filter((name) => name.endsWith(".md"));
  const isChapter = (name: string) => /^\d\d-.*\.md$/.test(name);
  for (const name of names) {
    if (!isChapter(name)) problems.push({ path: `chapters/${name}`, line: 1,
      column: 1, message: "the name of a chapter begins with two digits "
        + "and a dash" });
  }
  return names.filter(isChapter)
    .sort()
    .map((name) => {
      const path = `chapters/${name}`;
      return readOnce(path, readText(root, path) ?? "", problems, root);
    });
}

/** The text of a file of the project, if the file exists. */
export function readText(root: string, path: string): string | undefined {
  const full = join(root, path);
  return fs.existsSync(full) ? fs.readFileSync(full, "utf8") : undefined;
}

interface Known {
  readonly key: string;
  readonly chapter: Chapter;
  readonly problems: readonly Problem[];
}

const known = new Map<string, Known>();
const reader = ["markdown.ts", "info.ts"]
  .map((name) => readText(__dirname, name)).join("\n");

/** A chapter, read again only if its text has changed. */
export function readOnce(
  path: string,
  text: string,
  problems: Problem[],
  root?: string,
): Chapter {
  const key = digest(`${reader}\n${text}`);
  const saved = `.loom/${path}.json`;
  let one = known.get(path);
  if (one?.key !== key && root !== undefined)
    one = JSON.parse(readText(root, saved) ?? "{}");
  if (one?.key !== key) {
    const complaints: Problem[] = [];
    const chapter = readChapter(path, text, complaints);
    one = { key, chapter, problems: complaints };
    if (root !== undefined) writeText(root, saved, JSON.stringify(one));
  }
  known.set(path, one);
  problems.push(...one.problems);
  return one.chapter;
}

/** Writes a file if that changes it, all at once; true if it did. */
export function writeText(
  root: string,
  path: string,
  text: string,
): boolean {
  if (readText(root, path) === text) return false;
  const full = join(root, path);
  fs.mkdirSync(dirname(full), { recursive: true });
  const draft = `${full}.${process.pid}.new`;
  fs.writeFileSync(draft, text);
  fs.renameSync(draft, full);
  return true;
}

/** Writes the map of a file beside the maps of the others. */
export function writeMap(root: string, file: WovenFile): void {
  writeText(root, mapPath(file.path), JSON.stringify(makeMap(file)));
}

function basePath(path: string): string {
  return `.loom/woven/${path}`;
}

/** A file as it was when the book and src/ last agreed about it. */
export function baseText(root: string, path: string): string | undefined {
  return readText(root, basePath(path));
}

function agree(root: string, file: WovenFile): void {
  writeMap(root, file);
  writeText(root, basePath(file.path), fileText(file));
}

/** Writes src/ and the maps; gives the paths of changed files. */
export function tangle(root: string, problems: Problem[]): string[] {
  const files = weave(readBook(root, problems), problems);
  if (problems.length > 0) return [];
  for (const file of files) {
    keepEdit(root, file);
    agree(root, file);
  }
  return files
    .filter((file) => writeText(root, file.path, fileText(file)))
    .map((file) => file.path);
}

function keepEdit(root: string, file: WovenFile): void {
  const text = readText(root, file.path);
  const base = baseText(root, file.path);
  const edited = text !== undefined && base !== undefined
    && text !== base && text !== fileText(file);
  if (edited) writeText(root, `.loom/lost/${file.path}`, text);
}

/** Compares src/ with the chapters; differences become problems. */
export function checkTangled(root: string, problems: Problem[]): void {
  const files = weave(readBook(root, problems), problems);
  if (problems.length > 0) return;
  for (const file of files) {
    const text = readText(root, file.path);
    if (text === fileText(file)) agree(root, file);
    else problems.push(difference(file, text));
  }
  problems.push(...strays(root, files));
}

/** A problem for each file in src/ that no chapter defines. */
export function strays(
  root: string,
  files: readonly WovenFile[],
): Problem[] {
  const known = new Set(files.map((file) => file.path));
  return sourcePaths(root)
    .filter((path) => !known.has(path))
    .map((path) => ({ path, line: 1, column: 1,
      message: "no chapter defines this file" }));
}

function sourcePaths(root: string): string[] {
  const found = fs.existsSync(join(root, "src")) ? fs.readdirSync(
    join(root, "src"), { recursive: true, withFileTypes: true }) : [];
  return found
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".new"))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((full) => full.slice(root.length + 1).replaceAll("\\", "/"))
    .sort();
}

/** The text of each file in src/, by its path. */
export function readSources(root: string): Map<string, string> {
  return new Map(sourcePaths(root).map(
    (path) => [path, readText(root, path) ?? ""]));
}

function difference(file: WovenFile, text?: string): Problem {
  const lines = text?.split("\n") ?? [];
  const index = file.lines.findIndex(
    (line, at) => lineText(line) !== lines[at]);
  const at = index < 0 ? file.lines.length - 1 : index;
  const from = file.lines.slice(0, at + 1).flat()
    .findLast((piece) => piece.from !== undefined)?.from;
  const { path, line, column } = from
    ?? { path: file.path, line: 1, column: 1 };
  const what = text === undefined ? `${file.path} is missing`
    : `${file.path}:${at + 1} is not what the chapter says`;
  return { path, line, column,
    message: `${what}; edit the chapter, then npm run tangle` };
}
