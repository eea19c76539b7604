// Woven from chapters/841-figures.md.
// The way of a trap, from its gate to what it has pushed.
import {
  BASE, CPL, EIP, ESP, hex32, IDTR_BASE, IDTR_LIMIT, isProtected, SEGMENTS,
  SS, TR, VM,
} from "../machine";
import type { Cpu } from "../machine";
import { hex16, pairAt } from "./draw-segment";
import { Sheet } from "./picture";
import type { Picture, Tone } from "./picture";
import { quietBytes } from "./quiet";

/** All that can be pushed, from the first to the last. */
const PUSHED = ["gs", "fs", "ds", "es", "ss", "esp", "eflags", "cs", "eip",
  "error"];

/** Vectors that push an error code (SDM 3A, table 6-1). */
const WITH_ERROR = new Set([8, 10, 11, 12, 13, 14, 17]);

function wordAt(cpu: Cpu, linear: number, size: number): number | undefined {
  const bytes = quietBytes(cpu, linear, size);
  return bytes?.reduceRight((word, byte) => word * 256 + byte, 0);
}

/** A gate of the IDT, taken apart. */
function gateOf(cpu: Cpu, vector: number) {
  const { w } = cpu, at = vector * 8;
  const [low, high] = at + 7 > w[IDTR_LIMIT]! ? []
    : pairAt(cpu, (w[IDTR_BASE]! + at) | 0);
  if (low === undefined || high === undefined) return undefined;
  const type = (high >>> 8) & 0x1f, size = type & 8 ? 4 : 2;
  if ((type & 0x16) !== 6) return undefined;
  const offset = (size === 4 ? high & 0xffff0000 : 0) | (low & 0xffff);
  return { size, offset, selector: low >>> 16, dpl: (high >>> 13) & 3,
    kind: type & 1 ? "trap" : "interrupt" };
}


/** What has been pushed, from the first to the last; and where the stack
 * began, if the TSS said so. */
function pushedOf(cpu: Cpu, vector: number, size: number) {
  const { w } = cpu, ring = w[CPL]!, esp = w[ESP]!;
  const tss = w[SEGMENTS + 4 * TR + BASE]! + 4 + 8 * ring;
  const top = ring === 3 ? undefined : wordAt(cpu, tss, 4);
  const count = top === undefined ? 0 : ((top - esp) >>> 0) / size;
  const stack = w[SEGMENTS + 4 * SS + BASE]! + esp, odd = count & 1;
  const cs = wordAt(cpu, (stack + size * (odd ? 1 : 2)) | 0, 2) ?? 0;
  const flags = wordAt(cpu, (stack + size * (odd ? 2 : 3)) | 0, size) ?? 0;
  const virtual = (flags & VM) !== 0, first = virtual ? 0 : 4;
  const fits = count === (virtual ? 10 : 6) - odd;
  return fits && (virtual || (cs & 3) > ring)
    ? { top, names: PUSHED.slice(first, first + count) }
    : { top: undefined,
      names: PUSHED.slice(6, WITH_ERROR.has(vector) ? 10 : 9) };
}

const toneOf = (ring: number): Tone =>
  ring === 0 ? "host" : ring === 3 ? "program" : "guest";

/** A trap whose handler is about to begin. */
export function drawTrap(cpu: Cpu, vector: number): Picture {
  const { w } = cpu, sheet = new Sheet(), ring = w[CPL]!;
  const gate = isProtected(cpu) ? gateOf(cpu, vector) : undefined;
  if (gate === undefined || (gate.offset ^ w[EIP]!) !== 0)
    return sheet.text(0, 0,
      `CPU ${cpu.id} isn't where vector ${vector} leads`).picture();
  const { top, names } = pushedOf(cpu, vector, gate.size);
  const now = toneOf(ring), { selector, offset, kind, dpl } = gate;
  const tss = w[SEGMENTS + 4 * TR + BASE]! >>> 0, inner = top !== undefined;
  const ss = wordAt(cpu, (tss + 8 + 8 * ring) | 0, 2) ?? 0;
  sheet.text(0, 1, `IDT[${vector}] at ${hex32(w[IDTR_BASE]! + 8 * vector)}`,
    "quiet")
    .box(0, 2, 26, 4, "ink").text(2, 3, `${kind} gate, DPL ${dpl}`)
    .text(2, 4, `${hex16(selector)}:${hex32(offset)}`, now)
    .arrow([[8, 6], [8, 7]])
    .text(30, 1, `TSS at ${hex32(tss)}`, "quiet")
    .box(30, 2, 24, 4, inner ? "ink" : "quiet", undefined, inner);
  if (inner)
    sheet.text(32, 3, `ss${ring}   ${hex16(ss)}`, now)
      .text(32, 4, `esp${ring}  ${hex32(top)}`, now).arrow([[42, 6], [42, 7]]);
  else sheet.text(32, 3, "not asked", "quiet");
  const { size } = gate, last = names.length - 1;
  const esp = w[ESP]!, stack = w[SEGMENTS + 4 * SS + BASE]! + esp;
  const words = names.map((_, i) =>
    wordAt(cpu, (stack + size * (last - i)) | 0, size));
  const cs = words[names.indexOf("cs")] ?? 0;
  const from = !inner ? ring : names.includes("gs") ? 3 : cs & 3;
  sheet.text(0, 0, `vector ${vector}, from ring ${from} to ring ${ring}`)
    .box(0, 8, 18, 4, now).text(2, 9, `in ring ${ring}`, now)
    .text(2, 10, `eip ${hex32(w[EIP]!)}`, now)
    .box(30, 8, 24, names.length + 2, now);
  names.forEach((name, i) => {
    const word = words[i], tone = name === "error" ? "ink" : toneOf(from);
    const at = size * (last - i), address = (stack + at) >>> 0;
    sheet.text(21, 9 + i, hex32(esp + at), "quiet", { cpu: cpu.id, address })
      .text(32, 9 + i, name.padEnd(8) +
        (word === undefined ? "no memory" : hex32(word)), tone);
  });
  return sheet.picture();
}
