// Woven from chapters/816-typing.md.
import type { InputGate, Leaving, Pieces } from "../launcher";
import type { Cpu } from "../machine";
import { Escape } from "./terminal";
import type { Input } from "./terminal";

/** A run that somebody may type to. */
export interface LiveRun<End> {
  readonly pieces: Pieces<End>;
  readonly arrivals: Arrivals;
  readonly limit: number;
  readonly watch?: ((cpu: Cpu) => void) | undefined;
  /** Called between two slices. */
  readonly flush?: () => void;
}

const SLICE = 200_000, NAP = 10, MOST_WAITING = 0x10000;

/** Bytes that have arrived, and who waits for them. */
export class Arrivals {
  /** How the person went, if it has happened. */
  gone: Leaving | undefined;
  /** Whether somebody has listened. */
  listening = false;
  private ended = false;
  private readonly bytes: number[][];
  private to = 0;
  private wake = () => {};
  private readonly escape: Escape;

  /** For so many who can be typed to; `turned` hears to whom. */
  constructor(
    readonly input: Input, count = 1,
    private readonly turned: (to: number) => void = () => {},
  ) {
    this.bytes = Array.from({ length: count }, () => []);
    this.escape = new Escape(count > 1 ? "xnp123456789" : "x");
  }

  private listen({ typed }: InputGate): void {
    const some = this.input.terminal ? this.bytes.length : 1;
    for (let which = 0; which < some && !this.listening; which++)
      if (typed.listens(which)) this.start();
  }

  private start(): void {
    const { input } = this;
    this.listening = true;
    input.start((bytes) => this.arrived(bytes), () => {
      this.ended = true;
      if (input.terminal) this.gone ??= "hung up";
      this.wake();
    });
    if (input.terminal) this.turned(this.to);
  }

  private arrived(bytes: Uint8Array): void {
    const { input: { terminal }, escape } = this;
    for (const byte of bytes) {
      const meant = terminal ? escape.take(byte) : byte;
      if (typeof meant === "number") this.bytes[this.to]!.push(meant);
      else if (meant !== undefined) this.obey(meant);
    }
    if (!terminal && this.waiting > MOST_WAITING) this.input.hold(true);
    this.wake();
  }

  /** How many bytes have not been delivered. */
  get waiting(): number {
    return this.bytes.reduce((sum, { length }) => sum + length, 0);
  }

  private obey(key: string): void {
    if (key === "x") {
      this.gone = "left";
      return;
    }
    const { length } = this.bytes, steps = { n: 1, p: length - 1 }[key];
    const to = steps ? (this.to + steps) % length : Number(key) - 1;
    if (to < length) this.to = to;
    this.turned(this.to);
  }

  /** Whether somebody sits there, and waits with the machine. */
  get person(): boolean {
    return this.input.terminal && this.listening;
  }

  /** Opens the gate for as much as there is room. */
  deliver(gate: InputGate): void {
    this.listen(gate);
    if (!this.listening) return;
    this.bytes.forEach((bytes, which) => {
      const n = Math.min(gate.typed.room(which), bytes.length);
      if (n > 0) gate.enter(Uint8Array.from(bytes.splice(0, n)), which);
    });
    if (this.waiting <= MOST_WAITING) this.input.hold(false);
  }

  /** Whether anything may still come to those who wait for it. */
  mayCome(gate: InputGate): boolean {
    this.listen(gate);
    if (this.input.terminal) return true;
    if (!gate.typed.listens(0)) return false;
    return this.waiting > 0 ? gate.typed.room(0) > 0 : !this.ended;
  }

  /** Resolves when something arrives, or after so many milliseconds. */
  wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        if (timer) clearTimeout(timer);
        this.wake = () => {};
        resolve();
      };
      const timer = milliseconds === Infinity ? undefined
        : setTimeout(done, milliseconds);
      this.wake = done;
      if (this.gone || (this.waiting > 0 && milliseconds > NAP)) done();
    });
  }
}

const nextTurn = () =>
  new Promise<void>((resolve) => setImmediate(resolve));

/** Runs to the end, and lets in what is typed. */
export async function runLive<End>(run: LiveRun<End>): Promise<End> {
  const { pieces, arrivals, limit, watch, flush } = run;
  const { machine, gate } = pieces, { ticksPerSecond } = machine.layout;
  let slept: { wall: number; time: number } | undefined;
  for (;;) {
    if (arrivals.gone) return pieces.left(arrivals.gone);
    arrivals.deliver(gate);
    const { person } = arrivals;
    const passed = slept ? (Date.now() - slept.wall) / 1000 : 0;
    const sleepUntil = (slept?.time ?? machine.time) +
      Math.floor(passed * ticksPerSecond);
    const most = arrivals.listening ? SLICE
      : Math.min(SLICE, 250 + Math.floor(machine.count / 1024));
    const end = pieces.run({ limit, most, watch,
      ...(person && { sleepUntil }) });
    flush?.();
    if (end === "more") {
      slept = undefined;
      await nextTurn();
      continue;
    }
    if (end !== "idle" && end !== "waits") return end as End;
    if (end === "waits" && !arrivals.mayCome(gate)) return pieces.halted();
    slept ??= { wall: Date.now(), time: machine.time };
    await arrivals.wait(person ? NAP : Infinity);
  }
}
