// Woven from chapters/768-machine.md, 640-scheduler.md, 776-running.md.
import { localId, raiseInterrupt, refreshIntr, timerCanWake, timerExpired }
  from "./cpu/apic";
import { Cpu, type DataWatch, type TlbWatch } from "./cpu/cpu";
import type { HostCall } from "./cpu/hostcall";
import { pendingInterrupt } from "./cpu/interrupts";
import { resetMultiboot, resetVector, resetWaiting } from "./cpu/reset";
import { Board } from "./ground/board";
import {
  H_SCHEDULE_CPU, H_SCHEDULE_LEFT, H_TIME, type MachineOptions,
} from "./ground/layout";
import { panic } from "./ground/numbers";
import { APIC_TIMER_EVENT, NO_CPU } from "./ground/queue";
import {
  ACTIVITY, CLOCK, HALTED, IF, RETIRED, RUNNING, SHUTDOWN, SYSTEM_FLAGS,
} from "./ground/state";
import { runnerOf } from "./instructions/step";
import {
  checkSchedule, DEFAULT_SCHEDULE, nextTurn, type Schedule,
} from "./schedule";
import { packBlock, SnapshotError, unpackBlock } from "./snapshot";

/** How `run` ended. */
export interface RunResult {
  readonly reason:
    "budget" | "halted" | "idle" | "shutdown" | "stopped";
  /** Instructions retired on all CPUs since the machine was built. */
  readonly count: number;
}

/** How far to run, and in which order. */
export interface RunOptions {
  /** Instructions to retire in this call, on all CPUs together. */
  readonly maxInstructions?: number;
  readonly schedule?: Schedule;
  /** Machine time that sleep doesn't go beyond; the run is then idle. */
  readonly sleepUntil?: number;
  /** Asked before every instruction; true ends the run. Slow. */
  readonly stopWhen?: (cpu: Cpu) => boolean;
}

/** A PC: CPUs, RAM, devices, all of whose state lies in one block. */
export class Machine extends Board {
  readonly cpus: readonly Cpu[];
  readonly hostCalls: (HostCall | undefined)[] = [];
  private readonly alone: boolean;
  private stopping = false;

  constructor(options: MachineOptions = {}) {
    super(options);
    const cpus: Cpu[] = [];
    for (let id = 0; id < this.layout.cpus; id++)
      cpus.push(new Cpu(this, id, cpus, this.hostCalls));
    this.cpus = cpus;
    this.alone = cpus.length === 1;
    for (const cpu of cpus) resetWaiting(cpu);
    if (cpus[0]) this.resetCpu(cpus[0]);
  }

  protected override memoryMoved(): void {
    for (const cpu of this.cpus) cpu.refresh();
  }

  protected override intrChanged(): void {
    for (const cpu of this.cpus) refreshIntr(cpu);
  }

  /** Has somebody told of all data accesses to some pages; the function
   * that comes back ends it. */
  watchData(watch: DataWatch): () => void {
    const change = (watches: (old: readonly DataWatch[]) => DataWatch[]) => {
      for (const cpu of this.cpus) {
        cpu.dataWatches = watches(cpu.dataWatches);
        cpu.dropFast();
      }
    };
    change((old) => [...old, watch]);
    return () => change((old) => old.filter((one) => one !== watch));
  }

  /** Has somebody told of all uses of entries of the TLBs, or nobody. */
  watchTlb(watch: TlbWatch | undefined): void {
    for (const cpu of this.cpus) {
      cpu.tlbWatch = watch;
      cpu.dropFast();
      cpu.dropFastCode();
    }
  }
  /** An interrupt by a device's message: the APIC that it names takes the
   * vector (SDM 3A, 10.11). */
  messageInterrupt(apicId: number, vector: number): void {
    for (const cpu of this.cpus)
      if (localId(cpu) === apicId) raiseInterrupt(cpu, vector);
  }
  /** A CPU as a multiboot loader leaves it: flat 32-bit protected mode; or
   * at the reset vector. */
  resetCpu(cpu: Cpu, how: "multiboot" | "vector" = "multiboot"): void {
    if (how === "vector") resetVector(cpu);
    else resetMultiboot(cpu);
    this.wake();
  }

