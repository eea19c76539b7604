// Woven from chapters/812-metal.md.
import * as v from "valibot";
import { buildMetal } from "./metal";
import type { MetalSession, MetalSinks } from "./metal";
import {
  anySchedule, dateShape, fits, machineShape, tlbShape, whole,
} from "./readback";
import { open, restore, seal } from "./sealed";

const KIND = "lguest machine snapshot";

const metal = v.strictObject({
  cpus: v.optional(whole(1, 16)), memory: whole(4096),
  seed: v.optional(whole(0, 2 ** 32 - 1)), tlb: v.optional(tlbShape),
  schedule: v.optional(anySchedule), date: v.optional(dateShape),
  postPort: v.optional(whole(0, 0xffff)), reboot: v.optional(v.boolean()),
});

const shape = v.pipe(
  v.strictObject({ machine: machineShape, metal, loaded: v.boolean(),
    block: v.string() }),
  v.check(({ machine, metal: { schedule } }) =>
    fits(schedule, machine.cpus ?? 1), "The schedule is another machine's"));

/** A bare machine as the bytes of a file. */
export function saveMetal(session: MetalSession): Uint8Array {
  const { kernel, rom, initrd, modules, commandLine, kernelName,
    ...kept } = session.options;
  return seal(KIND, shape, { machine: session.machineOptions, metal: kept,
    loaded: kernel !== undefined }, session.machine);
}

/** Goes on with a saved machine; UserError if it can't be. */
export function loadMetal(
  file: Uint8Array, sinks: MetalSinks,
): MetalSession {
  const { header, block } = open(KIND, shape, file);
  const { machine, loaded } = header;
  const options = loaded ? { ...header.metal, reboot: false }
    : header.metal;
  const session = buildMetal(options, sinks, undefined, machine);
  restore(session.machine, block);
  return session;
}
