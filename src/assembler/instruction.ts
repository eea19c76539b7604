// Woven from chapters/786-labels.md.
import { choose } from "./choose";
import type { Choice } from "./choose";
import { prefixBytes } from "./encode";
import type { Encoded, WrittenPrefixes } from "./encode";
import { number } from "./expression";
import { isBare } from "./match";
import { candidates } from "./names";
import type { AsmOperand } from "./operand";
import { parseOperand } from "./operand";
import type { Program } from "./program";
import { registersByClass } from "./registers";
import type { Scanner } from "./scanner";

/** Words before an instruction, and the prefixes that they stand for. */
export const prefixWords = new Map<string, Partial<WrittenPrefixes>>([
  ...registersByClass.segment.map((word, segment) =>
    [word, { segment }] as const),
  ["lock", { lock: true }],
  ["data16", { operand: true }], ["data32", { operand: true }],
  ["addr16", { address: true }], ["addr32", { address: true }],
  ["rep", { rep: 0xf3 }], ["repe", { rep: 0xf3 }], ["repz", { rep: 0xf3 }],
  ["repne", { rep: 0xf2 }], ["repnz", { rep: 0xf2 }],
]);

/** Notes a prefix word; false if `word` is none. */
function notePrefix(prefixes: WrittenPrefixes, word: string): boolean {
  const prefix = prefixWords.get(word);
  if (prefix) Object.assign(prefixes, prefix);
  return prefix !== undefined;
}

const shifts = "rol ror rcl rcr shl sal shr sar".split(" ");
const cl: AsmOperand = {
  kind: "register", position: 0, star: false,
  register: { class: "b", number: 1 },
};

function isRegister(what: AsmOperand | undefined, number?: number) {
  return what?.kind === "register"
    && (number === undefined
      || (what.register.number === number && what.register.class !== "b"));
}

function isThree(what: AsmOperand | undefined): boolean {
  return what?.kind === "immediate" && what.value.kind === "number"
    && what.value.value === 3;
}

function immediate(value: number): AsmOperand {
  return { kind: "immediate", position: 0, value: number(value) };
}

/** The operands in full. */
function complete(name: string, given: AsmOperand[]): AsmOperand[] {
  const [first, second, third] = given;
  const is = (stem: string) => name.startsWith(stem)
    && /^[bwl]?$/.test(name.slice(stem.length));
  if (given.length === 1 && shifts.some(is))
    return [immediate(1), ...given];
  if (given.length === 2 && (is("shld") || is("shrd")))
    return [cl, ...given];
  if (is("imul") && second && !third && first?.kind === "immediate")
    return [...given, second];
  if ((name === "aam" || name === "aad") && !first) return [immediate(10)];
  const swaps = is("test") || is("xchg");
  if (swaps && given.length === 2 && isRegister(second)
    && (first?.kind === "memory"
      || (is("xchg") && isRegister(second, 0))))
    return [second!, first!];
  return given;
}

/** Emits a jump to an expression, if that is what it is. */
function emitJump(
  program: Program, scanner: Scanner, name: string,
  given: readonly AsmOperand[],
): boolean {
  const form = candidates.get(name)?.[0]?.form;
  const [to] = given;
  if (name !== "jmp" && form?.semantic !== "jcc") return false;
  if (given.length !== 1 || to?.kind !== "memory") return false;
  if (to.star || to.segment >= 0 || !isBare(to)) return false;
  program.end({
    kind: "jump", target: to.displacement,
    opcode: name === "jmp" ? 0xeb : form!.prefix[0]!, code: program.code,
    place: scanner.place(to.position),
  });
  return true;
}

function checkChoice(
  choice: Choice | undefined, scanner: Scanner, start: number, name: string,
  prefixes: WrittenPrefixes,
): asserts choice is Choice {
  if (!candidates.has(name))
    scanner.fail(`there is no instruction "${name}"`, start);
  if (!choice)
    scanner.fail(`"${name}" doesn't take these operands; check their `
      + "order (source first), their widths, $ and *", start);
  if (choice.guess)
    scanner.fail(`nothing says how wide "${name}" is here; write `
      + `${name}b, ${name}w or ${name}l`, start);
  const lockable = choice.form.lock && choice.memory;
  if (prefixes.lock && !lockable)
    scanner.fail(`"${name}" can't be locked like this; lock wants an `
      + "instruction that changes memory", start);
}

const wordPattern = /[A-Za-z]\w*/y;

function readInstruction(
  program: Program, scanner: Scanner,
): Encoded | undefined {
  const prefixes: WrittenPrefixes = {
    lock: false, rep: 0, segment: -1, operand: false, address: false,
    code: program.code,
  };
  let start = scanner.position, name = "";
  do {
    scanner.skipBlanks();
    start = scanner.position;
    name = (scanner.take(wordPattern) ?? "").toLowerCase();
    if (name === "" && !scanner.atEnd)
      scanner.fail("expected an instruction here");
  } while (name && notePrefix(prefixes, name));
  const bare = { bytes: prefixBytes(prefixes), holes: [] };
  if (name === "") return bare;
  const given: AsmOperand[] = [];
  while (!scanner.atEnd) {
    if (given.length) scanner.expect(",");
    given.push(parseOperand(scanner, program, program.code));
  }
  if (emitJump(program, scanner, name, given)) {
    const jump = program.pieces[program.pieces.length - 2]!;
    jump.bytes.append(bare.bytes);
    return undefined;
  }
  const meant = name === "int" && isThree(given[0]) ? "int3" : name;
  const [only] = given;
  const table = meant.startsWith("xlat") && only?.kind === "memory"
    && only.base === 3;
  if (table && only.segment >= 0 && only.segment !== 3)
    prefixes.segment = only.segment;
  if (table && only.addressSize !== program.code) prefixes.address = true;
  const operands = meant !== name || table ? [] : complete(name, given);
  const choice = choose(candidates.get(meant) ?? [], operands, prefixes);
  checkChoice(choice, scanner, start, name, prefixes);
  return choice;
}

/** Reads one instruction and appends it to the program. */
export function assembleInstruction(
  program: Program, scanner: Scanner,
): void {
  const { known, mentions } = program;
  const text = `${program.code} ${scanner.rest}`;
  let encoded = known.get(text);
  if (encoded) scanner.position = scanner.statement.text.length;
  else {
    encoded = readInstruction(program, scanner);
    if (!encoded) return;
    const constant = program.mentions === mentions && !encoded.holes.length;
    if (constant && scanner.atEnd) known.set(text, encoded);
  }
  program.append(encoded, scanner);
}
