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

const busWords = ["address"] as const;
export type BusWords = NamedWords<typeof busWords[number]>;

const slotWords = [
  // The virtio device.
  "status", "isr", "featureSelect", "driverSelect", "driverLow",
  "driverHigh", "queueSelect",
  // Its configuration space.
  "bar0", "bar1", "bar2", "bar3", "bar4", "bar5", "rom", "cacheLine",
  "windowBar", "windowOffset", "windowLength",
  // What a source of random numbers goes on from.
  "random",
] as const;
export type SlotWords = NamedWords<typeof slotWords[number]>;
export type QueueWords = NamedWords<typeof queueWords[number]>;
const QUEUES = 32;

export const fifoWords = ["head", "count"] as const;

/** Bytes in a ring: what came first leaves first. */
export class Fifo {
  constructor(
    private readonly r: NamedWords<typeof fifoWords[number]>,
    private readonly bytes: Uint8Array,
  ) {}

  get count(): number {
    return this.r.count;
  }

  get room(): number {
    const { length } = this.bytes;
    return Math.min(length, Math.max(0, length - this.r.count));
  }

  /** Bytes come in; the caller has seen to the room. */
  put(some: Uint8Array): void {
    const { r, bytes } = this, size = bytes.length;
    const from = ((r.head + r.count) >>> 0) % size;
    const first = Math.min(some.length, size - from);
    bytes.set(some.subarray(0, first), from);
    bytes.set(some.subarray(first), 0);
    r.count += some.length;
  }

  /** So many leave. */
  take(length: number): Uint8Array {
    const { r, bytes } = this, taken = new Uint8Array(length);
    const from = (r.head >>> 0) % bytes.length;
    const first = bytes.subarray(from, from + length);
    taken.set(first);
    taken.set(bytes.subarray(0, length - first.length), first.length);
    r.head = (from + length) % bytes.length;
    r.count -= length;
    return taken;
  }
}

/** The words of Guest `guest`'s Launcher in a machine's storage. */
export class LauncherState {
  readonly bus: BusWords;
  /** What has been typed and not yet read. */
  readonly typed: Fifo;

  constructor(
    private readonly machine: Machine, private readonly guest: number,
  ) {
    const at = guest * LAUNCHER_BYTES + TYPED, words = this.words(0);
    this.bus = nameWords(words, busWords);
    this.typed = new Fifo(nameWords(words.subarray(busWords.length),
      fifoWords), machine.storage.subarray(at, at + TYPED_SIZE));
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
