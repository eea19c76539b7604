// Woven from chapters/804-multiboot.md.
import { counted } from "../machine";
import { UserError } from "./error";
import { isBzImage, refuseForeign } from "./kernel";
import { planLinux } from "./linux";
import { multibootHeader, planMultiboot } from "./multiboot";
import { checkPlan } from "./plan";
import type { LoadOptions, LoadPlan } from "./plan";

/** Bytes that a ROM may have. */
export const ROM_SIZES: readonly number[] = [0x10000, 0x20000, 0x40000];

/** Plans to load a kernel of any kind that we know; UserError for others,
 * and for those that don't fit. */
export function planKernel(
  file: Uint8Array, options: LoadOptions,
): LoadPlan {
  const header = multibootHeader(file);
  if (header < 0 && !isBzImage(file)) refuseStrange(file);
  const plan = header >= 0 ? planMultiboot(file, header, options)
    : planLinux(file, options);
  return checkPlan(plan, options.memory);
}

function refuseStrange(file: Uint8Array): void {
  const isElf = [0x7f, 0x45, 0x4c, 0x46].every((b, i) => file[i] === b);
  if (isElf || file.length === 0) return refuseForeign(file);
  throw new UserError("is no kernel: it has no multiboot header in its " +
    "first 8 KiB, and is neither a bzImage nor an ELF file" +
    (ROM_SIZES.includes(file.length) ? "; is it a ROM? (--rom)" : ""));
}

/** Throws a UserError for a ROM of a size that no chip has. */
export function checkRom(file: Uint8Array): void {
  if (ROM_SIZES.includes(file.length)) return;
  throw new UserError(`is ${counted(file.length, "byte")} long; ` +
    "a ROM has 64, 128 or 256 KiB");
}
