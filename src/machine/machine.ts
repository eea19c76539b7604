// Woven from chapters/32-machine.md, 33-running.md, 49-lines.md.
import {
  APIC_TIMER_EVENT, apicRead, apicWrite, isApic, refreshIntr,
  timerCanWake, timerExpired,
} from "./cpu/apic";
import { type Device, findDevice } from "./ground/bus";
import { Cpu } from "./cpu/cpu";
import { EventStream } from "./ground/events";
import type { HostCall } from "./cpu/hostcall";
import { pendingInterrupt } from "./cpu/interrupts";
import {
  BLOCK_MAGIC, BLOCK_VERSION, DEVICE_AREA, H_BLOCK_SIZE, H_CODE_TLB,
  H_CPUS, H_DATA_TLB, H_DEVICE_WORDS, H_HOST_ARMED, H_MAGIC, H_RAM_BASE,
  H_A20_LOW, H_INTR, H_RAM_SIZE, H_RANDOM, H_ROM_SIZE, H_SCHEDULE_CPU,
  H_SCHEDULE_LEFT, H_STAMP, H_TICKS, H_TIME, H_VERSION, H_WINDOWS,
  type Layout,
  layOut, type MachineOptions, PAGE,
} from "./ground/layout";
import { allocate, type LinearMemory } from "./ground/linear";
import { panic } from "./ground/numbers";
import { EventQueue, NO_CPU } from "./ground/queue";
import { resetMultiboot, resetVector, resetWaiting } from "./cpu/reset";
import {
  checkSchedule, DEFAULT_SCHEDULE, nextTurn, type Schedule,
} from "./schedule";
import { packBlock, SnapshotError, unpackBlock } from "./snapshot";
import {
  ACTIVITY, CLOCK, HALTED, IF, RETIRED, RUNNING, SHUTDOWN, SYSTEM_FLAGS,
} from "./ground/state";
import { runnerOf } from "./instructions/step";
import {
  type InterruptController, NOT_READ, NOT_WRITTEN, ROM_BELOW_1M, WINDOWS,
} from "./ground/windows";

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

/** Pages whose data somebody watches, and who is told of each access:
 * linear, behind all checks, before it happens. */
export interface DataWatch {
  readonly pages: ReadonlySet<number>;
  told(cpu: Cpu, linear: number, size: number, write: boolean): void;
}

/** What is to happen at an event: with its argument, and its time. */
export type EventHandler = (argument: number, when: number) => void;

/** A PC: CPUs, RAM, devices, all of whose state lies in one block. */
export class Machine {
  readonly layout: Layout;
  readonly memory: LinearMemory;
  /** RAM alone. */
  readonly ram: Uint8Array;
  readonly cpus: readonly Cpu[];
  readonly events = new EventStream();
  readonly queue: EventQueue;
  readonly hostCalls: (HostCall | undefined)[] = [];
  /** One byte a frame: not 0 if decoded code of it exists. */
  readonly codePages: Uint8Array;
  /** Called when such a frame was written: forget what was decoded. */
  dropCode: (physical: number, length: number) => void = () => {};
  /** Called when all decoded code has to be forgotten (restore). */
  dropAllCode: () => void = () => {};
  /** Set by `watchData`. */
  dataWatch: DataWatch | undefined;
  private readonly header: Int32Array;
  private readonly headerFloats: Float64Array;
  private readonly windows: Uint8Array;
  private readonly devices: Device[] = [];
  private readonly ports = new Map<number, Device>();
  private readonly handlers: {
    handler: EventHandler; wakes: (argument: number) => boolean;
  }[] = [];
  private stopping = false;
  /** Set by `wake`; ends a CPU's turn. */
  woken = false;

  constructor(options: MachineOptions = {}) {
    const layout = this.layout = layOut(options);
    this.memory = allocate(layout.total);
    const { buffer } = this.memory;
    this.header = new Int32Array(buffer);
    this.headerFloats = new Float64Array(buffer);
    this.ram = new Uint8Array(buffer, layout.ramBase, layout.ramSize);
    this.codePages = new Uint8Array(
      buffer, layout.codePages, (layout.ramSize + layout.romSize) / PAGE);
    this.windows = new Uint8Array(buffer, 4 * H_WINDOWS, 64);
    this.queue = new EventQueue(this.header, this.headerFloats);
    const h = this.header;
    h[H_MAGIC] = BLOCK_MAGIC;
    h[H_VERSION] = BLOCK_VERSION;
    h[H_BLOCK_SIZE] = layout.blockSize;
    h[H_RAM_BASE] = layout.ramBase;
    h[H_RAM_SIZE] = layout.ramSize;
    h[H_ROM_SIZE] = layout.romSize;
    h[H_CPUS] = layout.cpus;
    h[H_DATA_TLB] = layout.dataTlb;
    h[H_CODE_TLB] = layout.codeTlb;
    h[H_TICKS] = layout.ticksPerSecond;
    h[H_SCHEDULE_CPU] = layout.cpus - 1;
    h[H_RANDOM] = layout.seed | 0 || 1;
    this.cpus = Array.from(
      { length: layout.cpus }, (_, id) => new Cpu(this, id));
    for (const cpu of this.cpus) resetWaiting(cpu);
    if (this.cpus[0]) this.resetCpu(this.cpus[0]);
  }

