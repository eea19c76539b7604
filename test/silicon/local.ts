// Segments of a process's own: what both judges have in their LDT, and which
// of them a case is set in. All that can be reached through one of them is
// the data, the code, or nobody's.

import { CODE, CODE_END, DATA, DATA_END } from "./map";

/** A descriptor of the LDT; `kind` is the access byte, and AVL, D and G in
 * bits 12, 14 and 15. */
export interface LocalSegment {
  readonly base: number;
  readonly limit: number;
  readonly kind: number;
}

const BIG = 0x4000, PAGES = 0x8000, AVL = 0x1000;
const DATA_RW = 0xf3, DATA_RO = 0xf1, DOWN = 0xf7, CODE_RX = 0xfb,
  CODE_X = 0xf9, PRESENT = 0x80;
const window = DATA_END - DATA - 1;

/** The LDT, entry by entry. Linux marks all as accessed. */
export const locals: readonly LocalSegment[] = [
  { base: DATA, limit: window, kind: DATA_RW | BIG | AVL },
  { base: DATA, limit: 0xfff, kind: DATA_RW | BIG },
  { base: DATA, limit: 0xffff, kind: DATA_RW },
  { base: DATA, limit: 0x13ff, kind: DATA_RW },
  { base: DATA, limit: window, kind: DATA_RO | BIG },
  // Valid above the limit: up to 64 KiB, and up to 4 GiB.
  { base: DATA, limit: 0x7ff, kind: DOWN },
  { base: DATA + 0x1000, limit: 0xffffe, kind: DOWN | BIG | PAGES },
  { base: CODE, limit: CODE_END - CODE - 1, kind: CODE_RX | BIG },
  { base: CODE, limit: 0x7ff, kind: CODE_RX | BIG },
  { base: CODE, limit: 0xffff, kind: CODE_RX },
  { base: CODE, limit: 0x7ff, kind: CODE_RX },
  { base: CODE, limit: CODE_END - CODE - 1, kind: CODE_X | BIG },
  { base: DATA, limit: window, kind: (DATA_RW | BIG) & ~PRESENT },
  { base: CODE, limit: CODE_END - CODE - 1, kind: (CODE_RX | BIG) & ~PRESENT },
];

/** Selectors of some of them. */
export const WINDOW = 0x07, STACK16 = 0x17, WIDE_CODE = 0x3f,
  SMALL_CODE = 0x47;

const select = (test: (s: LocalSegment) => boolean) =>
  locals.flatMap((s, i) => test(s) ? [8 * i + 7] : []);
const present = (s: LocalSegment) => (s.kind & PRESENT) !== 0;
const isCode = (s: LocalSegment) => (s.kind & 8) !== 0;

/** Selectors of what CS can hold, SS, and the others. */
export const codeSelectors = select(s => present(s) && isCode(s));
export const stackSelectors = select(s => present(s) && (s.kind & 10) === 2);
export const dataSelectors = [0,
  ...select(s => present(s) && (s.kind & 10) !== 8)];

/** The descriptor behind a selector of the LDT. */
export function localSegment(selector: number): LocalSegment | undefined {
  return selector & 4 ? locals[selector >> 3] : undefined;
}

/** Whether a segment has 32 bits: the system's have. */
export function isBig(selector: number): boolean {
  const segment = localSegment(selector);
  return !segment || (segment.kind & BIG) !== 0;
}

/** Where a segment begins. */
export function baseOf(selector: number): number {
  return localSegment(selector)?.base ?? 0;
}

/** The LDT as Linux takes it for modify_ldt: base, limit, and the bits of
 * struct user_desc, a word each. */
export function packLocals(): number[] {
  return [locals.length, ...locals.flatMap(({ base, limit, kind }) => {
    const contents = kind >> 2 & 3;
    return [base, limit, (kind & BIG ? 1 : 0) | contents << 1
      | (kind & 2 ? 0 : 8) | (kind & PAGES ? 0x10 : 0)
      | (kind & PRESENT ? 0 : 0x20) | (kind & AVL ? 0x40 : 0)];
  })];
}
