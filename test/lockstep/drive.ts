// One program after the other, until so many instructions are executed.
import type { Coverage } from "./coverage";
import { type Build, lockStep, Pair } from "./pair";
import { makeProgram } from "./program";
import { explain, type Report } from "./report";

/** What to run. */
export interface Drive {
  readonly seed: number;
  /** The number of the first program. */
  readonly from?: number;
  readonly instructions: number;
  /** Instructions of each program. */
  readonly each?: number;
  readonly coverage?: Coverage;
}

/** Programs of a seed, by number. */
export const seedOf = (seed: number, n: number) =>
  (Math.imul(seed, 1_000_003) + n) >>> 0;

/** The first difference, or undefined. */
export function drive(
  { seed, from = 0, instructions, each = 100_000, coverage }: Drive,
  first: Build, second: Build,
): Report | undefined {
  let total = 0;
  for (let n = from; total < instructions; n++) {
    const program = makeProgram(seedOf(seed, n));
    const pair = new Pair(program, first, second);
    coverage?.watch(pair.first.machine);
    const course = lockStep(pair, Math.min(each, instructions - total));
    total += course.count;
    if (coverage) {
      coverage.programs++;
      coverage.instructions += course.count;
      if (course.end === "shutdown") coverage.shutdowns++;
      for (const theme of program.themes) coverage.themes.set(theme,
        (coverage.themes.get(theme) ?? 0) + 1);
    }
    if (!course.different) continue;
    const report = explain(program, [first, second], course.different);
    return { ...report, text: `--seed ${seed} --from ${n}\n${report.text}` };
  }
  return undefined;
}
