// Woven from chapters/460-reflection.md.
// The ring-1 stack for traps from ring 3.
import { killGuest } from "./lguest";
import type { Vcpu } from "./lguest";
import { pinStack } from "./shadow";

/** SET_STACK: its selector, its top, and how many pages it has. */
export function setStack(
  vcpu: Vcpu, ss: number, esp: number, pages: number,
): void {
  if ((ss & 3) !== 1) return killGuest(vcpu.lg, `bad stack segment ${ss}`);
  if (pages > 2) return killGuest(vcpu.lg, `bad stack pages ${pages}`);
  vcpu.ss1 = ss;
  vcpu.esp1 = esp;
  vcpu.stack_pages = pages;
  pinStack(vcpu);
}
