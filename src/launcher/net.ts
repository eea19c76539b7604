// Woven from chapters/927-virtio-devices.md.
// virtio-net (5.1), and the switches between Guests.
import type { DevLguest } from "../lguest";
import { nameWords } from "../machine";
import type { NamedWords } from "../machine";
import { Fifo, fifoWords } from "./registers";
import type { Kind, Transport } from "./transport";
import { valueAt } from "./values";
import { BrokenRing } from "./virtqueue";

/** Is given each frame that a switch has seen, with the machine's time. */
export type FrameSink =
  (net: string, frame: Uint8Array, nanoseconds: number) => void;

/** Names of switches. */
export const netName = /^[A-Za-z0-9_.-]{1,16}$/;

const RECEIVE = 0, SEND = 1;
/** Features: it has an address, and tells whether the cable is in. */
const MAC = 0x20, STATUS = 0x10000;
const CONFIG = 8, HEADER = 12, SMALLEST = 14, LARGEST = 1514;
/** Behind these words are the frames that wait, a length before each. */
const portWords = [...fifoWords, "lost"] as const, LENGTH = 2;
export const PORT_BYTES = 0x10000;

/** A place at a switch: whose, at which address, and what waits for it. */
export class Port {
  private readonly r: NamedWords<typeof portWords[number]>;
  private readonly waiting: Fifo;

  constructor(
    readonly net: string, readonly guest: number, readonly address: Uint8Array,
    storage: Uint8Array,
  ) {
    this.r = nameWords(
      new Int32Array(storage.buffer, storage.byteOffset, 4), portWords);
    this.waiting = new Fifo(this.r, storage.subarray(16, PORT_BYTES));
  }

  get waits(): boolean {
    return this.waiting.count > 0;
  }

  /** Frames that have found no room. */
  get lost(): number {
    return this.r.lost;
  }

  /** A frame arrives; false if it is lost. */
  put(frame: Uint8Array): boolean {
    const { waiting } = this, { length } = frame;
    if (LENGTH + length > waiting.room) {
      this.r.lost += 1;
      return false;
    }
    waiting.put(Uint8Array.of(length, length >> 8));
    waiting.put(frame);
    return true;
  }

  /** The first frame leaves. */
  take(): Uint8Array {
    return this.waiting.take(valueAt(this.waiting.take(LENGTH), 0, LENGTH));
  }
}

/** The address of a Guest's nth card. */
export function cardAddress(guest: number, n: number): Uint8Array {
  return Uint8Array.of(2, 0, 0, 0, guest, n);
}

/** A card at a port of its switch; `ports` are all there are. */
export function netKind(
  port: Port, ports: readonly Port[], dump?: FrameSink,
): Kind {
  const config = new Uint8Array(CONFIG);
  config.set(port.address);
  config[6] = 1;
  const others = ports.filter((one) => one !== port && one.net === port.net);
  const send = (dev: DevLguest, frame: Uint8Array) => {
    const { time, layout } = dev.cpu.board;
    dump?.(port.net, frame, time * (1e9 / layout.ticksPerSecond));
    for (const to of receivers(others, frame))
      if (to.put(frame)) dev.signal(to.guest);
  };
  const receive = (dev: DevLguest, device: Transport) =>
    device.serve(dev, RECEIVE, () => port.waits, (chain) => {
      if (chain.readSize)
        throw new BrokenRing("something to read in its receive queue");
      const frame = port.take();
      if (chain.writeSize < HEADER + frame.length) return 0;
      const header = new Uint8Array(HEADER);
      header[10] = 1;
      chain.write(header);
      chain.write(frame, HEADER);
      return HEADER + frame.length;
    });
  return {
    name: "network card", id: 1, classCode: 0x0200, queues: 2,
    features: MAC | STATUS, config,
    notified(dev, device, queue) {
      if (queue === RECEIVE) return receive(dev, device);
      device.serve(dev, SEND, () => true, (chain) => {
        if (chain.writeSize)
          throw new BrokenRing("something to write in its send queue");
        const bytes = chain.read(), frame = bytes.subarray(HEADER);
        if (frame.length >= SMALLEST && frame.length <= LARGEST)
          send(dev, frame);
        return 0;
      });
    },
    attend: receive,
  };
}

/** Who gets a frame: the one that it is for, or all others. */
function receivers(others: readonly Port[], frame: Uint8Array): Port[] {
  const meant = others.filter(({ address }) =>
    address.every((byte, i) => byte === frame[i]));
  return meant.length ? meant : [...others];
}
