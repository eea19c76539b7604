// Woven from chapters/510-loop.md.
// Why a Guest came back.
import { GP, NM, PF } from "../machine";
import type { Cpu } from "../machine";
import { EVENT_TRAP } from "./devlguest";
import { emulate, pendingInstruction } from "./emulate";
import { tell } from "./events";
import { Data, writeData } from "./guestdata";
import { currentVcpu, killUnhandled } from "./lguest";
import type { Guest, Vcpu } from "./lguest";
import { LGUEST_CS, LGUEST_TRAP } from "./map";
import { deliverTrap } from "./reflect";
import { demandPage } from "./shadow";

/** Host call: deals with the trap in the current Guest's registers. */
export function lguestTrap(cpu: Cpu): void {
  const vcpu = currentVcpu(cpu), { lg, regs } = vcpu;
  const trap = regs.trapnum, error = regs.errcode;
  switch (trap) {
    case LGUEST_TRAP: vcpu.hcall = 1; return;
    case NM:
      if (!vcpu.ts) return;
      break;
    case GP:
      if (error !== 0 || (regs.cs & 3) !== 1) break;
      return emulate(vcpu);
    case PF: {
      const { cr2 } = vcpu, found = demandPage(vcpu, cr2, error);
      if (found === "ours") return;
      if (lg.initialized) writeData(lg, Data.cr2, cr2);
      if (found === "theirs") break;
      return askLauncher(vcpu, found.device);
    }
    case LGUEST_CS: return killUnhandled(vcpu, 256);
    default: if (isHostInterrupt(lg, trap)) return;
  }
  if (!deliverTrap(vcpu, trap))
    killUnhandled(vcpu, trap, trap === NM ? NO_COPROCESSOR : "");
}

/** An interrupt of the Host's: it has been handled on the way out. */
function isHostInterrupt(lg: Guest, trap: number): boolean {
  return trap >= 32 && trap < 256 && trap !== lg.syscall_vec;
}

/** What else is to be said to a Guest that dies of floating point. */
const NO_COPROCESSOR = ": floating point, and this machine has no " +
  "coprocessor; try no387, or a kernel that emulates one";

/** The Guest has touched a device's page. */
function askLauncher(vcpu: Vcpu, address: number): void {
  if (!pendingInstruction(vcpu, PF, address)) return;
  vcpu.event = EVENT_TRAP;
  vcpu.pending = 1;
  tell(vcpu.lg, { kind: "ask-launcher", trap: PF, address });
}
