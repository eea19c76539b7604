// Woven from chapters/836-runs.md.
import type { Machine } from "../machine";

/** Something that came from outside, and when. */
export interface InputEntry {
  readonly sequence: number;
  /** Machine time in ticks. */
  readonly time: number;
  /** Instructions that each CPU had retired. */
  readonly counts: readonly number[];
  readonly source: "com1" | "console";
  /** Whose console it is, counted from 0. */
  readonly guest?: number;
  /** In hexadecimal. */
  readonly bytes: string;
}

/** What can be typed to; a line counts as one. */
export interface Typed {
  readonly source: InputEntry["source"];
  readonly count: number;
  /** How many bytes can come in now. */
  room(which: number): number;
  /** Whether somebody is there who would hear them. */
  listens(which: number): boolean;
  type(which: number, bytes: Uint8Array): void;
}

/** The one place where a machine hears of the world. */
export class InputGate {
  /** Told of everything that comes in. */
  listener: (entry: InputEntry) => void = () => {};
  private readonly state: Int32Array;

  constructor(
    private readonly machine: Machine, readonly typed: Typed,
  ) {
    this.state = machine.allocateState("input gate", 1);
  }

  /** Lets bytes in between two instructions. */
  enter(bytes: Uint8Array, which = 0): void {
    const { machine, state, typed } = this, { source } = typed;
    this.listener({
      sequence: state[0]!++, time: machine.time,
      counts: machine.cpus.map((cpu) => cpu.retired), source,
      ...(source === "console" && { guest: which }),
      bytes: [...bytes].map((b) => b.toString(16).padStart(2, "0")).join(""),
    });
    typed.type(which, bytes);
  }
}
