// Woven from chapters/784-forms.md.
import { bases16, indexes16, segmentPrefixes } from "../table";
import type { Form, Operand } from "../table";
import type { Expression } from "./expression";
import { number } from "./expression";
import { immediateBytes, wrap } from "./match";
import { countsDown, hasOperandSize, isOther } from "./names";
import type { AsmOperand, MemoryOperand } from "./operand";
import { writtenOperands } from "./written";

/** A place in the bytes whose value is not known yet. */
export interface Hole {
  readonly offset: number;
  /** Bytes: 1, 2, 4. */
  readonly size: number;
  readonly value: Expression;
  /** Counted from the end of the hole, as jumps are. */
  readonly relative: boolean;
  /** The column in the statement, for complaints. */
  readonly position: number;
}

/** An instruction's bytes, with holes. */
export interface Encoded {
  readonly bytes: number[];
  readonly holes: Hole[];
}

/** The prefixes that were written before an instruction. */
export interface WrittenPrefixes {
  lock: boolean;
  /** 0, F2 or F3. */
  rep: number;
  /** The segment's number, or -1. */
  segment: number;
  operand: boolean;
  address: boolean;
  /** Bytes of an operand and an address where no prefix says otherwise:
   * 4, or 2 behind .code16. */
  readonly code: 2 | 4;
}

/** Appends a value of `size` bytes, or a hole for it. */
export function putValue(
  to: Encoded, value: Expression, size: number, position: number,
  relative = false,
): void {
  const known = value.kind === "number" && !relative ? value.value : 0;
  if (value.kind !== "number" || relative || wrap(known, size) === undefined)
    to.holes.push({
      offset: to.bytes.length, size, value, relative, position });
  for (let i = 0; i < size; i++)
    to.bytes.push((known >> (8 * i)) & 0xff);
}

function putAddress32(to: Encoded, reg: number, m: MemoryOperand): void {
  const { base, index, scale, displacement, position } = m;
  const known = displacement.kind === "number"
    ? wrap(displacement.value, 4) : undefined;
  const mod = base < 0 ? 0
    : known === 0 && base !== 5 ? 0
    : known !== undefined && known >= -128 && known <= 127 ? 1 : 2;
  const bits = (mod << 6) | (reg << 3);
  if (index < 0 && base !== 4) to.bytes.push(bits | (base < 0 ? 5 : base));
  else to.bytes.push(bits | 4,
    (scale << 6) | ((index < 0 ? 4 : index) << 3) | (base < 0 ? 5 : base));
  if (mod === 1) putValue(to, number(known!), 1, position);
  else if (mod === 2 || base < 0) putValue(to, displacement, 4, position);
}

function putAddress16(to: Encoded, reg: number, m: MemoryOperand): boolean {
  const { base, index, displacement, position } = m;
  if (base < 0 && index < 0) {
    to.bytes.push((reg << 3) | 6);
    putValue(to, displacement, 2, position);
    return true;
  }
  const rm = bases16.findIndex(
    (first, i) => first === base && indexes16[i] === index);
  if (rm < 0) return false;
  const known = displacement.kind === "number"
    ? wrap(displacement.value, 2) : undefined;
  const mod = known === 0 && rm !== 6 ? 0
    : known !== undefined && known >= -128 && known <= 127 ? 1 : 2;
  to.bytes.push((mod << 6) | (reg << 3) | rm);
  if (mod) putValue(to, displacement, mod, position);
  return true;
}

/** Prefixes as bytes, in the order in which the GNU assembler has them. */
export function prefixBytes(
  { segment, address, operand, rep, lock }: Omit<WrittenPrefixes, "code">,
): number[] {
  const bytes: number[] = [];
  if (segment >= 0) bytes.push(segmentPrefixes[segment]!);
  if (address) bytes.push(0x67);
  if (operand) bytes.push(0x66);
  if (rep) bytes.push(rep);
  if (lock) bytes.push(0xf0);
  return bytes;
}

