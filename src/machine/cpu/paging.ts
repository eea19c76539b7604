// Woven from chapters/030-paging.md, 680-stale.md, 724-faults.md, 720-memory.md.
import type { Cpu } from "./cpu";
import { FAST_READ, FAST_READ_USER, FAST_WRITE, FAST_WRITE_USER } from "./bits";
import { isApic } from "./apic";
import { NOT_READ } from "../ground/windows";
import {
  ERROR_PRESENT, ERROR_RESERVED, ERROR_USER, ERROR_WRITE, Fault, PF,
} from "../ground/fault";
import {
  CR0, CR0_PG, CR0_WP, CR3, CR4, CR4_PGE, CR4_PSE,
} from "../ground/state";
import {
  PTE_A, PTE_D, PTE_G, PTE_P, PTE_PS, PTE_RW, PTE_US, TLB_FRAME,
  tlbDropPage, tlbFind, tlbTakeOldest, tlbWrite,
} from "./tlb";

/** Translates a linear address to a physical one: through the TLB, or by
 * a walk that fills it (SDM 3A, 4.3 and 4.7). If that is a page fault, it
 * gives -1, and the fault is the CPU's `fault`. */
export function reach(
  cpu: Cpu, linear: number, write: boolean, user: boolean, code: boolean,
): number {
  const w = cpu.w;
  if (!(w[CR0]! & CR0_PG)) return unpaged(cpu, linear, code);
  let at = tlbFind(cpu, code, linear);
  if (at >= 0) cpu.tlbWatch?.(cpu, at, linear, write, user, code);
  if (at < 0) {
    const found = walk(cpu, linear, write, user);
    if (!found) return -1;
    at = tlbTakeOldest(cpu, code);
    tlbWrite(cpu, code, at, linear, found);
    const { board } = cpu;
    if (board.events.active) {
      board.events.emit({ kind: "tlb-fill", cpu: cpu.id,
        count: board.count, code, linear: linear >>> 0,
        frame: (found & -4096) >>> 0, global: (found & PTE_G) !== 0 });
    }
  } else if (!allowed(cpu, w[at]!, write, user)) {
    tlbDropPage(cpu, linear);
    refuse(cpu, linear, ERROR_PRESENT, write, user);
    return -1;
  } else if (write && !(w[at]! & PTE_D)) {
    const found = walk(cpu, linear, write, user);
    if (!found) {
      tlbDropPage(cpu, linear);
      return -1;
    }
    if ((found ^ w[at]!) & PTE_PS) {
      tlbDropPage(cpu, linear);
      at = tlbTakeOldest(cpu, code);
    }
    tlbWrite(cpu, code, at, linear, found);
  }
  const bits = w[at]!, within = bits & PTE_PS ? 0x3fffff : 0xfff;
  const { addressMask } = cpu.board;
  const physical =
    ((w[at + TLB_FRAME]! | (linear & within)) & addressMask) >>> 0;
  enterFast(cpu, linear, physical, bits, code);
  return physical;
}

/** Translates a linear address to a physical one, or throws #PF. */
export function translate(
  cpu: Cpu, linear: number, write: boolean, user: boolean, code: boolean,
): number {
  const physical = reach(cpu, linear, write, user, code);
  if (physical < 0) throw cpu.fault!;
  return physical;
}

/** Whether a page's rights are enough for an access. */
export function allowed(
  cpu: Cpu, bits: number, write: boolean, user: boolean,
): boolean {
  if (user) return (bits & PTE_US) !== 0 && (!write || (bits & PTE_RW) !== 0);
  return !write || (bits & PTE_RW) !== 0 || !(cpu.w[CR0]! & CR0_WP);
}

/** Leaves the page fault for an access in `fault` (SDM 3A, 4.7); 0. */
function refuse(
  cpu: Cpu, linear: number, present: number, write: boolean, user: boolean,
): number {
  const error = present | (write ? ERROR_WRITE : 0) |
    (user ? ERROR_USER : 0);
  cpu.fault = new Fault(PF, error, linear >>> 0);
  return 0;
}

const LARGE_RESERVED = 0x3ff000;

/** Walks the page tables, sets A and D, and returns frame and bits; 0 for
 * a page fault. */
function walk(
  cpu: Cpu, linear: number, write: boolean, user: boolean,
): number {
  const w = cpu.w;
  const globals = w[CR4]! & CR4_PGE ? PTE_G : 0;
  const pdeAt = ((w[CR3]! & -4096) >>> 0) + ((linear >>> 22) << 2);
  const pde = cpu.readPhysical(pdeAt, 4);
  if (!(pde & PTE_P)) return refuse(cpu, linear, 0, write, user);
  if (pde & PTE_PS && w[CR4]! & CR4_PSE) {
    if (pde & LARGE_RESERVED) {
      const why = ERROR_PRESENT | ERROR_RESERVED;
      return refuse(cpu, linear, why, write, user);
    }
    if (!allowed(cpu, pde, write, user)) {
      return refuse(cpu, linear, ERROR_PRESENT, write, user);
    }
    const marks = PTE_A | (write ? PTE_D : 0);
    if ((pde & marks) !== marks) cpu.writePhysical(pdeAt, 4, pde | marks);
    const kept = PTE_P | PTE_RW | PTE_US | PTE_D | PTE_PS | globals;
    return (pde & 0xffc00000) | ((pde | marks) & kept);
  }
  const pteAt = ((pde & -4096) >>> 0) + (((linear >>> 12) & 0x3ff) << 2);
  const pte = cpu.readPhysical(pteAt, 4);
  if (!(pte & PTE_P)) return refuse(cpu, linear, 0, write, user);
  const rights = pde & pte & (PTE_RW | PTE_US);
  if (!allowed(cpu, rights, write, user)) {
    return refuse(cpu, linear, ERROR_PRESENT, write, user);
  }
  if (!(pde & PTE_A)) cpu.writePhysical(pdeAt, 4, pde | PTE_A);
  const marks = PTE_A | (write ? PTE_D : 0);
  if ((pte & marks) !== marks) cpu.writePhysical(pteAt, 4, pte | marks);
  const kept = (pte | marks) & (PTE_D | globals);
  return (pte & -4096) | PTE_P | rights | kept;
}

