// Woven from chapters/914-helpers.md.
import type { Cpu } from "../cpu/cpu";
import { changeableFlags } from "../cpu/return";
import {
  CPL, IF, INHIBIT, IOPL, RF, SHADOW_STI, SYSTEM_FLAGS, VIF, VM,
} from "../ground/state";
import {
  believedFlags, changeVif, hasVirtualFlag, takeBelieved,
} from "../cpu/virtual";

/** CLI, STI, CLD, STD. STI holds interrupts off for one instruction more. */
export function setFlag(cpu: Cpu, flag: number, on: number): void {
  const w = cpu.w, flags = w[SYSTEM_FLAGS]!;
  if (flag === IF) {
    if (w[CPL]! > (flags & IOPL) >> 12) {
      changeVif(cpu, on !== 0);
      return;
    }
    if (on && !(flags & IF)) w[INHIBIT] = SHADOW_STI;
  }
  w[SYSTEM_FLAGS] = on ? flags | flag : flags & ~flag;
}

/** What PUSHF pushes. */
export function pushedFlags(cpu: Cpu, size: number): number {
  const own = hasVirtualFlag(cpu, size);
  return (own ? believedFlags(cpu) : cpu.eflags()) & ~(VM | RF);
}

/** POPF, as far as the ring allows. */
export function popFlags(cpu: Cpu, value: number, size: number): void {
  const own = hasVirtualFlag(cpu, size);
  if (own) value = takeBelieved(cpu, value);
  const mask = changeableFlags(cpu, size === 2 ? 2 : 4) | (own ? VIF : 0);
  cpu.setEflags(value & ~RF, mask | RF);
}
