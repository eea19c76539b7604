// Woven from chapters/930-identity.md.
import type { Cpu } from "./cpu";
import { EAX, EBX, ECX, EDX, MSR_APIC_BASE } from "../ground/state";

/** Family 6, model 5, stepping 2; also what EDX is after a reset. */
export const SIGNATURE = 0x652;

/** Numbers of the features that leaf 1 reports (SDM 2A, CPUID). */
export const featureBits: readonly number[] =
  [1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 15];
const APIC_FEATURE = 1 << 9, APIC_ON = 0x800;
const FEATURES = featureBits.reduce((bits, n) => bits | (1 << n), 0);

// EAX, EBX, ECX, EDX of each leaf; the name is "GenuineIntel".
function leavesOf(cpu: Cpu): readonly (readonly number[])[] {
  const off = cpu.w[MSR_APIC_BASE]! & APIC_ON ? 0 : APIC_FEATURE;
  return [
    [2, 0x756e6547, 0x6c65746e, 0x49656e69],
    [SIGNATURE, cpu.id << 24, 0, FEATURES & ~off],
    [0x03020101, 0, 0, 0x0c040843],
  ];
}

/** CPUID: who made this processor, what it can do, its caches. */
export function identify(cpu: Cpu): number {
  const { w } = cpu, leaves = leavesOf(cpu);
  const leaf = leaves[Math.min(w[EAX]! >>> 0, leaves.length - 1)]!;
  [EAX, EBX, ECX, EDX].forEach((n, i) => { w[n] = leaf[i]!; });
  return 0;
}
