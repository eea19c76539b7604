// A client of the gdb stub, in the same process: for tests.
import {
  assemble, EIP, ESP, GdbStub, Machine, PacketReader, packetOf,
} from "../src";
import type { GdbOptions, MachineOptions, RunResult } from "../src";

/** A stub, and somebody who asks it. */
export class Client {
  readonly stub: GdbStub;
  /** Payloads that came, in order. */
  readonly heard: string[] = [];
  /** Pluses and minuses that came. */
  marks = "";
  /** Why the run was over. */
  over: RunResult["reason"] | undefined;
  private readonly reader = new PacketReader({
    packet: (payload) => void this.heard.push(payload),
    interrupt: () => {}, again: () => {}, damaged: () => {},
  });

  constructor(
    readonly machine: Machine, options: Partial<GdbOptions> = {},
  ) {
    this.stub = new GdbStub({ machine, wait: true, ...options,
      send: (bytes) => {
        if (bytes.length === 1) this.marks += String.fromCharCode(bytes[0]!);
        this.reader.feed(bytes);
      } });
    this.stub.attach();
  }

  /** Sends raw text, each character a byte. */
  say(text: string): void {
    this.stub.feed(Uint8Array.from(text, (c) => c.charCodeAt(0)));
  }

  /** Sends a packet and gives the answer to it; "go" answers come when the
   * machine stops, within a budget. */
  ask(payload: string, slices = 100): string {
    const before = this.heard.length;
    this.stub.feed(packetOf(payload));
    for (let n = 0; this.heard.length === before && n < slices; n++) {
      this.over ??= this.stub.runSlice(10_000);
      if (!this.stub.running || this.over) break;
    }
    return this.heard[before] ?? "(nothing)";
  }
}

/** A machine with a program at 0x1000, about to execute it. */
export function machineWith(
  text: string, options: Partial<MachineOptions> = {},
): { machine: Machine; symbols: ReadonlyMap<string, number> } {
  const machine = new Machine({ memory: 0x100000, ...options });
  const { bytes, symbols } = assemble(text, { origin: 0x1000 });
  machine.writeRam(0x1000, bytes);
  const cpu = machine.cpus[0]!;
  cpu.w[EIP] = 0x1000;
  cpu.w[ESP] = 0x9000;
  return { machine, symbols };
}

/** The eight digits of a value as registers spell it. */
export function little(value: number): string {
  return [0, 8, 16, 24].map((shift) =>
    ((value >>> shift) & 0xff).toString(16).padStart(2, "0")).join("");
}

/** The place of a thing in a stop reply, e.g. `thread`. */
export function inReply(reply: string, name: string): string | undefined {
  return new RegExp(`[0-9;]${name}:([^;]*);`).exec(reply)?.[1];
}
