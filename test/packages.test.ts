// What a newcomer sees whose packages aren't there yet.
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { join, resolve } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { makeProject } from "./project";
import type { Project } from "./project";
import { PATIENCE } from "./reference";

const test = suite("packages");
const root = resolve(__dirname, "..");
const read = (path: string) => fs.readFileSync(join(root, path), "utf8");

/** A clone with nothing but what is asked before the packages are. */
function bareClone(): Project {
  return makeProject({ "test/ready.cjs": read("test/ready.cjs"),
    "website/book.mjs": read("website/book.mjs"),
    "chapters/000-x.md": "# In which\n" }, false);
}

function shell(folder: string, script: string, path = "") {
  const { stdout, stderr, status } = spawnSync("sh", ["-c", script], {
    cwd: folder, encoding: "utf8", timeout: PATIENCE,
    env: { ...process.env, PATH: `${path}${process.env["PATH"]}` } });
  return { stdout, stderr, status };
}

test("without its packages every command says so in one line", () => {
  const project = bareClone();
  const scripts: Record<string, string> =
    JSON.parse(read("package.json")).scripts;
  const { weave, test }: Record<string, string> =
    JSON.parse(read("website/package.json")).scripts;
  const { prepare: _, ...commands } = scripts;
  for (const script of [...Object.values(commands), weave, test])
    assert.match(script ?? "", /^(cd \.\. && )?node -r \.\/test\/ready\.cjs /);
  for (const [folder, script = ""] of [["", commands["start"]],
    ["", commands["book"]], ["website", weave]] as const)
    assert.equal(shell(join(project.folder, folder), script), {
      stdout: "", status: 2,
      stderr: 'the packages of this project are missing: run "npm ci" '
        + `first, in ${project.folder}\n` }, script);
  project.remove();
});

test("the site's commands tell each step before they take it", () => {
  const project = bareClone();
  project.write("bin/npm", '#!/bin/sh\necho "npm $3 $4 $5"\n');
  fs.chmodSync(join(project.folder, "bin/npm"), 0o755);
  const { stdout, status } = shell(project.folder,
    "node website/book.mjs build", `${project.folder}/bin:`);
  assert.equal(stdout.replace(/[\d.]+ s$/gm, "… s").split("\n"), [
    "packages: fetching the 1300 of the site, this once",
    "npm ci --no-audit --no-fund", "packages: done in … s",
    "weave: running the examples of all chapters",
    "npm run --silent weave", "weave: done in … s",
    "build: making the pages",
    "npm run --silent pages", "build: done in … s", ""]);
  assert.is(status, 0);
  project.remove();
});

test.run();
