// The simplest of cases: nothing but code, in some mode.

import type { PrivilegedCase } from "./case";
import { CODE, DIRECTORY, SELECTORS as S, STACK_TOPS } from "./layout";

/** Code of ring 0, flat and without paging; `changes` say what is
 * different. */
export function simple(
  code: number[], changes: Partial<PrivilegedCase> = {},
): PrivilegedCase {
  const data = S.data0;
  return {
    registers: [0, 0, 0, 0, STACK_TOPS[0] - 0x80, 0, 0, 0], eflags: 0,
    fill: 0, patches: [], address: CODE + 0x400, code, mode: 0, base: 0,
    system: {
      selectors: { cs: S.code0, ss: data, ds: data, es: data, fs: data,
        gs: data },
      cr0: 0x15, cr3: DIRECTORY, cr4: 0, ldtr: S.ldt, tr: S.tssA,
      breakpoints: [0, 0, 0, 0], dr7: 0, sysenter: [0, 0, 0],
    },
    ...changes,
  };
}
