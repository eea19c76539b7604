// Woven from chapters/520-guest-segments.md.
// A Guest's descriptors: GDT and TLS.
import { selector } from "../host";
import { readGuest32 } from "./guestmemory";
import { killGuest } from "./lguest";
import type { Vcpu } from "./lguest";
import type { Pair } from "./lguestpages";
import { LGUEST_CS, LGUEST_DS } from "./map";

/** What must be copied at the next entry: bits of lg_cpu.changed. */
export const CHANGED_IDT = 1, CHANGED_GDT = 2, CHANGED_TLS = 4,
  CHANGED_ALL = 3;

const ENTRIES = 32, FIRST_TLS = 6, TLS_ENTRIES = 3;
const DPL = 0x6000, DPL_1 = 0x2000, ACCESSED = 0x100, NO_SYSTEM = 0x1000;

function putEntry(
  vcpu: Vcpu, index: number, low: number, high: number,
): void {
  const dpl = (high & DPL) === 0 ? DPL_1 : 0;
  const fixed = isOurs(index) ? high : high | ACCESSED | dpl;
  vcpu.gdt.put(2 * index, low);
  vcpu.gdt.put(2 * index + 1, fixed);
}

/** LOAD_GDT_ENTRY. */
export function loadGdtEntry(
  vcpu: Vcpu, index: number, low: number, high: number,
): void {
  if (index >= ENTRIES)
    return killGuest(vcpu.lg, `too many gdt entries ${index}`);
  putEntry(vcpu, index, low, high);
  vcpu.changed |= CHANGED_GDT;
}

/** LOAD_TLS: three descriptors at a Guest-physical address. */
export function loadTls(vcpu: Vcpu, address: number): void {
  const words = [0, 4, 8, 12, 16, 20].map((n) =>
    readGuest32(vcpu.lg, address + n));
  if (words.includes(undefined))
    return killGuest(vcpu.lg, `Bad TLS address 0x${address.toString(16)}`);
  for (let i = 0; i < TLS_ENTRIES; i++)
    putEntry(vcpu, FIRST_TLS + i, words[2 * i]!, words[2 * i + 1]!);
  vcpu.changed |= CHANGED_TLS;
}

/** Entries that are the Switcher's, whatever the Guest says. */
function isOurs(index: number): boolean {
  return [LGUEST_CS >> 3, LGUEST_DS >> 3,
    selector.TASK >> 3, 31].includes(index);
}

function copyEntries(
  { gdt }: Vcpu, { guest_gdt }: Pair, first: number, count: number,
): void {
  for (let i = first; i < first + count; i++) {
    if (isOurs(i)) continue;
    const low = gdt.get(2 * i), high = gdt.get(2 * i + 1);
    const segment = (high & NO_SYSTEM) !== 0;
    guest_gdt.put(2 * i, segment ? low : 0);
    guest_gdt.put(2 * i + 1, segment ? high : 0);
  }
}

/** Copies a Guest's descriptors to the CPU's table. */
export function copyGdt(vcpu: Vcpu, pages: Pair): void {
  copyEntries(vcpu, pages, 0, ENTRIES);
}

/** Copies the three that are thread-local. */
export function copyTls(vcpu: Vcpu, pages: Pair): void {
  copyEntries(vcpu, pages, FIRST_TLS, TLS_ENTRIES);
}
