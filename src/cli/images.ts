// Woven from chapters/811-images.md.
// Disks and networks that are asked for, and the files behind disks.
import {
  DISK_MODES, fewEnough, MiB, MOST_DEVICES, MOST_STORAGE, netName, SECTOR,
  storageFor, UserError,
} from "../launcher";
import type {
  BootOptions, DiskFile, DiskMode, End, GuestDevices, GuestDisk, Session,
} from "../launcher";
import { counted } from "../machine";
import type { DiskCall, Io } from "./io";
import type { Values } from "./words";

/** The devices that were asked for, for a Guest. */
export interface DevicesCall {
  readonly disks?: readonly DiskCall[];
  readonly rng?: boolean;
  readonly nets?: readonly string[];
}

function diskCall(option: string, word: string): DiskCall {
  const [, path = "", mode = "rw"] = new RegExp(
    `^(.*?)(?::(${DISK_MODES.join("|")}))?$`, "s").exec(word)!;
  if (path) return { path, mode: mode as DiskMode };
  throw new UserError(`--${option} needs a FILE`);
}

function netCall(option: string, word: string): string {
  if (netName.test(word)) return word;
  throw new UserError(`--${option} ${word}: a network's name has 1 to 16 ` +
    "letters, digits, dots, dashes and underscores");
}
/** Understands devices; `where` is in front of an option's name. */
export function devicesOf(
  where: string, { block, net, rng }: Pick<Values, "block" | "net" | "rng">,
): DevicesCall {
  const call: DevicesCall = {
    ...(block && { disks: block.map((word) =>
      diskCall(`${where}block`, word)) }),
    ...(rng && { rng }),
    ...(net && { nets: net.map((word) => netCall(`${where}net`, word)) }),
  };
  if (fewEnough(call)) return call;
  throw new UserError(`--${where}block, net and rng are more than ` +
    `${MOST_DEVICES} devices, and there are slots for so many; leave some ` +
    "out");
}

/** A Guest's nth disk, with what is on it. */
export function diskOf(
  { path, mode }: DiskCall, n: number, io: Io,
): GuestDisk {
  const image = io.read(path), size = image.length;
  if (size === 0) {
    throw new UserError(`${path} is empty, and a disk's image is not; try ` +
      "truncate -s 16M");
  }
  if (size % SECTOR) {
    throw new UserError(`${path} is ${size} bytes long, and an image is a ` +
      `multiple of ${SECTOR}; was it cut, or try truncate -s %${SECTOR}`);
  }
  if (size > MOST_STORAGE) {
    throw new UserError(`${path} is ${Math.ceil(size / MiB)} MiB large, ` +
      `and there is room for ${MOST_STORAGE / MiB}; take a smaller image`);
  }
  return { size, mode, image, id: `disk${n}` };
}

/** Throws UserError if devices want more storage than there is. */
export function checkRoom(guests: readonly GuestDevices[]): void {
  const size = storageFor(guests);
  if (size <= MOST_STORAGE) return;
  throw new UserError(`all disks and networks take ` +
    `${Math.ceil(size / MiB)} MiB, and there is room for ` +
    `${MOST_STORAGE / MiB}; leave some out, or take smaller images`);
}

/** By Guest and disk: the files in which disks are kept. */
export type Images = readonly (readonly (DiskFile | undefined)[])[];

/** Opens the images that are going to be written to. */
export function openImages(
  { guests, replay }: { readonly guests: readonly DevicesCall[];
    readonly replay?: string | undefined }, io: Io,
): Images {
  return guests.map(({ disks = [] }) => disks.map(({ path, mode }) =>
    (mode === "rw" && replay === undefined ? io.update(path) : undefined)));
}

/** With disks that are kept in these files. What an earlier session has
 * written is on them, be it kept or not. */
export function withImages(
  options: BootOptions, images: Images, before?: Session,
): BootOptions {
  const guests = options.guests.map((guest, i) => ({ ...guest,
    ...(guest.disks && { disks: guest.disks.map((disk, n) => {
      const file = images[i]![n];
      const image = before?.devices.contents(i, n) ?? disk.image!;
      return { ...disk, image, ...(file && { file }) };
    }) }) }));
  return { ...options, guests };
}
/** Writes what is left to be written, if the Guests came to an end of
 * their own; what there is to say of their networks. */
export function endDevices({ devices, options }: Session, end: End): string[] {
  if (end.status < 2 && end.guests.length) devices.flush();
  return devices.ports.flatMap(({ guest, net, lost }) =>
    (lost === 0 ? [] : [`${options.guests[guest]!.name} lost ` +
      `${counted(lost, "frame")} of the network ${net}: it did not fetch ` +
      "them in time"]));
}
