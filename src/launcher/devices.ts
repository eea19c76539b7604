// Woven from chapters/927-virtio-devices.md.
// The devices of all Guests of a session, in the machine's storage.
import * as v from "valibot";
import { tellNews } from "../host";
import type { GuestFiles } from "../lguest";
import type { Machine } from "../machine";
import { Bus } from "./bus";
import { consoleKind } from "./console";
import type { TerminalSize } from "./console";
import { Disk, DISK_MODES, diskStorage, SECTOR } from "./disk";
import type { DiskFile, DiskOptions } from "./disk";
import type { ConsoleSink } from "./launcher";
import { cardAddress, netKind, netName, Port, PORT_BYTES } from "./net";
import type { FrameSink } from "./net";
import { whole } from "./readback";
import { LAUNCHER_BYTES, LauncherState } from "./registers";
import type { QueueWords } from "./registers";
import { rngKind } from "./rng";
import type { Kind } from "./transport";

/** A disk that a Guest has. */
export interface GuestDisk extends DiskOptions {
  /** What is on it at first. */
  readonly image?: Uint8Array;
  /** Where what is written shall go. */
  readonly file?: DiskFile;
}

/** What a Guest has besides its console. */
export interface GuestDevices {
  readonly disks?: readonly GuestDisk[];
  /** Whether it has a source of random numbers. */
  readonly rng?: boolean;
  /** The switches that it has network cards at. */
  readonly nets?: readonly string[];
}

/** Slots of a bus, but for the bridge's and the console's; and bytes of all
 * that devices store. */
export const MOST_DEVICES = 30;
export const MOST_STORAGE = 0x40000000;

/** What a file may claim of them. */
export const deviceShapes = {
  disks: v.optional(v.array(v.strictObject({
    size: v.pipe(whole(SECTOR, MOST_STORAGE), v.multipleOf(SECTOR)),
    mode: v.picklist(DISK_MODES), id: v.pipe(v.string(), v.maxLength(20)) }))),
  rng: v.optional(v.boolean()),
  nets: v.optional(v.pipe(
    v.array(v.pipe(v.string(), v.regex(netName))), v.readonly())),
};

/** Whether all of them have a slot. */
export function fewEnough({ disks = [], rng, nets = [] }: {
  readonly disks?: readonly unknown[] | undefined;
  readonly rng?: boolean | undefined;
  readonly nets?: readonly string[] | undefined;
}): boolean {
  return disks.length + (rng ? 1 : 0) + nets.length <= MOST_DEVICES;
}

/** A Guest to be, with its devices. */
export interface GuestOptions extends GuestFiles, GuestDevices {}

/** Who sees what devices do. */
export interface DeviceSinks {
  readonly print: ConsoleSink;
  readonly dump?: FrameSink | undefined;
}

/** Bytes of storage that the devices of these Guests take. */
export function storageFor(guests: readonly GuestDevices[]): number {
  return guests.reduce((sum, { disks = [], nets = [] }) =>
    sum + LAUNCHER_BYTES + nets.length * PORT_BYTES +
    disks.reduce((all, { size }) => all + diskStorage(size), 0), 0);
}

/** All devices: views of the storage, and no state beside it. */
export class Devices {
  readonly buses: readonly Bus[];
  readonly ports: readonly Port[];
  private readonly states: readonly LauncherState[];
  private readonly disks: readonly Disk[][];

  constructor(
    private readonly machine: Machine,
    private readonly guests: readonly GuestDevices[],
    { print, dump }: DeviceSinks, size?: TerminalSize,
  ) {
    const { storage } = machine;
    let at = guests.length * LAUNCHER_BYTES;
    const part = (bytes: number) => storage.subarray(at, at += bytes);
    this.states = guests.map((_, i) => new LauncherState(machine, i));
    this.ports = guests.flatMap(({ nets = [] }, guest) =>
      nets.map((net, n) => new Port(net, guest, cardAddress(guest, n),
        part(PORT_BYTES))));
    this.disks = guests.map(({ disks = [] }) => disks.map((disk) =>
      new Disk(part(diskStorage(disk.size)), disk, disk.file)));
    this.buses = guests.map(({ rng }, i) => new Bus(this.states[i]!, [
      consoleKind(this.states[i]!, print, size), ...this.disks[i]!,
      ...rng ? [rngKind] : [], ...this.cardsOf(i, dump)]));
  }

  private cardsOf(guest: number, dump: FrameSink | undefined): Kind[] {
    return this.ports.filter((port) => port.guest === guest)
      .map((port) => netKind(port, this.ports, dump));
  }

  /** The machine is switched on: disks have on them what they came with. */
  begin(): void {
    this.guests.forEach(({ disks = [] }, i) => disks.forEach(({ image }, n) =>
      image && this.disks[i]![n]!.fill(image)));
  }

  /** Where a queue is, of the device in a slot of a Guest's bus. */
  queueOf(guest: number, slot: number, queue: number): QueueWords {
    const device = this.buses[guest]!.devices[slot - 1]!;
    return this.states[guest]!.queues(slot, device.kind.queues)[queue]!;
  }

  /** Whether a Guest has a driver for its console. */
  listens(guest: number): boolean {
    return this.buses[guest]!.devices[0]!.lives;
  }

  /** How many bytes can be typed to a Guest now. */
  roomToType(guest: number): number {
    return this.states[guest]!.typed.room;
  }

  /** Bytes are typed to a Guest; those beyond the room are lost. */
  type(guest: number, bytes: Uint8Array): void {
    const { typed } = this.states[guest]!;
    typed.put(bytes.subarray(0, this.roomToType(guest)));
    tellNews(this.machine, guest);
  }

  /** What is on a Guest's disk now. */
  contents(guest: number, disk: number): Uint8Array {
    return this.disks[guest]![disk]!.contents;
  }

  /** All that was written goes where it is kept: power goes off in order. */
  flush(): void {
    for (const disk of this.disks.flat()) disk.flush();
  }
}