function unpaged(cpu: Cpu, linear: number, code: boolean): number {
  const physical = (linear & cpu.board.addressMask) >>> 0;
  const bits = PTE_P | PTE_RW | PTE_US | PTE_D;
  enterFast(cpu, linear, physical, bits, code);
  return physical;
}

/** Enters in the fast table what the TLB allows without more ado. */
function enterFast(
  cpu: Cpu, linear: number, physical: number, bits: number, code: boolean,
): void {
  const frame = physical & -4096, { board } = cpu;
  if (cpu.tlbWatch) return;
  let may = FAST_READ | (bits & PTE_US ? FAST_READ_USER : 0);
  if (code) {
    const remembered = board.frameOf(frame >>> 0) >= 0;
    if (remembered && !isApic(cpu, frame))
      cpu.fillFastCode(linear, frame, may);
    return;
  }
  if (!isPlain(cpu, linear, frame)) return;
  const window = board.windowOf(frame >>> 0);
  if (bits & PTE_D && !window && !board.codePages[frame >>> 12]) {
    if (allowed(cpu, bits, true, false)) may |= FAST_WRITE;
    if (allowed(cpu, bits, true, true)) may |= FAST_WRITE_USER;
  }
  cpu.fillFast(linear, frame, may);
}

/** Whether data of a page are in RAM that nobody watches. */
export function isPlain(cpu: Cpu, linear: number, frame: number): boolean {
  const { board } = cpu;
  return frame >>> 0 < board.ramSize && !isApic(cpu, frame) &&
    !(board.windowOf(frame >>> 0) & NOT_READ) &&
    !cpu.isWatched(linear >>> 12);
}

/** What the page tables say of a page: frame and bits as a TLB's entry has
 * them, and A if that is set in all; or 0. No TLB is asked, and no bit set
 * (SDM 3A, 4.3). */
export function quietWalk(cpu: Cpu, linear: number): number {
  const { w } = cpu, globals = w[CR4]! & CR4_PGE ? PTE_G : 0;
  const pde = quietEntry(cpu, w[CR3]!, linear >>> 22);
  if (!(pde & PTE_P)) return 0;
  const common = PTE_P | PTE_RW | PTE_US | PTE_A, own = PTE_D | globals;
  if (pde & PTE_PS && w[CR4]! & CR4_PSE) {
    if (pde & LARGE_RESERVED) return 0;
    return pde & (0xffc00000 | common | PTE_PS | own);
  }
  const pte = quietEntry(cpu, pde, (linear >>> 12) & 0x3ff);
  if (!(pte & PTE_P)) return 0;
  return (pte & (-4096 | own)) | (pde & pte & common);
}

/** Does with what a quiet walk has found what a walk for data does that has
 * no bit to set. `physical` is the address. */
export function enterData(
  cpu: Cpu, linear: number, found: number, physical: number,
): void {
  const entry = found & ~PTE_A, at = tlbTakeOldest(cpu, false);
  tlbWrite(cpu, false, at, linear, entry);
  enterFast(cpu, linear, physical, entry, false);
}

// Nobody has page tables in a device.
function quietEntry(cpu: Cpu, table: number, index: number): number {
  const { board } = cpu, at = (table & -4096) + 4 * index;
  const place = board.readable((at & board.addressMask) >>> 0, 4);
  return place < 0 ? 0 : cpu.view.getInt32(place, true);
}

/** The physical address that the page tables give for a linear one, or
 * undefined. */
export function walkQuietly(cpu: Cpu, linear: number): number | undefined {
  if (!(cpu.w[CR0]! & CR0_PG)) return linear >>> 0;
  const found = quietWalk(cpu, linear);
  return found & PTE_P ? physicalOf(found, found, linear) : undefined;
}

/** Where an address lies, by an entry's frame and bits. */
export function physicalOf(
  frame: number, bits: number, linear: number,
): number {
  const within = bits & PTE_PS ? 0x3fffff : 0xfff;
  return ((frame & ~within) | (linear & within)) >>> 0;
}

/** Where an address lies, without side effects: no A, no D, no fill;
 * undefined if nothing is there. For debuggers. */
export function peekPage(cpu: Cpu, linear: number): number | undefined {
  const { w } = cpu;
  const at = w[CR0]! & CR0_PG ? tlbFind(cpu, false, linear) : -1;
  if (at < 0) return walkQuietly(cpu, linear);
  return physicalOf(w[at + TLB_FRAME]!, w[at]!, linear);
}

/** The byte at a linear address without side effects, if it is RAM or
 * ROM. */
export function peek(cpu: Cpu, linear: number): number | undefined {
  const physical = peekPage(cpu, linear);
  if (physical === undefined) return undefined;
  const { board } = cpu, real = (physical & board.addressMask) >>> 0;
  if (board.readable(real, 1) < 0) return undefined;
  return cpu.readPhysical(physical, 1);
}

/** Bytes at a linear address without side effects; undefined if any of
 * them isn't RAM. */
export function readVirtual(
  cpu: Cpu, linear: number, length: number,
): Uint8Array | undefined {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const byte = peek(cpu, (linear + i) | 0);
    if (byte === undefined) return undefined;
    bytes[i] = byte;
  }
  return bytes;
}
