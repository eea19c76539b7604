// Values that make an instruction do something worth looking at: a
// division that has a quotient, a comparison that finds what it seeks, a
// return that leads somewhere.

import { DATA, DATA_END } from "./case";
import type { Draft } from "./draft";
import type { Choice, Encoded } from "./encode";
import { asksDescriptor } from "./forms";
import { codeSelectors } from "./local";

const EAX = 0, ECX = 1, EDX = 2, EBX = 3, ESP = 4, EBP = 5, ESI = 6, EDI = 7;
const ES = 0, DS = 3;

/** What popf and iret may find: not TF, NT and ID, which would stay on with
 * the next case, and AC only where the processor is asked about it. */
const keptFlags = (draft: Draft) => draft.segments ? ~0x204100 : ~0x244100;

const onStack = new Set([
  "push", "pop", "pusha", "popa", "pushf", "popf", "call", "ret", "enter",
  "callf", "retf", "iret",
]);

/** What must be settled before ModR/M chooses its registers. */
export function prepareRegisters(draft: Draft, choice: Choice): void {
  if (draft.calm)
    return;
  const { r } = draft;
  const { form } = choice;
  if (onStack.has(form.semantic))
    draft.fix(ESP, draft.registers[ESP]!);
  switch (form.semantic) {
    case "leave": case "enter":
      draft.fix(EBP, draft.stackPointer());
      break;
    case "xlat": {
      const al = draft.registers[EAX]! & 0xff;
      draft.fix(EBX, draft.place(1, false) - draft.base(DS) - al);
      break;
    }
    case "loop": case "loope": case "loopne": case "jecxz":
      if (r.chance(50))
        draft.fix(ECX, choice.address16
          ? r.word() & 0xffff0000 | r.below(3) : r.below(3));
      break;
  }
  if (form.rep !== "")
    prepareString(draft, choice);
}

function prepareString(draft: Draft, choice: Choice): void {
  const { r } = draft;
  if (choice.repeated) {
    const upper = choice.address16 ? r.word() & 0xffff0000 : 0;
    draft.fix(ECX, upper | (r.chance(95) ? r.below(12) : r.below(300)));
  }
  const source = draft.place(8, false);
  let target = draft.place(8, false);
  if (r.chance(20))
    target = source + r.below(9) - 4;
  draft.fix(ESI, source - draft.base(DS));
  draft.fix(EDI, target - draft.base(ES));
}

/** What can be settled when the operands are known; false if the case is
 * not to be used. */
export function prepareOperands(
  draft: Draft, encoded: Encoded, choice: Choice,
): boolean {
  const { r } = draft;
  const { form, memory } = encoded;
  switch (form.semantic) {
    case "shld": case "shrd": {
      // Counts beyond the operand's size leave the result undefined.
      if (!choice.operand16)
        return true;
      if (encoded.count !== "CL")
        return (encoded.count! & 31) <= 16;
      if (draft.calm || !draft.isFree(ECX))
        return false;
      draft.fix(ECX, r.word() & ~0xf);
      draft.registers[ECX]! |= r.below(16);
      draft.registers[ECX] = draft.registers[ECX]! & ~0x10;
      draft.registers[ECX]! >>>= 0;
      return true;
    }
    case "bt": case "bts": case "btr": case "btc":
      return form.digit !== undefined || !memory
        || bitNumber(draft, encoded);
  }
  if (draft.calm)
    return true;
  switch (form.semantic) {
    case "div": case "idiv":
      prepareDivision(draft, encoded);
      break;
    case "cmpxchg":
      if (r.chance(60)) {
        if (memory)
          draft.patch(memory.address, draft.registers[EAX]!);
        else if (encoded.other < 4 || encoded.operandSize > 1)
          draft.offer(encoded.other, draft.registers[EAX]!);
      }
      break;
    case "cmpxchg8b":
      if (memory && r.chance(60)) {
        draft.patch(memory.address, draft.registers[EAX]!);
        draft.patch(memory.address + 4, draft.registers[EDX]!);
      }
      break;
    case "bound":
      if (memory) {
        const low = -r.below(0x8000);
        const sign = encoded.operandSize * 8 - 1;
        draft.patch(memory.address,
          r.chance(50) ? low : 1 << sign);
        draft.patch(memory.address + encoded.operandSize,
          r.chance(50) ? r.operand() : ~(-1 << sign));
      }
      break;
    case "popf":
      return chosenTop(draft, encoded, r.word() & keptFlags(draft));
    case "ret":
      return chosenTop(draft, encoded, draft.landing());
    case "mov": case "lar": case "lsl": case "verr": case "verw":
      return !asksDescriptor(form)
        || wordOperand(draft, encoded, selector(draft));
    case "pop":
      return !asksDescriptor(form)
        || selectorAt(draft, draft.stackTop);
    case "les": case "lds": case "lss": case "lfs": case "lgs":
      return !memory || selectorAt(draft,
        memory.address + encoded.operandSize);
    case "jmpf": case "callf":
      return form.operands[0]?.kind === "A" || farIndirect(draft, encoded);
    case "retf": case "iret":
      return farFrame(draft, encoded);
    case "call": case "jmp":
      return form.operands[0]?.kind === "J" || indirect(draft, encoded);
    case "enter":
      // Nested frames are copied from below EBP.
      return draft.stackTop > DATA + 0x300;
  }
  return true;
}

