// Woven from chapters/69-interrupts.md.
// Alarms: who is to be woken, and when. All with the queue lock held.
import type { Cpu } from "../machine";
import { EAX } from "../machine";
import { get, getTime, put, putTime, timeWords } from "./layout";
import { raiseIrq } from "./interrupts";
import { LgCpu, currentVcpu } from "./lguest";
import { HOST, Shared, putShared } from "./structures";
import { ticksToNext } from "./timer";

/** Puts a new head on the list, and notes its time. */
function putHead(cpu: Cpu, vcpu: number): void {
  putShared(cpu, Shared.alarms, vcpu);
  const time = vcpu === 0 ? 0 : getTime(cpu, vcpu, LgCpu.alarm);
  timeWords(time).forEach((word, i) =>
    putShared(cpu, Shared.next_alarm, word, i));
}

/** Takes one out of the list, if it is in it. */
function remove(cpu: Cpu, vcpu: number): void {
  if (!get(cpu, vcpu, LgCpu.alarm_set)) return;
  put(cpu, vcpu, LgCpu.alarm_set, 0);
  const after = get(cpu, vcpu, LgCpu.alarm_next);
  let at = get(cpu, HOST, Shared.alarms);
  if (at === vcpu) return putHead(cpu, after);
  while (get(cpu, at, LgCpu.alarm_next) !== vcpu)
    at = get(cpu, at, LgCpu.alarm_next);
  put(cpu, at, LgCpu.alarm_next, after);
}

/** Puts one in, behind those that are as early. */
function insert(cpu: Cpu, vcpu: number, time: number): void {
  putTime(cpu, vcpu, LgCpu.alarm, time);
  put(cpu, vcpu, LgCpu.alarm_set, 1);
  const later = (at: number) =>
    at === 0 || getTime(cpu, at, LgCpu.alarm) > time;
  const head = get(cpu, HOST, Shared.alarms);
  let before = 0, at = head;
  while (!later(at)) {
    before = at;
    at = get(cpu, at, LgCpu.alarm_next);
  }
  put(cpu, vcpu, LgCpu.alarm_next, at);
  if (before === 0) putHead(cpu, vcpu);
  else put(cpu, before, LgCpu.alarm_next, vcpu);
}

/** Host call: the current Guest's alarm is as it has asked; eax = ticks
 * until this CPU's timer has to go off. */
export function setAlarm(cpu: Cpu): void {
  const vcpu = currentVcpu(cpu);
  put(cpu, vcpu, LgCpu.alarm_changed, 0);
  remove(cpu, vcpu);
  const delta = get(cpu, vcpu, LgCpu.alarm_delta);
  const ticks = delta * (cpu.machine.layout.ticksPerSecond / 1e9);
  if (delta > 0) insert(cpu, vcpu, Math.ceil(cpu.clock + ticks));
  cpu.w[EAX] = ticksToNext(cpu, false) | 0;
}

/** Host call: the current Guest is gone, and wants no alarm. */
export function cancelAlarm(cpu: Cpu): void {
  remove(cpu, currentVcpu(cpu));
}

/** Host call, from the timer's interrupt: what is due goes off. */
export function tick(cpu: Cpu): void {
  for (;;) {
    const vcpu = get(cpu, HOST, Shared.alarms);
    if (vcpu === 0 || getTime(cpu, vcpu, LgCpu.alarm) > cpu.clock) return;
    remove(cpu, vcpu);
    raiseIrq(cpu, vcpu, 0);
  }
}
