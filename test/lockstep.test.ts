// A sample of programs on two back ends in lock-step; lockstep/full.ts runs
// more.
import { createHash } from "node:crypto";
import { test } from "uvu";
import * as assert from "uvu/assert";

import { first, second } from "./lockstep/backends";
import { bugs } from "./lockstep/bugs";
import { drive, seedOf } from "./lockstep/drive";
import { lockStep, Pair } from "./lockstep/pair";
import { makeProgram, type Program } from "./lockstep/program";

const SEED = 1;

/** Programs of the seed that show a mistake soon; found by trying, and to
 * be found again when the generator changes. */
const soon: Record<string, number> = {
  "adc of bytes forgets the carry": 23,
  "now and then the code TLB isn't filled": 23,
  "stores go on fast to a page that has become code": 36,
  "nobody notes that a REP goes on": 36,
  "a read across pages faults at the first": 13,
};
const numberOf = (name: string) => soon[name] ?? 29;
const programs = new Map<number, Program>();

/** Makes each program once. */
function programFor(name: string): Program {
  const n = numberOf(name);
  const program = programs.get(n) ?? makeProgram(seedOf(SEED, n));
  programs.set(n, program);
  return program;
}

test("the same seed gives the same program, and the same end", () => {
  const name = "code that is written to is never dropped";
  const again = makeProgram(programFor(name).seed);
  const ends = [programFor(name), again].map((program) => {
    const pair = new Pair(program, first, first);
    const { pieces } = lockStep(pair, 3000);
    return [pieces, createHash("sha1")
      .update(pair.first.machine.snapshot()).digest("hex")];
  });
  assert.equal(ends[0], ends[1]);
});

test("both back ends do the same, to the last bit of the block", () => {
  const report = drive({ seed: SEED, instructions: 60_000, each: 20_000 },
    first, second);
  assert.is(report, undefined, report?.text);
});

for (const [name, wrong] of Object.entries(bugs))
  test(`the driver finds it if ${name}`, () => {
    const pair = new Pair(programFor(name), first, wrong);
    const { different } = lockStep(pair, 20_000);
    assert.ok(different, `seed ${SEED}, program ${numberOf(name)}`);
  });

test("a difference is named, and what led to it shown", () => {
  const name = "a shift leaves ZF where only the lazy words show it";
  const report = drive({ seed: SEED, from: 31, instructions: 20_000 },
    first, bugs[name]!);
  assert.ok(report);
  const lines = report.text.split("\n");
  assert.is(lines[0], `--seed ${SEED} --from 31`);
  assert.ok(lines.some((line) => /^CPU \d FLAG_CARRY: /.test(line)));
  assert.match(lines.at(-1)!, /^ {2}\d ring \d [\da-f]{8} \w/);
});

test.run();
