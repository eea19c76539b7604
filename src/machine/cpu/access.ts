// Woven from chapters/724-faults.md.
import { narrow } from "../ground/bus";
import type { Cpu } from "./cpu";

/** Whoever listens hears of an access to a device. */
export function tellAccess(
  cpu: Cpu, kind: "port" | "device", address: number, size: number,
  value: number, write: boolean,
): void {
  const { board } = cpu;
  if (board.events.active) board.events.emit({ kind, cpu: cpu.id,
    count: board.count, address, size, value: narrow(value, size) >>> 0,
    write });
}
