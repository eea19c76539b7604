// Runs the inquiries, and draws the table.
import { hostOops } from "../../src/host";
import { bootHost } from "../../src/lguest";
import { guestOutcome, launcher, runOn } from "../../src/launcher";
import { Machine } from "../../src/machine";
import { inquiries } from "./inquiries";
import { guestOf } from "./library";
import type { Inquiry } from "./library";

/** One fact, and what the Guest said of it: "ok", "differs: …", or "". */
export interface Answer {
  readonly inquiry: string;
  readonly section: string;
  readonly fact: string;
  readonly said: string;
}

const MiB = 1024 * 1024, BUDGET = 2e6;

/** Where an inquiry is made: on how many CPUs; bound to which, or sent to
 * the next after so many instructions. */
export interface Where {
  readonly cpus: number;
  readonly cpu?: number;
  readonly migrateEvery?: number;
}

/** Runs one inquiry to its end; several CPUs take small turns. */
export function ask(
  inquiry: Inquiry, { cpus, cpu, migrateEvery }: Where = { cpus: 1 },
): { answers: Answer[]; end: string } {
  const said: string[] = [];
  const machine = new Machine({ memory: 12 * MiB, cpus });
  bootHost(machine, { startDate: 1_000_000_000,
    launcher: launcher((bytes) => said.push(String.fromCharCode(...bytes))),
    guests: [{ name: inquiry.name, image: guestOf(inquiry, cpu),
      commandLine: "ook", memory: 4 * MiB,
      ...(cpu !== undefined && { cpu }) }] });
  runOn(machine, { ...(migrateEvery && { migrateEvery }),
    ...(cpus > 1 && { schedule: { kind: "random", quantum: 50 } }) },
  { maxInstructions: BUDGET });
  const { state, reason } = guestOutcome(machine, 0);
  const answers = inquiry.checks.map(({ section, fact }, i) =>
    ({ inquiry: inquiry.name, section, fact, said: said[i] ?? "" }));
  return { answers, end: hostOops(machine) ?? `${state} ${reason}`.trim() };
}

/** A line for each fact, under the name of its inquiry. */
export function table(answers: readonly Answer[]): string {
  const lines: string[] = [];
  let last = "";
  for (const { inquiry, section, fact, said } of answers) {
    if (inquiry !== last) lines.push(inquiry);
    last = inquiry;
    lines.push(`  ${section.padEnd(6)} ${said === "ok" ? "ok " : "NO "} ` +
      fact + (said === "ok" ? "" : ` (${said || "no answer"})`));
  }
  const good = answers.filter((a) => a.said === "ok").length;
  return [...lines, `${good} of ${answers.length}`].join("\n");
}

export const allInquiries = inquiries;
