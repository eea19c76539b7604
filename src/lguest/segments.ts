// Woven from chapters/71-segments.md.
// A Guest's descriptors: GDT and TLS.
import { get, put, selector } from "../host";
import type { Cpu } from "../machine";
import { readGuest32 } from "./guestmemory";
import { killGuest, LgCpu } from "./lguest";
import { LguestPages } from "./lguestpages";
import { LGUEST_CS, LGUEST_DS } from "./map";

/** What must be copied at the next entry: bits of lg_cpu.changed. */
export const CHANGED_IDT = 1, CHANGED_GDT = 2, CHANGED_TLS = 4,
  CHANGED_ALL = 3;

const ENTRIES = 32, FIRST_TLS = 6, TLS_ENTRIES = 3;
const DPL = 0x6000, DPL_1 = 0x2000, ACCESSED = 0x100, NO_SYSTEM = 0x1000;

function change(cpu: Cpu, vcpu: number, what: number): void {
  put(cpu, vcpu, LgCpu.changed, get(cpu, vcpu, LgCpu.changed) | what);
}

function putEntry(
  cpu: Cpu, vcpu: number, index: number, low: number, high: number,
): void {
  const dpl = (high & DPL) === 0 ? DPL_1 : 0;
  const fixed = isOurs(index) ? high : high | ACCESSED | dpl;
  put(cpu, vcpu, LgCpu.gdt, low, 2 * index);
  put(cpu, vcpu, LgCpu.gdt, fixed, 2 * index + 1);
}

/** LOAD_GDT_ENTRY. */
export function loadGdtEntry(
  cpu: Cpu, vcpu: number, lg: number,
  index: number, low: number, high: number,
): void {
  if (index >= ENTRIES)
    return killGuest(cpu, lg, `too many gdt entries ${index}`);
  putEntry(cpu, vcpu, index, low, high);
  change(cpu, vcpu, CHANGED_GDT);
}

/** LOAD_TLS: three descriptors at a Guest-physical address. */
export function loadTls(
  cpu: Cpu, vcpu: number, lg: number, address: number,
): void {
  const words = [0, 4, 8, 12, 16, 20].map((n) =>
    readGuest32(cpu, lg, address + n));
  if (words.includes(undefined))
    return killGuest(cpu, lg, `Bad TLS address 0x${address.toString(16)}`);
  for (let i = 0; i < TLS_ENTRIES; i++)
    putEntry(cpu, vcpu, FIRST_TLS + i, words[2 * i]!, words[2 * i + 1]!);
  change(cpu, vcpu, CHANGED_TLS);
}

/** Entries that are the Switcher's, whatever the Guest says. */
function isOurs(index: number): boolean {
  return [LGUEST_CS >> 3, LGUEST_DS >> 3,
    selector.TASK >> 3, 31].includes(index);
}

function copyEntries(
  cpu: Cpu, vcpu: number, pages: number, first: number, count: number,
): void {
  for (let i = first; i < first + count; i++) {
    if (isOurs(i)) continue;
    const low = get(cpu, vcpu, LgCpu.gdt, 2 * i);
    const high = get(cpu, vcpu, LgCpu.gdt, 2 * i + 1);
    const segment = (high & NO_SYSTEM) !== 0;
    put(cpu, pages, LguestPages.guest_gdt, segment ? low : 0, 2 * i);
    put(cpu, pages, LguestPages.guest_gdt, segment ? high : 0, 2 * i + 1);
  }
}

/** Copies a Guest's descriptors to the CPU's table. */
export function copyGdt(cpu: Cpu, vcpu: number, pages: number): void {
  copyEntries(cpu, vcpu, pages, 0, ENTRIES);
}

/** Copies the three that are thread-local. */
export function copyTls(cpu: Cpu, vcpu: number, pages: number): void {
  copyEntries(cpu, vcpu, pages, FIRST_TLS, TLS_ENTRIES);
}
