// Many hostile Guests, counted by how they end.
import { driverGuest } from "./drivers";
import { hostileGuest } from "./generate";
import { Stage } from "./stage";
import type { Outcome } from "./stage";

/** What they attack: the interface, or their devices. */
export const families = { kernels: hostileGuest, drivers: driverGuest };
export type Family = keyof typeof families;

/** Which Guests, and how many failures to tell of. */
export interface Work {
  readonly guests: number;
  readonly seed: number;
  readonly reports?: number;
  /** Default "kernels". */
  readonly family?: Family;
}

/** What came of it. */
export interface Tally {
  guests: number;
  instructions: number;
  fills: number;
  guestFills: number;
  moves: number;
  failed: number;
  readonly reports: string[];
  readonly ends: Map<string, number>;
}

/** The sentence without its numbers. */
function kind({ state, reason }: Outcome): string {
  if (state !== "killed") return state;
  const trap = /^unhandled trap \d+/.exec(reason)?.[0];
  return `killed: ${trap ?? reason.replace(/0x[0-9a-f]+|\d+/g, "N")}`;
}

export function drive(work: Work, stage = new Stage()): Tally {
  const tally: Tally = { guests: 0, instructions: 0, fills: 0, guestFills: 0,
    moves: 0, failed: 0, reports: [], ends: new Map() };
  const { fills, guestFills, moves } = stage.oracle;
  const make = families[work.family ?? "kernels"];
  for (let n = 0; n < work.guests; n++) {
    const outcome = stage.run(make(work.seed + n));
    tally.guests++;
    tally.instructions += outcome.count;
    const end = kind(outcome);
    tally.ends.set(end, (tally.ends.get(end) ?? 0) + 1);
    if (outcome.complaints.length === 0) continue;
    tally.failed++;
    if (tally.reports.length < (work.reports ?? 5))
      tally.reports.push(report(stage, outcome, make));
  }
  tally.fills = stage.oracle.fills - fills;
  tally.guestFills = stage.oracle.guestFills - guestFills;
  tally.moves = stage.oracle.moves - moves;
  return tally;
}

/** One account of several, with the first of their reports. */
export function merge(parts: readonly Tally[], reports = 5): Tally {
  const sum = (of: "guests" | "instructions" | "fills" | "guestFills" |
    "moves" | "failed") => parts.reduce((n, part) => n + part[of], 0);
  const ends = new Map<string, number>();
  for (const part of parts)
    for (const [end, n] of part.ends) ends.set(end, (ends.get(end) ?? 0) + n);
  return { guests: sum("guests"), instructions: sum("instructions"),
    fills: sum("fills"), guestFills: sum("guestFills"), moves: sum("moves"),
    failed: sum("failed"), ends,
    reports: parts.flatMap((part) => part.reports).slice(0, reports) };
}

/** What happened, and how few of its lines do as much harm. */
function report(
  stage: Stage, outcome: Outcome, make: typeof hostileGuest,
): string {
  const { seed, count, state, reason, complaints } = outcome;
  let lines = 0;
  while (lines < 80 &&
    stage.run(make(seed, lines)).complaints.length === 0) lines++;
  return [`seed ${seed} (${lines} lines), ${count} instructions, ${state} ` +
    `(${reason}):`, ...complaints].join("\n  ");
}

/** A table of ends, the most frequent first. */
export function summary(tally: Tally): string {
  const rows = [...tally.ends].sort((a, b) => b[1] - a[1])
    .map(([end, count]) => `${String(count).padStart(8)}  ${end}`);
  return [`${tally.guests} hostile Guests, ${tally.instructions} ` +
    `instructions, ${tally.fills} translations checked ` +
    `(${tally.guestFills} in Guests)` +
    (tally.moves > 0 ? `, ${tally.moves} moves to another CPU` : ""), ...rows,
  `${tally.failed} of ${tally.guests} harmed the Host or a neighbour`]
    .join("\n");
}
