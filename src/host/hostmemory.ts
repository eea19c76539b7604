// Woven from chapters/410-traps.md.
// The Host's memory from outside, without leaving a trace.
import type { Machine } from "../machine";
import { get } from "./layout";
import type { Memory } from "./layout";
import { place } from "./map";
import { HOST, Shared } from "./structures";

/** The Host's memory by its virtual addresses, past TLB and CPUs. */
export function hostMemory(machine: Machine): Memory {
  const load = (address: number, size: number) => {
    const at = address - place.KERNEL;
    if (at < 0 || at + size > machine.ramSize) return 0;
    const bytes = machine.readRam(at, size);
    return bytes.reduceRight((value, byte) => value * 256 + byte, 0);
  };
  const store = () => { throw new Error("inspectors only look"); };
  return {
    load8: (a) => load(a, 1), load16: (a) => load(a, 2),
    load32: (a) => load(a, 4),
    store8: store, store16: store, store32: store,
  };
}

/** Pages that nobody has: now, and right after the boot. */
export function freePages(machine: Machine): { now: number; boot: number } {
  const memory = hostMemory(machine);
  return {
    now: get(memory, HOST, Shared.pages_free),
    boot: get(memory, HOST, Shared.pages_at_boot),
  };
}
