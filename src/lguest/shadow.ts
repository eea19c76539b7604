// Woven from chapters/68-shadow.md.
// Shadow page tables, filled on demand.
import { emit, get, place, put } from "../host";
import type { Cpu } from "../machine";
import { guestFrame, guestHas, readGuest32, writeGuest32 } from
  "./guestmemory";
import { killGuest, LgCpu, Lguest, SHADOWS } from "./lguest";
import { SWITCHER } from "./map";
import { givePage, POOL_LOW, takePage } from "./pool";

/** Bits of an entry (SDM 3A, 4.3). */
const P = 1, RW = 2, US = 4, A = 0x20, D = 0x40, LARGE = 0x80, G = 0x100;

/** All that a Guest's directory entry may say: P RW US A D. */
const PDE_FLAGS = 0x67;

function frameOf(entry: number): number {
  return entry - (entry & 4095);
}

function goodPde(cpu: Cpu, lg: number, pde: number): boolean {
  const good = (pde & 4095 & ~PDE_FLAGS) === 0 &&
    pde >>> 12 < get(cpu, lg, Lguest.pfn_limit);
  if (!good) killGuest(cpu, lg, "bad page directory entry");
  return good;
}

function goodPte(cpu: Cpu, lg: number, pte: number): boolean {
  const good = !(pte & LARGE) &&
    pte >>> 12 < get(cpu, lg, Lguest.pfn_limit);
  if (!good) killGuest(cpu, lg, "bad page table entry");
  return good;
}

function isDevice(cpu: Cpu, lg: number, pte: number): boolean {
  const pfn = pte >>> 12;
  return !(pte & LARGE) && pfn >= get(cpu, lg, Lguest.pfn_limit) &&
    pfn < get(cpu, lg, Lguest.device_limit);
}

/** What the Guest's own tables say about an address. */
interface GuestEntries { pde: number; pte: number; pteAt: number }

/** Reads them; undefined if none is there, "dead" if one is bad. */
function guestEntries(
  cpu: Cpu, vcpu: number, lg: number, address: number,
): GuestEntries | "dead" | undefined {
  if (get(cpu, vcpu, LgCpu.linear)) {
    const pte = (frameOf(address) | P | RW) >>> 0;
    return { pde: PDE_FLAGS, pte, pteAt: -1 };
  }
  const current = get(cpu, vcpu, LgCpu.directory);
  const directory = get(cpu, vcpu, LgCpu.guest_directory, current);
  const pde = readGuest32(cpu, lg, directory + 4 * (address >>> 22)) ?? 0;
  if (!(pde & P)) return undefined;
  if (!goodPde(cpu, lg, pde)) return "dead";
  const pteAt = frameOf(pde) + 4 * ((address >>> 12) & 1023);
  return { pde, pteAt, pte: readGuest32(cpu, lg, pteAt) ?? 0 };
}

/** Whose a page fault is, or at which device. */
export type FaultFinding = "ours" | "theirs" | { device: number };

/** Fills the shadow, if the Guest's own tables allow the access. */
export function demandPage(
  cpu: Cpu, vcpu: number, lg: number, address: number, error: number,
): FaultFinding {
  const write = (error & 2) !== 0, user = (error & 4) !== 0;
  if (address >= SWITCHER) return "theirs";                // 1
  const found = guestEntries(cpu, vcpu, lg, address);            // 2, 3
  if (found === "dead") return "ours";
  if (found === undefined || !(found.pte & P)) return "theirs";  // 4
  const { pde, pte, pteAt } = found;
  if (write && !(pde & pte & RW)) return "theirs";               // 5
  if (user && !(pde & pte & US)) return "theirs";
  if (isDevice(cpu, lg, pte))                                    // 6
    return { device: frameOf(pte) + (address & 4095) };
  if (!goodPte(cpu, lg, pte)) return "ours";                     // 7
  const marked = (pte | A | (write ? D : 0)) >>> 0;              // 8
  const at = makeShadowPte(cpu, vcpu, address, pde);             // 9
  const entry = shadowEntry(cpu, lg, marked);                    // 10
  cpu.store32(at, entry);
  if (pteAt >= 0) writeGuest32(cpu, lg, pteAt, marked);          // 11
  if (cpu.machine.events.active)
    emit(cpu, { kind: "shadow-fill", guest: get(cpu, lg, Lguest.index),
      address, entry: entry >>> 0 });
  return "ours";
}

/** The Guest's entry with our frame: never G, not writable until D. */
function shadowEntry(cpu: Cpu, lg: number, pte: number): number {
  const write = (pte & D) !== 0;
  const frame = guestFrame(cpu, lg, pte >>> 12, write && (pte & RW) !== 0);
  const flags = pte & 4095 & ~G & (write ? ~0 : ~RW);
  return frame | flags;
}

