// Copies of the project in which mutants live, so that everything that a test
// starts, children included, meets the mutant, and the real tree never does.
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a copy needs; the packages are shared. */
const parts = ["src", "test", "chapters", ".loom", "package.json",
  "package-lock.json", "tsconfig.json", "tsconfig.build.json", "README.md",
  "CONTRIBUTING.md", "website/package.json"];

/** A copy of the project in a temporary folder. */
export interface Tree {
  readonly root: string;
  write(path: string, text: string): void;
  remove(): void;
}

export function copyTree(from: string): Tree {
  const root = fs.mkdtempSync(join(tmpdir(), "lguest-mutant-"));
  for (const part of parts)
    if (fs.existsSync(join(from, part)))
      fs.cpSync(join(from, part), join(root, part),
        { recursive: true, preserveTimestamps: true });
  fs.symlinkSync(join(from, "node_modules"), join(root, "node_modules"));
  return {
    root,
    write: (path, text) => fs.writeFileSync(join(root, path), text),
    // Whoever is still at work in it, if the run ends early, may write on.
    remove() {
      try {
        fs.rmSync(root, { recursive: true, force: true, maxRetries: 10 });
      } catch {
        console.error(`${root} is left behind`);
      }
    },
  };
}
