// Where Bochs and we differ, and the manual is with us, or with nobody. Each
// rule says so with its place in the manual, and accepts no more than that.

import type { Event, PrivilegedOutcome } from "./case";
import type { Difference } from "./compare";
import type { PrivilegedTrial } from "./generate";
import {
  DIRECTORY, GDT, LDT, ROM, SELECTORS, SHUTDOWN_VECTOR, STACKS, TABLE, TSS,
  TSS_A, TSS_B, TSS_DF,
} from "./layout";
import { worldWord } from "./scene";
import { A, D } from "./world";

/** A reason for a difference. */
export interface Explanation {
  name: string;
  reference: string;
  accepts(d: Difference, of: Compared): boolean;
}

/** What a difference may be looked at with. */
export interface Compared {
  trial: PrivilegedTrial;
  right: PrivilegedOutcome;
  ours: PrivilegedOutcome;
  all: readonly Difference[];
}

const DOUBLE_FAULT = 8, PAGE_FAULT = 14;
/** The bit of a page fault's error code. */
const RESERVED = 8;
const RF = 0x10000, BD = 0x2000, BS = 0x4000, VM = 0x20000;
const onlyRf = (d: Difference) => (d.right ^ d.ours) === RF;
/** The same in a word of a stack that isn't aligned. */
const movedRf = (d: Difference) => d.address === undefined ? onlyRf(d)
  : [RF, RF << 8, RF >> 8, RF >> 16].includes(d.right ^ d.ours);
/** CF, PF, AF, ZF, SF and OF. */
const STATUS = 0x8d5;
const taskFlags = [TSS_A + 0x24, TSS_B + 0x24];

/** The page table's entries for GDT and LDT. */
const tablePages = [GDT, LDT].map(at => TABLE + (at >>> 10));

const TSS_PAGE = TABLE + (TSS >>> 10);

/** The words that a trap pushed: where its frame was. */
function inFrame(d: Difference, { right }: Compared, trap: number): boolean {
  const event = right.events[trap];
  if (d.trap === trap)
    return d.name === "frame0" || d.name === "frame1" || d.name === "frame2";
  if (d.address === undefined || !event)
    return false;
  // Stacks of 16-bit segments begin at 10000, and ESP's upper half is junk.
  const distance = (d.address - event.esp + 16) & 0xffff;
  return distance < 56;
}

const prefixes = [0x66, 0x67, 0xf2, 0xf3, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];

/** Whether some instruction passes the test, its prefixes left out. */
function uses(trial: PrivilegedTrial, test: (bytes: number[]) => boolean) {
  return trial.parts.some(bytes => {
    const first = bytes.findIndex(byte => !prefixes.includes(byte));
    return first >= 0 && test(bytes.slice(first));
  });
}

/** The vectors of the traps that ended it, ours and the other's. */
function vectors({ right, ours }: Compared): [number, number] {
  return [right.events[0]?.vector ?? -1, ours.events[0]?.vector ?? -1];
}

