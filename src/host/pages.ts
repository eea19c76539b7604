// Woven from chapters/430-host-memory.md.
// Free pages. All of it with the allocator's lock held.
import type { Cpu } from "../machine";
import { get, put } from "./layout";
import { place } from "./map";
import { HOST, Shared } from "./structures";

/** Takes a page full of zeros; its physical address, or 0. */
export function allocatePage(cpu: Cpu): number {
  const free = get(cpu, HOST, Shared.pages_free);
  if (free === 0) return 0;
  put(cpu, HOST, Shared.pages_free, free - 1);
  const clean = get(cpu, HOST, Shared.free_clean);
  if (clean !== 0) {
    const at = place.KERNEL + clean;
    put(cpu, HOST, Shared.free_clean, cpu.load32(at) >>> 0);
    cpu.store32(at, 0);
    return clean;
  }
  const unused = get(cpu, HOST, Shared.next_unused);
  if (unused < get(cpu, HOST, Shared.memory_end)) {
    put(cpu, HOST, Shared.next_unused, unused + 4096);
    return unused;
  }
  const dirty = get(cpu, HOST, Shared.free_dirty);
  put(cpu, HOST, Shared.free_dirty, cpu.load32(place.KERNEL + dirty) >>> 0);
  zeroPage(cpu, dirty);
  return dirty;
}

/** Fills the page at a physical address with zeros. */
export function zeroPage(cpu: Cpu, page: number): void {
  const at = place.KERNEL + page;
  for (let i = 0; i < 4096; i += 4) cpu.store32(at + i, 0);
}

/** Gives a page back; dirty if anything but zeros may be in it. */
export function freePage(cpu: Cpu, page: number, dirty: boolean): void {
  const list = dirty ? Shared.free_dirty : Shared.free_clean;
  cpu.store32(place.KERNEL + page, get(cpu, HOST, list) | 0);
  put(cpu, HOST, list, page);
  put(cpu, HOST, Shared.pages_free, get(cpu, HOST, Shared.pages_free) + 1);
}

/** Where the page table's entry for an address is, in a directory that
 * allows what `need` says, at least P; 0 if it doesn't. */
export function pteOf(
  cpu: Cpu, directory: number, address: number, need = 1,
): number {
  const at = place.KERNEL + directory + 4 * (address >>> 22);
  const entry = cpu.load32(at) >>> 0, table = entry - (entry & 4095);
  if ((entry & need) !== need) return 0;
  return place.KERNEL + table + 4 * ((address >>> 12) & 1023);
}
