// Woven from chapters/842-looking.md.
// What a CPU has in its registers, hidden parts and all.
import {
  ATTRIBUTES, BASE, CPL, CR0, CR2, CR3, CR4, EAX, EBP, EBX, ECX, EDI, EDX,
  EIP, ESI, ESP, GDTR_BASE, GDTR_LIMIT, HALTED, hex32, IDTR_BASE, IDTR_LIMIT,
  LIMIT, RUNNING, SEG_P, SEGMENTS, SELECTOR, WAITING, ACTIVITY,
} from "../machine";
import type { Cpu } from "../machine";
import { segmentKind } from "./draw-tables";
import { Sheet } from "./picture";
import type { Picture } from "./picture";

type Names = readonly (readonly [bit: number, name: string])[];

const flagNames: Names = [[0, "CF"], [2, "PF"], [4, "AF"], [6, "ZF"],
  [7, "SF"], [8, "TF"], [9, "IF"], [10, "DF"], [11, "OF"], [14, "NT"],
  [16, "RF"], [17, "VM"], [18, "AC"], [19, "VIF"], [20, "VIP"], [21, "ID"]];
const cr0Names: Names = [[31, "PG"], [30, "CD"], [29, "NW"], [18, "AM"],
  [16, "WP"], [5, "NE"], [4, "ET"], [3, "TS"], [2, "EM"], [1, "MP"], [0, "PE"]];
const cr4Names: Names = [[0, "VME"], [1, "PVI"], [2, "TSD"], [3, "DE"],
  [4, "PSE"], [6, "MCE"], [7, "PGE"], [8, "PCE"], [9, "OSFXSR"]];

/** The names of the bits that are set. */
function bitsIn(word: number, names: Names): string {
  return names.filter(([bit]) => word & (1 << bit)).map(([, name]) => name)
    .join(" ");
}

const general: readonly (readonly [string, number])[] = [
  ["eax", EAX], ["ebx", EBX], ["ecx", ECX], ["edx", EDX],
  ["esi", ESI], ["edi", EDI], ["ebp", EBP], ["esp", ESP]];

const segments = ["es", "cs", "ss", "ds", "fs", "gs", "ldtr", "tr"];


function segmentLine({ w }: Cpu, segment: number): string {
  const at = SEGMENTS + 4 * segment, rights = w[at + ATTRIBUTES]!;
  const selector = hex32(w[at + SELECTOR]! & 0xffff).slice(4);
  const start = `${segments[segment]!.padEnd(5)}${selector}`;
  if (!(rights & SEG_P)) return `${start} nothing`;
  return `${start} ${hex32(w[at + BASE]!)}+${hex32(w[at + LIMIT]!)} ` +
    segmentKind(rights);
}

function activity({ w }: Cpu): string {
  const state = w[ACTIVITY]!;
  return state === RUNNING ? `in ring ${w[CPL]}` : state === HALTED ? "asleep"
    : state === WAITING ? "off" : "shut down";
}

/** Registers, segments with their hidden parts, flags in words. */
export function drawCpu(cpu: Cpu): Picture {
  const { w, id, retired } = cpu, sheet = new Sheet();
  sheet.text(0, 0, `CPU ${id}, ${activity(cpu)}, after ${retired} of its own`);
  general.forEach(([name, word], i) => {
    const x = 14 * (i & 3), y = 1 + (i >> 2);
    sheet.text(x, y, name, "quiet")
      .text(x + 4, y, hex32(w[word]!).slice(0, 8), "ink",
        { cpu: id, address: w[word]! >>> 0 });
  });
  const rows: [string, string, string][] = [
    ["eip", hex32(w[EIP]!), ""],
    ["eflags", hex32(cpu.eflags()), bitsIn(cpu.eflags(), flagNames)],
    ["cr0", hex32(w[CR0]!), bitsIn(w[CR0]!, cr0Names)],
    ["cr2", hex32(w[CR2]!), "the last page fault's address"],
    ["cr3", hex32(w[CR3]!), "the page directory"],
    ["cr4", hex32(w[CR4]!), bitsIn(w[CR4]!, cr4Names)],
    ["gdtr", hex32(w[GDTR_BASE]!), `limit ${hex32(w[GDTR_LIMIT]!).slice(4)}`],
    ["idtr", hex32(w[IDTR_BASE]!), `limit ${hex32(w[IDTR_LIMIT]!).slice(4)}`]];
  rows.forEach(([name, value, words], i) => {
    sheet.text(0, 3 + i, name, "quiet").text(7, 3 + i, value)
      .text(16, 3 + i, words, "quiet");
  });
  segments.forEach((_, i) => sheet.text(0, 11 + i, segmentLine(cpu, i)));
  return sheet.picture();
}
