// Woven from chapters/66-hypercalls.md.
// lguest's run loop, what it decides between two worlds.
import { cpuArea, currentThread, emit, get, place, put, Thread,
  THREAD_SLEEPS } from "../host";
import { CR2, EAX, EBX, ECX } from "../machine";
import type { Cpu } from "../machine";
import { EVENT_DEAD } from "./devlguest";
import { deliverHeld } from "./held";
import { doHypercalls } from "./hypercalls";
import { copyTraps } from "./idt";
import { deliverInterrupts, interruptWaits } from "./interrupts";
import { currentVcpu, killGuest, LgCpu, Lguest } from "./lguest";
import { LguestPages, Regs } from "./lguestpages";
import { CHANGED_ALL, CHANGED_GDT, CHANGED_IDT, CHANGED_TLS, copyGdt,
  copyTls } from "./segments";
import { LguestPerCpu } from "./structures";

const RUN = 0, RETURN = 1, SLEEP = 2, SET_ALARM = 3;

/** Host call: eax = 0 run the Guest, 1 return to the Launcher, 2 sleep,
 * 3 set the alarm. */
export function lguestPrepare(cpu: Cpu): void {
  const vcpu = currentVcpu(cpu);
  const lg = get(cpu, vcpu, LgCpu.lguest);
  if (!get(cpu, lg, Lguest.running))
    killGuest(cpu, lg, "its Launcher did not initialize it");
  else {
    if (get(cpu, vcpu, LgCpu.hcall)) doHypercalls(cpu, vcpu, lg);
    if (!get(cpu, vcpu, LgCpu.hcall)) deliverHeld(cpu, vcpu, lg);
  }
  cpu.w[EAX] = whatNext(cpu, vcpu, lg);
}

function whatNext(cpu: Cpu, vcpu: number, lg: number): number {
  const dead = () => get(cpu, lg, Lguest.dead) !== 0;
  if (!dead()) {
    if (get(cpu, vcpu, LgCpu.pending)) return RETURN;
    if (get(cpu, vcpu, LgCpu.alarm_changed)) return SET_ALARM;
    deliverInterrupts(cpu, vcpu, lg);
  }
  if (dead()) {
    put(cpu, vcpu, LgCpu.event, EVENT_DEAD);
    return RETURN;
  }
  return get(cpu, vcpu, LgCpu.halted) ? SLEEP : RUN;
}

/** Host call: the current thread sleeps, unless there is news for it.
 * Queue lock held. */
export function lguestSleep(cpu: Cpu): void {
  const vcpu = currentVcpu(cpu);
  if (interruptWaits(cpu, vcpu, get(cpu, vcpu, LgCpu.lguest))) return;
  put(cpu, currentThread(cpu), Thread.state, THREAD_SLEEPS);
}

/** What has changed for this CPU since it last ran this lg_cpu. */
function takeChanges(
  cpu: Cpu, area: number, vcpu: number, pages: number,
): number {
  const changed = get(cpu, vcpu, LgCpu.changed);
  put(cpu, vcpu, LgCpu.changed, 0);
  if (get(cpu, area, LguestPerCpu.last_vcpu) === vcpu &&
      get(cpu, vcpu, LgCpu.last_pages) === pages) return changed;
  put(cpu, area, LguestPerCpu.last_vcpu, vcpu);
  put(cpu, vcpu, LgCpu.last_pages, pages);
  return CHANGED_ALL;
}

/** Host call: this CPU's pages get ready for this Guest. For the Switcher,
 * eax = the CPU's lguest_pages, ebx = the shadow directory's frame; and
 * ecx = 1 if CR0.TS is to be set. */
export function lguestEnter(cpu: Cpu): void {
  const area = cpuArea(cpu.id);
  const thread = currentThread(cpu);
  const vcpu = get(cpu, thread, Thread.module);
  const pages = get(cpu, area, LguestPerCpu.pages);
  const changed = takeChanges(cpu, area, vcpu, pages);
  if (changed & CHANGED_IDT) copyTraps(cpu, vcpu, pages);
  if (changed & CHANGED_GDT) copyGdt(cpu, vcpu, pages);
  else if (changed & CHANGED_TLS) copyTls(cpu, vcpu, pages);
  const { host_cr3, guest_tss } = LguestPages;
  put(cpu, pages, host_cr3, get(cpu, thread, Thread.directory));
  put(cpu, pages, guest_tss, get(cpu, vcpu, LgCpu.esp1), 3);
  put(cpu, pages, guest_tss, get(cpu, vcpu, LgCpu.ss1), 4);
  put(cpu, get(cpu, vcpu, LgCpu.regs), Regs.trapnum, 256);
  const current = get(cpu, vcpu, LgCpu.directory);
  const shadow = get(cpu, vcpu, LgCpu.shadow, current);
  const ptes = get(cpu, area, LguestPerCpu.guest_ptes);
  cpu.store32(place.KERNEL + ptes + 4 * (1 + 2 * cpu.id),
    get(cpu, vcpu, LgCpu.regs_page) | 3);
  cpu.store32(place.KERNEL + shadow + 4 * 1023, ptes | 3);
  cpu.w[EAX] = pages | 0;
  cpu.w[EBX] = shadow | 0;
  cpu.w[ECX] = get(cpu, vcpu, LgCpu.ts);
}

/** Host call: right behind the switch, interrupts still off. */
export function lguestLeave(cpu: Cpu): void {
  const vcpu = currentVcpu(cpu);
  const lg = get(cpu, vcpu, LgCpu.lguest);
  const regs = get(cpu, vcpu, LgCpu.regs);
  const trap = get(cpu, regs, Regs.trapnum);
  if (trap === 14) put(cpu, vcpu, LgCpu.cr2, cpu.w[CR2]!);
  put(cpu, lg, Lguest.switches, get(cpu, lg, Lguest.switches) + 1);
  if (cpu.machine.events.active)
    emit(cpu, { kind: "switch", guest: get(cpu, lg, Lguest.index), trap,
      eip: get(cpu, regs, Regs.eip) });
}
