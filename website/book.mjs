// npm run book, book:build, book:test: installs what the site needs when
// that is not there, builds what is out of date, and then serves or tests.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const [what = "serve", ...rest] = process.argv.slice(2);

/** Runs npm here, and ends with it if it fails. */
function npm(...args) {
  const child = spawn("npm", ["--prefix", here, ...args],
    { stdio: "inherit" });
  return new Promise((resolve) => child.on("exit", (status) => {
    if (status !== 0) process.exit(status ?? 1);
    resolve();
  }));
}

const run = (name, ...args) =>
  npm("run", "--silent", name, ...(args.length > 0 ? ["--", ...args] : []));

/** Tells how long something took. */
async function timed(name, action) {
  const start = Date.now();
  await action();
  console.log(`${name}: ${((Date.now() - start) / 1000).toFixed(1)} s`);
}

/** When the newest of these files was changed. */
function newest(...folders) {
  const skip = /(^|[/\\])(node_modules|build|\.woven|\.docusaurus)([/\\]|$)/;
  return Math.max(...folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true })
      .filter((name) => !skip.test(name))
      .map((name) => statSync(join(folder, name)).mtimeMs)));
}

function stale() {
  const built = statSync(join(here, "build/index.html"),
    { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return built < newest(here, join(here, "../chapters"));
}

if (!existsSync(join(here, "node_modules/@docusaurus/core")))
  await timed("packages", () => npm("ci", "--no-audit", "--no-fund"));
const build = what === "build" || stale();
if (build) await timed("weave", () => run("weave"));
// The types can be looked at while the pages are made.
await Promise.all([
  build && timed("build", () => run("pages")),
  what === "test" && timed("types", () => run("types")),
]);
if (what === "serve") await run("serve", ...rest);
if (what === "test") await timed("tests", () => run("test", ...rest));
