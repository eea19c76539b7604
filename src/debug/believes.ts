// Woven from chapters/672-globals.md.
// Whom a CPU of the Host's believes itself to be.
import { get, hostMemory, PerCpu, Thread } from "../host";
import { LgCpu, lguestMap, lguestOf } from "../lguest";
import { BASE, FS, SEGMENTS } from "../machine";
import type { Machine } from "../machine";

/** What the Host's code on a CPU takes for granted. */
export interface Belief {
  /** The number behind its %fs. */
  readonly cpu: number;
  /** Number of the Guest whose thread it is on, if it is one's. */
  readonly guest: number | undefined;
}

/** Whom the CPU with this number believes itself to be, while it is in
 * the Host. */
export function believes(machine: Machine, id: number): Belief {
  const memory = hostMemory(machine), { w } = machine.cpus[id]!;
  const mine = w[SEGMENTS + 4 * FS + BASE]! >>> 0;
  const thread = get(memory, mine, PerCpu.current);
  const vcpu = get(memory, thread, Thread.module);
  const lguest = get(memory, vcpu, LgCpu.lguest);
  const guest = Array.from({ length: lguestMap.GUESTS_MAX },
    (_, n) => lguestOf(n)).indexOf(lguest);
  return { cpu: get(memory, mine, PerCpu.number),
    guest: guest < 0 ? undefined : guest };
}