function needsOperandSize(
  form: Form, width: number, memory: MemoryOperand | undefined, code: 2 | 4,
): boolean {
  const wordInMemory = form.operands.some(o => o.memorySize !== o.size);
  return isOther(width, code) && hasOperandSize(form)
    && !(memory && wordInMemory);
}

function putPrefixes(
  to: Encoded, form: Form, width: number,
  { memory, addressSize }: Places, written: WrittenPrefixes,
): void {
  const { code } = written;
  const usual = memory && (memory.base === 4 || memory.base === 5) ? 2 : 3;
  const named = memory && memory.segment !== usual ? memory.segment : -1;
  const otherCount = width !== code && countsDown(form);
  to.bytes.push(...prefixBytes({
    segment: named >= 0 ? named : written.segment,
    address: written.address || isOther(addressSize, code) || otherCount,
    operand: written.operand || needsOperandSize(form, width, memory, code),
    rep: written.rep || form.mandatory, lock: written.lock,
  }));
}

interface Places {
  rm?: AsmOperand;
  memory?: MemoryOperand;
  /** Bytes of an address, 0 if there is none. */
  addressSize: 0 | 2 | 4;
  reg: number;
  opcodeRegister: number;
  /** What follows: values, sizes, and whether it is a distance. */
  tail: [AsmOperand, number, boolean][];
}

/** `what`, as the byte it is if the byte will be sign-extended. */
function narrow(
  operand: Operand, what: AsmOperand, width: number,
): AsmOperand {
  const known = what.kind === "immediate" && what.value.kind === "number";
  if (!operand.signExtended || !known) return what;
  const value = wrap(what.value.value, width) ?? what.value.value;
  return { ...what, value: number(value) };
}

function sortOperands(
  form: Form, width: number, given: readonly AsmOperand[],
): Places {
  const places: Places = {
    reg: form.digit ?? 0, opcodeRegister: 0, tail: [], addressSize: 0,
  };
  writtenOperands(form).forEach((operand, i) => {
    const what = given[i];
    if (!what) return;
    const { kind } = operand;
    if (what.kind === "memory" && kind !== "J")
      places.addressSize = what.addressSize;
    if (what.kind === "memory" && kind !== "J" && kind !== "Y")
      places.memory = what;
    if ("EMR".includes(kind)) places.rm = what;
    else if ("GSCD".includes(kind) && what.kind === "register")
      places.reg = what.register.number;
    else if (kind === "Z" && what.kind === "register")
      places.opcodeRegister = what.register.number;
    else if (kind === "I" || kind === "J")
      places.tail.push([narrow(operand, what, width),
        immediateBytes(operand, width), kind === "J"]);
    else if (kind === "O" && what.kind === "memory")
      places.tail.push([what, what.addressSize, false]);
  });
  if (form.operands[0]?.kind === "A") places.tail.reverse();
  return places;
}

/** The bytes of `form` with operands in AT&T order, all of which fit. */
export function encode(
  form: Form, width: number, given: readonly AsmOperand[],
  prefixes: WrittenPrefixes,
): Encoded | undefined {
  const to: Encoded = { bytes: [], holes: [] };
  const places = sortOperands(form, width, given);
  const { rm, reg } = places;
  putPrefixes(to, form, width, places, prefixes);
  to.bytes.push(...form.prefix);
  to.bytes[to.bytes.length - 1]! |= places.opcodeRegister;
  if (rm?.kind === "register")
    to.bytes.push(0xc0 | (reg << 3) | rm.register.number);
  else if (rm?.kind === "memory" && rm.addressSize === 4)
    putAddress32(to, reg, rm);
  else if (rm?.kind === "memory" && !putAddress16(to, reg, rm))
    return undefined;
  for (const [what, size, relative] of places.tail) {
    const value = what.kind === "immediate" ? what.value
      : what.kind === "memory" ? what.displacement : number(0);
    putValue(to, value, size, what.position, relative);
  }
  return to;
}
