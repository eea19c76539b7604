// Woven from chapters/900-table.md.
import { flagMask } from "./flagbits";
import type {
  Form, Operand, OperandKind, OperandSize, Privilege,
} from "./form";
import { tableText } from "./table";

/** Intel's names of the sixteen conditions, by number. */
export const conditionNames: readonly string[] =
  "o no b ae e ne be a s ns p np l ge le g".split(" ");

const conditionReads = ["O", "C", "Z", "ZC", "S", "P", "SO", "ZSO"];

type Draft = Omit<Form, "id">;

const byteNames = ["AL", "CL"];
const segmentNames = ["ES", "CS", "SS", "DS", "FS", "GS"];

function operand(
  code: string, kind: OperandKind, size: OperandSize, register = 0,
): Operand {
  const signExtended = code === "Ibs";
  const memorySize = code === "Rv/Mw" ? "w" : size;
  return { code, kind, size, memorySize, signExtended, register };
}

function parseOperand(code: string): Operand {
  if (code === "Rv/Mw") return operand(code, "E", "v");
  if (code === "eAX") return operand(code, "register", "v", 0);
  if (code === "AX") return operand(code, "register", "w", 0);
  if (code === "DX") return operand(code, "register", "w", 2);
  if (code === "1") return operand(code, "one", "");
  if (byteNames.includes(code))
    return operand(code, "register", "b", byteNames.indexOf(code));
  if (segmentNames.includes(code))
    return operand(code, "segment", "w", segmentNames.indexOf(code));
  const parts = /^([EGZMRSCDIJOAXY])([bwdvzpasq]?)s?$/.exec(code);
  if (!parts) throw new Error(`the table has no operand code ${code}`);
  return operand(code, parts[1] as OperandKind, parts[2] as OperandSize);
}

function parseOpcode(opcode: string) {
  const parts =
    /^((?:[0-9A-F]{2} ?)+)(\+r|\+cc)?(?: ?\/([0-7r]))?$/.exec(opcode);
  if (!parts) throw new Error(`the table has no opcode ${opcode}`);
  const [, hex = "", plus, slash] = parts;
  const bytes = hex.trim().split(" ").map(byte => parseInt(byte, 16));
  const mandatory = bytes[0] === 0xf3 ? 0xf3 : 0;
  const digit = slash === undefined || slash === "r"
    ? undefined : Number(slash);
  return {
    opcode, mandatory, digit,
    prefix: mandatory ? bytes.slice(1) : bytes,
    plusReg: plus === "+r", modrm: slash !== undefined,
  };
}

function privilegeOf(words: readonly string[]): Privilege {
  const known = ["cpl0", "iopl", "io"] as const;
  return known.find(word => words.includes(word)) ?? "any";
}

function parseLine(line: string): Draft {
  const parts = /^(.+?)\s{2,}(\w+)\s+(\S+)(?:\s+(.*))?$/.exec(line);
  if (!parts) throw new Error(`the table has a strange line: ${line}`);
  const [, opcode = "", mnemonic = "", codes = "", rest = ""] = parts;
  const words = rest.split(" ");
  const flags = (key: string) => flagMask(
    words.find(word => word.startsWith(key))?.slice(2) ?? "");
  return {
    ...parseOpcode(opcode), mnemonic, semantic: mnemonic,
    condition: undefined,
    operands: codes === "-" ? [] : codes.split(",").map(parseOperand),
    lock: words.includes("lock"), alias: words.includes("alias"),
    rep: words.includes("repz") ? "repz"
      : words.includes("rep") ? "rep" : "",
    reads: flags("r="), writes: flags("w="), undefined: flags("u="),
    privilege: privilegeOf(words),
  };
}

function withCondition(draft: Draft, condition: number): Draft {
  const name = conditionNames[condition]!;
  const bytes = [...draft.prefix];
  bytes[bytes.length - 1]! += condition;
  return {
    ...draft, condition, prefix: bytes,
    opcode: bytes.map(byte =>
      byte.toString(16).toUpperCase().padStart(2, "0")).join(" ")
      + (draft.modrm ? " /r" : ""),
    mnemonic: draft.mnemonic.replace("cc", name),
    reads: flagMask(conditionReads[condition >> 1]!),
  };
}

function expand(draft: Draft): Draft[] {
  if (!draft.opcode.includes("+cc")) return [draft];
  return conditionNames.map((_, i) => withCondition(draft, i));
}

const drafts = tableText.split("\n").filter(line => line !== "")
  .flatMap(line => expand(parseLine(line)));

/** Every executable form, in the table's order. */
export const forms: readonly Form[] =
  drafts.map((draft, id) => ({ id, ...draft }));
