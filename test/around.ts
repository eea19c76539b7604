// Many tests have a CPU in hand, and now and then want what is around it.
import { Machine } from "../src/machine";
import type { Cpu } from "../src/machine";

/** The machine whose CPU this is. */
export function machineOf(cpu: Cpu): Machine {
  if (cpu.board instanceof Machine) return cpu.board;
  throw new Error("this CPU sits on a board without a machine");
}
