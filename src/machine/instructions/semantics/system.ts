// Woven from chapters/912-transfers.md.
import type { Helper } from "../builder";
import { helpers } from "../helpers";
import { read, writeWord } from "./operands";
import type { Semantics } from "./operands";

// A control or debug register is named by ModR/M's reg.
function movFrom(get: Helper): Semantics {
  return (b, i) => {
    b.setReg(i.rm, 4, b.call(get, b.constant(i.reg)));
  };
}

function movTo(set: Helper): Semantics {
  return (b, i) => {
    b.call(set, b.constant(i.reg), b.reg(i.rm, 4));
  };
}

/** What kernels need, and nobody else may do. */
export const system: Record<string, Semantics> = {
  "mov from control": movFrom(helpers.readControl),
  "mov to control": movTo(helpers.writeControl),
  "mov from debug": movFrom(helpers.readDebug),
  "mov to debug": movTo(helpers.writeDebug),
  smsw: (b, i) => writeWord(b, i, b.call(helpers.machineStatus)),
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
