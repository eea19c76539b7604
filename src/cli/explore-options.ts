// Woven from chapters/839-searchers.md.
import { availableParallelism } from "node:os";
import { OUTCOMES, UserError } from "../launcher";
import type { Outcome } from "../launcher";
import { number } from "./numbers";
import { oneOf } from "./words";
import type { Values } from "./words";

/** How to look for a schedule. */
export interface ExploreOptions {
  readonly until: Outcome;
  /** How many are tried. */
  readonly schedules: number;
  readonly changes: number;
  /** Threads that do it. */
  readonly workers: number;
}

const OURS = ["until", "schedules", "changes", "workers"] as const;
const NOT_OURS = ["schedule", "input", "replay", "restore", "snapshot", "at",
  "gdb", "trace", "trace-file", "timeline", "check", "reboot", "net-dump",
  "interpreter", "stats", "json"] as const;

/** Throws UserError if something is asked for that only explore does, or
 * of explore what it doesn't. */
export function checkExploring(values: Values, exploring: boolean): void {
  const name = (exploring ? NOT_OURS : OURS)
    .find((one) => values[one] !== undefined);
  if (name === undefined) return;
  throw new UserError(exploring
    ? `--${name} is not for explore; leave it out, or try lguest run with ` +
      "what explore has recorded"
    : `--${name} is for explore; try lguest explore, or leave it out`);
}

/** What explore was asked for; throws UserError. */
export function understandExplore(values: Values): ExploreOptions {
  const { until = "oops", schedules, changes, workers } = values;
  if (number("cpus", values.cpus, 1, 0, Infinity) === 1) {
    throw new UserError("one CPU has nobody to take turns with; add " +
      "--cpus 2");
  }
  const usual = Math.min(availableParallelism(), 64);
  return {
    until: oneOf("until", until, OUTCOMES),
    schedules: number("schedules", schedules, 1000, 1, 1_000_000),
    changes: number("changes", changes, 3, 0, 100),
    workers: number("workers", workers, usual, 1, 64),
  };
}
