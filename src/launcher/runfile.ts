// Woven from chapters/836-runs.md.
import * as v from "valibot";
import { circumstances, cpusThere, guestName, MOST_GUESTS } from
  "./circumstances";
import { terminalShape } from "./console";
import { deviceShapes, fewEnough } from "./devices";
import { DISK_MODES } from "./disk";
import { UserError } from "./error";
import type { InputEntry } from "./gate";
import { MiB, MOST_FOR_GUESTS, MOST_FOR_MACHINES } from "./kernel";
import {
  dateShape, fits, MOST_CPUS, readBack, runSchedule, whole,
} from "./readback";

const memory = (most: number) =>
  v.pipe(whole(MiB, most), v.multipleOf(MiB));

const both = {
  cpus: whole(1, MOST_CPUS),
  seed: whole(0, 2 ** 32 - 1), schedule: v.optional(runSchedule),
  reboot: v.boolean(),
  /** JSON knows no infinity. */
  maxInstructions: v.nullable(whole(1)),
};

const image = v.strictObject({
  /** Which option named it. */
  role: v.picklist(["kernel", "rom", "initrd", "module", "switcher",
    "block"]),
  /** Empty for the default Guest. */
  path: v.string(),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  /** A module's text. */
  text: v.optional(v.string()),
  /** Which Guest's it is, counted from 0. */
  guest: v.optional(whole(0, MOST_GUESTS - 1)),
  /** What becomes of what a Guest writes to it, if it is a disk's. */
  mode: v.optional(v.picklist(DISK_MODES)),
});

const { rng, nets } = deviceShapes;
const guest = v.strictObject({ rng, nets,
  name: v.pipe(v.string(), v.regex(guestName)), append: v.string(),
  memory: memory(MOST_FOR_GUESTS), cpu: v.optional(whole(0, MOST_CPUS - 1)),
});

const config = v.variant("command", [
  v.strictObject({
    command: v.literal("run"),
    options: v.strictObject({ ...both, ...circumstances,
      guests: v.pipe(v.array(guest), v.minLength(1),
        v.maxLength(MOST_GUESTS)),
      pge: v.picklist(["all-cpus", "this-cpu"]),
      hostPages: v.picklist(["4m", "4k"]),
      abi: v.picklist(["extended", "strict"]),
      terminal: v.optional(terminalShape) }),
    images: v.array(image),
  }),
  v.strictObject({
    command: v.literal("machine"),
    options: v.strictObject({ ...both, append: v.string(),
      memory: memory(MOST_FOR_MACHINES), date: v.optional(dateShape),
      postPort: v.optional(whole(0, 0xffff)) }),
    images: v.array(image),
  }),
]);
const time = v.pipe(v.number(), v.minValue(0),
  v.maxValue(Number.MAX_SAFE_INTEGER));

/** How often the Guests had been started again. */
const boot = v.optional(whole(1));

const stamped = {
  boot, sequence: whole(0), time, counts: v.array(whole(0)),
  bytes: v.pipe(v.string(), v.regex(/^([0-9a-f]{2})+$/)),
};

const entry = v.variant("source", [
  v.strictObject({ ...stamped, source: v.literal("com1") }),
  v.strictObject({ ...stamped, source: v.literal("console"),
    guest: whole(0, MOST_GUESTS - 1) }),
]);

const last = v.strictObject({ end: v.strictObject({
  boot, instructions: whole(0), status: whole(0, 255), sentence: v.string(),
  /** Machine time in ticks. */
  time,
  /** Checksum of the block, in hexadecimal. */
  state: v.pipe(v.string(), v.regex(/^[0-9a-f]{8}$/)),
}) });

/** A file that the run depends on. */
export type RunImage = v.InferOutput<typeof image>;
/** What a run was started with. */
export type RunConfig = v.InferOutput<typeof config>;
/** How a run ended. */
export type RunEnd = v.InferOutput<typeof last>["end"];
/** What came in, and since which start. */
export type RunInput = InputEntry & { readonly boot?: number | undefined };

/** A run, written down. */
export interface RunFile<Config = RunConfig> {
  readonly config: Config;
  readonly inputs: readonly RunInput[];
  readonly end?: RunEnd;
}

const FIRST_LINE = "lguest run 3";

/** The first lines of a run file. */
export function runFileHead(written: RunConfig): string {
  return `${FIRST_LINE}\n${JSON.stringify(written)}\n`;
}

/** The last line of a run file. */
export function runFileEnd(end: RunEnd): string {
  return `${JSON.stringify({ end })}\n`;
}

