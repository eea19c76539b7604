// A failure made smaller: instructions leave, registers become zero, as
// long as the two judges go on to disagree.

import type { Judge } from "./case";
import { without } from "./generate";
import type { Trial } from "./generate";
import { disagreement } from "./habits";

/** A case that still fails and has less in it. */
export function shrink(trial: Trial, right: Judge, ours: Judge): Trial {
  const fails = (candidates: Trial[]) => {
    const cases = candidates.map(candidate => candidate.case);
    const a = right.run(cases);
    const b = ours.run(cases);
    return candidates.find((candidate, i) =>
      disagreement(right, candidate, a[i]!, b[i]!).length > 0);
  };
  for (let rounds = 0; rounds < 30; rounds++) {
    const smaller = fails(candidates(trial));
    if (!smaller)
      break;
    trial = smaller;
  }
  return trial;
}

/** All that is one step simpler; whole instructions first. */
function candidates(trial: Trial): Trial[] {
  const list: (Trial | undefined)[] = [];
  for (let i = trial.parts.length - 1; i >= 0 && trial.parts.length > 1; i--) {
    const jumps = trial.parts[i - 1]?.encoded.form.semantic === "jcc";
    list.push(without(trial, jumps ? i - 1 : i, i + 1));
  }
  const c = trial.case;
  c.registers.forEach((value, i) => {
    if (value !== 0)
      list.push({ ...trial, case: { ...c,
        registers: c.registers.with(i, 0) } });
  });
  if (c.eflags !== 0)
    list.push({ ...trial, case: { ...c, eflags: 0 } });
  c.patches.forEach((_, i) => list.push({ ...trial, case: { ...c,
    patches: c.patches.filter((_, j) => j !== i) } }));
  return list.filter(candidate => candidate !== undefined);
}
