// Woven from chapters/764-apic.md.
import type { Cpu } from "./cpu";
import { gp } from "../ground/fault";
import { APIC_TIMER_EVENT } from "../ground/queue";
import {
  ACTIVITY, APIC, ATTEND_INTERRUPT, ATTEND_INTR, ATTEND_NMI, ATTENTION, BASE,
  CLOCK, CS, EIP, IF, MSR_APIC_BASE, SEGMENTS, SELECTOR, SYSTEM_FLAGS,
  WAITING,
} from "../ground/state";

/** Words of the local APIC. */
const ID = APIC, TPR = APIC + 1, LDR = APIC + 2, DFR = APIC + 3,
  SVR = APIC + 4, ESR = APIC + 5, ICR_LOW = APIC + 6, ICR_HIGH = APIC + 7,
  LVT = APIC + 8, LINT0 = LVT + 3, LVT_ERROR = LVT + 5, INITIAL = APIC + 14,
  DIVIDE = APIC + 15, ISR = APIC + 16, IRR = APIC + 32, ERRORS = APIC + 42;
/** Index into `cpu.d`: the clock at which the timer runs out. */
const TIMER_END = (APIC + 40) / 2;
const MASKED = 0x10000, PERIODIC = 0x20000, ENABLED = 0x100;
const GLOBAL_ENABLE = 0x800, FIRST_CPU = 0x100, EXT_INT = 0x700;

/** The local APIC as a reset leaves it; or INIT, which spares its number
 * and its place (SDM 3A, 10.4.7.3). */
export function resetApic(cpu: Cpu, init = false): void {
  const w = cpu.w, id = init ? w[ID]! : cpu.id << 24;
  w.fill(0, APIC, APIC + 64);
  w[ID] = id;
  w[DFR] = -1;
  w[SVR] = 0xff;
  w.fill(MASKED, LVT, LVT + 6);
  if (takesIntr(cpu)) w[LINT0] = EXT_INT;
  if (!init)
    w[MSR_APIC_BASE] = 0xfee00000 | GLOBAL_ENABLE |
      (cpu.id ? 0 : FIRST_CPU);
  cpu.board.queue.cancel(cpu.id, APIC_TIMER_EVENT);
  refreshAttention(cpu);
  refreshIntr(cpu);
}

const BASE_BITS = 0xfffff000 | GLOBAL_ENABLE | FIRST_CPU;

/** WRMSR to APIC_BASE. */
export function writeApicBase(cpu: Cpu, low: number, high: number): void {
  const { w } = cpu;
  if (high !== 0 || low & ~BASE_BITS) throw gp();
  if ((low ^ w[MSR_APIC_BASE]!) & GLOBAL_ENABLE) resetApic(cpu);
  w[MSR_APIC_BASE] = low;
  cpu.refresh();
  refreshIntr(cpu);
}

const takesIntr = (cpu: Cpu) =>
  cpu.id === 0 && cpu.board.interruptController !== undefined;

/** Whether the wire from the interrupt controller leads to this core. */
export function intrConnected(cpu: Cpu): boolean {
  const w = cpu.w, entry = w[LINT0]!;
  if (!takesIntr(cpu)) return false;
  if (!(w[MSR_APIC_BASE]! & GLOBAL_ENABLE)) return true;
  return !(entry & MASKED) && (entry & EXT_INT) === EXT_INT;
}

/** Sets or clears ATTEND_INTR by the wire and by LINT0. */
export function refreshIntr(cpu: Cpu): void {
  const w = cpu.w;
  if (intrConnected(cpu) && cpu.board.intr) {
    w[ATTENTION]! |= ATTEND_INTR;
    cpu.board.wake();
  } else {
    w[ATTENTION]! &= ~ATTEND_INTR;
  }
}

/** Whether a physical address is in this CPU's APIC page. */
export function isApic(cpu: Cpu, physical: number): boolean {
  const base = cpu.w[MSR_APIC_BASE]!;
  return (base & GLOBAL_ENABLE) !== 0 && ((physical ^ base) & -4096) === 0;
}

/** Highest vector set in a 256-bit register; 0 if none is. */
function highest(w: Int32Array, register: number): number {
  let i = 7;
  while (i > 0 && w[register + i] === 0) i--;
  return i * 32 + 31 - Math.clz32(w[register + i]! | 1);
}

