// What the manual leaves open. The table's column says it for each form;
// where it depends on a count, this is the fine print.

import type { Encoded } from "./encode";

const CF = 1, AF = 0x10, OF = 0x800;

/** Flags without a defined value behind the instruction, if it ends
 * without a fault. `cl` is ECX before it, or undefined if nobody knows. */
export function undefinedFlags(
  encoded: Encoded, cl: number | undefined,
): number {
  const { form, operandSize } = encoded;
  const bits = operandSize * 8;
  switch (form.semantic) {
    // SDM 2B, SAL/SAR/SHL/SHR: OF only for counts of 1; CF not for SHL and
    // SHR by the operand's size or more.
    case "shl": case "shr": case "sar":
    // SDM 2B, RCL/RCR/ROL/ROR: OF only for counts of 1.
    case "rol": case "ror": case "rcl": case "rcr":
    // SDM 2B, SHLD, SHRD: OF only for counts of 1.
    case "shld": case "shrd":
      break;
    default:
      return form.undefined;
  }
  const shift = form.semantic.startsWith("sh");
  const over = shift && form.semantic.length === 3 ? CF : 0;
  const count = (encoded.count === "CL" ? cl : encoded.count);
  if (count === undefined)
    return form.undefined | OF | (bits < 32 ? over : 0);
  const n = count & 31;
  if (n === 0)
    return 0;
  return (form.undefined & AF) | (n === 1 ? 0 : OF)
    | (n >= bits ? over : 0);
}