/** All reasons that there are. */
export const explanations: readonly Explanation[] = [
  {
    name: "RF where a double fault leaves a task",
    reference: "SDM 3B, 17.3.1.1: 1 for faults, and \"for other cases\" what "
      + "EFLAGS.RF was; #DF is an abort. Bochs keeps what the first fault set",
    accepts: (d, of) => taskFlags.includes(d.address ?? 0) && onlyRf(d)
      && (d.right & RF) !== 0
      && [of.right, of.ours].every(({ events }) => events.some(({ vector }) =>
        vector === DOUBLE_FAULT || vector === SHUTDOWN_VECTOR)),
  },
  {
    name: "RF where a guarded debug register is touched",
    reference: "SDM 3B, 17.3.1.1: 1 for every fault \"except a debug "
      + "exception generated in response to an instruction breakpoint\"; this "
      + "one is a fault (17.3.1.3). Bochs pushes 0",
    accepts: (d, of) => of.ours.events.some((event, trap) =>
      event.vector === 1 && (event.dr6 & BD) !== 0
      && (movedRf(d) && inFrame(d, of, trap)
        // And no step is done where a fault has been.
        || d.name === "dr6" && (d.right ^ d.ours) === BS)),
  },
  {
    name: "a breakpoint on the instruction behind a debug trap",
    reference: "SDM 3A, table 6-2: traps of the last instruction come before "
      + "the next one's breakpoint. The processor of chapter 790 tells of both "
      + "at once if data were touched and nothing was stepped, Bochs always",
    accepts: (d, of) => d.name === "dr6" && ((d.right ^ d.ours) & ~15) === 0
      && (d.right & d.ours) >>> 0 === d.ours
      && of.right.events[d.trap!]?.vector === 1
      && breaksAt(of, d.right ^ d.ours, of.right.events[d.trap!]!),
  },
  {
    name: "what DR6 says of a breakpoint that isn't enabled",
    reference: "SDM 3B, 17.2.3: B0 to B3 \"may or may not be set if the "
      + "breakpoint is not enabled\". Bochs sets them",
    accepts: (d, of) => d.name === "dr6" && ((d.right ^ d.ours) & ~15) === 0
      && (d.right & d.ours) >>> 0 === d.ours
      && !anyEnabled(of.right.events[d.trap!]!.dr7, d.right ^ d.ours),
  },
  {
    name: "the order in which a new task's segments are checked",
    reference: "SDM 3A, table 7-1: CS comes before SS and the data "
      + "segments. Bochs begins with SS and ends with CS",
    accepts: (d, of) =>
      inNewTask(of)
      && vectors(of).every(vector =>
        [8, 10, 11, 12, 13, SHUTDOWN_VECTOR].includes(vector))
      && (d.name === "frame0" && d.trap === 0
        || d.address !== undefined && isAccessedBit(d)),
  },
  {
    name: "whether SS's descriptor is read, if RPLs don't match",
    reference: "SDM 2A, IRET: it is read first; MOV: one list without an "
      + "order. Bochs does both the other way round. What differs is the "
      + "page's A bit",
    accepts: (d, of) => d.address !== undefined
      && (tablePages.includes(d.address) || isTableBit(d, d.address)
        && patches(of, SELECTORS.ldt))
      && (d.right ^ d.ours) === A
      && uses(of.trial, ([op, two]) =>
        [0xcf, 0xca, 0xcb, 0x8e, 0x17].includes(op!)
        || op === 0x0f && two === 0xb2),
  },
  {
    name: "a fault while a task is entered, and no task to handle it",
    reference: "SDM 3A, 6.15, interrupt 10: the handler must be a task, the "
      + "state isn't consistent. Ours has no stack yet: a double fault",
    accepts: (_d, of) => of.ours.events[0]?.vector === 8
      && of.right.events.length > 0
      && [10, 11, 12, 13].includes(of.right.events[0]!.vector)
      && [SELECTORS.tssB, SELECTORS.tssC].some(tss =>
        tss === (of.right.events[0]!.tr & ~3)),
  },
  {
    name: "how a TSS is looked at before the switch",
    reference: "SDM 3A, 7.3: \"checks that the old TSS, new TSS and all "
      + "segment descriptors are paged into system memory\". Whether by "
      + "reading or by writing is open: W of the error code, D bits",
    accepts: (d, of) => isTableBit(d, TSS_PAGE) && inNewTask(of)
      || of.trial.case.patches.some(([at]) => at === TSS_PAGE)
      && (isTableBit(d, TSS_PAGE)
        || d.name === "cr2" && ((d.right ^ d.ours) & ~0xfff) === 0
        || d.address !== undefined && isBusyBit(d)
        || (d.right ^ d.ours) === 2 && (inFrame(d, of, 0)
          ? vectors(of).every(vector => vector === PAGE_FAULT)
          : isStack(d) && vectors(of).every(v => v === SHUTDOWN_VECTOR)))
      || of.trial.case.patches.some(([at]) =>
        at >= GDT + SELECTORS.tssB && at < GDT + SELECTORS.tssDf)
      && (d.name === "frame0" && (d.right ^ d.ours) === 2
        || d.address !== undefined && isTableBit(d, d.address)),
  },
  {
    name: "whether the offset or the selector of a far pointer is read first",
    reference: "the manual is silent; the processors of chapter 790 begin with "
      + "the offset. Bochs begins with the selector",
    accepts: (d, of) => d.name === "cr2" && Math.abs(d.right - d.ours) <= 4
      && uses(of.trial, ([op, two]) => op === 0xc4 || op === 0xc5
        || op === 0x0f && [0xb2, 0xb4, 0xb5].includes(two!)),
  },
  {
    name: "a return to a stack that isn't present",
    reference: "SDM 2A, IRET, and 2B, RET, Operation: #SS with its selector. "
      + "Bochs gives #NP",
    // Where such a vector leads is the case's own affair.
    accepts: (d, of) => absentStack(of) && vectors(of).every(vector =>
      [DOUBLE_FAULT, 11, 12, SHUTDOWN_VECTOR].includes(vector))
      || (d.name === "vector" && d.trap === 0 || isStack(d))
      && d.ours === 12 && d.right === 11
      && of.ours.events[0]!.frame0 === of.right.events[0]!.frame0
      // The kernel gets into the case by such a return, too.
      && (of.ours.events[0]!.frame1 >= ROM
        || uses(of.trial, ([op]) => [0xcf, 0xca, 0xcb].includes(op!))),
  },
  {
    name: "whose access it is when a call to a conforming segment pushes",
    reference: "SDM 3A, 4.6: a user's, in ring 3. Bochs pushes with the rights "
      + "of the segment's DPL",
    accepts: (_d, of) => of.all.some(({ name, ours }) => name === "cr2"
      && ours >= STACKS && ours < STACKS + 0x1000)
      && uses(of.trial, ([op, modrm]) => op === 0x9a
        || op === 0xff && (modrm! & 0x38) === 0x18),
  },
  {
    name: "a breakpoint where VIF and VIP are set",
    reference: "the manual is silent. Ours takes the breakpoint first (SDM 3A, "
      + "table 6-2); Bochs does if TF is set, too",
    accepts: (_d, of) => {
      const [a, b] = vectors(of);
      return a + b === 14 && a * b === 13
        && (of.trial.case.eflags & 0x180000) === 0x180000
        && of.ours.events[0]!.dr6 !== of.right.events[0]!.dr6;
    },
  },
  {
    name: "an access across 4 GiB",
    reference: "SDM 3A, 5.3: with a limit of FFFFFFFF it \"may or may not "
      + "cause the indicated exceptions\". Bochs goes on at 0",
    accepts: (_d, of) => vectors(of)[0] === PAGE_FAULT
      && [12, 13].includes(vectors(of)[1])
      && of.right.events[0]!.cr2 > 0xfffffff0
      && of.ours.events[0]!.frame0 === 0,
  },
  {
    name: "a page table that a stack has grown over",
    reference: "SDM 3A, 4.10.4.4: a processor may use what it has cached of "
      + "an entry that has changed since, or not. Bochs has another TLB",
    accepts: (_d, of) => overgrown(of, of.right) && overgrown(of, of.ours),
  },
  {
    name: "an instruction breakpoint with a length",
    reference: "SDM 3B, 17.2.4: LEN other than 0 is undefined where R/W is "
      + "0. Bochs minds it",
    accepts: (_d, of) => vectors(of)[0] === 1 && [0, 1, 2, 3].some(n => {
      const { dr6, dr7 } = of.right.events[0]!;
      return dr6 & 1 << n && (dr7 >>> 16 + 4 * n & 3) === 0
        && (dr7 >>> 18 + 4 * n & 3) !== 0;
    }),
  },
  {
    name: "which word of a frame is read first",
    reference: "the manual is silent; the processors of chapter 790 begin with "
      + "the uppermost. Bochs begins with EIP",
    accepts: (d, of) => d.name === "cr2" && Math.abs(d.right - d.ours) <= 8
      && uses(of.trial, ([op]) => op === 0xcf || op === 0xca || op === 0xcb),
  },
  {
    name: "half of what SGDT or SIDT store",
    reference: "SDM 3A, 6.5: a fault restores the state from before the "
      + "instruction. Bochs has stored the limit when the base faults",
    accepts: (d, of) => d.address !== undefined
      && of.ours.changes.every(([at]) => at !== d.address)
      && [8, 12, 13, 14].includes(of.ours.events[0]?.vector ?? 0)
      && uses(of.trial, ([op, two, modrm]) => op === 0x0f && two === 0x01
        && (modrm! & 0x30) === 0),
  },
  {
    name: "a large page with bits for addresses beyond 4 GiB",
    reference: "SDM 3A, 4.3: bits 21 to 13 are reserved where CPUID doesn't "
      + "tell of PSE-36, as on a Pentium II. Bochs's has it, untold",
    accepts: (_d, of) => [PAGE_FAULT, DOUBLE_FAULT, SHUTDOWN_VECTOR]
      .includes(vectors(of)[1])
      && (vectors(of)[1] !== PAGE_FAULT
        || (of.ours.events[0]!.frame0 & RESERVED) !== 0)
      && of.trial.case.patches.some(([at, entry]) =>
        at >= DIRECTORY && at < DIRECTORY + 0x1000
        && (entry & 0x80) !== 0 && (entry & 0x3fe000) !== 0),
  },
  {
    name: "bit 11 of DR7",
    reference: "SDM 3B, figure 17-1: reserved, and 0 before there was RTM. "
      + "Bochs keeps it",
    accepts: (d) => d.name === "dr7" && (d.right ^ d.ours) === 0x800,
  },
  {
    name: "IRET in or into virtual-8086 mode, with an EIP beyond 64 KiB",
    reference: "SDM 2A, IRET: #GP(0) if the return instruction pointer is not "
      + "within the limit. Bochs goes there, and cuts EIP off or faults then",
    accepts: (_d, of) => uses(of.trial, ([op]) => op === 0xcf)
      && [8, 13].includes(of.ours.events[0]?.vector ?? 0)
      && (of.trial.case.mode === "vm86" || of.trial.case.mode === 0
        && (of.right.events[0]?.ds === 0 || of.right.changes.some(
          ([at, flags]) => taskFlags.includes(at) && (flags & VM) !== 0))),
  },
  {
    name: "a single step whose instruction switches tasks",
    reference: "SDM 3B, 17.3.1.4: a trap behind the instruction that was "
      + "executed while TF was set. Bochs forgets it in the switch",
    accepts: (_d, of) => of.ours.events[0]?.vector === 1
      && (of.ours.events[0].dr6 & 0x4000) !== 0
      && of.ours.events[0].tr !== of.trial.case.system.tr,
  },
  {
    name: "a bound that can't matter any more",
    reference: "SDM 2A, BOUND: silent. Intel's processors don't read the upper "
      + "bound if the index is below the lower one (chapter 790); Bochs does",
    accepts: (d, of) => of.ours.events[0]?.vector === 5
      && uses(of.trial, ([op]) => op === 0x62)
      && ([PAGE_FAULT, 13, 12, DOUBLE_FAULT].includes(vectors(of)[0])
        || d.address !== undefined && (d.right ^ d.ours) === A
        && isTableBit(d, d.address)),
  },
  {
    name: "which operand of cmps is looked at first",
    reference: "the manual is silent; the processors of chapter 790 begin with "
      + "ES:EDI. Bochs begins with DS:ESI",
    accepts: (d, of) => uses(of.trial, ([op]) => op === 0xa6 || op === 0xa7)
      && vectors(of).every(vector =>
        [8, 12, 13, PAGE_FAULT, SHUTDOWN_VECTOR].includes(vector))
      && (d.address !== undefined && (d.right ^ d.ours) === A
        && (isTableBit(d, d.address) || isDirectory(d)) || otherFault(d, of)),
  },
  {
    name: "flags where CMPS or SCAS faults within a REP",
    reference: "SDM 2B, REP: EFLAGS are restored to what they were before "
      + "the instruction, as on the processor of chapter 790. Bochs pushes "
      + "those of the last iteration",
    accepts: (d, of) => isStack(d) && (d.right & d.ours & RF) !== 0
      && ((d.right ^ d.ours) & ~STATUS) === 0
      && [12, 13, PAGE_FAULT].includes(vectors(of)[0])
      && vectors(of)[0] === vectors(of)[1]
      && of.trial.parts.some(bytes => [0xf2, 0xf3].some(
        rep => bytes.includes(rep)))
      && uses(of.trial, ([op]) => [0xa6, 0xa7, 0xae, 0xaf].includes(op ?? 0)),
  },
  {
    name: "a debug trap that a load of SS has held back, and an int behind it",
    reference: "SDM 3C, 26.3.1.5: a single step is pending while MOV SS "
      + "blocks; it is delivered at the handler. Bochs drops it at the int",
    accepts: (_d, of) => of.ours.events[0]?.vector === 1
      && of.ours.events[0].frame0 >= ROM
      && uses(of.trial, ([op, two]) => op === 0x8e || op === 0x17
        || op === 0x0f && two === 0xb2),
  },
];

