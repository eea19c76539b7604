// Woven from chapters/66-hypercalls.md.
// Why a Guest came back.
import { emit, get, put } from "../host";
import type { Cpu } from "../machine";
import { EVENT_TRAP } from "./devlguest";
import { emulate, pendingInstruction } from "./emulate";
import { Data, writeData } from "./guestdata";
import { currentVcpu, killUnhandled, LgCpu, Lguest } from "./lguest";
import { Regs } from "./lguestpages";
import { LGUEST_CS, LGUEST_TRAP } from "./map";
import { deliverTrap } from "./reflect";
import { demandPage } from "./shadow";

/** Host call: deals with the trap in the current Guest's registers. */
export function lguestTrap(cpu: Cpu): void {
  const vcpu = currentVcpu(cpu);
  const lg = get(cpu, vcpu, LgCpu.lguest);
  const regs = get(cpu, vcpu, LgCpu.regs);
  const trap = get(cpu, regs, Regs.trapnum);
  const error = get(cpu, regs, Regs.errcode);
  switch (trap) {
    case LGUEST_TRAP: return put(cpu, vcpu, LgCpu.hcall, 1);
    case 7:
      if (!get(cpu, vcpu, LgCpu.ts)) return;
      break;
    case 13:
      if (error !== 0 || (get(cpu, regs, Regs.cs) & 3) !== 1) break;
      if (!emulate(cpu, vcpu, lg)) break;
      return;
    case 14: {
      const cr2 = get(cpu, vcpu, LgCpu.cr2);
      const found = demandPage(cpu, vcpu, lg, cr2, error);
      if (found === "ours") return;
      if (get(cpu, lg, Lguest.initialized)) writeData(cpu, lg, Data.cr2, cr2);
      if (found === "theirs") break;
      return askLauncher(cpu, vcpu, lg, found.device);
    }
    case LGUEST_CS: return killUnhandled(cpu, vcpu, lg, 256);
    default: if (isHostInterrupt(cpu, lg, trap)) return;
  }
  if (!deliverTrap(cpu, vcpu, lg, trap))
    killUnhandled(cpu, vcpu, lg, trap, trap === 7 ? NO_COPROCESSOR : "");
}

/** An interrupt of the Host's: it has been handled on the way out. */
function isHostInterrupt(cpu: Cpu, lg: number, trap: number): boolean {
  return trap >= 32 && trap < 256 &&
    trap !== get(cpu, lg, Lguest.syscall_vec);
}

/** What else is to be said to a Guest that dies of floating point. */
const NO_COPROCESSOR = ": floating point, and this machine has no " +
  "coprocessor; try no387, or a kernel that emulates one";

/** The Guest has touched a device's page. */
function askLauncher(
  cpu: Cpu, vcpu: number, lg: number, address: number,
): void {
  if (!pendingInstruction(cpu, vcpu, lg, 14, address)) return;
  put(cpu, vcpu, LgCpu.event, EVENT_TRAP);
  put(cpu, vcpu, LgCpu.pending, 1);
  if (cpu.machine.events.active)
    emit(cpu, { kind: "ask-launcher", guest: get(cpu, lg, Lguest.index),
      trap: 14, address });
}
