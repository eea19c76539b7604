// Woven from chapters/843-tables.md.
// A CPU's memory, read without a trace.
import { peek } from "../machine";
import type { Cpu } from "../machine";

/** So many bytes from a linear address on, or undefined if one of them is
 * not there. */
export function quietBytes(
  cpu: Cpu, linear: number, count: number,
): number[] | undefined {
  const bytes: number[] = [];
  for (let i = 0; i < count; i++) {
    const byte = peek(cpu, (linear + i) | 0);
    if (byte === undefined) return undefined;
    bytes.push(byte);
  }
  return bytes;
}

/** A word in the same way. */
export function quietWord(cpu: Cpu, linear: number): number | undefined {
  const bytes = quietBytes(cpu, linear, 4);
  return bytes?.reduceRight((word, byte) => word * 256 + byte, 0);
}
