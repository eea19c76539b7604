// Woven from chapters/838-explore.md.
// Looks for a schedule with which something happens, and shortens it.
import { FOR_EVER, H_RANDOM, nextRandom } from "../machine";
import type { Machine, Priorities, Schedule, Turn, TurnList } from
  "../machine";

/** Which schedules there are to be tried. */
export interface Search {
  /** How many. */
  readonly schedules: number;
  readonly seed: number;
  readonly cpus: number;
  /** How often the first falls to the end. */
  readonly changes: number;
  /** Instructions that a run is expected to have. */
  readonly length: number;
}

/** How long one in front runs before the machine looks again. */
const BREATH = 20_000;

/** The schedule that disturbs least: no changes. */
export const calmSchedule = (cpus: number): Priorities =>
  ({ kind: "priorities", quantum: BREATH, changes: [],
    order: Array.from({ length: cpus }, (_, cpu) => cpu) });
/** Schedule number n of a search, from 1. */
export function drawSchedule(
  n: number, { seed, cpus, changes, length }: Search,
): Priorities {
  const state = new Int32Array(H_RANDOM + 1);
  state[H_RANDOM] = Math.imul(seed + 1, 0x9e3779b1) ^
    Math.imul(n, 0x85ebca6b) || 1;
  const upTo = (most: number) => nextRandom(state) % most;
  for (let i = 0; i < 8; i++) upTo(1);
  const order = Array.from({ length: cpus }, (_, cpu) => cpu);
  for (let i = cpus - 1; i > 0; i--) {
    const j = upTo(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  const drawn = Array.from({ length: changes }, () => 1 + upTo(length));
  return { kind: "priorities", quantum: BREATH, order,
    changes: drawn.sort((a, b) => a - b) };
}

/** What came of a schedule. */
export interface Tried {
  /** What was wanted, in a sentence; undefined if it didn't happen. */
  readonly found?: string | undefined;
  /** Instructions of the run. */
  readonly instructions: number;
}

/** Runs with a schedule from the beginning; `meet` is shown the machine
 * before it starts, and gives back what is to be called at the end. Must
 * do the same each time. */
export type Attempt = (
  schedule: Schedule,
  meet?: (run: { readonly machine: Machine }) => () => void,
) => Tried;

/** The turns of a run. */
export function turnsOf(attempt: Attempt, schedule: Schedule): Turn[] {
  const turns: Turn[] = [];
  attempt(schedule, ({ machine }) => machine.events.on((event) => {
    if (event.kind === "turn") turns.push({ cpu: event.cpu,
      instructions: Number(event.instructions) });
  }));
  return joined(turns);
}

/** Turns, neighbours of one CPU joined. */
function joined(turns: readonly Turn[]): Turn[] {
  const found: Turn[] = [];
  for (const turn of turns) {
    const { cpu, instructions } = turn, last = found.at(-1);
    if (last?.cpu !== cpu) found.push(turn);
    else found[found.length - 1] = { cpu, instructions:
      Math.min(FOR_EVER, last.instructions + instructions) };
  }
  return found;
}

/** Turns as a schedule: the last has no end; or, with `then`, turns of
 * so many instructions follow for all. */
export function listOf(
  turns: readonly Turn[], then = FOR_EVER,
): TurnList {
  const list = joined(turns), last = list.pop();
  if (last) list.push({ cpu: last.cpu,
    instructions: then === FOR_EVER ? then : last.instructions });
  return { kind: "list", turns: list, then };
}

/** What is left of a list of turns. */
export interface Shortened {
  readonly schedule: TurnList;
  /** What it does; undefined if the turns don't do it by themselves. */
  readonly found: string | undefined;
  readonly instructions: number;
  /** How many runs it took. */
  readonly runs: number;
}

type Turns = readonly Turn[];

/** The turns without a piece, in two ways. */
function without(turns: Turns, from: number, size: number): Turn[][] {
  const front = turns.slice(0, from), back = turns.slice(from + size);
  const cpu = front.at(-1)?.cpu;
  const given = turns.slice(from, from + size)
    .map((turn) => ({ ...turn, cpu: cpu ?? turn.cpu }));
  return [[...front, ...back], [...front, ...given, ...back]].map(joined);
}

/** What is left when pieces have gone, large ones first, from behind. */
function fewer(turns: Turns, good: (turns: Turns) => boolean): Turns {
  let now = turns, size = turns.length;
  while ((size = Math.floor(size / 2)) >= 1) {
    for (let from = now.length - size; from > -size; from -= size) {
      const start = Math.max(from, 0);
      const left = without(now, start, from + size - start).find((some) =>
        some.length > 0 && some.length < now.length && good(some));
      if (left) now = left;
    }
  }
  return now;
}
/** The same turns, the first `most` shorter. */
function sooner(
  turns: Turns, most: number, good: (turns: Turns) => boolean,
): Turns {
  let found = turns;
  for (let i = 0; i < most; i++) {
    for (;;) {
      const half = found.map((turn, k) => k !== i ? turn
        : { ...turn, instructions: Math.floor(turn.instructions / 2) });
      if (half[i]!.instructions < 1 || !good(half)) break;
      found = half;
    }
  }
  return found;
}
/** Shortens a list as long as an attempt finds something, with `most`
 * runs; `then` as in listOf. */
export function shorten(
  turns: Turns, attempt: Attempt, then = FOR_EVER, most = 500,
): Shortened {
  let runs = 0, now: Turns = joined(turns), best = attempt(listOf(now, then));
  if (best.found === undefined) best = attempt(listOf(now = turns, then));
  const last = then === FOR_EVER ? 1 : 0; // its end doesn't count
  const known = new Set<string>();
  const good = (some: Turns) => {
    const list = listOf(some, then), key = JSON.stringify(list);
    if (runs >= most || known.has(key)) return false;
    known.add(key);
    runs++;
    const tried = attempt(list);
    if (tried.found === undefined) return false;
    best = tried;
    return true;
  };
  for (let before: Turns = []; before !== now && best.found !== undefined;) {
    before = now;
    now = fewer(now, good);
    now = sooner(now, now.length - last, good);
  }
  return { schedule: listOf(now, then), found: best.found, runs,
    instructions: best.instructions };
}
