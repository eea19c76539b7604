// Woven from chapters/802-timeline.md.
// Lanes as lines of text.
import type { Instants } from "./instants";
import { LANE_CELLS } from "./lane";
import type { Lane } from "./lane";
import { NOBODY } from "./whereis";
import type { Where } from "./whereis";

/** What can be marked, from the most to the least that matters. */
export const MARKS = ["died", "broken", "killed", "astray", "ended",
  "flush", "moved", "ipi", "switch", "cr3"] as const;
export type Mark = typeof MARKS[number];

const marked: Readonly<Record<Mark, string>> = {
  died: "# the Host has died", broken: "! a rule is broken",
  killed: "x a Guest is killed", astray: "@ takes itself for another CPU",
  ended: "o a Guest has ended", flush: "* TLB emptied, global entries too",
  moved: "> a Guest has moved here", ipi: "^ sends an IPI",
  switch: "| world switch", cr3: "' loads cr3",
};

/** Which events are marked, and how. */
export const marks = new Map(Object.entries<Mark>({
  "switch": "switch", "ipi": "ipi", "killed": "killed",
  "guest-end": "ended", "stale": "broken", "lock-report": "broken",
  "oops": "died", "shutdown": "died",
}));

const signs: Readonly<Record<string, string>> = {
  Host: "= Host", Switcher: "~ Switcher", asleep: ". asleep",
  program: "+ a program of the Host's", off: " ",
};

/** The sign of a place; a Guest has a capital letter or a digit. */
export function signOf(where: Where): string {
  if (typeof where !== "number") return signs[where]![0]!;
  return where === NOBODY ? "?"
    : where < 26 ? String.fromCharCode(65 + where) : String(where - 25);
}

/** All that is drawn. */
export interface Drawn {
  readonly from: number;
  readonly to: number;
  readonly lanes: readonly Lane[];
  readonly name: (guest: number) => string;
  readonly instants: Instants;
  readonly close: readonly string[];
}

const COLUMNS = 64, TICK = 16, MARGIN = " ".repeat(7);

type Times = readonly (readonly [Where, number])[];

const most = (times: Times) =>
  times.reduce((a, b) => (b[1] > a[1] ? b : a), ["off", 0] as const);

/** The sign of a column. */
export function signFor(times: Times): string {
  const all = times.reduce((sum, [, n]) => sum + n, 0);
  const [guest, n] = most(times.filter(([where]) =>
    typeof where === "number"));
  if (n === 0) return signOf(most(times)[0]);
  return 2 * n >= all ? signOf(guest) : signOf(guest).toLowerCase();
}

export const markIn = (bits: number) =>
  MARKS.find((_, i) => bits & (1 << i));

/** The letter of a mark. */
export const letterOf = (mark: Mark | undefined) =>
  mark ? marked[mark][0]! : " ";

/** Each sign that occurs, and what it means. */
export function signsIn(columns: readonly ReturnType<Lane["read"]>[],
  name: Drawn["name"]): string[] {
  const places = new Set(columns.flatMap(({ times }) =>
    times.map(([where]) => where)));
  places.delete("off");
  const marks = columns.reduce((all, { bits }) => all | bits, 0);
  return [...[...places].map((where) => typeof where === "number"
    ? `${signOf(where)} ${name(where)}` : signs[where]!),
  ...MARKS.filter((_, i) => marks & (1 << i)).map((mark) => marked[mark])];
}

function legend(words: readonly string[]): string[] {
  const lines: string[] = [];
  for (const word of words) {
    const last = lines.length - 1, longer = `${lines[last] ?? ""}, ${word}`;
    if (last >= 0 && longer.length <= 78) lines[last] = longer;
    else lines.push(MARGIN + word);
  }
  return lines;
}

/** Rows of at most so many columns, and where each column begins. */
export function inColumns({ from, to, lanes }: Drawn, most: number) {
  const width = Math.max(...lanes.map((lane) => lane.width));
  lanes.forEach((lane) => lane.reach(from + width * LANE_CELLS));
  const cells = Math.ceil((to - from) / width);
  const columns = Math.min(most, cells);
  const edge = (column: number) => Math.floor(column * cells / columns);
  const rows = lanes.map((lane) => Array.from({ length: columns },
    (_, column) => lane.read(edge(column), edge(column + 1))));
  return { rows, columns,
    start: (column: number) => from + edge(column) * width };
}

/** The lines of a picture. */
export function drawTimeline(drawn: Drawn): string[] {
  const { from, to, lanes, instants, close } = drawn;
  if (to <= from)
    return [`nothing to draw: the run has not gone beyond ${from}`];
  const { rows, columns, start } = inColumns(drawn, COLUMNS);
  let scale = MARGIN;
  for (let column = 0; column < columns; column += TICK)
    scale += `|${start(column)}`.padEnd(TICK);
  const lines = [scale.trimEnd()];
  rows.forEach((row, i) => {
    const lane = row.map(({ times }) => signFor(times)).join("");
    const below = row.map(({ bits }) => letterOf(markIn(bits))).join("");
    lines.push(`CPU ${lanes[i]!.cpu.id}  ${lane}`.trimEnd());
    if (below.trim()) lines.push((MARGIN + below).trimEnd());
  });
  lines.push(...legend(signsIn(rows.flat(), drawn.name)));
  const { kept, lost } = instants.all();
  for (const { count, cpu, text } of kept)
    lines.push(`${String(count).padStart(10)}  CPU ${cpu}: ${text}`);
  for (const [kind, n] of lost)
    lines.push(`${" ".repeat(10)}  ${kind}: ${n} more in between`);
  if (close.length > 0)
    lines.push(`The last ${close.length} events, and where each CPU was:`);
  return [...lines, ...close];
}
