// Woven from chapters/700-block.md.
/** What a machine is made of; sizes are fixed when it is built. */
export interface MachineOptions {
  /** Number of CPUs, 1 to 16; default 1. */
  cpus?: number;
  /** Bytes of RAM, a multiple of 4096; default 16 MiB. */
  memory?: number;
  /** Bytes of ROM that end at 4 GiB, whole pages; default none. */
  rom?: number;
  /** Bytes that devices store, whole pages; default none. */
  storage?: number;
  /** Entries of the data TLB; default 64. */
  dataTlb?: number;
  /** Entries of the code TLB; default 32. */
  codeTlb?: number;
  /** A load of cr3 drops global entries, too, whatever CR4.PGE says: no
   * processor does that, and emulators of 2007 did; default false. */
  forgetsGlobals?: boolean;
  /** What executes most instructions: a function that is generated for
   * it, or "plain", the back end that all others are compared with; default
   * "generated", as soon as it pays. No run depends on it, but for how
   * long it takes. */
  interpreter?: "generated" | "plain";
  /** Seed of the schedule's random numbers; default 1. */
  seed?: number;
  /** Clock ticks in a second of machine time; default 100 million. */
  ticksPerSecond?: number;
}

/** Word indices into the header, the first page of the block. */
export const H_MAGIC = 0, H_VERSION = 1, H_BLOCK_SIZE = 2, H_RAM_BASE = 3,
  H_RAM_SIZE = 4, H_CPUS = 5, H_DATA_TLB = 6, H_CODE_TLB = 7, H_TICKS = 8,
  H_HOST_ARMED = 9, H_SCHEDULE_CPU = 10, H_SCHEDULE_LEFT = 11,
  H_SCHEDULE_POSITION = 12, H_RANDOM = 13, H_DEVICE_WORDS = 14,
  H_SEQUENCE = 15, H_ROM_SIZE = 18, H_A20_LOW = 19, H_INTR = 20,
  H_FORGETS_GLOBALS = 21;
/** Which of the 64 frames from 0xC0000 on are not RAM: one byte each. */
export const H_WINDOWS = 24;
/** Indices of 64-bit floats: machine time in ticks, and the latest time
 * stamp's clock. */
export const H_TIME = 8, H_STAMP = 11;
/** The event queue: EVENT_SLOTS entries of EVENT_WORDS words. */
export const H_EVENTS = 256, EVENT_WORDS = 8, EVENT_SLOTS = 96;

/** What the header begins with, and the version of this layout and of what
 * devices keep in it. */
export const BLOCK_MAGIC = 0x4b4c424c, BLOCK_VERSION = 3;
/** Bytes of a page; bytes that devices have for their state. */
export const PAGE = 4096;
export const DEVICE_AREA = 0x10000;

import { TLBS } from "./state";

/** Words of a TLB entry, and words before the first. */
export const TLB_WORDS = 8, TLB_HEAD = 8;
/** The most entries that a TLB can have. */
export const TLB_MOST = 4096;
/** Words in the list of a fast table's filled entries. */
export const FAST_LIST = 4096;
/** How far behind a CPU's fast tables its segments' bounds are: for each
 * segment, 16 bytes apart, below which offset four bytes can be read, and
 * below which they can be written. */
export const BOUNDS = 2 * (0x600000 + FAST_LIST * 4);

/** Byte offsets of everything in the machine's memory. */
export interface Layout {
  readonly cpus: number;
  readonly dataTlb: number;
  readonly codeTlb: number;
  readonly forgetsGlobals: boolean;
  readonly interpreter: "generated" | "plain";
  /** Whether somebody has asked for it, and doesn't want to wait. */
  readonly atOnce: boolean;
  readonly seed: number;
  readonly ticksPerSecond: number;
  readonly cpuBase: number;
  readonly cpuStride: number;
  readonly deviceBase: number;
  readonly ramBase: number;
  readonly ramSize: number;
  readonly romBase: number;
  readonly romSize: number;
  readonly storageBase: number;
  readonly storageSize: number;
  /** Bytes of the block; the scratch part lies behind. */
  readonly blockSize: number;
  readonly codePages: number;
  readonly fastBase: number;
  readonly fastStride: number;
  /** Of each frame that there could be, where the table of its records is;
   * and where tables and records themselves are, up to the end. */
  readonly codeTables: number;
  readonly records: number;
  /** Bytes of the whole WebAssembly.Memory. */
  readonly total: number;
}

