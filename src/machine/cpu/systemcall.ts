// Woven from chapters/930-identity.md.
import type { Cpu } from "./cpu";
import { putSegment } from "./descriptors";
import { gp } from "../ground/fault";
import {
  CPL, CR0, CR0_PE, CS, ECX, EDX, ESP, FLAT_CODE, FLAT_DATA, IF,
  MSR_SYSENTER_CS, MSR_SYSENTER_EIP, MSR_SYSENTER_ESP, RF, SS, VM,
} from "../ground/state";

function kernelSelector(cpu: Cpu): number {
  const { w } = cpu, selector = w[MSR_SYSENTER_CS]! & 0xfffc;
  if (!(w[CR0]! & CR0_PE) || !selector) throw gp();
  return selector;
}

function enterFlat(cpu: Cpu, selector: number, ring: number): void {
  const level = ring << 5;
  cpu.setCpl(ring);
  putSegment(cpu, CS, (selector & 0xfffc) | ring, 0, -1, FLAT_CODE | level);
  const stack = ((selector + 8) & 0xfffc) | ring;
  putSegment(cpu, SS, stack, 0, -1, FLAT_DATA | level);
}

/** SYSENTER (SDM 2B). */
export function systemEnter(cpu: Cpu): void {
  const { w } = cpu, selector = kernelSelector(cpu);
  cpu.setEflags(0, VM | IF | RF);
  enterFlat(cpu, selector, 0);
  w[ESP] = w[MSR_SYSENTER_ESP]!;
  cpu.next = w[MSR_SYSENTER_EIP]!;
}

/** SYSEXIT, in ring 0. */
export function systemExit(cpu: Cpu): void {
  const { w } = cpu, selector = kernelSelector(cpu);
  if (w[CPL] !== 0) throw gp();
  enterFlat(cpu, selector + 16, 3);
  w[ESP] = w[ECX]!;
  cpu.next = w[EDX]!;
}
