// Woven from chapters/760-debug.md.
import type { Cpu } from "./cpu";
import { DB, Fault, UD } from "../ground/fault";
import { CR4, CR4_DE, DEBUG_PENDING, DR } from "../ground/state";

/** Bits of DR6: a debug register was touched, a step, a task switch. */
export const DR6_BD = 0x2000, DR6_BS = 0x4000, DR6_BT = 0x8000;
/** Bits of DR7: what is enabled for the present task alone, and that debug
 * registers are guarded. */
export const DR7_LOCAL = 0x155;
const DR7_GD = 0x2000;
/** Bits of both that are always set. */
export const DR6_ONES = 0xffff0ff0 | 0, DR7_ONE = 0x400;
const ENABLED = 0xff;
const lengths = [1, 2, 8, 4];

/** Kinds of conditions, as sets of values of R/W. */
const EXECUTES = 1, WRITES = 0b1010, READS = 0b1000, PORTS = 0b0100;

/** R/W and LEN of a breakpoint. */
const fieldOf = (control: number, n: number) =>
  (control >>> (16 + 4 * n)) & 15;

/** Bits of DR6 for an access to `size` bytes, if any is enabled. */
function conditions(
  cpu: Cpu, from: number, size: number, kinds: number,
): number {
  const w = cpu.w, control = w[DR + 7]!;
  let met = 0, told = 0;
  for (let n = 0; n < 4; n++) {
    const field = fieldOf(control, n), kind = field & 3;
    if (!(kinds & (1 << kind))) continue;
    const length = kind === 0 ? 1 : lengths[field >>> 2]!;
    const at = (w[DR + n]! & -length) >>> 0;
    if (from >= at + length || at >= from + size) continue;
    met |= 1 << n;
    told |= control & (3 << (2 * n));
  }
  return told ? met : 0;
}

/** Works out anew which pages are watched. */
export function refreshDebug(cpu: Cpu): void {
  const w = cpu.w, control = w[DR + 7]!;
  const code = new Set<number>(), data = new Set<number>();
  for (let n = 0; n < 4 && control & ENABLED; n++) {
    const kind = fieldOf(control, n) & 3;
    const page = w[DR + n]! >>> 12;
    if (kind === 0) code.add(page);
    else if (kind !== 2) data.add(page);
  }
  const some = (pages: Set<number>) => pages.size ? pages : undefined;
  cpu.codeGuards = some(code);
  if (data.size || cpu.dataGuards) cpu.dropFast();
  cpu.dataGuards = some(data);
  cpu.look = true;
}

/** What DR6 says of a debug exception. */
export function noteDebug(cpu: Cpu, bits: number): void {
  cpu.w[DR + 6] = (cpu.w[DR + 6]! & ~15) | bits;
}

/** Raises #DB if a breakpoint is at the instruction (SDM 3B, 17.3.1.1). */
export function checkCode(cpu: Cpu, linear: number): void {
  const met = conditions(cpu, linear >>> 0, 1, EXECUTES);
  if (!met) return;
  noteDebug(cpu, met);
  throw new Fault(DB);
}

/** Notes an access to data, for the exception behind the instruction. */
export function noteAccess(
  cpu: Cpu, linear: number, size: number, write: boolean,
): void {
  const met = conditions(cpu, linear, size, write ? WRITES : READS);
  if (met) holdTrap(cpu, met);
}

/** What DR6 says of traps that are due before the instruction at a linear
 * address. */
export function trapBits(cpu: Cpu, due: number, linear: number): number {
  const touched = due & 15, stepped = due & DR6_BS;
  if (!touched || stepped || cpu.repeating()) return due;
  return due | conditions(cpu, linear >>> 0, 1, EXECUTES);
}

/** Notes an access to a port. */
export function notePort(cpu: Cpu, port: number, size: number): void {
  if (!(cpu.w[DR + 7]! & ENABLED) || !(cpu.w[CR4]! & CR4_DE)) return;
  const met = conditions(cpu, port, size, PORTS);
  if (met) holdTrap(cpu, met);
}

/** A debug exception is due at the end of the present instruction. */
export function holdTrap(cpu: Cpu, bits: number): void {
  cpu.w[DEBUG_PENDING]! |= bits;
  cpu.look = true;
}

function touch(cpu: Cpu, n: number): number {
  const w = cpu.w, named = n === 4 || n === 5;
  if (named && w[CR4]! & CR4_DE) throw new Fault(UD);
  if (w[DR + 7]! & DR7_GD) {
    noteDebug(cpu, DR6_BD);
    throw new Fault(DB, undefined, undefined, true);
  }
  return DR + (named ? n + 2 : n);
}

/** MOV from DRn. */
export function readDebug(cpu: Cpu, n: number): number {
  return cpu.w[touch(cpu, n)]!;
}

/** MOV to DRn. */
export function writeDebug(cpu: Cpu, n: number, value: number): void {
  const at = touch(cpu, n);
  if (at === DR + 6) value = (value & 0xe00f) | DR6_ONES;
  if (at === DR + 7) value = (value & 0xffff23ff) | DR7_ONE;
  cpu.w[at] = value;
  refreshDebug(cpu);
}

/** A debug exception finds its handler: GD goes off. */
export function dropGuard(cpu: Cpu): void {
  cpu.w[DR + 7]! &= ~DR7_GD;
}