const wordOf = (register: number, vector: number) =>
  register + (vector >>> 5);

function setBit(w: Int32Array, register: number, vector: number): void {
  w[wordOf(register, vector)]! |= 1 << vector;
}

function clearBit(w: Int32Array, register: number, vector: number): void {
  w[wordOf(register, vector)]! &= ~(1 << vector);
}

/** The priority below which nothing gets through (SDM 3A, 10.8.3.1). */
function processorPriority(w: Int32Array): number {
  const task = w[TPR]!, floor = highest(w, ISR) & 0xf0;
  return Math.max(task, floor);
}

/** Whether a vector's class is above that. */
function getsThrough(w: Int32Array, vector: number): boolean {
  return (vector & 0xf0) > processorPriority(w);
}

/** Sets or clears ATTEND_INTERRUPT by what the APIC holds. */
function refreshAttention(cpu: Cpu): void {
  const w = cpu.w;
  if (getsThrough(w, highest(w, IRR))) {
    w[ATTENTION]! |= ATTEND_INTERRUPT;
    cpu.board.wake();
  } else {
    w[ATTENTION]! &= ~ATTEND_INTERRUPT;
  }
}

/** A fixed interrupt arrives at a CPU's APIC. */
export function raiseInterrupt(cpu: Cpu, vector: number): void {
  const w = cpu.w;
  if (!(w[SVR]! & ENABLED)) return;
  if (vector < 16) {
    noteError(cpu, RECEIVED_ILLEGAL);
    return;
  }
  setBit(w, IRR, vector);
  refreshAttention(cpu);
}

/** Bits of ESR: nobody accepted what was sent, and what is illegal. */
const NOT_ACCEPTED = 4, SENT_ILLEGAL = 0x20, RECEIVED_ILLEGAL = 0x40,
  NO_REGISTER = 0x80;

function noteError(cpu: Cpu, bit: number): void {
  const w = cpu.w, entry = w[LVT_ERROR]!;
  if (w[ERRORS]! & bit) return;
  w[ERRORS]! |= bit;
  if (!(entry & MASKED)) raiseInterrupt(cpu, entry);
}

/** The vector that the CPU would take now, or -1; nothing changes. */
export function apicVector(cpu: Cpu): number {
  return cpu.w[ATTENTION]! & ATTEND_INTERRUPT ? highest(cpu.w, IRR) : -1;
}

/** The CPU takes the interrupt: from IRR to ISR. */
export function acknowledge(cpu: Cpu): number {
  const vector = highest(cpu.w, IRR);
  clearBit(cpu.w, IRR, vector);
  setBit(cpu.w, ISR, vector);
  refreshAttention(cpu);
  return vector;
}

function endOfInterrupt(cpu: Cpu): void {
  clearBit(cpu.w, ISR, highest(cpu.w, ISR));
  refreshAttention(cpu);
}

/** Reads an APIC register at its offset in the page. */
export function readApic(cpu: Cpu, offset: number): number {
  const w = cpu.w, n = offset >>> 4;
  if (offset & 15) return 0;
  if (n >= 0x10 && n < 0x28) return w[ISR + n - 0x10]!;
  if (n >= 0x32 && n <= 0x37) return w[LVT + n - 0x32]!;
  switch (n) {
    case 0x02: return w[ID]!;
    case 0x03: return 0x00050014;
    case 0x08: return w[TPR]!;
    case 0x0a: return processorPriority(w);
    case 0x0d: return w[LDR]!;
    case 0x0e: return w[DFR]!;
    case 0x0f: return w[SVR]!;
    case 0x28: return w[ESR]!;
    case 0x30: return w[ICR_LOW]!;
    case 0x31: return w[ICR_HIGH]!;
    case 0x38: return w[INITIAL]!;
    case 0x39: return currentCount(cpu);
    case 0x3e: return w[DIVIDE]!;
    case 0x09: case 0x0b: case 0x0c: return 0;
    default:
      noteError(cpu, NO_REGISTER);
      return 0;
  }
}

/** What can be written of the local vector table: timer, thermal sensor,
 * performance counters, LINT0, LINT1, error. */
const LVT_BITS = [0x300ff, 0x107ff, 0x107ff, 0x1a7ff, 0x1a7ff, 0x100ff];

