// Woven from chapters/640-scheduler.md.
// Runs a machine, and sends its Guests from CPU to CPU on the way.
import { askToMove, MOVE_ON } from "../host";
import type { Machine, RunOptions, RunResult, Schedule } from "../machine";
import type { Circumstances } from "./circumstances";

/** What of a session's options says how its machine runs. */
export interface Way
  extends Pick<Circumstances, "migrateAt" | "migrateEvery"> {
  readonly schedule?: Schedule;
}

/** Runs as the machine does, with a session's schedule and moves. */
export function runOn(
  machine: Machine, way: Way, options: RunOptions,
): RunResult {
  const { maxInstructions = Infinity } = options;
  const end = machine.count + maxInstructions;
  for (;;) {
    const { count } = machine, { to, next } = movesOf(way, count);
    const part = (maxInstructions: number) => machine.run({ ...options,
      ...(way.schedule && { schedule: way.schedule }), maxInstructions });
    if (to !== undefined && count < end) {
      const awake = part(0);
      if (awake.reason !== "budget") return awake;
      askToMove(machine, to);
    }
    const result = part(Math.min(next, end) - count);
    if (result.reason !== "budget" || machine.count >= end) return result;
  }
}

/** Where to at this count, if anywhere, and when the next move is. */
function movesOf(
  { migrateAt = [], migrateEvery = Infinity }: Way, count: number,
): { to: number | undefined; next: number } {
  const now = migrateAt.find(({ at }) => at === count);
  const after = migrateAt.find(({ at }) => at > count);
  const turns = Math.floor(count / migrateEvery);
  const on = count > 0 && count === turns * migrateEvery;
  return { to: now ? now.cpu : on ? MOVE_ON : undefined,
    next: Math.min(after?.at ?? Infinity, (turns + 1) * migrateEvery) };
}
