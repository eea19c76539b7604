// Woven from chapters/410-traps.md.
// Descriptors, in Intel's format (SDM 3A, 3.4.5 and 6.11).
import type { Memory } from "./layout";

/** A descriptor's selector, and its words. */
export type OwnDescriptor =
  readonly [selector: number, words: readonly [number, number]];

/** Writes one descriptor of two words. */
export function putDescriptor(
  memory: Memory, address: number, low: number, high: number,
): void {
  memory.store32(address, low | 0);
  memory.store32((address + 4) >>> 0, high | 0);
}

/** The words of a segment: access byte, and the flags G and D/B. */
export function segmentWords(
  base: number, limit: number, access: number, flags: number,
): [number, number] {
  return [
    ((base << 16) | (limit & 0xffff)) >>> 0,
    ((base & 0xff000000) | (flags << 20) | (limit & 0xf0000) |
      (access << 8) | ((base >>> 16) & 0xff)) >>> 0,
  ];
}

/** The words of a flat 4 GiB segment with this access byte. */
export function flatWords(access: number): [number, number] {
  return segmentWords(0, 0xfffff, access, 0xc);
}

/** The words of an interrupt gate. */
export function gateWords(
  selector: number, offset: number, dpl: number,
): [number, number] {
  return [
    ((selector << 16) | (offset & 0xffff)) >>> 0,
    ((offset & 0xffff0000) | 0x8e00 | (dpl << 13)) >>> 0,
  ];
}
