// Woven from chapters/870-places.md.
// Loaded by test/ready.cjs: stack traces name chapters.
import * as fs from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import remapping from "@jridgewell/remapping";
import type { UrlAndMap } from "@cspotcode/source-map-support";
import { digest, mapPath, parseJson } from "./map";
import type { LoomMap } from "./map";

const root = resolve(__dirname, "../..");
const inline =
  "//# sourceMappingURL=data:application/json;charset=utf-8;base64,";

/** The loom's map of a file, if it fits the file's text. */
export function loomMap(path: string, text: string): LoomMap | undefined {
  const full = join(root, mapPath(relative(root, path)));
  if (!fs.existsSync(full)) return undefined;
  const map = parseJson<LoomMap>(fs.readFileSync(full, "utf8"));
  if (map?.x_digest !== digest(text)) return undefined;
  const folder = dirname(full);
  const sources = map.sources.map((one) => resolve(folder, one ?? ""));
  return { ...map, sources };
}

/** JavaScript with an inline map, led back to the chapters. */
export function compose(path: string, text: string, output: string): string {
  const made = inlineMap(path, output);
  const woven = loomMap(path, text);
  if (made === null || woven === undefined) return output;
  const composed = remapping(made.map,
    (source) => resolve(source) === path ? woven : null, true);
  const data = Buffer.from(composed.toString()).toString("base64");
  return output.slice(0, output.lastIndexOf(inline)) + inline + data;
}

/** The map at the end of JavaScript. */
export function inlineMap(path: string, output = ""): UrlAndMap | null {
  const at = output.lastIndexOf(inline);
  if (at < 0) return null;
  const encoded = output.slice(at + inline.length);
  const map = Buffer.from(encoded, "base64").toString();
  return { url: path, map };
}
