// Woven from chapters/800-record.md.
import * as v from "valibot";
import { hostCallsOf, kernelImage } from "../host";
import { lguestMap, lguestModule } from "../lguest";
import { circumstances, cpusThere } from "./circumstances";
import { terminalShape } from "./console";
import { deviceShapes, fewEnough, storageFor } from "./devices";
import { UserError } from "./error";
import type { ConsoleSink } from "./launcher";
import type { FrameSink } from "./net";
import { anySchedule, dateShape, fits, machineShape, whole } from "./readback";
import { open, restore, seal } from "./sealed";
import { attach, newMachine } from "./session";
import type { Session } from "./session";
import { sha256 } from "./sha256";

const guest = v.strictObject({ name: v.string(), commandLine: v.string(),
  memory: whole(0), cpu: v.optional(whole(0, 15)), ...deviceShapes });

const boot = v.strictObject({
  cpus: v.optional(whole(1, 16)), seed: v.optional(whole(0, 2 ** 32 - 1)),
  schedule: v.optional(anySchedule),
  pge: v.optional(v.picklist(["all-cpus", "this-cpu"])),
  hostPages: v.optional(v.picklist(["4m", "4k"])),
  switcher: v.optional(v.string()), sequential: v.optional(v.boolean()),
  abi: v.optional(v.picklist(["extended", "strict"])),
  startDate: v.optional(dateShape), terminal: v.optional(terminalShape),
  ...circumstances,
});

const shape = v.pipe(
  v.strictObject({ machine: machineShape, boot, host: v.string(),
    guests: v.pipe(v.array(guest), v.maxLength(lguestMap.GUESTS_MAX)),
    block: v.string() }),
  v.check(({ machine, boot: { schedule } }) =>
    fits(schedule, machine.cpus ?? 1), "The schedule is another machine's"),
  v.check(({ machine, guests }) => guests.every(fewEnough) &&
    storageFor(guests) === (machine.storage ?? 0),
  "The devices are another machine's"),
  v.check(({ machine, boot, guests }) =>
    cpusThere(boot, guests, machine.cpus ?? 1), "A CPU is named that the " +
      "machine hasn't"));

/** A digest of the Host around this Switcher: image and host calls. */
function hostDigest(switcher: string | undefined): string {
  const module = lguestModule({ switcher });
  const names = new TextEncoder().encode(
    hostCallsOf(module).map(({ name }) => name).join());
  return sha256(names) + sha256(kernelImage(module).bytes);
}

/** The session as the bytes of a file. */
export function saveSession(session: Session): Uint8Array {
  const { guests, ...rest } = session.options;
  return seal("lguest snapshot", shape, {
    machine: session.machineOptions, boot: rest,
    guests: guests.map(({ name, commandLine, memory, cpu, disks, rng, nets }) =>
      ({ name, commandLine, memory, cpu, rng, nets, disks: disks?.map(
        ({ size, mode, id }) => ({ size, mode, id })) })),
    host: hostDigest(rest.switcher),
  }, session.machine);
}

function digestOrDamage(switcher: string | undefined): string {
  try {
    return hostDigest(switcher);
  } catch {
    throw new UserError("is a damaged snapshot: its Switcher can't be " +
      "assembled; copy it again");
  }
}
/** Goes on with a saved session; throws a UserError if it can't be. */
export function loadSession(
  file: Uint8Array, print: ConsoleSink, dump?: FrameSink,
): Session {
  const { header, block } = open("lguest snapshot", shape, file);
  const { machine: machineOptions, boot: rest } = header;
  if (header.host !== digestOrDamage(rest.switcher)) {
    throw new UserError("is a snapshot of another version of the Host; " +
      "take it again");
  }
  const guests = header.guests.map((one) =>
    ({ ...one, image: new Uint8Array(0) }));
  const machine = newMachine(machineOptions);
  const session =
    attach(machine, machineOptions, { ...rest, guests }, print, dump);
  restore(machine, block);
  return session;
}
