// Woven from chapters/67-reflection.md.
// Instructions for ring 0 that a Guest's kernel executes in ring 1.
import { emit, get, put } from "../host";
import type { Field } from "../host";
import type { Cpu } from "../machine";
import { EVENT_TRAP } from "./devlguest";
import { Data, readData, writeData } from "./guestdata";
import { readGuestBytes } from "./guestmemory";
import { gateOf } from "./idt";
import { killGuest, LgCpu, Lguest } from "./lguest";
import { Regs } from "./lguestpages";
import { flushAll, newPageTable } from "./shadow";
import { guestPhysical } from "./translate";

/** Deals with such an instruction; false if the Guest must hear of it. */
export function emulate(cpu: Cpu, vcpu: number, lg: number): boolean {
  if (!pendingInstruction(cpu, vcpu, lg, 13, 0)) return true;
  const at = (i: number) => get(cpu, vcpu, LgCpu.insn, i);
  const length = emulateHere(cpu, vcpu, lg, at(0), at(1), at(2));
  const regs = get(cpu, vcpu, LgCpu.regs);
  if (length > 0)
    put(cpu, regs, Regs.eip, get(cpu, regs, Regs.eip) + length);
  else {
    put(cpu, vcpu, LgCpu.event, EVENT_TRAP);
    put(cpu, vcpu, LgCpu.pending, 1);
  }
  if (cpu.machine.events.active)
    emit(cpu, { kind: length > 0 ? "emulate" : "ask-launcher",
      guest: get(cpu, lg, Lguest.index), trap: 13, address: 0 });
  return true;
}

/** Fills lguest_pending; false if the Guest died of it. */
export function pendingInstruction(
  cpu: Cpu, vcpu: number, lg: number, trap: number, address: number,
): boolean {
  const eip = get(cpu, get(cpu, vcpu, LgCpu.regs), Regs.eip);
  put(cpu, vcpu, LgCpu.trap, trap);
  put(cpu, vcpu, LgCpu.addr, address);
  for (let i = 0; i < 7; i++) {
    const at = guestPhysical(cpu, vcpu, lg, (eip + i) >>> 0);
    const byte = at === undefined ? undefined
      : readGuestBytes(cpu, lg, at, 1);
    if (i === 0 && byte === undefined) {
      killGuest(cpu, lg, `Bad address 0x${eip.toString(16)}`);
      return false;
    }
    put(cpu, vcpu, LgCpu.insn, byte?.[0] ?? 0, i);
  }
  return true;
}

/** Carries out what needs no Launcher: its length, or 0. */
function emulateHere(
  cpu: Cpu, vcpu: number, lg: number,
  first: number, second: number, third: number,
): number {
  if (first === 0xf4) {                                   // hlt
    put(cpu, vcpu, LgCpu.halted, 1);
    return 1;
  }
  if (first !== 0x0f) return 0;
  const control = (third >>> 3) & 7, register = general[third & 7]!;
  const regs = get(cpu, vcpu, LgCpu.regs);
  switch (second) {
    case 0x06: put(cpu, vcpu, LgCpu.ts, 0); return 2;     // clts
    case 0x09: return 2;                                  // wbinvd
    case 0x20:                                            // mov %crN, %r
      put(cpu, regs, register, readControl(cpu, vcpu, lg, control));
      return 3;
    case 0x21: put(cpu, regs, register, 0); return 3;     // mov %drN, %r
    case 0x22:                                            // mov %r, %crN
      writeControl(cpu, vcpu, lg, control, get(cpu, regs, register));
      return 3;
    case 0x23: return 3;                                  // mov %r, %drN
    case 0x30: case 0x32: return modelSpecific(cpu, vcpu, second);
    default: return 0;
  }
}

/** wrmsr and rdmsr, of a Guest that has no gate for the fault. */
function modelSpecific(cpu: Cpu, vcpu: number, second: number): number {
  const [, high] = gateOf(cpu, vcpu, 13), regs = get(cpu, vcpu, LgCpu.regs);
  if (high !== 0) return 0;
  if (second === 0x32) {
    put(cpu, regs, Regs.eax, 0);
    put(cpu, regs, Regs.edx, 0);
  }
  return 2;
}

const general: readonly Field[] = [
  Regs.eax, Regs.ecx, Regs.edx, Regs.ebx,
  Regs.esp, Regs.ebp, Regs.esi, Regs.edi,
];

function readControl(
  cpu: Cpu, vcpu: number, lg: number, number: number,
): number {
  const linear = get(cpu, vcpu, LgCpu.linear) !== 0;
  const current = get(cpu, vcpu, LgCpu.directory);
  switch (number) {
    case 0: return (0x10011 | (linear ? 0 : 0x80000000) |
      (get(cpu, vcpu, LgCpu.ts) ? 8 : 0)) >>> 0;
    case 2: return get(cpu, lg, Lguest.initialized)
      ? readData(cpu, lg, Data.cr2) : 0;
    case 3: return linear ? 0
      : get(cpu, vcpu, LgCpu.guest_directory, current);
    default: return 0;
  }
}

function writeControl(
  cpu: Cpu, vcpu: number, lg: number, number: number, value: number,
): void {
  if (number === 0) put(cpu, vcpu, LgCpu.ts, (value >>> 3) & 1);
  if (number === 2 && get(cpu, lg, Lguest.initialized))
    writeData(cpu, lg, Data.cr2, value);
  if (number === 3) {
    newPageTable(cpu, vcpu, lg, value);
    if (!get(cpu, lg, Lguest.dead)) flushAll(cpu, vcpu, lg);
  }
}
