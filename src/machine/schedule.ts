// Woven from chapters/776-running.md.
import {
  H_RANDOM, H_SCHEDULE_CPU, H_SCHEDULE_LEFT, H_SCHEDULE_POSITION,
} from "./ground/layout";

/** Which CPU runs next, and for how many instructions. */
export type Schedule =
  | { readonly kind: "round-robin"; readonly quantum: number }
  | { readonly kind: "random"; readonly quantum: number }
  | { readonly kind: "list"; readonly turns: readonly Turn[] };

/** One entry of a recorded schedule. */
export interface Turn {
  readonly cpu: number;
  readonly instructions: number;
}

export const DEFAULT_SCHEDULE: Schedule = {
  kind: "round-robin", quantum: 1000,
};

/** Throws RangeError for a schedule that gives nobody anything. */
export function checkSchedule(schedule: Schedule): void {
  const lengths = schedule.kind === "list"
    ? schedule.turns.map((turn) => turn.instructions) : [schedule.quantum];
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

/** Begins the next turn: writes CPU and length into the header. A turn
 * may fall on a CPU that can't run; the caller then asks again. */
export function nextTurn(
  schedule: Schedule, header: Int32Array, cpus: number,
): void {
  let cpu = (header[H_SCHEDULE_CPU]! + 1) % cpus, length: number;
  if (schedule.kind === "round-robin") {
    length = schedule.quantum;
  } else if (schedule.kind === "random") {
    cpu = nextRandom(header) % cpus;
    length = 1 + (nextRandom(header) % schedule.quantum);
  } else {
    const { turns } = schedule;
    const at = header[H_SCHEDULE_POSITION]!;
    const turn = turns[at % turns.length]!;
    header[H_SCHEDULE_POSITION] = (at + 1) % turns.length;
    cpu = turn.cpu;
    length = turn.instructions;
  }
  header[H_SCHEDULE_CPU] = cpu;
  header[H_SCHEDULE_LEFT] = length;
}
