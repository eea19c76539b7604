// What the compiler has to read to check an edited example: declarations
// of our program, of the language, and of what both stand on.
import * as fs from "node:fs";
import { join, relative } from "node:path";
import * as ts from "typescript";
import type { Chapter } from "../../src/loom/chapter";
import { Checker, weaveAll } from "../src/examples/check";
import type { Types } from "../src/examples/check";
import { root } from "./read";

/** What the compiler reads for the examples of these chapters. */
export function typesFor(
  chapters: readonly Chapter[], program: ts.Program,
): Types {
  const { config } = ts.readConfigFile(
    join(root, "tsconfig.json"), ts.sys.readFile);
  const { paths: _, ...options } = config.compilerOptions;
  const ours = declarations(program);
  const files: Record<string, string> = {};
  new Checker(options, (path) => {
    const text = files[path] ?? ours.get(path) ?? packageText(path);
    if (text !== undefined) files[path] = text;
    return text;
  }).read(weaveAll(chapters));
  return { options, files };
}

/** The program, as declarations. */
function declarations(program: ts.Program): Map<string, string> {
  const texts = new Map<string, string>();
  program.emit(undefined, (path, text) =>
    texts.set(`/${relative(root, path)}`, text));
  return texts;
}

const printer = ts.createPrinter({ removeComments: true });

/** A file of a package; declarations without their comments. */
function packageText(path: string): string | undefined {
  const file = join(root, path);
  if (!/^\/(node_modules\/|package\.json$)/.test(path)
    || !fs.existsSync(file)) return undefined;
  const text = fs.readFileSync(file, "utf8");
  return /\.d\.[cm]?ts$/.test(path) ? printer.printFile(
    ts.createSourceFile(path, text, ts.ScriptTarget.Latest)) : text;
}
