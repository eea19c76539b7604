// Woven from chapters/470-shadow.md.
// Shadow page tables, filled on demand.
import { place, pteOf } from "../host";
import type { Cpu } from "../machine";
import { tell } from "./events";
import { guestFrame, guestHas, readGuest32, writeGuest32 } from
  "./guestmemory";
import { killGuest, SHADOWS } from "./lguest";
import type { Guest, Vcpu } from "./lguest";
import { SWITCHER } from "./map";
import { givePage, POOL_LOW, takePage } from "./pool";

/** Bits of an entry (SDM 3A, 4.3). */
const P = 1, RW = 2, US = 4, A = 0x20, D = 0x40, LARGE = 0x80, G = 0x100;

/** All that a Guest's directory entry may say: P RW US A D. */
const PDE_FLAGS = 0x67;

function frameOf(entry: number): number {
  return entry - (entry & 4095);
}

function goodPde(lg: Guest, pde: number): boolean {
  const good = (pde & 4095 & ~PDE_FLAGS) === 0 && pde >>> 12 < lg.pfn_limit;
  if (!good) killGuest(lg, "bad page directory entry");
  return good;
}

function goodPte(lg: Guest, pte: number): boolean {
  const good = !(pte & LARGE) && pte >>> 12 < lg.pfn_limit;
  if (!good) killGuest(lg, "bad page table entry");
  return good;
}

function isDevice(lg: Guest, pte: number): boolean {
  const pfn = pte >>> 12;
  return !(pte & LARGE) && pfn >= lg.pfn_limit && pfn < lg.device_limit;
}

/** What the Guest's own tables say about an address. */
interface GuestEntries { pde: number; pte: number; pteAt: number }

/** Reads them; undefined if none is there, "dead" if one is bad. */
function guestEntries(
  vcpu: Vcpu, address: number,
): GuestEntries | "dead" | undefined {
  const { lg, linear, cr3 } = vcpu;
  if (linear) {
    const pte = (frameOf(address) | P | RW) >>> 0;
    return { pde: PDE_FLAGS, pte, pteAt: -1 };
  }
  const pde = readGuest32(lg, cr3 + 4 * (address >>> 22)) ?? 0;
  if (!(pde & P)) return undefined;
  if (!goodPde(lg, pde)) return "dead";
  const pteAt = frameOf(pde) + 4 * ((address >>> 12) & 1023);
  return { pde, pteAt, pte: readGuest32(lg, pteAt) ?? 0 };
}

/** Whose a page fault is, or at which device. */
export type FaultFinding = "ours" | "theirs" | { device: number };

/** Fills the shadow, if the Guest's own tables allow the access. */
export function demandPage(
  vcpu: Vcpu, address: number, error: number,
): FaultFinding {
  const write = (error & 2) !== 0, user = (error & 4) !== 0, { lg } = vcpu;
  if (address >= SWITCHER) return "theirs";                      // 1
  const found = guestEntries(vcpu, address);                     // 2, 3
  if (found === "dead") return "ours";
  if (found === undefined || !(found.pte & P)) return "theirs";  // 4
  const { pde, pte, pteAt } = found;
  if (write && !(pde & pte & RW)) return "theirs";               // 5
  if (user && !(pde & pte & US)) return "theirs";
  if (isDevice(lg, pte))                                         // 6
    return { device: frameOf(pte) + (address & 4095) };
  if (!goodPte(lg, pte)) return "ours";                          // 7
  const marked = (pte | A | (write ? D : 0)) >>> 0;              // 8
  const at = makeShadowPte(vcpu, address, pde);                  // 9
  const entry = shadowEntry(lg, marked);                         // 10
  vcpu.cpu.store32(at, entry);
  if (pteAt >= 0) writeGuest32(lg, pteAt, marked);               // 11
  tell(lg, { kind: "shadow-fill", address, entry: entry >>> 0 });
  return "ours";
}

