// Woven from chapters/040-exceptions.md, 724-faults.md.
import { dropGuard, noteDebug, trapBits } from "./breakpoints";
import type { Cpu } from "./cpu";
import { errorOf, isConforming, markAccessed } from "./descriptors";
import {
  DB, DE, DF, ERROR_EXT, ERROR_IDT, Fault, gp, GP, NP, PF, SS_FAULT, TS,
} from "../ground/fault";
import { farPointer, loadParagraph, realVector } from "./realmode";
import { codeSegment, selectorOf } from "./segments";
import { innerStack } from "./stack";
import {
  AC, ACTIVITY, BASE, CPL, CR0, CR0_PE, CR2, CS, DEBUG_PENDING, EIP, ESP,
  IDTR_BASE, IDTR_LIMIT, IF, NT, RF, SEG_P, SEGMENTS, SHUTDOWN, SS,
  SYSTEM_FLAGS, TF, TYPE_INTERRUPT_GATE, TYPE_TASK_GATE, TYPE_TRAP_GATE,
  TYPE_WIDE, VIF, VM,
} from "../ground/state";
import { interruptTask } from "./tasks";
import { enterCode } from "./transfer";
import {
  believedFlags, dropParagraphs, hasVirtualFlag, isRedirected,
  pushParagraphs,
} from "./virtual";

/** What is pushed of whoever is interrupted, besides CS. */
interface Frame {
  readonly flags: number;
  readonly eip: number;
  readonly error: number | undefined;
}

/** One event on its way through the IDT. */
interface Entry extends Frame {
  readonly vector: number;
  /** INT n, INT3 and INTO are checked against the gate's DPL. */
  readonly software: boolean;
}

/** Types of what may stand in the IDT, one bit each. */
const GATES = [TYPE_TASK_GATE, TYPE_INTERRUPT_GATE, TYPE_TRAP_GATE,
  TYPE_INTERRUPT_GATE | TYPE_WIDE, TYPE_TRAP_GATE | TYPE_WIDE]
  .reduce((bits, type) => bits | (1 << type), 0);

/** Goes through a gate of the IDT; throws before anything changed. */
function enterHandler(cpu: Cpu, e: Entry): void {
  if (!(cpu.w[CR0]! & CR0_PE)) {
    enterRealHandler(cpu, e);
    return;
  }
  const w = cpu.w, ext = e.software ? 0 : ERROR_EXT;
  const error = e.vector * 8 | ERROR_IDT | ext;
  if (e.vector * 8 + 7 > w[IDTR_LIMIT]!) throw gp(error);
  const at = (w[IDTR_BASE]! + e.vector * 8) | 0;
  const low = cpu.loadLinear(at, 4), high = cpu.loadLinear((at + 4) | 0, 4);
  const type = (high >>> 8) & 0x1f, dpl = (high >>> 13) & 3;
  if (!((GATES >>> type) & 1)) throw gp(error);
  if (e.software && dpl < w[CPL]!) throw gp(error);
  if (!((high >>> 8) & SEG_P)) throw new Fault(NP, error);
  if (type === TYPE_TASK_GATE) {
    interruptTask(cpu, low >>> 16, ext, e.eip, e.flags, e.error);
    return;
  }
  const wide = (type & TYPE_WIDE) !== 0;
  const offset = (low & 0xffff) | (wide ? high & 0xffff0000 : 0);
  const isTrap = (type & ~TYPE_WIDE) === TYPE_TRAP_GATE;
  const selector = low >>> 16, size = wide ? 4 : 2;
  const d = codeSegment(cpu, selector, "gate", ext);
  const inner = !isConforming(d.type) && d.dpl < w[CPL]!;
  const virtual = (w[SYSTEM_FLAGS]! & VM) !== 0;
  if (virtual && (!inner || d.dpl !== 0)) throw gp(errorOf(selector, ext));
  if (inner) {
    const stack = innerStack(cpu, d.dpl, ext);
    if (offset >>> 0 > d.limit >>> 0) throw gp(ext);
    if (virtual) pushParagraphs(cpu, stack, size);
    stack.push(size, selectorOf(cpu, SS));
    stack.push(size, w[ESP]!);
    stack.push(size, e.flags);
    stack.push(size, selectorOf(cpu, CS));
    stack.push(size, e.eip);
    if (e.error !== undefined) stack.push(size, e.error);
    stack.mark();
    markAccessed(cpu, d);
    if (virtual) dropParagraphs(cpu);
    enterCode(cpu, d, selector, d.dpl, offset);
    stack.enter();
  } else {
    if (offset >>> 0 > d.limit >>> 0) throw gp(ext);
    pushFrame(cpu, size, e, ext);
    markAccessed(cpu, d);
    enterCode(cpu, d, selector, w[CPL]!, offset);
  }
  const dropped = TF | NT | RF | VM | (isTrap ? 0 : IF);
  w[SYSTEM_FLAGS] = w[SYSTEM_FLAGS]! & ~dropped;
}

