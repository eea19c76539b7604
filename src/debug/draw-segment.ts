// Woven from chapters/841-figures.md.
// A logical address on its way through a segment.
import {
  GDTR_BASE, GDTR_LIMIT, hex32, isCode, isProtected, isReadable, isSegment,
  isWritable, LDTR, SEG_BIG, SEG_CODE, SEG_EXPAND_DOWN, SEG_P,
  segmentRegister, takeApart, TI,
} from "../machine";
import type { Cpu } from "../machine";
import { Sheet } from "./picture";
import type { Picture, Tone } from "./picture";
import { quietWord } from "./quiet";

const NAMES = ["es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"];

type Hidden = ReturnType<typeof segmentRegister>;

/** The table in which a selector's descriptor lies. */
function tableOf(cpu: Cpu, selector: number) {
  const ldt = segmentRegister(cpu, LDTR);
  return selector & TI ? { name: "LDT", base: ldt.base, limit: ldt.limit }
    : { name: "GDT", base: cpu.w[GDTR_BASE]! >>> 0,
      limit: cpu.w[GDTR_LIMIT]! >>> 0 };
}

export const hex16 = (value: number) =>
  value.toString(16).padStart(4, "0");

/** Two words of memory at a linear address, as far as they are there. */
export const pairAt = (cpu: Cpu, linear: number) =>
  [quietWord(cpu, linear), quietWord(cpu, linear + 4)] as const;

/** What may be done in a segment, and by whom. */
function rightsOf(attributes: number): string {
  if (!(attributes & SEG_P)) return "unusable";
  const ring = `DPL ${(attributes >>> 5) & 3}`;
  if (!isSegment(attributes)) return `the system's, ${ring}`;
  const may = (isReadable(attributes) ? "r" : "") +
    (isWritable(attributes) ? "w" : "");
  return `${isCode(attributes) ? "code" : "data"} ${may} ${ring}`;
}


function reachOf({ limit, attributes }: Hidden): [number, number] {
  const down = isSegment(attributes) && !(attributes & SEG_CODE) &&
    (attributes & SEG_EXPAND_DOWN) !== 0;
  if (!down) return [0, limit];
  return [limit + 1, attributes & SEG_BIG ? 0xffffffff : 0xffff];
}

/** An address that a program names: through its segment register to the
 * descriptor and to a linear address. */
export function drawSegment(
  cpu: Cpu, segment: number, offset: number,
): Picture {
  const hidden = segmentRegister(cpu, segment), sheet = new Sheet();
  const name = `%${NAMES[segment]}`;
  sheet.text(0, 0, `${name}:${hex32(offset)}`);
  const { selector, base, limit } = hidden, index = selector & 0xfff8;
  const table = tableOf(cpu, selector);
  const [low, high] = index + 7 > table.limit || !isProtected(cpu) ||
    !(index || selector & TI) ? [] : pairAt(cpu, (table.base + index) | 0);
  const there = high !== undefined && low !== undefined;
  sheet.text(0, 2, `${table.name} at ${hex32(table.base)}`, "quiet")
    .text(0, 4, hex16(selector & ~3))
    .box(5, 3, 22, 3, "ink", undefined, there)
    .text(7, 4, there ? `${hex32(low)} ${hex32(high)}` : "no descriptor");
  if (there) sheet.arrow([[27, 4], [30, 4]]);
  const now = there ? takeApart(selector, 0, low, high) : hidden;
  const stale = now.base >>> 0 !== base || now.limit >>> 0 !== limit;
  const usable = (hidden.attributes & SEG_P) !== 0;
  const tone: Tone = !usable ? "quiet" : stale ? "wrong" : "host";
  sheet.text(31, 2, `hidden in ${name}`, "quiet")
    .box(31, 3, 22, 5, tone).text(33, 4, `base  ${hex32(base)}`, tone)
    .text(33, 5, `limit ${hex32(limit)}`, tone)
    .text(33, 6, rightsOf(hidden.attributes));
  const [from, to] = reachOf(hidden), linear = (base + offset) >>> 0;
  const first = (base + from) >>> 0, last = (base + to) >>> 0;
  const y = offset < from ? 9 : offset > to ? 13 : 11;
  const inside = y === 11 && usable;
  sheet.text(0, 8, hex32(0), "quiet").text(0, 14, hex32(-1), "quiet")
    .box(9, 8, 22, 7, "quiet", undefined, false)
    .text(9, 7, "linear addresses", "quiet")
    .text(0, 10, hex32(first), tone).text(0, 12, hex32(last), tone)
    .box(9, 10, 22, 3, tone).arrow([[42, 8], [42, 10], [32, 10]], tone)
    .text(0, y, hex32(linear), inside ? "ink" : "wrong",
      { cpu: cpu.id, address: linear })
    .text(11, y, inside ? `base + ${hex32(offset)}` : "out of reach",
      inside ? "ink" : "wrong");
  return sheet.picture();
}
