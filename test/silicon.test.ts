// A sample of the comparison with the processor that the tests run on;
// silicon/full.ts runs more.
import { test } from "uvu";
import * as assert from "uvu/assert";

import { requireReference, testWith } from "./reference";
import type { Case, Judge } from "./silicon/case";
import { CODE_END, initialData, SYSTEM } from "./silicon/case";
import { breakCase, compareBreaks, stopsOfOurs } from "./silicon/breaks";
import { whyNotRun } from "./silicon/compile";
import { drive, summary } from "./silicon/drive";
import { judged, repertoireOf } from "./silicon/forms";
import { sequence, single } from "./silicon/generate";
import { disagreement, habits, otherHabits } from "./silicon/habits";
import type { NativeJudge } from "./silicon/native";
import { nativeJudge } from "./silicon/native";
import { OurJudge } from "./silicon/ours";
import {
  compareRecorded, order, ourselves, record, tellRecorded,
} from "./silicon/recorded";
import type { Witness } from "./silicon/recorded";
import { shrink } from "./silicon/shrink";

const SEED = 1;

let known: NativeJudge | undefined;

function processor(): NativeJudge {
  const judge = known ?? nativeJudge();
  if (typeof judge === "string") throw new Error(judge);
  known = judge;
  return judge;
}

test("the same seed and number give the same case", () => {
  assert.equal(single(3, 77).case, single(3, 77).case);
  assert.equal(sequence(3, 77).case, sequence(3, 77).case);
  assert.not.equal(single(3, 77).case, single(4, 77).case);
});

const testNative = testWith(test, "gcc -m32");

testNative("8000 cases end as on the processor", () => {
  const right = processor();
  const tally = drive(
    { seed: SEED, singles: 5_000, sequences: 1_500, reports: 3,
      segmented: right.isIntel ? 1_500 : 0 },
    right, new OurJudge(right.selectors));
  console.log(`seed ${SEED}`);
  console.log(summary(tally));
  assert.is(tally.forms.size, judged.length);
  if (tally.different > 0) console.log(tally.reports.join("\n"));
  assert.ok(tally.different <= 6.5 * right.allowance,
    `${tally.different} differences`);
});

test("cases end as they did on Intel's processor, which is not here", () => {
  const found = compareRecorded(ourselves);
  console.log(tellRecorded(found));
  assert.equal(found.different, []);
  assert.ok(found.recorded >= 50_000);
  // Who has changed the cases of one form may be busy with it for a while.
  assert.ok(found.compared >= 0.95 * found.recorded, tellRecorded(found));
});

const FEW = { single: 800, sequence: 300, segmented: 400, breaks: 100 };

test("a full record has room for its cases in less than 200 kB", () => {
  const cases = Object.values(order).reduce((sum, n) => sum + n);
  const empty = record("", SYSTEM, ourselves(SYSTEM),
    { single: 0, sequence: 0, segmented: 0, breaks: 0 });
  assert.ok(cases >= 50_000, `${cases} cases`);
  assert.ok(empty.length + 3 * cases < 200_000);
});

test("what was recorded is found again, and a lie among it, of each sort",
  () => {
    const bytes = record("ours", SYSTEM, ourselves(SYSTEM), FEW);
    const found = compareRecorded(ourselves, bytes);
    assert.equal(found.different, [], tellRecorded(found));
    assert.ok(found.compared > 1500 && found.compared === found.recorded);
    const liar = (): Witness => ({ judge: forgetful(new OurJudge(SYSTEM)),
      stops: (cases) => cases.map((c) => stopsOfOurs({ ...c, dr7: 0 })) });
    const lies = compareRecorded(liar, bytes).different;
    for (const sort of ["single", "sequence", "segmented", "breaks"])
      assert.ok(lies.some((lie) => lie.startsWith(sort)), sort);
    assert.ok(lies.length < 100, `${lies.length} lies`);
  });

test("a new form changes no recorded case, and another one its own", () => {
  const without = repertoireOf(judged.filter(({ opcode }) =>
    opcode !== "0F C8+r"));
  const bytes = record("ours", SYSTEM, ourselves(SYSTEM), FEW, without);
  const found = compareRecorded(ourselves, bytes);
  assert.equal(found.later, ["0F C8+r"]);
  assert.is(found.compared, found.recorded);
  assert.match(tellRecorded(found), "never asked about 0F C8+r");
  // As if the first case had been another one when it was recorded.
  bytes[bytes.indexOf(10) + 1]! ^= 1;
  const after = compareRecorded(ourselves, bytes);
  assert.equal(after.changed, [without.judged[0]!.opcode]);
  assert.is(after.compared, after.recorded - 1);
  assert.equal(after.different, []);
});

test("a processor that can't be asked is no failure, with CI=true either",
  () => {
    const { PROCESSOR, REFERENCES, CI } = process.env;
    process.env["CI"] = "true";
    delete process.env["REFERENCES"];
    try {
      process.env["PROCESSOR"] = "none";
      assert.match(whyNotRun() ?? "", "PROCESSOR=none");
      assert.match(String(nativeJudge()), "PROCESSOR=none");
      assert.throws(() => requireReference("no such program"),
        /reference: no such program is missing/);
    } finally {
      restore("PROCESSOR", PROCESSOR);
      restore("REFERENCES", REFERENCES);
      restore("CI", CI);
    }
  });

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name];
  else process.env[name] = value;
}

