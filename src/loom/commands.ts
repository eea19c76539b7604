// Woven from chapters/875-workers.md.
// The loom's duties, one function each.
import * as fs from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import remapping from "@jridgewell/remapping";
import type { Chapter } from "./chapter";
import { writeMap, writeText } from "./book";
import { createProgram, typeErrors } from "./check";
import { weaveExamples } from "./examples";
import { fileText } from "./piece";
import type { Problem } from "./problem";
import { loomMap } from "./register";

/** Makes test/chapters/ anew from the examples of the book. */
export function writeExamples(
  root: string,
  book: readonly Chapter[],
  problems: Problem[],
): void {
  const made = new Set<string>();
  for (const chapter of book) {
    const path = writeExample(root, chapter, problems);
    if (path !== undefined) made.add(path);
  }
  const folder = join(root, "test/chapters");
  const old = fs.existsSync(folder) ? fs.readdirSync(folder) : [];
  for (const name of old)
    if (!made.has(`test/chapters/${name}`)) fs.rmSync(join(folder, name));
}

/** Makes the test file of a chapter, if it has examples. */
export function writeExample(
  root: string,
  chapter: Chapter,
  problems: Problem[],
): string | undefined {
  const file = weaveExamples(chapter, problems);
  if (file === undefined) return undefined;
  writeMap(root, file);
  writeText(root, file.path, fileText(file));
  return file.path;
}

/** Compiles src/ to dist/, with maps that lead to the chapters. */
export function build(root: string): Problem[] {
  const program = createProgram(root, "tsconfig.build.json");
  const problems = typeErrors(root, program);
  if (problems.length > 0) return problems;
  fs.rmSync(join(root, "dist"), { recursive: true, force: true });
  program.emit(undefined, (path, text) => {
    const output = path.endsWith(".js.map") ? toChapters(path, text) : text;
    writeText(root, relative(root, path), output);
  });
  return [];
}

function toChapters(path: string, text: string): string {
  const folder = dirname(path);
  const map = remapping({ ...JSON.parse(text), file: null }, (source) => {
    const full = resolve(folder, source);
    return fs.existsSync(full) && full.endsWith(".ts")
      ? loomMap(full, fs.readFileSync(full, "utf8")) : null;
  }, true);
  map.sources = map.sources.map(
    (source) => source && relative(folder, resolve(folder, source)));
  return map.toString();
}
