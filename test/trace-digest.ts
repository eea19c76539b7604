// A number for a trace, or for any part of it.
//
// Each line begins with the instruction count, so the sum of all lines'
// hashes does not depend on where we begin to add: the digest of a rest
// is the digest of the whole less that of the beginning.
import { traceTo } from "../src/debug";
import type { Machine } from "../src/machine";

function hashOf(line: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < line.length; i++) {
    hash = Math.imul(hash ^ line.charCodeAt(i), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

/** Sums up a trace in parts that begin at the given counts, ascending. */
export function digestTrace(machine: Machine, starts: readonly number[]) {
  const sums = new Int32Array(starts.length);
  const lines = new Float64Array(starts.length);
  let part = 0;
  const { begin, stop } = traceTo(machine, (line) => {
    const count = parseInt(line, 10);
    while (part + 1 < starts.length && count >= starts[part + 1]!) part++;
    sums[part] = (sums[part]! + hashOf(line)) | 0;
    lines[part]!++;
  });
  /** The digest of everything from start number `from` on. */
  const rest = (from: number) => {
    let sum = 0, n = 0;
    for (let i = from; i < starts.length; i++) {
      sum = (sum + sums[i]!) | 0;
      n += lines[i]!;
    }
    return `${n} lines ${(sum >>> 0).toString(16)}`;
  };
  return { begin, stop, rest };
}

/** FNV-1a over bytes, unsigned 32 bits. */
export function checksum(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
