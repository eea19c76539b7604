// Woven from chapters/768-machine.md.
import { resetApic } from "./apic";
import { DR6_ONES, DR7_ONE } from "./breakpoints";
import type { Cpu } from "./cpu";
import { SIGNATURE } from "./cpuid";
import { putSegment } from "./descriptors";
import {
  ACTIVITY, APIC, ATTENTION, CLOCK, COUNTER_SELECT, CR0, CR0_CD, CR0_ET,
  CR0_NW, CR0_PE, CS, DEBUG_PENDING, DR, EAX, EDX, EIP, FLAT_CODE, FLAT_DATA,
  GDTR_LIMIT, IDTR_LIMIT, LDTR, MSR_SYSENTER_CS, REAL_RIGHTS, REPEATING,
  RUNNING, SEG_P, SEGMENTS, TLBS, TR, TSC_OFFSET, TYPE_BUSY, TYPE_LDT,
  TYPE_TSS, TYPE_WIDE, WAITING,
} from "../ground/state";

/** What a multiboot loader leaves in EAX. */
export const MULTIBOOT_EAX = 0x2badb002;

/** Clears the CPU but for its count and its clock. INIT leaves it the
 * model-specific registers and the time stamp (SDM 3A, table 9-1). */
function clear(cpu: Cpu, init: boolean): void {
  const w = cpu.w;
  cpu.d[REPEATING] = -1;
  w.fill(0, EAX, ATTENTION + 1);
  w.fill(0, SEGMENTS, init ? MSR_SYSENTER_CS : DEBUG_PENDING);
  w.fill(0, DEBUG_PENDING, APIC);
  w.fill(0, init ? TLBS : COUNTER_SELECT);
  if (!init) cpu.d[TSC_OFFSET] = 0 - cpu.board.showClock(cpu.d[CLOCK]!);
  w[DR + 6] = DR6_ONES;
  w[DR + 7] = DR7_ONE;
  putSegment(cpu, LDTR, 0, 0, 0xffff, SEG_P | TYPE_LDT);
  putSegment(cpu, TR, 0, 0, 0xffff,
    SEG_P | TYPE_TSS | TYPE_BUSY | TYPE_WIDE);
  resetApic(cpu, init);
}

/** A CPU as a multiboot loader leaves it (Multiboot 0.6.96, 3.2): flat
 * segments, no paging, no IDT; the caller sets EIP and EBX. */
export function resetMultiboot(cpu: Cpu): void {
  clear(cpu, false);
  cpu.w[EAX] = MULTIBOOT_EAX;
  cpu.w[CR0] = CR0_PE | CR0_ET;
  for (let segment = 0; segment < 6; segment++) {
    const code = segment === CS;
    putSegment(cpu, segment, code ? 0x08 : 0x10, 0, -1,
      code ? FLAT_CODE : FLAT_DATA);
  }
  cpu.refresh();
}

/** A CPU behind RESET or INIT, waiting for a start-up IPI; real mode
 * (SDM 3A, table 9-1). */
export function resetWaiting(cpu: Cpu, init = false): void {
  const w = cpu.w, cache = CR0_CD | CR0_NW;
  const off = init ? w[CR0]! & cache : cache;
  clear(cpu, init);
  w[EIP] = 0xfff0;
  w[EDX] = SIGNATURE;
  w[CR0] = CR0_ET | off;
  w[GDTR_LIMIT] = w[IDTR_LIMIT] = 0xffff;
  for (let segment = 0; segment < 6; segment++) {
    const code = segment === CS;
    putSegment(cpu, segment, code ? 0xf000 : 0,
      code ? 0xffff0000 : 0, 0xffff, REAL_RIGHTS);
  }
  w[ACTIVITY] = WAITING;
  cpu.refresh();
}

/** The first CPU: it begins at F000:FFF0 with base FFFF0000. */
export function resetVector(cpu: Cpu, init = false): void {
  resetWaiting(cpu, init);
  cpu.w[ACTIVITY] = RUNNING;
}
