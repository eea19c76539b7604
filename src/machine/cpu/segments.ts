// Woven from chapters/020-segments.md, 716-gates.md.
import type { Cpu } from "./cpu";
import {
  type Descriptor, errorOf, isCallGate, isCode, isConforming, isNull,
  isReadable, isSegment, isTask, isWritable, markAccessed, putSegment,
  readDescriptor, setSegment,
} from "./descriptors";
import { Fault, gp, GP, NP, SS_FAULT, UD } from "../ground/fault";
import { loadParagraph } from "./realmode";
import {
  ATTRIBUTES, CPL, CR0, CR0_PE, CS, DS, ES, FS, GDTR_BASE, GDTR_LIMIT, GS,
  IDTR_BASE, IDTR_LIMIT, LDTR, RPL, SEGMENTS, SS, SYSTEM_FLAGS, TI, TR,
  TYPE_BUSY, TYPE_LDT, TYPE_TASK_GATE, VM,
} from "../ground/state";

/** Whether selectors name descriptors (and not paragraphs). */
export function isProtected(cpu: Cpu): boolean {
  return (cpu.w[CR0]! & CR0_PE) !== 0 && !(cpu.w[SYSTEM_FLAGS]! & VM);
}

/** The selector in a segment register. */
export function selectorOf(cpu: Cpu, segment: number): number {
  return cpu.w[SEGMENTS + 4 * segment]! & 0xffff;
}

/** MOV, POP and LxS to a segment register: all checks, then the hidden
 * part (SDM 2A, MOV). */
export function loadSegment(
  cpu: Cpu, segment: number, selector: number,
): void {
  selector &= 0xffff;
  if (segment === CS) throw new Fault(UD);
  if (!isProtected(cpu)) {
    loadParagraph(cpu, segment, selector);
    return;
  }
  if (segment === SS) {
    const ring = cpu.w[CPL]!;
    if ((selector & RPL) !== ring) throw gp(errorOf(selector));
    const d = stackSegment(cpu, selector, ring, GP, 0);
    markAccessed(cpu, d);
    setSegment(cpu, SS, selector, d);
  } else if (isNull(selector)) {
    putSegment(cpu, segment, selector, 0, 0, 0);
  } else {
    const d = dataSegment(cpu, selector);
    markAccessed(cpu, d);
    setSegment(cpu, segment, selector, d);
  }
}

/** Checks a selector for SS in a ring; `vector` tells whose fault it is. */
export function stackSegment(
  cpu: Cpu, selector: number, ring: number, vector: number, ext: number,
): Descriptor {
  if (isNull(selector)) throw new Fault(vector, ext);
  const d = readDescriptor(cpu, selector, vector, ext);
  const error = errorOf(selector, ext);
  const fits = (selector & RPL) === ring && d.dpl === ring;
  if (!fits || !isWritable(d.type)) {
    throw new Fault(vector, error);
  }
  if (!d.present) throw new Fault(SS_FAULT, error);
  return d;
}

/** Checks a selector for DS, ES, FS or GS, which isn't null. */
export function dataSegment(
  cpu: Cpu, selector: number, vector = GP, ext = 0,
): Descriptor {
  const d = readDescriptor(cpu, selector, vector, ext);
  const error = errorOf(selector, ext);
  const conforming = isConforming(d.type);
  const ring = Math.max(cpu.w[CPL]!, selector & RPL);
  if (!isReadable(d.type) || (!conforming && d.dpl < ring)) {
    throw new Fault(vector, error);
  }
  if (!d.present) throw new Fault(NP, error);
  return d;
}

/** Checks a selector that is to become CS: `jump` for a direct jump or
 * call, `return` when it comes back from a stack, `gate` through one. */
export function codeSegment(
  cpu: Cpu, selector: number, how: "jump" | "return" | "gate", ext = 0,
): Descriptor {
  if (isNull(selector)) throw gp(ext);
  const d = readDescriptor(cpu, selector, GP, ext);
  const error = errorOf(selector, ext), cpl = cpu.w[CPL]!;
  const rpl = selector & RPL, conforming = isConforming(d.type);
  let good = isCode(d.type);
  if (how === "gate") good &&= d.dpl <= cpl;
  else if (how === "return") {
    good &&= rpl >= cpl && (conforming ? d.dpl <= rpl : d.dpl === rpl);
  } else {
    good &&= conforming ? d.dpl <= cpl : rpl <= cpl && d.dpl === cpl;
  }
  if (!good) throw gp(error);
  if (!d.present) throw new Fault(NP, error);
  return d;
}

