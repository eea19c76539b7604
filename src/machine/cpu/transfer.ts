// Woven from chapters/716-gates.md.
import type { Cpu } from "./cpu";
import {
  type Descriptor, errorOf, isCallGate, isConforming, isNull, isSegment,
  markAccessed, readDescriptor, setSegment,
} from "./descriptors";
import { Fault, gp, GP, NP } from "../ground/fault";
import { checkRealTarget, realTransfer } from "./realmode";
import { innerStack, InnerStack } from "./stack";
import {
  codeSegment, dropInnerSegments, isProtected, selectorOf, stackSegment,
} from "./segments";
import { CPL, CS, ESP, RPL, SS, TYPE_WIDE } from "../ground/state";
import { switchTask, targetTask } from "./tasks";

const cut = (offset: number, size: number) =>
  size === 2 ? offset & 0xffff : offset;

/** Makes a checked code segment the present one, in a ring. */
export function enterCode(
  cpu: Cpu, d: Descriptor, selector: number, ring: number, eip: number,
): void {
  setSegment(cpu, CS, (selector & ~RPL) | ring, d);
  cpu.setCpl(ring);
  cpu.next = eip;
}

function checkTarget(d: Descriptor, eip: number, error = 0): void {
  if (eip >>> 0 > d.limit >>> 0) throw gp(error);
}

/** JMP to another code segment, direct or through a call gate. */
export function farJump(
  cpu: Cpu, selector: number, offset: number, size: 2 | 4,
): void {
  selector &= 0xffff;
  const eip = cut(offset, size);
  if (!isProtected(cpu)) {
    realTransfer(cpu, selector, eip);
    return;
  }
  if (followed(cpu, selector, "jump", cpu.next, jumpGate)) return;
  const d = codeSegment(cpu, selector, "jump");
  checkTarget(d, eip);
  markAccessed(cpu, d);
  enterCode(cpu, d, selector, cpu.w[CPL]!, eip);
}

/** Goes where a selector of a task or a gate leads; false if it is that
 * of a segment. */
function followed(
  cpu: Cpu, selector: number, how: "jump" | "call", next: number,
  gate: (cpu: Cpu, target: Descriptor, next: number) => void,
): boolean {
  if (isNull(selector)) throw gp();
  const target = readDescriptor(cpu, selector);
  if (isSegment(target.type)) return false;
  const task = targetTask(cpu, target);
  if (task) switchTask(cpu, task, { how, eip: next, flags: cpu.eflags() });
  else gate(cpu, target, next);
  return true;
}

/** Checks that a gate may be used, and takes it apart. */
function openGate(cpu: Cpu, gate: Descriptor) {
  const error = errorOf(gate.selector);
  if (!isCallGate(gate.type)) throw gp(error);
  const ring = Math.max(cpu.w[CPL]!, gate.selector & RPL);
  if (gate.dpl < ring) throw gp(error);
  if (!gate.present) throw new Fault(NP, error);
  const wide = (gate.type & TYPE_WIDE) !== 0;
  const offset = (gate.low & 0xffff) |
    (wide ? gate.high & 0xffff0000 : 0);
  return { selector: gate.low >>> 16, offset,
    size: (wide ? 4 : 2) as 2 | 4, count: gate.high & 31 };
}

// A jump stays in its ring, gate or not; the RPL in a gate counts for nothing.
function jumpGate(cpu: Cpu, gate: Descriptor): void {
  const { selector, offset } = openGate(cpu, gate);
  const d = codeSegment(cpu, selector & ~RPL, "jump");
  checkTarget(d, offset);
  markAccessed(cpu, d);
  enterCode(cpu, d, selector, cpu.w[CPL]!, offset);
}

