// Two machines that execute the same program in the same pieces, and are the
// same after each of them, to the last bit of the block.
import {
  CR0, CR0_PG, type Cpu, EBX, EIP, type Machine, type MachineOptions,
  PAGE, raiseInterrupt, raiseNmi, type RunResult, TLB_HEAD, TLBS,
} from "../../src/machine";
import { mix, Random } from "../silicon/random";
import { CODE, CODE_END, DATA, DATA_END, DEVICE_MEMORY, PORTS, PORTS_LENGTH }
  from "./layout";
import type { Program } from "./program";

/** Makes an empty machine of some back end. */
export type Build = (options: MachineOptions) => Machine;

/** What is done to both machines between two comparisons. */
export type Piece =
  | { readonly kind: "run"; readonly most: number; readonly ask: boolean }
  | { readonly kind: "poke"; readonly at: number;
    readonly bytes: Uint8Array }
  | { readonly kind: "event"; readonly after: number;
    readonly argument: number }
  | { readonly kind: "nmi" }
  | { readonly kind: "restore" };

/** An NMI; but not before the CPU has an IDT. */
function nudge(cpu: Cpu): void {
  if (cpu.w[CR0]! & CR0_PG) raiseNmi(cpu);
}

/** A machine with the program, and what its pieces call. */
export class Side {
  readonly machine: Machine;
  readonly #interrupt: number;

  constructor(readonly program: Program, build: Build) {
    const machine = this.machine = build(program.options);
    for (const { at, bytes } of program.parts) machine.writeRam(at, bytes);
    this.#plugIn();
    const watchdog = machine.addHandler((_, when) => {
      for (const cpu of machine.cpus) nudge(cpu);
      machine.schedule(when + program.watchdog, watchdog);
    });
    this.#interrupt = machine.addHandler((argument) => {
      const cpu = machine.cpus[argument & 3];
      if (cpu && argument & 4) nudge(cpu);
      else if (cpu) raiseInterrupt(cpu, 0x41);
    });
    machine.schedule(program.watchdog, watchdog);
    for (const cpu of machine.cpus) {
      machine.resetCpu(cpu);
      cpu.w[EIP] = program.entry;
      cpu.w[EBX] = cpu.id;
    }
  }

  // A device whose words count what it hears.
  #plugIn(): void {
    const { machine } = this, state = machine.allocateState("counter", 16);
    const read = (offset: number) => state[offset & 15]! += offset + 1;
    const write = (offset: number, size: number, value: number) => {
      state[offset & 15] = Math.imul(state[offset & 15]!, 31) + value + size;
      if ((value & 0xff) === 0x77)
        machine.schedule(machine.time + 50, this.#interrupt, 0);
    };
    machine.addDevice({
      name: "counter", readPort: read, writePort: write,
      ports: { from: PORTS, length: PORTS_LENGTH },
    });
    machine.addDevice({
      name: "counters", readMemory: read, writeMemory: write,
      memory: { from: DEVICE_MEMORY, length: 4096 },
    });
  }

  /** Does a piece; a run says how it ended. */
  do(piece: Piece): RunResult | undefined {
    const { machine, program: { schedule } } = this;
    switch (piece.kind) {
      case "run": {
        if (!piece.ask)
          return machine.run({ maxInstructions: piece.most, schedule });
        let left = piece.most;
        return machine.run({ schedule, stopWhen: () => left-- <= 0 });
      }
      case "poke":
        machine.writeRam(piece.at, piece.bytes);
        return undefined;
      case "event":
        machine.schedule(machine.time + piece.after, this.#interrupt,
          piece.argument);
        return undefined;
      case "nmi":
        for (const cpu of machine.cpus) nudge(cpu);
        return undefined;
      case "restore":
        machine.restore(machine.snapshot());
        return undefined;
    }
  }
}

/** What every comparison looks at: the header, and of each CPU all but the
 * entries of its TLBs; and the whole block. */
function parts({ memory, layout, cpus }: Machine) {
  const { buffer } = memory, words = 4 * (TLBS + TLB_HEAD);
  const view = (at: number, length: number) =>
    Buffer.from(buffer as ArrayBuffer, at, length);
  return { whole: view(0, layout.blockSize), quick: [view(0, PAGE),
    ...cpus.map(({ w }) => view(w.byteOffset, words))] };
}

