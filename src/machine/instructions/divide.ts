// Woven from chapters/914-helpers.md.
import type { Helper } from "./builder";
import { DE, Fault } from "../ground/fault";

/** The quotient of high:low, unsigned, by a divisor; #DE if it doesn't fit
 * in `size` bytes. */
export const unsignedQuotient: Helper["run"] = (
  _cpu, high, low, divisor, size,
) => {
  const by = divisor >>> 0;
  if (by === 0) throw new Fault(DE);
  const quotient = high === 0 ? Math.floor((low >>> 0) / by) :
    Number(((BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)) / BigInt(by));
  if (quotient > 0xffffffff >>> (32 - 8 * size)) throw new Fault(DE);
  return quotient;
};

/** The same for signed numbers; rounds towards 0. */
export const signedQuotient: Helper["run"] = (
  _cpu, high, low, divisor, size,
) => {
  if (divisor === 0) throw new Fault(DE);
  const quotient = high === low >> 31 ? Math.trunc(low / divisor) :
    Number(((BigInt(high) << 32n) | BigInt(low >>> 0)) / BigInt(divisor));
  const top = 0x80000000 >>> (32 - 8 * size);
  if (quotient < -top || quotient >= top) throw new Fault(DE);
  return quotient;
};
