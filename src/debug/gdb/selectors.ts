// Woven from chapters/56-registers.md.
import {
  BASE, CS, GDTR_BASE, GDTR_LIMIT, isProtected, LDTR, LIMIT, putSegment,
  SEG_P, SEGMENTS, setSegment, SS, SYSTEM_FLAGS, takeApart, VM,
} from "../../machine";
import type { Cpu, Descriptor } from "../../machine";
import { MALFORMED, Refusal } from "./hex";
import { readMemory } from "./memory";

/** The descriptor of a selector, read quietly; or a Refusal. */
function peekDescriptor(cpu: Cpu, selector: number): Descriptor {
  const { w } = cpu, ldt = SEGMENTS + 4 * LDTR, index = selector & 0xfff8;
  const [base, limit] = selector & 4
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
  const isSegment = (type & 0x10) !== 0, isCode = (type & 8) !== 0;
  const second = (type & 2) !== 0;    // readable code, writable data
  if (!isSegment) return false;
  if (segment === CS) return isCode;
  if (segment === SS) return !isCode && second;
  return !isCode || second;
}

/** A debugger writes ES, CS, SS, DS, FS or GS; the hidden part follows. */
export function writeSelector(
  cpu: Cpu, segment: number, selector: number,
): void {
  if (selector > 0xffff) throw new Refusal(MALFORMED);
  const isNull = (selector & 0xfffc) === 0;
  if (cpu.w[SYSTEM_FLAGS]! & VM) {
    virtualSegment(cpu, segment, selector);
  } else if (!isProtected(cpu)) {
    putSegment(cpu, segment, selector, selector << 4, 0xffff, 0x93);
  } else if (isNull && segment !== CS && segment !== SS) {
    putSegment(cpu, segment, selector, 0, 0, 0);
  } else {
    if (isNull) throw new Refusal(MALFORMED);
    const d = peekDescriptor(cpu, selector);
    if (!suits(segment, d.type)) throw new Refusal(MALFORMED);
    setSegment(cpu, segment, selector, d);
    if (segment === CS) cpu.setCpl(selector & 3);
  }
}
/** A segment as virtual-8086 mode has it: 64 KiB, ring 3, writable. */
export function virtualSegment(
  cpu: Cpu, segment: number, selector: number,
): void {
  putSegment(cpu, segment, selector, selector << 4, 0xffff, 0xf3);
}

/** A debugger writes a segment's base, and only that. */
export function writeBase(cpu: Cpu, segment: number, value: number): void {
  cpu.w[SEGMENTS + 4 * segment + BASE] = value;
  cpu.refreshSegment(segment);
}

const LDT = 2, TASKS = [1, 3, 9, 11];

/** A debugger writes LDTR or TR. */
export function writeSystemSelector(
  cpu: Cpu, segment: number, selector: number,
): void {
  if (selector > 0xffff || selector & 4) throw new Refusal(MALFORMED);
  if (!(selector & 0xfffc)) {
    putSegment(cpu, segment, selector, 0, 0, 0);
    return;
  }
  const d = peekDescriptor(cpu, selector);
  const busy = segment === LDTR ? 0 : 2;
  const good = segment === LDTR ? d.type === LDT : TASKS.includes(d.type);
  if (!good) throw new Refusal(MALFORMED);
  const attributes = d.attributes | SEG_P | busy;
  putSegment(cpu, segment, selector, d.base, d.limit, attributes);
}
