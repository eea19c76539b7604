// Woven from chapters/510-loop.md.
// lguest's run loop, what it decides between two worlds.
import { currentThread, get, place, put, Thread, THREAD_SLEEPS } from
  "../host";
import { CR2, EAX, EBX, ECX, PF } from "../machine";
import type { Cpu } from "../machine";
import { EVENT_DEAD, EVENT_SIGNAL } from "./devlguest";
import { tell } from "./events";
import { deliverHeld } from "./held";
import { doHypercalls } from "./hypercalls";
import { copyTraps } from "./idt";
import { deliverInterrupts, interruptWaits } from "./interrupts";
import { currentVcpu, killGuest } from "./lguest";
import type { Vcpu } from "./lguest";
import { Pair } from "./lguestpages";
import { CHANGED_ALL, CHANGED_GDT, CHANGED_IDT, CHANGED_TLS, copyGdt,
  copyTls } from "./segments";
import { currentShadow } from "./shadow";
import { thisLguestCpu } from "./structures";

const RUN = 0, RETURN = 1, SLEEP = 2, SET_ALARM = 3;

/** Host call: eax = 0 run the Guest, 1 return to the Launcher, 2 sleep,
 * 3 set the alarm. */
export function lguestPrepare(cpu: Cpu): void {
  const vcpu = currentVcpu(cpu);
  if (!vcpu.lg.running)
    killGuest(vcpu.lg, "its Launcher did not initialize it");
  else {
    if (vcpu.hcall) doHypercalls(vcpu);
    if (!vcpu.hcall) deliverHeld(vcpu);
  }
  cpu.w[EAX] = whatNext(vcpu);
}

function whatNext(vcpu: Vcpu): number {
  const dead = () => vcpu.lg.dead !== 0;
  if (!dead()) {
    if (vcpu.pending) return RETURN;
    if (isSignalled(vcpu)) {
      vcpu.event = EVENT_SIGNAL;
      return RETURN;
    }
    if (vcpu.alarm_changed) return SET_ALARM;
    deliverInterrupts(vcpu);
  }
  if (dead()) {
    vcpu.event = EVENT_DEAD;
    return RETURN;
  }
  return vcpu.halted ? SLEEP : RUN;
}

/** Whether somebody has news for the Launcher. */
function isSignalled({ cpu }: Vcpu): boolean {
  return get(cpu, currentThread(cpu), Thread.signalled) !== 0;
}

/** Host call: the current thread sleeps, unless there is news for it.
 * Queue lock held. */
export function lguestSleep(cpu: Cpu): void {
  const vcpu = currentVcpu(cpu);
  if (interruptWaits(vcpu) || isSignalled(vcpu)) return;
  put(cpu, currentThread(cpu), Thread.state, THREAD_SLEEPS);
}

/** What has changed for this CPU since it last ran this lg_cpu. */
function takeChanges(vcpu: Vcpu): number {
  const me = thisLguestCpu(vcpu.cpu), { pages } = me, { changed } = vcpu;
  vcpu.changed = 0;
  if (me.last_vcpu === vcpu.at && vcpu.last_pages === pages) return changed;
  me.last_vcpu = vcpu.at;
  vcpu.last_pages = pages;
  return CHANGED_ALL;
}

/** Host call: this CPU's pages get ready for this Guest. For the Switcher,
 * eax = the CPU's lguest_pages, ebx = the shadow directory's frame; and
 * ecx = 1 if CR0.TS is to be set. */
export function lguestEnter(cpu: Cpu): void {
  const vcpu = currentVcpu(cpu), me = thisLguestCpu(cpu);
  const pages = new Pair(cpu, me.pages);
  const changed = takeChanges(vcpu);
  if (changed & CHANGED_IDT) copyTraps(vcpu, pages);
  if (changed & CHANGED_GDT) copyGdt(vcpu, pages);
  else if (changed & CHANGED_TLS) copyTls(vcpu, pages);
  pages.host_cr3 = get(cpu, currentThread(cpu), Thread.directory);
  pages.guest_tss.put(3, vcpu.esp1);
  pages.guest_tss.put(4, vcpu.ss1);
  vcpu.regs.trapnum = 256;
  const shadow = currentShadow(vcpu);
  cpu.store32(me.regs_pte, vcpu.regs_page | 3);
  cpu.store32(place.KERNEL + shadow + 4 * 1023, me.guest_ptes | 3);
  cpu.w[EAX] = pages.at | 0;
  cpu.w[EBX] = shadow | 0;
  cpu.w[ECX] = vcpu.ts;
}

/** Host call: right behind the switch, interrupts still off. */
export function lguestLeave(cpu: Cpu): void {
  const vcpu = currentVcpu(cpu), { lg, regs } = vcpu;
  const trap = regs.trapnum;
  if (trap === PF) vcpu.cr2 = cpu.w[CR2]!;
  lg.switches++;
  tell(lg, { kind: "switch", trap, eip: regs.eip });
}
