// Woven from chapters/796-disassembler.md.
import type { Form } from "../table";
import { hasOperandSize, isOther } from "./names";
import type { ShownInsn } from "./show-prefixes";

const shownNames: Record<string, string> = {
  callf: "lcall", jmpf: "ljmp", retf: "lret", invlpg: "invlpg",
};

const widthSuffix: Record<number, string> = { 1: "b", 2: "w", 4: "l" };

const alwaysSuffixed = new Set(["movs", "cmps", "ins", "outs",
  "sgdt", "sidt", "lgdt", "lidt"]);
const suffixedIfWord = new Set(("push pop call jmp callf jmpf ret retf "
  + "iret pusha popa pushf popf enter leave").split(" "));
const neverSuffixed = new Set(["bound", "cmpxchg8b", "invlpg"]);

/** Whether the width is to be seen from a register operand. */
function widthShows(form: Form, isMemory: boolean): boolean {
  return form.operands.some(({ kind, size, code }) =>
    (kind === "E" && !isMemory && size !== "w")
    || kind === "G" || kind === "Z" || kind === "R"
    || (kind === "register" && code !== "CL" && code !== "DX"));
}

function memoryHasWidth(form: Form): boolean {
  return form.operands.some(({ kind, memorySize }) =>
    kind === "E" && (memorySize === "b" || memorySize === "v"));
}

function suffix(insn: ShownInsn): string {
  const { form, isMemory, operandSize, code } = insn;
  const { mnemonic } = form;
  const full = widthSuffix[operandSize]!;
  if (alwaysSuffixed.has(mnemonic)) return full;
  if (neverSuffixed.has(mnemonic) || form.condition !== undefined)
    return "";
  if (suffixedIfWord.has(mnemonic)) {
    const unusual = isOther(operandSize, code) && hasOperandSize(form)
      && form.operands[0]?.code !== "Jb";
    return unusual && !widthShows(form, isMemory) ? full : "";
  }
  return isMemory && memoryHasWidth(form) && !widthShows(form, true)
    ? full : "";
}

/** The mnemonic in AT&T syntax, its width included. */
export function shownName(insn: ShownInsn): string {
  const { form, operandSize, addressSize, code } = insn;
  const wide = operandSize === 2 ? "w" : "l";
  switch (form.mnemonic) {
    case "movzx": case "movsx":
      return form.mnemonic.slice(0, 4) + form.operands[1]!.size + wide;
    case "cbw": return operandSize === 2 ? "cbtw" : "cwtl";
    case "cwd": return operandSize === 2 ? "cwtd" : "cltd";
    case "nop":
      if (form.opcode === "90" && isOther(operandSize, code)) return "xchg";
      break;
    case "jecxz": return addressSize === 2 ? "jcxz" : "jecxz";
    case "loop": case "loope": case "loopne":
      return form.mnemonic
        + (addressSize === code ? "" : widthSuffix[addressSize]);
  }
  const name = shownNames[form.mnemonic] ?? form.mnemonic;
  return name + suffix(insn);
}
