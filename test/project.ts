// A small project in a temporary folder, with the loom and chapters of
// a test's own. Nothing here touches the real tree.
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { PATIENCE } from "./reference";

const root = resolve(__dirname, "..");

/** What examples and the loom's claims use of Node. */
const nodeTypes = `declare module "node:util" {
  export function format(...all: unknown[]): string;
  export function inspect(value: unknown, options?: object): string;
}
interface ErrorConstructor {
  captureStackTrace(error: object, from?: unknown): void;
}
declare const console: Record<"log" | "error", (...all: unknown[]) => void>;
`;

/** A temporary project; `remove()` it when done. */
export interface Project {
  readonly folder: string;
  /** Reads a file of the project. */
  read(path: string): string;
  /** Writes a file of the project. */
  write(path: string, text: string): void;
  /** Runs the project's loom: what it printed, and its exit status. */
  loom(...args: string[]): { text: string; status: number | null };
  remove(): void;
}

/** Makes a project of these files, and of the loom if it is to run. */
export function makeProject(
  files: Record<string, string>,
  loom = true,
): Project {
  const folder = fs.mkdtempSync(join(tmpdir(), "lguest-loom-"));
  const read = (path: string) =>
    fs.readFileSync(join(folder, path), "utf8");
  // All at once: who watches must not find half of it.
  const write = (path: string, text: string) => {
    const full = join(folder, path);
    fs.mkdirSync(dirname(full), { recursive: true });
    fs.writeFileSync(`${full}.new`, text);
    fs.renameSync(`${full}.new`, full);
  };
  if (loom) copyLoom(folder, write);
  for (const [path, text] of Object.entries(files)) write(path, text);
  return { folder, read, write,
    loom(...args) {
      const { stdout, stderr, status } = spawnSync(process.execPath,
        ["-r", "./test/ready.cjs", "src/loom/main.ts", ...args],
        { cwd: folder, encoding: "utf8", timeout: PATIENCE });
      return { text: stdout + stderr, status };
    },
    // A worker whose parent has gone may still be writing its last file.
    remove: () => fs.rmSync(folder,
      { recursive: true, force: true, maxRetries: 10 }),
  };
}

function copyLoom(
  folder: string,
  write: (path: string, text: string) => void,
): void {
  // With their times, or what ts-node has made of the loom is made again.
  for (const name of ["package.json", "src/loom", "test/ready.cjs",
    ".loom/maps/src/loom", ".loom/woven/src/loom"])
    if (fs.existsSync(join(root, name)))
      fs.cpSync(join(root, name), join(folder, name),
        { recursive: true, preserveTimestamps: true });
  // One by one: another worker writes its drafts here meanwhile.
  fs.mkdirSync(join(folder, ".loom/cache"), { recursive: true });
  for (const name of fs.readdirSync(join(root, ".loom/cache")))
    if (/^src__loom__.*\.js$/.test(name))
      fs.copyFileSync(join(root, ".loom/cache", name),
        join(folder, ".loom/cache", name));
  fs.symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  // The loom's own types are checked in the real tree; of Node's, which are
  // long to read, a project's program needs few.
  const config = JSON.parse(
    fs.readFileSync(join(root, "tsconfig.json"), "utf8"));
  const { mtime } = fs.statSync(join(root, "tsconfig.json"));
  const { compilerOptions } = config;
  write("tsconfig.json", JSON.stringify({ ...config, exclude: ["src/loom"],
    compilerOptions: { ...compilerOptions, types: [] } }));
  write("test/node.d.ts", nodeTypes);
  fs.utimesSync(join(folder, "tsconfig.json"), mtime, mtime);
  for (const name of fs.readdirSync(join(root, "chapters")))
    if (/^\d{3}-.*\.md$/.test(name)) {
      const text = fs.readFileSync(join(root, "chapters", name), "utf8");
      if (!text.includes(" file=src/loom/")) continue;
      // The barrel stays behind, since the rest of the program does; and
      // the examples, since they have been tested in the real tree.
      write(`chapters/${name}`, text
        .replace(/```ts file=src\/index\.ts[^]*?```\n/, "")
        .replace(/^( *```ts) (test|run).*$/gm, "$1"));
    }
}
