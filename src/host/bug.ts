// Woven from chapters/410-traps.md.
// What can't be, and is.
import { Fault, UD } from "../machine";

/** Ends a host call that has found nonsense in the Host's own memory, by a
 * trap that nobody expects. */
export function bug(): never {
  throw new Fault(UD);
}
