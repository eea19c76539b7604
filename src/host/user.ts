// Woven from chapters/662-trouble.md.
// The only way to a program's memory, from inside a system call.
import type { Cpu } from "../machine";
import { get } from "./layout";
import { place } from "./map";
import { pteOf } from "./pages";
import { Thread, currentThread } from "./threads";

const PRESENT = 1, WRITABLE = 2, USER = 4;

/** Whether the current program has all of these bytes. */
function userHas(
  cpu: Cpu, address: number, length: number, need: number,
): boolean {
  if (address + length > place.KERNEL) return false;
  const space = get(cpu, currentThread(cpu), Thread.space);
  const first = address - (address & 4095);
  for (let page = first; page < address + length; page += 4096) {
    const pte = pteOf(cpu, space, page, need);
    if (pte === 0 || (cpu.load32(pte) & need) !== need) return false;
  }
  return true;
}

/** A number of so many bytes, or undefined if it isn't all there. */
export function readUser(
  cpu: Cpu, address: number, size: number,
): number | undefined {
  if (!userHas(cpu, address, size, PRESENT | USER)) return undefined;
  let value = 0;
  for (let i = 0; i < size; i++)
    value |= (cpu.load8(address + i) & 0xff) << 8 * i;
  return value >>> 0;
}

/** Writes a word; false, and nothing done, if it can't be. */
export function writeUser32(
  cpu: Cpu, address: number, value: number,
): boolean {
  if (!userHas(cpu, address, 4, PRESENT | USER | WRITABLE)) return false;
  for (let i = 0; i < 4; i++) cpu.store8(address + i, value >>> 8 * i);
  return true;
}
