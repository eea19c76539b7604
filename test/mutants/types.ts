// Does a mutant compile? One that doesn't needs no test to be noticed, and
// counts neither way.
import { join } from "node:path";
import * as ts from "typescript";
import type { Mutant } from "./points";

/** Asks the compiler about one changed file at a time, on the tree at
 * `root`. */
export function compilerFor(root: string): (mutant: Mutant) => boolean {
  const config = join(root, "tsconfig.json");
  const { fileNames, options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(config, ts.sys.readFile).config, ts.sys, root);
  let changed = "", text = "", version = 0;
  const service = ts.createLanguageService({
    getCompilationSettings: () => options,
    getScriptFileNames: () => fileNames,
    getScriptVersion: (name) => name === changed ? `mutant ${version}` : "",
    getScriptSnapshot(name) {
      const read = name === changed ? text : ts.sys.readFile(name);
      return read === undefined
        ? undefined : ts.ScriptSnapshot.fromString(read);
    },
    getCurrentDirectory: () => root,
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    directoryExists: ts.sys.directoryExists,
    getDirectories: ts.sys.getDirectories,
  });
  return (mutant) => {
    changed = join(root, mutant.path).replaceAll("\\", "/");
    text = mutant.text;
    version++;
    return service.getSyntacticDiagnostics(changed).length === 0
      && service.getSemanticDiagnostics(changed).length === 0;
  };
}
