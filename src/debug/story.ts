// Woven from chapters/838-explore.md.
// What happened in a run, turn by turn, in a few lines.
import { oneLine } from "../host";
import type { Machine, MachineEvent } from "../machine";
import { believes } from "./believes";

/** Names for what is told. */
export interface Cast {
  /** The Guests', by number. */
  readonly guests: readonly string[];
  /** Where a CPU is. */
  readonly where: (cpu: number) => string;
}

interface Line {
  readonly strange: boolean;
  readonly text: string;
}

interface Chapter { readonly head: string; readonly lines: Line[] }

function nameOf(event: MachineEvent): string {
  const { kind, name, trap, reason, message } = event;
  return kind === "switch" ? `is back from *, trap ${trap}`
    : kind === "killed" ? `kills *: ${reason}`
    : kind === "oops" ? `dies: ${message}`
    : name === "lguest_enter" ? "enters *" : "";
}

/** What happens on a machine from now on. */
export interface Story {
  /** What has happened, in lines. */
  lines(): string[];
  /** Ends it. */
  stop(): void;
}

/** Listens to a machine, to tell what happens there. */
export function followStory(machine: Machine, cast: Cast): Story {
  const story: Chapter[] = [];
  const stop = machine.events.on((event) => {
    const { kind, cpu, count } = event;
    const time = String(count).padStart(9);
    if (kind === "turn") {
      story.push({ head: `${time}  CPU ${cpu}'s turn; it ${cast.where(cpu)}`,
        lines: [] });
      return;
    }
    const what = nameOf(event);
    if (what === "") return;
    const me = believes(machine, cpu), strange = me.cpu !== cpu;
    const guest = me.guest === undefined ? "nobody" : cast.guests[me.guest];
    const text = what.replace("*", () => guest ?? "nobody");
    story.at(-1)?.lines.push({ strange, text: `${time}    ` +
      oneLine(strange ? `as CPU ${me.cpu}, ${text}` : text) });
  });
  const lines = () => thinned(story,
    (i) => i < 12 || i >= story.length - 12,
    (turn) => [turn.head, ...chosen(turn.lines)]);
  return { lines, stop };
}

/** The lines of a turn that are worth a reader's time. */
function chosen(lines: readonly Line[]): string[] {
  const first = lines.findIndex(({ strange }) => strange);
  const keep = new Set([0, first - 1, first, lines.length - 2,
    lines.length - 1]);
  return thinned(lines, (i) => keep.has(i), ({ text }) => [text]);
}

/** The lines of what is kept of a list; of the rest, how many. The last
 * one must be kept. */
function thinned<T>(list: readonly T[], keep: (i: number) => boolean,
  linesOf: (one: T) => readonly string[]): string[] {
  let left = 0;
  return list.flatMap((one, i) => {
    if (!keep(i)) {
      left++;
      return [];
    }
    const gap = left > 0 ? [`${" ".repeat(13)}(${left} more)`] : [];
    left = 0;
    return [...gap, ...linesOf(one)];
  });
}
