// Woven from chapters/708-realmode.md.
import type { Cpu } from "./cpu";
import { putSegment } from "./descriptors";
import { ERROR_IDT, gp } from "../ground/fault";
import {
  ATTRIBUTES, CS, IDTR_BASE, IDTR_LIMIT, LIMIT, REAL_RIGHTS, SEG_P, SEGMENTS,
  SYSTEM_FLAGS, VIRTUAL_RIGHTS, VM,
} from "../ground/state";


/** Loads a segment register without a table: the base becomes 16 times the
 * selector. Real mode keeps limit and size, virtual 8086 mode doesn't. */
export function loadParagraph(
  cpu: Cpu, segment: number, selector: number,
): void {
  const w = cpu.w, at = SEGMENTS + 4 * segment;
  const base = (selector & 0xffff) << 4;
  let limit = 0xffff, rights = VIRTUAL_RIGHTS;
  if (!(w[SYSTEM_FLAGS]! & VM)) {
    const kept = w[at + ATTRIBUTES]!, usable = (kept & SEG_P) !== 0;
    rights = !usable ? REAL_RIGHTS
      : segment === CS ? (kept & 0xff00) | REAL_RIGHTS : kept;
    if (usable) limit = w[at + LIMIT]!;
  }
  putSegment(cpu, segment, selector & 0xffff, base, limit, rights);
}

/** #GP if code can't go on at this offset, in whatever paragraph. */
export function checkRealTarget(cpu: Cpu, eip: number): void {
  const limit = cpu.w[SEGMENTS + 4 * CS + LIMIT]!;
  if (eip >>> 0 > limit >>> 0) throw gp();
}

/** Goes to selector:eip in real or virtual 8086 mode. */
export function realTransfer(
  cpu: Cpu, selector: number, eip: number,
): void {
  checkRealTarget(cpu, eip);
  loadParagraph(cpu, CS, selector);
  cpu.next = eip;
}

/** The handler of a vector in real mode's table, which has four bytes for
 * each; #GP beyond its limit (SDM 3B, 20.1.4). */
export function realVector(
  cpu: Cpu, vector: number,
): { selector: number; offset: number } {
  const w = cpu.w;
  if (vector * 4 + 3 > w[IDTR_LIMIT]!) throw gp(vector * 8 + ERROR_IDT);
  return farPointer(cpu, (w[IDTR_BASE]! + vector * 4) | 0);
}

/** The offset and the selector at a linear address. */
export function farPointer(
  cpu: Cpu, at: number,
): { selector: number; offset: number } {
  const offset = cpu.loadLinear(at, 2);
  return { selector: cpu.loadLinear((at + 2) | 0, 2), offset };
}
