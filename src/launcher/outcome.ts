// Woven from chapters/440-dev.md.
// How Guests stand, read from outside.
import { get, hostMemory, lastWords, textAt } from "../host";
import { guestStates, Lguest, lguestOf } from "../lguest";
import type { GuestOutcome } from "../lguest";
import type { Machine } from "../machine";

/** How the Guest with this number stands or ended. */
export function guestOutcome(machine: Machine, guest: number): GuestOutcome {
  const memory = hostMemory(machine), lg = lguestOf(guest);
  const state = guestStates[get(memory, lg, Lguest.state)] ?? "killed";
  return { state, reason: lastWords(textAt(memory,
    lg + Lguest.reason.offset)) };
}

/** Round trips Host, Guest, Host of the Guest with this number. */
export function worldSwitches(machine: Machine, guest: number): number {
  return get(hostMemory(machine), lguestOf(guest), Lguest.switches);
}
