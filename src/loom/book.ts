// Woven from chapters/855-maps.md.
// The book on disk: what is read, what is written, what is compared.
import * as fs from "node:fs";
import { dirname, join } from "node:path";
import type { Chapter } from "./chapter";
import { readChapterTexts } from "./gravel";
import { readChapter } from "./markdown";
import { digest, makeMap, mapPath, parseJson } from "./map";
import { fileText, lineText, placeIn } from "./piece";
import type { WovenFile } from "./piece";
import type { Problem } from "./problem";
import { weave } from "./weave";

/** The chapters of the project in `root`, in reading order. */
export function readBook(root: string, problems: Problem[]): Chapter[] {
  const texts = readChapterTexts(root, problems);
  return [...texts ?? []].map(
    ([path, text]) => readOnce(path, text, problems, root));
}

/** The text of a file of the project, if the file exists. */
export function readText(root: string, path: string): string | undefined {
  const full = join(root, path);
  return fs.statSync(full, { throwIfNoEntry: false })?.isFile()
    ? fs.readFileSync(full, "utf8") : undefined;
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
    one = parseJson<Known>(readText(root, saved) ?? "");
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
export function tangle(
  root: string,
  problems: Problem[],
  say: (line: string) => void = () => {},
): string[] {
  const files = weave(readBook(root, problems), problems);
  if (problems.length === 0) problems.push(...strays(root, files));
  if (problems.length > 0) return [];
  return files.flatMap((file) => {
    const { path } = file, text = fileText(file);
    const kept = keepEdit(root, path, text);
    const changed = writeText(root, path, text);
    agree(root, file);
    if (changed) say(kept === undefined ? `wrote ${path}`
      : `wrote ${path} over an edit, which is kept in ${kept}; make it `
        + "again, and npm run stitch, or make it in the chapter");
    return changed ? [path] : [];
  });
}

function keepEdit(
  root: string,
  path: string,
  now: string,
): string | undefined {
  const text = readText(root, path);
  if (text === undefined || text === now || text === baseText(root, path))
    return undefined;
  for (let count = 1;; count++) {
    const kept = `.loom/lost/${path}${count > 1 ? `.${count}` : ""}`;
    const old = readText(root, kept);
    if (old === undefined) writeText(root, kept, text);
    if (old === undefined || old === text) return kept;
  }
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

/** A problem for each thing in src/ that no chapter defines. */
export function strays(
  root: string,
  files: readonly WovenFile[],
): Problem[] {
  const known = new Set(files.map((file) => file.path));
  const complain = (path: string, message: string) =>
    ({ path, line: 1, column: 1, message });
  return sourceEntries(root).flatMap(({ path, entry }) => {
    if (known.has(path)) return entry.isFile() ? [] : complain(path,
      "a chapter's file goes here, and this is none; take it away");
    return entry.isDirectory() ? [] : complain(path, "no chapter defines "
      + `this file; delete it, or give it a fence with file=${path}`);
  });
}

function sourceEntries(root: string) {
  const found = fs.existsSync(join(root, "src")) ? fs.readdirSync(
    join(root, "src"), { recursive: true, withFileTypes: true }) : [];
  return found
    .filter((entry) => !entry.name.endsWith(".new"))
    .map((entry) => ({ entry, path: join(entry.parentPath, entry.name)
      .slice(root.length + 1).replaceAll("\\", "/") }))
    .sort((a, b) => a.path < b.path ? -1 : 1);
}

/** The text of each file in src/, by its path. */
export function readSources(root: string): Map<string, string> {
  return new Map(sourceEntries(root)
    .filter(({ entry }) => entry.isFile())
    .map(({ path }) => [path, readText(root, path) ?? ""]));
}

function difference(file: WovenFile, text?: string): Problem {
  const lines = text?.split("\n") ?? [];
  const index = file.lines.findIndex(
    (line, at) => lineText(line) !== lines[at]);
  const at = index < 0 ? file.lines.length - 1 : index;
  const what = text === undefined ? `${file.path} is missing`
    : `${file.path}:${at + 1} is not what the chapter says`;
  return { ...placeIn(file, at),
    message: `${what}; edit the chapter, then npm run tangle` };
}
