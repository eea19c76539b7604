// Woven from chapters/801-where.md.
// The Host's memory from outside, without leaving a trace.
import type { Machine } from "../machine";
import { get } from "./layout";
import type { Memory } from "./layout";
import { place } from "./map";
import { HOST, Shared } from "./structures";

/** The Host's memory by its virtual addresses, past TLB and CPUs. */
export function hostMemory(machine: Machine): Memory {
  const { buffer, byteOffset, byteLength } = machine.ram;
  const ram = new DataView(buffer, byteOffset, byteLength);
  const isRam = (at: number, size: number) =>
    at >= 0 && at + size <= byteLength;
  const load8 = (a: number) =>
    isRam(a -= place.KERNEL, 1) ? ram.getUint8(a) : 0;
  const load16 = (a: number) =>
    isRam(a -= place.KERNEL, 2) ? ram.getUint16(a, true) : 0;
  const load32 = (a: number) =>
    isRam(a -= place.KERNEL, 4) ? ram.getUint32(a, true) : 0;
  const store = () => { throw new Error("inspectors only look"); };
  return {
    load8, load16, load32,
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
