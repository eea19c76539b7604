// Woven from chapters/914-helpers.md.
import type { Helper } from "./builder";
import { readDebug, writeDebug } from "../cpu/breakpoints";
import { invalidatePage, readControl, writeControl } from "../cpu/control";
import { readCounter } from "../cpu/counters";
import { identify } from "../cpu/cpuid";
import { signedQuotient, unsignedQuotient } from "./divide";
import { softwareInterrupt } from "../cpu/exceptions";
import { BP, DB, Fault, gp, NM, OF_TRAP, UD } from "../ground/fault";
import { popFlags, pushedFlags, setFlag } from "./flaghelpers";
import { runHostCall } from "../cpu/hostcall";
import { readMsr, readTimeStamp, writeMsr } from "../cpu/msr";
import { ioPermitted, portIn, portOut } from "../cpu/ports";
import { interruptReturn } from "../cpu/return";
import {
  isProtected, lar, loadGdtr, loadIdtr, loadLdt, loadSegment,
  loadTaskRegister, lsl, verr, verw,
} from "../cpu/segments";
import {
  ACTIVITY, BASE, CPL, CR0, CR0_EM, CR0_MP, CR0_PE, CR0_TS, HALTED, INHIBIT,
  SEGMENTS, SHADOW_SS,
} from "../ground/state";
import { systemEnter, systemExit } from "../cpu/systemcall";
import { farCall, farJump, farReturn } from "../cpu/transfer";

type Runs = Record<string, Helper["run"]>;

function named<R extends Runs>(pure: boolean, runs: R) {
  const entries = Object.entries(runs);
  const made = entries.map(([name, run]) => [name, { name, pure, run }]);
  return Object.fromEntries(made) as { [K in keyof R]: Helper };
}

// Operand sizes arrive as numbers.
const wide = (size: number) => (size === 2 ? 2 : 4);
const bytes = (size: number) => (size === 4 ? 4 : size === 2 ? 2 : 1);

const computing = named(true, {
  unsignedQuotient, signedQuotient,
  lowestBit: (_cpu, v) => 31 - Math.clz32(v & -v),
  highestBit: (_cpu, v) => 31 - Math.clz32(v),
});

const going = named(false, {
  farJump: (cpu, selector, to, size) => farJump(cpu, selector, to, wide(size)),
  farCall: (cpu, selector, to, size) =>
    farCall(cpu, selector, to, wide(size), cpu.next),
  farReturn: (cpu, size, more) => farReturn(cpu, wide(size), more),
  interruptReturn: (cpu, size) => interruptReturn(cpu, wide(size)),
  int: (cpu, vector) => softwareInterrupt(cpu, vector, cpu.next, "int"),
  int1: (cpu) => softwareInterrupt(cpu, DB, cpu.next, "int1"),
  int3: (cpu) => softwareInterrupt(cpu, BP, cpu.next, "int3"),
  into: (cpu) => softwareInterrupt(cpu, OF_TRAP, cpu.next, "into"),
  hostCall: runHostCall,
  halt: (cpu) => (cpu.w[ACTIVITY] = HALTED),
  systemEnter, systemExit,
});

const controlling = named(false, {
  setFlag, pushedFlags, popFlags,
  requireRing0: (cpu) => {
    if (cpu.w[CPL] !== 0) throw gp();
  },
  requireProtected: (cpu) => {
    if (!isProtected(cpu)) throw new Fault(UD);
  },
  readControl, writeControl, readDebug, writeDebug,
  machineStatus: (cpu) => cpu.w[CR0]!,
  setMachineStatus: (cpu, v) => {
    const low = CR0_MP | CR0_EM | CR0_TS, old = cpu.w[CR0]!;
    writeControl(cpu, 0, (old & ~low) | (v & (low | CR0_PE)));
  },
  clearTaskSwitched: (cpu) => (cpu.w[CR0] = cpu.w[CR0]! & ~CR0_TS),
  escape: (cpu) => {
    if (cpu.w[CR0]! & (CR0_EM | CR0_TS)) throw new Fault(NM);
  },
  wait: (cpu) => {
    const both = CR0_MP | CR0_TS;
    if ((cpu.w[CR0]! & both) === both) throw new Fault(NM);
  },
  invalidate: (cpu, segment, offset) => {
    const base = cpu.w[SEGMENTS + 4 * segment + BASE]!;
    invalidatePage(cpu, (base + offset) | 0);
  },
  identify, readTimeStamp, readCounter,
  readModelSpecific: readMsr, writeModelSpecific: writeMsr,
});

const segmenting = named(false, {
  loadSegment, loadGdtr, loadIdtr, loadLdt, loadTaskRegister,
  inhibit: (cpu) => (cpu.w[INHIBIT] = SHADOW_SS),
  claimEight: (cpu, segment, offset) => {
    const linear = cpu.segmentWrite(segment, offset, 8);
    if (cpu.aligned) cpu.checkAligned(linear, 8);
  },
  word: (cpu, n) => cpu.w[n]!,
  accessRights: lar, segmentLimit: lsl,
  larGranted: (cpu, selector) => +(lar(cpu, selector) !== undefined),
  lslGranted: (cpu, selector) => +(lsl(cpu, selector) !== undefined),
  mayRead: (cpu, selector) => +verr(cpu, selector),
  mayWrite: (cpu, selector) => +verw(cpu, selector),
  portCheck: (cpu, port, size) => {
    if (!ioPermitted(cpu, port, size)) throw gp();
  },
  portIn: (cpu, port, size) => portIn(cpu, port, bytes(size)),
  portOut: (cpu, port, size, v) => portOut(cpu, port, bytes(size), v),
});

/** Every helper by its name. */
export const helpers = {
  ...computing, ...going, ...controlling, ...segmenting,
};
