// Woven from chapters/810-guests.md.
// Where the CPUs of a session are.
import { buildHost } from "../lguest";
import {
  ACTIVITY, CPL, EIP, HALTED, hex32, WAITING,
} from "../machine";
import type { Cpu } from "../machine";
import type { Session } from "./session";

type Labels = readonly (readonly [name: string, address: number])[];

/** A sentence for each CPU; none where there is one CPU, and the Switcher
 * is ours. */
export function placesOfCpus({ machine, options }: Session): string[] {
  const { switcher } = options;
  if (machine.cpus.length === 1 && switcher === undefined) return [];
  const labels = [...buildHost({ switcher }).symbols]
    .sort((a, b) => a[1] - b[1]);
  return machine.cpus.map((cpu) => `CPU ${cpu.id} ${placeOf(cpu, labels)}`);
}

function placeOf({ w }: Cpu, labels: Labels): string {
  if (w[ACTIVITY] === WAITING) return "was never started";
  const eip = w[EIP]! >>> 0, ring = w[CPL]!;
  const did = w[ACTIVITY] === HALTED ? "slept" : "was";
  return ring === 0 ? `${did} at ${nearest(eip, labels)}`
    : `${did} in ring ${ring} at 0x${hex32(eip)}`;
}

const FAR = 4096;

function nearest(eip: number, labels: Labels): string {
  const [name, at] = labels.findLast(([, at]) => at <= eip) ?? ["", -FAR];
  const distance = eip - at;
  return distance >= FAR ? `0x${hex32(eip)}`
    : `${name}${distance ? `+0x${distance.toString(16)}` : ""}`;
}
