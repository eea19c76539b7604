// From a form to bytes: prefixes, opcode, ModR/M, immediates, all of them
// random, and registers to go with them.

import type { Form, Operand } from "../../src/table";
import type { Draft } from "./draft";
import { memory, registerOnly, segmentOf } from "./modrm";
import {
  codeSelector, prepareOperands, prepareRegisters,
} from "./prepare";

/** An instruction, and what the draft's registers make it do. */
export interface Encoded {
  form: Form;
  bytes: number[];
  /** Of its widest operand: 1, 2 or 4. */
  operandSize: number;
  /** A shift's count, if it is one. */
  count: number | "CL" | undefined;
  /** Linear address and bytes of the operand in memory. */
  memory: { address: number; size: number } | undefined;
  /** The register in ModR/M's middle, or in the opcode. */
  register: number;
  /** The register in ModR/M's place for memory. */
  other: number;
}

/** What is chosen before the operands are. */
export interface Choice {
  form: Form;
  operand16: boolean;
  address16: boolean;
  repeated: boolean;
  locked: boolean;
}

/** One encoding of the form, or undefined if the dice fell badly: then the
 * draft is spoilt unless it is a calm one. */
export function encode(draft: Draft, form: Form): Encoded | undefined {
  const { r } = draft;
  const choice = choose(draft, form);
  prepareRegisters(draft, choice);

  const wide = choice.operand16 ? 2 : 4;
  const opcode = [...form.prefix];
  const encoded: Encoded = {
    form, bytes: [], operandSize: byteForm(form) ? 1 : wide,
    count: undefined, memory: undefined, register: -1, other: -1,
  };
  let segment = 0;
  let modrm: number[] = [];
  if (form.plusReg) {
    encoded.register = registerFor(draft, encoded.operandSize);
    if (form.prefix[0] === 0x90 && encoded.register === 0)
      return undefined;
    opcode[opcode.length - 1]! += encoded.register;
  }
  if (form.modrm) {
    const middle = middleOf(draft, form, encoded.operandSize);
    if (middle === undefined)
      return undefined;
    const operand = form.operands.find(o => "EMRCD".includes(o.kind))
      ?? form.operands[0]!;
    const size = bytesOf(operand.memorySize, wide);
    if (inRegister(draft, form)) {
      encoded.other = registerFor(draft, size);
      modrm = registerOnly(middle, encoded.other);
    } else {
      const made = memory(draft, {
        size, middle, address16: choice.address16,
        aligned: choice.locked || locks(form),
      });
      if (!made)
        return undefined;
      segment = made.segment;
      modrm = made.bytes;
      encoded.memory = { address: made.address, size };
    }
    encoded.register = middle;
  }
  if (choice.locked && !encoded.memory)
    return undefined;
  const tail = form.operands.flatMap(operand =>
    immediate(draft, encoded, choice, operand));
  if (moffs(form)) {
    const at = draft.place(encoded.operandSize, false);
    encoded.memory = { address: at, size: encoded.operandSize };
    if (choice.address16 || draft.segments)
      segment = 0x64;
    const base = draft.base(segmentOf(segment));
    tail.push(...littleEndian(at - base, choice.address16 ? 2 : 4));
  }
  encoded.bytes = [...prefixes(draft, choice, segment), ...opcode, ...modrm,
    ...tail];
  if (encoded.bytes.length > 15)
    return undefined;
  return prepareOperands(draft, encoded, choice) ? encoded : undefined;
}

function choose(draft: Draft, form: Form): Choice {
  const { r } = draft;
  const addresses = form.modrm || form.rep !== "" || moffs(form)
    || ["loop", "loope", "loopne", "jecxz", "xlat"].includes(form.semantic);
  return {
    form,
    operand16: form.semantic !== "bswap" && r.chance(25),
    address16: !draft.calm && (addresses || draft.narrow)
      && r.chance(draft.segments ? 50 : 12),
    repeated: !draft.calm && form.rep !== "" && r.chance(60),
    locked: mayCarryLock(form) && !draft.calm
      && r.chance(form.lock ? 15 : 1),
  };
}

// A LOCK that is not allowed is #UD, but: with it AMD's processors reach CR8
// through CR0; and of lar, lsl, verr, verw they fetch the operand first, so
// that it may be #PF instead, where the manual (SDM 3A, table 6-2) puts
// faults of decoding before those of operands.
function mayCarryLock(form: Form): boolean {
  return !/^(lar|lsl|verr|verw)$/.test(form.semantic)
    && form.operands.every(operand => operand.kind !== "C");
}

function byteForm(form: Form): boolean {
  const first = form.operands[0];
  return first?.size === "b" && first.kind !== "I" && first.kind !== "J";
}

