// Woven from chapters/842-looking.md.
// The way of an address: by all tables that there are, and by the TLB.
import { get, hostMemory, place } from "../host";
import { LgCpu, Lguest, lguestMap, lguestOf } from "../lguest";
import {
  CR0, CR0_PG, CR3, CR4, CR4_PSE, hex32, peekPage, PTE_P, PTE_PS, quietWalk,
  physicalOf,
} from "../machine";
import type { Cpu, Machine } from "../machine";
import { remembered } from "./draw-tlb";
import type { Whose } from "./draw-tlb";
import { letters, lettersInWords } from "./letters";
import { Sheet } from "./picture";
import type { Picture, Tone } from "./picture";
import { guestWords } from "./walks";
import { guestByCr3, inGuestsWorld } from "./whereis";
import { hasHost, whoseTables } from "./whose";

/** Page tables that say where an address is: a directory, and how its
 * memory is read. */
export interface Tables {
  readonly name: string;
  readonly tone: Tone;
  readonly directory: number;
  readonly load32: (physical: number) => number;
  /** Whether large pages are allowed. */
  readonly large: boolean;
}

/** What they say: the entries, and the page or undefined. */
export interface Way {
  readonly pde: number;
  readonly pte: number | undefined;
  readonly page: number | undefined;
}

const frameOf = (entry: number) => (entry & -4096) >>> 0;

/** Looks an address up, without a CPU. */
export function wayOf(tables: Tables, address: number): Way {
  const { directory, load32, large } = tables;
  const pde = load32(frameOf(directory) + 4 * (address >>> 22));
  if (!(pde & PTE_P)) return { pde, pte: undefined, page: undefined };
  if (pde & PTE_PS && large) {
    return { pde, pte: undefined, page: frameOf(physicalOf(pde, pde, address)) };
  }
  const pte = load32(frameOf(pde) + 4 * ((address >>> 12) & 1023));
  return { pde, pte, page: pte & PTE_P ? frameOf(pte) : undefined };
}


/** Words of the machine's memory by physical address; 0 where none is. */
export function physicalWords(machine: Machine): (at: number) => number {
  const { buffer, byteOffset, byteLength } = machine.ram;
  const ram = new DataView(buffer, byteOffset, byteLength);
  return (at) => at >= 0 && at + 4 <= byteLength ? ram.getUint32(at, true) : 0;
}

/** The tables that an address of a CPU's can be looked up in: those in
 * force at last. */
export function tablesOf(
  machine: Machine, cpu: Cpu, whose: Whose = whoseTables(machine),
): Tables[] {
  const { w } = cpu, cr3 = frameOf(w[CR3]!), [name, tone] = whose(cr3);
  const now = { name, tone, directory: cr3,
    load32: physicalWords(machine), large: (w[CR4]! & CR4_PSE) !== 0 };
  const guest = hasHost(machine) && inGuestsWorld(cpu)
    ? guestByCr3(machine, cpu) : lguestMap.GUESTS_MAX;
  if (guest >= lguestMap.GUESTS_MAX) return [now];
  const memory = hostMemory(machine);
  const vcpu = get(memory, lguestOf(guest), Lguest.vcpu);
  if (get(memory, vcpu, LgCpu.linear) !== 0) return [now];
  const slot = get(memory, vcpu, LgCpu.directory);
  return [{ name: `${name}'s own`, tone: "program", large: false,
    directory: get(memory, vcpu, LgCpu.guest_directory, slot),
    load32: (at) => guestWords(machine, guest, at, 1)[0]! }, now];
}


/** An entry in a box, with its index on the edge. */
function drawEntry(
  sheet: Sheet, x: number, y: number, index: number, entry: number, tone: Tone,
): void {
  const there = (entry & PTE_P) !== 0;
  sheet.box(x, y, 18, 3, there ? tone : "quiet", undefined, there)
    .text(x + 2, y, `[${index}]`, "quiet")
    .text(x + 1, y + 1, there ? `${hex32(frameOf(entry))} ${letters(entry)}`
      : "not there", there ? tone : "quiet");
}

function drawWay(
  sheet: Sheet, y: number, tables: Tables, address: number, now: boolean,
): void {
  const { tone, directory } = tables, name = tables.name.slice(0, 40);
  const { pde, pte } = wayOf(tables, address);
  sheet.text(0, y, now ? `${name}, in cr3` : name, tone).text(0, y + 2, hex32(directory), tone)
    .arrow([[9, y + 2], [11, y + 2]], tone);
  drawEntry(sheet, 12, y + 1, address >>> 22, pde, tone);
  if (pte === undefined) return;
  sheet.arrow([[30, y + 2], [32, y + 2]], tone);
  drawEntry(sheet, 33, y + 1, (address >>> 12) & 1023, pte, tone);
}


/** What the TLBs have for an address; gives the first free row. */
function drawRemembered(
  sheet: Sheet, from: number, cpu: Cpu, address: number, whose: Whose,
): number {
  const mask = (large: boolean) => large ? -0x400000 : -0x1000;
  const found = remembered(cpu).filter(({ linear, large }) =>
    ((linear ^ address) & mask(large)) === 0);
  let y = from;
  if (found.length === 0)
    sheet.text(0, y++, "The TLBs remember nothing of it.", "quiet");
  for (const one of found) {
    const [name, tone] = whose(one.cr3), line = one.stale ? "wrong" : tone;
    sheet.box(12, y, 39, 3, line)
      .text(0, y + 1, one.code ? "code TLB" : "data TLB", line)
      .arrow([[9, y + 1], [11, y + 1]], line)
      .text(13, y + 1, `${hex32(one.frame)} ${letters(one.bits)} from ` +
        name.slice(0, 16), line);
    y += 3;
  }
  return y;
}

/** What the CPU takes an address for, and what its tables say. */
function verdict(cpu: Cpu, address: number): readonly [string, Tone] {
  const found = quietWalk(cpu, address), used = peekPage(cpu, address);
  const said = found & PTE_P ? physicalOf(found, found, address) : undefined;
  const words = (one: number | undefined) =>
    one === undefined ? "nothing" : hex32(one);
  return used === said ? [`The CPU finds ${words(used)}.`, "ink"]
    : [`The CPU finds ${words(used)}; its tables say ${words(said)}!`, "wrong"];
}

/** The way of a linear address on a CPU: by all tables, by the TLBs. */
export function drawAddress(
  machine: Machine, cpu: Cpu, address: number, whose = whoseTables(machine),
  tables: readonly Tables[] = tablesOf(machine, cpu, whose),
): Picture {
  const sheet = new Sheet(), linear = address >>> 0;
  if (!(cpu.w[CR0]! & CR0_PG)) {
    return sheet.text(0, 0, `${hex32(linear)}: paging is off, and the ` +
      "address is what it is").picture();
  }
  sheet.text(0, 0, `${hex32(linear)}: entries ${linear >>> 22} and ` +
    `${(linear >>> 12) & 1023}, offset ${hex32(linear & 4095).slice(5)}`);
  const cr3 = frameOf(cpu.w[CR3]!);
  tables.forEach((one, i) =>
    drawWay(sheet, 1 + 4 * i, one, linear, one.directory === cr3));
  const y = drawRemembered(sheet, 1 + 4 * tables.length, cpu, linear, whose);
  return sheet.text(0, y, ...verdict(cpu, linear))
    .text(0, y + 1, lettersInWords, "quiet").picture();
}
