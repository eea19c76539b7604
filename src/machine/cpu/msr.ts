// Woven from chapters/930-identity.md.
import { writeApicBase } from "./apic";
import { readCounterValue, selectCounter, writeCounter } from "./counters";
import type { Cpu } from "./cpu";
import { gp } from "../ground/fault";
import {
  CLOCK, COUNTER_SELECT, CPL, CR4, CR4_TSD, EAX, ECX, EDX, MSR_APIC_BASE,
  MSR_SYSENTER_CS, MSR_SYSENTER_EIP, MSR_SYSENTER_ESP, TSC_OFFSET,
} from "../ground/state";

/** The time stamp: ticks since it was set to 0. */
export function timeStamp(cpu: Cpu): number {
  return cpu.board.showClock(cpu.d[CLOCK]!) + cpu.d[TSC_OFFSET]!;
}

/** RDTSC to EDX:EAX. */
export function readTimeStamp(cpu: Cpu): void {
  if (cpu.w[CR4]! & CR4_TSD && cpu.w[CPL] !== 0) throw gp();
  setPair(cpu, timeStamp(cpu));
}

/** A number of up to 53 bits to EDX:EAX; a word takes its lower 32. */
export function setPair(cpu: Cpu, value: number): void {
  cpu.w[EAX] = value;
  cpu.w[EDX] = Math.floor(value / 2 ** 32);
}

const words: Record<number, number> = {
  0x1b: MSR_APIC_BASE, 0x174: MSR_SYSENTER_CS,
  0x175: MSR_SYSENTER_ESP, 0x176: MSR_SYSENTER_EIP,
};
const TSC = 0x10, COUNTER = 0xc1, SELECT = 0x186;
const zeros = new Set([0x00, 0x01, 0x17, 0x2a, 0x79, 0x8b]);

/** RDMSR: the register that ECX names, to EDX:EAX; #GP if there is none. */
export function readMsr(cpu: Cpu): void {
  const { w } = cpu, number = w[ECX]!, word = words[number];
  if (word !== undefined) setPair(cpu, w[word]! >>> 0);
  else if (number === TSC) setPair(cpu, timeStamp(cpu));
  else if (number === COUNTER || number === COUNTER + 1) {
    setPair(cpu, readCounterValue(cpu, number - COUNTER));
  } else if (number === SELECT || number === SELECT + 1) {
    setPair(cpu, w[COUNTER_SELECT + number - SELECT]! >>> 0);
  } else if (zeros.has(number)) setPair(cpu, 0);
  else throw gp();
}

/** WRMSR: EDX:EAX to the register that ECX names. */
export function writeMsr(cpu: Cpu): void {
  const { w, d } = cpu, number = w[ECX]!, word = words[number];
  if (word === MSR_APIC_BASE) writeApicBase(cpu, w[EAX]!, w[EDX]!);
  else if (word !== undefined) w[word] = w[EAX]!;
  else if (number === TSC) {
    d[TSC_OFFSET] = (w[EAX]! >>> 0) - cpu.board.showClock(cpu.d[CLOCK]!);
  } else if (number === COUNTER || number === COUNTER + 1) {
    writeCounter(cpu, number - COUNTER, w[EAX]!);
  } else if (number === SELECT || number === SELECT + 1) {
    selectCounter(cpu, number - SELECT, w[EAX]!);
  } else if (!zeros.has(number)) throw gp();
}