/** Whether at least eight entries of the page table were replaced: no case
 * has instructions for so many. */
function overgrown({ trial }: Compared, { changes }: PrivilegedOutcome) {
  const before = new Map(trial.case.patches);
  return changes.filter(([at, value]) => at >= TABLE && at < TABLE + 0x400
    && (value ^ (before.get(at) ?? worldWord(at))) & ~(A | D)).length >= 8;
}

/** Whether the breakpoints with those bits are where the trap's EIP is. */
function breaksAt({ trial }: Compared, bits: number, { frame0 }: Event) {
  const { breakpoints, dr7 } = trial.case.system;
  const places = [frame0, frame0 + trial.case.base];
  return breakpoints.every((at, n) => !(bits & 1 << n)
    || (dr7 >>> 16 + 4 * n & 3) === 0 && places.includes(at));
}

/** Whether DR7 enables one of the breakpoints with those bits. */
function anyEnabled(dr7: number, bits: number): boolean {
  return [0, 1, 2, 3].some(n => bits & 1 << n && dr7 >>> 2 * n & 3);
}

/** Whether it is one of what two faults of the same instruction differ in:
 * CR2, and the vector with what the kernel pushes of it. */
function otherFault(d: Difference, of: Compared): boolean {
  const [right, ours] = vectors(of);
  if (d.trap !== 0 && d.trap !== undefined)
    return false;
  if (d.name === "cr2")
    return true;
  if (right !== ours && (d.name === "vector"
    || isStack(d) && d.right === right && d.ours === ours))
    return true;
  // And the error code, be they page faults both.
  return (right !== ours || right === PAGE_FAULT)
    && (d.name === "frame0" || isStack(d))
    && d.right === of.right.events[0]!.frame0
    && d.ours === of.ours.events[0]!.frame0;
}

