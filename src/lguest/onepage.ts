// Woven from chapters/674-one-page.md.
// The pte page of old, one for all CPUs, and what the option chooses.
import { cpuArea, get, HOST, place, put, Shared, thisCpu } from
  "../host";
import { EAX, invalidatePage } from "../machine";
import type { Cpu } from "../machine";
import type { HostOptions } from "./dev";
import { beginToLoad, fillState, guestTable, loadLguest, mapPair } from
  "./load";
import { SWITCHER } from "./map";
import { lguestEnter } from "./run";
import { LguestPerCpu } from "./structures";

/** Host call: loads lguest, with one table for all CPUs' Guests. */
export function loadOnePage(cpu: Cpu): void {
  const cpus = beginToLoad(cpu);
  if (cpus === 0) return;
  const table = guestTable(cpu);
  for (let n = 0; n < cpus; n++) mapPair(cpu, n, table);
}

/** Host call: loads lguest, with one table, and in it one pair. */
export function loadOnePair(cpu: Cpu): void {
  loadOnePage(cpu);
  if (cpu.w[EAX] !== 0) return;                     // too few pages
  const cpus = get(cpu, HOST, Shared.cpus_present);
  const { pages, guest_ptes, regs_pte } = LguestPerCpu;
  const entry = 4 * (1 + 2 * cpus);
  for (let n = 0; n < cpus; n++) {
    const area = cpuArea(n), table = get(cpu, area, guest_ptes);
    put(cpu, area, pages, SWITCHER + 1024 * entry);
    put(cpu, area, regs_pte, place.KERNEL + table + entry);
    showPair(cpu, n);
    fillState(cpu, area);
  }
}

/** Puts a CPU's pages where the pair is, here and there. */
function showPair(cpu: Cpu, n: number): void {
  const shared = place.KERNEL + get(cpu, HOST, Shared.window_ptes);
  const area = cpuArea(n), from = shared + 4 * (1 + 2 * n);
  const pages = get(cpu, area, LguestPerCpu.pages);
  const here = shared + (pages - SWITCHER) / 1024;
  const there = get(cpu, area, LguestPerCpu.regs_pte);
  cpu.store32(here, cpu.load32(from));
  cpu.store32(here + 4, cpu.load32(from + 4));
  cpu.store32(there + 4, cpu.load32(from + 4) & ~2);
  invalidatePage(cpu, pages);
  invalidatePage(cpu, pages + 4096);
}

/** Host call: the pair becomes this CPU's, and then as always. */
export function enterOnePair(cpu: Cpu): void {
  showPair(cpu, thisCpu(cpu).number);
  lguestEnter(cpu);
}

/** Whose entries for pairs of pages are in whose table. */
export type PtePage = NonNullable<HostOptions["ptePage"]>;

type HostCall = (cpu: Cpu) => void;

/** How lguest is loaded, and a Guest entered. */
export const ptePages:
  Record<PtePage, { load: HostCall; enter: HostCall }> = {
  "per-cpu": { load: loadLguest, enter: lguestEnter },
  one: { load: loadOnePage, enter: lguestEnter },
  "one-pair": { load: loadOnePair, enter: enterOnePair },
};
