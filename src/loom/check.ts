// Woven from chapters/870-places.md.
// Type errors, by the chapter's line.
import { relative, resolve } from "node:path";
import { TraceMap, originalPositionFor } from "@jridgewell/trace-mapping";
import * as ts from "typescript";
import type { Chapter, Fence } from "./chapter";
import { fencesOf } from "./home";
import type { Place, Problem } from "./problem";
import { loomMap } from "./register";

interface TypeProblem extends Problem {
  readonly code: number;
}

/** Type errors of the project, those that examples expect left out. */
export function checkTypes(
  root: string,
  book: readonly Chapter[],
): Problem[] {
  const program = createProgram(root, "tsconfig.json");
  return expected(book, typeErrors(root, program));
}

/** The program that a configuration file describes. */
export function createProgram(root: string, config: string): ts.Program {
  const file = resolve(root, config);
  const { config: json } = ts.readConfigFile(file, ts.sys.readFile);
  const { fileNames, options } =
    ts.parseJsonConfigFileContent(json, ts.sys, root);
  return ts.createProgram(fileNames, options, keepingPackages(options));
}

const packages = new Map<string, ts.SourceFile | undefined>();

/** A host that reads the files of packages once in a process. */
function keepingPackages(options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options);
  const { getSourceFile } = host;
  host.getSourceFile = (path, ...rest) => {
    if (!path.includes("/node_modules/"))
      return getSourceFile(path, ...rest);
    const key = JSON.stringify([path, rest[0]]);
    if (!packages.has(key)) packages.set(key, getSourceFile(path, ...rest));
    return packages.get(key);
  };
  return host;
}

/** All that the compiler has to complain about. */
export function typeErrors(root: string, program: ts.Program): TypeProblem[] {
  return placeErrors(root, ts.getPreEmitDiagnostics(program));
}

/** The compiler's complaints, by the chapter's line. */
export function placeErrors(
  root: string,
  errors: readonly ts.Diagnostic[],
): TypeProblem[] {
  const maps = new Map<ts.SourceFile, TraceMap | undefined>();
  return errors.map((diagnostic) => {
    const { file, start = 0, code } = diagnostic;
    const text = ts.flattenDiagnosticMessageText(
      diagnostic.messageText, "\n  ");
    const message = `error TS${code}: ${text}`;
    if (file === undefined)
      return { path: "tsconfig.json", line: 1, column: 1, code, message };
    if (!maps.has(file)) maps.set(file, readMap(file));
    const map = maps.get(file);
    return { ...placeOf(root, file, start, map), code, message };
  });
}

function readMap(file: ts.SourceFile): TraceMap | undefined {
  const map = loomMap(resolve(file.fileName), file.text);
  return map === undefined ? undefined : new TraceMap(map);
}

function placeOf(
  root: string,
  file: ts.SourceFile,
  start: number,
  map: TraceMap | undefined,
): Place {
  const at = file.getLineAndCharacterOfPosition(start);
  const line = at.line + 1;
  const found = map && originalPositionFor(
    map, { line, column: at.character });
  const short = (path: string) =>
    relative(root, path).replaceAll("\\", "/");
  if (found?.source) return { path: short(found.source),
    line: found.line, column: found.column + 1 };
  return { path: short(file.fileName), line, column: at.character + 1 };
}

function expected(
  book: readonly Chapter[],
  errors: readonly TypeProblem[],
): Problem[] {
  const fences = fencesOf(book);
  const wanted = fences.filter((fence) => fence.expectError !== undefined);
  const free = [...wanted, ...fences.filter((fence) => fence.red)];
  const inside = (fence: Fence, { path, line }: Place) =>
    path === fence.path && fence.body.some((one) => one.line === line);
  const others: Problem[] = errors.filter(
    (error) => !free.some((fence) => inside(fence, error)));
  for (const fence of wanted) {
    const found = errors.filter((error) => inside(fence, error));
    const [first] = found;
    if (found.length === 1 && first?.code === fence.expectError) continue;
    const { path, line, column } = fence;
    others.push({ path, line, column, message:
      `this should give error TS${fence.expectError} and nothing else` },
      ...found);
  }
  return others;
}
