// Woven from chapters/480-interrupts.md.
// Alarms: who is to be woken, and when. All with the queue lock held.
import type { Cpu } from "../machine";
import { get, put } from "./layout";
import type { KernelModule } from "./module";
import { HOST, Shared, thisCpu } from "./structures";
import { Thread, currentThread, wakeThread } from "./threads";

/** Puts a new head on the list, and notes its time. */
function putHead(cpu: Cpu, thread: number): void {
  put(cpu, HOST, Shared.alarms, thread);
  put(cpu, HOST, Shared.next_alarm,
    thread === 0 ? 0 : get(cpu, thread, Thread.alarm));
}

/** Takes one out of the list, if it is in it. */
function remove(cpu: Cpu, thread: number): void {
  if (get(cpu, thread, Thread.alarm) === 0) return;
  put(cpu, thread, Thread.alarm, 0);
  const after = get(cpu, thread, Thread.alarm_next);
  let at = get(cpu, HOST, Shared.alarms);
  if (at === thread) return putHead(cpu, after);
  while (get(cpu, at, Thread.alarm_next) !== thread)
    at = get(cpu, at, Thread.alarm_next);
  put(cpu, at, Thread.alarm_next, after);
}

/** Puts one in, behind those that are as early. */
function insert(cpu: Cpu, thread: number, time: number): void {
  put(cpu, thread, Thread.alarm, time);
  const later = (at: number) =>
    at === 0 || get(cpu, at, Thread.alarm) > time;
  const head = get(cpu, HOST, Shared.alarms);
  let before = 0, at = head;
  while (!later(at)) {
    before = at;
    at = get(cpu, at, Thread.alarm_next);
  }
  put(cpu, thread, Thread.alarm_next, at);
  if (before === 0) putHead(cpu, thread);
  else put(cpu, before, Thread.alarm_next, thread);
}

/** The current thread's alarm goes off at this time; at 0, never. */
export function setAlarm(cpu: Cpu, time: number): void {
  const thread = currentThread(cpu);
  remove(cpu, thread);
  if (time !== 0) insert(cpu, thread, time);
}

/** Host call: the current thread wants no alarm. */
export function cancelAlarm(cpu: Cpu): void {
  setAlarm(cpu, 0);
}

/** Host call, from the timer's interrupt: what is due goes off. */
export function tick(cpu: Cpu, module: KernelModule): void {
  const { now } = thisCpu(cpu);
  for (;;) {
    const thread = get(cpu, HOST, Shared.alarms);
    if (thread === 0 || get(cpu, thread, Thread.alarm) > now) return;
    remove(cpu, thread);
    if (get(cpu, thread, Thread.program)) wakeThread(cpu, thread);
    else module.alarm(cpu, thread);
  }
}