  /** Does what is due for a CPU, for the machine, or for a sleeper. */
  private fire(by: number, mine: (cpu: number) => boolean): boolean {
    let any = false;
    for (;;) {
      const event = this.queue.take(by, mine);
      if (!event) return any;
      any = true;
      if (event.kind === APIC_TIMER_EVENT) {
        timerExpired(this.cpus[event.cpu]!, event.when);
      } else {
        this.handlerOf(event.kind).handler(event.argument, event.when);
      }
    }
  }

  /** Which events the clock of this CPU drives: its own, the machine's, and
   * those of CPUs whose clocks stand. */
  private driven(cpu: Cpu): (id: number) => boolean {
    return (id) => id === cpu.id || id === NO_CPU ||
      this.cpus[id]!.w[ACTIVITY] !== RUNNING;
  }
  /** Ends the run before the next instruction. */
  requestStop(): void {
    this.stopping = true;
    this.woken = true;
  }

  /** Runs until the budget is used up, all CPUs have halted with nothing
   * to wake them, one has shut down, or somebody asked to stop. */
  run(options: RunOptions = {}): RunResult {
    const { maxInstructions = Infinity, stopWhen } = options;
    const { sleepUntil = Infinity } = options;
    const schedule = options.schedule ?? DEFAULT_SCHEDULE;
    checkSchedule(schedule, this.cpus.length);
    const h = this.header, end = this.count + maxInstructions;
    this.stopping = false;
    for (;;) {
      const cpu = this.chooseCpu(schedule, sleepUntil);
      if (typeof cpu === "string") return { reason: cpu, count: this.count };
      const budget = end - this.count;
      if (budget <= 0) return { reason: "budget", count: this.count };
      const turn = this.alone ? budget : Math.min(budget, h[H_SCHEDULE_LEFT]!);
      const before = cpu.d[RETIRED]!;
      const steps = this.runTurn(cpu, turn, stopWhen);
      const retired = cpu.d[RETIRED]! - before;
      if (!this.alone) h[H_SCHEDULE_LEFT]! -= Math.max(steps, retired);
      if (this.stopping) return { reason: "stopped", count: this.count };
    }
  }
  /** Steps one CPU, at most so often; returns how often it did. */
  private runTurn(
    cpu: Cpu, turn: number, stopWhen?: (cpu: Cpu) => boolean,
  ): number {
    const mine = this.driven(cpu), { d, w } = cpu, runner = runnerOf(cpu);
    let deadline = this.queue.next(mine), steps = 0;
    this.woken = false;
    while (steps < turn) {
      if (stopWhen?.(cpu)) {
        this.stopping = true;
        break;
      }
      steps += runner.run(stopWhen ? 1 : turn - steps, deadline);
      if (d[CLOCK]! >= deadline) {
        this.fire(d[CLOCK]!, mine);
        deadline = this.queue.next(mine);
      }
      if (this.woken || w[ACTIVITY] !== RUNNING) break;
    }
    return steps;
  }
  /** The CPU whose turn it is; or why there is none. */
  private chooseCpu(
    schedule: Schedule, sleepUntil: number,
  ): Cpu | RunResult["reason"] {
    const h = this.header;
    for (const cpu of this.cpus) {
      if (cpu.w[ACTIVITY] === SHUTDOWN) return "shutdown";
      if (cpu.w[ACTIVITY] === HALTED && pendingInterrupt(cpu)) {
        cpu.start();
        if (schedule.kind === "priorities") h[H_SCHEDULE_LEFT] = 0;
      }
    }
    let jumps = 0;
    while (!this.cpus.some((cpu) => cpu.w[ACTIVITY] === RUNNING)) {
      const why = ++jumps > MOST_JUMPS ? "halted" : this.jump(sleepUntil);
      if (why) return why;
    }
    const present = this.cpus[h[H_SCHEDULE_CPU]!]!;
    const goesOn = this.alone || h[H_SCHEDULE_LEFT]! > 0;
    if (goesOn && present.w[ACTIVITY] === RUNNING) return present;
    return this.newTurn(schedule);
  }
  /** Takes turns from the schedule until one falls on a CPU that runs. */
  private newTurn(schedule: Schedule): Cpu {
    const h = this.header, slowest = this.slowestClock();
    const most = schedule.kind === "list" ? Infinity : MOST_AHEAD;
    const { count, events } = this, able = (id: number) => {
      const cpu = this.cpus[id]!;
      return cpu.w[ACTIVITY] === RUNNING && cpu.d[CLOCK]! - slowest <= most;
    };
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      nextTurn(schedule, h, this.cpus.length, { count, able });
      const cpu = h[H_SCHEDULE_CPU]!, instructions = h[H_SCHEDULE_LEFT]!;
      if (!able(cpu)) continue;
      if (events.active && this.cpus.length > 1)
        events.emit({ kind: "turn", cpu, count, instructions });
      return this.cpus[cpu]!;
    }
    panic("the schedule has no turn for any CPU that runs");
  }
  private slowestClock(): number {
    let slowest = Infinity;
    for (const cpu of this.cpus) {
      if (cpu.w[ACTIVITY] !== RUNNING) continue;
      slowest = Math.min(slowest, cpu.d[CLOCK]!);
    }
    return slowest;
  }
  /** Nobody runs: machine time jumps to the next event, or says why not. */
  private jump(sleepUntil: number): "halted" | "idle" | undefined {
    const all = () => true, when = this.queue.next(all);
    const hopeless = !this.canWake();
    const still = sleepUntil === Infinity || sleepUntil <= this.time;
    if (hopeless && still) return "halted";
    if (when > sleepUntil) {
      this.headerFloats[H_TIME] = Math.max(this.time, sleepUntil);
      return hopeless ? "halted" : "idle";
    }
    this.headerFloats[H_TIME] = Math.max(this.time, when);
    this.fire(this.time, all);
    for (const cpu of this.cpus) {
      if (cpu.w[ACTIVITY] === HALTED && pendingInterrupt(cpu)) {
        cpu.start();
      }
    }
    return undefined;
  }

  /** Whether any queued event could end the sleep of a CPU. */
  private canWake(): boolean {
    const awaits = this.cpus.some((cpu) => cpu.w[ACTIVITY] === HALTED &&
      (cpu.w[SYSTEM_FLAGS]! & IF) !== 0);
    return awaits && this.queue.some((kind, id, argument) =>
      kind === APIC_TIMER_EVENT ? timerCanWake(this.cpus[id]!)
        : this.handlerOf(kind).wakes(argument));
  }

  /** A copy of the block, with its empty pages left out. */
  snapshot(): Uint8Array {
    const { blockSize } = this.layout;
    return packBlock(new Uint8Array(this.memory.buffer, 0, blockSize));
  }

  /** Puts a snapshot back; throws SnapshotError if it isn't one of a machine
   * like this. */
  restore(bytes: Uint8Array): void {
    const { blockSize } = this.layout;
    const block = new Uint8Array(this.memory.buffer, 0, blockSize);
    unpackBlock(bytes, block);
    this.queue.refresh();
    const isCpu = (id: number) => this.cpus[id] !== undefined;
    const strange = this.queue.some((kind, cpu) =>
      kind < APIC_TIMER_EVENT || !(isCpu(cpu) || cpu === NO_CPU) ||
      kind > APIC_TIMER_EVENT + this.handlers.length);
    if (strange || !isCpu(this.header[H_SCHEDULE_CPU]!)) {
      throw new SnapshotError("the snapshot is damaged: it names an event " +
        "or a CPU that isn't there");
    }
    this.refreshAddressMask();
    for (const cpu of this.cpus) cpu.refresh();
    this.codePages.fill(0);
    this.dropAllCode();
  }
}

/** How many ticks a CPU's clock may be ahead of the slowest. */
const MOST_AHEAD = 100_000;
/** How many turns a schedule may give to CPUs that can't take them. */
const MOST_TRIES = 100_000;
/** How many events in a row may wake nobody. */
const MOST_JUMPS = 1_000_000;
