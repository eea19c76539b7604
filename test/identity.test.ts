// How a processor begins, what it says of itself, and what can be set in it:
// RESET and INIT, CPUID, the model-specific registers, the counters; and its
// divisions. Without programs: the functions that instructions call.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  ACTIVITY, APIC, APIC_TIMER_EVENT, CLOCK, CPL, CR0, CR2, CR3, CR4, CR4_PCE,
  CR4_TSD, DEBUG_PENDING, DR, EAX, EBX, ECX, EDI, EDX, EIP, Fault, GDTR_BASE,
  GDTR_LIMIT, identify, IDTR_BASE, IDTR_LIMIT, Machine, MSR_SYSENTER_CS,
  readCounter, readMsr, readTimeStamp, REPEATING, resetMultiboot, resetVector,
  resetWaiting, RETIRED, RUNNING, SEGMENTS, timeStamp, TLBS, WAITING, writeMsr,
} from "../src/machine";
import type { Cpu } from "../src/machine";
import {
  signedQuotient, unsignedQuotient,
} from "../src/machine/instructions/divide";

const test = suite("identity");

function cpus(n = 1): readonly Cpu[] {
  return new Machine({ memory: 0x10000, cpus: n }).cpus;
}

/** What a function gives, or the fault that it raises. */
function told<T>(run: () => T): T | string {
  try {
    return run();
  } catch (fault) {
    if (!(fault instanceof Fault)) throw fault;
    return `fault ${fault.vector}`;
  }
}
const GP = "fault 13";

/** EDX and EAX. */
const pair = ({ w }: Cpu) => [w[EDX]! >>> 0, w[EAX]! >>> 0];

function rdmsr(cpu: Cpu, number: number) {
  cpu.w[ECX] = number;
  return told(() => {
    readMsr(cpu);
    return pair(cpu);
  });
}

function wrmsr(cpu: Cpu, number: number, high: number, low: number) {
  Object.assign(cpu.w, { [ECX]: number, [EDX]: high, [EAX]: low });
  return told(() => writeMsr(cpu));
}

// Number, what it is after RESET, and after all ones were written: the P6
// family's, in SDM 4, table 2-20.
const registers: [number, number[], number[]][] = [
  [0x00, [0, 0], [0, 0]], [0x01, [0, 0], [0, 0]], [0x17, [0, 0], [0, 0]],
  [0x2a, [0, 0], [0, 0]], [0x79, [0, 0], [0, 0]], [0x8b, [0, 0], [0, 0]],
  [0x10, [0, 0], [0, 0xffffffff]],
  [0x1b, [0, 0xfee00900], [0, 0xfee00900]],
  [0xc1, [0, 0], [0xff, 0xffffffff]], [0xc2, [0, 0], [0xff, 0xffffffff]],
  [0x174, [0, 0], [0, 0xffffffff]], [0x175, [0, 0], [0, 0xffffffff]],
  [0x176, [0, 0], [0, 0xffffffff]],
  [0x186, [0, 0], [0, 0xffffffff]], [0x187, [0, 0], [0, 0xffffffff]],
];

test("model-specific registers: these, and no others", () => {
  const [cpu] = cpus() as [Cpu];
  const known = new Map(registers.map(([number, first]) => [number, first]));
  for (let number = 0; number < 0x400; number++) {
    assert.equal(rdmsr(cpu, number), known.get(number) ?? GP,
      number.toString(16));
    if (known.has(number)) continue;
    assert.is(wrmsr(cpu, number, 0, 0), GP, number.toString(16));
  }
  assert.is(rdmsr(cpu, -1), GP);
});

test("model-specific registers keep what is written, each for itself", () => {
  for (const [number, , after] of registers) {
    const [cpu] = cpus() as [Cpu];
    const low = number === 0x1b ? 0xfee00900 : -1;
    assert.is(wrmsr(cpu, number, 0, low), undefined);
    for (const [other, first] of registers) {
      assert.equal(rdmsr(cpu, other), other === number ? after : first,
        `${number.toString(16)}, ${other.toString(16)}`);
    }
  }
});

