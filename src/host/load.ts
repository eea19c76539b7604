// Woven from chapters/70-switcher.md.
// Loading lguest: the Switcher's pages on every CPU.
import type { Cpu } from "../machine";
import { EAX } from "../machine";
import { flatWords, gateWords, putDescriptor, segmentWords } from
  "./descriptors";
import { get, put } from "./layout";
import { LguestPages } from "./lguestpages";
import { place, selector, vector } from "./map";
import { allocatePage } from "./pages";
import { HOST, PerCpu, Shared, cpuArea, putShared } from "./structures";

/** Host call: maps the Switcher and prepares each CPU's pair of pages.
 * The table of the Guest's trap stubs is in eax. */
export function loadLguest(cpu: Cpu): void {
  const stubs = cpu.w[EAX]! >>> 0;
  putShared(cpu, Shared.guest_stubs, stubs);
  const text = place.SWITCHER_IMAGE - place.KERNEL;
  const shared = place.KERNEL + get(cpu, HOST, Shared.switcher_ptes);
  cpu.store32(shared, text | 1);
  for (let n = 0; n < get(cpu, HOST, Shared.cpus_present); n++) {
    const area = cpuArea(n);
    const pages = place.SWITCHER + 4096 + n * 8192;
    const state = allocatePage(cpu);
    const ptes = allocatePage(cpu);
    cpu.store32(shared + 4 * (1 + 2 * n), allocatePage(cpu) | 3);
    cpu.store32(shared + 4 * (2 + 2 * n), state | 3);
    cpu.store32(place.KERNEL + ptes, text | 1);
    cpu.store32(place.KERNEL + ptes + 4 * (2 + 2 * n), state | 1);
    put(cpu, area, PerCpu.lguest_pages, pages);
    put(cpu, area, PerCpu.guest_ptes, ptes);
    fillState(cpu, area, pages, stubs);
  }
  putShared(cpu, Shared.pages_at_boot, get(cpu, HOST, Shared.pages_free));
}

/** What the Switcher needs to know on one CPU, once for all. */
function fillState(
  cpu: Cpu, area: number, pages: number, stubs: number,
): void {
  const set = (f: keyof typeof LguestPages, value: number, i = 0) =>
    put(cpu, pages, LguestPages[f], value, i);
  set("host_idt_limit", 2047);
  set("host_idt_base", place.IDT);
  set("host_gdt_limit", 255);
  set("host_gdt_base", area + PerCpu.gdt.offset);
  set("guest_idt_limit", 2047);
  set("guest_idt_base", pages + LguestPages.guest_idt.offset);
  set("guest_gdt_limit", 255);
  set("guest_gdt_base", pages + LguestPages.guest_gdt.offset);
  set("guest_tss", pages + 4096, 1);              // esp0
  set("guest_tss", selector.LGUEST_DS, 2);        // ss0
  set("guest_tss", 104 << 16, 25);                // no I/O bitmap
  fillTables(cpu, pages, stubs);
}

/** The descriptor tables that a Guest really runs on. */
function fillTables(cpu: Cpu, pages: number, stubs: number): void {
  const tss = pages + LguestPages.guest_tss.offset;
  const idt = pages + LguestPages.guest_idt.offset;
  const gdt = pages + LguestPages.guest_gdt.offset;
  putDescriptor(cpu, gdt + selector.LGUEST_CS, ...flatWords(0x9b));
  putDescriptor(cpu, gdt + selector.LGUEST_DS, ...flatWords(0x93));
  putDescriptor(cpu, gdt + selector.TASK,
    ...segmentWords(tss, 103, 0x89, 0));
  for (let n = 0; n < 256; n++) {
    const stub = cpu.load32(stubs + 4 * n) >>> 0;
    const dpl = n === vector.LGUEST_TRAP ? 1 : 0;
    putDescriptor(cpu, idt + 8 * n,
      ...gateWords(selector.LGUEST_CS, stub, dpl));
  }
}
