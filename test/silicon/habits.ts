// What processors do in more than one way, although no flag of a table says
// so. Ours does as Intel's do. A judge is asked once for each of these; where
// it goes the other way, the cases that would show it are left open.

import { CODE, CODE_END, DATA, DATA_END } from "./case";
import type { Case, Judge, Outcome } from "./case";
import { differences } from "./compare";
import type { Trial } from "./generate";
import { SMALL_CODE, STACK16, WIDE_CODE, WINDOW } from "./local";

/** One thing that can be done in two ways. */
export interface Habit {
  name: string;
  reference: string;
  /** A case whose outcome tells. */
  probe: Case;
  /** Whether it tells of the other way. */
  other(outcome: Outcome): boolean;
  /** Whether a case that ended so can show which way it is. */
  shows(trial: Trial, outcome: Outcome): boolean;
}

const ZF = 0x40, BREAKPOINT = 3, PROTECTION = 13, PAGE_FAULT = 14;
const EAX = 0, ECX = 1, EBX = 3, ESP = 4, EBP = 5, ESI = 6, EDI = 7;

function own(cs: number, ss: number): number[] {
  return [WINDOW, cs, ss, WINDOW, WINDOW, WINDOW];
}

function probe(
  code: number[], registers: Record<number, number>,
  more: Partial<Case> = {},
): Case {
  return { code, address: DATA, eflags: 0, fill: 0, patches: [], ...more,
    registers: Array.from({ length: 8 }, (_, n) => registers[n] ?? 0) };
}

function has(trial: Trial, test: (form: string, size: number) => boolean) {
  return trial.parts.some(({ encoded: { form, operandSize } }) =>
    test(form.semantic, operandSize));
}

const SLOT = DATA + 0x800;

/** All that we know of. */
export const habits: readonly Habit[] = [
  {
    name: "how much of its slot on the stack a selector takes",
    reference: "SDM 3B, \"Selector Pushes and Pops\": two bytes, on a Pentium "
      + "the whole slot",
    probe: probe([0x16], { [ESP]: SLOT + 4 },            // push %ss
      { address: CODE_END - 16, patches: [[SLOT, 0xffffffff]] }),
    other: ({ changes: [change] }) => change![1] >>> 16 === 0,
    shows: (trial) => trial.parts.some(({ encoded: { form, operandSize } }) =>
      operandSize === 4 && (/^(push|pop)$/.test(form.semantic)
        && form.operands[0]?.kind === "segment"
        // The selector's slot lies in two pages.
        || form.semantic === "retf"
        && (trial.case.registers[ESP]! & 0xfff) > 0xff8)),
  },
  {
    name: "whether BOUND reads a bound that can't matter any more",
    reference: "SDM 2A, BOUND: silent. Intel's don't",
    probe: probe([0x62, 0x03],                           // bound %eax,(%ebx)
      { [EAX]: 0x80000000, [EBX]: DATA_END - 4 },
      { address: CODE_END - 16 }),
    other: ({ vector }) => vector === PAGE_FAULT,
    shows: (trial, { vector }) => vector === PAGE_FAULT
      && has(trial, (form) => form === "bound"),
  },
  {
    name: "the flags of a repeated comparison that isn't through",
    reference: "SDM 2B, REP: those from before the instruction. AMD's are of "
      + "the last iteration",
    probe: probe([0xf2, 0xa6],                           // repnz cmpsb
      { [ECX]: 10, [ESI]: DATA_END - 1, [EDI]: SLOT },
      { address: CODE_END - 16, eflags: ZF }),
    other: ({ eflags }) => (eflags & ZF) === 0,
    shows: (trial, { vector }) => vector !== BREAKPOINT
      && has(trial, (form) => form === "cmps" || form === "scas"),
  },
  {
    name: "how long 0F 3F is",
    reference: "SDM 2D, table A-3: reserved. Since there are opcodes of three "
      + "bytes, Intel's see one here, and fetch what belongs to it",
    probe: probe([0x0f, 0x3f], {}, { address: CODE_END - 2 }),
    other: ({ vector }) => vector === PAGE_FAULT,
    // And what doesn't fit below the limit of a segment is #GP.
    shows: (trial) => (trial.case.address > CODE_END - 16
      || trial.case.segments !== undefined)
      && has(trial, (form) => form === "hostcall"),
  },
  {
    name: "what a call beyond the limit of CS has written",
    reference: "SDM 2A, CALL: nothing. Intel's: the return address",
    probe: probe([0xe8, 0, 0x20, 0, 0], { [ESP]: 0x800 },  // call .+0x2005
      { address: CODE + 0x400, segments: own(SMALL_CODE, WINDOW) }),
    other: ({ changes }) => changes.length === 0,
    shows: (trial, { vector }) => vector === PROTECTION
      && trial.case.segments !== undefined
      && has(trial, (form) => form === "call" || form === "callf"),
  },
  {
    name: "what ENTER gives EBP on a 16-bit stack",
    reference: "SDM 2A, ENTER: SP. Intel's: all of ESP",
    probe: probe([0xc8, 8, 0, 0], { [ESP]: 0xabcd0800 },   // enter $8,$0
      { address: CODE + 0x400, segments: own(WIDE_CODE, STACK16) }),
    other: ({ registers }) => registers[EBP]! >>> 16 !== 0xabcd,
    shows: (trial) => trial.case.segments !== undefined
      && has(trial, (form) => form === "enter"),
  },
];

const asked = new WeakMap<Judge, readonly Habit[]>();

/** The habits in which a judge differs from us. */
export function otherHabits(judge: Judge): readonly Habit[] {
  let these = asked.get(judge);
  if (!these) {
    const outcomes = judge.run(habits.map(({ probe }) => probe));
    these = habits.filter(({ other }, i) => other(outcomes[i]!));
    asked.set(judge, these);
  }
  return these;
}

/** The habit that a case may show, if the judge has the other one. */
export function openFor(
  judge: Judge, trial: Trial, right: Outcome,
): Habit | undefined {
  return otherHabits(judge).find(({ shows }) => shows(trial, right));
}

/** What differs and shouldn't, a line each. */
export function disagreement(
  judge: Judge, trial: Trial, right: Outcome, ours: Outcome,
): string[] {
  return openFor(judge, trial, right) ? []
    : differences(trial, right, ours);
}
