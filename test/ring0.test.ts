// A sample of what only kernels may do, in lock-step with Bochs;
// ring0/full.ts runs more.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";

import { testWith } from "./reference";
import { Bochs } from "./ring0/bochs";
import type { Outcomes, PrivilegedCase, PrivilegedJudge } from "./ring0/case";
import { classes } from "./ring0/classes";
import { differences } from "./ring0/compare";
import { drive, summary } from "./ring0/drive";
import { explanations } from "./ring0/explained";
import { privileged } from "./ring0/generate";
import {
  CODE, DATA, GDT, SELECTORS as S, SHUTDOWN_VECTOR, STACKS, STACK_TOPS,
} from "./ring0/layout";
import { OurMachine } from "./ring0/ours";
import { logOf } from "./ring0/program";
import { shrink } from "./ring0/shrink";
import { simple } from "./ring0/simple";
import { bytesOf } from "./ring0/writer";

const SEED = 1;

test("the same seed and number give the same case of any ring", () => {
  assert.equal(privileged(3, 77).case, privileged(3, 77).case);
  assert.not.equal(privileged(3, 77).case, privileged(4, 77).case);
});

test("every explanation of a difference has its reference", () => {
  for (const { name, reference } of explanations)
    assert.match(reference, /SDM \d|the manual is silent/, name);
});

test("a machine that shuts down goes on with the next case", async () => {
  const ours = new OurMachine();
  // lidt of a table without entries, and int3; inc %eax.
  const lidt = simple([0x0f, 0x01, 0x1d, ...bytesOf(DATA, 4)],
    { patches: [[DATA, 0], [DATA + 4, 0]] });
  const [down, next] = await ours.run([lidt, simple([0x40])]);
  assert.equal(down!.events.map(event => event.vector), [SHUTDOWN_VECTOR]);
  assert.is(next!.events[0]!.vector, 3);
  assert.is(next!.events[0]!.eax, 1);
});

test("a case that never ends is left behind, and counted", async () => {
  const ours = new OurMachine();
  const forever = simple([0xeb, 0xfe]);
  const outcomes = await ours.run([forever, forever, simple([0x40])]);
  assert.is(outcomes[0], undefined);
  assert.is(outcomes[1], undefined);
  assert.is(outcomes[2]!.events[0]!.eax, 1);
  assert.is(ours.executed.length, 3);
  assert.is(differences(outcomes[0], outcomes[1]).length, 1);
});

test("a judge that can't begin is quoted", async () => {
  const folder = mkdtempSync(join(tmpdir(), "ring0-"));
  let message = "";
  try {
    await logOf(folder, "sh", ["-c", "echo banner; echo no ROM >&2"]);
  } catch (error) {
    message = (error as Error).message;
  } finally {
    rmSync(folder, { recursive: true });
  }
  assert.is(message, "sh has run no case. It says:\n  no ROM");
});

test("a far call that can't push marks no segment as accessed", async () => {
  const { system } = simple([]);
  const data = S.data3 | 3, at = GDT + S.conforming0 + 4;
  const call = (esp: number) => simple([0x9a, ...bytesOf(CODE, 4),
    ...bytesOf(S.conforming0, 2)], {
    mode: 3, registers: [0, 0, 0, 0, esp, 0, 0, 0],
    system: { ...system, cr0: 0x80000015, selectors: { cs: S.code3 | 3,
      ss: data, ds: data, es: data, fs: data, gs: data } },
  });
  // The second push meets a page of the kernel's.
  const [good, bad] = await new OurMachine().run(
    [call(STACKS + 8), call(STACKS + 4)]);
  assert.is(good!.events[0]!.vector, 3);
  assert.ok(good!.changes.some(([where]) => where === at));
  assert.is(bad!.events[0]!.vector, 14);
  assert.is(bad!.events[0]!.cr2, STACKS - 4);
  assert.not.ok(bad!.changes.some(([where]) => where === at));
});

test("a return minds the outer stack before EIP's limit", async () => {
  const esp = STACK_TOPS[0] - 0x80;
  // CS of ring 1 ends at FFFF; SS is of ring 0.
  const code1: [number, number][] = [[GDT + S.code1, 0xffff],
    [GDT + S.code1 + 4, 0x40ba00]];
  const frame = (words: number[]) => words.map(
    (word, i): [number, number] => [esp + 4 * i, word]);
  const [ret, iret] = await new OurMachine().run([
    simple([0xcb], { patches: [...code1,
      ...frame([CODE, S.code1 | 1, 0, S.data0 | 1])] }),
    simple([0xcf], { patches: [...code1,
      ...frame([CODE, S.code1 | 1, 2, 0, S.data0 | 1])] }),
  ]);
  for (const outcome of [ret, iret]) {
    assert.is(outcome!.events[0]!.vector, 13);
    assert.is(outcome!.events[0]!.frame0, S.data0);
  }
});

const testBochs = testWith(test, "bochs");

testBochs("240 cases of all classes end as in Bochs", async () => {
  const tally = await drive({ seed: SEED, cases: 240, reports: 2 },
    new Bochs(), new OurMachine());
  console.log(`seed ${SEED}`);
  console.log(summary(tally));
  assert.is(tally.classes.size, classes.length);
  assert.is(tally.different, 0, tally.reports.join("\n"));
});

test("a difference in ring 0 is found, and made small", async () => {
  const parts = [[0x40], [0x01, 0xd8], [0x0f, 0x06], [0x51], [0xf9]];
  const { system } = simple([]);
  const wrong = { name: "wrong", kind: "none", parts, wide: true,
    case: simple(parts.flat(), {
      registers: [1, 2, 3, 4, STACK_TOPS[0] - 0x80, 6, 7, 8], eflags: 0x8d5,
      patches: [[DATA, 1], [DATA + 4, 2], [DATA + 8, 3]],
      system: { ...system, cr0: 0x1003d, cr4: 0x90 },
    }) };
  const small = await shrink(wrong, new Forgetful(), new OurMachine());
  assert.equal(small.parts, [[0x0f, 0x06]]);
  // TS is what it hangs on; the rest goes.
  assert.equal(small.case, simple([0x0f, 0x06],
    { system: { ...system, cr0: 0x1003d } }));
});

/** A judge in which clts clears nothing. */
class Forgetful implements PrivilegedJudge {
  readonly name = "forgetful";
  readonly #ours = new OurMachine();

  async run(cases: readonly PrivilegedCase[]): Promise<Outcomes> {
    const outcomes = await this.#ours.run(cases);
    for (const [i, { code, system }] of cases.entries())
      if (code.some((byte, at) => byte === 0x0f && code[at + 1] === 6))
        outcomes[i]!.events[0]!.cr0 |= system.cr0 & 8;
    return outcomes;
  }
}

test.run();
