// Seconds differ from machine to machine, and on one machine from hour to
// hour; how much faster one interpreter is than the other, side by side, much
// less. It is measured in a process of its own, where no test has taught the
// compiler other habits before.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PATIENCE } from "./reference";

test("the generated interpreter is worth its while", () => {
  let times = 0;
  for (let tries = 0; tries < 4 && times < 3; tries++) {
    const { stdout, stderr } = spawnSync(process.execPath,
      ["-r", "./test/ready.cjs", join(__dirname, "speed.ts"), "4", "4"],
      { cwd: join(__dirname, ".."), encoding: "utf8", timeout: PATIENCE });
    console.log(stdout + stderr);
    times = Number(/([\d.]+) times less/.exec(stdout)?.[1] ?? NaN);
    assert.ok(times > 0, "speed.ts says nothing");
  }
  assert.ok(times >= 3, `${times} times as fast`);
});

test.run();
