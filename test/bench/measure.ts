// Measures kernels on contenders, and holds their checksums together.
import type { Contender } from "./contenders";
import type { Kernel } from "./kernels";
import type { Lap } from "./laps";

/** The best of some runs of a kernel. */
export interface Best extends Lap {
  readonly iterations: number;
}

/** By kernel, and then by contender. */
export type Results = Map<string, Map<string, Best>>;

/** How long a measurement shall be at least, and how often it is taken. */
export interface Effort {
  readonly seconds: number;
  readonly runs: number;
}

const MOST = 2 ** 30;

/** Knows all checksums that were seen: by kernel and iterations, there is
 * one. */
export class Checksums {
  private readonly seen = new Map<string, { who: string; sum: string }>();

  constructor(kernels: readonly Kernel[]) {
    for (const { name, first, checksum } of kernels)
      this.seen.set(`${name} ${first}`, { who: "the table", sum: checksum });
  }

  /** Throws if somebody else had another one. */
  check(who: string, kernel: string, iterations: number, sum: string): void {
    const key = `${kernel} ${iterations}`;
    const before = this.seen.get(key) ?? { who, sum };
    this.seen.set(key, before);
    if (before.sum === sum) return;
    throw new Error(`${key}: ${who} has ${sum}, and ${before.who} ` +
      `${before.sum}`);
  }
}

/** What a contender can run. */
export const runnable = (
  kernels: readonly Kernel[], { hasSystem }: Contender,
) => kernels.filter(({ needsSystem }) => hasSystem || !needsSystem);

/** Lets a contender do the smallest run of each kernel. */
export async function agree(
  contender: Contender, kernels: readonly Kernel[], checksums: Checksums,
): Promise<void> {
  const mine = runnable(kernels, contender);
  const laps = await contender.all(mine.map(({ name, first }) =>
    ({ kernel: name, iterations: first })));
  laps.forEach(({ checksum }, i) => {
    const { name, first } = mine[i]!;
    checksums.check(contender.name, name, first, checksum);
  });
}

/** Measures a kernel on all contenders, who take turns. Each first looks for
 * a number of iterations that takes long enough; the others begin with that
 * of the first, who is not expected to be the fastest. */
export async function measure(
  kernel: Kernel, contenders: readonly Contender[], effort: Effort,
  checksums: Checksums, tell: (what: string) => void,
): Promise<Map<string, Best>> {
  const bests = new Map<string, Best>();
  const lap = async (who: Contender, iterations: number) => {
    tell(`${kernel.name} on ${who.name}`);
    const one = await who.timed({ kernel: kernel.name, iterations });
    checksums.check(who.name, kernel.name, iterations, one.checksum);
    return { ...one, iterations };
  };
  let start = kernel.first;
  for (const who of contenders) {
    const enough = Math.max(effort.seconds, 10 * who.noise);
    let best = await lap(who, start);
    while (best.seconds < enough && best.iterations < MOST)
      best = await lap(who, best.iterations * further(best, enough, who));
    bests.set(who.name, best);
    if (who === contenders[0]) start = best.iterations;
  }
  for (let run = 1; run < effort.runs; run++) {
    for (const who of contenders) {
      const before = bests.get(who.name)!;
      const next = await lap(who, before.iterations);
      if (next.seconds < before.seconds) bests.set(who.name, next);
    }
  }
  return bests;
}

/** By how much to go on: a power of two, so that contenders often come to
 * the same numbers, and can be compared. */
function further(
  { seconds }: Lap, wanted: number, { noise }: Contender,
): number {
  if (seconds < noise) return 16;
  return 2 ** Math.ceil(Math.log2(wanted / seconds));
}
