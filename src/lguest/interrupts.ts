// Woven from chapters/69-interrupts.md.
// Virtual interrupts: what waits, and how it gets there.
import { emit, get, HOST, put, Shared, wakeThread } from "../host";
import type { Cpu } from "../machine";
import { Data, readData, writeData } from "./guestdata";
import { readGuest32 } from "./guestmemory";
import { gateOf } from "./idt";
import { killGuest, LgCpu, Lguest } from "./lguest";
import { Regs } from "./lguestpages";
import { enterHandler, pushFrame } from "./reflect";
import { guestPhysical } from "./translate";

/** Vector of a Guest's interrupt 0, which is its timer. */
const FIRST_IRQ = 32;

/** Changes single bits of lg_cpu.irqs, which nobody else writes. */
function changeIrqs(cpu: Cpu, vcpu: number, on: number, off: number): void {
  put(cpu, vcpu, LgCpu.irqs, (get(cpu, vcpu, LgCpu.irqs) | on) & ~off);
}

/** An interrupt for a Guest: it waits, and the Guest hears of it at once,
 * asleep or on whichever CPU. Queue lock held. */
export function raiseIrq(cpu: Cpu, vcpu: number, irq: number): void {
  changeIrqs(cpu, vcpu, 1 << irq, 0);
  wakeThread(cpu, get(cpu, vcpu, LgCpu.thread));
}

/** The interrupts that wait and aren't masked, a bit each. */
function deliverable(cpu: Cpu, vcpu: number, lg: number): number {
  const irqs = get(cpu, vcpu, LgCpu.irqs);
  if (irqs === 0) return 0;
  return irqs & ~readData(cpu, lg, Data.blocked_interrupts);
}

/** Whether there is any reason to wake the Guest. */
export function interruptWaits(
  cpu: Cpu, vcpu: number, lg: number,
): boolean {
  return get(cpu, lg, Lguest.initialized) !== 0 &&
    deliverable(cpu, vcpu, lg) !== 0;
}

/** Delivers an interrupt if one waits and the Guest takes it. */
export function deliverInterrupts(
  cpu: Cpu, vcpu: number, lg: number,
): void {
  if (!get(cpu, lg, Lguest.initialized)) return;              // 1
  const waiting = deliverable(cpu, vcpu, lg);
  const pending = (value: number) => {
    if (readData(cpu, lg, Data.irq_pending) !== value)
      writeData(cpu, lg, Data.irq_pending, value);
  };
  if (waiting === 0) return pending(0);                       // 2
  if (get(cpu, vcpu, LgCpu.halted)) {                         // 3
    put(cpu, vcpu, LgCpu.halted, 0);
    writeData(cpu, lg, Data.irq_enabled, 0x200);
  } else if ((readData(cpu, lg, Data.irq_enabled) & 0x200) === 0)
    return pending(0x200);                                    // 4
  const irq = 31 - Math.clz32(waiting & -waiting);
  const [, high] = gateOf(cpu, vcpu, FIRST_IRQ + irq);
  if (high & 0x8000) startHandler(cpu, vcpu, lg, irq);        // 5
  tellTime(cpu, lg);                                          // 6
  if (deliverable(cpu, vcpu, lg) === 0) pending(0);
}

function startHandler(
  cpu: Cpu, vcpu: number, lg: number, irq: number,
): void {
  const regs = get(cpu, vcpu, LgCpu.regs);
  changeIrqs(cpu, vcpu, 0, 1 << irq);
  const eip = get(cpu, regs, Regs.eip);
  const last = eip === get(cpu, lg, Lguest.noirq_iret) &&
    (get(cpu, regs, Regs.cs) & 3) === 1;
  const good = last ? takeFlags(cpu, vcpu, lg, regs)
    : pushFrame(cpu, vcpu, lg, false);
  if (!good) return;
  enterHandler(cpu, vcpu, lg, FIRST_IRQ + irq);
  if (cpu.machine.events.active)
    emit(cpu, { kind: "guest-irq", guest: get(cpu, lg, Lguest.index),
      irq, eip, last });
}

/** What an iret in ring 1 loads: CF PF AF ZF SF DF OF, AC, ID. */
const RING_1_FLAGS = 0x240cd5;

/** The flags of the frame on which the Guest is about to iret. */
function takeFlags(
  cpu: Cpu, vcpu: number, lg: number, regs: number,
): boolean {
  const esp = get(cpu, regs, Regs.esp);
  const at = guestPhysical(cpu, vcpu, lg, (esp + 8) >>> 0);
  const flags = at === undefined ? undefined : readGuest32(cpu, lg, at);
  if (flags === undefined) {
    killGuest(cpu, lg, `Bad address 0x${esp.toString(16)}`);
    return false;
  }
  const kept = get(cpu, regs, Regs.eflags) & ~RING_1_FLAGS;
  put(cpu, regs, Regs.eflags, (flags & RING_1_FLAGS) | kept);
  return true;
}

/** Writes the wall clock into lguest_data. */
export function tellTime(cpu: Cpu, lg: number): void {
  const { ticksPerSecond } = cpu.machine.layout;
  const told = get(cpu, lg, Lguest.told);
  const ticks = Math.max(told, Math.floor(cpu.clock));
  put(cpu, lg, Lguest.told, ticks);
  const rest = ticks % ticksPerSecond;
  writeData(cpu, lg, Data.seconds, get(cpu, HOST, Shared.start_date) +
    Math.floor(ticks / ticksPerSecond));
  writeData(cpu, lg, Data.nanoseconds,
    Math.floor(rest * (1e9 / ticksPerSecond)));
}
