// Woven from chapters/420-threads.md.
// When this CPU's timer has to go off.
import type { Cpu } from "../machine";
import { get } from "./layout";
import { HOST, Shared, thisCpu } from "./structures";
import type { ThisCpu } from "./structures";

/** Clock ticks of a slice: a thousandth of a second. */
export const SLICE = 100000;

/** A thread that has used so much of its slice gets this CPU for the rest,
 * or for a new one. */
export function startSlice(me: ThisCpu, used: number): void {
  me.slice_end = me.now + SLICE - (used < SLICE ? used : 0);
}

/** Ticks that are gone of the slice of whoever runs here. */
export function usedSlice(me: ThisCpu): number {
  return Math.max(0, me.now - me.slice_end + SLICE);
}

/** Ticks to the end of the slice or the next alarm; 0 means never. */
export function ticksToNext(cpu: Cpu, idle: boolean): number {
  const alarm = get(cpu, HOST, Shared.next_alarm) || Infinity;
  const me = thisCpu(cpu);
  const when = Math.min(alarm, idle ? Infinity : me.slice_end);
  if (when === Infinity) return 0;
  return Math.min(Math.max(1, when - me.now), 0xffffffff);
}
