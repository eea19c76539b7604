// Woven from chapters/480-interrupts.md.
// A Guest's alarm clock.
import { get, setAlarm, thisCpu, Thread, ticksToNext } from "../host";
import { EAX } from "../machine";
import type { Cpu } from "../machine";
import { raiseIrq } from "./interrupts";
import { currentVcpu, Vcpu } from "./lguest";

/** Host call: the current Guest's alarm is as it has asked; eax = ticks
 * until this CPU's timer has to go off. Queue lock held. */
export function lguestAlarm(cpu: Cpu): void {
  const vcpu = currentVcpu(cpu);
  vcpu.alarm_changed = 0;
  const delta = vcpu.alarm_delta;
  const ticks = delta * (cpu.board.layout.ticksPerSecond / 1e9);
  setAlarm(cpu, delta > 0 ? Math.ceil(thisCpu(cpu).now + ticks) : 0);
  cpu.w[EAX] = ticksToNext(cpu, false) | 0;
}

/** A Launcher's alarm is its Guest's timer. Queue lock held. */
export function guestAlarm(cpu: Cpu, thread: number): void {
  raiseIrq(new Vcpu(cpu, get(cpu, thread, Thread.module)), 0);
}
