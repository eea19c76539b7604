// Woven from chapters/728-tasks.md.
import { DR6_BT, DR7_LOCAL, holdTrap, refreshDebug } from "./breakpoints";
import { writeControl } from "./control";
import type { Cpu } from "./cpu";
import {
  type Descriptor, errorOf, isCode, isConforming, isNull, isTask,
  markAccessed, putSegment, readDescriptor, setSegment,
} from "./descriptors";
import { Fault, gp, GP, NP, TS } from "../ground/fault";
import { loadParagraph } from "./realmode";
import { dataSegment, selectorOf, stackSegment } from "./segments";
import {
  ATTRIBUTES, BASE, CPL, CR0, CR0_PG, CR0_TS, CR3, CS, DR, DS, EAX, EIP, ES,
  FS, GDTR_BASE, GS, LDTR, LIMIT, NT, RPL, SEGMENTS, SS, TI, TR, TSS_LIMIT,
  TYPE_BUSY, TYPE_LDT, TYPE_TASK_GATE, TYPE_WIDE, VM,
} from "../ground/state";

/** Where a TSS has what. */
interface TaskLayout {
  readonly size: 2 | 4;
  readonly limit: number;
  readonly eip: number;
  readonly flags: number;
  readonly registers: number;
  readonly segments: number;
  readonly count: number;
  readonly ldt: number;
}

const narrow: TaskLayout = { size: 2, limit: 43, eip: 14, flags: 16,
  registers: 18, segments: 34, count: 4, ldt: 42 };
const wide: TaskLayout = { size: 4, limit: TSS_LIMIT, eip: 32, flags: 36,
  registers: 40, segments: 72, count: 6, ldt: 96 };
const CR3_AT = 28, TRAP_AT = 100;
const layoutOf = (type: number) => (type & TYPE_WIDE ? wide : narrow);

/** Types of descriptors: a TSS that is free, and the same when busy. */
const isFree = (type: number) => isTask(type) && !(type & TYPE_BUSY);
const isBusy = (type: number) => isTask(type) && (type & TYPE_BUSY) !== 0;

/** The free TSS that a selector names; its faults carry `ext`. */
function freeTask(cpu: Cpu, selector: number, ext: number): Descriptor {
  const error = errorOf(selector, ext);
  if (selector & TI || !error) throw gp(error);
  const d = readDescriptor(cpu, selector, GP, ext);
  if (!isFree(d.type)) throw gp(error);
  if (!d.present) throw new Fault(NP, error);
  return d;
}

/** The TSS to which a far jump or call leads, by a descriptor of it or by
 * a task gate; undefined if the descriptor is neither. */
export function targetTask(cpu: Cpu, d: Descriptor): Descriptor | undefined {
  const gate = d.type === TYPE_TASK_GATE;
  if (!gate && !isTask(d.type)) return undefined;
  const error = errorOf(d.selector);
  const ring = Math.max(cpu.w[CPL]!, d.selector & RPL);
  if (d.dpl < ring) throw gp(error);
  if (!gate) return freeTask(cpu, d.selector, 0);
  if (!d.present) throw new Fault(NP, error);
  return freeTask(cpu, d.low >>> 16, 0);
}

/** IRET in a nested task: back to the one that the link names. */
export function returnToTask(cpu: Cpu): void {
  const link = cpu.loadLinear(cpu.w[SEGMENTS + 4 * TR + BASE]!, 2);
  const error = errorOf(link);
  if (link & TI || !error) throw new Fault(TS, error);
  const d = readDescriptor(cpu, link, TS);
  if (!isBusy(d.type)) throw new Fault(TS, error);
  if (!d.present) throw new Fault(NP, error);
  switchTask(cpu, d, { how: "return", eip: cpu.next, flags: cpu.eflags() });
}

/** An interrupt or exception finds a task gate in the IDT. */
export function interruptTask(
  cpu: Cpu, selector: number, ext: number, eip: number, flags: number,
  error: number | undefined,
): void {
  const d = freeTask(cpu, selector, ext);
  switchTask(cpu, d, { how: "interrupt", eip, flags, ext, error });
}

/** How a task switch came about. */
export interface Switch {
  readonly how: "jump" | "call" | "return" | "interrupt";
  /** Where the old task goes on, and with which flags. */
  readonly eip: number;
  readonly flags: number;
  /** EXT for faults; the error code that the new task finds. */
  readonly ext?: number;
  readonly error?: number | undefined;
}

/** Switches to the task of a checked TSS (SDM 3A, 7.3). Faults up to the
 * commit point are the old task's; later ones are the new task's. */
