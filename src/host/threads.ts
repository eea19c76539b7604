// Threads: a page with struct thread below and the kernel stack above.
import type { Cpu } from "../machine";
import { EAX, ECX, EDX } from "../machine";
import { get, getTime, put, structure } from "./layout";
import { place } from "./map";
import { freePage } from "./pages";
import { HOST, PerCpu, Shared, cpuArea, putShared } from "./structures";
import { startSlice, ticksToNext } from "./timer";

/** struct thread, at the start of its page. */
export const threadLayout = structure("thread", {
  esp: "u32", directory: "u32", state: "u32", next: "u32",
  vcpu: "u32",
});
export const Thread = threadLayout.field;

/** States of a thread. */
export const THREAD_RUNS = 0, THREAD_SLEEPS = 1, THREAD_ENDED = 2;

/** struct thread of what this CPU runs. */
export function currentThread(cpu: Cpu): number {
  return get(cpu, cpuArea(cpu.id), PerCpu.current);
}

/** The boot stack of a CPU becomes its idle thread. */
export function startIdleThread(cpu: Cpu, number: number): void {
  const thread = place.IDLES + number * 4096;
  const area = cpuArea(number);
  put(cpu, thread, Thread.directory, get(cpu, HOST, Shared.boot_directory));
  put(cpu, area, PerCpu.idle, thread);
  put(cpu, area, PerCpu.current, thread);
  put(cpu, area, PerCpu.task, thread + 4096, 1);
}

/** Prepares a fresh page as a thread that begins at `start`. */
export function prepareThread(
  cpu: Cpu, thread: number, directory: number, start: number,
): void {
  const esp = thread + 4096 - 20;
  for (let i = 0; i < 4; i++) cpu.store32(esp + 4 * i, 0);
  cpu.store32(esp + 16, start);
  put(cpu, thread, Thread.esp, esp);
  put(cpu, thread, Thread.directory, directory);
}

/** Host call: puts the thread in eax at the queue's end. */
export function enqueue(cpu: Cpu): void {
  append(cpu, cpu.w[EAX]! >>> 0);
}

function append(cpu: Cpu, thread: number): void {
  const tail = get(cpu, HOST, Shared.queue_tail);
  put(cpu, thread, Thread.next, 0);
  if (tail === 0) putShared(cpu, Shared.queue_head, thread);
  else put(cpu, tail, Thread.next, thread);
  putShared(cpu, Shared.queue_tail, thread);
}

/** need_resched when a sleeper has woken: it may go first. */
const SOMEBODY_WOKE = 2;

/** Takes the first thread out of the queue; 0 if there is none. */
function takeFirst(cpu: Cpu): number {
  const first = get(cpu, HOST, Shared.queue_head);
  if (first === 0) return 0;
  const after = get(cpu, first, Thread.next);
  putShared(cpu, Shared.queue_head, after);
  if (after === 0) putShared(cpu, Shared.queue_tail, 0);
  return first;
}

/** Host call: the thread to run next in eax; in edx the ticks until the
 * timer has to go off; ecx = 1 if idle CPUs should be told that there is
 * work. Queue lock held. */
export function pickNext(cpu: Cpu): void {
  const area = cpuArea(cpu.id);
  const current = get(cpu, area, PerCpu.current);
  const idle = get(cpu, area, PerCpu.idle);
  const runs = current !== idle &&
    get(cpu, current, Thread.state) === THREAD_RUNS;
  const goesOn = runs &&
    get(cpu, area, PerCpu.need_resched) !== SOMEBODY_WOKE &&
    cpu.clock < getTime(cpu, area, PerCpu.slice_end);
  put(cpu, area, PerCpu.need_resched, 0);
  if (runs && !goesOn) append(cpu, current);
  const next = goesOn ? current : takeFirst(cpu);
  if (!goesOn) startSlice(cpu);
  cpu.w[EAX] = (next === 0 ? idle : next) | 0;
  cpu.w[EDX] = ticksToNext(cpu, next === 0) | 0;
  cpu.w[ECX] = noteIdle(cpu, next === 0) ? 1 : 0;
}

/** Notes whether this CPU is idle; true if there is work left, and
 * another CPU that is. */
function noteIdle(cpu: Cpu, idle: boolean): boolean {
  const own = 1 << cpu.id;
  const others = get(cpu, HOST, Shared.idle_cpus) & ~own;
  putShared(cpu, Shared.idle_cpus, others | (idle ? own : 0));
  return others !== 0 && get(cpu, HOST, Shared.queue_head) !== 0;
}

/** Lets a sleeping thread run again. Queue lock held. */
export function wakeThread(cpu: Cpu, thread: number): void {
  if (get(cpu, thread, Thread.state) !== THREAD_SLEEPS) return;
  put(cpu, thread, Thread.state, THREAD_RUNS);
  append(cpu, thread);
  put(cpu, cpuArea(cpu.id), PerCpu.need_resched, SOMEBODY_WOKE);
}

/** Host call: the current thread is over. Queue lock held. */
export function exitThread(cpu: Cpu): void {
  const thread = currentThread(cpu);
  put(cpu, thread, Thread.state, THREAD_ENDED);
  put(cpu, thread, Thread.next, get(cpu, HOST, Shared.zombies));
  putShared(cpu, Shared.zombies, thread);
}

/** Host call: one ended thread in eax, or 0. Queue lock held. */
export function takeZombie(cpu: Cpu): void {
  const thread = get(cpu, HOST, Shared.zombies);
  if (thread !== 0)
    putShared(cpu, Shared.zombies, get(cpu, thread, Thread.next));
  cpu.w[EAX] = thread | 0;
}

/** Host call: gives back the page of the thread in eax. */
export function freeThread(cpu: Cpu): void {
  freePage(cpu, (cpu.w[EAX]! - place.KERNEL) >>> 0, true);
}
