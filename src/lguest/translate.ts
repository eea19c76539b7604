// Woven from chapters/67-reflection.md.
// Where a Guest's address leads, by the Guest's own tables.
import { get } from "../host";
import type { Cpu } from "../machine";
import { readGuest32 } from "./guestmemory";
import { LgCpu } from "./lguest";

/** Guest-physical address of a linear one, or undefined if the Guest's
 * tables have none; no check of what it may do there. */
export function guestPhysical(
  cpu: Cpu, vcpu: number, lg: number, address: number,
): number | undefined {
  if (get(cpu, vcpu, LgCpu.linear)) return address;
  const current = get(cpu, vcpu, LgCpu.directory);
  const directory = get(cpu, vcpu, LgCpu.guest_directory, current);
  const pde = readGuest32(cpu, lg, directory + 4 * (address >>> 22)) ?? 0;
  if (!(pde & 1)) return undefined;
  const table = pde - (pde & 4095);
  const pte = readGuest32(cpu, lg,
    table + 4 * ((address >>> 12) & 1023)) ?? 0;
  return pte & 1 ? pte - (pte & 4095) + (address & 4095) : undefined;
}
