// Woven from chapters/801-where.md.
// Where a CPU is: asked from outside, it moves nothing.
import { get, hostMemory } from "../host";
import { LgCpu, Lguest, lguestMap, lguestOf, SHADOWS } from "../lguest";
import {
  ACTIVITY, CPL, CR3, EIP, GDTR_BASE, HALTED, RUNNING,
} from "../machine";
import type { Cpu, Machine } from "../machine";

/** Where a CPU can be; a number is a Guest's, NOBODY if none has that
 * directory. */
export type Where =
  "Host" | "Switcher" | "program" | "asleep" | "off" | number;

const { SWITCHER, GUESTS_MAX } = lguestMap;

/** A Guest that is none of those that there are. */
export const NOBODY = GUESTS_MAX;

/** Where the CPU with this number is now. */
export function whereIs(machine: Machine, id: number): Where {
  const cpu = machine.cpus[id]!, { w } = cpu;
  if (w[ACTIVITY] !== RUNNING)
    return w[ACTIVITY] === HALTED ? "asleep" : "off";
  if (w[CPL] === 0)
    return w[EIP]! >>> 0 < SWITCHER ? "Host" : "Switcher";
  return inGuestsWorld(cpu) ? guestByCr3(machine, cpu) : "program";
}

/** Whether a CPU has the descriptor table that the Switcher brings. */
export function inGuestsWorld({ w }: Cpu): boolean {
  return w[GDTR_BASE]! >>> 0 >= SWITCHER;
}

/** The Guest whose shadow directory a CPU has. */
export function guestByCr3(machine: Machine, { w }: Cpu): number {
  const memory = hostMemory(machine), frame = (w[CR3]! & -4096) >>> 0;
  for (let guest = 0; guest < GUESTS_MAX; guest++) {
    const vcpu = get(memory, lguestOf(guest), Lguest.vcpu);
    for (let slot = 0; vcpu !== 0 && slot < SHADOWS; slot++)
      if (get(memory, vcpu, LgCpu.shadow, slot) === frame) return guest;
  }
  return NOBODY;
}
