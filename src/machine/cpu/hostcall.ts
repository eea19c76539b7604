// Woven from chapters/910-semantics.md.
import type { Cpu } from "./cpu";
import { Fault, UD } from "../ground/fault";
import { CLOCK, CPL } from "../ground/state";

/** A function of the Host that machine code calls by its number. */
export interface HostCall {
  readonly name: string;
  /** Ticks of machine time that it takes. */
  readonly cost: number;
  /** Acts on this CPU alone; a Fault is delivered at the host call. */
  run(cpu: Cpu): void;
}

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
  found.run(cpu);
  cpu.d[CLOCK]! += found.cost;
}
