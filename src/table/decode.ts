// Woven from chapters/732-decoder.md.
import { address16, address32 } from "./address";
import type { Form, Operand, OperandSize } from "./form";
import type { Insn, OperandPlace } from "./insn";
import { segmentNumber, segmentPrefixes } from "./insn";
import { ByteReader } from "./reader";
import { slots } from "./slots";

interface Prefixes {
  lock: boolean;
  rep: 0 | 0xf2 | 0xf3;
  /** The segment override, or -1. */
  segment: number;
  operand: boolean;
  address: boolean;
}

/** Whether `byte` is a prefix; if so, `prefixes` know it. */
function notePrefix(prefixes: Prefixes, byte: number): boolean {
  const segment = segmentPrefixes.indexOf(byte);
  if (segment >= 0) prefixes.segment = segment;
  else if (byte === 0x66) prefixes.operand = true;
  else if (byte === 0x67) prefixes.address = true;
  else if (byte === 0xf0) prefixes.lock = true;
  else if (byte === 0xf2 || byte === 0xf3) prefixes.rep = byte;
  else return false;
  return true;
}

/** Bytes that an operand's small letter stands for, in a form that works
 * on `width`. */
export function bytesOf(size: OperandSize, width: 1 | 2 | 4): 1 | 2 | 4 {
  return size === "b" ? 1 : size === "w" ? 2 : width;
}

interface Immediates {
  immediate: number;
  immediate2: number;
}

function readImmediates(
  reader: ByteReader, form: Form, size: 2 | 4,
): Immediates {
  const values: number[] = [];
  for (const { kind, size: width, signExtended } of form.operands) {
    const bytes = bytesOf(width, size);
    if (kind === "I")
      values.push(signExtended
        ? reader.signed(bytes) : reader.unsigned(bytes));
    else if (kind === "J") values.push(reader.signed(bytes));
    else if (kind === "A")
      values.push(reader.unsigned(size), reader.unsigned(2));
    else if (kind === "one") values.push(1);
  }
  return { immediate: values[0] ?? 0, immediate2: values[1] ?? 0 };
}

/** Whether a form works on bytes alone. */
export function worksOnBytes(form: Form): boolean {
  const sized = form.operands.filter(({ kind, register }) =>
    !"IJM".includes(kind) && kind !== "one"
    && !(kind === "register" && register > 0));
  return sized.length > 0 && sized.every(({ size }) => size === "b");
}

const byteForms = new Map<Form, boolean>();

function isByteForm(form: Form): boolean {
  const known = byteForms.get(form);
  if (known !== undefined) return known;
  const answer = worksOnBytes(form);
  byteForms.set(form, answer);
  return answer;
}

interface Found {
  form: Form;
  /** False if this is a neighbour, and the instruction doesn't exist: the
   * processor fetches as many bytes before it says so. */
  exists: boolean;
  modrm: number;
  /** The opcode's low three bits, where they are a register. */
  register: number;
}

function findForm(
  reader: ByteReader, first: number, rep: number,
): Found | undefined {
  const opcode = first === 0x0f ? reader.byte() : first;
  const slot = slots[first === 0x0f ? 256 + opcode : opcode];
  if (slot === undefined) return undefined;
  let form = slot.plain;
  let modrm = 0;
  if (rep === 0xf3 && slot.repeated) form = slot.repeated;
  if (slot.group) {
    modrm = reader.byte();
    form = slot.whole?.get(modrm)
      ?? slot.group[((modrm >> 3) & 7) + (modrm >= 0xc0 ? 8 : 0)];
    // A move to or from a control register knows registers only.
    if (isSystemMove(slot.group[8])) {
      modrm |= 0xc0;
      form = slot.group[8 + ((modrm >> 3) & 7)];
    }
  }
  const exists = form !== undefined;
  form ??= slot.group?.find(neighbour => neighbour !== undefined);
  return form && { form, exists, modrm, register: opcode & 7 };
}

function isSystemMove(form: Form | undefined): boolean {
  return form?.operands.some(({ kind }) => kind === "R") ?? false;
}

/** What the letters mean in an instruction with these fields. */
function placeOf(
  { kind, size, register }: Operand,
  i: Pick<Insn, "isMemory" | "operandSize" | "reg" | "rm">,
): OperandPlace {
  const isMemory = i.isMemory && "EMO".includes(kind);
  return {
    isMemory,
    register: isMemory ? -1 : "ERZ".includes(kind) ? i.rm
      : kind === "G" ? i.reg : kind === "register" ? register : -1,
    size: bytesOf(size, i.operandSize),
  };
}

const nowhere = { base: -1, index: -1, scale: 0, displacement: 0 };

/** Decodes like `decode`, but lets a LOCK stand anywhere. */
export function decodeLoosely(
  byteAt: (i: number) => number, code32: boolean,
): Insn | undefined {
  const reader = new ByteReader(byteAt);
  const prefixes: Prefixes = {
    lock: false, rep: 0, segment: -1, operand: false, address: false,
  };
  let byte = reader.byte();
  while (notePrefix(prefixes, byte)) byte = reader.byte();
  const count = reader.position - 1;
  const found = findForm(reader, byte, prefixes.rep);
  if (found === undefined) return undefined;
  const { form, modrm } = found;
  const size = prefixes.operand === code32 ? 2 : 4;
  const addressSize = prefixes.address === code32 ? 2 : 4;
  const mod = form.plusReg ? 3 : modrm >> 6;
  const rm = form.plusReg ? found.register : modrm & 7;
  const bare = form.operands.some(({ kind }) => kind === "O");
  const isMemory = bare || (form.modrm && mod < 3);
  const address = bare
    ? { ...nowhere, displacement: reader.unsigned(addressSize) }
    : !isMemory ? nowhere
    : (addressSize === 4 ? address32 : address16)(reader, mod, rm);
  const onStack = address.base === 4 || address.base === 5;
  const immediates = readImmediates(reader, form, size);
  if (!found.exists) return undefined;
  const operandSize = isByteForm(form) ? 1 : size;
  const reg = (modrm >> 3) & 7;
  const fields = { isMemory, operandSize, reg, rm } as const;
  // Pushed, since engines know arrays by how they came to be: all of these
  // should be of one kind.
  const places: OperandPlace[] = [];
  for (const operand of form.operands) places.push(placeOf(operand, fields));
  return {
    form, places, ...fields, ...address, ...immediates, addressSize, mod,
    length: reader.position, prefixes: count,
    lock: prefixes.lock, rep: prefixes.rep,
    segment: prefixes.segment >= 0 ? prefixes.segment
      : onStack ? segmentNumber.SS : segmentNumber.DS,
  };
}

/** Decodes the instruction whose bytes `byteAt(0)`, `byteAt(1)`, …
 * returns; undefined if there is none (#UD). Throws
 * `InstructionTooLong`, and whatever `byteAt` throws. */
export function decode(
  byteAt: (i: number) => number, code32: boolean,
): Insn | undefined {
  const insn = decodeLoosely(byteAt, code32);
  if (insn?.lock && !(insn.form.lock && insn.isMemory)) return undefined;
  return insn;
}
