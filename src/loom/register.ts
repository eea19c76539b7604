// Woven from chapters/870-places.md.
// Loaded by test/early.cjs, by ts-node: stack traces name chapters.
import * as fs from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { threadId } from "node:worker_threads";
import remapping from "@jridgewell/remapping";
import { install } from "@cspotcode/source-map-support";
import type { UrlAndMap } from "@cspotcode/source-map-support";
import { REGISTER_INSTANCE } from "ts-node";
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
function compose(path: string, text: string, output: string): string {
  const at = output.lastIndexOf("//# sourceMappingURL=");
  const woven = loomMap(path, text);
  if (at < 0 || woven === undefined) return output;
  const encoded = output.slice(output.indexOf(",", at) + 1);
  const map = Buffer.from(encoded, "base64").toString();
  const composed = remapping(map,
    (source) => resolve(source) === path ? woven : null, true);
  const data = Buffer.from(composed.toString()).toString("base64");
  return output.slice(0, at) + inline + data;
}

function cached(path: string, text: string, make: () => string): string {
  const name = relative(root, path).replaceAll(/[/\\]/g, "__");
  const file = join(root, ".loom/cache", `${name}.js`);
  const others = [mapPath(relative(root, path)), "tsconfig.json"]
    .map((one) => join(root, one)).concat(__filename)
    .map((one) => fs.statSync(one, { throwIfNoEntry: false })?.mtimeMs ?? 0)
    .map(Math.round);
  const made = [text, service?.ts.version, ...others].join("\n");
  const key = `\n// ${digest(made)}`;
  const old = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
  if (old.endsWith(key)) return old.slice(0, -key.length);
  const output = make();
  fs.mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.${threadId}`;
  fs.writeFileSync(draft, output + key);
  fs.renameSync(draft, file);
  return output;
}

const outputs = new Map<string, string>();

function retrieveSourceMap(path: string): UrlAndMap | null {
  const output = outputs.get(path) ?? "";
  const at = output.lastIndexOf(inline);
  if (at < 0) return null;
  const encoded = output.slice(at + inline.length);
  const map = Buffer.from(encoded, "base64").toString();
  return { url: path, map };
}

const service = process[REGISTER_INSTANCE];
if (service !== undefined) {
  const compile = service.compile;
  service.compile = (text, path) => {
    const output = cached(path, text,
      () => compose(path, text, compile(text, path)));
    outputs.set(path, output);
    return output;
  };
  install({ environment: "node", retrieveSourceMap });
}