  /** Bytes of RAM. */
  get ramSize(): number {
    return this.layout.ramSize;
  }

  /** Copies bytes out of RAM; RangeError beyond its end. */
  readRam(address: number, length: number): Uint8Array {
    this.checkRam(address, length);
    return this.ram.slice(address, address + length);
  }

  /** Copies bytes into RAM, as a loader does. */
  writeRam(address: number, bytes: Uint8Array): void {
    this.checkRam(address, bytes.length);
    this.ram.set(bytes, address);
    this.dropCode(address, bytes.length);
  }
  /** As `readRam`. */
  readPhysical(address: number, length: number): Uint8Array {
    return this.readRam(address, length);
  }

  /** As `writeRam`. */
  writePhysical(address: number, bytes: Uint8Array): void {
    this.writeRam(address, bytes);
  }

  private checkRam(address: number, length: number): void {
    if (address >= 0 && address + length <= this.ramSize) return;
    throw new RangeError(`no RAM at 0x${address.toString(16)}` +
      ` for ${length} bytes`);
  }
  /** Decoded code of this frame exists now: no fast writes to it. */
  markCode(frame: number): void {
    if (this.codePages[frame]) return;
    this.codePages[frame] = 1;
    for (const cpu of this.cpus) cpu.dropFast();
  }
  /** Has somebody told of all data accesses to some pages, or nobody. */
  watchData(watch: DataWatch | undefined): void {
    this.dataWatch = watch;
    for (const cpu of this.cpus) cpu.dropFast();
  }

  /** Plugs a device into the bus; the later of two at a port has it. */
  addDevice(device: Device): void {
    this.devices.push(device);
    if (!device.ports) return;
    const { from, length } = device.ports;
    for (let i = 0; i < length; i++) this.ports.set(from + i, device);
  }

  /** Words in the block for a device's registers; the order of the calls
   * is part of the configuration. */
  allocateState(name: string, words: number): Int32Array {
    const used = this.header[H_DEVICE_WORDS]!, end = used + words;
    if (end * 4 > DEVICE_AREA) panic(`no room for the state of ${name}`);
    this.header[H_DEVICE_WORDS] = (end + 1) & ~1;
    const at = this.layout.deviceBase + used * 4;
    return new Int32Array(this.memory.buffer, at, words);
  }
  /** What IN reads, without its checks; ones if nobody is there. */
  readPort(cpu: Cpu, port: number, size: number): number {
    const value = narrow(this.askPort(cpu, port, size), size);
    if (this.events.active) this.access(cpu, "port", port, size, value, false);
    return value;
  }

  private askPort(cpu: Cpu, port: number, size: number): number {
    const device = this.ports.get(port);
    if (size === 1 || (device && !device.bytewide)) {
      return device?.readPort?.(cpu, port - device.ports!.from, size) ?? -1;
    }
    let value = 0;
    for (let i = 0; i < size; i++) {
      value |= (this.askPort(cpu, port + i, 1) & 0xff) << (8 * i);
    }
    return value;
  }

  /** What OUT does, without its checks. */
  writePort(cpu: Cpu, port: number, size: number, value: number): void {
    value = narrow(value, size);
    if (this.events.active) this.access(cpu, "port", port, size, value, true);
    this.tellPort(cpu, port, size, value);
  }

  private tellPort(
    cpu: Cpu, port: number, size: number, value: number,
  ): void {
    const device = this.ports.get(port);
    if (size === 1 || (device && !device.bytewide)) {
      device?.writePort?.(cpu, port - device.ports!.from, size, value);
      return;
    }
    for (let i = 0; i < size; i++) {
      this.tellPort(cpu, port + i, 1, (value >>> (8 * i)) & 0xff);
    }
  }
  /** Reads physical memory that isn't RAM; nobody there reads as ones. */
  readDevice(cpu: Cpu, physical: number, size: number): number {
    if (isApic(cpu, physical)) return apicRead(cpu, physical, size);
    const device = findDevice(this.devices, physical);
    const value = narrow(device?.readMemory?.(
      cpu, physical - device.memory!.from, size) ?? -1, size);
    if (this.events.active) {
      this.access(cpu, "device", physical, size, value, false);
    }
    return value;
  }