/** Whether a task other than the case's own has been entered: it is the
 * current one, or it was left for the one of double faults, and its segment
 * has what its registers were. */
function inNewTask({ ours, trial }: Compared): boolean {
  const tr = ours.events[0]?.tr;
  const link = new Map(ours.changes).get(TSS_DF) ?? worldWord(TSS_DF);
  return tr !== trial.case.system.tr
    && (tr !== SELECTORS.tssDf || (link & ~3) !== (trial.case.system.tr & ~3))
    || ours.changes.some(([at]) => at >= TSS_B && at < TSS_DF)
    // Busy now, even if a shutdown came of it.
    || [SELECTORS.tssB, SELECTORS.tssC].some(task => ours.changes.some(
      ([at, value]) => at === GDT + task + 4 && (value & 0x200) !== 0));
}

/** Whether the stack that the kernel would enter the case with isn't there. */
function absentStack({ trial }: Compared): boolean {
  const { ss } = trial.case.system.selectors;
  const at = (ss & 4 ? LDT : GDT) + (ss & ~7) + 4;
  return trial.case.patches.some(([where, word]) =>
    where === at && !(word & 0x8000));
}

/** Whether the case has its own idea of a descriptor of the GDT. */
function patches({ trial }: Compared, selector: number): boolean {
  return trial.case.patches.some(([at]) => (at & ~7) === GDT + selector);
}

