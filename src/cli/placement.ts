// Woven from chapters/839-searchers.md.
// Whether it is the turns that decide, or the place.
import { attemptsOf, tryNumber } from "./searchers";
import type { Task } from "./searchers";

/** How many schedules are tried in each place. */
export const SAMPLE = 4;

/** What became of some schedules, the usual way and with all Guests on
 * one CPU: how many did it. */
export interface Placement {
  readonly of: number;
  readonly usual: number;
  readonly pinned: readonly number[];
}

/** Tries the first schedules with all Guests on each of the CPUs. */
export function tryPlaces(task: Task, usual: number): Placement {
  const { hunt, search: { schedules, cpus } } = task;
  const of = Math.min(SAMPLE, schedules);
  const pinned = Array.from({ length: cpus }, (_, pin) => {
    const guests = hunt.boot.guests.map(({ cpu, ...rest }) => rest);
    const there = { ...task,
      hunt: { ...hunt, boot: { ...hunt.boot, guests, pin } } };
    const attempt = attemptsOf(there);
    return Array.from({ length: of },
      (_, i) => tryNumber(attempt, there, i + 1))
      .filter(({ found }) => found !== undefined).length;
  });
  return { of, usual, pinned };
}

/** The same in sentences. */
export function placementText({ of, usual, pinned }: Placement): string[] {
  const places = pinned.map((n, cpu) => `on CPU ${cpu} ${n}`).join(", ");
  const all = usual === of, none = pinned.every((n) => n === 0);
  const place = pinned.includes(0) && pinned.includes(of);
  const why = all && none ? "so it takes Guests on several CPUs"
    : all ? `${of} of ${of} schedules: it does not depend on the schedule` +
      (place ? "; look at placement (--pin)" : "")
    : place ? "so the place decides; look at placement (--pin)" : "";
  return [`of the first ${of} schedules ${usual} do it; with all Guests ` +
    places, ...why === "" ? [] : [why]];
}
