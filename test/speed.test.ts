import { test } from "uvu";
import * as assert from "uvu/assert";
import { measure } from "./speed";

test("the immediate back end makes 10 million instructions a second", () => {
  let best = 0;
  for (let tries = 0; tries < 4 && best < 10; tries++) {
    best = Math.max(best, measure(3, 4));
  }
  console.log(`immediate back end: ${best.toFixed(1)} M instructions/s`);
  assert.ok(best >= 10, `only ${best.toFixed(1)} million a second`);
});

test.run();
