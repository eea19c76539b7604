// Woven from chapters/824-gdb-registers.md.
import {
  CR0, CR0_PE, SEGMENTS, STATUS_FLAGS, SYSTEM_FLAG_BITS, SYSTEM_FLAGS, VM,
} from "../../machine";
import type { Cpu } from "../../machine";
import { virtualSegment } from "./selectors";

/** A debugger writes EFLAGS; bits that don't exist are ignored. */
export function writeEflags(cpu: Cpu, value: number): void {
  const isProtected = (cpu.w[CR0]! & CR0_PE) !== 0;
  const bits = isProtected ? value : value & ~VM;
  const was = cpu.w[SYSTEM_FLAGS]! & VM;
  cpu.setEflags(bits, STATUS_FLAGS | SYSTEM_FLAG_BITS);
  if (!(bits & VM) || was) return;
  for (let segment = 0; segment < 6; segment++) {
    const selector = cpu.w[SEGMENTS + 4 * segment]! & 0xffff;
    virtualSegment(cpu, segment, selector);
  }
  cpu.setCpl(3);
}
