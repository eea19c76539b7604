// Woven from chapters/420-threads.md, 640-scheduler.md, 660-load.md.
// Threads: a page with struct thread below and the kernel stack above.
import type { Cpu } from "../machine";
import { EAX, ECX, EDX } from "../machine";
import { bug } from "./bug";
import { get, put, structure } from "./layout";
import { place } from "./map";
import { freePage } from "./pages";
import { threadsToEnd } from "./programs";
import { HOST, PerCpu, Shared, cpuArea, thisCpu } from "./structures";
import type { ThisCpu } from "./structures";
import { SLICE, startSlice, ticksToNext, usedSlice } from "./timer";

/** struct thread, at the start of its page. */
export const threadLayout = structure("thread", {
  esp: "u32 queue_lock", directory: "u32 thread queue_lock",
  state: "u32 queue_lock", next: "u32",
  /** The directory of its process, 0 if it has none. */
  space: "u32 boot",
  /** Ticks that are gone of its slice. */
  used: "u32 queue_lock",
  /** The CPU that it ran on last, and those that it may run on, a bit
   * each; since when it has waited in the queue. */
  home: "u32", allowed: "u32", queued: "u64",
  all_next: "u32",
  /** When its alarm goes off, 0 for never, and whose is next. */
  alarm: "u64", alarm_next: "u32",
  /** What the module keeps here; struct program of a program. */
  module: "u32 boot", program: "u32",
  /** A process of the module's: its number, counted from 1; and whether
   * there is news for it. */
  process: "u32", signalled: "u32 queue_lock peek",
});
export const Thread = threadLayout.field;

/** States of a thread. */
export const THREAD_RUNS = 0, THREAD_SLEEPS = 1, THREAD_ENDED = 2;

/** struct thread of what this CPU runs. */
export function currentThread(cpu: Cpu): number {
  return thisCpu(cpu).current;
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
  put(cpu, thread, Thread.home, thisCpu(cpu).number);
  put(cpu, thread, Thread.allowed, -1);
}

/** Host call: puts the new thread in eax at the queue's end. */
export function enqueue(cpu: Cpu): void {
  const thread = cpu.w[EAX]! >>> 0;
  list(cpu, thread);
  insert(cpu, get(cpu, HOST, Shared.queue_tail), thread);
}

/** Puts a thread in behind another one; behind 0, in front of all. */
function insert(cpu: Cpu, before: number, thread: number): void {
  const after = before === 0 ? get(cpu, HOST, Shared.queue_head)
    : get(cpu, before, Thread.next);
  put(cpu, thread, Thread.next, after);
  put(cpu, thread, Thread.queued, thisCpu(cpu).now);
  if (before === 0) put(cpu, HOST, Shared.queue_head, thread);
  else put(cpu, before, Thread.next, thread);
  if (after === 0) put(cpu, HOST, Shared.queue_tail, thread);
}

/** Takes the thread out that stands behind `before`. */
function remove(cpu: Cpu, before: number, thread: number): void {
  const after = get(cpu, thread, Thread.next);
  if (before === 0) put(cpu, HOST, Shared.queue_head, after);
  else put(cpu, before, Thread.next, after);
  if (after === 0) put(cpu, HOST, Shared.queue_tail, before);
  if (thread === get(cpu, HOST, Shared.last_woken))
    put(cpu, HOST, Shared.last_woken, before);
}

/** Host call: the thread to run next in eax; in edx the ticks until the
 * timer has to go off; in ecx the CPUs that should look for work, a bit
 * each. Queue lock held. */