  /** Writes physical memory that isn't RAM. */
  writeDevice(
    cpu: Cpu, physical: number, size: number, value: number,
  ): void {
    if (this.events.active) {
      this.access(cpu, "device", physical, size, value, true);
    }
    if (isApic(cpu, physical)) {
      apicWrite(cpu, physical, size, value);
      return;
    }
    const device = findDevice(this.devices, physical);
    device?.writeMemory?.(
      cpu, physical - device.memory!.from, size, narrow(value, size));
  }
  private access(
    cpu: Cpu, kind: "port" | "device", address: number, size: number,
    value: number, write: boolean,
  ): void {
    this.events.emit({ kind, cpu: cpu.id, count: this.count, address, size,
      value: value >>> 0, write });
  }

  /** Place in the machine's memory that a read gets, or -1: a device's. */
  readable(physical: number, size: number): number {
    const { ramBase, ramSize, romBase, romSize } = this.layout;
    let fromEnd = 0x100000000 - physical;
    if (physical + size <= ramSize) {
      if (!(this.windowOf(physical) & NOT_READ)) return ramBase + physical;
      fromEnd = 0x100000 - physical;
      if (fromEnd > ROM_BELOW_1M) return -1;
    }
    return fromEnd <= romSize ? romBase + romSize - fromEnd : -1;
  }

  /** Place that a write changes, or -1: a device's, or nobody's. */
  writable(physical: number, size: number): number {
    const { ramBase, ramSize } = this.layout;
    const plain = physical + size <= ramSize &&
      !(this.windowOf(physical) & NOT_WRITTEN);
    return plain ? ramBase + physical : -1;
  }
  /** Number of the frame of RAM or ROM that is read there, or -1. */
  frameOf(physical: number): number {
    const at = this.readable(physical, 1);
    return at < 0 ? -1 : (at - this.layout.ramBase) >>> 12;
  }

  /** What a frame is besides RAM: NOT_READ, NOT_WRITTEN. */
  windowOf(physical: number): number {
    const frame = (physical - WINDOWS) >>> 12;
    return frame < 64 ? this.windows[frame]! : 0;
  }

  /** Turns frames of the window into RAM, or away from it. */
  setWindow(physical: number, length: number, what: number): void {
    const first = (physical - WINDOWS) / PAGE;
    this.windows.fill(what, first, first + length / PAGE);
    for (const cpu of this.cpus) cpu.refresh();
  }

  /** Burns the ROM; it is as long as the machine was built for. */
  writeRom(bytes: Uint8Array): void {
    const { romBase, romSize } = this.layout;
    if (bytes.length !== romSize) panic("the ROM has another size");
    new Uint8Array(this.memory.buffer, romBase, romSize).set(bytes);
    this.dropAllCode();
  }
  /** What addresses are masked with: all ones but for line A20. */
  addressMask = -1;

  /** Whether line A20 is let through. */
  get a20(): boolean {
    return this.header[H_A20_LOW] === 0;
  }

  set a20(on: boolean) {
    if (on === this.a20) return;
    this.header[H_A20_LOW] = on ? 0 : 1;
    this.refreshAddressMask();
    for (const cpu of this.cpus) cpu.refresh();
  }

  private refreshAddressMask(): void {
    this.addressMask = this.a20 ? -1 : ~0x100000;
  }
  /** Who drives the wire to LINT0; undefined in a machine without one. */
  interruptController: InterruptController | undefined;

  /** Whether the interrupt controller asks for attention. */
  get intr(): boolean {
    return this.header[H_INTR] !== 0;
  }

  set intr(on: boolean) {
    this.header[H_INTR] = on ? 1 : 0;
    for (const cpu of this.cpus) refreshIntr(cpu);
  }

  /** Instructions retired so far on all CPUs together. */
  get count(): number {
    let sum = 0;
    for (const cpu of this.cpus) sum += cpu.d[RETIRED]!;
    return sum;
  }

  /** Machine time in ticks: the furthest clock. */
  get time(): number {
    let time = this.headerFloats[H_TIME]!;
    for (const cpu of this.cpus) time = Math.max(time, cpu.d[CLOCK]!);
    return time;
  }

  /** What a CPU's clock shows to a program: no time before any that was
   * shown on another CPU. */
  showClock(cpu: Cpu): number {
    const floats = this.headerFloats;
    return (floats[H_STAMP] = Math.max(cpu.d[CLOCK]!, floats[H_STAMP]!));
  }
  /** Whether host calls work; otherwise 0F 3F is #UD. */
  get hostArmed(): boolean {
    return this.header[H_HOST_ARMED] !== 0;
  }

