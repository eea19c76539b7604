// Loaded by ts-node (see tsconfig.json), and loads the loom's register, which
// keeps what the compiler makes of a file, so that nobody has to compile it
// again. Of itself and of what it imports it can't; so we do: by their text,
// the compiler and its settings.
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const { join, relative } = require("node:path");
const { install } = require("@cspotcode/source-map-support");

const folder = join(__dirname, "../.loom/cache");
const service = process[Symbol.for("ts-node.register.instance")];
const { compile } = service;
const outputs = new Map();
let early = true;

function kept(text, path) {
  const name = relative(join(__dirname, ".."), path);
  const file = join(folder, `${name.replaceAll(/[/\\]/g, "__")}.early.js`);
  const { mtimeMs } = fs.statSync(join(__dirname, "../tsconfig.json"));
  const made = [text, service.ts.version, Math.round(mtimeMs)].join("\n");
  const sum = createHash("sha1").update(made).digest("base64");
  const key = `\n// ${sum}`;
  const old = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
  if (old.endsWith(key)) return old.slice(0, -key.length);
  const output = compile(text, path);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(`${file}.${process.pid}`, output + key);
  fs.renameSync(`${file}.${process.pid}`, file);
  return output;
}

service.compile = (text, path) => {
  if (!early) return compile(text, path);
  const output = kept(text, path);
  outputs.set(path, output);
  return output;
};
require("../src/loom/register");
early = false;
// Their maps are at the end of what was made.
install({ environment: "node",
  retrieveFile: (path) => outputs.get(path) ?? null });
