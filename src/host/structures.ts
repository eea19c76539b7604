// Woven from chapters/400-kernel.md, 630-locks.md.
// The Host's own structures.
import type { Cpu } from "../machine";
import { FS } from "../machine";
import { structure, viewClass } from "./layout";
import type { Memory } from "./layout";
import { place } from "./map";

/** struct host: what all CPUs share. */
export const hostLayout = structure("host", {
  allocator_lock: "u32 lock",
  free_clean: "u32 allocator_lock", free_dirty: "u32", next_unused: "u32",
  memory_end: "u32 boot", pages_free: "u32 allocator_lock",
  pages_at_boot: "u32", processes_started: "u32", processes: "u32",
  module_loaded: "u32",
  queue_lock: "u32 lock",
  queue_head: "u32 queue_lock", queue_tail: "u32", last_woken: "u32",
  zombies: "u32 queue_lock peek", idle_cpus: "u32 queue_lock",
  threads: "u32", move_to: "u32", move_bound: "u32",
  alarms: "u32", next_alarm: "u64",
  call_lock: "u32 lock", call_function: "u32 call_lock peek",
  /** Which CPUs have not answered the call, a bit each. */
  call_waiting: "u32 atomic",
  multiboot: "u32 boot", boot_directory: "u32", window_ptes: "u32",
  cpus_present: "u32", cpus_online: "u32 atomic", ready: "u32 first",
  processes_wanted: "u32 boot", sequential: "u32", one_cpu: "u32",
  start_date: "u32",
  /** Not 0: low memory is mapped by pages of 4 KiB. */
  small_pages: "u32",
  oopsed: "u32 atomic",
  /** Processes of the module's for which there is news, a bit each. */
  news: "u32 queue_lock",
});
export const Shared = hostLayout.field;
export const HOST = place.HOST;

/** struct cpu: what one CPU has for itself, reached by %fs. */
export const cpuLayout = structure("cpu", {
  self: "u32 boot", number: "u32", mask: "u32", apic_id: "u32",
  current: "u32 self queue_lock", idle: "u32 boot",
  need_resched: "u32 own", call: "u32", ticks: "u32",
  now: "u64", slice_end: "u64",
  gdt_limit: "u16 boot", gdt_base: "u32",
  idt_limit: "u16", idt_base: "u32",
  task: "u32[26] own peek",
  gdt: "u32[64] loader peek",
  fault_task: "u32[26]",
});
export const PerCpu = cpuLayout.field;

/** Memory as the CPU that acts reaches it through its %fs. */
export class ThroughFs implements Memory {
  constructor(readonly cpu: Cpu) {}
  load8(at: number): number { return this.cpu.load(FS, at, 1); }
  load16(at: number): number { return this.cpu.load(FS, at, 2); }
  load32(at: number): number { return this.cpu.load(FS, at, 4); }
  store8(at: number, value: number): void {
    this.cpu.store(FS, at, 1, value);
  }
  store16(at: number, value: number): void {
    this.cpu.store(FS, at, 2, value);
  }
  store32(at: number, value: number): void {
    this.cpu.store(FS, at, 4, value);
  }
}

/** struct cpu of the CPU that acts. */
export class ThisCpu extends viewClass(cpuLayout) {
  constructor(readonly cpu: Cpu) {
    super(new ThroughFs(cpu), 0);
  }
}
export const thisCpu = (cpu: Cpu) => new ThisCpu(cpu);

/** struct cpu of the CPU with this number. */
export function cpuArea(number: number): number {
  return place.CPUS + number * 4096;
}

/** Where the module's words begin: behind struct host in its page, and
 * behind struct cpu in each of theirs. */
export const MODULE_WORDS = 2048;

/** What the trap stubs leave on the kernel stack. */
export const trapFrame = structure("frame", {
  edi: "u32", esi: "u32", ebp: "u32", esp: "u32",
  ebx: "u32", edx: "u32", ecx: "u32", eax: "u32",
  gs: "u32", fs: "u32", es: "u32", ds: "u32",
  vector: "u32", error: "u32", eip: "u32", cs: "u32", eflags: "u32",
});
