// Woven from chapters/810-guests.md.
import { checkLocks } from "../debug";
import { oneLine, UserError } from "../launcher";
import type { Machine } from "../machine";
import type { Io } from "./io";

/** Looks on while a machine runs, and reports in sentences; the function
 * that comes back ends it. */
export type Check = (
  machine: Machine, report: (sentence: string) => void,
) => () => void;

/** All checks, by name. */
export const checks: ReadonlyMap<string, Check> = new Map([
  ["locks", checkLocks],
]);

/** The names behind --check, if they are names of checks. */
export function checksOf(names: readonly string[] = []): readonly string[] {
  const strange = names.find((name) => !checks.has(name));
  if (strange === undefined) return [...new Set(names)];
  throw new UserError(`--check ${strange}: it is ` +
    [...checks.keys()].join(" or "));
}

const MOST_REPORTS = 100;

/** Checks under way, on one machine after the other. */
export class Checking {
  /** How many reports there were. */
  reports = 0;

  constructor(
    private readonly names: readonly string[], private readonly io: Io,
  ) {}

  /** Begins to look on; the function that comes back ends it. */
  follow(machine: Machine): () => void {
    const ends = this.names.map((name) => checks.get(name)!(machine,
      (sentence) => this.report(`${name}: ${oneLine(sentence)}`)));
    return () => ends.forEach((end) => end());
  }

  private report(sentence: string): void {
    const before = this.reports++;
    if (before > MOST_REPORTS) return;
    this.io.complain(`lguest: check ${before < MOST_REPORTS ? sentence
      : "reports go on, and are left out from here"}\n`);
  }
}
