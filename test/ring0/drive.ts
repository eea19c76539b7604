// The driver: cases in batches through two judges, and a count of what
// agrees, what differs for a reason, and what differs.

import type { Outcomes, PrivilegedJudge, PrivilegedOutcome } from "./case";
import { classes } from "./classes";
import { describe, differences, tell } from "./compare";
import type { Difference } from "./compare";
import { explain, explanations } from "./explained";
import { privileged } from "./generate";
import type { PrivilegedTrial } from "./generate";
import { SHUTDOWN_VECTOR } from "./layout";
import { shrink } from "./shrink";

/** Cases of one start: about as many as fit. */
const BATCH = 1800;
/** So many that differ are run again; with more, something is wrong that
 * has nothing to do with neighbours. */
const AGAIN = 50;

/** What became of the cases of a class. */
export interface Row {
  cases: number;
  instructions: number;
  /** Ended in another trap than the int3 behind the code. */
  traps: number;
  explained: number;
  different: number;
}

/** What became of a run. */
export interface PrivilegedTally {
  cases: number;
  instructions: number;
  classes: Map<string, Row>;
  /** How often each explanation was needed. */
  explanations: Map<string, number>;
  /** First traps by vector. */
  vectors: Map<number, number>;
  different: number;
  /** Cases that differed among others, but not alone. */
  neighbours: number;
  reports: string[];
}

/** What is to be run: either so many cases, or until the cases have executed
 * so many instructions. */
export interface PrivilegedOrder {
  seed: number;
  from?: number;
  cases?: number;
  instructions?: number;
  /** Failures to describe; default 10. */
  reports?: number;
}

/** A judge that counts what each case has executed. */
export interface Counting extends PrivilegedJudge {
  /** Instructions of each case of the last run. */
  executed: number[];
}

/** Runs cases through both. */
export async function drive(
  order: PrivilegedOrder, right: PrivilegedJudge, ours: Counting,
): Promise<PrivilegedTally> {
  const { seed, from = 0, cases = Infinity, reports = 10 } = order;
  const { instructions = Infinity } = order;
  const tally: PrivilegedTally = {
    cases: 0, instructions: 0, different: 0, neighbours: 0, reports: [],
    classes: new Map(classes.map(({ name }) => [name, { cases: 0,
      instructions: 0, traps: 0, explained: 0, different: 0 }])),
    explanations: new Map(), vectors: new Map(),
  };
  while (tally.cases < cases && tally.instructions < instructions) {
    const length = Math.min(BATCH, cases - tally.cases);
    const trials = Array.from({ length },
      (_, i) => privileged(seed, from + tally.cases + i));
    await compareBatch(tally, trials, right, ours, reports);
    tally.cases += length;
  }
  return tally;
}

async function compareBatch(
  tally: PrivilegedTally, trials: PrivilegedTrial[], right: PrivilegedJudge,
  ours: Counting, reports: number,
): Promise<void> {
  const cases = trials.map(trial => trial.case);
  // A program of its own runs while ours does.
  const promised = right.run(cases), b = await ours.run(cases);
  const a = await promised, { executed } = ours;
  tally.neighbours += await again(trials, a, b, right, ours);
  for (const [i, trial] of trials.entries()) {
    const row = tally.classes.get(trial.kind)!;
    const n = executed[i] ?? 0;
    row.cases++;
    row.instructions += n;
    tally.instructions += n;
    note(tally, row, trial, a[i]);
    if (!agree(tally, row, trial, a[i], b[i])
      && tally.reports.length < reports)
      tally.reports.push(await report(trial, right, ours,
        differences(a[i], b[i])));
  }
}

/** Runs once more what differs, alone: a neighbour that differs for a reason
 * may have left that in memory which is nobody's. Gives how many don't differ
 * alone. */
