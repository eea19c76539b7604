// npm run book:test: looks at the built site with a browser.
import { join } from "node:path";
import { formatProblem } from "../../src/loom/problem";
import { runTestFile } from "../../src/loom/run";
import { findChromium } from "./site";

// One more, "speed", is for whoever asks.
const all = ["aids", "examples", "front", "machine", "pages", "print",
  "search", "types"];
const asked = process.argv.slice(2);
const names = asked.length > 0 ? asked : all;

async function main(): Promise<void> {
  const root = join(__dirname, "../..");
  const failures: string[] = [];
  const total = { passed: 0, failed: 0, skipped: 0 };
  if (findChromium() === undefined) {
    console.log("there is no chromium here: apt-get install chromium");
    if (process.env["CI"]) total.failed++;
    else total.skipped++;
  } else for (const name of names) {
    const path = `website/test/${name}.test.ts`;
    const { count, problems } = await runTestFile(root, path);
    failures.push(...problems.map(formatProblem));
    total.passed += count.passed;
    total.failed += count.failed;
    total.skipped += count.skipped;
  }
  if (failures.length > 0)
    console.log(["", "failed:", ...failures].join("\n"));
  console.log(`${total.passed} passed, ${total.failed} failed`
    + (total.skipped > 0 ? `, ${total.skipped} skipped` : ""));
  process.exit(total.failed > 0 ? 1 : 0);
}

void main();
