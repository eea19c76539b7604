// Woven from chapters/732-decoder.md.
import type { Form } from "./form";
import { forms } from "./parse";

/** What one opcode can be. */
export interface Slot {
  /** The form, if no ModR/M follows. */
  plain?: Form;
  /** The form if prefix F3 is there. */
  repeated?: Form;
  /** By ModR/M's middle field, plus 8 if it names a register. */
  group?: (Form | undefined)[];
  /** By all of ModR/M, where a form is one byte of it. */
  whole?: Map<number, Form>;
}

/** Whether ModR/M can have this middle field, and name a register. */
function allows(form: Form, field: number, register: boolean): boolean {
  if (form.digit !== undefined) return form.digit === field
    && !(register && form.operands[0]?.kind === "M");
  return form.operands.every(({ kind }, i) =>
    kind === "M" ? !register
    : kind === "S" ? field < 6 && !(i === 0 && field === 1)
    : kind === "C" ? field < 5 && field !== 1 : true);
}

function fill(slot: Slot, form: Form, second: number): void {
  if (second >= 0) {
    (slot.whole ??= new Map()).set(second, form);
    return;
  }
  if (form.mandatory) slot.repeated = form;
  if (!form.modrm && !form.mandatory) slot.plain ??= form;
  if (!form.modrm) return;
  slot.group ??= new Array<Form | undefined>(16).fill(undefined);
  for (let i = 0; i < 16; i++)
    if (allows(form, i & 7, i >= 8)) slot.group[i] ??= form;
}

function buildSlots(): (Slot | undefined)[] {
  const slots = new Array<Slot | undefined>(512).fill(undefined);
  for (const form of forms) {
    const [one, two = -1] = form.prefix;
    const first = one === 0x0f ? 256 + two : one!;
    const count = form.plusReg ? 8 : 1;
    for (let code = first; code < first + count; code++)
      fill(slots[code] ??= {}, form, one === 0x0f ? -1 : two);
  }
  return slots;
}

/** Slots of the opcodes 00 to FF, then of 0F 00 to 0F FF. */
export const slots: readonly (Slot | undefined)[] = buildSlots();
