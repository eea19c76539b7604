// npm run book, book:build, book:print, book:test: installs what the site
// needs when that is not there, builds what is out of date, and then serves,
// prints or tests.
import { spawn } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
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

/** Tells what begins, every now and then that it goes on, and at last how
 * long it took. */
async function timed(name, what, action) {
  const start = Date.now();
  const seconds = () => ((Date.now() - start) / 1000).toFixed(1);
  console.log(`${name}: ${what}`);
  const timer = setInterval(
    () => console.log(`${name}: ${seconds()} s so far`), 20_000);
  await action();
  clearInterval(timer);
  console.log(`${name}: done in ${seconds()} s`);
}

/** When the newest of these files was changed. */
function newest(...folders) {
  const skip = new RegExp("(^|[/\\\\])"
    + "(node_modules|build|print|\\.woven|\\.docusaurus)([/\\\\]|$)");
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

// Who misspells a word need not wait for the site to hear of it.
if (what === "print") {
  const { understand } =
    createRequire(import.meta.url)("./print/options.ts");
  const options = understand(rest);
  if (typeof options === "string") {
    console.error(options);
    process.exit(2);
  }
}

// npm writes that file when all the others are there.
if (!existsSync(join(here, "node_modules/.package-lock.json")))
  await timed("packages", "fetching the 1300 of the site, this once",
    () => npm("ci", "--no-audit", "--no-fund"));
const build = what === "build" || stale();
if (build) await timed("weave", "running the examples of all chapters",
  () => run("weave"));
// The types can be looked at while the pages are made.
await Promise.all([
  build && timed("build", "making the pages", () => run("pages")),
  what === "test" && timed("types", "checking those of the site",
    () => run("types")),
]);
if (what === "serve") await run("serve", ...rest);
// Those two tell themselves how far they are.
if (what === "print") await run("print", ...rest);
if (what === "test") await run("test", ...rest);
