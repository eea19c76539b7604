// Woven from chapters/846-rewind.md.
// A run that can be taken back.
import type { Cpu } from "../machine";
import type { StopReason } from "./end";
import type { ConsoleSink } from "./launcher";
import { runOn } from "./moves";
import type { Session } from "./session";

/** A copy of the machine, and how much had been printed and typed. */
interface Copy {
  readonly count: number;
  readonly block: Uint8Array;
  readonly printed: number;
  readonly typed: number;
}

/** Something that a Guest has printed, or that was typed to it, and at
 * which instruction. */
export interface Said {
  readonly count: number;
  readonly bytes: Uint8Array;
  readonly guest: number;
}

/** Copies that are kept, and instructions between two. */
const COPIES = 16, APART = 2_000_000;


/** Runs a session, and takes it back. */
export class Rewind {
  readonly session: Session;
  /** All that was printed, and typed, up to now. */
  readonly printed: Said[] = [];
  typed: readonly Said[] = [];
  private copies: Copy[] = [];
  private apart = APART;

  /** `start` boots the session, and has it print to what it is given; it
   * may be called again. */
  constructor(private readonly start: (print: ConsoleSink) => Session) {
    this.session = start((bytes, guest) => {
      const { count } = this.session.machine;
      this.printed.push({ count, bytes: bytes.slice(), guest });
    });
  }

  /** Types to a Guest, as far as there is room; says how much that was. */
  type(bytes: Uint8Array, guest = 0): number {
    const { machine, gate } = this.session;
    const some = bytes.slice(0, gate.typed.room(guest));
    if (some.length === 0) return 0;
    this.typed = [...this.typed, { count: machine.count, bytes: some, guest }];
    gate.enter(some, guest);
    return some.length;
  }

  /** Runs for so many instructions; `until` stops it before another one
   * than the first. */
  run(instructions: number, until?: (cpu: Cpu) => boolean): StopReason {
    const { machine, options } = this.session, begin = machine.count;
    const end = begin + instructions;
    const stop = until && { stopWhen: (cpu: Cpu) =>
      machine.count > begin && until(cpu) };
    for (;;) {
      const due = (this.copies.at(-1)?.count ?? 0) + this.apart;
      if (machine.count >= due) this.keep(machine.snapshot());
      const next = Math.min(end, Math.max(due, machine.count + 1));
      const { reason } = runOn(machine, options,
        { maxInstructions: next - machine.count, ...stop });
      if (reason !== "budget" || machine.count >= end) return reason;
    }
  }

  private keep(block: Uint8Array): void {
    this.copies.push({ count: this.session.machine.count, block,
      printed: this.printed.length, typed: this.typed.length });
    if (this.copies.length <= COPIES) return;
    this.copies = this.copies.filter((_, i) => i % 2 === 0);
    this.apart *= 2;
  }

  /** Goes to an instruction, backwards or forwards, with what was typed up
   * to there; false if the run ends before it. */
  goTo(count: number, typed: readonly Said[] = this.typed): boolean {
    const { machine } = this.session;
    if (count < machine.count) this.takeBack(count);
    for (const one of typed.slice(this.typed.length)) {
      if (one.count > count) break;
      this.run(one.count - machine.count);
      if (machine.count !== one.count) return false;
      this.type(one.bytes, one.guest);
    }
    this.run(count - machine.count);
    return machine.count === count;
  }

  private takeBack(count: number): void {
    this.copies = this.copies.filter((one) => one.count <= count);
    const copy = this.copies.at(-1) ?? { count: 0, printed: 0, typed: 0,
      block: this.start(() => {}).machine.snapshot() };
    if (this.copies.length === 0) this.copies.push(copy);
    this.session.machine.restore(copy.block);
    this.printed.length = copy.printed;
    this.typed = this.typed.slice(0, copy.typed);
  }
}
