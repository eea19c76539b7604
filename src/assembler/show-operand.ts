// Woven from chapters/796-disassembler.md.
import { bytesOf } from "../table";
import type { Insn, Operand } from "../table";
import { registerClass, takesWhole } from "./match";
import { registersByClass } from "./registers";
import type { RegisterClass } from "./registers";
import type { ShownInsn } from "./show-prefixes";
import { prefixFacts } from "./show-prefixes";

/** A number in hexadecimal as an unsigned one. */
export function hex(value: number): string {
  return "0x" + (value >>> 0).toString(16);
}

function signedHex(value: number): string {
  return value < 0 ? "-0x" + (-value).toString(16) : hex(value);
}

function registerText(kind: RegisterClass, number: number): string {
  const name = registersByClass[kind][number] ?? "?";
  return "%" + (kind === "debug" ? name.replace("dr", "db") : name);
}

/** "%fs:" if a prefix says so. */
function segmentText(insn: Insn): string {
  return prefixFacts(insn).overridden
    ? registerText("segment", insn.segment) + ":" : "";
}

function hasSib({ addressSize, mod, rm, form }: Insn): boolean {
  return form.modrm && addressSize === 4 && mod < 3 && rm === 4;
}

function indexText(insn: Insn): string {
  const { base, index, scale, addressSize } = insn;
  const kind = addressSize === 2 ? "w" : "d";
  if (index >= 0 && addressSize === 2)
    return "," + registerText(kind, index);
  if (index >= 0) return `,${registerText(kind, index)},${1 << scale}`;
  const idle = !hasSib(insn) || (base === 4 && scale === 0);
  return idle ? "" : `,%eiz,${1 << scale}`;
}

function memoryText(insn: Insn): string {
  const { base, index, displacement, addressSize, mod } = insn;
  const segment = segmentText(insn);
  const idle = (insn as ShownInsn).code === 2 && insn.scale === 0;
  if (base < 0 && index < 0 && (idle || !hasSib(insn)))
    return segment + (addressSize === 2 && insn.form.modrm
      ? signedHex(displacement) : hex(displacement));
  const kind = addressSize === 2 ? "w" : "d";
  const start = base < 0 ? "" : registerText(kind, base);
  const number = mod > 0 || base < 0 ? signedHex(displacement) : "";
  return `${segment}${number}(${start}${indexText(insn)})`;
}

function immediateText(operand: Operand, insn: Insn, value: number): string {
  const { size, signExtended } = operand;
  const narrow = signExtended ? insn.operandSize
    : bytesOf(size, insn.operandSize);
  const mask = narrow === 1 ? 0xff : narrow === 2 ? 0xffff : -1;
  return "$" + hex(value & mask);
}

function stringText({ kind }: Operand, insn: Insn): string {
  const registers = registersByClass[insn.addressSize === 2 ? "w" : "d"];
  return kind === "Y" ? `%es:(%${registers[7]})`
    : `${registerText("segment", insn.segment)}:(%${registers[6]})`;
}

/** The operand of `xlat`, which its form doesn't have. */
export function tableText(insn: Insn): string {
  const base = insn.addressSize === 2 ? "bx" : "ebx";
  return `${registerText("segment", insn.segment)}:(%${base})`;
}

function classOf(operand: Operand, insn: Insn): RegisterClass {
  return takesWhole(insn.form, operand) ? (insn.operandSize === 2 ? "w" : "d")
    : registerClass(operand, insn.operandSize);
}

/** An operand in AT&T syntax; jumps are somebody else's business. */
export function operandText(operand: Operand, insn: Insn): string {
  const { kind, register } = operand;
  const named = (number: number) =>
    registerText(classOf(operand, insn), number);
  switch (kind) {
    case "E": case "M": case "R": case "Z":
      return insn.mod < 3 && kind !== "Z" && kind !== "R"
        ? memoryText(insn) : named(insn.rm);
    case "G": case "S": case "C": case "D": return named(insn.reg);
    case "I": return immediateText(operand, insn, insn.immediate);
    case "O": return memoryText(insn);
    case "X": case "Y": return stringText(operand, insn);
    default:
      return operand.code === "DX" ? "(%dx)" : named(register);
  }
}