/** The Guest's entry with our frame: never G, not writable until D. */
function shadowEntry(lg: Guest, pte: number): number {
  const write = (pte & D) !== 0;
  const frame = guestFrame(lg, pte >>> 12, write && (pte & RW) !== 0);
  const flags = pte & 4095 & ~G & (write ? ~0 : ~RW);
  return frame | flags;
}

/** The current shadow directory's frame. */
export function currentShadow(vcpu: Vcpu): number {
  return vcpu.shadow.get(vcpu.directory);
}

/** The same, with a new page of entries if there is none; the Guest's
 * flags are in the directory's entry then. */
function makeShadowPte(vcpu: Vcpu, address: number, pde: number): number {
  const { cpu } = vcpu, shadow = currentShadow(vcpu);
  const there = pteOf(cpu, shadow, address) !== 0;
  if (!there) keepPurse(vcpu);
  const at = place.KERNEL + shadow + 4 * (address >>> 22);
  const old = cpu.load32(at) >>> 0;
  if (!there || ((old ^ pde) & (RW | US)) !== 0)
    cpu.store32(at, (there ? frameOf(old) : takePage(vcpu)) |
      (pde & PDE_FLAGS));
  return pteOf(cpu, shadow, address);
}

/** Sees to it that the purse has enough for one answer. Nothing is put back
 * here: who asks has an answer half made. */
function keepPurse(vcpu: Vcpu): void {
  if (vcpu.pool_count < POOL_LOW) forgetAll(vcpu);
}

function findShadow(vcpu: Vcpu, cr3: number): number {
  const directory = frameOf(cr3);
  for (let i = 0; i < SHADOWS; i++)
    if (vcpu.shadow.get(i) !== 0 &&
        vcpu.guest_directory.get(i) === directory) return i;
  return -1;
}

/** The slot for a new directory: an empty one, or whom the dice hit. */
function chooseSlot(vcpu: Vcpu): number {
  for (let i = 0; i < SHADOWS; i++)
    if (vcpu.shadow.get(i) === 0) return i;
  return random(vcpu) % SHADOWS;
}

/** The next number of a sequence that lives in struct lg_cpu. */
function random(vcpu: Vcpu): number {
  const next = (Math.imul(vcpu.seed, 1103515245) + 12345) >>> 0;
  vcpu.seed = next;
  return next >>> 16;
}

/** Before its first page table a Guest sees its memory as it is. */
export function startLinear(vcpu: Vcpu): void {
  vcpu.linear = 1;
  vcpu.directory = 0;
  vcpu.seed = 1;
  takeSlot(vcpu, 0);
}

/** NEW_PGTABLE: another cr3. */
export function newPageTable(vcpu: Vcpu, cr3: number): void {
  const directory = frameOf(cr3);
  if (!guestHas(vcpu.lg, directory, 4096))
    return killGuest(vcpu.lg,
      `bad page directory 0x${directory.toString(16)}`);
  if (vcpu.linear) {
    releaseAllShadows(vcpu);
    vcpu.linear = 0;
  }
  const known = findShadow(vcpu, directory);
  const slot = known >= 0 ? known : chooseSlot(vcpu);
  const blank = known < 0 && takeSlot(vcpu, slot);
  vcpu.guest_directory.put(slot, directory);
  vcpu.directory = slot;
  if (blank) pinStack(vcpu);
}

/** Makes a slot fit for another directory; true if it is blank. */
function takeSlot(vcpu: Vcpu, slot: number): boolean {
  const shadow = vcpu.shadow.get(slot);
  if (shadow !== 0) {
    releaseUser(vcpu, shadow);
    return false;
  }
  keepPurse(vcpu);
  vcpu.shadow.put(slot, takePage(vcpu));
  return true;
}

