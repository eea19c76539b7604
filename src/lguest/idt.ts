// Woven from chapters/67-reflection.md.
// A Guest's IDT: what it asks for, and what it gets.
import { gateWords, get, HOST, put, putDescriptor, selector } from "../host";
import { DB } from "../machine";
import type { Cpu } from "../machine";
import { killGuest, LgCpu, Lguest } from "./lguest";
import { LguestPages } from "./lguestpages";
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
export function gateOf(
  cpu: Cpu, vcpu: number, vector: number,
): [number, number] {
  if (vector >= 256) return [0, 0];
  return [get(cpu, vcpu, LgCpu.idt, 2 * vector),
    get(cpu, vcpu, LgCpu.idt, 2 * vector + 1)];
}

/** LOAD_IDT_ENTRY. */
export function setGate(
  cpu: Cpu, vcpu: number, lg: number,
  vector: number, low: number, high: number,
): void {
  if ([2, 8, 15, LGUEST_TRAP].includes(vector)) return;
  if (vector > 255)
    return killGuest(cpu, lg, `Setting idt entry ${vector}`);
  const type = gateType(high), present = (high & PRESENT) !== 0;
  if (present && type !== INTERRUPT_GATE && type !== TRAP_GATE)
    return killGuest(cpu, lg, `bad IDT type ${type}`);
  const kernel = ((selector.KERNEL_CS | 1) << 16) | (low & 0xffff);
  put(cpu, vcpu, LgCpu.idt, present ? kernel : 0, 2 * vector);
  put(cpu, vcpu, LgCpu.idt, present ? high & 0xffffef00 : 0,
    2 * vector + 1);
  put(cpu, vcpu, LgCpu.changed,
    get(cpu, vcpu, LgCpu.changed) | CHANGED_IDT);
}

/** Whether the Guest's gate counts: for its DPL, or as it is. */
function isTheirs(cpu: Cpu, lg: number, vector: number): boolean {
  if ([7, 13, 14, LGUEST_TRAP].includes(vector)) return false;
  return vector < 32 || vector === get(cpu, lg, Lguest.syscall_vec);
}

/** Copies the Guest's gates to the CPU's IDT, as far as they can be. */
export function copyTraps(cpu: Cpu, vcpu: number, pages: number): void {
  const lg = get(cpu, vcpu, LgCpu.lguest);
  const idt = pages + LguestPages.guest_idt.offset;
  const stubs = get(cpu, HOST, LguestShared.guest_stubs);
  const syscall = get(cpu, lg, Lguest.syscall_vec) || 0x80;
  for (const n of [...Array(32).keys(), syscall]) {
    const [low, high] = gateOf(cpu, vcpu, n);
    const theirs = isTheirs(cpu, lg, n);
    if (theirs && n !== DB && gateType(high) === TRAP_GATE) {
      putDescriptor(cpu, idt + 8 * n, low, high);
      continue;
    }
    const dpl = n === LGUEST_TRAP ? 1
      : theirs ? (high >>> 13) & 3 : 0;
    const stub = cpu.load32(stubs + 4 * n) >>> 0;
    putDescriptor(cpu, idt + 8 * n,
      ...gateWords(LGUEST_CS, stub, dpl));
  }
}
