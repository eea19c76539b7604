// Woven from chapters/828-stub.md.
import {
  ACTIVITY, BASE, CS, EBP, EIP, ESP, pendingInterrupt, RUNNING, SEGMENTS,
  SHUTDOWN,
} from "../../machine";
import type { Cpu, Machine, RunOptions, RunResult } from "../../machine";
import { answer } from "./answer";
import { hexNumber, littleEndian, NO_THREAD, Refusal } from "./hex";
import { PacketReader, packetOf } from "./packets";
import { Points } from "./points";
import { beginAt } from "./registers";
import { actionsOf, oldActions } from "./resume";
import type { Actions } from "./resume";

/** What a stub works on. */
export interface GdbOptions {
  readonly machine: Machine;
  /** Takes bytes to the client. */
  readonly send: (bytes: Uint8Array) => void;
  /** How to run the machine, if there is more to it than `run`. */
  readonly run?: (options: RunOptions) => RunResult;
  /** Told before each instruction, for traces. */
  readonly watch?: (cpu: Cpu) => void;
  /** The run is over at this count of instructions. */
  readonly limit?: number;
  /** Whether the machine waits for a client before it runs. */
  readonly wait?: boolean;
  /** Whether one that has halted for good is worth a stop. */
  readonly showsHalt?: boolean;
}

/** A stop that is to be reported. */
interface Stop {
  readonly cpu: Cpu;
  /** Unix's number: 2 interrupt, 5 trap, 11 segmentation fault. */
  readonly signal: number;
  /** As the protocol has it: "swbreak:", "watch:c0108000", or nothing. */
  readonly reason: string;
}

/** The linear address of the next instruction. */
function linearEip({ w }: Cpu): number {
  return (w[SEGMENTS + 4 * CS + BASE]! + w[EIP]!) >>> 0;
}

const WATCHES = ["", "", "watch", "rwatch", "awatch"];
const INTERRUPTED = 2, TRAPPED = 5, FAULTED = 11, ASLEEP = 17;
const MOST_WAITING = 64;
const PLUS = Uint8Array.of(0x2b), MINUS = Uint8Array.of(0x2d);
const EXPEDITED = [ESP, EBP, EIP];

/** A machine's end of gdb's remote serial protocol. */
export class GdbStub {
  /** Whether `runSlice` has something to do. */
  running: boolean;
  /** Whether there is a client. */
  attached = false;
  /** The client wants the run to end. */
  killed = false;
  readonly machine: Machine;
  readonly points = new Points();
  /** Addresses in packets are physical. */
  physical = false;
  /** The CPU whose registers and memory packets mean. */
  chosen: Cpu;
  /** Whether packets are acknowledged. */
  acknowledges = true;
  /** What the client said it understands. */
  knowsBreakReasons = false;
  private readonly reader: PacketReader;
  private waiting: string[] = [];
  private last = packetOf("");
  private lastStop = "S05";
  private actions: Actions = { stepping: new Set(), alone: false };
  private starts: number[] = [];
  private found: Stop | undefined;
  private passing: { cpu: Cpu; linear: number } | undefined;
  private mourned = false;

  constructor(private readonly options: GdbOptions) {
    this.machine = options.machine;
    this.chosen = this.machine.cpus[0]!;
    this.running = !options.wait;
    this.reader = new PacketReader({
      packet: (payload) => this.packet(payload),
      interrupt: () => this.interrupt(),
      again: () => this.options.send(this.last),
      damaged: () => this.options.send(MINUS),
    });
  }

  /** A client has come: the machine stops and waits for what it says. */
  attach(): void {
    this.reader.forget();
    this.attached = true;
    this.acknowledges = this.reader.checks = true;
    this.knowsBreakReasons = this.physical = false;
    this.chosen = this.someCpu();
    this.running = false;
    this.waiting = [];
    this.points.clear();
    this.update();
    this.lastStop = `T05thread:${this.chosen.id + 1};`;
  }

  /** The client is gone, with good-bye or without. */
  lost(): void {
    if (!this.attached) return;
    this.attached = false;
    this.waiting = [];
    this.points.clear();
    this.update();
    this.actions = { stepping: new Set(), alone: false };
  }

  /** The client says good-bye: the machine goes on without it. */
  detach(): void {
    this.reply("OK");
    this.lost();
    this.running = true;
  }

  /** The run has ended: tells the client with which status. */
  end(status: number): void {
    this.running = false;
    if (this.attached) this.reply("W" + littleEndian(status, 1));
  }

  private someCpu(): Cpu {
    const { cpus } = this.machine;
    return cpus.find((cpu) => cpu.w[ACTIVITY] === RUNNING) ?? cpus[0]!;
  }

  /** Takes bytes from the client, cut anywhere. */
  feed(bytes: Uint8Array): void {
    this.reader.feed(bytes);
  }

  private packet(payload: string): void {
    if (this.acknowledges) this.options.send(PLUS);
    if (this.waiting.length < MOST_WAITING) this.waiting.push(payload);
    this.answerWaiting();
  }

  private answerWaiting(): void {
    while (this.attached && !this.running && !this.killed) {
      const payload = this.waiting.shift();
      if (payload === undefined) return;
      try {
        const text = answer(this, payload);
        if (text !== undefined) this.reply(text);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        this.reply(error.message);
      }
    }
  }

  private reply(payload: string): void {
    this.last = packetOf(payload);
    this.options.send(this.last);
  }
  /** No plus and no minus from now on: the stream loses nothing. */
  stopAcknowledging(): void {
    this.acknowledges = this.reader.checks = false;
  }

  /** The CPU that a thread's number means; threads count from 1. */
  cpuOf(thread: string): Cpu {
    const cpu = this.machine.cpus[hexNumber(thread) - 1];
    if (!cpu) throw new Refusal(NO_THREAD);
    return cpu;
  }

