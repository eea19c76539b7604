// Woven from chapters/520-guest-segments.md.
// Tables drawn from the machine's memory: descriptors, gates, shadows.
import { get, HOST, hostMemory, place, Shared } from "../host";
import type { Field, Memory } from "../host";
import {
  LgCpu, Lguest, lguestMap, lguestOf, LguestPages, SHADOWS,
} from "../lguest";
import { hex32 } from "../machine";
import type { Machine } from "../machine";

/** Where the state page of a CPU can be read, less 4096. */
export function pagesOf(memory: Memory, cpu: number): number {
  const ptes = place.KERNEL + get(memory, HOST, Shared.window_ptes);
  const entry = memory.load32(ptes + 4 * (2 + 2 * cpu));
  return place.KERNEL + entry - (entry & 4095) - 4096;
}

function pair(
  memory: Memory, at: number, field: Field, i: number,
): [number, number] {
  return [get(memory, at, field, 2 * i), get(memory, at, field, 2 * i + 1)];
}

/** The descriptors that a CPU has while it runs a Guest. */
export function drawDescriptors(machine: Machine, cpu: number): string {
  const memory = hostMemory(machine), pages = pagesOf(memory, cpu);
  const lines: string[] = [];
  for (let i = 0; i < 32; i++) {
    const [low, high] = pair(memory, pages, LguestPages.guest_gdt, i);
    if (!(high & 0x8000)) continue;
    const base = ((high & 0xff000000) | ((high & 0xff) << 16) |
      (low >>> 16)) >>> 0;
    const type = !(high & 0x1000) ? "TSS " : high & 0x800 ? "code" : "data";
    lines.push(`${(8 * i).toString(16).padStart(4, "0")}  ${type}  ` +
      `base ${hex32(base)}  DPL ${(high >>> 13) & 3}`);
  }
  return lines.join("\n");
}

/** The gates that a CPU has while it runs a Guest: those that don't lead
 * into the Switcher, or that ring 1 or 3 may use. */
export function drawGates(machine: Machine, cpu: number): string {
  const memory = hostMemory(machine), pages = pagesOf(memory, cpu);
  const lines: string[] = [];
  for (let n = 0; n < 256; n++) {
    const [low, high] = pair(memory, pages, LguestPages.guest_idt, n);
    const offset = ((high & 0xffff0000) | (low & 0xffff)) >>> 0;
    const dpl = (high >>> 13) & 3, ours = offset >= lguestMap.SWITCHER;
    if (ours && dpl === 0) continue;
    lines.push(`${n.toString(16).padStart(4)}  ` +
      `${(high >>> 8) & 1 ? "trap gate     " : "interrupt gate"}  DPL ${dpl}` +
      `  ${hex32(offset)}  ${ours ? "the Switcher" : "the Guest"}`);
  }
  return lines.join("\n");
}

/** The directories that are kept of a Guest, and what is in them. */
export function drawShadows(machine: Machine, guest: number): string {
  const memory = hostMemory(machine);
  const vcpu = get(memory, lguestOf(guest), Lguest.vcpu);
  if (vcpu === 0) return "no shadows";
  const lines: string[] = [];
  for (let slot = 0; slot < SHADOWS; slot++) {
    const shadow = get(memory, vcpu, LgCpu.shadow, slot);
    if (shadow === 0) continue;
    const { tables, pages } = countShadow(memory, shadow);
    const theirs = get(memory, vcpu, LgCpu.guest_directory, slot);
    const now = get(memory, vcpu, LgCpu.directory) === slot;
    lines.push(`${now ? "->" : "  "} ${slot}  Guest's ${hex32(theirs)}` +
      `  ours ${hex32(shadow)}  ${tables} tables, ${pages} pages`);
  }
  return lines.join("\n");
}

function countShadow(memory: Memory, shadow: number) {
  let tables = 0, pages = 0;
  for (let i = 0; i < 1023; i++) {
    const pde = memory.load32(place.KERNEL + shadow + 4 * i);
    if (!(pde & 1)) continue;
    tables++;
    for (let k = 0; k < 1024; k++)
      pages += memory.load32(place.KERNEL + pde - (pde & 4095) + 4 * k) & 1;
  }
  return { tables, pages };
}
