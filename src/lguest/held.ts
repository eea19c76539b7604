// Woven from chapters/70-switcher.md.
// A debug trap that came when its Guest had left already.
import { get, place, put } from "../host";
import { DB } from "../machine";
import type { Cpu } from "../machine";
import { killUnhandled, LgCpu, Lguest } from "./lguest";
import { LguestPages } from "./lguestpages";
import { deliverTrap } from "./reflect";

/** Gives the Guest the debug trap that the Switcher has held back. */
export function deliverHeld(cpu: Cpu, vcpu: number, lg: number): void {
  const page = place.KERNEL + get(cpu, vcpu, LgCpu.regs_page);
  if (get(cpu, page, LguestPages.held) === 0) return;
  put(cpu, page, LguestPages.held, 0);
  if (get(cpu, lg, Lguest.dead)) return;
  put(cpu, vcpu, LgCpu.halted, 0);
  if (!deliverTrap(cpu, vcpu, lg, DB)) killUnhandled(cpu, vcpu, lg, DB);
}
