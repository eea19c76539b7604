// Woven from chapters/927-virtio-devices.md.
// virtio-net (5.1), and the switches between Guests.
import type { DevLguest } from "../lguest";
import type { Kind, Transport } from "./transport";
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
/** Frames that wait for a Guest, and what lies before them: where the first
 * byte is, how many there are, and how many frames were lost. */
const FIFO_BYTES = 0x10000 - 16, LENGTH = 2;
export const PORT_BYTES = 0x10000;

/** A place at a switch: whose, at which address, and what waits for it. */
export class Port {
  private readonly words: Int32Array;
  private readonly fifo: Uint8Array;

  constructor(
    readonly net: string, readonly guest: number, readonly address: Uint8Array,
    storage: Uint8Array,
  ) {
    this.words = new Int32Array(storage.buffer, storage.byteOffset, 4);
    this.fifo = storage.subarray(16, 16 + FIFO_BYTES);
  }

  get waits(): boolean {
    return this.words[1]! > 0;
  }

  /** Frames that have found no room. */
  get lost(): number {
    return this.words[2]!;
  }

  /** A frame arrives; false if it is lost. */
  put(frame: Uint8Array): boolean {
    const { words } = this, length = frame.length;
    if (words[1]! + LENGTH + length > FIFO_BYTES) {
      words[2]! += 1;
      return false;
    }
    this.copyIn(words[0]! + words[1]!, Uint8Array.of(length, length >> 8));
    this.copyIn(words[0]! + words[1]! + LENGTH, frame);
    words[1]! += LENGTH + length;
    return true;
  }

  /** The first frame leaves. */
  take(): Uint8Array {
    const { words } = this, at = words[0]!;
    const [low = 0, high = 0] = this.copyOut(at, LENGTH);
    const length = low | high << 8;
    const frame = this.copyOut(at + LENGTH, length);
    words[0] = (at + LENGTH + length) % FIFO_BYTES;
    words[1]! -= LENGTH + length;
    return frame;
  }

  private copyIn(at: number, bytes: Uint8Array): void {
    const from = (at >>> 0) % FIFO_BYTES;
    const first = Math.min(bytes.length, FIFO_BYTES - from);
    this.fifo.set(bytes.subarray(0, first), from);
    this.fifo.set(bytes.subarray(first), 0);
  }

  private copyOut(at: number, length: number): Uint8Array {
    const from = (at >>> 0) % FIFO_BYTES, bytes = new Uint8Array(length);
    const head = this.fifo.subarray(from, from + length);
    bytes.set(head);
    bytes.set(this.fifo.subarray(0, length - head.length), head.length);
    return bytes;
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
    features: MAC | STATUS, configSize: CONFIG,
    readConfig: (at) => config[at]!,
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