/** Pushes on the present stack, or changes nothing and throws. */
function pushFrame(
  cpu: Cpu, size: 2 | 4, { flags, eip, error }: Frame, ext: number,
): void {
  const esp = cpu.w[ESP]!;
  try {
    cpu.pushValue(size, flags);
    cpu.pushValue(size, selectorOf(cpu, CS));
    cpu.pushValue(size, eip);
    if (error !== undefined) cpu.pushValue(size, error);
  } catch (fault) {
    cpu.w[ESP] = esp;
    const stack = fault instanceof Fault && fault.vector === SS_FAULT;
    throw stack ? new Fault(SS_FAULT, ext) : fault;
  }
}

/** Real mode: four bytes a vector, and no questions. */
function enterRealHandler(cpu: Cpu, e: Entry): void {
  enterParagraph(cpu, realVector(cpu, e.vector), e.flags, e.eip);
  cpu.setEflags(0, IF | TF | RF | AC);
}

/** Pushes FLAGS, CS and IP, and goes to a handler that a table of 1978
 * names. */
function enterParagraph(
  cpu: Cpu, to: { selector: number; offset: number }, flags: number,
  eip: number,
): void {
  pushFrame(cpu, 2, { flags, eip, error: undefined }, 0);
  loadParagraph(cpu, CS, to.selector);
  cpu.next = to.offset;
}

/** INT n, INT3, INTO: through the gate, and back behind the instruction. */
export function softwareInterrupt(
  cpu: Cpu, vector: number, next: number,
  kind: "int" | "int3" | "into" | "int1",
): void {
  const { events } = cpu.board;
  if (kind === "int" && isRedirected(cpu, vector)) {
    enterOwnHandler(cpu, vector, next);
  } else {
    enterHandler(cpu, {
      vector, software: kind !== "int1", error: undefined,
      flags: cpu.eflags(), eip: next,
    });
  }
  cpu.entered = true;
  if (events.active) events.emit({ kind: "interrupt", cpu: cpu.id,
    count: cpu.board.count, vector, source: kind, eip: next >>> 0 });
}

/** INT n that stays in virtual 8086 mode (SDM 3B, 20.3.3.4). */
function enterOwnHandler(cpu: Cpu, vector: number, next: number): void {
  const own = hasVirtualFlag(cpu, 2);
  const flags = own ? believedFlags(cpu) : cpu.eflags();
  enterParagraph(cpu, farPointer(cpu, 4 * vector), flags, next);
  cpu.setEflags(0, TF | RF | (own ? VIF : IF));
}

const isContributory = (vector: number) =>
  vector === DE || (vector >= TS && vector <= GP);

/** What a fault during the delivery of another becomes: that fault, a
 * double fault, or undefined for shutdown (SDM 3A, table 6-5). */
export function combineFaults(
  first: Fault | undefined, second: Fault,
): Fault | undefined {
  if (!first) return second;
  if (first.vector === DF) return undefined;
  const grave = isContributory(second.vector);
  const doubled = isContributory(first.vector) ? grave
    : first.vector === PF && (grave || second.vector === PF);
  return doubled ? new Fault(DF, 0) : second;
}

/** The third fault in a row: the CPU stops until it is reset. */
export function shutDown(cpu: Cpu): void {
  cpu.w[ACTIVITY] = SHUTDOWN;
  const { board } = cpu;
  board.wake();
  if (board.events.active) board.events.emit({ kind: "shutdown",
    cpu: cpu.id, count: board.count, eip: cpu.w[EIP]! >>> 0 });
}

/** Delivers an exception, or an external interrupt by its vector, at the
 * committed EIP; a fault on the way leads to others, or to shutdown. */
export function deliver(cpu: Cpu, cause: Fault | number): void {
  const w = cpu.w;
  let fault = typeof cause === "number" ? undefined : cause;
  let vector = typeof cause === "number" ? cause : cause.vector;
  for (;;) {
    if (vector === PF && fault) w[CR2] = fault.address! | 0;
    if (vector === DB) dropGuard(cpu);
    tell(cpu, vector, fault);
    const resume = fault?.resume || cpu.repeating() ? RF : 0;
    try {
      enterHandler(cpu, {
        vector, software: false, error: fault?.error,
        flags: cpu.eflags() | resume, eip: w[EIP]!,
      });
      w[EIP] = cpu.next;
      return;
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      // One that becomes a double fault leaves its address, too.
      if (thrown.vector === PF) w[CR2] = thrown.address! | 0;
      fault = combineFaults(fault, thrown);
    }
    if (!fault) break;
    vector = fault.vector;
  }
  shutDown(cpu);
}

/** Delivers the debug exception that is due between two instructions. */
export function deliverTrap(cpu: Cpu): void {
  const w = cpu.w, linear = (w[SEGMENTS + 4 * CS + BASE]! + w[EIP]!) | 0;
  noteDebug(cpu, trapBits(cpu, w[DEBUG_PENDING]!, linear));
  w[DEBUG_PENDING] = 0;
  deliver(cpu, new Fault(DB));
}

function tell(cpu: Cpu, vector: number, fault: Fault | undefined): void {
  const { events } = cpu.board;
  if (!events.active) return;
  const { count } = cpu.board;
  const common = { cpu: cpu.id, count, vector, eip: cpu.w[EIP]! >>> 0 };
  if (!fault) {
    events.emit({ kind: "interrupt", source: "external", ...common });
  } else {
    events.emit({ kind: "exception", error: fault.error,
      address: fault.address, ring: cpu.w[CPL]!, ...common });
  }
}
