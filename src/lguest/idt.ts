// Woven from chapters/460-reflection.md.
// A Guest's IDT: what it asks for, and what it gets.
import { gateWords, get, HOST, putDescriptor, selector } from "../host";
import { DB, DF, GP, NM, NMI, PF } from "../machine";
import { killGuest } from "./lguest";
import type { Guest, Vcpu } from "./lguest";
import { LguestPages } from "./lguestpages";
import type { Pair } from "./lguestpages";
import { LGUEST_CS, LGUEST_TRAP } from "./map";
import { CHANGED_IDT } from "./segments";
import { LguestShared } from "./structures";

const PRESENT = 0x8000;
export const INTERRUPT_GATE = 0xe, TRAP_GATE = 0xf;

/** The type of a gate, from its high word. */
export function gateType(high: number): number {
  return (high >>> 8) & 15;
}

/** The two words of a Guest's gate; 0, 0 if it has none. */
export function gateOf(vcpu: Vcpu, vector: number): [number, number] {
  if (vector >= 256) return [0, 0];
  return [vcpu.idt.get(2 * vector), vcpu.idt.get(2 * vector + 1)];
}

/** LOAD_IDT_ENTRY. */
export function setGate(
  vcpu: Vcpu, vector: number, low: number, high: number,
): void {
  if ([NMI, DF, 15, LGUEST_TRAP].includes(vector)) return;
  if (vector > 255)
    return killGuest(vcpu.lg, `Setting idt entry ${vector}`);
  const type = gateType(high), present = (high & PRESENT) !== 0;
  if (present && type !== INTERRUPT_GATE && type !== TRAP_GATE)
    return killGuest(vcpu.lg, `bad IDT type ${type}`);
  const kernel = ((selector.KERNEL_CS | 1) << 16) | (low & 0xffff);
  vcpu.idt.put(2 * vector, present ? kernel : 0);
  vcpu.idt.put(2 * vector + 1, present ? high & 0xffffef00 : 0);
  vcpu.changed |= CHANGED_IDT;
}

/** Whether the Guest's gate counts: for its DPL, or as it is. */
function isTheirs(lg: Guest, vector: number): boolean {
  if ([NM, GP, PF, LGUEST_TRAP].includes(vector)) return false;
  return vector < 32 || vector === lg.syscall_vec;
}

/** Copies the Guest's gates to the CPU's IDT, as far as they can be. */
export function copyTraps(vcpu: Vcpu, pages: Pair): void {
  const { cpu, lg } = vcpu, idt = pages.at + LguestPages.guest_idt.offset;
  const stubs = get(cpu, HOST, LguestShared.guest_stubs);
  const syscall = lg.syscall_vec || 0x80;
  for (const n of [...Array(32).keys(), syscall]) {
    const [low, high] = gateOf(vcpu, n);
    const theirs = isTheirs(lg, n);
    if (theirs && n !== DB && gateType(high) === TRAP_GATE) {
      putDescriptor(cpu, idt + 8 * n, low, high);
      continue;
    }
    const dpl = n === LGUEST_TRAP ? 1 : theirs ? (high >>> 13) & 3 : 0;
    const stub = cpu.load32(stubs + 4 * n) >>> 0;
    putDescriptor(cpu, idt + 8 * n, ...gateWords(LGUEST_CS, stub, dpl));
  }
}
