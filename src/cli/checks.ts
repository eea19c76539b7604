// Woven from chapters/810-guests.md.
import { nameAddress } from "../assembler";
import { checkLocks, checkTlb, staleText } from "../debug";
import { oneLine } from "../launcher";
import type { Look, Outcome, Session } from "../launcher";
import { buildHost } from "../lguest";
import { CPL } from "../machine";
import type { Cpu } from "../machine";
import type { Io } from "./io";
import { oneOf } from "./words";

/** All checks, by name. */
export const checks: ReadonlyMap<string, Look> = new Map<string, Look>([
  ["locks", (machine, report, symbols) => {
    const watch = checkLocks(machine, report, symbols);
    return () => watch.stop();
  }],
  ["tlb", (machine, report, symbols) => {
    const symbol = ({ w }: Cpu, address: number) => {
      const name = nameAddress(address, symbols);
      return name && w[CPL] !== 0 ? `(the Host has ${name} there)` : name;
    };
    return checkTlb(machine, (use) => report(staleText(use)), { symbol });
  }],
]);

/** Which check it takes to see this, if any. */
export function checkFor(outcome: Outcome): string | undefined {
  return outcome === "stale" ? "tlb"
    : outcome === "locks" ? outcome : undefined;
}

/** Who has to look on for this, if anybody has to. */
export function lookFor(outcome: Outcome): Look | undefined {
  const name = checkFor(outcome);
  return name === undefined ? undefined : checks.get(name);
}

/** The names behind --check, if they are names of checks. */
export function checksOf(names: readonly string[] = []): readonly string[] {
  const known = [...checks.keys()];
  return [...new Set(names.map((name) => oneOf("check", name, known)))];
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
  follow({ machine, options: { switcher } }: Session): () => void {
    if (this.names.length === 0) return () => {};
    const { symbols } = buildHost({ switcher });
    const ends = this.names.map((name) => checks.get(name)!(machine,
      (text) => this.report(name, text), symbols));
    return () => ends.forEach((end) => end());
  }

  private report(name: string, text: string): void {
    const before = this.reports++;
    if (before > MOST_REPORTS) return;
    const lines = before === MOST_REPORTS ? ["reports go on, and are left out"]
      : text.split("\n").map((line) => `${name}: ${oneLine(line)}`);
    for (const line of lines) this.io.complain(`lguest: check ${line}\n`);
  }
}
