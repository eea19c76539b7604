// Woven from chapters/500-switcher.md.
// Loading lguest: the Switcher's pages on every CPU.
import { allocatePage, cpuArea, flatWords, gateWords, get, HOST, PerCpu,
  place, put, putDescriptor, segmentWords, selector, Shared } from
  "../host";
import type { OwnDescriptor } from "../host";
import { EAX } from "../machine";
import type { Cpu } from "../machine";
import { errno } from "./dev";
import { LguestPages, Pair } from "./lguestpages";
import { LGUEST_CS, LGUEST_DS, LGUEST_TRAP, SWITCHER, SWITCHER_IMAGE } from
  "./map";
import { LguestPerCpu, LguestShared } from "./structures";

/** What lguest has in a GDT, the Host's and a Guest's. */
export const lguestDescriptors: readonly OwnDescriptor[] =
  [[LGUEST_CS, flatWords(0x9b)], [LGUEST_DS, flatWords(0x93)]];

/** Host call: maps the Switcher and prepares each CPU's pair of pages.
 * The table of the Guest's trap stubs is in eax; then, 0 or an error. */
export function loadLguest(cpu: Cpu): void {
  const cpus = beginToLoad(cpu);
  for (let n = 0; n < cpus; n++) mapPair(cpu, n, guestTable(cpu));
}

/** Maps the text for the Host, and says for how many CPUs to load. */
export function beginToLoad(cpu: Cpu): number {
  const stubs = cpu.w[EAX]! >>> 0;
  const cpus = get(cpu, HOST, Shared.cpus_present);
  const enough = get(cpu, HOST, Shared.pages_free) >= 3 * cpus;
  cpu.w[EAX] = enough ? 0 : -errno.ENOMEM;
  if (!enough) return 0;
  put(cpu, HOST, LguestShared.guest_stubs, stubs);
  cpu.store32(place.KERNEL + get(cpu, HOST, Shared.window_ptes), text | 1);
  return cpus;
}

const text = SWITCHER_IMAGE - place.KERNEL;

/** A table for shadow directories; the text is in it. */
export function guestTable(cpu: Cpu): number {
  const table = allocatePage(cpu);
  cpu.store32(place.KERNEL + table, text | 1);
  return table;
}

/** Maps the pair of a CPU, here and in the table for its Guests. */
export function mapPair(cpu: Cpu, n: number, table: number): void {
  const area = cpuArea(n), entry = 4 * (1 + 2 * n);
  const here = place.KERNEL + get(cpu, HOST, Shared.window_ptes) + entry;
  const there = place.KERNEL + table + entry;
  const state = allocatePage(cpu);
  cpu.store32(here, allocatePage(cpu) | 3);
  cpu.store32(here + 4, state | 3);
  cpu.store32(there + 4, state | 1);
  put(cpu, area, LguestPerCpu.pages, SWITCHER + 4096 + n * 8192);
  put(cpu, area, LguestPerCpu.guest_ptes, table);
  put(cpu, area, LguestPerCpu.regs_pte, there);
  for (const [at, words] of lguestDescriptors)
    putDescriptor(cpu, area + PerCpu.gdt.offset + at, ...words);
  fillState(cpu, area);
}

/** What the Switcher needs to know on one CPU, once for all. */
export function fillState(cpu: Cpu, area: number): void {
  const pages = get(cpu, area, LguestPerCpu.pages);
  const pair = new Pair(cpu, pages);
  pair.host_idt_limit = 2047;
  pair.host_idt_base = place.IDT;
  pair.host_gdt_limit = 255;
  pair.host_gdt_base = area + PerCpu.gdt.offset;
  pair.guest_idt_limit = 2047;
  pair.guest_idt_base = pages + LguestPages.guest_idt.offset;
  pair.guest_gdt_limit = 255;
  pair.guest_gdt_base = pages + LguestPages.guest_gdt.offset;
  pair.guest_tss.put(1, pages + 4096);            // esp0
  pair.guest_tss.put(2, LGUEST_DS);               // ss0
  pair.guest_tss.put(25, 104 << 16);              // no I/O bitmap
  fillTables(cpu, pages);
}

/** The descriptor tables that a Guest really runs on. */
function fillTables(cpu: Cpu, pages: number): void {
  const stubs = get(cpu, HOST, LguestShared.guest_stubs);
  const tss = pages + LguestPages.guest_tss.offset;
  const idt = pages + LguestPages.guest_idt.offset;
  const gdt = pages + LguestPages.guest_gdt.offset;
  for (const [at, words] of lguestDescriptors)
    putDescriptor(cpu, gdt + at, ...words);
  putDescriptor(cpu, gdt + selector.TASK, ...segmentWords(tss, 103, 0x89, 0));
  for (let n = 0; n < 256; n++) {
    const stub = cpu.load32(stubs + 4 * n) >>> 0;
    const dpl = n === LGUEST_TRAP ? 1 : 0;
    putDescriptor(cpu, idt + 8 * n, ...gateWords(LGUEST_CS, stub, dpl));
  }
}
