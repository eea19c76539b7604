// Woven from chapters/450-hypercalls.md.
// struct lguest_data, in Guest memory: what both sides read and write.
import { structure } from "../host";
import type { Field } from "../host";
import { readGuest32, writeGuest32 } from "./guestmemory";
import type { Guest } from "./lguest";

/** The layout of Linux 4.1 and later. */
export const guestDataLayout = structure("lguest_data", {
  /** Both: 0x200 for interrupts on. Guest: a bit for each it masks. */
  irq_enabled: "u32", blocked_interrupts: "u32",
  /** Host: a page fault's address; the wall clock; 0x200 if something
   * waits for irq_enabled. */
  cr2: "u32", seconds: "u32", nanoseconds: "u32", irq_pending: "u32",
  /** Both: the ring, 0xff for a free slot. Guest: calls of five words. */
  hcall_status: "u8[64]", hcalls: "u32[320]",
  /** Host, at INIT: what it keeps of the top; the time stamp's speed. */
  reserve_mem: "u32", tsc_khz: "u32",
  /** Guest, before INIT: its last iret, its kernel, its system calls. */
  noirq_iret: "u32", kernel_address: "u32", syscall_vec: "u32",
});
export const Data = guestDataLayout.field;

/** A word of lguest_data; INIT has been made. */
export function readData(lg: Guest, field: Field): number {
  return readGuest32(lg, lg.lguest_data + field.offset) ?? 0;
}

/** Writes a word of lguest_data; INIT has been made. */
export function writeData(lg: Guest, field: Field, value: number): void {
  writeGuest32(lg, lg.lguest_data + field.offset, value);
}
