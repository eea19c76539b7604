// The types of edited examples, checked as in the test suite: the same
// text, the same options, and TypeScript's own words. All that it reads
// beside the examples is in `Types`, which Node makes for the site.
import * as ts from "typescript";
import type { Chapter, Fence } from "../../../src/loom/chapter";
import { weaveExamples } from "../../../src/loom/examples";
import { fileText, placeIn } from "../../../src/loom/piece";
import type { WovenFile } from "../../../src/loom/piece";
import type { Place, Problem } from "../../../src/loom/problem";

/** What the compiler is told, as in tsconfig.json, and what it can read,
 * by its path below the project: "/src/index.d.ts". */
export interface Types {
  readonly options: object;
  readonly files: Readonly<Record<string, string>>;
}

/** Test files, by their path. */
type Woven = ReadonlyMap<string, WovenFile>;

/** The examples as the test suite has them. */
export function weaveAll(chapters: readonly Chapter[]): Woven {
  return new Map(chapters.flatMap((chapter) =>
    weaveExamples(chapter, []) ?? []).map((file) => [`/${file.path}`, file]));
}

/** A compiler that parses what it reads once. */
export class Checker {
  private readonly parsed = new Map<string, ts.SourceFile>();

  constructor(
    private readonly options: object,
    private readonly text: (path: string) => string | undefined,
  ) {}

  /** What is wrong with the types of the chapters' examples. */
  check(chapters: readonly Chapter[]): Problem[] {
    const woven = weaveAll(chapters);
    return ts.getPreEmitDiagnostics(this.read(woven)).map(
      ({ file, start = 0, code, messageText }) => ({
        ...placeOf(file, start, woven), message: `error TS${code}: ${
          ts.flattenDiagnosticMessageText(messageText, "\n  ")}` }));
  }

  /** The examples and all that they import. */
  read(woven: Woven): ts.Program {
    const { options } = ts.convertCompilerOptionsFromJson(this.options, "/");
    return ts.createProgram([...woven.keys()], options, this.host(woven));
  }

  private host(woven: Woven): ts.CompilerHost {
    const { text: readFile, parsed } = this;
    const has = (path: string) =>
      woven.has(path) || parsed.has(path) || readFile(path) !== undefined;
    return {
      fileExists: has,
      readFile,
      getSourceFile: (path, options) => {
        const file = woven.get(path), known = parsed.get(path);
        const text = file ? fileText(file) : readFile(path);
        if (known || text === undefined) return known;
        const source = ts.createSourceFile(path, text, options);
        if (!file) parsed.set(path, source);
        return source;
      },
      getDefaultLibLocation: () => "/node_modules/typescript/lib",
      getDefaultLibFileName: ts.getDefaultLibFileName,
      getCurrentDirectory: () => "/",
      getCanonicalFileName: (path) => path,
      useCaseSensitiveFileNames: () => true,
      getNewLine: () => "\n",
      writeFile: () => {},
    };
  }
}

/** Those that none of these fences expects: neither an exercise, whose
 * reader has yet to write what it imports, nor one that shows an error. */
export function unexpected(
  problems: readonly Problem[],
  fences: readonly Fence[],
): Problem[] {
  const lines = new Set(fences
    .filter(({ red, expectError }) => red || expectError !== undefined)
    .flatMap(({ body }) => body.map(formatLine)));
  return problems.filter((problem) => !lines.has(formatLine(problem)));
}

const formatLine = ({ path, line }: Place) => `${path}:${line}`;

/** Where in the chapter that is. */
function placeOf(
  source: ts.SourceFile | undefined,
  start: number,
  woven: Woven,
): Place {
  const file = woven.get(source?.fileName ?? "");
  if (!source || !file)
    return { path: source?.fileName ?? "", line: 1, column: 1 };
  const { line, character } = source.getLineAndCharacterOfPosition(start);
  let end = 0;
  const piece = file.lines[line]?.find(({ text }) =>
    (end += text.length) > character);
  return piece?.from ?? placeIn(file, line);
}
