// Woven from chapters/784-forms.md.
import { bytesOf } from "../table";
import type { Form, Operand } from "../table";
import type { AsmOperand } from "./operand";
import type { Expression } from "./expression";
import type { RegisterClass, RegisterName } from "./registers";

/** The class of registers of an operand when a form works on `width`
 * bytes. */
export function registerClass(
  { kind, size }: Operand, width: number,
): RegisterClass {
  if (kind === "S" || kind === "segment") return "segment";
  if (kind === "C") return "control";
  if (kind === "D") return "debug";
  if (size === "b" || size === "w" || size === "d") return size;
  return width === 2 ? "w" : "d";
}

const generous = new Set(["mov", "lar", "lsl"]);

/** Whether the whole of a register may stand where its lower half is
 * meant. */
export function takesWhole(form: Form, { code }: Operand): boolean {
  return code === "Ew" && generous.has(form.mnemonic);
}

function registerFits(
  form: Form, operand: Operand, register: RegisterName, width: number,
): boolean {
  const kind = registerClass(operand, width);
  if (operand.kind === "register" || operand.kind === "segment")
    return register.class === kind && register.number === operand.register;
  if (operand.code === "Sw" && register.number === 1)
    return register.class === kind && form.opcode === "8C /r";
  return register.class === kind
    || (register.class === "d" && takesWhole(form, operand));
}

/** How many bytes an immediate takes when a form works on `width`. */
export function immediateBytes({ size }: Operand, width: number): number {
  return bytesOf(size, width === 2 ? 2 : 4);
}

/** `value` as a signed number of `bytes` bytes, if it has so many. */
export function wrap(value: number, bytes: number): number | undefined {
  const span = 2 ** (8 * bytes);
  if (value < -span / 2 || value >= span) return undefined;
  return value >= span / 2 ? value - span : value;
}

function immediateFits(
  operand: Operand, value: Expression, width: number,
): boolean {
  const known = value.kind === "number" ? value.value : undefined;
  if (operand.kind === "one") return known === 1;
  if (operand.kind !== "I") return false;
  if (operand.signExtended) {
    const wide = known === undefined ? undefined : wrap(known, width);
    return wide !== undefined && wide >= -128 && wide <= 127;
  }
  return known === undefined
    || wrap(known, immediateBytes(operand, width)) !== undefined;
}

type Memory = Extract<AsmOperand, { kind: "memory" }>;

/** Whether an address has no registers. */
export function isBare(memory: Memory): boolean {
  return memory.base < 0 && memory.index < 0;
}

const pointsTo = (memory: Memory, register: number) =>
  memory.base === register && memory.index < 0
  && memory.displacement.kind === "number"
  && memory.displacement.value === 0;

function memoryFits(
  form: Form, operand: Operand, memory: Memory, width: number,
): boolean {
  const { kind } = operand;
  if (operand.memorySize !== operand.size && width !== 2) return false;
  if (kind === "J") return isBare(memory) && !memory.star && memory.segment < 0;
  if (kind === "O") return isBare(memory) && !memory.star;
  if (kind === "X") return pointsTo(memory, 6);
  if (kind === "Y") return pointsTo(memory, 7) && memory.segment <= 0;
  if (kind !== "E" && kind !== "M") return false;
  return memory.star === isIndirect(form);
}

const indirect = new Set(["call", "jmp", "callf", "jmpf"]);

/** Whether a form takes its target from its operand, written "*". */
export function isIndirect(form: Form): boolean {
  return form.modrm && indirect.has(form.mnemonic);
}

/** Whether `given` can stand for `operand` of `form` when that works on
 * `width` bytes. */
export function fits(
  form: Form, operand: Operand, given: AsmOperand, width: number,
): boolean {
  if (given.kind === "immediate")
    return immediateFits(operand, given.value, width);
  if (given.kind === "memory") return memoryFits(form, operand, given, width);
  if ("IJOMAXY".includes(operand.kind) || operand.kind === "one")
    return false;
  return given.star === isIndirect(form)
    && registerFits(form, operand, given.register, width);
}
