// Woven from chapters/460-reflection.md.
// Instructions for ring 0 that a Guest's kernel executes in ring 1.
import { GP } from "../machine";
import { EVENT_TRAP } from "./devlguest";
import { tell } from "./events";
import { Data, readData, writeData } from "./guestdata";
import { readGuestBytes } from "./guestmemory";
import { gateOf } from "./idt";
import { killGuest } from "./lguest";
import type { Vcpu } from "./lguest";
import { flushAll, newPageTable } from "./shadow";
import { guestPhysical } from "./translate";

/** Deals with such an instruction, or asks the Launcher to. */
export function emulate(vcpu: Vcpu): void {
  if (!pendingInstruction(vcpu, GP, 0)) return;
  const { insn, lg, regs } = vcpu;
  const length = emulateHere(vcpu, insn.get(0), insn.get(1), insn.get(2));
  if (length > 0) regs.eip += length;
  else {
    vcpu.event = EVENT_TRAP;
    vcpu.pending = 1;
  }
  tell(lg, { kind: length > 0 ? "emulate" : "ask-launcher", trap: GP,
    address: 0 });
}

/** Fills lguest_pending; false if the Guest died of it. */
export function pendingInstruction(
  vcpu: Vcpu, trap: number, address: number,
): boolean {
  const { eip } = vcpu.regs;
  vcpu.trap = trap;
  vcpu.addr = address;
  for (let i = 0; i < 7; i++) {
    const at = guestPhysical(vcpu, (eip + i) >>> 0);
    const byte = at === undefined ? at : readGuestBytes(vcpu.lg, at, 1);
    if (i === 0 && byte === undefined) {
      killGuest(vcpu.lg, `Bad address 0x${eip.toString(16)}`);
      return false;
    }
    vcpu.insn.put(i, byte?.[0] ?? 0);
  }
  return true;
}

/** Carries out what needs no Launcher: its length, or 0. */
function emulateHere(
  vcpu: Vcpu, first: number, second: number, third: number,
): number {
  if (first === 0xf4) {                                   // hlt
    vcpu.halted = 1;
    return 1;
  }
  if (first !== 0x0f) return 0;
  const control = (third >>> 3) & 7, register = general[third & 7]!;
  const { regs } = vcpu;
  switch (second) {
    case 0x06: vcpu.ts = 0; return 2;                     // clts
    case 0x09: return 2;                                  // wbinvd
    case 0x20:                                            // mov %crN, %r
      regs[register] = readControl(vcpu, control);
      return 3;
    case 0x21: regs[register] = 0; return 3;              // mov %drN, %r
    case 0x22:                                            // mov %r, %crN
      writeControl(vcpu, control, regs[register]);
      return 3;
    case 0x23: return 3;                                  // mov %r, %drN
    case 0x30: case 0x32: return modelSpecific(vcpu, second);
    default: return 0;
  }
}

/** wrmsr and rdmsr, of a Guest that has no gate for the fault. */
function modelSpecific(vcpu: Vcpu, second: number): number {
  const [, high] = gateOf(vcpu, GP), { regs } = vcpu;
  if (high !== 0) return 0;
  if (second === 0x32) {
    regs.eax = 0;
    regs.edx = 0;
  }
  return 2;
}

const general = [
  "eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi",
] as const;

function readControl(vcpu: Vcpu, number: number): number {
  const { lg, linear, ts } = vcpu;
  switch (number) {
    case 0:
      return (0x10011 | (linear ? 0 : 0x80000000) | (ts ? 8 : 0)) >>> 0;
    case 2: return lg.initialized ? readData(lg, Data.cr2) : 0;
    case 3: return linear ? 0 : vcpu.cr3;
    default: return 0;
  }
}

function writeControl(vcpu: Vcpu, number: number, value: number): void {
  if (number === 0) vcpu.ts = (value >>> 3) & 1;
  if (number === 2 && vcpu.lg.initialized)
    writeData(vcpu.lg, Data.cr2, value);
  if (number === 3) {
    newPageTable(vcpu, value);
    if (!vcpu.lg.dead) flushAll(vcpu);
  }
}
