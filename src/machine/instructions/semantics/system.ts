// Woven from chapters/24-semantics.md.
import { helpers } from "../helpers";
import { read } from "./operands";
import type { Semantics } from "./operands";

const smsw: Semantics = (b, i) => {
  const v = b.call(helpers.machineStatus);
  if (i.isMemory) b.store(i.segment, b.address(i), 2, v);
  else b.setReg(i.rm, i.operandSize, v);
};

const movFromControl: Semantics = (b, i) => {
  b.setReg(i.rm, 4, b.call(helpers.readControl, b.constant(i.reg)));
};

const movToControl: Semantics = (b, i) => {
  b.call(helpers.writeControl, b.constant(i.reg), b.reg(i.rm, 4));
};

const movFromDebug: Semantics = (b, i) => {
  b.setReg(i.rm, 4, b.call(helpers.readDebug, b.constant(i.reg)));
};

const movToDebug: Semantics = (b, i) => {
  b.call(helpers.writeDebug, b.constant(i.reg), b.reg(i.rm, 4));
};

/** What kernels need, and nobody else may do. */
export const system: Record<string, Semantics> = {
  smsw,
  "mov from control": movFromControl, "mov to control": movToControl,
  "mov from debug": movFromDebug, "mov to debug": movToDebug,
  lmsw: (b, i) => { b.call(helpers.setMachineStatus, read(b, i, 0)); },
  invlpg: (b, i) => {
    b.call(helpers.invalidate, b.constant(i.segment), b.address(i));
  },
  clts: (b) => { b.call(helpers.clearTaskSwitched); },
  invd: () => {},
  wbinvd: () => {},
  hlt: (b) => { b.call(helpers.halt); },
  cpuid: (b) => { b.call(helpers.identify); },
  rdtsc: (b) => { b.call(helpers.readTimeStamp); },
  rdpmc: (b) => { b.call(helpers.readCounter); },
  rdmsr: (b) => { b.call(helpers.readModelSpecific); },
  wrmsr: (b) => { b.call(helpers.writeModelSpecific); },
  sysenter: (b) => { b.call(helpers.systemEnter); },
  sysexit: (b) => { b.call(helpers.systemExit); },
  hostcall: (b, i) => {
    b.call(helpers.hostCall, b.constant(i.immediate & 0xff));
  },
};


const escape: Semantics = (b) => { b.call(helpers.escape); };

/** What is meant for a chip that isn't there. */
export const escapes: Record<string, Semantics> = {
  esc: escape, fninit: escape, fnstsw: escape, fnstcw: escape,
  fwait: (b) => { b.call(helpers.wait); },
};
