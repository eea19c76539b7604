// Woven from chapters/776-running.md.
import {
  H_RANDOM, H_SCHEDULE_CPU, H_SCHEDULE_LEFT, H_SCHEDULE_POSITION,
} from "./ground/layout";

/** Which CPU runs next, and for how many instructions. */
export type Schedule =
  | { readonly kind: "round-robin"; readonly quantum: number }
  | { readonly kind: "random"; readonly quantum: number }
  | Priorities | TurnList;

/** Who comes first in the order runs, if it can; when the machine has
 * retired as many instructions as a change says, the first falls to the
 * end. Changes rise. */
export interface Priorities {
  readonly kind: "priorities";
  /** How long one runs before we look again, at most. */
  readonly quantum: number;
  /** Each CPU once. */
  readonly order: readonly number[];
  readonly changes: readonly number[];
}

/** Turns that were written down. After the last one there is round robin
 * with turns of `then`; without `then` the list begins again. */
export interface TurnList {
  readonly kind: "list";
  readonly turns: readonly Turn[];
  readonly then?: number;
}

/** One entry of a recorded schedule. */
export interface Turn {
  readonly cpu: number;
  readonly instructions: number;
}

export const DEFAULT_SCHEDULE: Schedule = {
  kind: "round-robin", quantum: 1000,
};

/** The length of a turn that ends only if its CPU falls asleep. */
export const FOR_EVER = 2 ** 31 - 1;

/** Throws RangeError for a schedule that gives nobody anything, or names a
 * CPU that isn't among the first so many. */
export function checkSchedule(schedule: Schedule, cpus = Infinity): void {
  const named = schedule.kind === "list"
    ? schedule.turns.map(({ cpu }) => cpu)
    : schedule.kind === "priorities" ? schedule.order : [];
  if (named.some((cpu) => !(cpu >= 0 && cpu < cpus)))
    throw new RangeError("the schedule names a CPU that isn't there");
  const { then = 1 } = schedule.kind === "list" ? schedule : {};
  const lengths = schedule.kind !== "list" ? [schedule.quantum]
    : schedule.turns.map((turn) => turn.instructions);
  if (lengths.length) lengths.push(then);
  if (lengths.length && lengths.every((n) => Number.isInteger(n) && n > 0)) {
    return;
  }
  throw new RangeError("a schedule's turns are whole and at least 1");
}

/** The next number of a xorshift generator whose state is one word. */
export function nextRandom(header: Int32Array): number {
  let x = header[H_RANDOM]!;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  header[H_RANDOM] = x;
  return x >>> 0;
}

/** What a schedule may depend on: instructions retired so far, and
 * which CPUs can have a turn. */
export interface Now {
  readonly count: number;
  readonly able: (cpu: number) => boolean;
}

/** Begins the next turn: writes CPU and length into the header. A turn
 * may fall on a CPU that can't run; the caller then asks again. */
export function nextTurn(
  schedule: Schedule, header: Int32Array, cpus: number,
  now: Now = { count: 0, able: () => true },
): void {
  let cpu = (header[H_SCHEDULE_CPU]! + 1) % cpus, length: number;
  if (schedule.kind === "round-robin") {
    length = schedule.quantum;
  } else if (schedule.kind === "random") {
    cpu = nextRandom(header) % cpus;
    length = 1 + (nextRandom(header) % schedule.quantum);
  } else {
    const next = { cpu, instructions: 0 };
    ({ cpu, instructions: length } = schedule.kind === "list"
      ? nextOfList(schedule, header, next) : favoured(schedule, now));
  }
  header[H_SCHEDULE_CPU] = cpu;
  header[H_SCHEDULE_LEFT] = length;
}

function nextOfList(
  { turns, then }: TurnList, header: Int32Array, next: Turn,
): Turn {
  const at = header[H_SCHEDULE_POSITION]!, length = turns.length;
  if (then !== undefined && at >= length)
    return { ...next, instructions: then };
  const after = at + 1;
  header[H_SCHEDULE_POSITION] = then === undefined ? after % length : after;
  return turns[at % length]!;
}

function favoured(
  { quantum, order, changes }: Priorities, { count, able }: Now,
): Turn {
  const next = changes.find((at) => at > count) ?? Infinity;
  const passed = changes.filter((at) => at <= count).length;
  const cpu = order.map((_, i) => order[(passed + i) % order.length]!)
    .find(able);
  return { cpu: cpu ?? -1, instructions: Math.min(quantum, next - count) };
}
