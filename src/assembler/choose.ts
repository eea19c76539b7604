// Woven from chapters/784-forms.md.
import type { Form } from "../table";
import type { Encoded, WrittenPrefixes } from "./encode";
import { encode } from "./encode";
import { fits } from "./match";
import type { Candidate } from "./names";
import type { AsmOperand } from "./operand";

const usuallyLong = new Set(("push pop call jmp callf jmpf sgdt sidt "
  + "lgdt lidt bound").split(" "));

/** Whether nothing that was written tells how wide a form works. */
function isGuess(
  { form, operands }: Candidate, given: readonly AsmOperand[],
): boolean {
  if (usuallyLong.has(form.mnemonic) || form.semantic === "setcc")
    return false;
  return operands.every((operand, i) => {
    const what = given[i];
    if (operand.memorySize === "w") return operand.kind === "register";
    return what?.kind !== "register" || operand.code === "CL";
  }) && operands.some(({ kind, memorySize }) =>
    "EXY".includes(kind) && (memorySize === "v" || memorySize === "z"
      || memorySize === "b"));
}

/** An instruction encoded, and how much it can be trusted. */
export interface Choice extends Encoded {
  readonly form: Form;
  readonly guess: boolean;
  /** One of the operands is in memory. */
  readonly memory: boolean;
  readonly immediateSize: number;
}

const leavesOut = new Set("movs cmps stos lods scas ins outs xlat".split(" "));

/** Whether one address has 16 bits and another 32. */
function mixesAddresses([one, other]: readonly AsmOperand[]): boolean {
  return one?.kind === "memory" && other?.kind === "memory"
    && one.addressSize !== other.addressSize;
}

/** Whether so many operands can be what is written for a form. */
function takes({ form, operands }: Candidate, count: number): boolean {
  return operands.length === count
    || (count === 0 && leavesOut.has(form.mnemonic));
}

function tryCandidate(
  candidate: Candidate, given: readonly AsmOperand[],
  prefixes: WrittenPrefixes, numbers: boolean,
): Choice | undefined {
  const { form, operands, widths, said } = candidate;
  const order = prefixes.code === 2 ? widths.toReversed() : widths;
  for (const width of numbers ? order.slice(0, 1) : order) {
    if (!given.every((what, i) => fits(form, operands[i]!, what, width)))
      continue;
    const encoded = encode(form, width, given, prefixes);
    if (!encoded) continue;
    const { bytes, holes } = encoded;
    const immediateSize = form.operands.some(o => o.signExtended) ? 1 : 4;
    const guess = !said && isGuess(candidate, given);
    const memory = given.some(({ kind }) => kind === "memory");
    return { bytes, holes, form, guess, memory, immediateSize };
  }
  return undefined;
}

/** The encoding the GNU assembler would choose, or undefined if no
 * candidate fits. */
export function choose(
  among: readonly Candidate[], given: readonly AsmOperand[],
  prefixes: WrittenPrefixes,
): Choice | undefined {
  if (mixesAddresses(given)) return undefined;
  const numbers = given.length > 0
    && given.every(({ kind }) => kind === "immediate");
  let best: Choice | undefined;
  for (const candidate of among) {
    if (!takes(candidate, given.length)) continue;
    const choice = tryCandidate(candidate, given, prefixes, numbers);
    if (!choice) continue;
    const shorter = !best || choice.bytes.length < best.bytes.length
      || (choice.bytes.length === best.bytes.length
        && choice.immediateSize < best.immediateSize);
    if (shorter) best = choice;
  }
  return best;
}
