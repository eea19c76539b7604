// Woven from chapters/816-typing.md.
import { haltedForGood, runPiece } from "../launcher";
import type { MetalEnd, MetalSession } from "../launcher";
import type { Cpu } from "../machine";
import { Escape } from "./terminal";
import type { Input } from "./terminal";

/** A machine that somebody may type to. */
export interface LiveRun {
  readonly session: MetalSession;
  readonly input: Input;
  readonly limit: number;
  readonly watch?: (cpu: Cpu) => void;
  /** Called between two slices. */
  readonly flush: () => void;
}

const SLICE = 200_000, NAP = 10, MOST_WAITING = 0x10000;

/** Bytes that have arrived, and who waits for them. */
export class Arrivals {
  bytes: number[] = [];
  ended = false;
  left = false;
  private wake = () => {};
  private readonly escape = new Escape();

  constructor(readonly input: Input) {
    input.start((bytes) => this.arrived(bytes), () => {
      this.ended = true;
      this.wake();
    });
  }

  private arrived(bytes: Uint8Array): void {
    const meant = this.input.terminal ? this.escape.filter(bytes) : bytes;
    if (meant) for (const byte of meant) this.bytes.push(byte);
    else this.left = true;
    if (this.bytes.length > MOST_WAITING) this.input.hold(true);
    this.wake();
  }

  /** Whether nothing will ever come any more. */
  get over(): boolean {
    return this.ended && this.bytes.length === 0;
  }

  /** Opens the gate for as much as there is room. */
  deliver(session: MetalSession): void {
    const { gate } = session, n = Math.min(gate.room, this.bytes.length);
    if (n > 0) gate.enter(Uint8Array.from(this.bytes.splice(0, n)));
    if (this.bytes.length <= MOST_WAITING) this.input.hold(false);
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
      if (this.left || (this.bytes.length > 0 && milliseconds > NAP)) done();
    });
  }
}

const nextTurn = () =>
  new Promise<void>((resolve) => setImmediate(resolve));

/** Runs to the end, and lets in what is typed; undefined if the person
 * has left. */
export async function runLive(
  run: LiveRun, arrivals: Arrivals,
): Promise<MetalEnd | undefined> {
  const { session, input, limit, watch, flush } = run;
  const { machine } = session, { ticksPerSecond } = machine.layout;
  let slept: { wall: number; time: number } | undefined;
  for (;;) {
    if (arrivals.left) return undefined;
    arrivals.deliver(session);
    const paced = input.terminal && !arrivals.ended;
    const passed = slept ? (Date.now() - slept.wall) / 1000 : 0;
    const sleepUntil = (slept?.time ?? machine.time) +
      Math.floor(passed * ticksPerSecond);
    const end = runPiece(session, { limit, most: SLICE,
      ...(paced && { sleepUntil }), ...(watch && { watch }) });
    flush();
    if (typeof end !== "string") return end;
    if (end === "more") {
      slept = undefined;
      await nextTurn();
      continue;
    }
    if (end === "waits" && arrivals.over) return haltedForGood(session);
    slept ??= { wall: Date.now(), time: machine.time };
    await arrivals.wait(paced ? NAP : Infinity);
  }
}