testNative("breakpoints and single steps stop where the processor stops",
  () => {
    if (!processor().isIntel) return;
    const { text, different } = compareBreaks(SEED, 300);
    console.log(text);
    assert.is(different, 0, text);
  });

test("what breakpoints tell together, and what apart", () => {
  const stops = (text: string, points: string, steps = false) =>
    stopsOfOurs(breakCase(text, points, steps))
      .map(([eip, dr6]) => `${eip}:${dr6.toString(16)}`).join(" ");
  const store = "mov %ebx, (%eax)\n nop\n nop";
  assert.is(stops(store, "w0 x2"), "2:3");
  assert.is(stops(store, "w0 x2", true), "2:4001 2:2 3:4000");
  assert.is(stops(store, "x0", true), "0:1 2:4000 3:4000");
  assert.is(stops("rep movsl\n nop", "a4 x0"), "0:2 0:1");
  assert.is(stops("rep movsl\n nop", "w16 x2"), "2:3");
});

test("each judge that is here sees a case's data before it runs", () => {
  const judges = requireReference("gcc -m32")
    ? [processor(), new OurJudge(processor().selectors)]
    : [new OurJudge(SYSTEM)];
  const trial = single(SEED, 0);
  const data = new DataView(initialData(trial.case).buffer);
  // mov 0x10000ffe,%eax: half of it from each page.
  const code = [0xa1, 0xfe, 0x0f, 0x00, 0x10];
  for (const judge of judges)
    assert.is(judge.run([{ ...trial.case, code }])[0]!.registers[0],
      data.getUint32(0xffe, true), judge.name);
});

test("a difference is found, and made as small as it can be", () => {
  const right = new OurJudge(SYSTEM);
  const liar = forgetful(right);
  const trials = Array.from({ length: 500 }, (_, i) => sequence(SEED, i));
  const truth = right.run(trials.map((trial) => trial.case));
  const lies = liar.run(trials.map((trial) => trial.case));
  const wrong = trials.find((trial, i) =>
    trial.case.code.filter(byte => byte === 0xfc).length === 1
      && trial.parts.some(part => part.encoded.bytes[0] === 0xfc)
      && disagreement(right, trial, truth[i]!, lies[i]!).length > 0);
  const small = shrink(wrong!, right, liar);
  assert.equal(small.case.code, [0xfc]);
  assert.equal(small.case.registers, Array(8).fill(0));
});

test("what doesn't exist is fetched before it is refused", () => {
  const registers = Array(8).fill(0);
  // All of them end where the last page of code ends.
  const cases = [
    [0x8c, 0x35], [0xfe, 0x3d], [0xff, 0x3d], [0x0f, 0xba, 0x05],
    [0x0f, 0xba, 0xc0], [0xc6, 0x0d, 0, 0, 0, 0], [0xf0, 0x81, 0xc0],
    [0x0f, 0x0b], [0xf0, 0x90],
  ].map(code => ({ registers, eflags: 0, fill: 0, patches: [],
    address: CODE_END - code.length, code }));
  const vectors = (judge: Judge) =>
    judge.run(cases).map(outcome => outcome.vector);
  // Intel's said so, and where it is here it says so again.
  const said = [14, 14, 14, 14, 14, 14, 14, 6, 6];
  assert.equal(vectors(new OurJudge(SYSTEM)), said);
  if (requireReference("gcc -m32") && processor().isIntel)
    assert.equal(vectors(processor()), said);
});

test("our machine has the habits that it shall have", () => {
  const ours = new OurJudge(SYSTEM);
  assert.equal(otherHabits(ours), []);
  const vectors = ours.run(habits.map(({ probe }) => probe))
    .map(({ vector }) => vector);
  assert.equal(vectors, [3, 5, 14, 6, 13, 3]);
});

test("a judge's other habit is found, and only such cases left open",
  () => {
    const ours = new OurJudge(SYSTEM);
    // One that writes whole slots, as a Pentium does.
    const pentium: Judge = { name: "Pentium", run: cases =>
      ours.run(cases).map((outcome, i) => {
        const { code, registers: [, , , , esp] } = cases[i]!;
        if (code[0] !== 0x16) return outcome;
        const changes = outcome.changes.map(([at, value]) =>
          [at, at === esp! - 4 ? value & 0xffff : value] as [number, number]);
        return { ...outcome, changes };
      }) };
    assert.equal(otherHabits(pentium), [habits[0]]);
    const tally = drive({ seed: SEED, singles: 2000, sequences: 500 },
      pentium, ours);
    assert.is(tally.different, 0, tally.reports.join("\n"));
    assert.equal([...tally.open.keys()], [habits[0]!.name]);
    const [open] = tally.open.values();
    assert.ok(open! > 10 && open! < 100, String(open));
  });

/** A judge that doesn't know cld. */
function forgetful(right: Judge): Judge {
  const lie = (c: Case) =>
    ({ ...c, code: c.code.map(byte => byte === 0xfc ? 0x90 : byte) });
  return { name: "forgetful", run: cases => right.run(cases.map(lie)) };
}

test.run();