  /** Why the machine stands, as the client was told. */
  whyStopped(): string {
    return this.lastStop;
  }

  /** `c`, `s`, `C` or `S`. */
  resume(payload: string): void {
    const { actions, address } = oldActions(payload, this.chosen);
    if (address !== undefined) beginAt(this.chosen, address);
    this.go(actions);
  }

  /** What stands behind `vCont;`. */
  resumeEach(text: string): void {
    const { cpus } = this.machine;
    this.go(actionsOf(text, cpus, (thread) => this.cpuOf(thread)));
  }

  private go(actions: Actions): void {
    this.actions = actions;
    const state = this.machine.cpus.map((cpu) => cpu.w[ACTIVITY]);
    if (state.includes(RUNNING) && !state.includes(SHUTDOWN)) {
      this.mourned = false;
    }
    this.starts = this.machine.cpus.map((cpu) => cpu.retired);
    this.running = true;
  }
  /** Runs up to so many instructions; says why the run is over, if it is,
   * or that it is idle. Does nothing while the machine stands. */
  runSlice(most: number): RunResult["reason"] | undefined {
    const steps = this.actions.stepping.size > 0;
    for (let n = 0; this.running && n < (steps ? most : 1); n++) {
      const over = this.runPiece(steps ? 1 : most);
      if (over !== undefined) return over;
    }
    return undefined;
  }

  private runPiece(most: number): RunResult["reason"] | undefined {
    const { machine, options } = this, { limit = Infinity } = options;
    const { run = (all: RunOptions) => machine.run(all) } = options;
    const stopWhen = this.looker();
    const { reason } = run({
      maxInstructions: Math.max(0, Math.min(most, limit - machine.count)),
      ...(stopWhen && { stopWhen }),
    });
    this.found ??= this.stepDone() ?? this.mourning(reason);
    if (this.found) {
      this.stop(this.found);
      return undefined;
    }
    const goesOn = reason === "budget" && machine.count < limit;
    return goesOn ? undefined : reason;
  }
  private stepDone(): Stop | undefined {
    for (const cpu of this.actions.stepping) {
      if (cpu.retired > this.starts[cpu.id]!) {
        return { cpu, signal: TRAPPED, reason: "" };
      }
    }
    return undefined;
  }

  private mourning(reason: RunResult["reason"]): Stop | undefined {
    const asleep = reason === "halted" && this.options.showsHalt;
    if (!asleep && reason !== "shutdown") return undefined;
    if (!this.attached || this.mourned) return undefined;
    this.mourned = true;
    const cpu = this.machine.cpus.find((c) => c.w[ACTIVITY] === SHUTDOWN);
    return { cpu: cpu ?? this.chosen, signal: cpu ? FAULTED : ASLEEP,
      reason: "" };
  }

  private looker(): ((cpu: Cpu) => boolean) | undefined {
    const { code, removed } = this.points, { watch } = this.options;
    const { stepping, alone } = this.actions;
    const ghosts = alone && removed.size > 0;
    if (code.size === 0 && !ghosts && !watch) return undefined;
    return (cpu) => {
      const kinds = stepping.has(cpu) ? 0 : this.codeAt(cpu, ghosts);
      if (kinds) {
        const reason = kinds & 1 ? "swbreak:" : "hwbreak:";
        this.found = { cpu, signal: TRAPPED, reason };
        return true;
      }
      watch?.(cpu);
      return false;
    };
  }

  private codeAt(cpu: Cpu, ghosts: boolean): number {
    const linear = linearEip(cpu), { passing } = this;
    const mine = passing?.cpu === cpu;
    if (mine) this.passing = undefined;
    const passes = mine && passing.linear === linear;
    const { code, removed } = this.points;
    const kinds = code.get(linear) ?? (ghosts ? removed.get(linear) : 0);
    if (!kinds || passes || pendingInterrupt(cpu)) return 0;
    return kinds;
  }
  private unwatch = () => {};

  /** Points have changed: tells the machine which pages to watch. */
  update(): void {
    const pages = this.points.pages();
    this.unwatch();
    this.unwatch = () => {};
    if (pages.size === 0) return;
    this.unwatch = this.machine.watchData({ pages, told: (
      cpu, linear, size, write,
    ) => {
      const hit = this.points.hit(linear, size, write);
      if (!hit || !this.running || this.found) return;
      const address = hit.address.toString(16);
      const reason = `${WATCHES[hit.kind]}:${address}`;
      this.found = { cpu, signal: TRAPPED, reason };
      this.machine.requestStop();
    } });
  }

  /** Control-C: stops at once, since we are between instructions. */
  interrupt(): void {
    if (!this.attached || !this.running) return;
    this.stop({ cpu: this.someCpu(), signal: INTERRUPTED, reason: "" });
  }

  private stop({ cpu, signal, reason }: Stop): void {
    const isBreak = reason.endsWith("break:");
    this.running = false;
    this.found = undefined;
    this.passing = isBreak ? { cpu, linear: linearEip(cpu) } : undefined;
    this.chosen = cpu;
    this.points.removed.clear();
    this.actions = { stepping: new Set(), alone: false };
    const told = isBreak && !this.knowsBreakReasons ? "" : reason;
    const registers = EXPEDITED.map((n) =>
      `${littleEndian(n, 1)}:${littleEndian(cpu.w[n]!, 4)};`).join("");
    this.lastStop = `T${littleEndian(signal, 1)}${registers}` +
      `thread:${cpu.id + 1};${told && `${told};`}`;
    if (this.attached) this.reply(this.lastStop);
    this.answerWaiting();
  }
}