/** Bytes of RAM, unless somebody asks for more or less. */
export const USUAL_MEMORY = 0x1000000;

type Size = Exclude<keyof MachineOptions, "forgetsGlobals" | "interpreter">;

const sizes: Record<Size,
  readonly [usual: number, least: number, most: number, unit: number]> = {
  cpus: [1, 1, 16, 1],
  memory: [USUAL_MEMORY, PAGE, 0xc0000000, PAGE],
  rom: [0, 0, 0x1000000, PAGE],
  storage: [0, 0, 0x40000000, PAGE],
  dataTlb: [64, 1, TLB_MOST, 1],
  codeTlb: [32, 1, TLB_MOST, 1],
  seed: [1, 0, 2 ** 32 - 1, 1],
  ticksPerSecond: [100_000_000, 1, 2 ** 31 - 1, 1],
};

let preferred: MachineOptions["interpreter"];

/** What executes the machines to come, if their options don't say; without
 * one, nobody has said. */
export function preferInterpreter(which?: typeof preferred): void {
  preferred = which;
}

const shown = (value: unknown) => typeof value === "number" ? value
  : `the ${typeof value} ${String(value)}`;

/** All options, with the usual value where there is none. */
function checked(
  options: MachineOptions,
): Required<MachineOptions> & { atOnce: boolean } {
  if (Object(options) !== options) {
    throw new TypeError("a machine's options are an object, " +
      `not ${shown(options)}`);
  }
  const names = Object.keys(sizes) as Size[];
  const all = [...names, "forgetsGlobals", "interpreter"];
  for (const name of Object.keys(options)) {
    if (all.includes(name)) continue;
    throw new TypeError(`a machine has no option "${name}"; its options ` +
      `are ${all.join(", ")}`);
  }
  const { forgetsGlobals = false, interpreter: asked = preferred } = options;
  const interpreter = asked === undefined ? "generated" : asked;
  if (typeof forgetsGlobals !== "boolean") {
    throw new TypeError("forgetsGlobals must be true or false, not " +
      shown(forgetsGlobals));
  }
  if (interpreter !== "generated" && interpreter !== "plain") {
    throw new TypeError("interpreter must be generated or plain, not " +
      shown(interpreter));
  }
  const numbers = Object.fromEntries(names.map((name) =>
    [name, within(name, options[name])])) as Record<Size, number>;
  return { ...numbers, forgetsGlobals, interpreter,
    atOnce: asked !== undefined };
}

function within(name: Size, value = sizes[name][0]): number {
  const [, least, most, unit] = sizes[name];
  const whole = Number.isInteger(value) && value % unit === 0;
  if (whole && value >= least && value <= most) return value;
  throw new RangeError(`${name} must be ${least} to ${most}` +
    `${unit > 1 ? ` bytes in pages of ${unit}` : ""}, not ${shown(value)}`);
}

const upTo = (value: number, unit: number) =>
  Math.ceil(value / unit) * unit;

/** Lays out a machine; throws RangeError for sizes that can't be, TypeError
 * for what is no option. */
export function layOut(options: MachineOptions = {}): Layout {
  const { memory, rom, storage, ...others } = checked(options);
  const { cpus, dataTlb, codeTlb } = others;
  const cpuBase = PAGE;
  const words = TLBS + TLB_HEAD + (dataTlb + codeTlb) * TLB_WORDS;
  const cpuStride = upTo(words * 4, PAGE);
  const deviceBase = cpuBase + cpus * cpuStride;
  const ramBase = deviceBase + DEVICE_AREA;
  const romBase = ramBase + memory;
  const storageBase = romBase + rom;
  const blockSize = storageBase + storage;
  const codePages = blockSize;
  const fastBase = upTo(codePages + (memory + rom) / PAGE, PAGE);
  const fastStride = BOUNDS + PAGE;
  const codeTables = fastBase + cpus * fastStride;
  const records = codeTables + 0x400000;
  const room = Math.min(Math.max(memory, 1 << 20), 64 << 20);
  const total = upTo(records + room, 0x10000);
  return {
    ...others, cpuBase, cpuStride, deviceBase, ramBase, ramSize: memory,
    romBase, romSize: rom, storageBase, storageSize: storage, blockSize,
    codePages, fastBase, fastStride, codeTables, records, total,
  };
}
