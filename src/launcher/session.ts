// Woven from chapters/803-sessions.md.
import { most } from "../host";
import { attachHost, bootHost, buildHost, pagesBesides } from "../lguest";
import type { HostOptions } from "../lguest";
import { Machine } from "../machine";
import type { Cpu, MachineOptions, Schedule } from "../machine";
import { judge } from "./end";
import type { End, StopReason } from "./end";
import { UserError } from "./error";
import { checkCpus } from "./circumstances";
import type { Circumstances } from "./circumstances";
import type { TerminalSize } from "./console";
import { Devices, storageFor } from "./devices";
import type { DeviceSinks, GuestOptions } from "./devices";
import { InputGate } from "./gate";
import { launcher } from "./launcher";
import type { ConsoleSink } from "./launcher";
import { checkInitrd, MiB, parseKernel } from "./kernel";
import { runOn } from "./moves";
import type { FrameSink } from "./net";
import { guestOutcome } from "./outcome";
import { optionsOf } from "./pieces";

/** What to boot, and on which machine. */
export interface BootOptions extends Circumstances {
  readonly guests: readonly GuestOptions[];
  /** The size of the terminal that the Guests' consoles are on. */
  readonly terminal?: TerminalSize;
  /** CPUs of the machine, default 1. */
  readonly cpus?: number;
  /** Seed of the machine's random numbers, default 1. */
  readonly seed?: number;
  /** How the CPUs take turns. */
  readonly schedule?: Schedule;
  readonly pge?: "all-cpus" | "this-cpu";
  /** The size of the pages of the Host's low memory; default 4m. */
  readonly hostPages?: "4m" | "4k";
  readonly switcher?: string;
  readonly sequential?: boolean;
  /** "strict" has no NOTIFY, as in lguest since Linux 4.1. */
  readonly abi?: "extended" | "strict";
  /** Seconds since 1970 when the machine is switched on. */
  readonly startDate?: number;
}

/** Guests under way on a machine. */
export interface Session {
  readonly machine: Machine;
  readonly machineOptions: MachineOptions;
  readonly options: BootOptions;
  readonly devices: Devices;
  readonly gate: InputGate;
}

/** What the Host gets, at least, and for itself. */
const HOST_MEMORY = 16 * MiB, HOST_ALONE = 8 * MiB;
const MOST_MEMORY = most.PAGES_MAX * 4096;

/** The machine that these options need, or a UserError. */
export function machineFor(
  options: BootOptions,
): MachineOptions & { memory: number } {
  const add = (sizes: number[]) => sizes.reduce((a, b) => a + b, 0);
  const sizes = options.guests.map((g) =>
    g.memory + g.image.length + (g.initrd?.length ?? 0));
  const more = options.guests.map((g) =>
    4096 * pagesBesides(Math.floor(g.memory / 4096)));
  const host = Math.max(HOST_MEMORY, HOST_ALONE + add(more));
  const sum = host + add(sizes);
  if (sum > MOST_MEMORY) {
    throw new UserError(`this takes ${Math.ceil(sum / MiB)} MiB, and ` +
      `the Host can use ${MOST_MEMORY / MiB}; try less --memory, or a ` +
      "smaller kernel and initrd");
  }
  checkCpus(options);
  return {
    cpus: options.cpus ?? 1,
    seed: options.seed ?? 1,
    memory: Math.ceil(sum / MiB) * MiB,
    storage: storageFor(options.guests),
    ...options.tlb,
  };
}

/** A new machine, or a UserError if there isn't so much memory. */
export function newMachine(options: MachineOptions): Machine {
  try {
    return new Machine(options);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError(`no such machine: ${error.message}`);
  }
}

/** Puts the Host and its Guests on a new machine; nothing runs yet. A
 * UserError if a Guest's kernel is none, or they are too large. */
export function boot(
  options: BootOptions, print: ConsoleSink = () => {}, dump?: FrameSink,
): Session {
  if (!Array.isArray(options?.guests)) {
    throw new TypeError("boot takes { guests: [...] }; bootDefault() needs " +
      "nothing, and boots the default Guest");
  }
  options.guests.forEach((guest, i) => {
    for (const key of ["name", "image", "commandLine", "memory"] as const) {
      if (guest[key] === undefined)
        throw new TypeError(`the Guest at guests[${i}] has no ${key}`);
    }
  });
  const machineOptions = machineFor(options);
  for (const { image, memory, initrd } of options.guests) {
    const kernel = parseKernel(image, memory);
    if (initrd) checkInitrd(kernel, initrd, memory);
  }
  const machine = newMachine(machineOptions);
  const { devices, gate } = surround(machine, options, { print, dump });
  devices.begin();
  bootHost(machine, hostOptions(options, print, devices));
  return { machine, machineOptions, options, devices, gate };
}
/** Prepares a machine for a snapshot that is going to be put into it. */
export function attach(
  machine: Machine, machineOptions: MachineOptions,
  options: BootOptions, print: ConsoleSink, dump?: FrameSink,
): Session {
  const { devices, gate } = surround(machine, options, { print, dump });
  attachHost(machine, hostOptions(options, print, devices));
  return { machine, machineOptions, options, devices, gate };
}

/** What a machine has besides a Host: devices, and a way in. */
function surround(
  machine: Machine, { guests, terminal }: BootOptions, sinks: DeviceSinks,
): Pick<Session, "devices" | "gate"> {
  const devices = new Devices(machine, guests, sinks, terminal);
  const gate = new InputGate(machine, { source: "console",
    count: guests.length, room: (which) => devices.roomToType(which),
    listens: (which) => devices.listens(which) &&
      guestOutcome(machine, which).state === "running",
    type: (which, bytes) => devices.type(which, bytes) });
  return { devices, gate };
}

/** A text's UTF-8 as a string of bytes, as kernels take it. */
function utf8(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

function hostOptions(
  options: BootOptions, print: ConsoleSink, { buses }: Devices,
): HostOptions {
  const { pge, hostPages, switcher, sequential, abi, startDate } = options;
  const guests = options.guests.map((guest) =>
    ({ ...guest, cpu: guest.cpu ?? options.pin,
      commandLine: utf8(guest.commandLine) }));
  const { hostPolicy, ptePage, hostLoad, loadOn } = options;
  return { guests, launcher: launcher(print, buses), hostPolicy, hostLoad,
    loadOn, ptePage,
    ...(pge && { pge }), ...(hostPages && { hostPages }),
    ...(switcher !== undefined && { switcher }),
    ...(sequential !== undefined && { sequential }),
    ...(abi && { abi }), ...(startDate !== undefined && { startDate }) };
}

/** Is told which CPU is about to carry out an instruction. */
export type Watcher = (cpu: Cpu) => void;

/** Runs until the end, or until `limit` instructions have retired. */
export function run(
  session: Session, limit = Infinity, watch?: Watcher,
): End {
  if (!session?.machine) throw new TypeError("run takes what boot() gives");
  const { machine, options } = session;
  const { reason } =
    runOn(machine, options, optionsOf(machine, { limit, watch }));
  return sessionEnd(session, reason);
}

/** Says how it has ended. */
export function sessionEnd(
  { machine, options }: Session, why: StopReason,
): End {
  const names = options.guests.map((guest) => guest.name);
  return judge(machine, names, why, () => buildHost(options));
}