function moffs(form: Form): boolean {
  return form.operands.some(operand => operand.kind === "O");
}

/** xchg locks the bus unasked. */
function locks(form: Form): boolean {
  return form.semantic === "xchg" || form.semantic === "cmpxchg8b";
}

/** Bytes of an operand with that small letter. */
function bytesOf(letter: string, wide: number): number {
  switch (letter) {
    case "b": return 1;
    case "w": return 2;
    case "d": return 4;
    case "p": return wide + 2;
    case "a": return 2 * wide;
    case "s": return 6;
    case "q": return 8;
    default: return wide;
  }
}

function registerFor(draft: Draft, size: number): number {
  return draft.r.below(draft.calm && size > 1 ? 4 : 8);
}

/** ModR/M's middle field: part of the opcode, or a register. */
function middleOf(
  draft: Draft, form: Form, size: number,
): number | undefined {
  if (form.digit !== undefined)
    return form.digit;
  const kinds = form.operands.map(operand => operand.kind);
  // CR1, CR5 and their like are not the ring's business but #UD; of DR4
  // and DR5 it depends on CR4.
  if (kinds.includes("C"))
    return draft.r.pick([0, 2, 3, 4]);
  if (kinds.includes("D"))
    return draft.r.pick([0, 1, 2, 3, 6, 7]);
  if (kinds.includes("S"))
    return draft.r.below(draft.calm ? 6 : 8);
  const operand = form.operands.find(o => o.kind === "G");
  return registerFor(draft, operand?.size === "b" ? 1 : size);
}

function inRegister(draft: Draft, form: Form): boolean {
  const kinds = form.operands.map(operand => operand.kind);
  if (kinds.some(kind => "RCD".includes(kind)))
    return true;
  if (!kinds.includes("M"))
    return draft.r.chance(40);
  // A register where only memory is allowed is #UD; but not behind 0F 01,
  // nor for what VEX and EVEX have made their own.
  const newer = [0x62, 0xc4, 0xc5].includes(form.prefix[0]!)
    || (form.prefix[0] === 0x0f && form.prefix[1] === 0x01);
  return !newer && !draft.calm && draft.r.chance(3);
}

function littleEndian(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, i) => value >>> 8 * i & 0xff);
}

function immediate(
  draft: Draft, encoded: Encoded, choice: Choice, operand: Operand,
): number[] {
  const { form } = encoded;
  if (operand.kind === "one")
    encoded.count = 1;
  if (operand.code === "CL")
    encoded.count = "CL";
  const wide = choice.operand16 ? 2 : 4;
  if (operand.kind === "A") {
    const selector = codeSelector(draft);
    return [...littleEndian(draft.landing(selector), wide),
      ...littleEndian(selector, 2)];
  }
  if (operand.kind !== "I" && operand.kind !== "J")
    return [];
  const size = bytesOf(operand.size, wide);
  const value = operand.kind === "J"
    ? distance(draft, size) : immediateValue(draft, form, operand);
  if (/^(sh|sa|ro|rc)/.test(form.semantic))
    encoded.count = value & 0xff;
  return littleEndian(value, size);
}

function immediateValue(draft: Draft, form: Form, operand: Operand): number {
  const { r } = draft;
  switch (form.semantic) {
    case "int": {
      const vector = r.below(256);
      return vector === 0x80 ? 0x81 : vector;
    }
    case "enter":
      if (operand.size === "b")
        return r.chance(80) ? r.below(4) : r.below(256);
      return r.below(0x100);
    case "ret": case "retf":
      return r.below(0x100);
    case "aam": case "aad":
      return r.chance(50) ? 10 : r.operand();
    default:
      return r.operand();
  }
}

/** How far a jump goes: never onto itself, so that no case goes round in
 * circles. */
function distance(draft: Draft, size: number): number {
  const { r } = draft;
  if (size === 1 || r.chance(50))
    return r.chance(50) ? r.below(128) : -16 - r.below(112);
  return r.chance(50) ? 16 + r.below(0x700) : -16 - r.below(0x300);
}

function prefixes(
  draft: Draft, choice: Choice, segment: number,
): number[] {
  const { r } = draft;
  const list: number[] = [];
  if (choice.operand16 !== draft.narrow)
    list.push(0x66);
  if (choice.address16 !== draft.narrow)
    list.push(0x67);
  if (choice.locked)
    list.push(0xf0);
  if (choice.repeated)
    list.push(r.pick([0xf2, 0xf3]));
  if (segment)
    list.push(segment);
  if (!draft.calm && list.length > 0 && r.chance(4))
    list.push(list[0]!);
  for (let i = list.length - 1; i > 0; i--) {
    const j = r.below(i + 1);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  if (choice.form.mandatory)
    list.push(choice.form.mandatory);
  return list;
}
