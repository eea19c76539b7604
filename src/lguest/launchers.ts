// Woven from chapters/430-host-memory.md.
// Launchers: a process for each Guest, and what belongs to it.
import { allocatePage, buildProcess, freePage, get, HOST, place,
  processPages, put, Shared, Thread } from "../host";
import type { Cpu } from "../machine";
import { currentVcpu, endGuest, Guest, killGuest, LgCpu, lguestOf, Vcpu } from
  "./lguest";
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
  const lg = new Guest(cpu, lguestOf(guest));
  lg.index = guest;
  const pages = Math.floor(lg.memory / 4096);
  const need = pages + pagesBesides(pages);
  const free = get(cpu, HOST, Shared.pages_free);
  if (need > free) {
    killGuest(lg, `it needs ${need} pages, and the Host has ${free}`);
    return 0;
  }
  const thread = buildProcess(cpu, pages, start);
  lg.directory = get(cpu, thread, Thread.space);
  lg.mem_base = place.MEM_BASE;
  lg.pfn_limit = pages;
  const vcpu = makeVcpu(lg, thread, pages);
  put(cpu, thread, Thread.module, vcpu);
  put(cpu, thread, Thread.allowed, lg.allowed);
  lg.vcpu = vcpu;
  return thread;
}

function makeVcpu(lg: Guest, thread: number, pages: number): number {
  const { cpu } = lg, at = place.KERNEL + allocatePage(cpu);
  put(cpu, at, LgCpu.lguest, lg.at);
  put(cpu, at, LgCpu.regs_page, allocatePage(cpu));
  put(cpu, at, LgCpu.thread, thread);
  fillPool(new Vcpu(cpu, at), pages);
  return at;
}

/** The current Launcher ends: its Guest, and all that belonged to it. */
export function freeLauncher(cpu: Cpu): void {
  const vcpu = currentVcpu(cpu);
  const { lg } = vcpu;
  endGuest(lg, "killed", "its Launcher ended");
  releaseAllShadows(vcpu);
  drainPool(vcpu);
  freePage(cpu, vcpu.regs_page, true);
  lg.directory = 0;
  lg.vcpu = 0;
  freePage(cpu, vcpu.at - place.KERNEL, true);
}
