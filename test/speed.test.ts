// Seconds differ from machine to machine, and on one machine from hour to
// hour; how often JavaScript itself could have done the work, much less. It
// is measured in a process of its own, where no test has taught the compiler
// other habits before.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PATIENCE } from "./reference";

test("a word costs at most 1000 times what JavaScript needs for it", () => {
  let times = Infinity;
  for (let tries = 0; tries < 4 && times > 1000; tries++) {
    const { stdout, stderr } = spawnSync(process.execPath,
      ["-r", "ts-node/register", join(__dirname, "speed.ts"), "3", "4"],
      { cwd: join(__dirname, ".."), encoding: "utf8", timeout: PATIENCE });
    console.log(stdout + stderr);
    times = Number(/JavaScript is (\d+) times/.exec(stdout)?.[1] ?? NaN);
    assert.ok(times > 0, "speed.ts says nothing");
  }
  assert.ok(times <= 1000, `${times} times as fast`);
});

test.run();