/** Reads a run file; UserError if it isn't one. */
export function readRunFile(text: string): RunFile {
  const [first, ...rest] = text.split("\n");
  if (first !== FIRST_LINE) {
    throw new UserError(first?.startsWith("lguest run ")
      ? "is a run file of another version; record it again"
      : "is not a run file; --record FILE writes one");
  }
  if (!isJson(rest.at(-1)!)) rest.pop();
  const read = <S extends v.GenericSchema>(schema: S, i: number) =>
    readBack(rest[i] ?? "", schema, "run file", `line ${i + 2}`);
  const head = read(config, 0), inputs: RunInput[] = [];
  checkImages(head);
  checkTurns(head.options);
  if (head.command === "run") checkGuests(head.options);
  for (let i = 1; i < rest.length; i++) {
    if (i === rest.length - 1 && rest[i]!.startsWith('{"end"')) {
      const { end } = read(last, i);
      return { config: head, inputs, end };
    }
    inputs.push(inOrder(read(entry, i), inputs, head));
  }
  return { config: head, inputs };
}
function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
const bootOf = ({ boot = 0 }: { boot?: number | undefined }) => boot;

function inOrder(
  entry: RunInput, before: readonly RunInput[], head: RunConfig,
): RunInput {
  const { sequence, time, counts } = entry, last = before.at(-1);
  const again = bootOf(entry) > bootOf(last ?? {});
  const former = again ? undefined : last;
  const good = (again ? head.options.reboot
    : bootOf(entry) === bootOf(last ?? {})) && canHear(entry, head) &&
    sequence === (former ? former.sequence + 1 : 0) &&
    counts.length === head.options.cpus && time >= (former?.time ?? 0) &&
    counts.every((n, i) => n >= (former?.counts[i] ?? 0));
  if (good) return entry;
  throw new UserError(`is a damaged run file: line ${before.length + 3} ` +
    "doesn't follow the one before; copy it again");
}

function canHear({ source, guest = 0 }: RunInput, head: RunConfig): boolean {
  return head.command === "machine" ? source === "com1"
    : source === "console" && guest < head.options.guests.length;
}

function checkImages(head: RunConfig): void {
  const good = head.command === "run"
    ? forGuests(head.images, head.options.guests)
    : forMachine(head.images);
  if (good) return;
  throw new UserError("is a damaged run file: line 2, images, are no set " +
    `for lguest ${head.command}; copy it again`);
}

const count = (images: readonly RunImage[], role: RunImage["role"]) =>
  images.filter((one) => one.role === role).length;

function forMachine(images: readonly RunImage[]): boolean {
  const kernels = count(images, "kernel");
  return kernels + count(images, "rom") <= 1 &&
    count(images, "initrd") <= kernels && count(images, "switcher") === 0 &&
    (kernels === 1 || count(images, "module") === 0) &&
    images.every(({ path, guest, role }) =>
      path !== "" && guest === undefined && role !== "block");
}

function forGuests(
  all: readonly RunImage[], guests: GuestRun["guests"],
): boolean {
  const disks = all.filter(({ role }) => role === "block");
  const images = all.filter(({ role }) => role !== "block");
  const keys = images.map(({ role, guest }) => `${role} ${guest}`);
  const numbers = guests.map((_, i) => i);
  const kernels = numbers.map((i) => `kernel ${i}`);
  const known = [...kernels, ...numbers.map((i) => `initrd ${i}`),
    "switcher undefined"];
  return new Set(keys).size === keys.length &&
    keys.every((key) => known.includes(key)) &&
    kernels.every((key) => keys.includes(key)) &&
    all.every(({ role, path }) => path !== "" || role === "kernel") &&
    all.every(({ role, mode }) =>
      (role === "block") === (mode !== undefined)) &&
    disks.every(({ guest = guests.length }) => guest < guests.length) &&
    guests.every((one, i) => fewEnough({ ...one,
      disks: disks.filter(({ guest }) => guest === i) }));
}
function checkTurns({ schedule, cpus }: RunConfig["options"]): void {
  if (fits(schedule, cpus)) return;
  throw new UserError("is a damaged run file: line 2, schedule, leaves out " +
    "a CPU, or names one that isn't there; copy it again");
}

type GuestRun = Extract<RunConfig, { command: "run" }>["options"];

function checkGuests(options: GuestRun): void {
  const { guests, cpus } = options;
  const names = new Set(guests.map(({ name }) => name));
  if (names.size === guests.length && cpusThere(options, guests, cpus)) return;
  throw new UserError("is a damaged run file: line 2, options, name a Guest " +
    "twice, or a CPU that isn't there; copy it again");
}
