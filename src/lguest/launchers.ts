// Woven from chapters/64-memory.md.
// Launchers: a process for each Guest, and what belongs to it.
import { allocatePage, buildProcess, freePage, get, HOST, place,
  processPages, put, Shared, Thread } from "../host";
import type { Cpu } from "../machine";
import { currentVcpu, endGuest, killGuest, LgCpu, Lguest, lguestOf,
  regsOffset } from "./lguest";
import { drainPool, fillPool, pursePages } from "./pool";
import { releaseAllShadows } from "./shadow";

/** What the Host needs for a Guest besides its memory: its process, the
 * purse, and a few more. */
export function pagesBesides(pages: number): number {
  return processPages(pages) + pursePages(pages) + 6;
}

/** The Launcher of the Guest with this number: its thread, or 0. */
export function createLauncher(
  cpu: Cpu, guest: number, start: number,
): number {
  const lg = lguestOf(guest);
  put(cpu, lg, Lguest.index, guest);
  const pages = Math.floor(get(cpu, lg, Lguest.memory) / 4096);
  const need = pages + pagesBesides(pages);
  const free = get(cpu, HOST, Shared.pages_free);
  if (need > free) {
    killGuest(cpu, lg, `it needs ${need} pages, and the Host has ${free}`);
    return 0;
  }
  const thread = buildProcess(cpu, pages, start);
  put(cpu, lg, Lguest.directory, get(cpu, thread, Thread.space));
  put(cpu, lg, Lguest.mem_base, place.MEM_BASE);
  put(cpu, lg, Lguest.pfn_limit, pages);
  put(cpu, thread, Thread.module, makeVcpu(cpu, lg, thread, pages));
  return thread;
}

function makeVcpu(
  cpu: Cpu, lg: number, thread: number, pages: number,
): number {
  const vcpu = place.KERNEL + allocatePage(cpu);
  const regsPage = allocatePage(cpu);
  put(cpu, lg, Lguest.vcpu, vcpu);
  put(cpu, vcpu, LgCpu.lguest, lg);
  put(cpu, vcpu, LgCpu.regs_page, regsPage);
  put(cpu, vcpu, LgCpu.regs, place.KERNEL + regsPage + regsOffset);
  put(cpu, vcpu, LgCpu.thread, thread);
  fillPool(cpu, vcpu, pages);
  return vcpu;
}

/** The current Launcher ends: its Guest, and all that belonged to it. */
export function freeLauncher(cpu: Cpu): void {
  const vcpu = currentVcpu(cpu);
  const lg = get(cpu, vcpu, LgCpu.lguest);
  endGuest(cpu, lg, "killed", "its Launcher ended");
  releaseAllShadows(cpu, vcpu);
  drainPool(cpu, vcpu);
  freePage(cpu, get(cpu, vcpu, LgCpu.regs_page), true);
  freePage(cpu, vcpu - place.KERNEL, true);
  put(cpu, lg, Lguest.directory, 0);
  put(cpu, lg, Lguest.vcpu, 0);
}