/** Writes an APIC register at its offset in the page. */
export function writeApic(cpu: Cpu, offset: number, value: number): void {
  const w = cpu.w, n = offset >>> 4;
  if (offset & 15) return;
  if (n >= 0x32 && n <= 0x37) {
    const off = w[SVR]! & ENABLED ? 0 : MASKED;
    w[LVT + n - 0x32] = (value & LVT_BITS[n - 0x32]!) | off;
    refreshIntr(cpu);
    return;
  }
  switch (n) {
    case 0x02: w[ID] = value & 0xff000000; break;
    case 0x08: w[TPR] = value & 0xff; refreshAttention(cpu); break;
    case 0x0b: endOfInterrupt(cpu); break;
    case 0x0d: w[LDR] = value & 0xff000000; break;
    case 0x0e: w[DFR] = value | 0x0fffffff; break;
    case 0x0f:
      w[SVR] = value & 0x3ff;
      if (value & ENABLED) break;
      for (let i = 0; i < 6; i++) w[LVT + i]! |= MASKED;
      refreshIntr(cpu);
      break;
    case 0x28:
      w[ESR] = w[ERRORS]!;
      w[ERRORS] = 0;
      break;
    case 0x30:
      w[ICR_LOW] = value & 0xccfff;
      sendInterrupt(cpu, value);
      break;
    case 0x31: w[ICR_HIGH] = value & 0xff000000; break;
    case 0x38: w[INITIAL] = value; startTimer(cpu); break;
    case 0x3e: setDivide(cpu, value & 0xb); break;
    case 0x03: case 0x09: case 0x0a: case 0x0c: case 0x39: break;
    default: if (n < 0x10 || n > 0x27) noteError(cpu, NO_REGISTER);
  }
}

/** The local APIC's page as its CPU reads it, by bytes, words or longs. */
export function apicRead(
  cpu: Cpu, physical: number, size: number,
): number {
  const value = readApic(cpu, physical & 0xffc) >>> (8 * (physical & 3));
  return size === 4 ? value : value & ((1 << (8 * size)) - 1);
}

/** Writes narrower than 32 bits are ignored. */
export function apicWrite(
  cpu: Cpu, physical: number, size: number, value: number,
): void {
  if (size === 4) writeApic(cpu, physical & 0xfff, value);
}

/** Clock ticks for one count: 1, 2, 4 … 128 (SDM 3A, 10.5.4). */
function divisor(w: Int32Array): number {
  const bits = w[DIVIDE]!, code = bits & 8 ? bits - 4 : bits;
  return code === 7 ? 1 : 2 << code;
}

function startTimer(cpu: Cpu): void {
  const w = cpu.w, { queue } = cpu.board;
  queue.cancel(cpu.id, APIC_TIMER_EVENT);
  cpu.board.wake();
  const count = w[INITIAL]! >>> 0;
  cpu.d[TIMER_END] = 0;
  if (!count) return;
  const end = cpu.d[CLOCK]! + count * divisor(w);
  cpu.d[TIMER_END] = end;
  queue.add(end, cpu.id, APIC_TIMER_EVENT);
}

/** Another divisor: the count goes on from where it is. */
function setDivide(cpu: Cpu, value: number): void {
  const { w, d } = cpu, { queue } = cpu.board, before = divisor(w);
  w[DIVIDE] = value;
  const left = d[TIMER_END]! - d[CLOCK]!;
  if (left <= 0) return;
  d[TIMER_END] = d[CLOCK]! + Math.ceil(left * divisor(w) / before);
  queue.cancel(cpu.id, APIC_TIMER_EVENT);
  queue.add(d[TIMER_END]!, cpu.id, APIC_TIMER_EVENT);
  cpu.board.wake();
}

function currentCount(cpu: Cpu): number {
  const left = cpu.d[TIMER_END]! - cpu.d[CLOCK]!;
  return left > 0 ? Math.ceil(left / divisor(cpu.w)) | 0 : 0;
}

/** The timer runs out: called by the machine at the event's time. */
export function timerExpired(cpu: Cpu, when: number): void {
  const w = cpu.w, entry = w[LVT]!;
  if (entry & PERIODIC) {
    const count = w[INITIAL]! >>> 0;
    const end = when + Math.max(count * divisor(w), 1);
    cpu.d[TIMER_END] = end;
    cpu.board.queue.add(end, cpu.id, APIC_TIMER_EVENT);
  } else {
    cpu.d[TIMER_END] = 0;
  }
  if (!(entry & MASKED)) raiseInterrupt(cpu, entry & 0xff);
}