test("the time stamp: from the clock, 64 bits, TSD keeps it from rings", () => {
  const [cpu] = cpus() as [Cpu], { w, d } = cpu;
  const rdtsc = () => told(() => {
    readTimeStamp(cpu);
    return pair(cpu);
  });
  d[CLOCK] = 3 * 2 ** 32 + 7;
  assert.equal(rdtsc(), [3, 7]);
  wrmsr(cpu, 0x10, 5, 0x90000000);
  assert.equal(rdtsc(), [0, 0x90000000], "a write clears the upper half");
  d[CLOCK]! += 0x80000000;
  assert.equal(rdtsc(), [1, 0x10000000]);
  for (const [ring, tsd, ok] of
    [[0, 0, 1], [0, 1, 1], [3, 0, 1], [3, 1, 0], [1, 1, 0]]) {
    w[CPL] = ring!;
    w[CR4] = tsd ? CR4_TSD : 0;
    assert.is(rdtsc() !== GP, ok === 1, `ring ${ring}, TSD ${tsd}`);
  }
});

test("CPUID: a Pentium II that tells no more than it has", () => {
  const [, , cpu] = cpus(3) as [Cpu, Cpu, Cpu];
  const ask = (leaf: number) => {
    cpu.w[EAX] = leaf;
    identify(cpu);
    return [EAX, EBX, ECX, EDX].map((n) => cpu.w[n]! >>> 0);
  };
  const features = [1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 15]
    .reduce((sum, bit) => sum + 2 ** bit, 0);
  // "Genu", "ntel", "ineI"; family 6, model 5, stepping 2; descriptors of
  // caches in SDM 2A, table 3-12.
  assert.equal(ask(0), [2, 0x756e6547, 0x6c65746e, 0x49656e69]);
  assert.equal(ask(1), [0x652, 0x02000000, 0, features]);
  for (const leaf of [2, 3, 0x80000000, -1])
    assert.equal(ask(leaf), [0x03020101, 0, 0, 0x0c040843]);
  wrmsr(cpu, 0x1b, 0, 0xfee00000);
  assert.equal(ask(1), [0x652, 0x02000000, 0, features - 0x200]);
});

const BOTH_ON = 0x400000;

test("counters: instructions, ticks, nothing else, and both by one bit", () => {
  // EVNTSEL0, EVNTSEL1, and how far the counters are after 5 instructions and
  // 7 ticks.
  for (const [one, two, counts] of [
    [0xc0, 0x79, [0, 0]], [0xc0, BOTH_ON | 0x79, [0, 0]],
    [BOTH_ON | 0xc0, 0x79, [5, 7]], [BOTH_ON | 0x79, 0xc0, [7, 5]],
    [BOTH_ON | 0xc1, 0x78, [0, 0]], [BOTH_ON | 0xffbfffc0, -256 | 0x79, [5, 7]],
  ] as const) {
    const [cpu] = cpus() as [Cpu], { d } = cpu;
    wrmsr(cpu, 0x186, 0, one);
    wrmsr(cpu, 0x187, 0, two);
    d[RETIRED]! += 5;
    d[CLOCK]! += 7;
    assert.equal([0xc1, 0xc2].map((number) => rdmsr(cpu, number)),
      counts.map((n) => [0, n]), one.toString(16));
    // Another selection leaves the values.
    wrmsr(cpu, 0x186, 0, BOTH_ON | 0xc0);
    wrmsr(cpu, 0x187, 0, 0xc0);
    d[RETIRED]! += 10;
    assert.equal([0xc1, 0xc2].map((number) => rdmsr(cpu, number)),
      counts.map((n) => [0, n + 10]));
  }
});

