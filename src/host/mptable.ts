// Woven from chapters/620-cpus.md.
// The table of processors (Intel, MultiProcessor Specification 1.4, 4).
import type { Memory } from "./layout";
import { most, place } from "./map";

/** Where the firmware leaves it: the last KiB of base memory. */
export const MP_TABLE = 0x9fc00;
const MARK = 0x5f504d5f, TABLE = 0x504d4350, BYTES = 1024;

/** What a machine with so many CPUs has there. */
export function mpTable(cpus: number): Uint8Array {
  const bytes = new Uint8Array(BYTES), view = new DataView(bytes.buffer);
  const length = 44 + 20 * cpus;
  view.setUint32(0, MARK, true);
  view.setUint32(4, MP_TABLE + 16, true);
  bytes[8] = 1;                                   // of 16 bytes
  bytes[9] = 4;                                   // version 1.4
  bytes[10] = checksum(bytes, 0, 16);
  view.setUint32(16, TABLE, true);
  view.setUint16(20, length, true);
  bytes[22] = 4;
  view.setUint16(50, cpus, true);
  view.setUint32(52, 0xfee00000, true);
  for (let id = 0; id < cpus; id++) {
    const at = 60 + 20 * id;
    bytes[at + 1] = id;
    bytes[at + 2] = 0x14;                         // its APIC's version
    bytes[at + 3] = id === 0 ? 3 : 1;             // the first; usable
  }
  bytes[23] = checksum(bytes, 16, 16 + length);
  return bytes;
}

function checksum(bytes: Uint8Array, from: number, to: number): number {
  return -bytes.subarray(from, to).reduce((sum, byte) => sum + byte, 0);
}

/** The APIC IDs of the usable CPUs, the one that runs first. */
export function findCpus(memory: Memory): number[] {
  const table = findTable(memory), found: number[] = [];
  const entries = table && memory.load16(table + 34) & 0xffff;
  for (let i = 0, at = table + 44; i < entries; i++) {
    const isCpu = (memory.load8(at) & 255) === 0;
    const flags = memory.load8(at + 3), id = memory.load8(at + 1) & 255;
    if (isCpu && flags & 2) found.unshift(id);
    else if (isCpu && flags & 1) found.push(id);
    at += isCpu ? 20 : 8;
  }
  return found.length === 0 ? [0] : found.slice(0, most.CPUS_MAX);
}

/** The table's address, or 0. */
function findTable(memory: Memory): number {
  for (let n = 0; n < BYTES; n += 16) {
    const at = place.KERNEL + MP_TABLE + n;
    if (memory.load32(at) >>> 0 !== MARK || !sums(memory, at, 16)) continue;
    const table = place.KERNEL + (memory.load32(at + 4) >>> 0);
    const length = memory.load16((table + 4) >>> 0) & 0xffff;
    const good = memory.load32(table) >>> 0 === TABLE;
    return good && sums(memory, table, length) ? table : 0;
  }
  return 0;
}

function sums(memory: Memory, at: number, length: number): boolean {
  let sum = 0;
  for (let i = 0; i < length; i++) sum += memory.load8(at + i);
  return (sum & 255) === 0;
}
