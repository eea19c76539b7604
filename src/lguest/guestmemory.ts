// Woven from chapters/430-host-memory.md.
// The only way to Guest memory. Works in its Launcher's context.
import { loadBytes, place, storeBytes } from "../host";
import type { Guest } from "./lguest";

/** True if the Guest has all of these bytes. */
export function guestHas(
  lg: Guest, address: number, length: number,
): boolean {
  const limit = lg.pfn_limit * 4096;
  if (address < 0 || length < 0 || length > limit) return false;
  return address <= limit - length;
}

/** A word of Guest memory, unsigned; undefined outside. */
export function readGuest32(lg: Guest, address: number): number | undefined {
  if (!guestHas(lg, address, 4)) return undefined;
  return lg.cpu.load32(lg.mem_base + address) >>> 0;
}

/** Writes a word of Guest memory; false outside. */
export function writeGuest32(
  lg: Guest, address: number, value: number,
): boolean {
  if (!guestHas(lg, address, 4)) return false;
  lg.cpu.store32(lg.mem_base + address, value | 0);
  return true;
}

/** A copy of Guest memory; undefined if it reaches outside. */
export function readGuestBytes(
  lg: Guest, address: number, length: number,
): Uint8Array | undefined {
  if (!guestHas(lg, address, length)) return undefined;
  return loadBytes(lg.cpu, lg.mem_base + address, length);
}

/** Writes Guest memory; false, and nothing done, outside. */
export function writeGuestBytes(
  lg: Guest, address: number, bytes: Uint8Array,
): boolean {
  if (!guestHas(lg, address, bytes.length)) return false;
  storeBytes(lg.cpu, lg.mem_base + address, bytes);
  return true;
}

/** The frame behind a page of Guest memory: physical, or 0. */
export function guestFrame(lg: Guest, pfn: number, write: boolean): number {
  if (pfn >= lg.pfn_limit) return 0;
  const page = (lg.mem_base >>> 12) + pfn;
  const directory = place.KERNEL + lg.directory;
  const table = lg.cpu.load32(directory + 4 * (page >>> 10)) >>> 0;
  const at = place.KERNEL + (table - (table & 4095)) + 4 * (page & 1023);
  const entry = lg.cpu.load32(at) >>> 0;
  if (write && !(entry & 0x40)) lg.cpu.store32(at, entry | 0x60);
  return entry - (entry & 4095);
}
