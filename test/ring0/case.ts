// A case that may do everything: what a case of the silicon driver is, and
// the registers of the system.

import type { Case } from "../silicon/case";
import {
  CONTEXT, END_MAGIC, EVENT, INTO_OUTER_RING, INTO_REAL_MODE,
  INTO_SAME_RING, INTO_VM86, LOG_MAGIC, RECORD_MAGIC,
} from "./layout";
import type { ContextName, EventName } from "./layout";

/** Registers of the system, as the case finds them. */
export interface SystemState {
  /** CS SS DS ES FS GS. */
  selectors: { cs: number; ss: number; ds: number; es: number; fs: number;
    gs: number; };
  cr0: number;
  cr3: number;
  cr4: number;
  ldtr: number;
  tr: number;
  /** DR0 to DR3. */
  breakpoints: number[];
  dr7: number;
  /** The model-specific registers 174, 175 and 176. */
  sysenter: number[];
}

/** A case of any ring. Its patches may lie anywhere in the world: tables,
 * task state segments, page tables; `fill` has no meaning. */
export interface PrivilegedCase extends Case {
  /** The mode that it runs in: a ring of protected mode, or another. */
  mode: 0 | 1 | 2 | 3 | "vm86" | "real";
  /** The linear address where its code segment begins. */
  base: number;
  system: SystemState;
}

/** A trap: what the CPU's registers were when the kernel took it. */
export type Event = Record<EventName, number>;

/** How a case ended. */
export interface PrivilegedOutcome {
  /** The trap that ended it, and those that the kernel fell over. */
  events: Event[];
  /** Words of the world that aren't what they were: address and value. */
  changes: [number, number][];
}

/** One for each case, in their order. */
export type Outcomes = (PrivilegedOutcome | undefined)[];

/** Something that can run them. A case without an outcome never ended. */
export interface PrivilegedJudge {
  name: string;
  run(cases: readonly PrivilegedCase[]): Outcomes | Promise<Outcomes>;
}

const VM = 0x20000;

/** Lets a judge run cases; behind one that never ended it begins anew. */
export async function runAll(
  cases: readonly PrivilegedCase[],
  start: (cases: readonly PrivilegedCase[]) => Outcomes | Promise<Outcomes>,
): Promise<Outcomes> {
  const outcomes: Outcomes = [];
  while (outcomes.length < cases.length) {
    const some = await start(cases.slice(outcomes.length));
    const stuck = some.indexOf(undefined);
    outcomes.push(...stuck < 0 ? some : some.slice(0, stuck + 1));
  }
  return outcomes;
}

function context(c: PrivilegedCase): Record<ContextName, number> {
  const [eax, ecx, edx, ebx, esp, ebp, esi, edi] = c.registers;
  const { system, mode } = c;
  const [dr0 = 0, dr1 = 0, dr2 = 0, dr3 = 0] = system.breakpoints;
  const how = mode === 0 ? INTO_SAME_RING : mode === "vm86" ? INTO_VM86
    : mode === "real" ? INTO_REAL_MODE : INTO_OUTER_RING;
  const [sysenterCs = 0, sysenterEsp = 0, sysenterEip = 0] = system.sysenter;
  return {
    eax: eax!, ecx: ecx!, edx: edx!, ebx: ebx!, esp: esp!, ebp: ebp!,
    esi: esi!, edi: edi!, eip: entryOf(c),
    eflags: c.eflags | 2 | (mode === "vm86" ? VM : 0),
    ...system.selectors, cr0: system.cr0, cr3: system.cr3, cr4: system.cr4,
    ldtr: system.ldtr, tr: system.tr, dr0, dr1, dr2, dr3, dr7: system.dr7,
    sysenterCs, sysenterEsp, sysenterEip, how,
  };
}

/** EIP of the case's first instruction. */
export function entryOf(c: PrivilegedCase): number {
  return (c.address - c.base) >>> 0;
}

/** Cases as the kernel finds them in memory. */
export function packCases(cases: readonly PrivilegedCase[]): Uint8Array {
  const words: number[] = [];
  for (const c of cases) {
    const patches = [...c.patches, ...codePatches(c)];
    const values = context(c);
    words.push(1, patches.length, ...patches.flat(),
      ...CONTEXT.map(name => values[name]));
  }
  words.push(0);
  return new Uint8Array(Uint32Array.from(words).buffer);
}

function codePatches(c: PrivilegedCase): [number, number][] {
  const first = c.address & ~3;
  const bytes = new Uint8Array(
    c.address + c.code.length - first + 3 & ~3).fill(0xcc);
  bytes.set(c.code, c.address - first);
  const words = new Uint32Array(bytes.buffer);
  return Array.from(words, (word, i) => [first + 4 * i, word]);
}

/** Whether the kernel has begun to write its log. */
export function hasLog(output: Uint8Array): boolean {
  return Buffer.from(output).includes(
    Buffer.from(Uint32Array.of(LOG_MAGIC).buffer));
}

/** Reads what the kernel wrote to its log, as far as it got: behind a case
 * that never ended there is nothing. */
export function readLog(log: Uint8Array, count: number): Outcomes {
  const outcomes: Outcomes = [];
  let at = 0;
  const has = (magic: number) => at + 4 <= log.length
    && view.getUint32(at, true) === magic;
  const view = new DataView(log.buffer, log.byteOffset, log.length);
  // Others may write between the records, such as a debugger.
  const skipTo = (...magic: number[]) => {
    while (at + 4 <= log.length && !magic.some(has))
      at++;
  };
  skipTo(LOG_MAGIC);
  at += 4;
  const get = () => {
    at += 4;
    return view.getUint32(at - 4, true);
  };
  for (;;) {
    skipTo(RECORD_MAGIC, END_MAGIC);
    if (!has(RECORD_MAGIC) || at + 12 > log.length)
      break;
    get();
    const events = get(), changes = get();
    if (at + events + changes > log.length)
      break;
    const outcome: PrivilegedOutcome = { events: [], changes: [] };
    for (const end = at + events; at < end;)
      outcome.events.push(Object.fromEntries(
        EVENT.map(name => [name, get()])) as Event);
    for (const end = at + changes; at < end;)
      outcome.changes.push([get(), get()]);
    outcomes.push(outcome);
  }
  while (outcomes.length < count)
    outcomes.push(undefined);
  return outcomes;
}
