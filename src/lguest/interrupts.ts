// Woven from chapters/480-interrupts.md.
// Virtual interrupts: what waits, and how it gets there.
import { get, HOST, Shared, thisCpu, wakeThread } from "../host";
import { IF } from "../machine";
import { tell } from "./events";
import { Data, readData, writeData } from "./guestdata";
import { readGuest32 } from "./guestmemory";
import { gateOf } from "./idt";
import { killGuest } from "./lguest";
import type { Guest, Vcpu } from "./lguest";
import { enterHandler, pushFrame } from "./reflect";
import { guestPhysical } from "./translate";

/** Vector of a Guest's interrupt 0, which is its timer. */
const FIRST_IRQ = 32;

/** The interrupts that wait, a bit each. */
const waitingIrqs = (vcpu: Vcpu) => vcpu.raised ^ vcpu.taken;

/** An interrupt for a Guest: it waits, and the Guest hears of it at once,
 * asleep or on whichever CPU. Queue lock held. */
export function raiseIrq(vcpu: Vcpu, irq: number): void {
  vcpu.raised ^= 1 << irq & ~waitingIrqs(vcpu);
  wakeThread(vcpu.cpu, vcpu.thread);
}

/** The interrupts that wait and aren't masked, a bit each. */
function deliverable(vcpu: Vcpu): number {
  const irqs = waitingIrqs(vcpu);
  return irqs && irqs & ~readData(vcpu.lg, Data.blocked_interrupts);
}

/** Whether there is any reason to wake the Guest. */
export function interruptWaits(vcpu: Vcpu): boolean {
  return vcpu.lg.initialized !== 0 && deliverable(vcpu) !== 0;
}

/** Delivers an interrupt if one waits and the Guest takes it. */
export function deliverInterrupts(vcpu: Vcpu): void {
  const { lg } = vcpu;
  if (!lg.initialized) return;                                // 1
  const waiting = deliverable(vcpu);
  const pending = (value: number) => {
    if (readData(lg, Data.irq_pending) !== value)
      writeData(lg, Data.irq_pending, value);
  };
  if (waiting === 0) return pending(0);                       // 2
  if (vcpu.halted) {                                          // 3
    vcpu.halted = 0;
    writeData(lg, Data.irq_enabled, IF);
  } else if ((readData(lg, Data.irq_enabled) & IF) === 0)
    return pending(IF);                                       // 4
  const irq = 31 - Math.clz32(waiting & -waiting);
  const [, high] = gateOf(vcpu, FIRST_IRQ + irq);
  if (high & 0x8000) startHandler(vcpu, irq);                 // 5
  tellTime(lg);                                               // 6
  if (deliverable(vcpu) === 0) pending(0);
}

function startHandler(vcpu: Vcpu, irq: number): void {
  const { lg, regs } = vcpu, { eip } = regs;
  vcpu.taken ^= 1 << irq;
  const last = eip === lg.noirq_iret && (regs.cs & 3) === 1;
  const good = last ? takeFlags(vcpu) : pushFrame(vcpu, false);
  if (!good) return;
  enterHandler(vcpu, FIRST_IRQ + irq);
  tell(lg, { kind: "guest-irq", irq, eip, last });
}

/** What an iret in ring 1 loads: CF PF AF ZF SF DF OF, AC, ID. */
const RING_1_FLAGS = 0x240cd5;

/** The flags of the frame on which the Guest is about to iret. */
function takeFlags(vcpu: Vcpu): boolean {
  const { lg, regs } = vcpu;
  const at = guestPhysical(vcpu, (regs.esp + 8) >>> 0);
  const flags = at === undefined ? at : readGuest32(lg, at);
  if (flags === undefined) {
    killGuest(lg, `Bad address 0x${regs.esp.toString(16)}`);
    return false;
  }
  const kept = regs.eflags & ~RING_1_FLAGS;
  regs.eflags = (flags & RING_1_FLAGS) | kept;
  return true;
}

/** Writes the wall clock into lguest_data. */
export function tellTime(lg: Guest): void {
  const { cpu } = lg, { ticksPerSecond } = cpu.board.layout;
  const ticks = Math.max(lg.told, thisCpu(cpu).now);
  lg.told = ticks;
  const rest = ticks % ticksPerSecond;
  writeData(lg, Data.seconds, get(cpu, HOST, Shared.start_date) +
    Math.floor(ticks / ticksPerSecond));
  writeData(lg, Data.nanoseconds, Math.floor(rest * (1e9 / ticksPerSecond)));
}