/** Some selector, mostly one that leads to a descriptor. */
export function selector(draft: Draft): number {
  const { r } = draft;
  const n = r.chance(10) ? r.below(0x10000)
    : r.chance(60) ? r.pick(userSelectors) : r.below(0x80);
  // The system keeps its own number of the CPU in entry 15.
  return n >> 3 === 15 ? n & 7 : n;
}

const userSelectors = [0x23, 0x2b, 0x33, 0x63, 0x6b];

/** A selector for CS: not the one that leads out of IA-32. */
export function codeSelector(draft: Draft): number {
  const { r } = draft;
  const n = draft.segments && r.chance(50) ? r.pick(codeSelectors)
    : r.chance(60) ? 0x23 : selector(draft);
  return n >> 3 === 6 ? 0x23 : n;
}

function wordOperand(
  draft: Draft, encoded: Encoded, value: number,
): boolean {
  if (!encoded.memory)
    return draft.offer(encoded.other,
      draft.r.word() & 0xffff0000 | value);
  return selectorAt(draft, encoded.memory.address, value);
}

/** Lays a selector there; false if one lies there that nobody chose. */
function selectorAt(
  draft: Draft, address: number, value = selector(draft),
): boolean {
  draft.patch(address, value);
  return draft.patches.has(address) || !readable(address, 2);
}

function readable(address: number, size: number): boolean {
  return address >= DATA && address + size <= DATA_END;
}

/** Lays a word on the stack's top; false if one lies there that nobody
 * chose. */
function chosenTop(draft: Draft, encoded: Encoded, value: number): boolean {
  const at = draft.stackTop;
  draft.patch(at, value);
  return draft.patches.has(at) || !readable(at, encoded.operandSize);
}

/** A far pointer in memory, for jmp and call. */
function farIndirect(draft: Draft, encoded: Encoded): boolean {
  if (!encoded.memory)
    return true;
  const { address } = encoded.memory, selector = codeSelector(draft);
  draft.patch(address, draft.landing(selector));
  draft.patch(address + encoded.operandSize, selector);
  // Whatever lies elsewhere would be a target that nobody chose.
  return draft.patches.size === 2
    || !readable(address, encoded.operandSize + 2);
}

/** What retf and iret take from the stack. */
function farFrame(draft: Draft, encoded: Encoded): boolean {
  const at = draft.stackTop, selector = codeSelector(draft);
  const size = encoded.operandSize;
  const flags = encoded.form.semantic === "iret";
  const words = flags ? 3 : 2;
  draft.patch(at, draft.landing(selector));
  draft.patch(at + size, selector);
  if (flags)
    draft.patch(at + 2 * size, draft.r.word() & keptFlags(draft));
  return draft.patches.size === words || !readable(at, words * size);
}

function indirect(draft: Draft, encoded: Encoded): boolean {
  const target = draft.landing();
  if (!encoded.memory)
    return draft.offer(encoded.other, target);
  const { address } = encoded.memory;
  draft.patch(address, target);
  return draft.patches.has(address);
}

/** A bit number for memory: it may lead away, but not out of the data. */
function bitNumber(draft: Draft, encoded: Encoded): boolean {
  if (draft.calm)
    return false;
  return draft.offer(encoded.register, draft.r.below(6000) - 3000);
}

function prepareDivision(draft: Draft, encoded: Encoded): void {
  const { r } = draft;
  if (r.chance(15))
    return;
  const eax = draft.registers[EAX]!;
  if (encoded.operandSize === 1) {
    const high = r.chance(50) ? r.below(40) : eax << 24 >> 31 & 0xff;
    if (draft.isFree(EAX))
      draft.registers[EAX] = (eax & 0xffff00ff | high << 8) >>> 0;
    return;
  }
  const sign = encoded.operandSize === 2 ? eax << 16 >> 31 : eax >> 31;
  draft.offer(EDX, r.chance(50) ? r.below(1000) : sign);
}
