// Runs the inquiries, and draws the table.
import { hostOops } from "../../src/host";
import { bootHost } from "../../src/lguest";
import { Devices, guestOutcome, launcher, runOn, storageFor }
  from "../../src/launcher";
import { Machine } from "../../src/machine";
import { deviceInquiries } from "./devices";
import { hostInquiries } from "./inquiries";
import { guestOf } from "./library";
import type { Check, Inquiry } from "./library";

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

/** What each of them has on its bus, and in which order. */
const DEVICES = { disks: [{ size: 4096, mode: "rw", id: "inquiry" }],
  rng: true, nets: ["net"] } as const;
const TERMINAL = { columns: 80, rows: 25 }, KEY = Uint8Array.of(0x3f);

/** Runs one inquiry to its end; several CPUs take small turns. Facts that
 * end a Guest have one each; behind them comes the one for all others. When
 * it sleeps and nothing can wake it, somebody types. */
export function ask(
  inquiry: Inquiry, { cpus, cpu, migrateEvery }: Where = { cpus: 1 },
): { answers: Answer[]; end: string } {
  const deadly = inquiry.checks.filter((one) => one.ends);
  const checks = inquiry.checks.filter((one) => !one.ends);
  const guests = [...deadly.map((one) => [one]), checks].map((some) => ({
    name: inquiry.name, image: guestOf({ ...inquiry, checks: some }, cpu),
    commandLine: "ook", memory: inquiry.memory ?? 4 * MiB, ...DEVICES,
    ...(cpu !== undefined && { cpu }) }));
  const machine = new Machine({ memory: 12 * MiB, cpus,
    storage: storageFor(guests) });
  const last = deadly.length;
  let said = "";
  const print = (bytes: Uint8Array) => {
    said += String.fromCharCode(...bytes);
  };
  const devices = new Devices(machine, guests, { print }, TERMINAL);
  bootHost(machine, { startDate: 1_000_000_000, sequential: true, guests,
    launcher: launcher(print, devices.buses) });
  const way = { ...(migrateEvery && { migrateEvery }),
    ...(cpus > 1 && { schedule: { kind: "random", quantum: 50 } as const }) };
  for (;;) {
    const { reason } = runOn(machine, way, { maxInstructions: BUDGET });
    if (reason !== "halted" || guestOutcome(machine, last).state !== "running")
      break;
    devices.type(last, KEY);
  }
  const lines = said.split("\n");
  const answer = (one: Check) => {
    if (one.ends) {
      const { reason } = guestOutcome(machine, deadly.indexOf(one));
      return one.ends.test(reason) ? "ok" : reason;
    }
    const line = lines[checks.indexOf(one)] ?? "";
    return line === `${one.says ?? ""}ok` ? "ok" : line;
  };
  const { state, reason } = guestOutcome(machine, last);
  const answers = inquiry.checks.map((one) => ({ inquiry: inquiry.name,
    section: one.section, fact: one.fact, said: answer(one) }));
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

export { hostInquiries };
export const allInquiries = [...hostInquiries, ...deviceInquiries];
