// Woven from chapters/768-machine.md, 772-windows.md, 762-lines.md, 776-running.md.
import { type Device, findDevice, narrow } from "./bus";
import { EventStream } from "./events";
import {
  BLOCK_MAGIC, BLOCK_VERSION, DEVICE_AREA, H_A20_LOW, H_BLOCK_SIZE,
  H_CODE_TLB, H_CPUS, H_DATA_TLB, H_DEVICE_WORDS, H_FORGETS_GLOBALS,
  H_HOST_ARMED, H_INTR,
  H_MAGIC, H_RAM_BASE, H_RAM_SIZE, H_RANDOM, H_ROM_SIZE, H_SCHEDULE_CPU,
  H_STAMP, H_TICKS, H_TIME, H_VERSION, H_WINDOWS, type Layout, layOut,
  type MachineOptions, PAGE,
} from "./layout";
import { allocate, type LinearMemory } from "./linear";
import { panic } from "./numbers";
import { APIC_TIMER_EVENT, EventQueue, NO_CPU } from "./queue";
import { CLOCK, RETIRED } from "./state";
import {
  type InterruptController, NOT_READ, NOT_WRITTEN, ROM_BELOW_1M, WINDOWS,
} from "./windows";

/** What is to happen at an event: with its argument, and its time. */
export type EventHandler = (argument: number, when: number) => void;

/** What CPUs and devices see of a machine: memory, the bus, events, time;
 * all state lies in one block. */
export abstract class Board {
  readonly layout: Layout;
  readonly memory: LinearMemory;
  /** RAM alone. */
  readonly ram: Uint8Array;
  /** What devices store. */
  readonly storage: Uint8Array;
  readonly events = new EventStream();
  readonly queue: EventQueue;
  /** One byte a frame: not 0 if decoded code of it exists. */
  readonly codePages: Uint8Array;
  /** Called when such a frame was written: forget what was decoded. */
  dropCode: (physical: number, length: number) => void = () => {};
  /** Called when all decoded code has to be forgotten (restore). */
  dropAllCode: () => void = () => {};
  /** What executes most instructions; and why it isn't what was asked for,
   * if it isn't. */
  interpreter: "generated" | "plain";
  interpreterTrouble: string | undefined;
  /** Set by `wake`; ends a CPU's turn. */
  woken = false;
  protected readonly header: Int32Array;
  protected readonly headerFloats: Float64Array;
  /** Of each CPU the words RETIRED and CLOCK, and some before them. */
  private readonly clocks: readonly Float64Array[];
  private readonly windows: Uint8Array;
  private readonly devices: Device[] = [];
  private readonly ports = new Map<number, Device>();
  protected readonly handlers: {
    handler: EventHandler; wakes: (argument: number) => boolean;
  }[] = [];

  constructor(options: MachineOptions) {
    const layout = this.layout = layOut(options);
    this.interpreter = layout.interpreter;
    this.memory = allocate(layout.total);
    const { buffer } = this.memory;
    this.header = new Int32Array(buffer);
    this.headerFloats = new Float64Array(buffer);
    this.ram = new Uint8Array(buffer, layout.ramBase, layout.ramSize);
    this.storage = new Uint8Array(
      buffer, layout.storageBase, layout.storageSize);
    this.codePages = new Uint8Array(
      buffer, layout.codePages, (layout.ramSize + layout.romSize) / PAGE);
    this.windows = new Uint8Array(buffer, 4 * H_WINDOWS, 64);
    this.queue = new EventQueue(this.header, this.headerFloats);
    this.clocks = Array.from({ length: layout.cpus }, (_, id) =>
      new Float64Array(buffer, layout.cpuBase + id * layout.cpuStride,
        Math.max(RETIRED, CLOCK) + 1));
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
    h[H_FORGETS_GLOBALS] = layout.forgetsGlobals ? 1 : 0;
    h[H_TICKS] = layout.ticksPerSecond;
    h[H_SCHEDULE_CPU] = layout.cpus - 1;
    h[H_RANDOM] = layout.seed | 0 || 1;
  }

  /** All CPUs must look again at what lies where. */
  protected abstract memoryMoved(): void;
  /** All CPUs must look again at the interrupt controller's wire. */
  protected abstract intrChanged(): void;

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

  private checkRam(address: number, length: number): void {
    if (address >= 0 && address + length <= this.ramSize) return;
    throw new RangeError(`no RAM at 0x${address.toString(16)}` +
      ` for ${length} bytes`);
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
  readPort(port: number, size: number): number {
    return narrow(this.askPort(port, size), size);
  }

  private askPort(port: number, size: number): number {
    const device = this.ports.get(port);
    if (size === 1 || (device && !device.bytewide)) {
      return device?.readPort?.(port - device.ports!.from, size) ?? -1;
    }
    let value = 0;
    for (let i = 0; i < size; i++) {
      value |= (this.askPort(port + i, 1) & 0xff) << (8 * i);
    }
    return value;
  }

  /** What OUT does, without its checks. */
  writePort(port: number, size: number, value: number): void {
    const device = this.ports.get(port);
    if (size === 1 || (device && !device.bytewide)) {
      device?.writePort?.(
        port - device.ports!.from, size, narrow(value, size));
      return;
    }
    for (let i = 0; i < size; i++) {
      this.writePort(port + i, 1, value >>> (8 * i));
    }
  }
  /** Reads physical memory that isn't RAM; nobody there reads as ones. */
  readDevice(physical: number, size: number): number {
    const device = findDevice(this.devices, physical);
    return narrow(device?.readMemory?.(
      physical - device.memory!.from, size) ?? -1, size);
  }

  /** Writes physical memory that isn't RAM. */
  writeDevice(physical: number, size: number, value: number): void {
    const device = findDevice(this.devices, physical);
    device?.writeMemory?.(
      physical - device.memory!.from, size, narrow(value, size));
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
    this.dropAllCode();
    this.memoryMoved();
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
    this.memoryMoved();
  }

  protected refreshAddressMask(): void {
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
    this.intrChanged();
  }

  /** Instructions retired so far on all CPUs together. */
  get count(): number {
    let sum = 0;
    for (const d of this.clocks) sum += d[RETIRED]!;
    return sum;
  }

  /** Machine time in ticks: the furthest clock. */
  get time(): number {
    let time = this.headerFloats[H_TIME]!;
    for (const d of this.clocks) time = Math.max(time, d[CLOCK]!);
    return time;
  }

  /** What a CPU's clock shows to a program: no time before any that was
   * shown on another CPU. */
  showClock(clock: number): number {
    const floats = this.headerFloats;
    return (floats[H_STAMP] = Math.max(clock, floats[H_STAMP]!));
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
  protected handlerOf(kind: number) {
    return this.handlers[kind - APIC_TIMER_EVENT - 1] ??
      panic(`nobody handles events of kind ${kind}`);
  }
}