/** Where the shadow's entry for an address is, or 0. */
function shadowPte(cpu: Cpu, shadow: number, address: number): number {
  const pde = cpu.load32(place.KERNEL + shadow + 4 * (address >>> 22)) >>> 0;
  if (!(pde & P)) return 0;
  return place.KERNEL + frameOf(pde) + 4 * ((address >>> 12) & 1023);
}

/** The current shadow directory's frame. */
function currentShadow(cpu: Cpu, vcpu: number): number {
  return get(cpu, vcpu, LgCpu.shadow, get(cpu, vcpu, LgCpu.directory));
}

/** The same, with a new page of entries if there is none; the Guest's
 * flags are in the directory's entry then. */
function makeShadowPte(
  cpu: Cpu, vcpu: number, address: number, pde: number,
): number {
  const shadow = currentShadow(cpu, vcpu);
  const there = shadowPte(cpu, shadow, address) !== 0;
  if (!there) keepPurse(cpu, vcpu);
  const at = place.KERNEL + shadow + 4 * (address >>> 22);
  const old = cpu.load32(at) >>> 0;
  if (!there || ((old ^ pde) & (RW | US)) !== 0)
    cpu.store32(at, (there ? frameOf(old) : takePage(cpu, vcpu)) |
      (pde & PDE_FLAGS));
  return shadowPte(cpu, shadow, address);
}

/** Sees to it that the purse has enough for one answer. Nothing is put back
 * here: who asks has an answer half made. */
function keepPurse(cpu: Cpu, vcpu: number): void {
  if (get(cpu, vcpu, LgCpu.pool_count) < POOL_LOW) forgetAll(cpu, vcpu);
}

function findShadow(cpu: Cpu, vcpu: number, cr3: number): number {
  const directory = frameOf(cr3);
  for (let i = 0; i < SHADOWS; i++)
    if (get(cpu, vcpu, LgCpu.shadow, i) !== 0 &&
        get(cpu, vcpu, LgCpu.guest_directory, i) === directory) return i;
  return -1;
}

/** The slot for a new directory: an empty one, or whom the dice hit. */
function chooseSlot(cpu: Cpu, vcpu: number): number {
  for (let i = 0; i < SHADOWS; i++)
    if (get(cpu, vcpu, LgCpu.shadow, i) === 0) return i;
  return random(cpu, vcpu) % SHADOWS;
}

/** The next number of a sequence that lives in struct lg_cpu. */
function random(cpu: Cpu, vcpu: number): number {
  const next = (Math.imul(get(cpu, vcpu, LgCpu.seed), 1103515245) +
    12345) >>> 0;
  put(cpu, vcpu, LgCpu.seed, next);
  return next >>> 16;
}

/** Before its first page table a Guest sees its memory as it is. */
export function startLinear(cpu: Cpu, vcpu: number, lg: number): void {
  put(cpu, vcpu, LgCpu.linear, 1);
  put(cpu, vcpu, LgCpu.directory, 0);
  put(cpu, vcpu, LgCpu.seed, 1);
  takeSlot(cpu, vcpu, lg, 0);
}

/** NEW_PGTABLE: another cr3. */
export function newPageTable(
  cpu: Cpu, vcpu: number, lg: number, cr3: number,
): void {
  const directory = frameOf(cr3);
  if (!guestHas(cpu, lg, directory, 4096))
    return killGuest(cpu, lg,
      `bad page directory 0x${directory.toString(16)}`);
  if (get(cpu, vcpu, LgCpu.linear)) {
    releaseAllShadows(cpu, vcpu);
    put(cpu, vcpu, LgCpu.linear, 0);
  }
  const known = findShadow(cpu, vcpu, directory);
  const slot = known >= 0 ? known : chooseSlot(cpu, vcpu);
  const blank = known < 0 && takeSlot(cpu, vcpu, lg, slot);
  put(cpu, vcpu, LgCpu.guest_directory, directory, slot);
  put(cpu, vcpu, LgCpu.directory, slot);
  if (blank) pinStack(cpu, vcpu, lg);
}

/** Makes a slot fit for another directory; true if it is blank. */
function takeSlot(
  cpu: Cpu, vcpu: number, lg: number, slot: number,
): boolean {
  const shadow = get(cpu, vcpu, LgCpu.shadow, slot);
  if (shadow !== 0) {
    releaseUser(cpu, vcpu, lg, shadow);
    return false;
  }
  keepPurse(cpu, vcpu);
  put(cpu, vcpu, LgCpu.shadow, takePage(cpu, vcpu), slot);
  return true;
}

