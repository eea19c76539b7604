// Woven from chapters/724-faults.md.
import { tellAccess } from "./access";
import { notePort } from "./breakpoints";
import type { Cpu } from "./cpu";
import { gp } from "../ground/fault";
import { isProtected } from "./segments";
import {
  ATTRIBUTES, BASE, CPL, CR0, CR0_PE, IOPL, LIMIT, SEG_P, SEGMENTS,
  SYSTEM_FLAGS, TR, TSS_LIMIT, TSS_PORT_MAP, TYPE_WIDE,
} from "../ground/state";

/** Whether the present ring may use a port: IOPL, or else the bitmap in
 * the TSS (SDM 1, 18.5). */
export function ioPermitted(cpu: Cpu, port: number, size: number): boolean {
  const w = cpu.w, tr = SEGMENTS + 4 * TR;
  if (!(w[CR0]! & CR0_PE)) return true;
  const iopl = (w[SYSTEM_FLAGS]! & IOPL) >>> 12;
  if (isProtected(cpu) && w[CPL]! <= iopl) return true;
  const base = w[tr + BASE]!, limit = w[tr + LIMIT]! >>> 0;
  const rights = w[tr + ATTRIBUTES]!, wide = SEG_P | TYPE_WIDE;
  if ((rights & wide) !== wide || limit < TSS_LIMIT) return false;
  const at = cpu.loadLinear((base + TSS_PORT_MAP) | 0, 2) + (port >>> 3);
  if (at + 1 > limit) return false;
  const bits = cpu.loadLinear((base + at) | 0, 2) >>> (port & 7);
  return (bits & ((1 << size) - 1)) === 0;
}

/** IN: checks, then asks the device; nobody there reads as ones. */
export function portIn(cpu: Cpu, port: number, size: 1 | 2 | 4): number {
  port &= 0xffff;
  if (!ioPermitted(cpu, port, size)) throw gp();
  notePort(cpu, port, size);
  const value = cpu.board.readPort(port, size);
  tellAccess(cpu, "port", port, size, value, false);
  return value;
}

/** OUT: checks, then tells the device, if there is one. */
export function portOut(
  cpu: Cpu, port: number, size: 1 | 2 | 4, value: number,
): void {
  port &= 0xffff;
  if (!ioPermitted(cpu, port, size)) throw gp();
  notePort(cpu, port, size);
  tellAccess(cpu, "port", port, size, value, true);
  cpu.board.writePort(port, size, value);
}