  set hostArmed(armed: boolean) {
    this.header[H_HOST_ARMED] = armed ? 1 : 0;
  }
  /** Registers what is to happen at events of a kind, and whether that
   * could wake a CPU; the kinds are numbers in the order of these calls. */
  addHandler(
    handler: EventHandler, wakes: (argument: number) => boolean = () => true,
  ): number {
    this.handlers.push({ handler, wakes });
    return APIC_TIMER_EVENT + this.handlers.length;
  }

  /** Has a handler called at a machine time. */
  schedule(when: number, kind: number, argument = 0): void {
    this.queue.add(when, NO_CPU, kind, argument);
    this.wake();
  }
  /** Something changed that the run loop must look at. */
  wake(): void {
    this.woken = true;
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

  private handlerOf(kind: number) {
    return this.handlers[kind - APIC_TIMER_EVENT - 1] ??
      panic(`nobody handles events of kind ${kind}`);
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
    checkSchedule(schedule);
    const h = this.header, end = this.count + maxInstructions;
    this.stopping = false;
    for (;;) {
      const cpu = this.chooseCpu(schedule, sleepUntil);
      if (typeof cpu === "string") return { reason: cpu, count: this.count };
      const budget = end - this.count;
      if (budget <= 0) return { reason: "budget", count: this.count };
      const turn = Math.min(budget, h[H_SCHEDULE_LEFT]!);
      const before = cpu.d[RETIRED]!;
      const steps = this.runTurn(cpu, turn, stopWhen);
      const retired = cpu.d[RETIRED]! - before;
      h[H_SCHEDULE_LEFT]! -= Math.max(steps, retired);
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
        this.start(cpu);
      }
    }
    let jumps = 0;
    while (!this.cpus.some((cpu) => cpu.w[ACTIVITY] === RUNNING)) {
      const why = ++jumps > MOST_JUMPS ? "halted" : this.jump(sleepUntil);
      if (why) return why;
    }
    const present = this.cpus[h[H_SCHEDULE_CPU]!]!;
    const goesOn = h[H_SCHEDULE_LEFT]! > 0;
    if (goesOn && present.w[ACTIVITY] === RUNNING) return present;
    return this.newTurn(schedule);
  }
  /** Takes turns from the schedule until one falls on a CPU that runs. */
  private newTurn(schedule: Schedule): Cpu {
    const h = this.header, slowest = this.slowestClock();
    const most = schedule.kind === "list" ? Infinity : MOST_AHEAD;
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      nextTurn(schedule, h, this.cpus.length);
      const cpu = this.cpus[h[H_SCHEDULE_CPU]!];
      if (!cpu) panic("the schedule names a CPU that isn't there");
      if (cpu.w[ACTIVITY] !== RUNNING) continue;
      if (cpu.d[CLOCK]! - slowest <= most) return cpu;
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
    if (hopeless && sleepUntil === Infinity) return "halted";
    if (when > sleepUntil) {
      this.headerFloats[H_TIME] = Math.max(this.time, sleepUntil);
      return hopeless ? "halted" : "idle";
    }
    this.headerFloats[H_TIME] = Math.max(this.time, when);
    this.fire(this.time, all);
    for (const cpu of this.cpus) {
      if (cpu.w[ACTIVITY] === HALTED && pendingInterrupt(cpu)) {
        this.start(cpu);
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

  /** A CPU starts or wakes: its clock joins machine time. */
  start(cpu: Cpu): void {
    cpu.d[CLOCK] = this.time;
    cpu.w[ACTIVITY] = RUNNING;
    this.wake();
  }

  /** A CPU as a multiboot loader leaves it: flat 32-bit protected mode; or
   * at the reset vector. */
  resetCpu(cpu: Cpu, how: "multiboot" | "vector" = "multiboot"): void {
    if (how === "vector") resetVector(cpu);
    else resetMultiboot(cpu);
    this.wake();
  }

  /** An INIT, or RESET: the CPU waits for its start-up IPI; the first CPU
   * begins at the reset vector. */
  initialize(cpu: Cpu, what: "INIT" | "RESET" = "INIT"): void {
    if (cpu.id === 0) resetVector(cpu, what === "INIT");
    else resetWaiting(cpu, what === "INIT");
    this.wake();
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

/** The low bytes of a value, zero-extended below 4 bytes. */
function narrow(value: number, size: number): number {
  return size === 4 ? value | 0 : value & ((1 << (8 * size)) - 1);
}

/** How many ticks a CPU's clock may be ahead of the slowest. */
const MOST_AHEAD = 100_000;
/** How many turns a schedule may give to CPUs that can't take them. */
const MOST_TRIES = 100_000;
/** How many events in a row may wake nobody. */
const MOST_JUMPS = 1_000_000;
