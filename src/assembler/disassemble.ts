// Woven from chapters/796-disassembler.md.
import { decodeLoosely, InstructionTooLong } from "../table";
import type { Insn, Operand } from "../table";
import { isIndirect } from "./match";
import { shownName } from "./show-name";
import { hex, operandText, tableText } from "./show-operand";
import { branchHint, idlePrefixes } from "./show-prefixes";
import type { ShownInsn } from "./show-prefixes";
import { targetText } from "./show-target";
import type { SymbolTable } from "./show-target";
import { writtenOperands } from "./written";

/** An instruction as text, and how many bytes it has. */
export interface Disassembled {
  readonly text: string;
  readonly length: number;
}

function operandTexts(
  insn: ShownInsn, address: number, symbols?: SymbolTable,
): string[] {
  const { form, immediate, immediate2, operandSize } = insn;
  if (form.operands[0]?.kind === "A") {
    const offset = operandSize === 2 ? immediate & 0xffff : immediate;
    return ["$" + hex(immediate2), "$" + hex(offset)];
  }
  if (form.mnemonic === "enter")
    return ["$" + hex(immediate), "$" + hex(immediate2)];
  if (form.mnemonic === "xlat") return [tableText(insn)];
  if (form.mnemonic === "esc") {
    const opcode = (form.prefix[0]! & 7) << 3 | insn.reg;
    return ["$" + hex(opcode), insn.isMemory
      ? operandText(form.operands[0]!, insn) : `%st(${insn.rm})`];
  }
  const star = isIndirect(form) ? "*" : "";
  const show = (operand: Operand) => operand.kind === "J"
    ? targetText(insn, address, symbols)
    : star + operandText(operand, insn);
  return writtenOperands(form)
    .filter(({ kind }) => kind !== "one").map(show);
}

function show(
  insn: ShownInsn, address: number, symbols?: SymbolTable,
): string {
  const name = shownName(insn) + branchHint(insn);
  const words = [...idlePrefixes(insn), name].join(" ");
  const same = insn.code === 4 ? "%ax,%ax" : "%eax,%eax";
  const operands = name === "xchg" && !insn.form.operands.length
    ? same : operandTexts(insn, address, symbols).join(",");
  return `${words.padEnd(6)} ${operands}`.trimEnd();
}

type Source = Uint8Array | ((i: number) => number);

function tryDecode(
  byteAt: (i: number) => number, code: 2 | 4,
): Insn | undefined {
  try {
    return decodeLoosely(byteAt, code === 4);
  } catch (error) {
    if (error instanceof InstructionTooLong || error instanceof RangeError)
      return undefined;
    throw error;
  }
}

/** The instruction at the start of `source` in AT&T syntax, as
 * `objdump -d` writes it (with `code16`, `objdump -d -M i8086`); "(bad)" if
 * there is none. `address` is where it stands. Throws whatever `source`
 * throws, except RangeError. */
export function disassemble(
  source: Source, address = 0,
  { symbols, code16 = false }: {
    readonly symbols?: SymbolTable; readonly code16?: boolean;
  } = {},
): Disassembled {
  if (typeof source === "string" || source?.length === undefined)
    throw new TypeError("disassemble takes bytes, or a function of an index");
  const byteAt = typeof source === "function" ? source
    : (i: number) => source[i] ?? endOfBytes();
  const code = code16 ? 2 : 4;
  const insn = tryDecode(byteAt, code);
  if (!insn) return { text: "(bad)", length: 1 };
  const prefixBytes = Array.from({ length: insn.prefixes },
    (_, i) => byteAt(i));
  const text = show({ ...insn, prefixBytes, code }, address, symbols);
  return { text, length: insn.length };
}

function endOfBytes(): never {
  throw new RangeError("the bytes end in the middle of an instruction");
}
