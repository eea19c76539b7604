// Woven from chapters/040-exceptions.md.
import type { Cpu } from "./cpu";
import { markAccessed } from "./descriptors";
import { gp, GP } from "../ground/fault";
import { realTransfer } from "./realmode";
import {
  codeSegment, dropInnerSegments, isProtected, stackSegment,
} from "./segments";
import {
  AC, ATTEND_NMI_BLOCKED, ATTENTION, CPL, DF_FLAG, ID, IF, IOPL, NT, RF, RPL,
  STATUS_FLAGS, SYSTEM_FLAGS, TF, VIF, VIP, VM,
} from "../ground/state";
import { returnToTask } from "./tasks";
import { enterCode, returnStack } from "./transfer";
import { hasVirtualFlag, returnToVirtual, takeBelieved } from "./virtual";

/** The bits of EFLAGS that IRET and POPF may change in a ring. */
export function changeableFlags(cpu: Cpu, size: 2 | 4): number {
  const w = cpu.w, cpl = w[CPL]!;
  const iopl = (w[SYSTEM_FLAGS]! & IOPL) >>> 12;
  let mask = STATUS_FLAGS | TF | DF_FLAG | NT | AC | ID;
  if (cpl <= iopl) mask |= IF;
  if (cpl === 0) mask |= IOPL;
  return size === 2 ? mask & 0xffff : mask;
}

/** IRET, to the same or an outer ring (SDM 2A, IRET). */
export function interruptReturn(cpu: Cpu, size: 2 | 4): void {
  const w = cpu.w;
  w[ATTENTION] = w[ATTENTION]! & ~ATTEND_NMI_BLOCKED;
  const own = hasVirtualFlag(cpu, size);
  if (isProtected(cpu) && w[SYSTEM_FLAGS]! & NT) {
    returnToTask(cpu);
    return;
  }
  // If more than one page is missing, the processor asks for the upper first.
  let flags = cpu.peekStack(2 * size, size);
  const selector = cpu.peekStack(size, 2);
  const popped = cpu.peekStack(0, size);
  const eip = size === 2 ? popped & 0xffff : popped;
  let mask = changeableFlags(cpu, size) | (size === 4 ? RF : 0);
  if (own) {
    flags = takeBelieved(cpu, flags);
    mask |= VIF;
  }
  if (!isProtected(cpu)) {
    realTransfer(cpu, selector, eip);
    cpu.moveStack(3 * size);
  } else if (size === 4 && flags & VM && w[CPL] === 0) {
    returnToVirtual(cpu, selector, eip, flags);
    return;
  } else {
    if (size === 4 && w[CPL] === 0) mask |= VIF | VIP;
    const d = codeSegment(cpu, selector, "return"), ring = selector & RPL;
    const beyond = eip >>> 0 > d.limit >>> 0;
    if (ring === w[CPL]) {
      if (beyond) throw gp();
      markAccessed(cpu, d);
      enterCode(cpu, d, selector, ring, eip);
      cpu.moveStack(3 * size);
    } else {
      const esp = cpu.peekStack(3 * size, size);
      const ss = cpu.peekStack(4 * size, 2);
      const stack = stackSegment(cpu, ss, ring, GP, 0);
      if (beyond) throw gp();
      markAccessed(cpu, stack);
      markAccessed(cpu, d);
      enterCode(cpu, d, selector, ring, eip);
      returnStack(cpu, ss, stack, esp);
      dropInnerSegments(cpu, ring);
    }
  }
  cpu.setEflags(flags, mask);
}
