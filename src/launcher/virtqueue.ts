// Woven from chapters/230-rings.md.
// The device's side of a virtqueue (virtio 1.0, 2.4).
import type { DevLguest } from "../lguest";
import type { NamedWords } from "../machine";

/** The most descriptors in a ring. */
export const QUEUE_SIZE = 256;
/** The most bytes that one chain may lead to. */
export const CHAIN_MOST = 4 << 20;

/** What a device knows of one of its queues. */
export const queueWords = ["size", "enabled", "desc", "avail", "used",
  "taken", "returned", "busy"] as const;
type QueueWords = NamedWords<typeof queueWords[number]>;

/** A Guest that broke the rules of its rings; the message says which. */
export class BrokenRing extends Error {}

/** A piece of Guest memory that a descriptor names. */
interface Part { readonly address: number; readonly length: number }

/** What the driver has made available in one go: what the device is to
 * read, and behind it what it is to write. */
export class Chain {
  constructor(
    private readonly dev: DevLguest, readonly head: number,
    private readonly readable: readonly Part[],
    private readonly writable: readonly Part[],
    /** What it costs: its bytes, and those of its descriptors. */
    readonly cost: number,
  ) {}

  /** Bytes that the device is to read. */
  get readSize(): number {
    return sizeOf(this.readable);
  }

  /** Bytes that the device may write. */
  get writeSize(): number {
    return sizeOf(this.writable);
  }

  /** A copy of all that there is to read. */
  read(): Uint8Array {
    const bytes = new Uint8Array(this.readSize);
    let at = 0;
    for (const { address, length } of this.readable) {
      bytes.set(this.dev.readGuest(address, length)!, at);
      at += length;
    }
    return bytes;
  }

  /** Writes as much as there is room for, from an offset on. */
  write(bytes: Uint8Array, offset = 0): void {
    let from = 0, skip = offset;
    for (const { address, length } of this.writable) {
      const first = Math.min(skip, length);
      const some = bytes.subarray(from, from + length - first);
      this.dev.writeGuest(address + first, some);
      skip -= first;
      from += some.length;
    }
  }
}

const sizeOf = (parts: readonly Part[]) =>
  parts.reduce((sum, { length }) => sum + length, 0);

/** A ring of descriptors, as its device sees it. */
export class Virtqueue {
  constructor(
    private readonly dev: DevLguest, private readonly r: QueueWords,
  ) {}

  /** The next chain, if the driver has made one available. */
  take(): Chain | undefined {
    const { r } = this, size = r.size, avail = r.avail >>> 0;
    if (!r.enabled) return undefined;
    const waiting = (this.half(avail + 2) - r.taken) & 0xffff;
    if (waiting > size)
      throw new BrokenRing(`${waiting} chains in a ring of ${size}`);
    if (waiting === 0) return undefined;
    const head = this.half(avail + 4 + 2 * (r.taken % size));
    r.taken = (r.taken + 1) & 0xffff;
    return this.follow(head);
  }

  private follow(head: number): Chain {
    const readable: Part[] = [], writable: Part[] = [];
    let table = this.r.desc >>> 0, count = this.r.size, n = head, bytes = 0;
    let inside = false;
    for (let steps = 0; ; steps++) {
      if (n >= count)
        throw new BrokenRing(`descriptor ${n} in a table of ${count}`);
      if (steps > QUEUE_SIZE) throw new BrokenRing("a chain without an end");
      const d = this.bytes(table + 16 * n, 16);
      const address = d.getUint32(0, true), length = d.getUint32(8, true);
      const flags = d.getUint16(12, true);
      this.checkPart(d.getUint32(4, true), address, length);
      if (flags & INDIRECT) {
        if (inside || flags & NEXT || length % 16 !== 0)
          throw new BrokenRing("an indirect table where none can be");
        inside = true;
        table = address;
        count = length / 16;
        n = 0;
        continue;
      }
      if (flags & WRITE) writable.push({ address, length });
      else if (writable.length === 0) readable.push({ address, length });
      else throw new BrokenRing("something to read behind what is to write");
      bytes += length;
      if (bytes > CHAIN_MOST)
        throw new BrokenRing(`a chain of more than ${CHAIN_MOST} bytes`);
      if (!(flags & NEXT))
        return new Chain(this.dev, head, readable, writable,
          bytes + 16 * (steps + 1));
      n = d.getUint16(14, true);
    }
  }

  private checkPart(high: number, address: number, length: number): void {
    if (high === 0 && address + length <= this.dev.memory) return;
    throw new BrokenRing(`${length} bytes at 0x` +
      (high ? high.toString(16) : "") + address.toString(16)
        .padStart(high ? 8 : 1, "0"));
  }

  /** Gives a chain back, into which so many bytes were written. */
  give(chain: Chain, written: number): void {
    const { r } = this, used = r.used >>> 0;
    const entry = new DataView(new ArrayBuffer(8));
    entry.setUint32(0, chain.head, true);
    entry.setUint32(4, written, true);
    this.put(used + 4 + 8 * (r.returned % r.size), entry);
    r.returned = (r.returned + 1) & 0xffff;
    const index = new DataView(new ArrayBuffer(2));
    index.setUint16(0, r.returned, true);
    this.put(used + 2, index);
  }

  /** Whether the driver wants to be interrupted. */
  get wantsInterrupt(): boolean {
    return (this.half(this.r.avail >>> 0) & 1) === 0;
  }

  private bytes(address: number, length: number): DataView {
    const bytes = this.dev.readGuest(address, length);
    if (!bytes)
      throw new BrokenRing(`nothing is at 0x${address.toString(16)}`);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  }

  private half(address: number): number {
    return this.bytes(address, 2).getUint16(0, true);
  }

  private put(address: number, view: DataView): void {
    if (!this.dev.writeGuest(address, new Uint8Array(view.buffer)))
      throw new BrokenRing(`nothing is at 0x${address.toString(16)}`);
  }
}

/** Flags of a descriptor. */
const NEXT = 1, WRITE = 2, INDIRECT = 4;
