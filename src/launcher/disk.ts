// Woven from chapters/927-virtio-devices.md.
// virtio-blk (5.2): sectors of 512 bytes.
import type { DevLguest } from "../lguest";
import type { Kind, Transport } from "./transport";
import { BrokenRing } from "./virtqueue";
import type { Chain } from "./virtqueue";

/** What may become of a Guest's writes: they go to the file, they are
 * refused, or they are forgotten in the end. */
export const DISK_MODES = ["rw", "ro", "cow"] as const;
export type DiskMode = (typeof DISK_MODES)[number];

/** What a disk is, apart from what is on it. */
export interface DiskOptions {
  /** Bytes, a multiple of 512. */
  readonly size: number;
  readonly mode: DiskMode;
  /** Up to 20 ASCII characters by which a Guest can tell it. */
  readonly id: string;
}

/** Where what a Guest has flushed is kept. Both throw if they can't. */
export interface DiskFile {
  write(offset: number, bytes: Uint8Array): void;
  sync(): void;
}

export const SECTOR = 512;
const PIECE = 4096;
/** What a request is (5.2.6), and how it went. */
const IN = 0, OUT = 1, FLUSH = 4, GET_ID = 8;
const OK = 0, IO_ERROR = 1, UNSUPPORTED = 2;
/** Features: most segments, read-only, flush. */
const SEG_MAX = 4, READ_ONLY = 0x20, CAN_FLUSH = 0x200;
const CONFIG = 60, ID_BYTES = 20, HEADER = 16;

/** Bytes of storage for a disk: its own, and a bit for each piece that was
 * written to since it was flushed. */
export function diskStorage(size: number): number {
  const up = (n: number) => Math.ceil(n / PIECE) * PIECE;
  return up(size) + up(Math.ceil(size / PIECE / 8));
}

/** A disk in a part of the storage. */
export class Disk implements Kind {
  readonly name = "disk";
  readonly id = 2;
  readonly classCode = 0x0180;
  readonly queues = 1;
  readonly features: number;
  readonly config = new Uint8Array(CONFIG);
  private readonly bytes: Uint8Array;
  private readonly changed: Uint8Array;

  constructor(
    storage: Uint8Array, private readonly options: DiskOptions,
    private readonly file?: DiskFile,
  ) {
    const { size, mode } = options;
    const pieces = Math.ceil(size / PIECE);
    this.bytes = storage.subarray(0, size);
    this.changed = storage.subarray(pieces * PIECE,
      pieces * PIECE + Math.ceil(pieces / 8));
    this.features = SEG_MAX | CAN_FLUSH | (mode === "ro" ? READ_ONLY : 0);
    const view = new DataView(this.config.buffer);
    view.setUint32(0, size / SECTOR, true);
    view.setUint32(12, 254, true);
  }

  /** A copy of what is on it. */
  get contents(): Uint8Array {
    return this.bytes.slice();
  }

  /** What is on it when the machine is switched on. */
  fill(image: Uint8Array): void {
    this.bytes.set(image.subarray(0, this.bytes.length));
  }

  notified(dev: DevLguest, device: Transport): void {
    device.serve(dev, 0, () => true, (chain) => this.request(chain));
    if (!(device.r.driverLow & CAN_FLUSH)) this.flush();
  }

  private request(chain: Chain): number {
    const { readSize, writeSize } = chain;
    if (readSize < HEADER || writeSize < 1)
      throw new BrokenRing("a request without header or status");
    const bytes = chain.read(), head = new DataView(bytes.buffer);
    const sector = head.getUint32(8, true) + 2 ** 32 * head.getUint32(12, true);
    const room = writeSize - 1, data = bytes.subarray(HEADER);
    const done = (status: number, written = 0) => {
      chain.write(Uint8Array.of(status), room);
      return written + 1;
    };
    switch (head.getUint32(0, true)) {
      case IN:
        if (!this.has(sector, room)) return done(IO_ERROR);
        chain.write(this.bytes.subarray(sector * SECTOR,
          sector * SECTOR + room));
        return done(OK, room);
      case OUT:
        if (this.options.mode === "ro" || !this.has(sector, data.length))
          return done(IO_ERROR);
        this.write(sector * SECTOR, data);
        return done(OK);
      case FLUSH:
        this.flush();
        return done(OK);
      case GET_ID:
        chain.write(this.idBytes().subarray(0, room));
        return done(OK, Math.min(ID_BYTES, room));
      default: return done(UNSUPPORTED);
    }
  }

  private has(sector: number, length: number): boolean {
    return length % SECTOR === 0 &&
      sector * SECTOR + length <= this.bytes.length;
  }

  private idBytes(): Uint8Array {
    const bytes = new Uint8Array(ID_BYTES);
    new TextEncoder().encodeInto(this.options.id, bytes);
    return bytes;
  }

  private write(at: number, data: Uint8Array): void {
    this.bytes.set(data, at);
    for (let n = Math.floor(at / PIECE); n * PIECE < at + data.length; n++)
      this.changed[n >> 3]! |= 1 << (n & 7);
  }

  /** Writes to the file what was not yet written there. */
  flush(): void {
    const { file, bytes, changed } = this;
    let any = false;
    for (let i = 0; i < changed.length; i++) {
      for (let n = 8 * i, bits = changed[i]!; bits; n++, bits >>= 1) {
        any = true;
        if (bits & 1)
          file?.write(n * PIECE, bytes.subarray(n * PIECE, (n + 1) * PIECE));
      }
    }
    if (!any) return;
    file?.sync();
    changed.fill(0);
  }
}