/** Both machines of a program, and the pieces that they have done. */
export class Pair {
  readonly first: Side;
  readonly second: Side;
  readonly #one: ReturnType<typeof parts>;
  readonly #other: ReturnType<typeof parts>;

  constructor(readonly program: Program, first: Build, second: Build) {
    this.first = new Side(program, first);
    this.second = new Side(program, second);
    this.#one = parts(this.first.machine);
    this.#other = parts(this.second.machine);
  }

  get count(): number {
    return this.first.machine.count;
  }

  /** Does a piece on both; false if they ended differently. */
  do(piece: Piece): { result: RunResult | undefined; agree: boolean } {
    const result = this.first.do(piece), other = this.second.do(piece);
    return { result, agree: result?.reason === other?.reason &&
      result?.count === other?.count };
  }

  /** Whether the blocks are the same; or, not `whole`, those parts of them
   * in which a difference might not last. */
  same(whole: boolean): boolean {
    const one = this.#one, other = this.#other;
    return whole ? one.whole.equals(other.whole)
      : one.quick.every((part, i) => part.equals(other.quick[i]!));
  }
}

/** The pieces of a program, from its seed. */
export class Pieces {
  readonly #r: Random;
  // Short pieces that are still to come, and how short.
  #left = 0;
  #short = 1;
  /** Many short pieces: flags that nobody reads show at an end only. */
  readonly #fine: boolean;

  constructor(seed: number) {
    this.#r = new Random(mix(seed) ^ 0x7a57e);
    this.#fine = this.#r.chance(40);
  }

  next(): Piece {
    const r = this.#r;
    if (this.#left > 0) {
      this.#left--;
      return { kind: "run", most: 1 + r.below(this.#short), ask: false };
    }
    const run = (most: number) =>
      ({ kind: "run", most, ask: r.chance(4) }) as const;
    if (this.#fine && r.chance(95)) return run(1 + r.below(24));
    const which = r.below(100);
    if (which < 14) {
      this.#left = r.below(100);
      this.#short = r.pick([1, 4, 20, 100]);
      return run(1);
    }
    if (which < 40) return run(1 + r.below(1500));
    if (which < 84) return run(1 + r.below(9000));
    if (which < 90) return { kind: "event", after: r.below(4000),
      argument: r.below(8) };
    if (which < 97) return this.#poke();
    if (which < 98) return { kind: "nmi" };
    return r.chance(30) ? { kind: "restore" } : run(1);
  }

  /** A device writes to memory: some bytes of code, or of data. */
  #poke(): Piece {
    const r = this.#r, code = r.chance(60);
    const at = code ? CODE + r.below(r.chance(80) ? 0x3000 : CODE_END - CODE)
      : DATA + r.below(DATA_END - DATA - 16);
    return { kind: "poke", at, bytes: Uint8Array.from(
      { length: 1 + r.below(4) }, () => r.pick([0x90, 0x40, 0x42, 0xf8,
        0x99])) };
  }
}

/** How a program went. */
export interface Course {
  readonly count: number;
  readonly pieces: number;
  readonly end: "budget" | "shutdown";
  /** The pieces up to the one behind which the machines differ. */
  readonly different: readonly Piece[] | undefined;
}

/** Has both machines execute so many instructions of a program. */
export function lockStep(pair: Pair, budget: number): Course {
  const source = new Pieces(pair.program.seed), done: Piece[] = [];
  let unseen = 0, before = 0, extra: Piece | undefined;
  for (;;) {
    const piece = extra ?? source.next();
    extra = undefined;
    done.push(piece);
    const { result, agree } = pair.do(piece), { count } = pair;
    unseen += count - before;
    before = count;
    const last = count >= budget || result?.reason === "shutdown";
    const whole = last || unseen > 1500;
    if (!agree || !pair.same(whole))
      return { count, pieces: done.length, end: "budget", different: done };
    if (whole) unseen = 0;
    if (last) return { count, pieces: done.length,
      end: count >= budget ? "budget" : "shutdown", different: undefined };
    if (result?.reason === "halted") extra = { kind: "nmi" };
  }
}
