// Woven from chapters/716-gates.md.
import type { Cpu } from "./cpu";
import {
  type Descriptor, errorOf, markAccessed, setSegment,
} from "./descriptors";
import { Fault, SS_FAULT, TS } from "../ground/fault";
import { stackSegment } from "./segments";
import {
  ATTRIBUTES, BASE, ESP, LIMIT, SEG_BIG, SEG_EXPAND_DOWN, SEGMENTS, SS, TR,
  TYPE_WIDE,
} from "../ground/state";

/** The stack of an inner ring while it is being filled; nothing of the
 * CPU changes before `enter`. */
export class InnerStack {
  private pointer: number;

  constructor(
    private readonly cpu: Cpu, private readonly selector: number,
    private readonly d: Descriptor, esp: number, private readonly ext: number,
  ) {
    this.pointer = esp;
  }

  /** Pushes 2 or 4 bytes with the inner ring's rights. */
  push(size: 2 | 4, value: number): void {
    const { d } = this, wide = (d.attributes & SEG_BIG) !== 0;
    const at = (this.pointer - size) & (wide ? -1 : 0xffff);
    const first = at >>> 0, last = first + size - 1;
    const limit = d.limit >>> 0, top = wide ? 0xffffffff : 0xffff;
    const good = d.type & SEG_EXPAND_DOWN
      ? first > limit && last <= top : last <= limit;
    if (!good) {
      throw new Fault(SS_FAULT, errorOf(this.selector, this.ext));
    }
    this.cpu.storeLinear((d.base + at) | 0, size, value);
    this.pointer = at;
  }

  /** Marks its segment as accessed, which can fault. */
  mark(): void {
    markAccessed(this.cpu, this.d);
  }

  /** Makes it the present stack. */
  enter(): void {
    const { cpu, d } = this, w = cpu.w;
    setSegment(cpu, SS, this.selector, d);
    w[ESP] = d.attributes & SEG_BIG ? this.pointer
      : (w[ESP]! & 0xffff0000) | this.pointer;
  }
}

/** The stack that the TSS names for a ring; its faults are #TS. */
export function innerStack(cpu: Cpu, ring: number, ext: number): InnerStack {
  const w = cpu.w, tr = SEGMENTS + 4 * TR;
  const wide = (w[tr + ATTRIBUTES]! & TYPE_WIDE) !== 0;
  const at = wide ? 4 + 8 * ring : 2 + 4 * ring;
  if (at + (wide ? 5 : 3) > w[tr + LIMIT]! >>> 0) {
    throw new Fault(TS, errorOf(w[tr]!, ext));
  }
  const from = (w[tr + BASE]! + at) | 0;
  const esp = cpu.loadLinear(from, wide ? 4 : 2);
  const ss = cpu.loadLinear((from + (wide ? 4 : 2)) | 0, 2);
  const d = stackSegment(cpu, ss, ring, TS, ext);
  return new InnerStack(cpu, ss, d, esp, ext);
}
