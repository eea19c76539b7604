// Woven from chapters/843-tables.md.
// The tables that a CPU's registers point to: GDT, IDT, TSS.
import {
  BASE, GDTR_BASE, GDTR_LIMIT, hex32, IDTR_BASE, IDTR_LIMIT, isCode,
  isSegment, isTask, isWritable, LIMIT, SEG_BIG, SEGMENTS, takeApart, TR,
  TYPE_LDT,
} from "../machine";
import type { Cpu } from "../machine";
import { Sheet } from "./picture";
import type { Picture } from "./picture";
import { quietWord } from "./quiet";

/** Rows of a table, at most. */
const ROWS = 40;

/** The doublewords at an index of a table, or undefined. */
function entryAt(
  cpu: Cpu, base: number, index: number,
): readonly [low: number, high: number] | undefined {
  const low = quietWord(cpu, base + 8 * index);
  const high = quietWord(cpu, base + 8 * index + 4);
  return low === undefined || high === undefined ? undefined : [low, high];
}

/** How many entries a table has, by its limit. */
const entriesOf = (limit: number, most: number) =>
  Math.min(most, ((limit & 0xffff) + 1) >>> 3);

/** What attributes make of a descriptor, in a few letters. */
export function segmentKind(attributes: number): string {
  const type = attributes & 0x1f;
  if (isTask(type)) return "TSS";
  if (!isSegment(type)) return type === TYPE_LDT ? "LDT" : "gate";
  const what = isCode(type) ? "code" : isWritable(type) ? "data" : "read";
  return `${what}${attributes & SEG_BIG ? 32 : 16}, ring ` +
    ((attributes >>> 5) & 3);
}

/** The descriptors of the GDT that aren't empty. */
export function drawGdt(cpu: Cpu): Picture {
  const { w } = cpu, base = w[GDTR_BASE]! >>> 0, sheet = new Sheet();
  const count = entriesOf(w[GDTR_LIMIT]!, 8192);
  sheet.text(0, 0, `GDT at ${hex32(base)}, ${count} entries`, "quiet");
  let y = 1;
  for (let index = 1; index < count && y <= ROWS; index++) {
    const entry = entryAt(cpu, base, index);
    if (entry === undefined)
      return sheet.text(0, y, "the rest can't be read", "wrong").picture();
    if (entry[0] === 0 && entry[1] === 0) continue;
    const d = takeApart(8 * index, 0, ...entry);
    const words = `${hex32(d.base)}+${hex32(d.limit)} ` +
      segmentKind(d.attributes) + (d.present ? "" : ", not present");
    sheet.text(0, y, hex32(8 * index).slice(4), "quiet").text(6, y++, words);
  }
  return sheet.picture();
}


interface Gate {
  readonly vector: number;
  readonly words: string;
  readonly offset: number;
}

function gateAt(cpu: Cpu, vector: number): Gate | undefined {
  const entry = entryAt(cpu, cpu.w[IDTR_BASE]!, vector);
  if (entry === undefined || !(entry[1] & 0x8000)) return undefined;
  const [low, high] = entry, type = (high >>> 8) & 0x1f;
  const kinds: Record<number, string> =
    { 5: "task", 6: "int16", 7: "trap16", 14: "int", 15: "trap" };
  return { vector, offset: ((high & 0xffff0000) | (low & 0xffff)) >>> 0,
    words: `${(kinds[type] ?? "strange").padEnd(7)}` +
      `ring ${(high >>> 13) & 3} may, to ${hex32(low >>> 16).slice(4)}:` };
}

/** Gates in a row: so many, and the step between their offsets. */
interface Run { readonly first: Gate; last: Gate; step: number }

function runsOf(gates: readonly Gate[]): Run[] {
  const runs: Run[] = [];
  for (const gate of gates) {
    const run = runs.at(-1), step = gate.offset - (run?.last.offset ?? 0);
    const next = run && run.last.vector + 1 === gate.vector &&
      run.last.words === gate.words && step >= 0 && step <= 64 &&
      (run.first === run.last || run.step === step);
    if (next) {
      run.last = gate;
      run.step = step;
    } else runs.push({ first: gate, last: gate, step: 0 });
  }
  return runs;
}

/** The gates of the IDT; those that differ only by a step share a row. */
export function drawIdt(cpu: Cpu): Picture {
  const { w } = cpu, sheet = new Sheet();
  const count = entriesOf(w[IDTR_LIMIT]!, 256);
  sheet.text(0, 0,
    `IDT at ${hex32(w[IDTR_BASE]!)}, ${count} gates`, "quiet");
  const gates = Array.from({ length: count }, (_, n) => gateAt(cpu, n));
  const runs = runsOf(gates.filter((one) => one !== undefined));
  const two = (n: number) => hex32(n).slice(6);
  runs.slice(0, ROWS).forEach(({ first, last }, i) => {
    const more = first.offset === last.offset ? ""
      : ` to ${hex32(last.offset)}`;
    const vectors = two(first.vector) +
      (first === last ? "" : `-${two(last.vector)}`);
    sheet.text(0, 1 + i, vectors, "quiet")
      .text(6, 1 + i, `${first.words}${hex32(first.offset)}${more}`);
  });
  if (runs.length > ROWS)
    sheet.text(0, 1 + ROWS, `and ${runs.length - ROWS} rows more`, "quiet");
  return sheet.picture();
}


/** The stacks that a TSS has for the inner rings. */
export function drawTss(cpu: Cpu): Picture {
  const { w } = cpu, at = SEGMENTS + 4 * TR, base = w[at + BASE]! >>> 0;
  const sheet = new Sheet(), limit = w[at + LIMIT]! >>> 0;
  sheet.text(0, 0, `TSS at ${hex32(base)}+${hex32(limit)}`, "quiet");
  for (let ring = 0; ring < 3; ring++) {
    const esp = quietWord(cpu, base + 4 + 8 * ring);
    const ss = quietWord(cpu, base + 8 + 8 * ring);
    sheet.text(0, 1 + ring, `ring ${ring}`, "quiet").text(8, 1 + ring,
      esp === undefined || ss === undefined ? "can't be read"
        : `ss ${hex32(ss & 0xffff).slice(4)}, esp ${hex32(esp)}`);
  }
  return sheet.picture();
}
