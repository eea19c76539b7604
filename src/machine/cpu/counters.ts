// Woven from chapters/930-identity.md.
import type { Cpu } from "./cpu";
import { gp } from "../ground/fault";
import {
  CLOCK, COUNTER_OFFSET, COUNTER_SELECT, CPL, CR4, CR4_PCE, EAX, ECX, EDX,
  RETIRED,
} from "../ground/state";

const ENABLE = 0x400000, INSTRUCTIONS = 0xc0, TICKS = 0x79;
const WRAP = 2 ** 40;

/** What a counter is counting by: a number that grows, or 0. */
function source(cpu: Cpu, n: number): number {
  const { w, d } = cpu, event = w[COUNTER_SELECT + n]! & 0xff;
  if (!(w[COUNTER_SELECT]! & ENABLE)) return 0;
  return event === INSTRUCTIONS ? d[RETIRED]!
    : event === TICKS ? d[CLOCK]! : 0;
}

/** The value of counter 0 or 1, 40 bits. */
export function readCounterValue(cpu: Cpu, n: number): number {
  const sum = cpu.d[COUNTER_OFFSET + n]! + source(cpu, n);
  return ((sum % WRAP) + WRAP) % WRAP;
}

/** Sets counter 0 or 1 to a sign-extended int32. */
export function writeCounter(cpu: Cpu, n: number, value: number): void {
  cpu.d[COUNTER_OFFSET + n] = value - source(cpu, n);
}

/** Sets what is counted; the values stay what they were. */
export function selectCounter(cpu: Cpu, n: number, select: number): void {
  const values = [0, 1].map((i) => readCounterValue(cpu, i));
  cpu.w[COUNTER_SELECT + n] = select;
  values.forEach((value, i) => {
    cpu.d[COUNTER_OFFSET + i] = value - source(cpu, i);
  });
}

/** RDPMC: the counter that ECX names, to EDX:EAX. */
export function readCounter(cpu: Cpu): void {
  const { w } = cpu, n = w[ECX]! >>> 0;
  if (n > 1 || (w[CPL] !== 0 && !(w[CR4]! & CR4_PCE))) throw gp();
  const value = readCounterValue(cpu, n);
  w[EAX] = value;
  w[EDX] = Math.floor(value / 2 ** 32);
}
