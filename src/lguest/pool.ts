// Woven from chapters/64-memory.md.
// Each lg_cpu's own pages, so that shadow paging needs no lock.
import { allocatePage, freePage, get, place, put, zeroPage } from "../host";
import { panic } from "../machine";
import type { Cpu } from "../machine";
import { LgCpu } from "./lguest";

/** Fewer pages than this, and the shadows are forgotten: whatever a
 * Guest asks for, one answer takes at most three. */
export const POOL_LOW = 4;

/** Pages in the purse of a Guest that has so many of memory. */
export function pursePages(pages: number): number {
  return 64 + 8 * Math.ceil(pages / 1024);
}

/** Fills a new purse. Allocator lock held. */
export function fillPool(cpu: Cpu, vcpu: number, pages: number): void {
  for (let n = pursePages(pages); n > 0; n--)
    givePage(cpu, vcpu, allocatePage(cpu));
}

/** A page of zeros from the pool: its physical address. */
export function takePage(cpu: Cpu, vcpu: number): number {
  const page = get(cpu, vcpu, LgCpu.pool);
  if (page === 0) panic("a Guest's purse is empty");
  put(cpu, vcpu, LgCpu.pool, cpu.load32(place.KERNEL + page));
  put(cpu, vcpu, LgCpu.pool_count, get(cpu, vcpu, LgCpu.pool_count) - 1);
  zeroPage(cpu, page);
  return page;
}

/** Puts a page into the pool. */
export function givePage(cpu: Cpu, vcpu: number, page: number): void {
  cpu.store32(place.KERNEL + page, get(cpu, vcpu, LgCpu.pool));
  put(cpu, vcpu, LgCpu.pool, page);
  put(cpu, vcpu, LgCpu.pool_count, get(cpu, vcpu, LgCpu.pool_count) + 1);
}

/** Empties the pool. Allocator lock held. */
export function drainPool(cpu: Cpu, vcpu: number): void {
  for (;;) {
    const page = get(cpu, vcpu, LgCpu.pool);
    if (page === 0) return;
    put(cpu, vcpu, LgCpu.pool, cpu.load32(place.KERNEL + page));
    freePage(cpu, page, true);
  }
}
