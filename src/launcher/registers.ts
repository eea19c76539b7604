// Woven from chapters/925-virtio.md.
// Where a Launcher keeps what it knows of its Guest's devices.
import { nameWords } from "../machine";
import type { Machine, NamedWords } from "../machine";
import { queueWords } from "./virtqueue";

/** Bytes of storage for each Guest's Launcher: the bus and 31 slots of 256,
 * and what has been typed. */
export const LAUNCHER_BYTES = 0x4000;
const SLOT = 256, SLOTS = 32, TYPED = SLOT * SLOTS;
/** Bytes that can wait to be read by the Guest. */
export const TYPED_SIZE = 0x1000;

const busWords = ["address", "typedHead", "typedCount", "typedLost"] as const;
export type BusWords = NamedWords<typeof busWords[number]>;

const slotWords = [
  // The virtio device.
  "status", "isr", "generation", "featureSelect", "driverSelect",
  "driverLow", "driverHigh", "queueSelect",
  // Its configuration space.
  "bar0", "bar1", "bar2", "bar3", "bar4", "bar5", "rom", "cacheLine",
  "windowBar", "windowOffset", "windowLength",
  // What the kind of device needs.
  "first", "second",
] as const;
export type SlotWords = NamedWords<typeof slotWords[number]>;
export type QueueWords = NamedWords<typeof queueWords[number]>;
const QUEUES = 32;

/** The words of Guest `guest`'s Launcher in a machine's storage. */
export class LauncherState {
  readonly bus: BusWords;
  readonly typed: Uint8Array;

  constructor(
    private readonly machine: Machine, private readonly guest: number,
  ) {
    this.bus = nameWords(this.words(0), busWords);
    const at = guest * LAUNCHER_BYTES + TYPED;
    this.typed = machine.storage.subarray(at, at + TYPED_SIZE);
  }

  private words(offset: number): Int32Array {
    const { buffer, byteOffset } = this.machine.storage;
    return new Int32Array(buffer,
      byteOffset + this.guest * LAUNCHER_BYTES + offset, QUEUES);
  }

  /** The registers of the device in a slot, 1 to 31. */
  slot(slot: number): SlotWords {
    return nameWords(this.words(SLOT * slot), slotWords);
  }

  /** The registers of its queues: four at most. */
  queues(slot: number, count: number): QueueWords[] {
    return Array.from({ length: count }, (_, n) => nameWords(
      this.words(SLOT * slot + 4 * (QUEUES + queueWords.length * n)),
      queueWords));
  }
}
