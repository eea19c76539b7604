// npm test: what it says of tests that fail, and which ones it runs.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { tangle } from "../src/loom/book";
import { chooseFiles } from "../src/loom/run";
import { makeProject } from "./project";

const test = suite("runner");

const plant = `# In which

\`\`\`ts file=src/plant/index.ts
export class Fault {
  constructor(readonly vector: number) {}
}
export function explode(): number {
  throw new Fault(13);
}
\`\`\`

## It explodes

\`\`\`ts test
import { explode } from "lguest/plant";

explode() // => 1
\`\`\`

## It doesn't

\`\`\`ts test
2 * 2 // => 4
\`\`\`
`;

function file(...lines: string[]): string {
  return ['import { suite } from "uvu";', 'import * as assert from "uvu/assert";',
    'const test = suite("one");', ...lines, "test.run();", ""].join("\n");
}

const files = {
  "chapters/001-plant.md": plant,
  "test/apple.test.ts": file(
    'test("falls", () => assert.is(1, 2, "not far\\nfrom the tree"));',
    'test("stays", () => { console.log("on the tree"); });'),
  "test/idle.ts": "export const idle: number = 1;\n",
  "test/pear.test.ts": file(
    'console.error("skipped: it is summer");',
    'test("hangs", () => { console.log("quietly"); });',
    'test.skip("winter");'),
  "test/plum.test.ts": file("test.before(() => { throw new Error(); });",
    'test("one", () => {});', 'test("two", () => {});'),
  "test/thrown.test.ts": file(
    'import { explode } from "../src/plant";',
    'test("a fault", async () => { await 0; explode(); });',
    'test("nothing", () => { throw undefined; });'),
};

test("what fails is listed at the end, by place; what passes is silent",
  () => {
    const project = makeProject(files);
    tangle(project.folder, []);
    const run = (...options: string[]) => {
      const { text, status } = project.loom("test", ...options);
      const [before = "", list = ""] = text.split("\nfailed:\n");
      return { before, list: list.split("\n").slice(0, -3),
        last: text.trimEnd().split("\n").at(-1), status };
    };
    const idle = ".loom/cache/test__idle.ts.js";
    const all = run();
    assert.is(all.status, 1);
    // What no test imports is translated, too: everything is, at once.
    assert.match(project.read(idle), "exports.idle = 1;");
    assert.equal(all.list, [
      'test/apple.test.ts:4:28: "falls": not far',
      'chapters/001-plant.md:12:1: "It explodes": threw Fault { vector: 13 }',
      "test/plum.test.ts:1:1: 2 of its tests did not run; does a hook throw?",
      'test/thrown.test.ts:5:1: "a fault": threw Fault { vector: 13 }',
      'test/thrown.test.ts:6:1: "nothing": threw undefined',
    ]);
    assert.is(all.last, "3 passed, 6 failed, 1 skipped, 0 type errors");
    // All of a file that fails is there; of another, why it has skipped.
    assert.match(all.before, "from the tree\n");
    assert.match(all.before, "on the tree\n");
    assert.match(all.before, "threw Fault { vector: 13 }");
    assert.match(all.before, /^skipped: it is summer$/m);
    assert.not.match(all.before, "quietly");
    assert.not.match(all.before, "pear.test.ts");

    // Only what failed, when it is mended.
    project.write("test/plum.test.ts", file('test("one", () => {});'));
    project.write("test/thrown.test.ts", file('test("a", () => {});'));
    project.write("test/apple.test.ts",
      file('test("a", () => {});', 'export const n: number = "n";'));
    project.write("chapters/001-plant.md", plant.replace(/explode\(\) \/.*/, ""));
    const mended = run("--failed", "--no-types");
    assert.equal([mended.last, mended.status], ["5 passed, 0 failed", 0]);

    // A type error counts, and is among what failed; now nothing else is.
    const typed = run("--verbose");
    assert.is(typed.status, 1);
    assert.equal(typed.list, ["test/apple.test.ts:5:14: error TS2322: Type "
      + "'string' is not assignable to type 'number'."]);
    assert.is(typed.last, "6 passed, 0 failed, 1 skipped, 1 type error");
    assert.match(typed.before, "quietly\n");
    assert.equal(JSON.parse(project.read(".loom/failed.json")), ["types"]);
    project.remove();
  });

test("a name that fits no test is told, and nothing is run", () => {
  const said: string[] = [];
  const paths = ["test/pear.test.ts", "test/plum.test.ts"];
  assert.equal(chooseFiles(paths, ["pear", "cherry"], said), []);
  assert.equal(said, ['no test has "cherry" in its path']);
  assert.equal(chooseFiles(paths, ["ear", "pe"], []), paths.slice(0, 1));
  assert.equal(chooseFiles(paths, [], []), paths);
});

test.run();
