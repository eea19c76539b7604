// Woven from chapters/67-reflection.md.
// The ring-1 stack for traps from ring 3.
import { put } from "../host";
import type { Cpu } from "../machine";
import { killGuest, LgCpu } from "./lguest";
import { pinStack } from "./shadow";

/** SET_STACK: its selector, its top, and how many pages it has. */
export function setStack(
  cpu: Cpu, vcpu: number, lg: number,
  ss: number, esp: number, pages: number,
): void {
  if ((ss & 3) !== 1)
    return killGuest(cpu, lg, `bad stack segment ${ss}`);
  if (pages > 2) return killGuest(cpu, lg, `bad stack pages ${pages}`);
  put(cpu, vcpu, LgCpu.ss1, ss);
  put(cpu, vcpu, LgCpu.esp1, esp);
  put(cpu, vcpu, LgCpu.stack_pages, pages);
  pinStack(cpu, vcpu, lg);
}
