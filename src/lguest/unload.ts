// Woven from chapters/650-everywhere.md.
// Unloading lguest: all that loading has taken goes back.
import { cpuArea, freePage, get, HOST, PerCpu, place, put, putDescriptor,
  Shared } from "../host";
import { EAX } from "../machine";
import type { Cpu } from "../machine";
import { errno } from "./dev";
import { Lguest, lguestOf } from "./lguest";
import { lguestDescriptors } from "./load";
import { GUESTS_MAX } from "./map";
import { LguestPerCpu, LguestShared } from "./structures";

/** Host call: takes P from the Switcher's entries, unless a Launcher lives:
 * eax = 0 or an error. Allocator lock held. */
export function unloadLguest(cpu: Cpu): void {
  for (let n = 0; n < GUESTS_MAX; n++)
    if (get(cpu, lguestOf(n), Lguest.vcpu) !== 0) {
      cpu.w[EAX] = -errno.EBUSY;
      return;
    }
  const shared = place.KERNEL + get(cpu, HOST, Shared.window_ptes);
  for (let i = 0; i < 1024; i++)
    cpu.store32(shared + 4 * i, cpu.load32(shared + 4 * i) & ~1);
  cpu.w[EAX] = 0;
}

/** Host call: frees what loading has taken, for no CPU has a translation
 * that leads there any more. Allocator lock held. */
export function freeLguest(cpu: Cpu): void {
  const shared = place.KERNEL + get(cpu, HOST, Shared.window_ptes);
  const { pages, guest_ptes, regs_pte, last_vcpu } = LguestPerCpu;
  const tables = new Set<number>();
  cpu.store32(shared, 0);
  for (let n = 0; n < get(cpu, HOST, Shared.cpus_present); n++) {
    const area = cpuArea(n), gdt = area + PerCpu.gdt.offset;
    for (const at of [shared + 4 * (1 + 2 * n), shared + 4 * (2 + 2 * n)]) {
      freePage(cpu, cpu.load32(at) & -4096, true);
      cpu.store32(at, 0);
    }
    tables.add(get(cpu, area, guest_ptes));
    for (const word of [pages, guest_ptes, regs_pte, last_vcpu])
      put(cpu, area, word, 0);
    for (const [at] of lguestDescriptors)
      putDescriptor(cpu, gdt + at, 0, 0);
  }
  for (const table of tables) freePage(cpu, table, true);
  put(cpu, HOST, LguestShared.guest_stubs, 0);
}