function isDirectory({ address = 0 }: Difference): boolean {
  return address >= DIRECTORY && address < DIRECTORY + 0x1000;
}

function isStack({ address = 0 }: Difference): boolean {
  return address >= STACKS && address < STACKS + 0x1000;
}

function isAccessedBit(d: Difference): boolean {
  const at = d.address!;
  return (d.right ^ d.ours) === 0x100 && (at & 4) !== 0
    && (at >= GDT && at < GDT + 0x200 || at >= LDT && at < LDT + 0x80)
    || tablePages.includes(at) && isTableBit(d, at);
}

function isBusyBit(d: Difference): boolean {
  return (d.right ^ d.ours) === 0x200 && (d.address! & 4) !== 0
    && d.address! >= GDT && d.address! < GDT + 0x200;
}

/** Whether the difference is one of A and D in that entry. */
function isTableBit(d: Difference, at: number): boolean {
  return d.address === at && at >= TABLE && at < TABLE + 0x400
    && ((d.right ^ d.ours) & ~(A | D)) === 0;
}

/** The reasons for what differs; undefined if there is none for some. */
export function explain(of: Compared): Explanation[] | undefined {
  const reasons = of.all.map(d =>
    explanations.find(e => e.accepts(d, of)));
  return reasons.every(reason => reason !== undefined)
    ? [...new Set(reasons)] : undefined;
}
