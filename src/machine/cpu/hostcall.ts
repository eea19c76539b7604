// Woven from chapters/914-helpers.md.
import type { Cpu } from "./cpu";
import { Fault, UD } from "../ground/fault";
import { CLOCK, CPL } from "../ground/state";

/** A function of the Host that machine code calls by its number. */
export interface HostCall {
  readonly name: string;
  /** Ticks of machine time that it takes. */
  readonly cost: number;
  /** Whether there may be as much to do as there is memory. */
  readonly bulk?: boolean;
  /** Acts on this CPU alone; a Fault is delivered at the host call. */
  run(cpu: Cpu): void;
}

/** How many accesses a host call has: so many on any machine, and one that
 * is bulky so many for each byte of RAM. */
const ACCESSES = 2 ** 21, ACCESSES_EACH = 2;

/** 0F 3F ib: armed and in ring 0 a host call, otherwise #UD. */
export function runHostCall(cpu: Cpu, n: number): void {
  const { board } = cpu;
  const found = cpu.hostCalls[n];
  if (!board.hostArmed || cpu.w[CPL] !== 0 || !found) throw new Fault(UD);
  const { events } = board;
  if (events.active) events.emit({
    kind: "hostcall", cpu: cpu.id, count: board.count, number: n,
    name: found.name,
  });
  cpu.hostCallLeft = ACCESSES +
    (found.bulk ? ACCESSES_EACH * board.ramSize : 0);
  try {
    found.run(cpu);
  } finally {
    cpu.hostCallLeft = Infinity;
  }
  cpu.d[CLOCK]! += found.cost;
}
