// Woven from chapters/810-guests.md.
import {
  checkInitrd, COMMAND_LINE_MAX, guestName, MiB, MOST_FOR_GUESTS,
  MOST_GUESTS, parseKernel, refuseNoGuest, UserError,
} from "../launcher";
import type { BootOptions } from "../launcher";
import { checkRoom, devicesOf, diskOf } from "./images";
import type { DevicesCall } from "./images";
import { inFile } from "./io";
import type { Io } from "./io";
import { kernelBytes } from "./kernels";
import { cpuOf, number } from "./numbers";
import { unpacked } from "./unpack";
import type { Values } from "./words";

/** A Guest that was asked for. */
export interface GuestCall extends DevicesCall {
  readonly name: string;
  /** Its file; the default Guest has none. */
  readonly kernel?: string;
  readonly initrd?: string;
  readonly append: string;
  /** Bytes. */
  readonly memory: number;
  readonly cpu?: number;
}

const ONCE = ["name", "kernel", "initrd", "memory", "cpu", "rng"];
const OFTEN = ["block", "net"], KEYS = [...ONCE, ...OFTEN, "append"];

function fieldsOf(spec: string): ReadonlyMap<string, string[]> {
  const wrong = (why: string) => new UserError(`--guest ${spec}: ${why}`);
  const [, head = "", append] =
    /^(.*?)(?:(?:^|,)append=(.*))?$/s.exec(spec)!;
  const fields = new Map<string, string[]>();
  const pieces = head === "" ? [] : head.split(",");
  if (pieces[0] === "default") pieces.shift();
  for (const piece of pieces) {
    const [, key = "", value] = /^([^=]*)(?:=(.*))?$/s.exec(piece)!;
    if (!KEYS.includes(key)) {
      throw wrong(`there is no key "${key}"; there are ${KEYS.join(", ")}`);
    }
    const before = fields.get(key) ?? [];
    if (before.length && ONCE.includes(key))
      throw wrong(`${key} is given twice; leave one out`);
    if (key === "rng" && value !== undefined)
      throw wrong("rng takes no value");
    if (key !== "rng" && !value)
      throw wrong(`${key} needs a value: ${key}=...`);
    fields.set(key, [...before, value ?? ""]);
  }
  if (append !== undefined) fields.set("append", [append]);
  return fields;
}
function guestOf(
  spec: string, nth: number, memory: number, cpus: number,
): GuestCall {
  const fields = fieldsOf(spec), one = (key: string) => fields.get(key)?.[0];
  const name = one("name") ?? `Guest ${nth}`;
  if (!guestName.test(name)) {
    throw new UserError(`--guest ${spec}: a name has up to 16 ASCII ` +
      "characters without a colon or comma, and no space at its ends");
  }
  const [kernel, initrd, size, cpu] =
    ["kernel", "initrd", "memory", "cpu"].map(one);
  return {
    name, append: one("append") ?? "",
    memory: memoryOf(`guest ${spec}: memory`, size, memory),
    ...(kernel !== undefined && { kernel }),
    ...(initrd !== undefined && { initrd }),
    ...(cpu !== undefined &&
      { cpu: cpuOf(`guest ${spec}: cpu`, cpu, cpus) }),
    ...devicesOf(`guest ${spec}: `, { rng: fields.has("rng"),
      block: fields.get("block"), net: fields.get("net") }),
  };
}

function memoryOf(
  option: string, text: string | undefined, otherwise: number,
): number {
  const most = MOST_FOR_GUESTS / MiB;
  return number(option, text, otherwise / MiB, 1, most) * MiB;
}

/** The Guests that were asked for, one at least; throws UserError. */
export function understandGuests(
  values: Values, cpus: number,
): readonly GuestCall[] {
  const { kernel, initrd, append = "", guest: specs } = values;
  const memory = memoryOf("memory", values.memory, 64 * MiB);
  if (specs === undefined) {
    return [{ name: "the Guest", append, memory,
      ...(kernel !== undefined && { kernel }),
      ...(initrd !== undefined && { initrd }), ...devicesOf("", values) }];
  }
  checkSeveral(values, specs.length);
  return distinct(specs.map((spec, i) => guestOf(spec, i + 1, memory, cpus)));
}
function checkSeveral(values: Values, guests: number): void {
  const lost = (["kernel", "initrd", "append", "block", "net", "rng"] as const)
    .find((name) => values[name] !== undefined);
  if (lost) {
    throw new UserError(`--${lost} is nobody's among several; ` +
      `write --guest ${lost}${lost === "rng" ? "" : "=..."}`);
  }
  if (guests > MOST_GUESTS) {
    throw new UserError(`--guest is there ${guests} times, and the Host ` +
      `has room for ${MOST_GUESTS}; leave some out`);
  }
}

function distinct(guests: readonly GuestCall[]): readonly GuestCall[] {
  const names = guests.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice === undefined) return guests;
  throw new UserError(`--guest: two are named ${twice}; give one of them ` +
    "another name=");
}

type GuestFiles = BootOptions["guests"][number];

const MOST_TOGETHER = 56_000;

/** What the Guests begin as; throws UserError. */
export function filesOf(
  guests: readonly GuestCall[], io: Io,
): GuestFiles[] {
  const files = guests.map((guest) => fileOf(guest, guests.length, io));
  const bytes = (text: string) => new TextEncoder().encode(text).length;
  const all = files.reduce((n, one) => n + bytes(one.commandLine), 0);
  checkRoom(files);
  if (all <= MOST_TOGETHER) return files;
  throw new UserError(`the Guests' command lines are ${all} bytes long, ` +
    `and there is room for ${MOST_TOGETHER}; shorten some`);
}

function fileOf(guest: GuestCall, of: number, io: Io): GuestFiles {
  const { name, kernel, initrd: disk, append, memory, cpu } = guest;
  const { disks, rng, nets } = guest;
  const image = kernelBytes(kernel, io);
  const plan = inFile(kernel ?? "the default Guest", () => {
    [image, ...unpacked(image)].forEach(refuseNoGuest);
    return parseKernel(image, memory);
  });
  const initrd = disk === undefined ? undefined : io.read(disk);
  if (initrd) inFile(disk!, () => {
    if (initrd.length === 0) throw new UserError("is empty; make it again");
    checkInitrd(plan, initrd, memory);
  });
  const length = new TextEncoder().encode(append).length;
  if (length > COMMAND_LINE_MAX) {
    throw new UserError(`${of > 1 ? `${name}'s append` : "--append"} is ` +
      `${length} bytes long, and a kernel reads ${COMMAND_LINE_MAX}; ` +
      "shorten it");
  }
  return { name, image, memory, commandLine: append,
    ...(initrd && { initrd }), ...(cpu !== undefined && { cpu }),
    ...(disks && { disks: disks.map((one, n) => diskOf(one, n, io)) }),
    ...(rng && { rng }), ...(nets && { nets }) };
}