async function again(
  trials: PrivilegedTrial[], a: Outcomes, b: Outcomes,
  right: PrivilegedJudge, ours: Counting,
): Promise<number> {
  const wrong: number[] = [];
  let reason = false, alone = 0;
  for (const [i, trial] of trials.entries()) {
    const all = differences(a[i], b[i]);
    if (all.length === 0)
      continue;
    if (a[i] && b[i] && explain({ trial, right: a[i]!, ours: b[i]!, all }))
      reason = true;
    else if (reason)
      wrong.push(i);
  }
  for (const i of wrong.length > AGAIN ? [] : wrong) {
    const these = [trials[i]!.case];
    const promised = right.run(these);
    [b[i]] = await ours.run(these);
    [a[i]] = await promised;
    alone += differences(a[i], b[i]).length === 0 ? 1 : 0;
  }
  return alone;
}

function note(
  tally: PrivilegedTally, row: Row, trial: PrivilegedTrial,
  outcome: PrivilegedOutcome | undefined,
): void {
  const first = outcome?.events[0];
  if (!first)
    return;
  const vector = Math.min(first.vector, SHUTDOWN_VECTOR);
  tally.vectors.set(vector, (tally.vectors.get(vector) ?? 0) + 1);
  const end = trial.case.address + trial.case.code.length + 1
    - trial.case.base;
  row.traps += vector === 3 && first.frame0 === end ? 0 : 1;
}

function agree(
  tally: PrivilegedTally, row: Row, trial: PrivilegedTrial,
  right: PrivilegedOutcome | undefined, ours: PrivilegedOutcome | undefined,
): boolean {
  const all = differences(right, ours);
  if (all.length === 0)
    return true;
  const reasons = right && ours && explain({ trial, right, ours, all });
  if (!reasons) {
    row.different++;
    tally.different++;
    return false;
  }
  row.explained++;
  for (const { name } of reasons)
    tally.explanations.set(name, (tally.explanations.get(name) ?? 0) + 1);
  return true;
}

/** A failure in words, made smaller first; `before` is what differed among
 * its neighbours, for those cases that alone don't fail. */
export async function report(
  trial: PrivilegedTrial, right: PrivilegedJudge, ours: PrivilegedJudge,
  before: readonly Difference[],
): Promise<string> {
  // What never ends takes its whole budget each time, and isn't shrunk.
  const endless = !(await right.run([trial.case]))[0]
    || !(await ours.run([trial.case]))[0];
  const small = endless ? trial : await shrink(trial, right, ours);
  const [a] = await right.run([small.case]);
  const [b] = await ours.run([small.case]);
  const now = differences(a, b);
  return [`${trial.name} (${trial.kind}), ${endless ? "which never ends"
    : "made smaller"}:`, describe(small),
    ...(now.length > 0 ? now : before).map(d => "  ! " + tell(d)),
    ...now.length > 0 ? [] : ["  (not alone)"]].join("\n");
}

/** The table of results, the explanations that were needed, and a sentence
 * for the whole. */
export function summary(tally: PrivilegedTally): string {
  const rows = [...tally.classes].map(([name, row]) =>
    name.padEnd(20) + [row.cases, row.instructions, row.traps, row.explained,
      row.different].map(cell).join(""));
  const reasons = explanations
    .filter(({ name }) => tally.explanations.has(name))
    .map(({ name, reference }) =>
      `${cell(tally.explanations.get(name)!)}  ${name}\n`
      + `${" ".repeat(14)}${reference}`);
  const vectors = [...tally.vectors].sort(([a], [b]) => a - b)
    .map(([vector, count]) => `${vector === SHUTDOWN_VECTOR ? "shutdown"
      : vector}: ${count}`);
  return [
    "class".padEnd(20) + ["cases", "executed", "traps", "explained",
      "different"].map(cell).join(""),
    ...rows, "", "first trap, by vector: " + vectors.join(", "), "",
    "explained:", ...reasons, "",
    `${tally.neighbours} differed among their neighbours, and not alone`, "",
    `${tally.cases} cases, ${tally.instructions} instructions: `
    + `${tally.different} unexplained differences`,
  ].join("\n");
}

function cell(value: string | number): string {
  return String(value).padStart(11);
}
