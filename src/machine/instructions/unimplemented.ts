// Woven from chapters/716-gates.md.
import type { Cpu } from "../cpu/cpu";
import { Fault, UD } from "../ground/fault";
import { EIP } from "../ground/state";

/** #UD, and an event that says what the machine doesn't have yet. */
export function unimplemented(cpu: Cpu, what: string): Fault {
  const { board } = cpu;
  board.events.emit({ kind: "unimplemented", cpu: cpu.id,
    count: board.count, what, eip: cpu.w[EIP]! >>> 0 });
  return new Fault(UD);
}
