// A failure made smaller: instructions leave, what was changed in the world
// goes back, registers become zero, as long as the two go on to disagree.

import type { PrivilegedCase, PrivilegedJudge } from "./case";
import { differences } from "./compare";
import { explain } from "./explained";
import type { PrivilegedTrial } from "./generate";

/** Whether the outcomes of a trial differ for no known reason. */
export async function disagree(
  trials: readonly PrivilegedTrial[], right: PrivilegedJudge,
  ours: PrivilegedJudge,
): Promise<boolean[]> {
  const cases = trials.map(trial => trial.case);
  const a = await right.run(cases), b = await ours.run(cases);
  return trials.map((trial, i) => {
    const all = differences(a[i], b[i]);
    const both = a[i] && b[i];
    return all.length > 0
      && !(both && explain({ trial, right: a[i]!, ours: b[i]!, all }));
  });
}

/** A trial that still fails and has less in it. */
export async function shrink(
  trial: PrivilegedTrial, right: PrivilegedJudge, ours: PrivilegedJudge,
): Promise<PrivilegedTrial> {
  for (let rounds = 0; rounds < 40; rounds++) {
    const smaller = candidates(trial);
    if (smaller.length === 0)
      break;
    const found = (await disagree(smaller, right, ours)).indexOf(true);
    if (found < 0)
      break;
    trial = smaller[found]!;
  }
  return trial;
}

/** All that is one step simpler: the greatest steps first. */
function candidates(trial: PrivilegedTrial): PrivilegedTrial[] {
  const { case: c, parts } = trial;
  const list: PrivilegedTrial[] = [];
  const change = (changes: Partial<PrivilegedCase>) =>
    list.push({ ...trial, case: { ...c, ...changes } });
  for (let i = parts.length - 1; i >= 0 && parts.length > 1; i--) {
    const fewer = parts.filter((_, n) => n !== i);
    list.push({ ...trial, parts: fewer, case: { ...c, code: fewer.flat() } });
  }
  const half = c.patches.length >> 1;
  if (half > 0) {
    change({ patches: c.patches.slice(0, half) });
    change({ patches: c.patches.slice(half) });
  }
  c.patches.forEach((_, i) =>
    change({ patches: c.patches.filter((_, n) => n !== i) }));
  c.registers.forEach((value, i) => {
    // ESP leads to the stack.
    if (value !== 0 && i !== 4)
      change({ registers: c.registers.with(i, 0) });
  });
  if (c.eflags !== 0)
    change({ eflags: 0 });
  const { system } = c;
  if (system.dr7 !== 0)
    change({ system: { ...system, dr7: 0 } });
  if (system.cr4 !== 0)
    change({ system: { ...system, cr4: 0 } });
  if (system.cr0 & 0x10028)
    change({ system: { ...system, cr0: (system.cr0 & ~0x10028) >>> 0 } });
  return list;
}
