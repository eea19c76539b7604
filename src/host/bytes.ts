// Woven from chapters/430-host-memory.md.
// Bytes, in and out of memory.
import type { Cpu } from "../machine";
import { bug } from "./bug";

/** Copies memory out, by words where they are aligned. */
export function loadBytes(cpu: Cpu, from: number, length: number): Uint8Array {
  if (length > cpu.board.ramSize) bug();
  const bytes = new Uint8Array(length);
  let i = 0;
  while (i < length) {
    if (((from + i) & 3) === 0 && i + 4 <= length) {
      const word = cpu.load32(from + i);
      bytes[i] = word;
      bytes[i + 1] = word >>> 8;
      bytes[i + 2] = word >>> 16;
      bytes[i + 3] = word >>> 24;
      i += 4;
    } else bytes[i] = cpu.load8(from + i++);
  }
  return bytes;
}

/** Copies bytes into memory in the same way. */
export function storeBytes(cpu: Cpu, to: number, bytes: Uint8Array): void {
  let i = 0;
  while (i < bytes.length) {
    if (((to + i) & 3) === 0 && i + 4 <= bytes.length) {
      cpu.store32(to + i, bytes[i]! | (bytes[i + 1]! << 8) |
        (bytes[i + 2]! << 16) | (bytes[i + 3]! << 24));
      i += 4;
    } else cpu.store8(to + i, bytes[i++]!);
  }
}