/** CALL to another code segment, direct or through a call gate. */
export function farCall(
  cpu: Cpu, selector: number, offset: number, size: 2 | 4, next: number,
): void {
  selector &= 0xffff;
  const eip = cut(offset, size);
  if (!isProtected(cpu)) {
    checkRealTarget(cpu, eip);
    pushReturn(cpu, size, next);
    realTransfer(cpu, selector, eip);
    return;
  }
  if (followed(cpu, selector, "call", next, callGate)) return;
  callInRing(cpu, codeSegment(cpu, selector, "jump"), selector, eip, size,
    next);
}

function callInRing(
  cpu: Cpu, d: Descriptor, selector: number, eip: number, size: 2 | 4,
  next: number,
): void {
  pushReturn(cpu, size, next, () => {
    checkTarget(d, eip);
    markAccessed(cpu, d);
  });
  enterCode(cpu, d, selector, cpu.w[CPL]!, eip);
}

/** Pushes CS and EIP, and does what is to be done then; ESP is what it was
 * if anything faults. */
function pushReturn(
  cpu: Cpu, size: 2 | 4, next: number, then = () => {},
): void {
  const esp = cpu.w[ESP]!;
  try {
    cpu.pushValue(size, selectorOf(cpu, CS));
    cpu.pushValue(size, next);
    then();
  } catch (fault) {
    cpu.w[ESP] = esp;
    throw fault;
  }
}

function callGate(cpu: Cpu, gate: Descriptor, next: number): void {
  const { selector, offset, size, count } = openGate(cpu, gate);
  const d = codeSegment(cpu, selector, "gate");
  if (isConforming(d.type) || d.dpl === cpu.w[CPL]!) {
    callInRing(cpu, d, selector, offset, size, next);
    return;
  }
  const stack: InnerStack = innerStack(cpu, d.dpl, 0);
  checkTarget(d, offset);
  stack.push(size, selectorOf(cpu, SS));
  stack.push(size, cpu.w[ESP]!);
  for (let i = count - 1; i >= 0; i--) {
    stack.push(size, cpu.peekStack(i * size, size));
  }
  stack.push(size, selectorOf(cpu, CS));
  stack.push(size, next);
  stack.mark();
  markAccessed(cpu, d);
  enterCode(cpu, d, selector, d.dpl, offset);
  stack.enter();
}

/** RETF, to the same or an outer ring. */
export function farReturn(
  cpu: Cpu, size: 2 | 4, popBytes: number,
): void {
  // If both lie on missing pages, the processor asks for the upper first, and
  // of a selector only for the two bytes that matter.
  const selector = cpu.peekStack(size, 2);
  const eip = cut(cpu.peekStack(0, size), size);
  if (!isProtected(cpu)) {
    realTransfer(cpu, selector, eip);
    cpu.moveStack(2 * size + popBytes);
    return;
  }
  const d = codeSegment(cpu, selector, "return");
  const ring = selector & RPL;
  if (ring === cpu.w[CPL]) {
    checkTarget(d, eip);
    markAccessed(cpu, d);
    enterCode(cpu, d, selector, ring, eip);
    cpu.moveStack(2 * size + popBytes);
    return;
  }
  const depth = 2 * size + popBytes;
  const esp = cpu.peekStack(depth, size);
  const ss = cpu.peekStack(depth + size, 2);
  const stack = stackSegment(cpu, ss, ring, GP, 0);
  // The manual's order: EIP against its limit comes last.
  checkTarget(d, eip);
  markAccessed(cpu, stack);
  markAccessed(cpu, d);
  enterCode(cpu, d, selector, ring, eip);
  returnStack(cpu, ss, stack, esp);
  cpu.moveStack(popBytes);
  dropInnerSegments(cpu, ring);
}

/** Takes up the stack of an outer ring. */
export function returnStack(
  cpu: Cpu, ss: number, d: Descriptor, esp: number,
): void {
  setSegment(cpu, SS, ss, d);
  cpu.w[ESP] = cpu.stack32 ? esp
    : (cpu.w[ESP]! & 0xffff0000) | (esp & 0xffff);
}
