// Woven from chapters/824-gdb-registers.md.
import {
  BASE, CS, GDTR_BASE, GDTR_LIMIT, isCode, isNull, isProtected, isReadable,
  isTask, isWritable, LDTR, LIMIT, putSegment, REAL_RIGHTS, RPL, SEG_P,
  SEGMENTS, setSegment, SS, SYSTEM_FLAGS, takeApart, TI, TYPE_BUSY, TYPE_LDT,
  VIRTUAL_RIGHTS, VM,
} from "../../machine";
import type { Cpu, Descriptor } from "../../machine";
import { MALFORMED, Refusal } from "./hex";
import { readMemory } from "./memory";

/** The descriptor of a selector, read quietly; or a Refusal. */
function peekDescriptor(cpu: Cpu, selector: number): Descriptor {
  const { w } = cpu, ldt = SEGMENTS + 4 * LDTR, index = selector & 0xfff8;
  const [base, limit] = selector & TI
    ? [w[ldt + BASE]!, w[ldt + LIMIT]!] : [w[GDTR_BASE]!, w[GDTR_LIMIT]!];
  if (index + 7 > limit >>> 0) throw new Refusal(MALFORMED);
  const linear = (base + index) | 0;
  const bytes = readMemory(cpu, linear >>> 0, 8, false);
  if (bytes.length < 8) throw new Refusal(MALFORMED);
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  const d = takeApart(selector, linear,
    view.getInt32(0, true), view.getInt32(4, true));
  if (!d.present) throw new Refusal(MALFORMED);
  return d;
}

function suits(segment: number, type: number): boolean {
  if (segment === CS) return isCode(type);
  return segment === SS ? isWritable(type) : isReadable(type);
}

/** A debugger writes ES, CS, SS, DS, FS or GS; the hidden part follows. */
export function writeSelector(
  cpu: Cpu, segment: number, selector: number,
): void {
  if (selector > 0xffff) throw new Refusal(MALFORMED);
  const nothing = isNull(selector);
  if (cpu.w[SYSTEM_FLAGS]! & VM) {
    virtualSegment(cpu, segment, selector);
  } else if (!isProtected(cpu)) {
    putSegment(cpu, segment, selector, selector << 4, 0xffff, REAL_RIGHTS);
  } else if (nothing && segment !== CS && segment !== SS) {
    putSegment(cpu, segment, selector, 0, 0, 0);
  } else {
    if (nothing) throw new Refusal(MALFORMED);
    const d = peekDescriptor(cpu, selector);
    if (!suits(segment, d.type)) throw new Refusal(MALFORMED);
    setSegment(cpu, segment, selector, d);
    if (segment === CS) cpu.setCpl(selector & RPL);
  }
}
/** A segment as virtual-8086 mode has it: 64 KiB, ring 3, writable. */
export function virtualSegment(
  cpu: Cpu, segment: number, selector: number,
): void {
  putSegment(
    cpu, segment, selector, selector << 4, 0xffff, VIRTUAL_RIGHTS);
}

/** A debugger writes a segment's base, and only that. */
export function writeBase(cpu: Cpu, segment: number, value: number): void {
  cpu.w[SEGMENTS + 4 * segment + BASE] = value;
  cpu.refreshSegment(segment);
}

/** A debugger writes LDTR or TR. */
export function writeSystemSelector(
  cpu: Cpu, segment: number, selector: number,
): void {
  if (selector > 0xffff || selector & TI) throw new Refusal(MALFORMED);
  if (isNull(selector)) {
    putSegment(cpu, segment, selector, 0, 0, 0);
    return;
  }
  const d = peekDescriptor(cpu, selector);
  const busy = segment === LDTR ? 0 : TYPE_BUSY;
  const good = segment === LDTR ? d.type === TYPE_LDT : isTask(d.type);
  if (!good) throw new Refusal(MALFORMED);
  const attributes = d.attributes | SEG_P | busy;
  putSegment(cpu, segment, selector, d.base, d.limit, attributes);
}
