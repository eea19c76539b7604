// Woven from chapters/842-looking.md.
// Whose page tables there are.
import { get, HOST, hostMemory, Shared } from "../host";
import { LgCpu, Lguest, lguestMap, lguestOf, SHADOWS } from "../lguest";
import { hex32 } from "../machine";
import type { Machine } from "../machine";
import type { Whose } from "./draw-tlb";
import type { Tone } from "./picture";

/** Whether a Host has been put on this machine. */
export function hasHost(machine: Machine): boolean {
  return machine.hostCalls.length > 0;
}

/** Names the page tables that there are at this instant. */
export function whoseTables(
  machine: Machine, names: readonly string[] = [],
): Whose {
  const known = new Map<number, readonly [string, Tone]>();
  if (hasHost(machine)) {
    const memory = hostMemory(machine);
    known.set(get(memory, HOST, Shared.boot_directory), ["the Host", "host"]);
    for (let guest = 0; guest < lguestMap.GUESTS_MAX; guest++) {
      const lg = lguestOf(guest), name = names[guest] ?? `Guest ${guest}`;
      known.set(get(memory, lg, Lguest.directory),
        [`Launcher ${guest}`, "host"]);
      const vcpu = get(memory, lg, Lguest.vcpu);
      for (let slot = 0; vcpu !== 0 && slot < SHADOWS; slot++)
        known.set(get(memory, vcpu, LgCpu.shadow, slot), [name, "guest"]);
    }
    known.delete(0);
  }
  return (cr3) => known.get((cr3 & -4096) >>> 0) ??
    [hex32(cr3), hasHost(machine) ? "program" : "ink"];
}
