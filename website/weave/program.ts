// All of src/ as TypeScript understands it, from the woven text: on the
// disk there may be an older one.
import { join } from "node:path";
import * as ts from "typescript";
import { fileText } from "../../src/loom/piece";
import { root } from "./read";
import type { Book } from "./read";

/** The program of the book; what it emits are declarations. */
export function programOf({ files }: Book): ts.Program {
  const woven = new Map(files.map((file) =>
    [join(root, file.path), fileText(file)]));
  const config = join(root, "tsconfig.json");
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, ts.sys.readFile).config, ts.sys, root);
  const declaring = { ...options, noEmit: false, declaration: true,
    emitDeclarationOnly: true, removeComments: true };
  const host = ts.createCompilerHost(options);
  const { readFile, fileExists } = host;
  host.readFile = (path) => woven.get(path) ?? readFile(path);
  host.fileExists = (path) => woven.has(path) || fileExists(path);
  return ts.createProgram([...woven.keys()].filter((path) =>
    path.endsWith(".ts")), declaring, host);
}
