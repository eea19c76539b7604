// Woven from chapters/752-virtual.md.
import type { Cpu } from "./cpu";
import { putSegment } from "./descriptors";
import { gp } from "../ground/fault";
import { loadParagraph } from "./realmode";
import { selectorOf } from "./segments";
import type { InnerStack } from "./stack";
import {
  BASE, CR4, CR4_PVI, CR4_VME, CPL, DS, ES, ESP, FS, GS, IF, IOPL, LIMIT,
  SEGMENTS, SYSTEM_FLAGS, TF, TR, TSS_LIMIT, TSS_PORT_MAP, VIF, VIP, VM,
} from "../ground/state";

/** Pushes what only an interrupted 8086 has on ring 0's stack. */
export function pushParagraphs(
  cpu: Cpu, stack: InnerStack, size: 2 | 4,
): void {
  for (const segment of [GS, FS, DS, ES]) {
    stack.push(size, selectorOf(cpu, segment));
  }
}

/** Ring 0 begins with null in all data segments. */
export function dropParagraphs(cpu: Cpu): void {
  for (const segment of [GS, FS, DS, ES]) {
    putSegment(cpu, segment, 0, 0, 0, 0);
  }
}

/** IRET in ring 0 to virtual 8086 mode; the first three words have been
 * read (SDM 2A, IRET). */
export function returnToVirtual(
  cpu: Cpu, cs: number, eip: number, flags: number,
): void {
  const esp = cpu.peekStack(12, 4), ss = cpu.peekStack(16, 4);
  const [es, ds, fs, gs] =
    [20, 24, 28, 32].map((depth) => cpu.peekStack(depth, 4));
  if (eip >>> 0 > 0xffff) throw gp();
  cpu.setEflags(flags);
  cpu.setCpl(3);
  [es, cs, ss, ds, fs, gs].forEach((selector, segment) =>
    loadParagraph(cpu, segment, selector!));
  cpu.w[ESP] = esp;
  cpu.next = eip;
}

/** Whether IOPL forbids the present program its flags: virtual 8086 mode,
 * and IOPL below 3. */
function isMinded(cpu: Cpu): boolean {
  const flags = cpu.w[SYSTEM_FLAGS]!;
  return (flags & VM) !== 0 && (flags & IOPL) !== IOPL;
}

/** Whether PUSHF, POPF or IRET has VIF in place of IF; #GP if neither is
 * the program's to have. */
export function hasVirtualFlag(cpu: Cpu, size: number): boolean {
  if (!isMinded(cpu)) return false;
  if (size !== 2 || !(cpu.w[CR4]! & CR4_VME)) throw gp();
  return true;
}

/** FLAGS as the program believes them to be. */
export function believedFlags(cpu: Cpu): number {
  const flags = cpu.eflags();
  return (flags & ~IF) | IOPL | (flags & VIF ? IF : 0);
}

/** FLAGS from the program's stack, with IF as VIF; or #GP. */
export function takeBelieved(cpu: Cpu, flags: number): number {
  const waits = cpu.w[SYSTEM_FLAGS]! & VIP;
  if (flags & TF || (flags & IF && waits)) throw gp();
  return flags & IF ? flags | VIF : flags;
}

/** CLI or STI in a ring above IOPL: on VIF, or #GP. */
export function changeVif(cpu: Cpu, on: boolean): void {
  const { w } = cpu, flags = w[SYSTEM_FLAGS]!;
  const ring3 = w[CPL] === 3 ? CR4_PVI : 0;
  const allowed = w[CR4]! & (flags & VM ? CR4_VME : ring3);
  if (!allowed || (on && flags & VIP)) throw gp();
  w[SYSTEM_FLAGS] = on ? flags | VIF : flags & ~VIF;
}

/** Whether the next instruction is a #GP because VIF and VIP are set. */
export function virtualIsDue(cpu: Cpu): boolean {
  const { w } = cpu, flags = w[SYSTEM_FLAGS]!, cr4 = w[CR4]!;
  if (!(flags & VIF && flags & VIP)) return false;
  return (flags & VM && cr4 & CR4_VME) !== 0 ||
    (w[CPL] === 3 && (cr4 & CR4_PVI) !== 0);
}

/** Whether INT n stays in virtual 8086 mode; #GP if it may not leave. */
export function isRedirected(cpu: Cpu, vector: number): boolean {
  const { w } = cpu;
  if (w[SYSTEM_FLAGS]! & VM && w[CR4]! & CR4_VME) {
    const tr = SEGMENTS + 4 * TR, limit = w[tr + LIMIT]! >>> 0;
    const base = w[tr + BASE]!;
    if (limit < TSS_LIMIT) throw gp();
    const map = cpu.loadLinear((base + TSS_PORT_MAP) | 0, 2) - 32;
    const at = map + (vector >>> 3);
    if (at < 0 || at > limit) throw gp();
    const bits = cpu.loadLinear((base + at) | 0, 1);
    if (!(bits & (1 << (vector & 7)))) return true;
  }
  if (isMinded(cpu)) throw gp();
  return false;
}
