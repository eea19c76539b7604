// Woven from chapters/796-disassembler.md.
import { segmentPrefixes } from "../table";
import type { Insn } from "../table";
import { countsDown, hasOperandSize } from "./names";

/** An instruction together with the bytes of its prefixes. */
export interface ShownInsn extends Insn {
  readonly prefixBytes: readonly number[];
  /** Bytes of operands and addresses without a prefix. */
  readonly code: 2 | 4;
}

/** Which prefixes show in the text of an instruction. */
export interface PrefixFacts {
  /** A segment prefix that names the operand's segment. */
  readonly overridden: boolean;
  readonly operand: boolean;
  readonly address: boolean;
}

/** Says which prefixes have work to do. */
export function prefixFacts(insn: Insn): PrefixFacts {
  const { form, isMemory } = insn;
  const { prefixBytes: bytes, code } = insn as ShownInsn;
  const kinds = form.operands.map(({ kind }) => kind);
  const inString = kinds.some(kind => kind === "X" || kind === "Y")
    || form.mnemonic === "xlat";
  const source = isMemory || kinds.includes("X")
    || form.mnemonic === "xlat";
  return {
    overridden: source && bytes.some(b => segmentPrefixes.includes(b)),
    operand: usesOperandSize(insn),
    address: inString || countsDown(form) || (isMemory && form.modrm
      && (code === 4 || insn.base >= 0 || insn.index >= 0)),
  };
}

function usesOperandSize({ form, isMemory, operandSize }: Insn): boolean {
  if (operandSize === 1) return false;
  const toSegment = form.opcode === "8E /r";
  const wordInMemory = form.operands.some(o => o.memorySize !== o.size);
  if (form.opcode === "90") return true;
  if (toSegment || wordInMemory) return !isMemory;
  return hasOperandSize(form);
}

const names: Record<number, string> = {
  0x26: "es", 0x2e: "cs", 0x36: "ss", 0x3e: "ds", 0x64: "fs",
  0x65: "gs", 0xf0: "lock",
};

function prefixName(byte: number, { form, code }: ShownInsn): string {
  if (byte === 0x66) return code === 4 ? "data16" : "data32";
  if (byte === 0x67) return code === 4 ? "addr16" : "addr32";
  if (byte === 0xf2) return "repnz";
  if (byte === 0xf3) return form.rep === "rep" ? "rep" : "repz";
  return names[byte]!;
}

function strikeLast(bytes: number[], which: readonly number[]): void {
  for (let i = bytes.length - 1; i >= 0; i--)
    if (which.includes(bytes[i]!)) {
      bytes.splice(i, 1);
      return;
    }
}

/** The names of prefixes that don't show elsewhere, in order. */
export function idlePrefixes(insn: ShownInsn): string[] {
  const facts = prefixFacts(insn);
  const bytes = [...insn.prefixBytes];
  if (facts.overridden) strikeLast(bytes, segmentPrefixes);
  if (facts.operand) strikeLast(bytes, [0x66]);
  if (facts.address) strikeLast(bytes, [0x67]);
  if (insn.form.mandatory) strikeLast(bytes, [insn.form.mandatory]);
  if (branchHint(insn)) strikeLast(bytes, [0x2e, 0x3e]);
  return bytes.map(byte => prefixName(byte, insn));
}

/** ",pt" or ",pn" for a conditional jump with a hint. */
export function branchHint({ form, prefixBytes }: ShownInsn): string {
  if (form.semantic !== "jcc" && !countsDown(form)) return "";
  const last = prefixBytes.filter(b => segmentPrefixes.includes(b)).pop();
  return last === 0x3e ? ",pt" : last === 0x2e ? ",pn" : "";
}