export function pickNext(cpu: Cpu): void {
  const me = thisCpu(cpu), { current, idle } = me;
  const runs = current !== idle &&
    get(cpu, current, Thread.state) === THREAD_RUNS;
  wakeTold(cpu);
  const used = usedSlice(me), woken = get(cpu, HOST, Shared.last_woken);
  let next = current;
  if (!runs || used >= SLICE || woken !== 0 || !mayRun(me, current)) {
    put(cpu, current, Thread.used, used);
    if (runs) insert(cpu, used < SLICE ? woken
      : get(cpu, HOST, Shared.queue_tail), current);
    if (runs && !mayRun(me, current)) callFor(me, current);
    next = takeNext(me) || idle;
    startSlice(me, get(cpu, next, Thread.used));
  }
  me.need_resched = 0;
  cpu.w[EAX] = next | 0;
  cpu.w[EDX] = ticksToNext(cpu, next === idle) | 0;
  cpu.w[ECX] = whoShouldLook(me, next === idle);
}
/** Whether a thread may run on this CPU. */
function mayRun(me: ThisCpu, thread: number): boolean {
  return (get(me.cpu, thread, Thread.allowed) & me.mask) !== 0;
}

/** Takes out of the queue what this CPU should run; 0 if there is nothing
 * that it may. */
function takeNext(me: ThisCpu): number {
  const { cpu, number, now } = me;
  let found = 0, behind = 0, before = 0;
  let at = get(cpu, HOST, Shared.queue_head);
  for (; at !== 0; before = at, at = get(cpu, at, Thread.next)) {
    const ours = get(cpu, at, Thread.home) === number ||
      now - get(cpu, at, Thread.queued) >= SLICE;
    if (!mayRun(me, at) || (found !== 0 && !ours)) continue;
    found = at;
    behind = before;
    if (ours) break;
  }
  if (found !== 0) {
    remove(cpu, behind, found);
    put(cpu, found, Thread.home, number);
    if (get(cpu, HOST, Shared.one_cpu)) put(cpu, found, Thread.allowed, me.mask);
  }
  return found;
}
const lowest = (mask: number) => mask & -mask;

/** A thread runs on its home, which should look. */
function callHome(me: ThisCpu, thread: number): void {
  me.call |= 1 << get(me.cpu, thread, Thread.home) & ~me.mask;
  me.need_resched = 1;
}

/** A thread waits in the queue: who should come for it? */
function callFor(me: ThisCpu, thread: number): void {
  const { cpu } = me, home = 1 << get(cpu, thread, Thread.home);
  const allowed = get(cpu, thread, Thread.allowed);
  const idle = get(cpu, HOST, Shared.idle_cpus);
  const free = idle & allowed;
  const asked = free & home || lowest(free) ||
    home & allowed || lowest(allowed);
  me.call |= asked & ~me.mask;
  me.need_resched = 1;
  put(cpu, HOST, Shared.idle_cpus, idle & ~asked);
}
/** Which CPUs should look, now that we know what we run ourselves. */
function whoShouldLook(me: ThisCpu, idle: boolean): number {
  const { cpu } = me;
  let asked = me.call;
  me.call = 0;
  let free = get(cpu, HOST, Shared.idle_cpus) & ~me.mask;
  let at = get(cpu, HOST, Shared.queue_head);
  for (; at !== 0 && free !== 0; at = get(cpu, at, Thread.next)) {
    const one = lowest(free & get(cpu, at, Thread.allowed));
    asked |= one;
    free &= ~one;
  }
  put(cpu, HOST, Shared.idle_cpus, idle ? free | me.mask : free);
  return asked;
}
/** Puts a new thread into the list of all of them. */
function list(cpu: Cpu, thread: number): void {
  put(cpu, thread, Thread.all_next, get(cpu, HOST, Shared.threads));
  put(cpu, HOST, Shared.threads, thread);
  const bound = get(cpu, HOST, Shared.move_bound);
  if (bound !== 0 && get(cpu, thread, Thread.module) !== 0)
    put(cpu, thread, Thread.allowed, bound);
}

/** Takes one that has ended out of it. */
function unlist(cpu: Cpu, thread: number): void {
  const after = get(cpu, thread, Thread.all_next);
  let at = get(cpu, HOST, Shared.threads);
  if (at === thread) return put(cpu, HOST, Shared.threads, after);
  while (get(cpu, at, Thread.all_next) !== thread)
    at = get(cpu, at, Thread.all_next);
  put(cpu, at, Thread.all_next, after);
}
/** move_to for "each to the next CPU". */
export const MOVE_ON = 0xffffffff;

