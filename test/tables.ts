import {
  Cpu, CS, Fault, GDTR_BASE, loadGdtr, loadIdtr, loadTaskRegister, Machine,
  putSegment, readDescriptor, setSegment, SS,
} from "../src/machine";
import type { MachineOptions } from "../src/machine";

export const GDT = 0x1000, LDT_AT = 0x1800, IDT = 0x2000, TSS = 0x3000;
export const STACK0 = 0x8000, STACK1 = 0x9000, STACK2 = 0xa000,
  STACK3 = 0xb000;

/** Access bytes. */
export const CODE = 0x9a, CODE_ONLY = 0x98, CONFORMING = 0x9e, DATA_RW = 0x92,
  DATA_RO = 0x90, DOWN = 0x96, TSS32 = 0x89, TSS_BUSY = 0x8b, LDT = 0x82,
  CALL_GATE = 0x8c, INT_GATE = 0x8e, TRAP_GATE = 0x8f, ABSENT = 0x80;

export const ring = (n: number) => n << 5;

/** Writes a descriptor: pages and 32 bits unless `bytes` is given. */
export function describe(
  cpu: Cpu, selector: number, access: number,
  { base = 0, limit = 0xfffff, flags = 0xc } = {},
): void {
  const table = selector & 4 ? LDT_AT : cpu.w[GDTR_BASE]!;
  const at = table + (selector & 0xfff8);
  cpu.store32(at, (limit & 0xffff) | (base << 16));
  cpu.store32(at + 4, ((base >>> 16) & 0xff) | (access << 8) |
    (limit & 0xf0000) | (flags << 20) | (base & 0xff000000));
}

/** Writes a gate of the IDT or, for a call gate, of the GDT. */
export function gate(
  cpu: Cpu, at: number, access: number, selector: number, offset: number,
  count = 0,
): void {
  cpu.store32(at, (offset & 0xffff) | (selector << 16));
  cpu.store32(at + 4, (offset & 0xffff0000) | (access << 8) | count);
}

/** Flat code in ring r: selector 8 + 16 r; data behind it. */
export const codeOf = (r: number) => (8 + 16 * r) | r;
export const dataOf = (r: number) => (16 + 16 * r) | r;

/** A CPU with code and data for all rings, an IDT, and a TSS. */
export function prepared(options: MachineOptions = {}): Cpu {
  const cpu = new Machine({ memory: 0x100000, ...options }).cpus[0]!;
  loadGdtr(cpu, GDT, 0x3ff);
  loadIdtr(cpu, IDT, 0x7ff);
  for (let r = 0; r < 4; r++) {
    describe(cpu, codeOf(r), CODE | ring(r));
    describe(cpu, dataOf(r), DATA_RW | ring(r));
  }
  describe(cpu, 0x80, TSS32, { base: TSS, limit: 0x67, flags: 0 });
  loadTaskRegister(cpu, 0x80);
  [STACK0, STACK1, STACK2].forEach((esp, r) => {
    cpu.store32(TSS + 4 + 8 * r, esp);
    cpu.store32(TSS + 8 + 8 * r, dataOf(r));
  });
  return goTo(cpu, 0);
}

/** Puts the CPU into a ring, by force. */
export function goTo(cpu: Cpu, r: number): Cpu {
  setSegment(cpu, CS, codeOf(r), readDescriptor(cpu, codeOf(r)));
  setSegment(cpu, SS, dataOf(r), readDescriptor(cpu, dataOf(r)));
  for (const s of [0, 3, 4, 5]) putSegment(cpu, s, 0, 0, 0, 0);
  setSegment(cpu, 3, dataOf(3), readDescriptor(cpu, dataOf(3)));
  cpu.setCpl(r);
  cpu.w[4] = [STACK0, STACK1, STACK2, STACK3][r]! - 0x100;
  cpu.w[8] = 0x4000;
  cpu.next = 0x4002;
  return cpu;
}

/** The fault that a body throws, as [vector, error]; undefined if none. */
export function fault(body: () => unknown): number[] | undefined {
  try {
    body();
  } catch (thrown) {
    if (thrown instanceof Fault) {
      return thrown.error === undefined ? [thrown.vector]
        : [thrown.vector, thrown.error];
    }
    throw thrown;
  }
  return undefined;
}

/** The same, and nothing of the CPU may have changed. */
export function precise(cpu: Cpu, body: () => unknown) {
  const before = Array.from(cpu.w.subarray(0, 80)), { next } = cpu;
  const found = fault(body);
  if (found) {
    const after = Array.from(cpu.w.subarray(0, 80));
    const changed = after.findIndex((v, i) => v !== before[i]);
    if (changed >= 0) throw new Error(`word ${changed} changed`);
    if (next !== cpu.next) throw new Error("next changed");
  }
  return found;
}
