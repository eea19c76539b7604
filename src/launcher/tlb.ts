// Woven from chapters/680-stale.md.
// A machine's TLBs, as one word asks for them.
import { TLB_MOST } from "../machine";
import type { MachineOptions } from "../machine";
import { UserError } from "./error";

/** What can be chosen of a machine's TLBs. */
export type TlbOptions =
  Pick<MachineOptions, "dataTlb" | "codeTlb" | "forgetsGlobals">;

/** Reads `DATA/CODE`, `unlimited` (the most entries that there can be)
 * or `forgets-globals`; a UserError for anything else. */
export function typedTlb(text: string): TlbOptions {
  if (text === "unlimited")
    return { dataTlb: TLB_MOST, codeTlb: TLB_MOST };
  if (text === "forgets-globals") return { forgetsGlobals: true };
  const typed = /^(\d{1,4})\/(\d{1,4})$/.exec(text) ?? [];
  const dataTlb = Number(typed[1] ?? 0);
  const codeTlb = Number(typed[2] ?? 0);
  const good = [dataTlb, codeTlb].every((n) => n >= 1 && n <= TLB_MOST);
  if (good) return { dataTlb, codeTlb };
  throw new UserError(`--tlb ${text}: it is DATA/CODE, unlimited or ` +
    `forgets-globals; sizes from 1 to ${TLB_MOST}`);
}
