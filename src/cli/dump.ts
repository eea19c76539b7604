// Woven from chapters/811-images.md.
// Frames in a file, as tcpdump reads them (pcap with nanoseconds).
import type { FrameSink } from "../launcher";
import type { Io, Output } from "./io";

const MAGIC = 0xa1b23c4d, MAJOR = 2, MINOR = 4, LONGEST = 0xffff,
  ETHERNET = 1, SECOND = 1e9;

/** What writes frames down, if somebody wants that. */
export class Dump {
  readonly sink?: FrameSink;
  private readonly file?: Output;

  constructor(path: string | undefined, io: Io) {
    if (path === undefined) return;
    const file = io.create(path);
    file.write(words(MAGIC, MAJOR | MINOR << 16, 0, 0, LONGEST, ETHERNET));
    this.file = file;
    this.sink = (_, frame, nanoseconds) => file.write(Buffer.concat([
      words(nanoseconds / SECOND, nanoseconds % SECOND, frame.length,
        frame.length), frame]));
  }

  close(): void {
    this.file?.close();
  }
}

function words(...values: number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  values.forEach((value, i) => view.setUint32(4 * i, value, true));
  return new Uint8Array(view.buffer);
}
