// Woven from chapters/020-segments.md, 716-gates.md.
import type { Cpu } from "./cpu";
import { Fault, GP } from "../ground/fault";
import {
  ATTRIBUTES, BASE, GDTR_BASE, GDTR_LIMIT, LDTR, LIMIT, SEG_ACCESSED,
  SEG_CODE, SEG_CONFORMING, SEG_G, SEG_P, SEG_READABLE, SEG_S, SEG_WRITABLE,
  SEGMENTS, TI, TYPE_BUSY, TYPE_CALL_GATE, TYPE_TSS, TYPE_WIDE,
} from "../ground/state";

/** A descriptor taken apart, and where it lies. */
export interface Descriptor {
  readonly selector: number;
  readonly linear: number;
  readonly low: number;
  readonly high: number;
  readonly base: number;
  /** In bytes, granularity applied; int32. */
  readonly limit: number;
  /** Access byte in bits 0 to 7, AVL L D/B G in 12 to 15. */
  readonly attributes: number;
  readonly type: number;
  readonly dpl: number;
  readonly present: boolean;
}

/** Takes a descriptor's two words apart (SDM 3A, figure 3-8). */
export function takeApart(
  selector: number, linear: number, low: number, high: number,
): Descriptor {
  const attributes = (high >>> 8) & 0xf0ff;
  const raw = (low & 0xffff) | (high & 0xf0000);
  return {
    selector, linear, low, high, attributes,
    base: (low >>> 16) | ((high & 0xff) << 16) | (high & 0xff000000),
    limit: attributes & SEG_G ? (raw << 12) | 0xfff : raw,
    type: attributes & 0x1f,
    dpl: (attributes >>> 5) & 3,
    present: (attributes & SEG_P) !== 0,
  };
}

const CODE = SEG_S | SEG_CODE;

/** What a type, or the attributes, say of a descriptor. */
export const isSegment = (type: number) => (type & SEG_S) !== 0;
export const isCode = (type: number) => (type & CODE) === CODE;
export const isConforming = (type: number) =>
  isCode(type) && (type & SEG_CONFORMING) !== 0;
export const isReadable = (type: number) =>
  isSegment(type) && (!isCode(type) || (type & SEG_READABLE) !== 0);
export const isWritable = (type: number) =>
  (type & (CODE | SEG_WRITABLE)) === (SEG_S | SEG_WRITABLE);
/** Only a type can say these. */
export const isTask = (type: number) =>
  (type & ~(TYPE_BUSY | TYPE_WIDE)) === TYPE_TSS;
export const isCallGate = (type: number) =>
  (type & ~TYPE_WIDE) === TYPE_CALL_GATE;

/** A selector as an error code. */
export const errorOf = (selector: number, ext = 0) =>
  (selector & 0xfffc) | ext;

/** Whether a selector names nothing, whatever its RPL. */
export const isNull = (selector: number) => errorOf(selector) === 0;

/** Reads the descriptor that a selector names; throws `vector` with the
 * selector (and EXT) if it lies outside of its table. */
export function readDescriptor(
  cpu: Cpu, selector: number, vector = GP, ext = 0,
): Descriptor {
  const w = cpu.w, ldt = SEGMENTS + 4 * LDTR, local = selector & TI;
  const usable = !local || (w[ldt + ATTRIBUTES]! & SEG_P) !== 0;
  const limit = local ? w[ldt + LIMIT]! : w[GDTR_LIMIT]!;
  const base = local ? w[ldt + BASE]! : w[GDTR_BASE]!;
  const index = selector & 0xfff8;
  if (!usable || index + 7 > limit >>> 0) {
    throw new Fault(vector, errorOf(selector, ext));
  }
  const linear = (base + index) | 0;
  const low = cpu.loadLinear(linear, 4);
  const high = cpu.loadLinear((linear + 4) | 0, 4);
  return takeApart(selector, linear, low, high);
}

/** Sets the accessed bit in the table, if it isn't. */
export function markAccessed(cpu: Cpu, d: Descriptor): void {
  if (d.attributes & SEG_ACCESSED) return;
  cpu.storeLinear((d.linear + 5) | 0, 1,
    (d.attributes & 0xff) | SEG_ACCESSED);
}

/** Puts a descriptor into the hidden part of a segment register. */
export function setSegment(
  cpu: Cpu, segment: number, selector: number, d: Descriptor,
): void {
  const s = isSegment(d.attributes) ? SEG_ACCESSED : 0;
  putSegment(cpu, segment, selector, d.base, d.limit, d.attributes | s);
}

/** Writes all four words of a segment register. */
export function putSegment(
  cpu: Cpu, segment: number, selector: number, base: number,
  limit: number, attributes: number,
): void {
  const w = cpu.w, at = SEGMENTS + 4 * segment;
  w[at] = selector;
  if (w[at + BASE] === base && w[at + LIMIT] === limit &&
    w[at + ATTRIBUTES] === attributes) return;
  w[at + BASE] = base;
  w[at + LIMIT] = limit;
  w[at + ATTRIBUTES] = attributes;
  if (segment < 6) cpu.refreshSegment(segment);
}
