// Woven from chapters/460-reflection.md.
// Where a Guest's address leads, by the Guest's own tables.
import { readGuest32 } from "./guestmemory";
import type { Vcpu } from "./lguest";

/** Guest-physical address of a linear one, or undefined if the Guest's
 * tables have none; no check of what it may do there. */
export function guestPhysical(
  vcpu: Vcpu, address: number,
): number | undefined {
  const { lg, linear, cr3 } = vcpu;
  if (linear) return address;
  const pde = readGuest32(lg, cr3 + 4 * (address >>> 22)) ?? 0;
  if (!(pde & 1)) return undefined;
  const table = pde - (pde & 4095);
  const pte = readGuest32(lg, table + 4 * ((address >>> 12) & 1023)) ?? 0;
  return pte & 1 ? pte - (pte & 4095) + (address & 4095) : undefined;
}
