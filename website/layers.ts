// What the API's pages are made of: the files that the layers' barrels hand on.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The layers, from the bottom. */
export const layers = ["table", "assembler", "machine", "guest", "host",
  "lguest", "debug", "launcher"];

/** The files that a folder's barrel exports from, as "machine/cpu/cpu"; a
 * folder among them has a barrel of its own. */
export function filesOf(folder: string): string[] {
  const src = join(__dirname, "../src");
  const barrel = readFileSync(join(src, folder, "index.ts"), "utf8");
  const names = [...barrel.matchAll(/ from "\.\/([^"]+)"/g)]
    .map(([, name]) => `${folder}/${name}`);
  return [...new Set(names)].sort().flatMap((name) =>
    existsSync(join(src, `${name}.ts`)) ? name : filesOf(name));
}
