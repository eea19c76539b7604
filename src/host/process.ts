// Woven from chapters/64-memory.md.
// Launchers: an address space and a thread for each Guest.
import type { Cpu } from "../machine";
import { EAX, ECX } from "../machine";
import { get, put } from "./layout";
import { LgCpu, Lguest, currentVcpu, endGuest, killGuest, lguestOf,
  regsOffset } from "./lguest";
import { place } from "./map";
import { allocatePage, freePage } from "./pages";
import { drainPool, fillPool, pagesBesides } from "./pool";
import { releaseAllShadows } from "./shadow";
import { HOST, Shared, putShared } from "./structures";
import { Thread, prepareThread } from "./threads";

/** Host call: starts the next Launcher: its thread in eax, or 0, and how
 * many there are in ecx. With none of both, there will never be one. */
export function createLauncher(cpu: Cpu): void {
  cpu.w[EAX] = nextLauncher(cpu, cpu.w[EAX]! >>> 0) | 0;
  cpu.w[ECX] = get(cpu, HOST, Shared.launchers);
}

/** Starts the next Launcher, if there is a Guest for it: its thread, or 0. */
function nextLauncher(cpu: Cpu, threadStart: number): number {
  const guests = get(cpu, HOST, Shared.guests);
  while (get(cpu, HOST, Shared.guests_started) < guests) {
    const launchers = get(cpu, HOST, Shared.launchers);
    if (launchers > 0 && get(cpu, HOST, Shared.sequential)) return 0;
    const n = get(cpu, HOST, Shared.guests_started);
    putShared(cpu, Shared.guests_started, n + 1);
    const lg = lguestOf(n);
    put(cpu, lg, Lguest.index, n);
    const pages = Math.floor(get(cpu, lg, Lguest.memory) / 4096);
    const need = pages + pagesBesides(pages);
    const free = get(cpu, HOST, Shared.pages_free);
    if (need > free) {
      killGuest(cpu, lg, `it needs ${need} pages, and the Host has ${free}`);
      continue;
    }
    putShared(cpu, Shared.launchers, launchers + 1);
    return buildLauncher(cpu, lg, pages, threadStart);
  }
  return 0;
}

/** Everything that a Launcher needs; its thread. */
function buildLauncher(
  cpu: Cpu, lg: number, pages: number, threadStart: number,
): number {
  const directory = guestDirectory(cpu, pages);
  const vcpu = place.KERNEL + allocatePage(cpu);
  const regsPage = allocatePage(cpu);
  const thread = place.KERNEL + allocatePage(cpu);
  put(cpu, lg, Lguest.directory, directory);
  put(cpu, lg, Lguest.vcpu, vcpu);
  put(cpu, lg, Lguest.mem_base, place.MEM_BASE);
  put(cpu, lg, Lguest.pfn_limit, pages);
  put(cpu, vcpu, LgCpu.lguest, lg);
  put(cpu, vcpu, LgCpu.regs_page, regsPage);
  put(cpu, vcpu, LgCpu.regs, place.KERNEL + regsPage + regsOffset);
  put(cpu, vcpu, LgCpu.thread, thread);
  fillPool(cpu, vcpu, pages);
  prepareThread(cpu, thread, directory, threadStart);
  put(cpu, thread, Thread.vcpu, vcpu);
  return thread;
}

/** A directory with the Host's quarter, and so many pages of memory. */
function guestDirectory(cpu: Cpu, pages: number): number {
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
    cpu.store32(place.KERNEL + table + 4 * (n % 1024),
      allocatePage(cpu) | 7);
  }
  return directory;
}

/** Host call: frees what the current Launcher had, but its thread. */
export function freeLauncher(cpu: Cpu): void {
  const vcpu = currentVcpu(cpu);
  const lg = get(cpu, vcpu, LgCpu.lguest);
  endGuest(cpu, lg, "killed", "its Launcher ended");
  releaseAllShadows(cpu, vcpu);
  drainPool(cpu, vcpu);
  const directory = get(cpu, lg, Lguest.directory);
  for (let i = 0; i < 768; i++)
    freeTable(cpu, cpu.load32(place.KERNEL + directory + 4 * i) >>> 0);
  freePage(cpu, directory, true);
  freePage(cpu, get(cpu, vcpu, LgCpu.regs_page), true);
  freePage(cpu, vcpu - place.KERNEL, true);
  put(cpu, lg, Lguest.directory, 0);
  put(cpu, lg, Lguest.vcpu, 0);
  putShared(cpu, Shared.launchers, get(cpu, HOST, Shared.launchers) - 1);
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
