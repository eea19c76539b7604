// Woven from chapters/420-threads.md.
// When this CPU's timer has to go off.
import type { Cpu } from "../machine";
import { get, put } from "./layout";
import { HOST, PerCpu, Shared, cpuArea } from "./structures";

/** Clock ticks of a slice: a thousandth of a second. */
export const SLICE = 100000;

/** A thread that has used so much of its slice gets this CPU for the rest,
 * or for a new one. */
export function startSlice(cpu: Cpu, used: number): void {
  put(cpu, cpuArea(cpu.id), PerCpu.slice_end,
    cpu.clock + SLICE - (used < SLICE ? used : 0));
}

/** Ticks that are gone of the slice of whoever runs here. */
export function usedSlice(cpu: Cpu): number {
  const end = get(cpu, cpuArea(cpu.id), PerCpu.slice_end);
  return Math.max(0, Math.floor(cpu.clock - end + SLICE));
}

/** Ticks to the end of the slice or the next alarm; 0 means never. */
export function ticksToNext(cpu: Cpu, idle: boolean): number {
  const alarm = get(cpu, HOST, Shared.next_alarm) || Infinity;
  const end = idle ? Infinity
    : get(cpu, cpuArea(cpu.id), PerCpu.slice_end);
  const when = Math.min(alarm, end);
  if (when === Infinity) return 0;
  return Math.min(Math.max(1, when - cpu.clock), 0xffffffff);
}