/** Whether the timer's interrupt would get through to a halted CPU. */
export function timerCanWake(cpu: Cpu): boolean {
  const w = cpu.w, entry = w[LVT]!;
  return !(entry & MASKED) && (w[SYSTEM_FLAGS]! & IF) !== 0 &&
    getsThrough(w, entry);
}

/** An interrupt command's shorthands, and what else says who is meant. */
const MYSELF = 1, EVERYBODY = 2, OTHERS = 3, LOGICAL = 0x800, ALL_ONES = 0xff;

/** The CPUs that an interrupt command means: whose APIC is switched off
 * has none. */
function targets(cpu: Cpu, command: number): Cpu[] {
  const cpus = cpu.peers
    .filter(({ w }) => w[MSR_APIC_BASE]! & GLOBAL_ENABLE);
  const shorthand = (command >>> 18) & 3;
  if (shorthand === MYSELF) return [cpu];
  if (shorthand === EVERYBODY) return cpus;
  if (shorthand === OTHERS) return cpus.filter((other) => other !== cpu);
  const to = cpu.w[ICR_HIGH]! >>> 24;
  if (to === ALL_ONES) return cpus;
  return cpus.filter(({ w }) => command & LOGICAL ? isMeant(w, to)
    : w[ID]! >>> 24 === to);
}

/** The ID of a CPU's local APIC. */
export const localId = ({ w }: Cpu) => w[ID]! >>> 24;

/** Whether a logical destination means this APIC. */
function isMeant(w: Int32Array, to: number): boolean {
  const own = w[LDR]! >>> 24, flat = w[DFR]! >>> 28 === 15;
  return flat ? (own & to) !== 0
    : own >>> 4 === to >>> 4 && (own & to & 15) !== 0;
}

/** Delivery modes; of the two of INIT, ASSERT is the one that does it. */
const FIXED = 0, LOWEST_PRIORITY = 1, BY_NMI = 4, INIT = 5, START_UP = 6,
  ASSERT = 0x4000;

function sendInterrupt(cpu: Cpu, command: number): void {
  const vector = command & 0xff, mode = (command >>> 8) & 7;
  const { board } = cpu, meant = targets(cpu, command);
  const raises = mode === FIXED || mode === LOWEST_PRIORITY;
  if (raises && vector < 16) {
    noteError(cpu, SENT_ILLEGAL);
    return;
  }
  if (meant.length === 0) noteError(cpu, NOT_ACCEPTED);
  const asked = mode === LOWEST_PRIORITY ? leastBusy(meant) : meant;
  for (const target of asked) {
    if (board.events.active) {
      board.events.emit({ kind: "ipi", cpu: cpu.id, count: board.count,
        to: target.id, vector, mode });
    }
    if (raises) raiseInterrupt(target, vector);
    else if (mode === BY_NMI) raiseNmi(target);
    else if (mode === INIT && target !== cpu && command & ASSERT) {
      target.initialize();
    } else if (mode === START_UP) startUp(target, vector);
  }
}

/** Of those CPUs whose APIC listens, one with the lowest processor
 * priority. */
function leastBusy(meant: readonly Cpu[]): Cpu[] {
  const cpus = meant.filter(({ w }) => w[SVR]! & ENABLED);
  const least = Math.min(...cpus.map(({ w }) => processorPriority(w)));
  return cpus.filter(({ w }) => processorPriority(w) === least).slice(0, 1);
}

/** A non-maskable interrupt arrives. */
export function raiseNmi(cpu: Cpu): void {
  cpu.w[ATTENTION]! |= ATTEND_NMI;
  cpu.board.wake();
}

/** A start-up IPI: a waiting CPU begins in real mode at vector << 12. */
function startUp(cpu: Cpu, vector: number): void {
  const w = cpu.w;
  if (w[ACTIVITY] !== WAITING) return;
  w[SEGMENTS + 4 * CS + SELECTOR] = vector << 8;
  w[SEGMENTS + 4 * CS + BASE] = vector << 12;
  w[EIP] = 0;
  cpu.start();
}
