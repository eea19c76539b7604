// Woven from chapters/777-interpreter.md.
import { decode, forms } from "../../../table";
import type { Insn } from "../../../table";
import { panic } from "../../ground/numbers";
import { semanticKey } from "../semantics";
import { DS, FS } from "../../ground/state";
import { FIRST, IMMEDIATE, SECOND, SEGMENT } from "./generator";

/** What the semantics can tell apart: what is done, and to what. */
export function keyOf(i: Insn): string {
  const { form } = i;
  const shapes = i.places.map(({ isMemory, register, size }, k) =>
    isMemory ? `m${size}` : register >= 0 ? `r${size}`
      : form.operands[k]!.kind === "J" ? "j" : "i");
  const cc = form.condition === undefined ? "" : `${form.condition}`;
  return `${semanticKey(form)}${cc} ${shapes.join(",")}` +
    `:${i.operandSize}${i.isMemory && i.segment >= FS ? ":fs" : ""}`;
}

/** The same instruction with all that a record holds left open. */
export function template(i: Insn, segmented: boolean): Insn {
  const slots = [FIRST, SECOND];
  let { reg, rm } = i;
  const places = i.places.map((place, k) => {
    const slot = slots[k], { kind } = i.form.operands[k]!;
    const named = !place.isMemory && place.register >= 0;
    if (!named || slot === undefined) return place;
    if (kind === "G") reg = slot;
    if (kind === "E" || kind === "R" || kind === "Z") rm = slot;
    return { ...place, register: slot };
  });
  const said = i.form.operands.some(({ kind }) => "IJ".includes(kind) ||
    kind === "one");
  return { ...i, places, reg, rm, immediate: said ? IMMEDIATE : 0,
    base: -1, index: -1,
    segment: segmented || i.segment >= FS ? SEGMENT : DS };
}

/** The instructions of which a row speaks, as `hotRows` has them. */
export function samples(row: string): Insn[] {
  const end = row.lastIndexOf(" "), opcode = row.slice(0, end);
  const form = forms.find((one) => one.opcode === opcode);
  if (!form) panic(`the table has no ${opcode}`);
  return [...row.slice(end + 1)].map((letter) => {
    const { modrm, prefix, digit = 0 } = form;
    const place = "Rr".includes(letter) ? 0xc1 : 0x01;
    const bytes = [...letter < "a" ? [] : [0x66],
      ...letter === "F" ? [0x64] : [], ...prefix,
      ...modrm ? [place | (digit << 3)] : []];
    return decode((n) => bytes[n] ?? 0x11, true)!;
  });
}
