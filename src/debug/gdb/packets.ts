// Woven from chapters/820-packets.md.
/** Most characters of a payload; longer packets are refused. */
export const PACKET_SIZE = 0x4000;

/** What comes out of a stream of bytes. */
export interface PacketSink {
  /** A packet whose sum is right; each character is a byte. */
  packet(payload: string): void;
  /** Control-C, between packets. */
  interrupt(): void;
  /** A minus: they want the last packet once more. */
  again(): void;
  /** A packet whose sum is wrong. */
  damaged(): void;
}

const DOLLAR = 0x24, HASH = 0x23, ESCAPE = 0x7d, MINUS = 0x2d,
  INTERRUPT = 3;

/** Takes packets out of a stream of bytes. */
export class PacketReader {
  private state: "between" | "inside" | "first" | "second" = "between";
  private payload = "";
  private sum = 0;
  private given = "";
  private escaped = false;
  /** Whether sums are looked at; they aren't when nobody acknowledges. */
  checks = true;

  constructor(private readonly sink: PacketSink) {}

  /** Takes bytes as they arrive, cut anywhere. */
  feed(bytes: Uint8Array): void {
    for (const byte of bytes) this.take(byte);
  }

  /** Forgets the packet under way: the stream has ended. */
  forget(): void {
    this.state = "between";
  }

  private take(byte: number): void {
    if (byte === DOLLAR) {
      this.state = "inside";
      this.payload = "";
      this.sum = 0;
      this.escaped = false;
    } else if (this.state === "between") {
      if (byte === INTERRUPT) this.sink.interrupt();
      else if (byte === MINUS) this.sink.again();
    } else if (this.state === "inside") {
      this.takeInside(byte);
    } else if (this.state === "first") {
      this.given = String.fromCharCode(byte);
      this.state = "second";
    } else {
      this.state = "between";
      this.finish(this.given + String.fromCharCode(byte));
    }
  }
  private takeInside(byte: number): void {
    if (byte === HASH) {
      this.state = "first";
      return;
    }
    this.sum = (this.sum + byte) & 0xff;
    if (byte === ESCAPE && !this.escaped) {
      this.escaped = true;
      return;
    }
    const meant = this.escaped ? byte ^ 0x20 : byte;
    this.escaped = false;
    if (this.payload.length <= PACKET_SIZE) {
      this.payload += String.fromCharCode(meant);
    }
  }

  private finish(given: string): void {
    const right = /^[0-9a-f]{2}$/i.test(given) &&
      parseInt(given, 16) === this.sum;
    if (right || !this.checks) this.sink.packet(this.payload);
    else this.sink.damaged();
  }
}

/** A payload as the bytes of a packet. */
export function packetOf(payload: string): Uint8Array {
  const safe = payload.replace(/[#$}*]/g, (c) =>
    "}" + String.fromCharCode(c.charCodeAt(0) ^ 0x20));
  const bytes = new Uint8Array(safe.length + 4);
  let sum = 0;
  bytes[0] = DOLLAR;
  for (let i = 0; i < safe.length; i++) {
    bytes[i + 1] = safe.charCodeAt(i);
    sum += safe.charCodeAt(i);
  }
  const end = "#" + hexByte(sum & 0xff);
  for (let i = 0; i < 3; i++) {
    bytes[safe.length + 1 + i] = end.charCodeAt(i);
  }
  return bytes;
}

const hexByte = (n: number) => n.toString(16).padStart(2, "0");
