// Woven from chapters/430-host-memory.md.
// Each lg_cpu's own pages, so that shadow paging needs no lock.
import { allocatePage, bug, freePage, place, zeroPage } from "../host";
import type { Vcpu } from "./lguest";

/** Fewer pages than this, and the shadows are forgotten: whatever a
 * Guest asks for, one answer takes at most three. */
export const POOL_LOW = 4;

/** Pages in the purse of a Guest that has so many of memory. */
export function pursePages(pages: number): number {
  return 64 + 8 * Math.ceil(pages / 1024);
}

/** Fills a new purse. Allocator lock held. */
export function fillPool(vcpu: Vcpu, pages: number): void {
  for (let n = pursePages(pages); n > 0; n--)
    givePage(vcpu, allocatePage(vcpu.cpu));
}

/** A page of zeros from the pool: its physical address. */
export function takePage(vcpu: Vcpu): number {
  const page = vcpu.pool;
  if (page === 0) bug();
  vcpu.pool = vcpu.cpu.load32(place.KERNEL + page);
  vcpu.pool_count--;
  zeroPage(vcpu.cpu, page);
  return page;
}

/** Puts a page into the pool. */
export function givePage(vcpu: Vcpu, page: number): void {
  vcpu.cpu.store32(place.KERNEL + page, vcpu.pool);
  vcpu.pool = page;
  vcpu.pool_count++;
}

/** Empties the pool. Allocator lock held. */
export function drainPool(vcpu: Vcpu): void {
  for (;;) {
    const page = vcpu.pool;
    if (page === 0) return;
    vcpu.pool = vcpu.cpu.load32(place.KERNEL + page);
    freePage(vcpu.cpu, page, true);
  }
}