test("counters: 40 bits, of which a write gives 32 with their sign", () => {
  const [cpu] = cpus() as [Cpu], { d } = cpu;
  d[RETIRED] = 1000;
  wrmsr(cpu, 0x186, 0, BOTH_ON | 0xc0);
  wrmsr(cpu, 0xc1, 0x12, 0x7fffffff);
  assert.equal(rdmsr(cpu, 0xc1), [0, 0x7fffffff]);
  wrmsr(cpu, 0xc1, 0, -3);
  assert.equal(rdmsr(cpu, 0xc1), [0xff, 0xfffffffd]);
  d[RETIRED] += 2;
  assert.equal(rdmsr(cpu, 0xc1), [0xff, 0xffffffff]);
  d[RETIRED] += 1;
  assert.equal(rdmsr(cpu, 0xc1), [0, 0]);
  d[RETIRED] += 2 ** 40 + 2 ** 33;
  assert.equal(rdmsr(cpu, 0xc1), [2, 0]);
});

test("RDPMC: both counters, in ring 0 or with PCE", () => {
  const [cpu] = cpus() as [Cpu], { w, d } = cpu;
  wrmsr(cpu, 0x186, 0, BOTH_ON | 0xc0);
  d[RETIRED] = 2 ** 32 + 5;
  wrmsr(cpu, 0xc2, 0, -2);
  const rdpmc = (n: number) => {
    w[ECX] = n;
    return told(() => {
      readCounter(cpu);
      return pair(cpu);
    });
  };
  assert.equal([0, 1, 2, -1].map(rdpmc),
    [[1, 5], [0xff, 0xfffffffe], GP, GP]);
  w[CPL] = 3;
  assert.is(rdpmc(0), GP);
  w[CR4] = CR4_PCE;
  assert.equal(rdpmc(0), [1, 5]);
  assert.is(rdpmc(2), GP);
});

const RAN = 2 ** 40 + 123, TIME = 2 ** 40 + 456;

/** A CPU with something in every register. */
function used(): Cpu {
  const [, cpu] = cpus(2) as [Cpu, Cpu], { w, d, board } = cpu;
  board.queue.cancel(cpu.id, APIC_TIMER_EVENT);
  for (let i = 0; i < APIC; i++) w[i] = 0x11111111;
  for (const i of [...w.keys()].slice(TLBS)) w[i] = 0x2222;
  d[RETIRED] = RAN;
  d[CLOCK] = TIME;
  w[CR0] = 0x20000011;
  wrmsr(cpu, 0x1b, 0, 0xfee00800);
  wrmsr(cpu, 0x10, 0, 1000);
  wrmsr(cpu, 0x174, 0, 0x77);
  wrmsr(cpu, 0x186, 0, 0x79);
  wrmsr(cpu, 0xc1, 0, 99);
  return cpu;
}

const segment = ({ w }: Cpu, n: number) =>
  [0, 1, 2, 3].map((i) => w[SEGMENTS + 4 * n + i]! >>> 0);
const DATA = [0, 0, 0xffff, 0x93];

/** What RESET and INIT leave alike (SDM 3A, table 9-1; LDTR and TR are
 * present, a table and a busy TSS). */
function isClear(cpu: Cpu, but: readonly number[] = []): void {
  const { w, d } = cpu;
  for (let n = EAX; n <= EDI; n++)
    if (!but.includes(n)) assert.is(w[n], 0, `register ${n}`);
  assert.is(cpu.eflags(), 2);
  assert.equal([w[CPL], w[DEBUG_PENDING], d[REPEATING]], [0, 0, -1]);
  assert.equal([CR2, CR3, CR4, GDTR_BASE, IDTR_BASE].map((n) => w[n]),
    [0, 0, 0, 0, 0]);
  assert.equal([0, 1, 2, 3, 6, 7].map((n) => w[DR + n]! >>> 0),
    [0, 0, 0, 0, 0xffff0ff0, 0x400]);
  assert.equal(segment(cpu, 6), [0, 0, 0xffff, 0x82]);
  assert.equal(segment(cpu, 7), [0, 0, 0xffff, 0x8b]);
  assert.ok(w.subarray(TLBS).every((word) => word === 0), "TLBs");
  assert.equal([d[RETIRED], d[CLOCK]], [RAN, TIME], "these go on for ever");
}

