// Woven from chapters/784-forms.md.
import type { Form, Operand } from "../table";
import { conditionNames, forms, worksOnBytes } from "../table";
import { writtenOperands } from "./written";

/** How wide an instruction works, in bytes; 0: not said. */
export type Width = 0 | 1 | 2 | 4;

const sizedWithoutOperands = new Set(("pusha popa pushf popf iret ret "
  + "retf enter leave push pop cbw cwd sgdt sidt lgdt lidt").split(" "));

const counters = new Set("loop loope loopne jecxz".split(" "));

/** Whether a form looks at CX or ECX; the address size says which. */
export function countsDown(form: Form): boolean {
  return counters.has(form.mnemonic);
}

/** Whether a size is the one, of 2 and 4, that code doesn't have. */
export function isOther(size: number, code: 2 | 4): boolean {
  return size > 1 && size !== code;
}

/** Whether the operand-size prefix changes what a form does. */
export function hasOperandSize(form: Form): boolean {
  return sizedWithoutOperands.has(form.mnemonic)
    || form.operands.some(({ size }) => "vzpa".includes(size || "-"));
}

const otherNames: Record<string, string[]> = {
  callf: ["lcall"], jmpf: ["ljmp"], retf: ["lret"], shl: ["shl", "sal"],
  loope: ["loope", "loopz"], loopne: ["loopne", "loopnz"],
  xlat: ["xlat", "xlatb"], ud2: ["ud2", "ud2a"], fwait: ["fwait", "wait"],
};

const otherConditions: Record<string, string[]> = {
  b: ["c", "nae"], ae: ["nb", "nc"], e: ["z"], ne: ["nz"], be: ["na"],
  a: ["nbe"], p: ["pe"], np: ["po"], l: ["nge"], ge: ["nl"], le: ["ng"],
  g: ["nle"],
};

/** A form's names without a width. */
function baseNames(form: Form): string[] {
  if (form.condition === undefined)
    return otherNames[form.mnemonic] ?? [form.mnemonic];
  const name = conditionNames[form.condition]!;
  const stem = form.semantic.replace("cc", "");
  return [name, ...otherConditions[name] ?? []].map(c => stem + c);
}

const suffixes: [string, Width][] = [["w", 2], ["l", 4]];

/** Control and debug registers, which have 32 bits in any code. */
const isSystem = ({ kind }: Operand) => kind === "C" || kind === "D";

/** A name for a form, and the width that it implies. */
export type Spelling = readonly [name: string, width: Width];

function extensionNames(form: Form, stem: string): Spelling[] {
  const narrow = form.operands[1]!.size;
  const wide = suffixes.filter(([, width]) => width === 4 || narrow === "b");
  const open = narrow === "b" ? 0 : 4;
  return [[stem + narrow, open], [stem + "x", open],
    ...wide.map(([s, width]): Spelling => [stem + narrow + s, width])];
}

function spellings(form: Form): Spelling[] {
  const { mnemonic, semantic } = form;
  if (mnemonic === "movzx" || mnemonic === "movsx")
    return extensionNames(form, mnemonic.slice(0, 4));
  if (mnemonic === "cbw")
    return [["cbtw", 2], ["cbw", 2], ["cwtl", 4], ["cwde", 4]];
  if (mnemonic === "cwd")
    return [["cwtd", 2], ["cwd", 2], ["cltd", 4], ["cdq", 4]];
  if (mnemonic === "jecxz") return [["jecxz", 4], ["jcxz", 2]];
  const bases = baseNames(form);
  if (countsDown(form)) return bases.flatMap((name): Spelling[] =>
    [[name, 0], [name + "w", 2], [name + "l", 4]]);
  const bare = bases.map((name): Spelling => [name, 0]);
  const ends: readonly [string, Width][] = semantic === "jcc" ? []
    : worksOnBytes(form) ? [["b", 1]]
    : mnemonic === "bswap" || form.operands.some(isSystem) ? [["l", 4]]
    : mnemonic === "jmp" && !form.modrm || /^fn/.test(mnemonic) ? []
    : hasOperandSize(form) ? suffixes
    : form.operands[0]?.kind === "S" ? [["w", 0], ["l", 0]]
    : form.operands.some(({ size }) => size === "w") ? [["w", 0]] : [];
  return bare.concat(ends.flatMap(([end, width]) =>
    bases.map((name): Spelling => [name + end, width])));
}

/** A form that a name can mean. */
export interface Candidate {
  readonly form: Form;
  /** The name says how wide it works. */
  readonly said: boolean;
  /** The widths that are left, in bytes, in order of preference. */
  readonly widths: readonly number[];
  /** The form's operands in the order they are written. */
  readonly operands: readonly Operand[];
}

function candidate(form: Form, width: Width): Candidate {
  const either = countsDown(form)
    || (hasOperandSize(form) && form.mnemonic !== "bswap");
  const widths = width ? [width] : worksOnBytes(form) ? [1]
    : either ? [4, 2] : [4];
  return { form, said: width > 0, widths, operands: writtenOperands(form) };
}

function collect(): Map<string, Candidate[]> {
  const all = new Map<string, Candidate[]>();
  for (const form of forms) {
    if (form.alias) continue;
    for (const [name, width] of spellings(form)) {
      const list = all.get(name);
      if (list) list.push(candidate(form, width));
      else all.set(name, [candidate(form, width)]);
    }
  }
  return all;
}

/** What each mnemonic of the AT&T syntax can mean. */
export const candidates: ReadonlyMap<string, readonly Candidate[]> =
  collect();
