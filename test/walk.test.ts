// The walk in CONTRIBUTING.md, walked: from a typo to a new chapter.
import * as fs from "node:fs";
import { join, resolve } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatProblem } from "../src/loom";
import type { Problem } from "../src/loom";
import { readBook, tangle } from "../src/loom/book";
import { writeExamples } from "../src/loom/commands";
import { stitch } from "../src/loom/stitch";
import { startWorker } from "../src/loom/worker";
import { makeProject } from "./project";

const test = suite("walk");
const root = resolve(__dirname, "..");
const text = fs.readFileSync(join(root, "CONTRIBUTING.md"), "utf8");
const chapter = /^````markdown\n([^]*?)^````$/m.exec(text)?.[1] ?? "";

// As much of the program as the new chapter needs.
const before = `# In which there are numbers

Onse upon a time.

\`\`\`ts file=src/machine/numbers.ts
/** The same number, unsigned. */
export const u32 = (value: number) => value >>> 0;
\`\`\`

\`\`\`ts file=src/machine/index.ts
export * from "./numbers";
\`\`\`

\`\`\`ts file=src/index.ts
export * from "./machine";
\`\`\`
`;

test("from a typo to a new chapter", async () => {
  const project = makeProject({ "chapters/010-numbers.md": before });
  const weave = () => {
    const problems: Problem[] = [];
    const paths = tangle(project.folder, problems);
    writeExamples(project.folder, readBook(project.folder, []), problems);
    assert.equal(problems.map(formatProblem), []);
    return paths;
  };
  weave();

  // A typo in the prose changes nothing in src/, one in a comment does.
  const prose = before.replace("Onse", "Once");
  project.write("chapters/010-numbers.md", prose);
  assert.equal(weave(), []);
  const comment = prose.replace("The same", "That");
  project.write("chapters/010-numbers.md", comment);
  assert.equal(weave(), ["src/machine/numbers.ts"]);

  // An example for a sentence: the very one of the walk.
  const example = /^````text\n(```ts test\n[^]*?```\n)````$/m.exec(text)?.[1];
  assert.ok(example);
  project.write("chapters/010-numbers.md", `${comment}\n${example}`);
  assert.equal(weave(), []);

  // The chapter, typed in from CONTRIBUTING.
  assert.match(chapter, "In which we count moons");
  project.write("chapters/774-moon.md", chapter);
  project.write("chapters/010-numbers.md", `${comment}\n${example}`.replace(
    '"./numbers";', '"./numbers";\nexport * from "./moon";'));
  assert.equal(weave(),
    ["src/machine/index.ts", "src/machine/moon.ts"]);
  const worker = startWorker(project.folder);
  for (const [path, passed] of [["010-numbers", 1], ["774-moon", 1]] as const) {
    const done = await worker.run(
      { kind: "test", path: `test/chapters/${path}.test.ts` });
    assert.equal(done.count, { passed, failed: 0, skipped: 0 }, done.text);
  }
  worker.stop();

  // The line that was found with a debugger.
  const path = "src/machine/moon.ts";
  project.write(path, project.read(path).replace("+ 44", "+ 44 + 3 / 60"));
  const problems: Problem[] = [];
  stitch(project.folder, problems);
  assert.equal(problems, []);
  assert.match(project.read("chapters/774-moon.md"), "+ 44 + 3 / 60;");
  project.remove();
});

test("every command that CONTRIBUTING names exists", () => {
  const { scripts } = JSON.parse(
    fs.readFileSync(join(root, "package.json"), "utf8"));
  for (const [, name] of text.matchAll(/`npm run ([\w:-]+)/g))
    assert.ok(name !== undefined && name in scripts, name);
});

test.run();
