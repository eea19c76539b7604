// Tables of what was measured.
import { groups, pairs } from "./kernels";
import type { Kernel } from "./kernels";
import type { Best, Results } from "./measure";

/** Seconds of one iteration. */
export const each = ({ seconds, iterations }: Best) => seconds / iterations;

/** Three digits. */
export const three = (value: number) =>
  value >= 100 ? value.toFixed(0) : value.toPrecision(3);

/** A time with its unit. */
export function duration(seconds: number): string {
  if (seconds < 1e-6) return `${three(seconds * 1e9)} ns`;
  return seconds < 1e-3 ? `${three(seconds * 1e6)} µs`
    : `${three(seconds * 1e3)} ms`;
}

function geometricMean(values: readonly number[]): number {
  return Math.exp(values.reduce((sum, x) => sum + Math.log(x), 0) /
    values.length);
}

/** Lines in columns: the first to the left, the others to the right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, i) =>
    Math.max(...rows.map((row) => (row[i] ?? "").length)));
  return rows.map((row) => row.map((cell, i) => i === 0
    ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]! + 2)).join("")
    .trimEnd()).join("\n");
}

/** How long one of ours takes, and how many times as long as each of the
 * others, with the geometric mean of each group. */
export function ratioTable(
  kernels: readonly Kernel[], results: Results,
  mine: string, others: readonly string[],
): string {
  const rows = [[mine, "M/s", "each", ...others.map((who) => `/ ${who}`)]];
  for (const group of groups) {
    const members = kernels.filter((one) =>
      one.group === group && results.has(one.name));
    const ratios = others.map((): number[] => []);
    for (const { name } of members) {
      const bests = results.get(name)!, own = bests.get(mine)!;
      const millions = own.instructions / own.seconds / 1e6;
      rows.push([name, millions.toFixed(1), duration(each(own)),
        ...others.map((who, i) => {
          const best = bests.get(who);
          if (!best || !best.seconds) return "-";
          ratios[i]!.push(each(own) / each(best));
          return three(ratios[i]!.at(-1)!);
        })]);
    }
    if (members.length > 0)
      rows.push([`  ${group}, mean`, "", "", ...ratios.map((all) =>
        all.length > 0 ? three(geometricMean(all)) : "-")], []);
  }
  return columns(rows);
}

// A column is a fourth of an octave; ours is in the middle, and behind the
// ends is as good as at them.
const MIDDLE = 28, MARKS = "ijqp";

/** Where the others are on a logarithmic scale, by a letter each: to the
 * left of ours if they are faster, and * where several are. */
export function plot(
  kernels: readonly Kernel[], results: Results,
  mine: string, others: readonly string[],
): string {
  const scale = Array.from({ length: 7 }, (_, n) => {
    const times = 4 ** (n - 3);
    return (times < 1 ? `1/${1 / times}` : `${times}`).padEnd(8);
  });
  const rows = kernels.flatMap(({ name }) => {
    const bests = results.get(name), own = bests?.get(mine);
    if (!bests || !own) return [];
    const row = [..." ".repeat(2 * MIDDLE + 1)];
    row[MIDDLE] = "|";
    others.forEach((who, i) => {
      const best = bests.get(who);
      if (!best?.seconds) return;
      const at = Math.round(4 * Math.log2(each(best) / each(own)));
      const place = MIDDLE + Math.max(-MIDDLE, Math.min(MIDDLE, at));
      row[place] = " |".includes(row[place]!) ? MARKS[i]! : "*";
    });
    return [`${name.padEnd(16)}${row.join("")}`.trimEnd()];
  });
  const legend = others.map((who, i) => `${MARKS[i]} ${who}`).join(", ");
  return [`times as long as ${mine}: ${legend}`,
    `${" ".repeat(20)}${scale.join("")}`.trimEnd(), ...rows].join("\n");
}

/** How many times as long a cliff takes as its cousin, for each. */
export function cliffTable(results: Results, all: readonly string[]): string {
  const rows = pairs.flatMap(([what, cliff, smooth]) => {
    const [above, below] = [results.get(cliff), results.get(smooth)];
    if (!above || !below) return [];
    return [[what, ...all.map((who) => {
      const [a, b] = [above.get(who), below.get(who)];
      return a?.seconds && b?.seconds ? three(each(a) / each(b)) : "-";
    })]];
  });
  return rows.length === 0 ? ""
    : columns([["cliff / cousin", ...all], ...rows]);
}

/** All of it, for a program. */
export function asJson(kernels: readonly Kernel[], results: Results): object {
  return kernels.flatMap(({ name, group }) => {
    const bests = results.get(name);
    return bests ? [{ name, group, contenders: Object.fromEntries(
      [...bests].map(([who, best]) => [who,
        { ...best, nanoseconds: each(best) * 1e9 }])) }] : [];
  });
}