export function switchTask(cpu: Cpu, d: Descriptor, s: Switch): void {
  const w = cpu.w, tr = SEGMENTS + 4 * TR, ext = s.ext ?? 0;
  const from = layoutOf(w[tr + ATTRIBUTES]!), to = layoutOf(d.type);
  const error = errorOf(d.selector, ext);
  if (d.limit >>> 0 < to.limit) throw new Fault(TS, error);
  if (w[tr + LIMIT]! >>> 0 < from.limit) throw new Fault(TS, error);
  const nested = s.how === "call" || s.how === "interrupt";
  const oldBase = w[tr + BASE]!, base = d.base;
  claim(cpu, oldBase, from.limit, true);
  claim(cpu, base, to.limit, nested);
  const oldEntry = (w[GDTR_BASE]! + (w[tr]! & 0xfff8) + 5) | 0;
  const entry = (d.linear + 5) | 0;
  if (!nested) claim(cpu, oldEntry, 0, true);
  if (s.how !== "return") claim(cpu, entry, 0, true);
  if (!nested) cpu.store8(oldEntry, cpu.load8(oldEntry) & ~TYPE_BUSY);
  const flags = s.how === "return" ? s.flags & ~NT : s.flags;
  const save = (at: number, size: 2 | 4, value: number) =>
    cpu.storeLinear((oldBase + at) | 0, size, value);
  save(from.eip, from.size, s.eip);
  save(from.flags, from.size, flags);
  for (let n = 0; n < 8; n++) {
    save(from.registers + n * from.size, from.size, w[EAX + n]!);
  }
  for (let n = 0; n < from.count; n++) {
    save(from.segments + n * from.size, 2, selectorOf(cpu, n));
  }
  if (nested) cpu.store16(base, w[tr]!);
  if (s.how !== "return") cpu.store8(entry, cpu.load8(entry) | TYPE_BUSY);
  const load = (at: number, size: 2 | 4 = to.size) =>
    cpu.loadLinear((base + at) | 0, size);
  const upper = to.size === 4 ? 0 : 0xffff0000;
  const eip = load(to.eip), image = load(to.flags);
  const registers = Array.from({ length: 8 },
    (_, n) => load(to.registers + n * to.size) | upper);
  const selectors = Array.from({ length: 6 },
    (_, n) => n < to.count ? load(to.segments + n * to.size, 2) : 0);
  const ldt = load(to.ldt, 2);
  const cr3 = to.size === 4 ? load(CR3_AT) : w[CR3]!;
  const trap = to.size === 4 && (load(TRAP_AT, 2) & 1) !== 0;
  w[CR0] = w[CR0]! | CR0_TS;
  putSegment(cpu, TR, d.selector & 0xffff, d.base, d.limit,
    d.attributes | TYPE_BUSY);
  if (w[CR0]! & CR0_PG && cr3 !== w[CR3]) writeControl(cpu, 3, cr3);
  registers.forEach((value, n) => { w[EAX + n] = value; });
  w[EIP] = cpu.next = eip;
  cpu.setEflags(nested ? image | NT : image);
  w[DR + 7] = w[DR + 7]! & ~DR7_LOCAL;
  refreshDebug(cpu);
  if (trap) holdTrap(cpu, DR6_BT);
  enterSegments(cpu, selectors, ldt, ext);
  if (eip >>> 0 > w[SEGMENTS + 4 * CS + LIMIT]! >>> 0) throw gp(ext);
  if (s.error !== undefined) cpu.pushValue(to.size, s.error);
}

/** Faults now, if any of these bytes would later. */
function claim(cpu: Cpu, from: number, last: number, write: boolean): void {
  cpu.translate(from, write, false, false);
  cpu.translate((from + last) | 0, write, false, false);
}

/** Loads LDTR and all segment registers of a task. */
function enterSegments(
  cpu: Cpu, selectors: readonly number[], ldt: number, ext: number,
): void {
  selectors.forEach((s, n) => putSegment(cpu, n, s, 0, 0, 0));
  putSegment(cpu, LDTR, ldt, 0, 0, 0);
  const virtual = (cpu.eflags() & VM) !== 0;
  const ring = virtual ? 3 : selectors[CS]! & RPL;
  cpu.setCpl(ring);
  enterLdt(cpu, ldt, ext);
  if (virtual) {
    selectors.forEach((s, n) => loadParagraph(cpu, n, s));
    return;
  }
  const code = taskCode(cpu, selectors[CS]!, ext);
  markAccessed(cpu, code);
  setSegment(cpu, CS, selectors[CS]!, code);
  const stack = stackSegment(cpu, selectors[SS]!, ring, TS, ext);
  markAccessed(cpu, stack);
  setSegment(cpu, SS, selectors[SS]!, stack);
  for (const n of [DS, ES, FS, GS]) {
    const selector = selectors[n]!;
    if (isNull(selector)) continue;
    const data = dataSegment(cpu, selector, TS, ext);
    markAccessed(cpu, data);
    setSegment(cpu, n, selector, data);
  }
}

function enterLdt(cpu: Cpu, selector: number, ext: number): void {
  if (isNull(selector)) return;
  const fault = new Fault(TS, errorOf(selector, ext));
  if (selector & TI) throw fault;
  const d = readDescriptor(cpu, selector, TS, ext);
  if (d.type !== TYPE_LDT || !d.present) throw fault;
  setSegment(cpu, LDTR, selector, d);
}

function taskCode(cpu: Cpu, selector: number, ext: number): Descriptor {
  const error = errorOf(selector, ext), rpl = selector & RPL;
  if (isNull(selector)) throw new Fault(TS, ext);
  const d = readDescriptor(cpu, selector, TS, ext);
  const conforming = isConforming(d.type);
  const good = isCode(d.type) &&
    (conforming ? d.dpl <= rpl : d.dpl === rpl);
  if (!good) throw new Fault(TS, error);
  if (!d.present) throw new Fault(NP, error);
  return d;
}
