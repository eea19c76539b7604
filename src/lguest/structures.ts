// Woven from chapters/440-dev.md.
// lguest's words behind struct host and struct cpu.
import { MODULE_WORDS, structure, ThroughFs, viewClass } from "../host";
import type { Cpu } from "../machine";

/** What all CPUs share. */
export const lguestHostLayout = structure("lguest_host", {
  abi_strict: "u32 boot", pge_all_cpus: "u32",
  guest_stubs: "u32 allocator_lock peek",
}, MODULE_WORDS);
export const LguestShared = lguestHostLayout.field;

/** What each CPU has: the virtual address of its pair of pages, the
 * frame of its pte page, where in it the entry for the first of the pair
 * is, and the lg_cpu that it ran last. */
export const lguestCpuLayout = structure("lguest_cpu", {
  pages: "u32 loader", guest_ptes: "u32", regs_pte: "u32",
  last_vcpu: "u32",
}, MODULE_WORDS);
export const LguestPerCpu = lguestCpuLayout.field;
const LguestCpu = viewClass(lguestCpuLayout);

/** lguest's words of the CPU that acts. */
export function thisLguestCpu(cpu: Cpu): InstanceType<typeof LguestCpu> {
  return new LguestCpu(new ThroughFs(cpu), 0);
}
