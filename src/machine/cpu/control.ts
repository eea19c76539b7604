// Woven from chapters/030-paging.md.
import type { Cpu } from "./cpu";
import { Fault, gp, UD } from "../ground/fault";
import {
  CR0, CR0_CD, CR0_ET, CR0_NW, CR0_PE, CR0_PG, CR0_WP, CR3, CR4, CR4_DE,
  CR4_MCE, CR4_PCE, CR4_PGE, CR4_PSE, CR4_PVI, CR4_TSD, CR4_VME,
} from "../ground/state";
import { tlbDropPage, tlbFlush } from "./tlb";

/** MOV from CRn. */
export function readControl(cpu: Cpu, n: number): number {
  if (n !== 0 && n !== 2 && n !== 3 && n !== 4) throw new Fault(UD);
  return cpu.w[CR0 + (n === 0 ? 0 : n - 1)]!;
}

/** MOV to CRn, with the flushes that belong to it (SDM 3A, 4.10.4). */
export function writeControl(cpu: Cpu, n: number, value: number): void {
  if (n === 0) writeCr0(cpu, value);
  else if (n === 2) cpu.w[CR0 + 1] = value;
  else if (n === 3) writeCr3(cpu, value);
  else if (n === 4) writeCr4(cpu, value);
  else throw new Fault(UD);
}

const CR0_BITS = 0xe005003f | 0;

function writeCr0(cpu: Cpu, value: number): void {
  if (value & CR0_PG && !(value & CR0_PE)) throw gp();
  if (value & CR0_NW && !(value & CR0_CD)) throw gp();
  const old = cpu.w[CR0]!, now = (value & CR0_BITS) | CR0_ET;
  cpu.w[CR0] = now;
  const changed = old ^ now;
  cpu.refreshRights();
  if (changed & (CR0_PG | CR0_PE)) tlbFlush(cpu, false);
  else if (changed & CR0_WP) cpu.dropFast();
}

function writeCr3(cpu: Cpu, value: number): void {
  const { board } = cpu;
  cpu.w[CR3] = value & 0xfffff018;
  if (board.events.active) board.events.emit({ kind: "cr3", cpu: cpu.id,
    count: board.count, value: value >>> 0 });
  const { forgetsGlobals } = board.layout;
  tlbFlush(cpu, !forgetsGlobals && (cpu.w[CR4]! & CR4_PGE) !== 0);
}

const CR4_BITS = CR4_VME | CR4_PVI | CR4_TSD | CR4_DE | CR4_PSE |
  CR4_MCE | CR4_PGE | CR4_PCE;

function writeCr4(cpu: Cpu, value: number): void {
  if (value & ~CR4_BITS) throw gp();
  const changed = cpu.w[CR4]! ^ value;
  cpu.w[CR4] = value;
  if (changed & (CR4_PGE | CR4_PSE)) tlbFlush(cpu, false);
}

/** INVLPG: drops one page, global or large, from both TLBs. */
export function invalidatePage(cpu: Cpu, linear: number): void {
  tlbDropPage(cpu, linear);
}
