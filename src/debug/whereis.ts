// Woven from chapters/801-where.md.
// Where a CPU is, and whose: asked from outside, it moves nothing.
import { get, PerCpu, Thread } from "../host";
import type { Memory } from "../host";
import { LgCpu, Lguest, lguestMap, lguestOf, SHADOWS } from "../lguest";
import {
  ACTIVITY, BASE, CPL, CR3, EIP, FS, GDTR_BASE, HALTED, RUNNING, SEGMENTS,
} from "../machine";
import type { Cpu } from "../machine";

/** Where a CPU can be; a number is a Guest's, NOBODY if none has that
 * directory. */
export type Where =
  "Host" | "Switcher" | "program" | "asleep" | "off" | number;

const { SWITCHER, GUESTS, GUEST_STRIDE, GUESTS_MAX } = lguestMap;

/** A Guest that is none of those that there are. */
export const NOBODY = GUESTS_MAX;

/** Where a CPU is now; `memory` is the Host's. */
export function whereIs(memory: Memory, cpu: Cpu): Where {
  const { w } = cpu;
  if (w[ACTIVITY] !== RUNNING)
    return w[ACTIVITY] === HALTED ? "asleep" : "off";
  if (w[CPL] === 0)
    return w[EIP]! >>> 0 < SWITCHER ? "Host" : "Switcher";
  return inGuestsWorld(cpu) ? guestByCr3(memory, cpu) : "program";
}

/** Whether a CPU has the descriptor table that the Switcher brings. */
export function inGuestsWorld({ w }: Cpu): boolean {
  return w[GDTR_BASE]! >>> 0 >= SWITCHER;
}

/** The Guest whose shadow directory a CPU has. */
export function guestByCr3(memory: Memory, { w }: Cpu): number {
  const frame = (w[CR3]! & -4096) >>> 0;
  for (let guest = 0; guest < GUESTS_MAX; guest++) {
    const vcpu = get(memory, lguestOf(guest), Lguest.vcpu);
    for (let slot = 0; vcpu !== 0 && slot < SHADOWS; slot++)
      if (get(memory, vcpu, LgCpu.shadow, slot) === frame) return guest;
  }
  return NOBODY;
}

/** What a CPU in the Host believes of itself, by its %fs: the address of
 * its struct cpu, and the Guest whose thread it is on, if it is one's. */
export function beliefOf(
  memory: Memory, { w }: Cpu,
): { readonly area: number; readonly guest: number | undefined } {
  const area = w[SEGMENTS + 4 * FS + BASE]! >>> 0;
  const thread = get(memory, area, PerCpu.current);
  const vcpu = get(memory, thread, Thread.module);
  const guest = vcpu === 0 ? -1
    : (get(memory, vcpu, LgCpu.lguest) - GUESTS) / GUEST_STRIDE;
  const good = Number.isInteger(guest) && guest >= 0 && guest < GUESTS_MAX;
  return { area, guest: good ? guest : undefined };
}
