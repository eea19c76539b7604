// Woven from chapters/838-explore.md.
// One run with a schedule, and whether what is wanted happens in it.
import { hostDeath, lastWords } from "../host";
import { buildHost } from "../lguest";
import type { Machine, Schedule } from "../machine";
import type { End } from "./end";
import { boot, run } from "./session";
import type { BootOptions, Session } from "./session";

/** What can be looked for. */
export const OUTCOMES =
  ["oops", "kill", "hang", "wrong", "stale", "locks"] as const;
export type Outcome = typeof OUTCOMES[number];

/** Looks on while a machine runs, and reports in lines; the function that
 * comes back ends it. */
export type Look = (
  machine: Machine, report: (text: string) => void,
  symbols: ReadonlyMap<string, number>,
) => () => void;

/** What is looked for, where, and for how long. */
export interface Hunt {
  readonly boot: BootOptions;
  readonly until: Outcome;
  /** Instructions of a run, at most. */
  readonly limit: number;
  /** Who looks on, if that is what it takes. */
  readonly look?: Look | undefined;
  /** What Guests say, by number, if nothing is wrong. */
  readonly answers?: readonly string[] | undefined;
}

/** What came of a run. */
export interface Attempted {
  /** What was wanted, in a sentence; undefined if it didn't happen. */
  readonly found?: string | undefined;
  readonly instructions: number;
  readonly status: number;
  /** What each Guest has said, a byte a character. */
  readonly said: readonly string[];
}

/** Runs from the beginning with a schedule, up to a limit; `meet` is
 * shown the session before it starts, and gives back what is to be called
 * at the end. */
export type Attempts = (
  schedule: Schedule, meet?: (session: Session) => () => void,
  limit?: number,
) => Attempted;

/** What tries schedules for a hunt, all on one machine. */
export function attempts(hunt: Hunt): Attempts {
  const { look, boot: options } = hunt;
  let said: string[] = [];
  const session = boot(options, (bytes, guest) => {
    said[guest] += String.fromCharCode(...bytes);
  });
  const { machine } = session, start = machine.snapshot();
  return (schedule, meet, limit = hunt.limit) => {
    machine.restore(start);
    said = options.guests.map(() => "");
    let report: string | undefined;
    const leave = meet?.(session), stop = look?.(machine, (text) => {
      report ??= text.split("\n")[0];
      machine.requestStop();
    }, buildHost(options).symbols);
    const end = run({ ...session, options: { ...options, schedule } }, limit);
    stop?.();
    leave?.();
    const { instructions, status } = end;
    const found = look ? report : judged(hunt, machine, end, said);
    return { found, instructions, status, said };
  };
}
function judged(
  { until, answers = [], boot: { guests } }: Hunt, machine: Machine,
  end: End, said: readonly string[],
): string | undefined {
  const sentence = (states: readonly string[]) => {
    const at = end.guests.findIndex(({ state }) => states.includes(state));
    return end.status === 3 ? undefined : end.sentences[at];
  };
  if (until === "oops") return hostDeath(machine) && end.sentences[0];
  if (until === "kill") return sentence(["killed", "crashed"]);
  if (until === "hang") return sentence(["running"]);
  const other = said.findIndex((text, i) => text !== answers[i]);
  if (end.status !== 0 || other < 0) return undefined;
  return `${guests[other]!.name} says something else: ` +
    lastWords(differing(said[other]!, answers[other] ?? ""));
}

/** The first line that isn't the same. */
function differing(text: string, before: string): string {
  const known = before.split("\n");
  return text.split("\n").find((line, i) => line !== known[i]) ?? "nothing";
}