const DATA_SEGMENTS = [ES, DS, FS, GS];

/** Drops DS, ES, FS and GS if the ring may not have them any more. */
export function dropInnerSegments(cpu: Cpu, ring: number): void {
  for (const segment of DATA_SEGMENTS) {
    const attributes = cpu.w[SEGMENTS + 4 * segment + ATTRIBUTES]!;
    const conforming = isConforming(attributes);
    const dpl = (attributes >>> 5) & 3;
    if (!conforming && dpl < ring) putSegment(cpu, segment, 0, 0, 0, 0);
  }
}

/** LGDT: base and limit from memory at DS… already checked by the caller. */
export function loadGdtr(cpu: Cpu, base: number, limit: number): void {
  cpu.w[GDTR_BASE] = base;
  cpu.w[GDTR_LIMIT] = limit & 0xffff;
}

/** LIDT: base and limit as read from memory. */
export function loadIdtr(cpu: Cpu, base: number, limit: number): void {
  cpu.w[IDTR_BASE] = base;
  cpu.w[IDTR_LIMIT] = limit & 0xffff;
}

/** LLDT; a null selector leaves no LDT. */
export function loadLdt(cpu: Cpu, selector: number): void {
  if (isNull(selector)) {
    putSegment(cpu, LDTR, selector & 0xffff, 0, 0, 0);
    return;
  }
  const error = errorOf(selector);
  if (selector & TI) throw gp(error);
  const d = readDescriptor(cpu, selector);
  if (d.type !== TYPE_LDT) throw gp(error);
  if (!d.present) throw new Fault(NP, error);
  setSegment(cpu, LDTR, selector & 0xffff, d);
}

/** LTR: the TSS becomes busy, in the table as well. */
export function loadTaskRegister(cpu: Cpu, selector: number): void {
  const error = errorOf(selector);
  if (!error) throw gp();
  if (selector & TI) throw gp(error);
  const d = readDescriptor(cpu, selector);
  if (!isTask(d.type) || d.type & TYPE_BUSY) throw gp(error);
  if (!d.present) throw new Fault(NP, error);
  cpu.storeLinear((d.linear + 5) | 0, 1, (d.attributes & 0xff) | TYPE_BUSY);
  putSegment(cpu, TR, selector & 0xffff, d.base, d.limit,
    d.attributes | TYPE_BUSY);
}

/** The descriptor that LAR, LSL, VERR and VERW may look at, if any. */
function visible(cpu: Cpu, selector: number): Descriptor | undefined {
  if (isNull(selector)) return undefined;
  let d: Descriptor;
  try {
    d = readDescriptor(cpu, selector);
  } catch (fault) {
    if (fault instanceof Fault && fault.vector === GP) return undefined;
    throw fault;
  }
  const conforming = isConforming(d.type);
  const ring = Math.max(cpu.w[CPL]!, selector & RPL);
  return conforming || d.dpl >= ring ? d : undefined;
}

const hasLimit = (type: number) =>
  isSegment(type) || isTask(type) || type === TYPE_LDT;

/** LAR: the access rights, or undefined (ZF=0). */
export function lar(cpu: Cpu, selector: number): number | undefined {
  const d = visible(cpu, selector & 0xffff);
  const known = d && (hasLimit(d.type) || isCallGate(d.type) ||
    d.type === TYPE_TASK_GATE);
  return known ? d.high & 0x00ffff00 : undefined;
}

/** LSL: the limit in bytes, or undefined (ZF=0). */
export function lsl(cpu: Cpu, selector: number): number | undefined {
  const d = visible(cpu, selector & 0xffff);
  return d && hasLimit(d.type) ? d.limit : undefined;
}

/** VERR: may this ring read the segment? */
export function verr(cpu: Cpu, selector: number): boolean {
  const d = visible(cpu, selector & 0xffff);
  return d !== undefined && isReadable(d.type);
}

/** VERW: may this ring write the segment? */
export function verw(cpu: Cpu, selector: number): boolean {
  const d = visible(cpu, selector & 0xffff);
  return d !== undefined && isWritable(d.type);
}