/** Host call: the module's threads are tied to another CPU. Queue lock
 * held. */
export function moveThreads(cpu: Cpu): void {
  const to = get(cpu, HOST, Shared.move_to);
  const online = get(cpu, HOST, Shared.cpus_online);
  if (to !== MOVE_ON && to >= online) return;
  if (to !== MOVE_ON) put(cpu, HOST, Shared.move_bound, 1 << to);
  let at = get(cpu, HOST, Shared.threads);
  for (; at !== 0; at = get(cpu, at, Thread.all_next)) {
    if (get(cpu, at, Thread.module) === 0) continue;
    const next = (get(cpu, at, Thread.home) + 1) % (online || bug());
    put(cpu, at, Thread.allowed, 1 << (to === MOVE_ON ? next : to));
    tellMoved(thisCpu(cpu), at);
  }
}

function tellMoved(me: ThisCpu, thread: number): void {
  const { cpu } = me, home = cpuArea(get(cpu, thread, Thread.home));
  if (get(cpu, thread, Thread.state) !== THREAD_RUNS) return;
  if (get(cpu, home, PerCpu.current) === thread) callHome(me, thread);
  else callFor(me, thread);
}
/** There is news for the module's process with this number, from 0 on.
 * Queue lock held. */
export function signalProcess(cpu: Cpu, number: number): void {
  let at = get(cpu, HOST, Shared.threads);
  while (at !== 0 && get(cpu, at, Thread.process) !== number + 1)
    at = get(cpu, at, Thread.all_next);
  if (at === 0) return;
  put(cpu, at, Thread.signalled, 1);
  wakeThread(cpu, at);
}

/** Host call: somebody outside has news. Queue lock held. */
export function takeNews(cpu: Cpu): void {
  const news = get(cpu, HOST, Shared.news);
  put(cpu, HOST, Shared.news, 0);
  for (let n = 0; n < 32; n++)
    if (news >>> n & 1) signalProcess(cpu, n);
}
/** Wakes the programs that are told to end. Queue lock held. */
function wakeTold(cpu: Cpu): void {
  for (const thread of threadsToEnd(cpu))
    if (get(cpu, thread, Thread.state) === THREAD_SLEEPS)
      wakeThread(cpu, thread);
}

/** There is news for a thread: it wakes, or the CPU that it runs on looks
 * up. Queue lock held. */
export function wakeThread(cpu: Cpu, thread: number): void {
  const me = thisCpu(cpu), home = cpuArea(get(cpu, thread, Thread.home));
  if (get(cpu, thread, Thread.state) === THREAD_SLEEPS) {
    put(cpu, thread, Thread.state, THREAD_RUNS);
    const early = get(cpu, thread, Thread.used) < SLICE;
    insert(cpu, get(cpu, HOST, early ? Shared.last_woken
      : Shared.queue_tail), thread);
    if (early) put(cpu, HOST, Shared.last_woken, thread);
    callFor(me, thread);
  } else if (home !== me.self && get(cpu, home, PerCpu.current) === thread)
    callHome(me, thread);
}

/** Host call: the current thread is over. Queue lock held. */
export function exitThread(cpu: Cpu): void {
  const thread = currentThread(cpu);
  unlist(cpu, thread);
  put(cpu, thread, Thread.state, THREAD_ENDED);
  put(cpu, thread, Thread.next, get(cpu, HOST, Shared.zombies));
  put(cpu, HOST, Shared.zombies, thread);
}

/** Host call: one ended thread in eax, or 0. Queue lock held. */
export function takeZombie(cpu: Cpu): void {
  const thread = get(cpu, HOST, Shared.zombies);
  if (thread !== 0)
    put(cpu, HOST, Shared.zombies, get(cpu, thread, Thread.next));
  cpu.w[EAX] = thread | 0;
}

/** Host call: gives back the page of the thread in eax. */
export function freeThread(cpu: Cpu): void {
  freePage(cpu, (cpu.w[EAX]! - place.KERNEL) >>> 0, true);
}
