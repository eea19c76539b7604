// Woven from chapters/420-threads.md.
// Threads: a page with struct thread below and the kernel stack above.
import type { Cpu } from "../machine";
import { EAX, ECX, EDX } from "../machine";
import { get, put, structure } from "./layout";
import { place } from "./map";
import { freePage } from "./pages";
import { HOST, PerCpu, Shared, cpuArea, putShared } from "./structures";
import { SLICE, startSlice, ticksToNext, usedSlice } from "./timer";

/** struct thread, at the start of its page. */
export const threadLayout = structure("thread", {
  esp: "u32", directory: "u32", state: "u32", next: "u32",
  /** The directory of its process, 0 if it has none. */
  space: "u32",
  /** Ticks that are gone of its slice. */
  used: "u32",
  /** When its alarm goes off, 0 for never, and whose is next. */
  alarm: "u64", alarm_next: "u32",
  /** What the module keeps here. */
  module: "u32",
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
  insert(cpu, get(cpu, HOST, Shared.queue_tail), cpu.w[EAX]! >>> 0);
}

/** Puts a thread in behind another one; behind 0, in front of all. */
function insert(cpu: Cpu, before: number, thread: number): void {
  const after = before === 0 ? get(cpu, HOST, Shared.queue_head)
    : get(cpu, before, Thread.next);
  put(cpu, thread, Thread.next, after);
  if (before === 0) putShared(cpu, Shared.queue_head, thread);
  else put(cpu, before, Thread.next, thread);
  if (after === 0) putShared(cpu, Shared.queue_tail, thread);
}

/** Takes the first thread out of the queue; 0 if there is none. */
function takeFirst(cpu: Cpu): number {
  const first = get(cpu, HOST, Shared.queue_head);
  if (first === 0) return 0;
  const after = get(cpu, first, Thread.next);
  putShared(cpu, Shared.queue_head, after);
  if (after === 0) putShared(cpu, Shared.queue_tail, 0);
  if (first === get(cpu, HOST, Shared.last_woken))
    putShared(cpu, Shared.last_woken, 0);
  return first;
}

/** need_resched when the other CPUs are to look, too. */
const ALL_LOOK = 2;

/** Host call: the thread to run next in eax; in edx the ticks until the
 * timer has to go off; ecx = 1 if the other CPUs should look for work.
 * Queue lock held. */
export function pickNext(cpu: Cpu): void {
  const area = cpuArea(cpu.id);
  const current = get(cpu, area, PerCpu.current);
  const idle = get(cpu, area, PerCpu.idle);
  const runs = current !== idle &&
    get(cpu, current, Thread.state) === THREAD_RUNS;
  const used = usedSlice(cpu), woken = get(cpu, HOST, Shared.last_woken);
  let next = current;
  if (!runs || used >= SLICE || woken !== 0) {
    put(cpu, current, Thread.used, used);
    if (runs) insert(cpu, used < SLICE ? woken
      : get(cpu, HOST, Shared.queue_tail), current);
    next = takeFirst(cpu) || idle;
    startSlice(cpu, get(cpu, next, Thread.used));
  }
  const all = get(cpu, area, PerCpu.need_resched) & ALL_LOOK;
  put(cpu, area, PerCpu.need_resched, 0);
  cpu.w[EAX] = next | 0;
  cpu.w[EDX] = ticksToNext(cpu, next === idle) | 0;
  cpu.w[ECX] = noteIdle(cpu, next === idle) || all ? 1 : 0;
}

/** Notes whether this CPU is idle; true if there is work left, and
 * another CPU that is. */
function noteIdle(cpu: Cpu, idle: boolean): boolean {
  const own = 1 << cpu.id;
  const others = get(cpu, HOST, Shared.idle_cpus) & ~own;
  putShared(cpu, Shared.idle_cpus, others | (idle ? own : 0));
  return others !== 0 && get(cpu, HOST, Shared.queue_head) !== 0;
}

/** There is news for a thread: it wakes, or the CPU that it runs on looks
 * up. Queue lock held. */
export function wakeThread(cpu: Cpu, thread: number): void {
  const area = cpuArea(cpu.id), why = get(cpu, area, PerCpu.need_resched);
  if (get(cpu, thread, Thread.state) === THREAD_SLEEPS) {
    put(cpu, thread, Thread.state, THREAD_RUNS);
    const early = get(cpu, thread, Thread.used) < SLICE;
    insert(cpu, get(cpu, HOST, early ? Shared.last_woken
      : Shared.queue_tail), thread);
    if (early) putShared(cpu, Shared.last_woken, thread);
    put(cpu, area, PerCpu.need_resched, why | 1);
  } else if (runsElsewhere(cpu, thread))
    put(cpu, area, PerCpu.need_resched, why | ALL_LOOK);
}

function runsElsewhere(cpu: Cpu, thread: number): boolean {
  for (let n = 0; n < get(cpu, HOST, Shared.cpus_online); n++)
    if (n !== cpu.id && get(cpu, cpuArea(n), PerCpu.current) === thread)
      return true;
  return false;
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
