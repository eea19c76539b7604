// What every command loads first, so that it can read TypeScript. Where
// the packages are missing, one line says so in place of a stack.
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const { dirname, join, relative } = require("node:path");
const { threadId } = require("node:worker_threads");

const root = dirname(__dirname);
try {
  require.resolve("ts-node");
} catch {
  console.error("the packages of this project are missing: "
    + `run "npm ci" first, in ${root}`);
  process.exit(2);
}
const { install } = require("@cspotcode/source-map-support");
const { version } = require("typescript/package.json");

// What the compiler makes of a file is kept, and the compiler isn't even
// loaded while all that is wanted is there.
let service = process[Symbol.for("ts-node.register.instance")];
const outputs = new Map();
const time = (path) => Math.round(
  fs.statSync(join(root, path), { throwIfNoEntry: false })?.mtimeMs ?? 0);
const makers = [version, ...["tsconfig.json", "test/ready.cjs",
  "src/loom/register.ts"].map(time)];

function compile(text, path) {
  service ??= require("ts-node").create({ cwd: root });
  const output = service.compile(text, path);
  return loom === undefined ? output : loom.compose(path, text, output);
}

/** The JavaScript of a file with this text: what is kept, or made now. */
function kept(text, path) {
  const name = relative(root, path).replaceAll("\\", "/");
  const file = join(root, ".loom/cache", `${name.replaceAll("/", "__")}.js`);
  const made = [text, time(`.loom/maps/${name}.map`), ...makers].join("\n");
  const key = `\n// ${createHash("sha1").update(made).digest("base64")}`;
  const old = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
  if (old.endsWith(key)) return old.slice(0, -key.length);
  const output = compile(text, path);
  fs.mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.${threadId}`;
  fs.writeFileSync(draft, output + key);
  fs.renameSync(draft, file);
  return output;
}

require.extensions[".ts"] = (module, path) => {
  const output = kept(fs.readFileSync(path, "utf8"), path);
  outputs.set(path, output);
  module._compile(output, path);
};

module.exports = { kept };

// Of itself and of what it imports, the loom can't tell the chapter.
let loom;
loom = require("../src/loom/register");
install({ environment: "node",
  retrieveSourceMap: (path) => loom.inlineMap(path, outputs.get(path)) });
