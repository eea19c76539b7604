// Woven from chapters/865-stitch.md.
// npm run stitch: edits in src/ go back into the chapters.
import * as fs from "node:fs";
import { join } from "node:path";
import { baseText, readBook, readOnce, readText, strays, tangle }
  from "./book";
import type { Chapter } from "./chapter";
import { diffLines } from "./diff";
import { readPlainText } from "./gravel";
import { fencesOf, findHomes } from "./home";
import { fileText, placeIn } from "./piece";
import type { WovenFile } from "./piece";
import type { Problem } from "./problem";
import { applyEdits, isMarker, unweave } from "./unweave";
import type { ChapterEdit } from "./unweave";
import { origin, weave } from "./weave";

/** Brings src/ back into the chapters; says what it did, in lines. */
export function stitch(root: string, problems: Problem[]): string[] {
  const book = readBook(root, problems);
  const files = weave(book, problems);
  if (problems.length > 0) return [];
  problems.push(...strays(root, files));
  const texts = new Map(book.map(
    ({ path }) => [path, readText(root, path) ?? ""]));
  const textOf = (path: string) => (texts.get(path) ?? "").split("\n");
  const edited = files.filter(
    (file) => isEdited(root, file, problems));
  const edits = edited.flatMap((file) => unweave(
    file.path, linesOf(file), editedLines(root, file),
    findHomes(file, book, textOf), problems));
  if (problems.length > 0 || edits.length === 0) return [];
  const changed = new Map<string, string>();
  for (const { path } of book) {
    const own = edits.filter((edit) => edit.path === path);
    if (own.length > 0)
      changed.set(path, applyEdits(textOf(path), own).join("\n"));
  }
  const wanted = new Map(files.map((file) => [file.path,
    edited.includes(file) ? editedLines(root, file) : linesOf(file),
  ]));
  const rewoven = weave(book.map(({ path }) => readOnce(
    path, changed.get(path) ?? texts.get(path) ?? "", problems)), problems);
  for (const file of rewoven)
    compare(file, wanted.get(file.path) ?? [], problems);
  for (const file of edited)
    if (!rewoven.some(({ path }) => path === file.path)) problems.push({
      ...placeIn(file, 0), message: `nothing would be left of ${file.path}` });
  if (problems.length > 0) return [];
  for (const [path, text] of changed) {
    if (readText(root, path) !== texts.get(path)) problems.push({ path,
      line: 1, column: 1, message: "this has been saved just now; again?" });
    fs.writeFileSync(join(root, `${path}.new`), text);
  }
  for (const path of changed.keys())
    if (problems.length > 0) fs.rmSync(join(root, `${path}.new`));
    else fs.renameSync(join(root, `${path}.new`), join(root, path));
  if (problems.length > 0) return [];
  const said = [...changed.keys()].map((path) => `wrote ${path}`);
  tangle(root, problems, (line) => void said.push(line));
  return [...said, ...emptied(book, edits)];
}

function linesOf(file: WovenFile): string[] {
  return fileText(file).split("\n");
}

function editedLines(root: string, file: WovenFile): string[] {
  const isFirst = (line: string) => line.startsWith(`${origin}chapters/`);
  const woven = linesOf(file), at = woven.findIndex(isFirst);
  const lines = (readText(root, file.path) ?? "").split("\n")
    .filter((line) => !isFirst(line));
  lines.splice(at, 0, woven[at] ?? "");
  return lines;
}

/** True if src/ has an edit to stitch; complains if both sides have. */
function isEdited(
  root: string,
  file: WovenFile,
  problems: Problem[],
): boolean {
  const { path } = file;
  const now = fileText(file);
  const text = readText(root, path), base = baseText(root, path);
  if (text === now || text === base) return false;
  const complain = (message: string, place = placeIn(file, 0)) =>
    void problems.push({ ...place, message });
  if (text === undefined) complain(`${path} is gone; if it should be, `
    + "take its fences out of the chapters; npm run tangle brings it back");
  else if (base === undefined) complain(`nothing tells whether this or `
    + `${path} has changed, as they have never agreed here`);
  else if (!text.endsWith("\n") || text.includes("\r"))
    complain("lines end with a line feed, the last one too",
      { path, line: text.split("\n").length, column: 1 });
  else if (readPlainText(root, path, problems) === undefined) return false;
  else if (base === now) return true;
  else {
    const at = (other: string) => diffLines(
      base.split("\n"), other.split("\n"))[0]?.start ?? 0;
    complain(`this has changed since the last tangle, and so has ${path}:${
      at(text) + 1}; take back one of them`, placeIn(file, at(now)));
  }
  return false;
}

function compare(
  file: WovenFile,
  wanted: readonly string[],
  problems: Problem[],
): void {
  const blur = (text: string) => isMarker(text)
    ? text.replace(/\d+/, "…") : text;
  const [first] = diffLines(
    linesOf(file).map(blur), wanted.map(blur));
  if (first !== undefined) problems.push({ ...placeIn(file, first.start),
    message: `${file.path}:${first.start + 1} can't be put back here; `
      + "edit the chapter" });
}

function emptied(
  book: readonly Chapter[],
  edits: readonly ChapterEdit[],
): string[] {
  const net = (path: string, line: number) => edits.filter((edit) =>
    edit.path === path && edit.line <= line && line <= edit.line
      + Math.max(0, edit.remove - 1));
  return fencesOf(book)
    .filter(({ body }) => body.length > 0 && body.every(({ path, line }) =>
      net(path, line).some(({ remove, insert }) =>
        remove > 0 && insert.length === 0)))
    .map(({ path, line }) =>
      `an empty fence, where ${path}:${line} was; mend the prose`);
}