/** Puts the pages of the ring-1 stack into the current shadow. */
export function pinStack(cpu: Cpu, vcpu: number, lg: number): void {
  const pages = get(cpu, vcpu, LgCpu.stack_pages);
  if (pages > 0) keepPurse(cpu, vcpu);
  const top = get(cpu, vcpu, LgCpu.esp1) - 1;
  for (let i = 0; i < pages; i++) {
    const address = (top - 4096 * i) >>> 0;
    const at = shadowPte(cpu, currentShadow(cpu, vcpu), address);
    const there = P | RW;
    if (at !== 0 && (cpu.load32(at) & there) === there) continue;
    const found = demandPage(cpu, vcpu, lg, address, 2);
    if (found !== "ours") killGuest(cpu, lg,
      `bad stack page 0x${address.toString(16)}`);
    if (get(cpu, lg, Lguest.dead)) return;
  }
}

/** Forgets what a directory's entry leads to. */
function releasePde(
  cpu: Cpu, vcpu: number, shadow: number, index: number,
): void {
  const at = place.KERNEL + shadow + 4 * index;
  const pde = cpu.load32(at) >>> 0;
  if (!(pde & P)) return;
  givePage(cpu, vcpu, frameOf(pde));
  cpu.store32(at, 0);
}

/** Forgets the half below the Guest's kernel. */
function releaseUser(
  cpu: Cpu, vcpu: number, lg: number, shadow: number,
): void {
  const end = get(cpu, lg, Lguest.kernel_address) >>> 22;
  for (let i = 0; i < end; i++) releasePde(cpu, vcpu, shadow, i);
}

/** Forgets everything but the Switcher's entry, in all directories, and
 * puts the ring-1 stack back. */
export function flushAll(cpu: Cpu, vcpu: number, lg: number): void {
  forgetAll(cpu, vcpu);
  pinStack(cpu, vcpu, lg);
}

function forgetAll(cpu: Cpu, vcpu: number): void {
  for (let slot = 0; slot < SHADOWS; slot++) {
    const shadow = get(cpu, vcpu, LgCpu.shadow, slot);
    if (shadow === 0) continue;
    for (let i = 0; i < 1023; i++) releasePde(cpu, vcpu, shadow, i);
  }
}

/** FLUSH_TLB 0: the user's half of the current directory. */
export function flushUser(cpu: Cpu, vcpu: number, lg: number): void {
  releaseUser(cpu, vcpu, lg, get(cpu, vcpu, LgCpu.shadow,
    get(cpu, vcpu, LgCpu.directory)));
}

/** Gives back all pages of all directories. */
export function releaseAllShadows(cpu: Cpu, vcpu: number): void {
  forgetAll(cpu, vcpu);
  for (let slot = 0; slot < SHADOWS; slot++) {
    const shadow = get(cpu, vcpu, LgCpu.shadow, slot);
    if (shadow !== 0) givePage(cpu, vcpu, shadow);
    put(cpu, vcpu, LgCpu.shadow, 0, slot);
  }
}

/** SET_PTE: the Guest has written this entry. */
export function setPte(
  cpu: Cpu, vcpu: number, lg: number,
  cr3: number, address: number, pte: number,
): void {
  if (address >= SWITCHER)
    return killGuest(cpu, lg,
      `attempt to set a page table entry of the Switcher, 0x${
        address.toString(16)}`);
  const kernel = address >= get(cpu, lg, Lguest.kernel_address);
  for (let slot = 0; slot < SHADOWS; slot++) {
    const shadow = get(cpu, vcpu, LgCpu.shadow, slot);
    if (shadow === 0) continue;
    if (kernel ||
        get(cpu, vcpu, LgCpu.guest_directory, slot) === frameOf(cr3))
      setShadowPte(cpu, lg, shadow, address, pte);
  }
}

function setShadowPte(
  cpu: Cpu, lg: number, shadow: number, address: number, pte: number,
): void {
  const at = shadowPte(cpu, shadow, address);
  if (at === 0) return;
  const now = (pte & P) !== 0 && (pte & A) !== 0 &&
    !isDevice(cpu, lg, pte);
  if (now && !goodPte(cpu, lg, pte)) return;
  cpu.store32(at, now ? shadowEntry(cpu, lg, pte) : 0);
}

/** SET_PGD: the Guest has written this directory entry. */
export function setPgd(
  cpu: Cpu, vcpu: number, lg: number, directory: number, index: number,
): void {
  if (index > 1023)
    return killGuest(cpu, lg, `bad page directory index ${index}`);
  const slot = findShadow(cpu, vcpu, directory);
  if (slot >= 0 && index < 1023)
    releasePde(cpu, vcpu, get(cpu, vcpu, LgCpu.shadow, slot), index);
}
