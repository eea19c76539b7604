// Woven from chapters/779-engine.md.
import type { Insn } from "../../../table";
import type { Cpu } from "../../cpu/cpu";
import type { Decoded } from "../decoded";
import { PAGE } from "../../ground/layout";
import type { Blocks } from "./blocks";
import {
  CLOCK, DF_FLAG, EAX, ECX, EDI, EIP, ESI, FS, REPEATING, REPEATING_AT,
  RETIRED, SYSTEM_FLAGS,
} from "../../ground/state";

/** What it takes, beside the blocks. */
export interface Means extends Blocks {
  /** The place in the machine's memory of an address that may be read, or
   * written, without ado; or 0. */
  locate(linear: number, size: number, write: boolean): number;
}

/** Whether this is one of which many iterations can be one. */
export function isBulky(i: Insn): boolean {
  const { semantic } = i.form;
  const plain = i.addressSize === 4 && i.segment < FS;
  return i.rep !== 0 && plain &&
    (semantic === "movs" || semantic === "stos");
}

/** Many iterations of REP MOVS or STOS at once, as far as they are
 * plain and go upwards. Says how many, at most `most`. */
export function repeatInBulk(
  cpu: Cpu, i: Decoded | undefined, most: number, means: Means,
): number {
  if (!i || !cpu.flat32) return 0;
  const { semantic } = i.form, { w, d } = cpu;
  if (w[SYSTEM_FLAGS]! & DF_FLAG) return 0;
  let done = 0, n = 0;
  do {
    n = repeatInPage(cpu, semantic === "movs", i.operandSize,
      most - done, means);
    d[RETIRED]! += n;
    d[CLOCK]! += n;
    done += n;
  } while (n > 1 && done < most && w[ECX] !== 0);
  if (done === 0) return 0;
  d[REPEATING] = d[RETIRED]!;
  w[REPEATING_AT] = w[EIP]!;
  if (w[ECX] === 0) w[EIP] = w[EIP]! + i.length;
  return done;
}

// The iterations up to the end of a page, or one.
function repeatInPage(
  cpu: Cpu, moves: boolean, size: number, budget: number, means: Means,
): number {
  const { w } = cpu, from = w[ESI]!, to = w[EDI]!;
  const room = (at: number) =>
    Math.floor((PAGE - (at & (PAGE - 1))) / size);
  const most = Math.min(w[ECX]! >>> 0, budget, room(to),
    moves ? room(from) : PAGE);
  if (most === 0) return 0;
  const source = moves ? means.locate(from, size, false) : -1;
  const target = source === 0 ? 0 : means.locate(to, size, true);
  if (target === 0) return 0;
  // In a small TLB one may have taken the other's place.
  const both = !moves || (cpu.fast[from >>> 12]! & cpu.readBit) !== 0;
  const noCode = (cpu.fast[to >>> 12]! & cpu.writeBit) !== 0;
  const apart = target - source;
  const within = moves && apart > 0 && apart < size;
  const n = both && noCode && !within ? most : 1;
  if (moves) copy(means, source, target, n * size, size);
  else means.fill(target, pattern(w[EAX]!, size), n * size);
  if (moves) w[ESI] = from + n * size;
  w[EDI] = to + n * size;
  w[ECX] = w[ECX]! - n;
  return n;
}

// Upwards: what was just written is read again if they overlap.
function copy(
  blocks: Blocks, source: number, target: number, length: number,
  size: number,
): void {
  const apart = target - source;
  const step = apart >= size && apart < length ? apart : length;
  for (let done = 0; done < length; done += step) {
    const end = Math.min(done + step, length);
    blocks.copy(target + done, source + done, end - done);
  }
}

function pattern(v: number, size: number): number {
  if (size === 4) return v;
  return size === 2 ? Math.imul(v & 0xffff, 0x10001)
    : Math.imul(v & 0xff, 0x1010101);
}
