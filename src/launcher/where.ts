// Woven from chapters/810-guests.md.
// Where the CPUs of a session are.
import { nameAddress } from "../assembler";
import type { SymbolTable } from "../assembler";
import { buildHost } from "../lguest";
import { ACTIVITY, CPL, EIP, HALTED, hex32, WAITING } from "../machine";
import type { Cpu } from "../machine";
import type { Session } from "./session";

/** A sentence for each CPU; none where there is one CPU, and the Switcher
 * is ours. */
export function placesOfCpus({ machine, options }: Session): string[] {
  const { switcher } = options;
  if (machine.cpus.length === 1 && switcher === undefined) return [];
  const { symbols } = buildHost({ switcher });
  return machine.cpus.map((cpu) => `CPU ${cpu.id} ${placeOf(cpu, symbols)}`);
}

function placeOf({ w }: Cpu, symbols: SymbolTable): string {
  if (w[ACTIVITY] === WAITING) return "was never started";
  const eip = w[EIP]! >>> 0, ring = w[CPL]!;
  const did = w[ACTIVITY] === HALTED ? "slept" : "was";
  const number = `0x${hex32(eip)}`;
  return ring !== 0 ? `${did} in ring ${ring} at ${number}`
    : `${did} at ${nameAddress(eip, symbols) ?? number}`;
}
