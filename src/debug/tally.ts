// Woven from chapters/610-costs.md.
// Accounts of world switches, by cause, from the event stream.
import { vector } from "../host";
import { hypercalls, lguestMap } from "../lguest";
import { GP, PF } from "../machine";
import type { Machine, MachineEvent } from "../machine";

/** What hypercalls are called. */
export const hypercallNames: Readonly<Record<number, string>> =
  Object.fromEntries(Object.entries(hypercalls).map(([name, n]) => [n, name]));

/** How often each; the names are for people. */
export interface Tally {
  /** World switches by cause. */
  readonly causes: ReadonlyMap<string, number>;
  /** Posted hypercalls by name, which cost no switch of their own. */
  readonly posted: ReadonlyMap<string, number>;
  /** Ends the accounts. */
  stop(): void;
}

const FAULT: Readonly<Record<string, string>> = {
  "shadow-fill": "page fault, shadow filled",
  "reflect": "page fault, reflected",
  "ask-launcher": "page fault, at a device",
  "killed": "page fault, the last one",
};
const GENERAL: Readonly<Record<string, string>> = {
  "emulate": "instruction, emulated",
  "ask-launcher": "instruction, for the Launcher",
  "reflect": "trap 13, reflected",
  "killed": "trap 13, the last one",
};

/** What a switch was for, by its trap and what came next. */
function causeOf(trap: number, next: MachineEvent): string | undefined {
  if (trap === PF) return FAULT[next.kind];
  if (trap === GP) return GENERAL[next.kind];
  if (next.kind !== "hypercall" || next.posted) return undefined;
  return hypercallNames[Number(next.number)] ?? "a bad hypercall";
}

/** What is clear from the trap alone. */
function plainCause(trap: number): string | undefined {
  if ([GP, PF, lguestMap.LGUEST_TRAP].includes(trap)) return undefined;
  if (trap === vector.TIMER_VECTOR) return "the Host's timer";
  if (trap >= 32 && trap < 256 && trap !== 128)
    return "another interrupt of the Host's";
  return `trap ${trap}`;
}

/** Begins to keep accounts of a machine's world switches. */
export function tallySwitches(machine: Machine): Tally {
  const causes = new Map<string, number>();
  const posted = new Map<string, number>();
  const open = new Map<unknown, number>();
  const count = (map: Map<string, number>, name: string) =>
    map.set(name, (map.get(name) ?? 0) + 1);
  const stop = machine.events.on((event) => {
    const trap = open.get(event.guest);
    if (event.kind === "switch") {
      const plain = plainCause(Number(event.trap));
      if (plain) count(causes, plain);
      else open.set(event.guest, Number(event.trap));
    } else if (trap !== undefined) {
      const cause = causeOf(trap, event);
      if (cause) {
        count(causes, cause);
        open.delete(event.guest);
      }
    }
    if (event.kind === "hypercall" && event.posted)
      count(posted, hypercallNames[Number(event.number)] ?? "a bad one");
  });
  return { causes, posted, stop };
}
