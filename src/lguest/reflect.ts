// Woven from chapters/460-reflection.md.
// Traps and interrupts into the Guest, by hand.
import { pushesError, selector } from "../host";
import { IF } from "../machine";
import { tell } from "./events";
import { Data, readData, writeData } from "./guestdata";
import { writeGuest32 } from "./guestmemory";
import { gateOf, gateType, INTERRUPT_GATE } from "./idt";
import { killGuest } from "./lguest";
import type { Vcpu } from "./lguest";
import { guestPhysical } from "./translate";

/** TF, NT, RF, VM: off in every handler. */
const HANDLER_CLEARS = 0x100 | 0x4000 | 0x10000 | 0x20000;

/** Pushes what an interrupt pushes; false if the Guest died of it. */
export function pushFrame(vcpu: Vcpu, hasError: boolean): boolean {
  const { lg, regs } = vcpu, { ss, esp } = regs;
  const inner = (ss & 3) !== 1;
  const on = lg.initialized === 0 ||
    (readData(lg, Data.irq_enabled) & IF) !== 0;
  const eflags = regs.eflags & (on ? -1 : ~IF);
  const words = [eflags, regs.cs, regs.eip];
  if (inner) words.unshift(ss, esp);
  if (hasError) words.push(regs.errcode);
  const top = inner ? vcpu.esp1 : esp;
  if (!pushWords(vcpu, top, words)) return false;
  if (inner) regs.ss = vcpu.ss1;
  regs.esp = (top - 4 * words.length) >>> 0;
  return true;
}

function pushWords(vcpu: Vcpu, top: number, words: number[]): boolean {
  const below = (top - 1) >>> 0;
  let at = guestPhysical(vcpu, top) ??
    (guestPhysical(vcpu, below) ?? -2) + 1;
  if (at < 0) {
    killGuest(vcpu.lg, `Bad address 0x${top.toString(16)}`);
    return false;
  }
  for (const word of words) {
    at -= 4;
    if (writeGuest32(vcpu.lg, at, word)) continue;
    killGuest(vcpu.lg, `bad write address 0x${(at >>> 0).toString(16)}`);
    return false;
  }
  return true;
}

/** The Guest goes on at a gate's address. */
export function enterHandler(vcpu: Vcpu, vector: number): void {
  const { regs } = vcpu, [low, high] = gateOf(vcpu, vector);
  regs.cs = selector.KERNEL_CS | 1;
  regs.eip = (high & 0xffff0000) | (low & 0xffff);
  regs.eflags &= ~HANDLER_CLEARS;
  if (gateType(high) === INTERRUPT_GATE)
    writeData(vcpu.lg, Data.irq_enabled, 0);
}

/** Sends a trap into the Guest; false if it has no gate for it. */
export function deliverTrap(vcpu: Vcpu, vector: number): boolean {
  const [, high] = gateOf(vcpu, vector);
  if (!(high & 0x8000)) return false;
  const { eip } = vcpu.regs;
  if (!pushFrame(vcpu, pushesError(vector))) return true;
  enterHandler(vcpu, vector);
  tell(vcpu.lg, { kind: "reflect", vector, eip });
  return true;
}
