// Woven from chapters/764-apic.md.
import { acknowledge } from "./apic";
import type { Cpu } from "./cpu";
import { deliver } from "./exceptions";
import { NMI } from "../ground/fault";
import {
  ATTEND_INTERRUPT, ATTEND_INTR, ATTEND_NMI, ATTEND_NMI_BLOCKED, ATTENTION,
  IF, INHIBIT, SYSTEM_FLAGS,
} from "../ground/state";

/** Whether an interrupt would be taken before the next instruction. */
export function pendingInterrupt(cpu: Cpu): boolean {
  const w = cpu.w, why = w[ATTENTION]!;
  if (!why || w[INHIBIT]) return false;
  if ((why & (ATTEND_NMI | ATTEND_NMI_BLOCKED)) === ATTEND_NMI) return true;
  const maskable = why & (ATTEND_INTERRUPT | ATTEND_INTR);
  return maskable !== 0 && (w[SYSTEM_FLAGS]! & IF) !== 0;
}

/** Takes one interrupt, if one is pending; says whether it did. */
export function takeInterrupt(cpu: Cpu): boolean {
  if (!pendingInterrupt(cpu)) return false;
  const w = cpu.w, why = w[ATTENTION]!;
  if ((why & (ATTEND_NMI | ATTEND_NMI_BLOCKED)) === ATTEND_NMI) {
    w[ATTENTION] = (why & ~ATTEND_NMI) | ATTEND_NMI_BLOCKED;
    deliver(cpu, NMI);
  } else if (why & ATTEND_INTERRUPT) {
    deliver(cpu, acknowledge(cpu));
  } else {
    deliver(cpu, cpu.board.interruptController!.acknowledge());
  }
  return true;
}
