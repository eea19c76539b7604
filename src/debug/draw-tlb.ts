// Woven from chapters/842-looking.md.
// The translations that a CPU remembers.
import {
  CR3, hex32, PTE_D, PTE_G, PTE_P, PTE_PS, PTE_RW, PTE_US, quietWalk,
  physicalOf, tlbEntries,
} from "../machine";
import type { Cpu, TlbEntry } from "../machine";
import { Sheet } from "./picture";
import type { Picture, Tone } from "./picture";
import { letters, lettersInWords } from "./letters";

/** An entry, and how the page tables in force differ from it: no page is
 * there; another is; it has other rights. */
export interface Remembered extends TlbEntry {
  readonly code: boolean;
  /** Instructions of this CPU since it was loaded. */
  readonly age: number;
  readonly stale: "gone" | "moved" | "bits" | undefined;
}

/** What page tables are called, by their directory, and their tone. */
export type Whose = (cr3: number) => readonly [name: string, tone: Tone];

function staleness(cpu: Cpu, entry: TlbEntry): Remembered["stale"] {
  const { linear, frame, bits } = entry, found = quietWalk(cpu, linear);
  if (!(found & PTE_P)) return "gone";
  if (physicalOf(frame, bits, linear) !== physicalOf(found, found, linear))
    return "moved";
  return (found ^ bits) & (PTE_RW | PTE_US) ? "bits" : undefined;
}

/** All entries of a CPU, the latest first. */
export function remembered(cpu: Cpu): Remembered[] {
  const all = [false, true].flatMap((code) =>
    tlbEntries(cpu, code).map((entry) => ({ ...entry, code,
      age: cpu.retired - entry.when, stale: staleness(cpu, entry) })));
  return all.sort((a, b) => a.age - b.age);
}


/** Rows of a picture, unless one asks for more. */
const ROWS = 16;

/** How long a bar is, for an age. */
const barOf = (age: number) => Math.min(5, String(age).length);

/** The TLBs of a CPU: what is stale first, then the latest. */
export function drawTlb(
  cpu: Cpu, whose: Whose = (cr3) => [hex32(cr3), "ink"], most = ROWS,
): Picture {
  const all = remembered(cpu), sheet = new Sheet();
  const stale = all.filter((one) => one.stale);
  const kept = all.filter((one) => one.global).length;
  sheet.text(0, 0, `CPU ${cpu.id} remembers ${all.length}; ${kept} global, ` +
    `${stale.length} stale; cr3 ${hex32(cpu.w[CR3]!)}`, "quiet");
  sheet.text(0, 1, "page     frame    flags  loaded by       age", "quiet");
  const order = [...stale, ...all.filter((one) => !one.stale)];
  order.slice(0, most).forEach((one, i) => {
    const [name, tone] = whose(one.cr3), y = 2 + i;
    const goal = { cpu: cpu.id, address: one.linear };
    const line = one.stale ? "wrong" : tone;
    sheet.text(0, y, hex32(one.linear), line, goal)
      .text(9, y, hex32(one.frame), line).text(18, y, letters(one.bits), line)
      .text(25, y, name.slice(0, 10), line)
      .text(36, y, String(one.age).padStart(7), line)
      .text(50, y, one.code ? "code" : "data", line);
    if (one.stale) sheet.text(44, y, one.stale, line);
    else sheet.bar(44, y, barOf(one.age), "=", line);
  });
  const y = 2 + Math.min(order.length, most);
  if (order.length > most)
    sheet.text(0, y, `and ${order.length - most} more`, "quiet");
  legendFor(order).forEach((words, i) =>
    sheet.text(0, y + (order.length > most ? 2 : 1) + i, words, "quiet"));
  return sheet.picture();
}

/** What the letters and the words of these entries mean. */
function legendFor(order: readonly Remembered[]): string[] {
  if (order.length === 0) return [];
  return [lettersInWords,
    "age: instructions of this CPU since it was loaded",
    ...order[0]!.stale ? ["gone, moved, bits: the tables in force have no page",
      "there, another one, or other rights"] : []];
}
