// Woven from chapters/310-launcher.md.
import { hostDeath, loadOutcome, oneLine } from "../host";
import type { HostImage } from "../host";
import { guestOutcome, worldSwitches } from "./outcome";
import type { GuestOutcome } from "../lguest";
import { counted } from "../machine";
import type { Machine } from "../machine";

/** How one Guest ended. */
export interface GuestEnd extends GuestOutcome {
  readonly name: string;
  readonly worldSwitches: number;
}

/** How a run ended. */
export interface End {
  /** 0, 1, 3 or 4, as in the table above. */
  readonly status: 0 | 1 | 3 | 4;
  /** One sentence for each Guest, or one about the Host. */
  readonly sentences: readonly string[];
  /** Retired instructions, summed over all CPUs. */
  readonly instructions: number;
  readonly guests: readonly GuestEnd[];
}

/** Why a machine stopped running. */
export type StopReason =
  "budget" | "halted" | "idle" | "shutdown" | "stopped";

function statusOf(guest: GuestEnd, why: StopReason): 0 | 1 | 4 {
  switch (guest.state) {
    case "poweroff":
    case "restart":
      return 0;
    case "crashed":
    case "killed":
      return 1;
    case "running":
      return why === "halted" ? 1 : 4;
  }
}

function sentenceOf(
  guest: GuestEnd, why: StopReason, instructions: number,
): string {
  const what = guest.state === "running"
    ? (why === "halted" ? "sleeps and nothing can wake it"
      : "still ran when the budget was spent,")
    : PAST[guest.state];
  const reason = guest.reason && guest.reason !== "Power down"
    ? `: ${guest.reason}` : "";
  return `${guest.name} ${what} after ` +
    `${counted(instructions, "instruction")}, ` +
    `${counted(guest.worldSwitches, "world switch")}${reason}`;
}

const PAST = {
  poweroff: "powered off",
  restart: "asked for a restart",
  crashed: "shut down",
  killed: "was killed",
};

/** Says how a run of these Guests ended, from what is in RAM. */
export function judge(
  machine: Machine, names: readonly string[], why: StopReason,
  image?: () => HostImage,
): End {
  const instructions = machine.count;
  const guests = names.map((name, i) => ({
    name: oneLine(name),
    ...guestOutcome(machine, i),
    worldSwitches: worldSwitches(machine, i),
  }));
  const switches = guests.reduce((n, g) => n + g.worldSwitches, 0);
  const effort = `after ${counted(instructions, "instruction")}, ` +
    counted(switches, "world switch");
  const oops = hostDeath(machine, image);
  if (oops) {
    const [first, ...more] = oops;
    const sentences = [`the Host oopsed ${effort}: ${first}`, ...more];
    return { status: 3, sentences, instructions, guests };
  }
  const statuses = guests.map((g) => statusOf(g, why));
  const status = ([4, 1, 0] as const).find((s) => statuses.includes(s));
  const sentences = guests.map((g) => sentenceOf(g, why, instructions));
  const failed = loadOutcome(machine).flatMap(({ status, trap }, n) =>
    status === 0 && trap === "" ? []
      : [`program ${n + 1} of the load found a mistake${trap && `: ${trap}`}`]);
  return { status: failed.length > 0 ? 3 : status ?? 0,
    sentences: [...sentences, ...failed], instructions, guests };
}
