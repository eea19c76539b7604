// The driver: cases in batches through both judges, and a count of what
// agrees.

import type { Judge, Outcome } from "./case";
import { agreeEntirely, describe } from "./compare";
import { className, judged } from "./forms";
import { segmented, sequence, single } from "./generate";
import type { Trial } from "./generate";
import { disagreement, openFor, otherHabits } from "./habits";
import { shrink } from "./shrink";

const BATCH = 10_000;

/** What became of a run. */
export interface Tally {
  singles: number;
  sequences: number;
  /** Instructions that were in the cases. */
  instructions: number;
  /** Cases whose undefined flags differ; nothing wrong with that. */
  undefinedDiffer: number;
  /** Cases that differed, but not when the judge was asked again. */
  onceOnly: number;
  /** Cases left open, by the habit of the judge that they may show. */
  open: Map<string, number>;
  /** By class: cases, how many of them ended in another trap than the
   * int3, and how many differ. Singles only. */
  classes: Map<string, { cases: number; traps: number; different: number }>;
  /** By class and vector, how many. */
  vectors: Map<number, number>;
  /** Forms that ran in a single. */
  forms: Set<number>;
  /** One report a failure, at most as many as were asked for. */
  reports: string[];
  different: number;
}

/** What is to be run: cases of each sort from a seed, counted from the
 * number `from`. */
export interface Order {
  seed: number;
  singles: number;
  sequences: number;
  /** Single instructions among segments of the process's own. */
  segmented?: number;
  from?: number;
  /** Failures to describe; default 10. */
  reports?: number;
}

/** Runs cases through both judges. */
export function drive(order: Order, right: Judge, ours: Judge): Tally {
  const tally: Tally = {
    singles: 0, sequences: 0, instructions: 0, undefinedDiffer: 0,
    classes: new Map(), vectors: new Map(), forms: new Set(), reports: [],
    different: 0, onceOnly: 0,
    open: new Map(otherHabits(right).map(({ name }) => [name, 0])),
  };
  const { seed, from = 0, reports = 10 } = order;
  for (const [make, count] of [
    [single, order.singles], [sequence, order.sequences],
    [segmented, order.segmented ?? 0],
  ] as const)
    for (let at = from; at < from + count; at += BATCH) {
      const length = Math.min(BATCH, from + count - at);
      const trials = Array.from({ length }, (_, i) => make(seed, at + i));
      compareBatch(tally, trials, right, ours, reports);
    }
  tally.singles = order.singles + (order.segmented ?? 0);
  tally.sequences = order.sequences;
  return tally;
}

function compareBatch(
  tally: Tally, trials: Trial[], right: Judge, ours: Judge, reports: number,
): void {
  const cases = trials.map(trial => trial.case);
  const a = right.run(cases);
  const b = ours.run(cases);
  trials.forEach((trial, i) => {
    const open = openFor(right, trial, a[i]!);
    if (open)
      tally.open.set(open.name, tally.open.get(open.name)! + 1);
    const differs = (outcome: Outcome) =>
      disagreement(right, trial, outcome, b[i]!).length > 0;
    let different = differs(a[i]!);
    // What a processor says only now and then is not the instruction's: who
    // is interrupted where EIP is beyond the limit of CS gets the #GP from
    // the way back, in another form.
    for (let again = 0; different && again < 3; again++)
      if (!differs(right.run([trial.case])[0]!)) {
        tally.onceOnly++;
        different = false;
      }
    note(tally, trial, a[i]!.vector, different);
    if (!agreeEntirely(a[i]!, b[i]!))
      tally.undefinedDiffer++;
    if (different && tally.reports.length < reports)
      tally.reports.push(report(trial, right, ours));
  });
}

function note(
  tally: Tally, trial: Trial, vector: number, different: boolean,
): void {
  tally.instructions += trial.parts.length;
  tally.different += different ? 1 : 0;
  tally.vectors.set(vector, (tally.vectors.get(vector) ?? 0) + 1);
  const [only, more] = trial.parts;
  if (!only || more)
    return;
  const { form } = only.encoded;
  tally.forms.add(form.id);
  const name = trial.case.segments ? "own segments" : className(form);
  let row = tally.classes.get(name);
  if (!row)
    tally.classes.set(name, row = { cases: 0, traps: 0, different: 0 });
  row.cases++;
  row.traps += vector === 3 ? 0 : 1;
  row.different += different ? 1 : 0;
}

/** A failure in words, made smaller first. */
export function report(trial: Trial, right: Judge, ours: Judge): string {
  const small = shrink(trial, right, ours);
  const [a] = right.run([small.case]);
  const [b] = ours.run([small.case]);
  return [`${trial.name}, made smaller:`, describe(small),
    ...disagreement(right, small, a!, b!).map(line => "  ! " + line),
  ].join("\n");
}

/** The table of results, and a sentence for the whole. */
export function summary(tally: Tally): string {
  const rows = [...tally.classes].map(([name, row]) =>
    `${name.padEnd(16)}${cell(row.cases)}${cell(row.traps)}`
    + cell(row.different));
  return [
    `${"single cases".padEnd(16)}${cell("cases")}${cell("traps")}`
    + cell("different"),
    ...rows,
    `${tally.forms.size} of ${judged.length} forms, `
    + `${tally.singles} single cases, ${tally.sequences} sequences, `
    + `${tally.instructions} instructions: ${tally.different} differences`,
    `undefined flags differ in ${tally.undefinedDiffer} cases`,
    ...tally.onceOnly ? [`${tally.onceOnly} differed once, and not when asked `
      + "again"] : [],
    ...[...tally.open].map(([name, n]) => `left open: ${n}, for ${name}`),
  ].join("\n");
}

function cell(value: string | number): string {
  return String(value).padStart(11);
}
