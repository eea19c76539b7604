// Watching, and examples that are rewritten: the loom while one writes.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { formatProblem } from "../src/loom";
import type { Problem } from "../src/loom";
import { tangle } from "../src/loom/book";
import { fixExamples } from "../src/loom/fix";
import { makeProject } from "./project";
import { PATIENCE } from "./reference";

const test = suite("dev");

const program = `# In which

\`\`\`ts file=src/plant/index.ts
export function grow(days: number): number {
  if (days < 0) throw new RangeError("no way back");
  return days * 3;
}
\`\`\`

## Growing

\`\`\`ts test
import { grow } from "lguest/plant";

grow(2) // => 6
\`\`\`
`;

const shared = `import { suite } from "uvu";
import * as assert from "uvu/assert";
import { three } from "./two";
const test = suite("three");
test("three", () => assert.is(three * 2, 6));
test.run();
`;

test("a chapter saved under npm run dev is answered for, by its lines",
  async () => {
    const project = makeProject({ "chapters/001-plant.md": program,
      "chapters/002-other.md": "# In which\n\n## Elsewhere\n\n"
        + "```ts test\n1 // => 2\n```\n",
      "chapters/003-word.md": "# In which\n\n## A promise\n\n"
        + "```ts test expect-error=2322\nconst days: number = \"two\";\n"
        + "```\n",
      "test/deep/three.ts": "export const three = 3;\n",
      "test/apart.ts": "export const three = 3;\n",
      "test/unrelated.test.ts": shared.replace("./two", "./apart"),
      "test/two.ts": 'export { three } from "./deep/three";\n' });
    tangle(project.folder, []);
    const child = spawn(process.execPath, ["-r", "./test/ready.cjs",
      "src/loom/main.ts", "dev", "--no-site"], { cwd: project.folder });
    let text = "", wake = () => {};
    const hear = (data: Buffer) => {
      text += data.toString();
      wake();
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    const limit = setTimeout(() => child.kill(), PATIENCE);
    child.on("exit", () => wake());
    const says = async (what: RegExp) => {
      while (!what.test(text)) {
        assert.is(child.exitCode ?? child.signalCode, null, text);
        await new Promise<void>((resolve) => { wake = resolve; });
      }
      const said = text;
      text = "";
      return said;
    };
    try {
      await says(/watching chapters/);

      // A better program, and an example that has not heard of it.
      project.write("chapters/001-plant.md", program.replace("* 3", "* 4"));
      const wrong = await says(/after it was saved/);
      assert.match(wrong, "wrote src/plant/index.ts");
      assert.match(wrong, /chapters\/001-plant\.md:15:1/);
      assert.match(wrong, /001-plant\.md: 0 passed, 1 failed, /);

      // A reference to nowhere: nothing is written, and it says where.
      project.write("chapters/001-plant.md",
        program.replace("  return", "  // <<water>>\n  return"));
      const broken = await says(/nothing was written/);
      assert.match(broken, "chapters/001-plant.md:6:3: no chunk is called");
      assert.match(project.read("src/plant/index.ts"), "* 4");

      // All is well.
      project.write("chapters/001-plant.md", program);
      const right = await says(/after it was saved[^]*Enter runs all examples/);
      assert.match(right, /001-plant\.md: 1 passed, 0 failed, [\d.]+ s/);

      // The types: nobody has saved the chapter that promises an error.
      assert.match(await says(/types: .*\n/), "types: no errors");

      // All examples: the other chapter's fails, of which nobody has spoken.
      child.stdin.write("\n");
      const all = await says(/passed, \d+ failed/);
      assert.match(all, '002-other.md:6:1: "Elsewhere"');
      assert.match(all, "2 passed, 1 failed");

      // A test, and what tests share; what has nothing to do with it is silent.
      project.write("test/three.test.ts", shared.replace("6", "7"));
      const saved = await says(/three\.test\.ts: 0 passed, 1 failed, [\d.]+ s/);
      assert.match(saved, 'test/three.test.ts:5:28: "three"');
      assert.not.match(saved, "Enter runs");
      project.write("test/deep/three.ts", "export const three = 3.5;\n");
      const deep = await says(/three\.test\.ts: 1 passed, 0 failed/);
      assert.not.match(deep, "unrelated");
    } finally {
      clearTimeout(limit);
      if ((child.exitCode ?? child.signalCode) === null) {
        child.kill();
        await once(child, "close");
      }
      project.remove();
    }
  });

const claims = `# In which

\`\`\`ts file=src/plant/index.ts
export function grow(days: number): number {
  if (days < 0) throw new RangeError("no way back");
  return days * 3;
}
\`\`\`

## Values

\`\`\`ts test
import { grow } from "lguest/plant";

grow(2) // => 5
grow(0x1000) // => 0x2000
grow(1) /* right */ // => 0b11
const text = "x // => y"; // => "z"
[grow(1), grow(2)].map((n) => "a long word " + n) // => []
grow(3)
  // => [
  //   1,
  // ]
\`\`\`

1. In a list

   \`\`\`ts run
   console.log("one", 1);
   console.log("two");
   \`\`\`

   \`\`\`text output
   zero
   \`\`\`

## What can't be written down

\`\`\`ts test
for (let n = 0; n < 3; n++) {
  grow(n) // => 0
}
(() => 1) // => 1
grow(1) // => 4
grow(-1) // => 1
grow(1) // => 5
\`\`\`

## Errors

\`\`\`ts test
grow(1) // throws RangeError
\`\`\`

## An exercise

\`\`\`ts test red
grow(1) // => 4
\`\`\`
`;

test("fix-examples rewrites wrong values and output, and nothing else",
  async () => {
    const project = makeProject({ "chapters/001-plant.md": claims,
      "chapters/002-other.md": program.replace(/```ts file[^]*?```/, "") });
    tangle(project.folder, []);
    const problems: Problem[] = [];
    const said = await fixExamples(project.folder, ["plant"], problems);
    const after = project.read("chapters/001-plant.md");
    const expected = claims
      .replace("// => 5\n", "// => 6\n").replace("0x2000", "0x3000")
      .replace('// => "z"', '// => "x // => y"')
      .replace("// => []", '// => [\n//   "a long word 3",\n'
        + '//   "a long word 6",\n// ]')
      .replace("// => [\n  //   1,\n  // ]", "// => 9")
      .replace("   zero", "   one 1\n   two")
      .replace("// => 4", "// => 3");   // the first, not the red one
    assert.is(after, expected);
    assert.match(said.join("\n"), "chapters/001-plant.md:15: grow(2) // => 6");
    const complaints = problems.map(formatProblem).join("\n");
    assert.match(complaints, /line 41: this gives different values/);
    assert.match(complaints, /line 43: what this gives can't be written/);
    assert.match(complaints, /2 of its sections fail in a way that no new/);
    project.remove();
  });

test.run();
