// What to tell a Guest that dies of floating point.
import type { Cpu } from "../machine";
import { readGuestBytes } from "./guestmemory";
import { get } from "./layout";
import { LgCpu } from "./lguest";
import { Regs } from "./lguestpages";
import { guestPhysical } from "./translate";

const PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67];

/** Whether WAIT or an instruction for the coprocessor is at eip. */
function isFloating(cpu: Cpu, vcpu: number, lg: number): boolean {
  const eip = get(cpu, get(cpu, vcpu, LgCpu.regs), Regs.eip);
  for (let i = 0; i < 15; i++) {
    const at = guestPhysical(cpu, vcpu, lg, (eip + i) >>> 0) ?? -1;
    const byte = readGuestBytes(cpu, lg, at, 1)?.[0] ?? 0;
    if (!PREFIXES.includes(byte))
      return byte === 0x9b || (byte & 0xf8) === 0xd8;
  }
  return false;
}

/** What belongs behind the reason, if a trap is about floating point. */
export function floatingHint(
  cpu: Cpu, vcpu: number, lg: number, trap: number,
): string {
  if (trap !== 7 && (trap !== 6 || !isFloating(cpu, vcpu, lg))) return "";
  return ": floating point, and this machine has no coprocessor; " +
    "try no387, or a kernel that emulates one";
}
