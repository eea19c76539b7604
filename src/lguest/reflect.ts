// Woven from chapters/67-reflection.md.
// Traps and interrupts into the Guest, by hand.
import { emit, get, pushesError, put, selector } from "../host";
import type { Cpu } from "../machine";
import { Data, readData, writeData } from "./guestdata";
import { writeGuest32 } from "./guestmemory";
import { gateOf, gateType, INTERRUPT_GATE } from "./idt";
import { killGuest, LgCpu, Lguest } from "./lguest";
import { Regs } from "./lguestpages";
import { guestPhysical } from "./translate";

const IF = 0x200;
/** TF, NT, RF, VM: off in every handler. */
const HANDLER_CLEARS = 0x100 | 0x4000 | 0x10000 | 0x20000;

/** Pushes what an interrupt pushes; false if the Guest died of it. */
export function pushFrame(
  cpu: Cpu, vcpu: number, lg: number, hasError: boolean,
): boolean {
  const regs = get(cpu, vcpu, LgCpu.regs);
  const [ss, esp] = [get(cpu, regs, Regs.ss), get(cpu, regs, Regs.esp)];
  const inner = (ss & 3) !== 1;
  const on = get(cpu, lg, Lguest.initialized) === 0 ||
    (readData(cpu, lg, Data.irq_enabled) & IF) !== 0;
  const eflags = get(cpu, regs, Regs.eflags) & (on ? -1 : ~IF);
  const words = [eflags, get(cpu, regs, Regs.cs), get(cpu, regs, Regs.eip)];
  if (inner) words.unshift(ss, esp);
  if (hasError) words.push(get(cpu, regs, Regs.errcode));
  const top = inner ? get(cpu, vcpu, LgCpu.esp1) : esp;
  if (!pushWords(cpu, vcpu, lg, top, words)) return false;
  if (inner) put(cpu, regs, Regs.ss, get(cpu, vcpu, LgCpu.ss1));
  put(cpu, regs, Regs.esp, (top - 4 * words.length) >>> 0);
  return true;
}

function pushWords(
  cpu: Cpu, vcpu: number, lg: number, top: number, words: number[],
): boolean {
  const below = (top - 1) >>> 0;
  let at = guestPhysical(cpu, vcpu, lg, top) ??
    (guestPhysical(cpu, vcpu, lg, below) ?? -2) + 1;
  if (at < 0) {
    killGuest(cpu, lg, `Bad address 0x${top.toString(16)}`);
    return false;
  }
  for (const word of words) {
    at -= 4;
    if (writeGuest32(cpu, lg, at, word)) continue;
    killGuest(cpu, lg, `bad write address 0x${(at >>> 0).toString(16)}`);
    return false;
  }
  return true;
}

/** The Guest goes on at a gate's address. */
export function enterHandler(
  cpu: Cpu, vcpu: number, lg: number, vector: number,
): void {
  const regs = get(cpu, vcpu, LgCpu.regs);
  const [low, high] = gateOf(cpu, vcpu, vector);
  put(cpu, regs, Regs.cs, selector.KERNEL_CS | 1);
  put(cpu, regs, Regs.eip, (high & 0xffff0000) | (low & 0xffff));
  put(cpu, regs, Regs.eflags,
    get(cpu, regs, Regs.eflags) & ~HANDLER_CLEARS);
  if (gateType(high) === INTERRUPT_GATE)
    writeData(cpu, lg, Data.irq_enabled, 0);
}

/** Sends a trap into the Guest; false if it has no gate for it. */
export function deliverTrap(
  cpu: Cpu, vcpu: number, lg: number, vector: number,
): boolean {
  const [, high] = gateOf(cpu, vcpu, vector);
  if (!(high & 0x8000)) return false;
  const eip = get(cpu, get(cpu, vcpu, LgCpu.regs), Regs.eip);
  if (!pushFrame(cpu, vcpu, lg, pushesError(vector))) return true;
  enterHandler(cpu, vcpu, lg, vector);
  if (cpu.machine.events.active)
    emit(cpu, { kind: "reflect", guest: get(cpu, lg, Lguest.index),
      vector, eip });
  return true;
}
