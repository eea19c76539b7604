// Woven from chapters/430-host-memory.md.
// Processes: an address space with memory, and a thread in it.
import type { Cpu } from "../machine";
import { EAX, ECX, EDX } from "../machine";
import { get, put } from "./layout";
import { place } from "./map";
import type { KernelModule } from "./module";
import { allocatePage, freePage } from "./pages";
import { createProgram, currentProgram, freeProgram } from "./program";
import { awaitOneLess, livePrograms, programWaits } from "./programs";
import { HOST, Shared } from "./structures";
import { Thread, currentThread, prepareThread } from "./threads";

/** Host call: whether a process waits to be started, in eax, and how many
 * there are, in ecx. With none of both, there will never be one. */
export function nextProcess(cpu: Cpu): void {
  if (get(cpu, HOST, Shared.pages_at_boot) === 0) {
    const free = get(cpu, HOST, Shared.pages_free);
    put(cpu, HOST, Shared.pages_at_boot, free);
  }
  cpu.w[EAX] = moduleWaits(cpu) || programWaits(cpu) ? 1 : 0;
  cpu.w[ECX] = get(cpu, HOST, Shared.processes);
}

/** Whether the module's next process may be started. */
function moduleWaits(cpu: Cpu): boolean {
  const processes = get(cpu, HOST, Shared.processes) - livePrograms(cpu);
  const alone = get(cpu, HOST, Shared.sequential) !== 0;
  const left = get(cpu, HOST, Shared.processes_wanted) -
    get(cpu, HOST, Shared.processes_started);
  return get(cpu, HOST, Shared.module_loaded) !== 0 && left > 0 &&
    !(alone && processes > 0);
}

/** Host call: starts it: its thread in eax, or 0 if it can't be. */
export function createProcess(cpu: Cpu, module: KernelModule): void {
  const thread = moduleWaits(cpu)
    ? moduleProcess(cpu, module, cpu.w[EAX]! >>> 0)
    : createProgram(cpu, cpu.w[EDX]! >>> 0, buildProcess);
  if (thread !== 0)
    put(cpu, HOST, Shared.processes, get(cpu, HOST, Shared.processes) + 1);
  cpu.w[EAX] = thread | 0;
}

function moduleProcess(
  cpu: Cpu, module: KernelModule, start: number,
): number {
  const number = get(cpu, HOST, Shared.processes_started);
  put(cpu, HOST, Shared.processes_started, number + 1);
  const thread = module.createProcess(cpu, number, start);
  if (thread === 0) awaitOneLess(cpu);
  else put(cpu, thread, Thread.process, number + 1);
  return thread;
}

/** Pages that a process takes besides those of its memory. */
export function processPages(pages: number): number {
  return Math.ceil(pages / 1024) + 2;
}

/** A process with so many pages of memory: its thread, or 0 if there are
 * too few pages for it. */
export function buildProcess(cpu: Cpu, pages: number, start: number): number {
  const free = get(cpu, HOST, Shared.pages_free);
  if (pages + processPages(pages) > free) return 0;
  const directory = makeSpace(cpu, pages);
  const thread = place.KERNEL + allocatePage(cpu);
  prepareThread(cpu, thread, directory, start);
  put(cpu, thread, Thread.space, directory);
  return thread;
}

/** A directory with the Host's quarter, and so many pages of memory. */
function makeSpace(cpu: Cpu, pages: number): number {
  const directory = allocatePage(cpu);
  const boot = place.KERNEL + get(cpu, HOST, Shared.boot_directory);
  for (let i = 768; i < 1024; i++)
    cpu.store32(place.KERNEL + directory + 4 * i, cpu.load32(boot + 4 * i));
  let table = 0;
  for (let n = 0; n < pages; n++) {
    if (n % 1024 === 0) {
      table = allocatePage(cpu);
      const entry = (place.MEM_BASE >>> 22) + n / 1024;
      cpu.store32(place.KERNEL + directory + 4 * entry, table | 7);
    }
    cpu.store32(place.KERNEL + table + 4 * (n % 1024), allocatePage(cpu) | 7);
  }
  return directory;
}

/** Host call: frees what the current process had, but its thread. */
export function freeProcess(cpu: Cpu, module: KernelModule): void {
  if (currentProgram(cpu).at) freeProgram(cpu);
  else {
    module.freeProcess(cpu);
    awaitOneLess(cpu);
  }
  const space = get(cpu, currentThread(cpu), Thread.space);
  for (let i = 0; i < 768; i++)
    freeTable(cpu, cpu.load32(place.KERNEL + space + 4 * i) >>> 0);
  freePage(cpu, space, true);
  put(cpu, HOST, Shared.processes, get(cpu, HOST, Shared.processes) - 1);
}

/** Frees the table behind a directory entry, and its pages. */
function freeTable(cpu: Cpu, entry: number): void {
  if (!(entry & 1)) return;
  const table = entry - (entry & 4095);
  for (let k = 0; k < 1024; k++) {
    const pte = cpu.load32(place.KERNEL + table + 4 * k) >>> 0;
    if (pte & 1) freePage(cpu, pte - (pte & 4095), (pte & 0x40) !== 0);
  }
  freePage(cpu, table, true);
}