/** Puts the pages of the ring-1 stack into the current shadow. */
export function pinStack(vcpu: Vcpu): void {
  const { cpu, lg, stack_pages: pages } = vcpu, top = vcpu.esp1 - 1;
  if (pages > 0) keepPurse(vcpu);
  for (let i = 0; i < pages; i++) {
    const address = (top - 4096 * i) >>> 0;
    const at = pteOf(cpu, currentShadow(vcpu), address);
    const there = P | RW;
    if (at !== 0 && (cpu.load32(at) & there) === there) continue;
    const found = demandPage(vcpu, address, 2);
    if (found !== "ours")
      killGuest(lg, `bad stack page 0x${address.toString(16)}`);
    if (lg.dead) return;
  }
}

/** Forgets what a directory's entry leads to. */
function releasePde(vcpu: Vcpu, shadow: number, index: number): void {
  const { cpu } = vcpu, at = place.KERNEL + shadow + 4 * index;
  const pde = cpu.load32(at) >>> 0;
  if (!(pde & P)) return;
  givePage(vcpu, frameOf(pde));
  cpu.store32(at, 0);
}

/** Forgets the half below the Guest's kernel. */
function releaseUser(vcpu: Vcpu, shadow: number): void {
  const end = vcpu.lg.kernel_address >>> 22;
  for (let i = 0; i < end; i++) releasePde(vcpu, shadow, i);
}

/** Forgets everything but the Switcher's entry, in all directories, and
 * puts the ring-1 stack back. */
export function flushAll(vcpu: Vcpu): void {
  forgetAll(vcpu);
  pinStack(vcpu);
}

function forgetAll(vcpu: Vcpu): void {
  for (let slot = 0; slot < SHADOWS; slot++) {
    const shadow = vcpu.shadow.get(slot);
    if (shadow === 0) continue;
    for (let i = 0; i < 1023; i++) releasePde(vcpu, shadow, i);
  }
}

/** FLUSH_TLB 0: the user's half of the current directory. */
export function flushUser(vcpu: Vcpu): void {
  releaseUser(vcpu, currentShadow(vcpu));
}

/** Gives back all pages of all directories. */
export function releaseAllShadows(vcpu: Vcpu): void {
  forgetAll(vcpu);
  for (let slot = 0; slot < SHADOWS; slot++) {
    const shadow = vcpu.shadow.get(slot);
    if (shadow !== 0) givePage(vcpu, shadow);
    vcpu.shadow.put(slot, 0);
  }
}

/** SET_PTE: the Guest has written this entry. */
export function setPte(
  vcpu: Vcpu, cr3: number, address: number, pte: number,
): void {
  if (address >= SWITCHER)
    return killGuest(vcpu.lg,
      `attempt to set a page table entry of the Switcher, 0x${
        address.toString(16)}`);
  const kernel = address >= vcpu.lg.kernel_address;
  for (let slot = 0; slot < SHADOWS; slot++) {
    const shadow = vcpu.shadow.get(slot);
    if (shadow === 0) continue;
    if (kernel || vcpu.guest_directory.get(slot) === frameOf(cr3))
      setShadowPte(vcpu.lg, shadow, address, pte);
  }
}

function setShadowPte(
  lg: Guest, shadow: number, address: number, pte: number,
): void {
  const at = pteOf(lg.cpu, shadow, address);
  if (at === 0) return;
  const now = (pte & P) !== 0 && (pte & A) !== 0 && !isDevice(lg, pte);
  if (now && !goodPte(lg, pte)) return;
  lg.cpu.store32(at, now ? shadowEntry(lg, pte) : 0);
}

/** SET_PGD: the Guest has written this directory entry. */
export function setPgd(vcpu: Vcpu, directory: number, index: number): void {
  if (index > 1023)
    return killGuest(vcpu.lg, `bad page directory index ${index}`);
  const slot = findShadow(vcpu, directory);
  if (slot >= 0 && index < 1023)
    releasePde(vcpu, vcpu.shadow.get(slot), index);
}
