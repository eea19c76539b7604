// Woven from chapters/500-switcher.md.
// A debug trap that came when its Guest had left already.
import { place } from "../host";
import { DB } from "../machine";
import { killUnhandled } from "./lguest";
import type { Vcpu } from "./lguest";
import { Pair } from "./lguestpages";
import { deliverTrap } from "./reflect";

/** Gives the Guest the debug trap that the Switcher has held back. */
export function deliverHeld(vcpu: Vcpu): void {
  const pages = new Pair(vcpu.cpu, place.KERNEL + vcpu.regs_page);
  if (pages.held === 0) return;
  pages.held = 0;
  if (vcpu.lg.dead) return;
  vcpu.halted = 0;
  if (!deliverTrap(vcpu, DB)) killUnhandled(vcpu, DB);
}
