// Woven from chapters/836-runs.md.
import type { Machine, Uart } from "../machine";

/** Something that came from outside, and when. */
export interface InputEntry {
  readonly sequence: number;
  /** Machine time in ticks. */
  readonly time: number;
  /** Instructions that each CPU had retired. */
  readonly counts: readonly number[];
  readonly source: "com1";
  /** In hexadecimal. */
  readonly bytes: string;
}

/** The one place where a machine hears of the world. */
export class InputGate {
  /** Told of everything that comes in. */
  listener: (entry: InputEntry) => void = () => {};
  private readonly state: Int32Array;

  constructor(
    private readonly machine: Machine, private readonly serial: Uart,
  ) {
    this.state = machine.allocateState("input gate", 1);
  }

  /** How many bytes can come in now. */
  get room(): number {
    return this.serial.room;
  }

  /** Lets bytes in between two instructions. */
  enter(bytes: Uint8Array): void {
    const { machine, state } = this;
    this.listener({
      sequence: state[0]!++, time: machine.time,
      counts: machine.cpus.map((cpu) => cpu.retired), source: "com1",
      bytes: [...bytes].map((b) => b.toString(16).padStart(2, "0")).join(""),
    });
    this.serial.receive(bytes);
  }
}