function isAtVector(cpu: Cpu): void {
  const { w } = cpu;
  isClear(cpu, [EDX]);
  assert.equal([w[EDX], w[EIP], w[GDTR_LIMIT], w[IDTR_LIMIT]],
    [0x652, 0xfff0, 0xffff, 0xffff]);
  for (let n = 0; n < 6; n++)
    assert.equal(segment(cpu, n),
      n === 1 ? [0xf000, 0xffff0000, 0xffff, 0x93] : DATA, `segment ${n}`);
}

/** SYSENTER_CS, EVNTSEL0, PERFCTR0 and the time stamp. */
const kept = (cpu: Cpu) => [...[0x174, 0x186, 0xc1].map((number) =>
  (rdmsr(cpu, number) as number[])[1]), timeStamp(cpu)];

test("RESET: all that the manual's table has", () => {
  for (const [reset, activity] of
    [[resetVector, RUNNING], [resetWaiting, WAITING]] as const) {
    const cpu = used(), { w } = cpu;
    assert.equal(kept(cpu), [0x77, 0x79, 99, 1000]);
    reset(cpu);
    isAtVector(cpu);
    assert.is(w[CR0]! >>> 0, 0x60000010);
    assert.is(w[ACTIVITY], activity);
    assert.equal(kept(cpu), [0, 0, 0, 0]);
    assert.is(w[MSR_SYSENTER_CS], 0);
  }
});

test("INIT keeps the model-specific registers and the cache's bits", () => {
  for (const cache of [0, 0x20000000, 0x40000000, 0x60000000]) {
    for (const reset of [resetVector, resetWaiting]) {
      const cpu = used();
      cpu.w[CR0] = cache | 0x11;
      reset(cpu, true);
      isAtVector(cpu);
      assert.is(cpu.w[CR0]! >>> 0, cache | 0x10);
      assert.equal(kept(cpu), [0x77, 0x79, 99, 1000]);
    }
  }
});

test("as a multiboot loader leaves it", () => {
  const cpu = used(), { w } = cpu;
  resetMultiboot(cpu);
  isClear(cpu, [EAX]);
  assert.is(w[EAX], 0x2badb002);
  assert.is(w[CR0], 0x11, "protected mode, no paging");
  assert.is(w[ACTIVITY], RUNNING);
  for (let n = 0; n < 6; n++)
    assert.equal(segment(cpu, n), [n === 1 ? 8 : 16, 0, 0xffffffff,
      n === 1 ? 0xc09b : 0xc093], `segment ${n}`);
  assert.equal(kept(cpu), [0, 0, 0, 0]);
});

const interesting = [0, 1, 2, 3, 5, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff,
  0x3fffffff, 0x40000000, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe,
  0xffffffff].map((n) => n | 0);

test("division: what fits is exact, all the rest is #DE", () => {
  const [cpu] = cpus() as [Cpu], DE = "fault 0";
  // The dividend is EDX:EAX, or an extended AX or DX:AX (SDM 2A, DIV, IDIV).
  for (const size of [1, 2, 4]) {
    for (const low of interesting) {
      for (const divisor of interesting) {
        for (const signed of [false, true]) {
          const extended = signed && low < 0 ? -1 : 0;
          for (const high of size < 4 ? [extended] : interesting) {
            const [n, by] = signed
              ? [BigInt(high) << 32n | BigInt(low >>> 0), BigInt(divisor)]
              : [BigInt(high >>> 0) << 32n | BigInt(low >>> 0),
                BigInt(divisor >>> 0)];
            const quotient = by ? n / by : 0n;
            const fits = by && (signed ? BigInt.asIntN : BigInt.asUintN)(
              8 * size, quotient) === quotient;
            const run = signed ? signedQuotient : unsignedQuotient;
            assert.is(told(() => run(cpu, high, low, divisor, size)),
              fits ? Number(quotient) : DE,
              `${n} by ${by} in ${size}`);
          }
        }
      }
    }
  }
});

test.run();
