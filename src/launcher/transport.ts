// Woven from chapters/926-slots.md.
// Virtio 1.0 over PCI (4.1): the registers of a device, and its queues.
import { LHREQ_IRQ } from "../lguest";
import type { DevLguest } from "../lguest";
import { CLOCK } from "../machine";
import type { LauncherState, QueueWords, SlotWords } from "./registers";
import { valueAt } from "./values";
import { BrokenRing, QUEUE_SIZE, Virtqueue } from "./virtqueue";
import type { Chain } from "./virtqueue";

/** Bytes of Guest-physical addresses that a device has. */
export const MMIO_BYTES = 0x1000;
/** Where notifications, the ISR and the device's own configuration are. */
const NOTIFY = 0x38, ISR = 0x3a;
export const DEVICE_CONFIG = 0x3c;
/** Bits of the device's status (2.1). */
const ACKNOWLEDGE = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8,
  FAILED = 0x80;
/** What all devices offer: bit 32, VERSION_1. */
const VERSION_1 = 1;

/** What makes a console a console. */
export interface Kind {
  /** A word for complaints. */
  readonly name: string;
  /** Virtio's number for it, and PCI's class. */
  readonly id: number;
  readonly classCode: number;
  readonly queues: number;
  /** Features 0 to 31 that it offers. */
  readonly features: number;
  /** What its own configuration says. */
  readonly config: Uint8Array;
  /** Something was written to it; false if it can't be. */
  writeConfig?(
    dev: DevLguest, at: number, size: number, value: number): boolean;
  /** The driver says that it has made chains of a queue available. */
  notified(dev: DevLguest, device: Transport, queue: number): void;
  /** Called in each step of the Launcher: is there any news? */
  attend?(dev: DevLguest, device: Transport): void;
}

/** A device in a slot: registers, queues, interrupt line. */
export class Transport {
  readonly r: SlotWords;
  private readonly queueWords: readonly QueueWords[];

  constructor(
    state: LauncherState, readonly slot: number, readonly kind: Kind,
  ) {
    this.r = state.slot(slot);
    this.queueWords = state.queues(slot, kind.queues);
  }

  /** Its interrupt, 1 and up. */
  get line(): number {
    return this.slot;
  }

  /** As it is when the machine is switched on. */
  begin(address: number): void {
    this.reset();
    this.r.bar0 = address;
  }

  /** Reads a register. */
  read(dev: DevLguest, offset: number, size: number): number {
    if (offset >= DEVICE_CONFIG) return this.readOwn(offset, size);
    const { r } = this, found = registers[offset];
    if (!found || found.size !== size)
      return this.refuse(dev, "reads", offset, size);
    if (offset === ISR) {
      const { isr } = r;
      r.isr = 0;
      return isr;
    }
    return found.get?.(this, this.queueWords[r.queueSelect]) ?? 0;
  }

  private readOwn(offset: number, size: number): number {
    return valueAt(this.kind.config, offset - DEVICE_CONFIG, size);
  }

  private refuse(
    dev: DevLguest, does: string, offset: number, size: number,
  ): number {
    this.giveUp(dev, `it ${does} ${size} bytes at register 0x` +
      offset.toString(16));
    return 0xffffffff;
  }

  private giveUp(dev: DevLguest, why: string): void {
    dev.giveUp(`the driver of its ${this.kind.name} (slot ${this.slot}): ` +
      why);
  }

  /** Writes a register. */
  write(dev: DevLguest, offset: number, size: number, value: number): void {
    const { kind } = this;
    if (offset >= DEVICE_CONFIG) {
      if (!kind.writeConfig?.(dev, offset - DEVICE_CONFIG, size, value))
        this.refuse(dev, "writes", offset, size);
      return;
    }
    const found = registers[offset];
    const wrong = !found || found.size !== size ? undefined
      : found.set?.(this, this.queueWords[this.r.queueSelect], value, dev);
    if (wrong === undefined) this.refuse(dev, "writes", offset, size);
    else if (wrong) this.giveUp(dev, wrong);
  }

  /** Features 0 to 31, or 32 to 63, that the device offers. */
  offers(select: number): number {
    return select === 0 ? this.kind.features : select === 1 ? VERSION_1 : 0;
  }

  /** The status is written: "" or what is wrong with that. */
  setStatus(value: number, dev: DevLguest): string {
    const { r } = this, old = r.status;
    if (value === 0) {
      this.reset();
      return "";
    }
    if (old & ~value) return `it takes bits back from status ${old}`;
    if (!inOrder(value)) return `its status ${value} leaves out a step`;
    if (value & FEATURES_OK && !(old & FEATURES_OK)) {
      if (r.driverLow & ~this.offers(0) || r.driverHigh & ~VERSION_1)
        return "it accepts features that were not offered";
      if (r.driverHigh !== VERSION_1) return "";
    }
    r.status = value;
    if (value & DRIVER_OK && !(old & DRIVER_OK))
      for (let n = 0; n < this.kind.queues; n++) this.notify(n, dev);
    return "";
  }

  private reset(): void {
    const { r } = this;
    for (const name of ["status", "isr", "featureSelect", "driverSelect",
      "driverLow", "driverHigh", "queueSelect"] as const) r[name] = 0;
    for (const queue of this.queueWords)
      for (const name of Object.keys(queue) as (keyof QueueWords)[])
        queue[name] = 0;
  }

  get isReset(): boolean {
    return this.r.status === 0;
  }

  /** Whether features may be accepted now, or queues made. */
  get negotiates(): boolean {
    return (this.r.status & (DRIVER | FEATURES_OK)) === DRIVER;
  }

  get lives(): boolean {
    return (this.r.status & (DRIVER_OK | FAILED)) === DRIVER_OK;
  }

  /** There may be new chains in a queue. */
  notify(n: number, dev: DevLguest): void {
    if (this.lives) this.guarded(dev, () =>
      this.kind.notified(dev, this, n));
  }

  /** Looks for news, and goes on with what is not done. */
  attend(dev: DevLguest): void {
    if (!this.lives) return;
    this.queueWords.forEach((queue, n) => {
      if (!queue.busy) return;
      queue.busy = 0;
      this.notify(n, dev);
    });
    const { kind } = this;
    if (kind.attend) this.guarded(dev, () => kind.attend!(dev, this));
  }

  private guarded(dev: DevLguest, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof BrokenRing)) throw error;
      this.giveUp(dev, error.message);
    }
  }

  /** Takes chains from a queue as long as `use` wants them; `use` returns
   * the bytes it has written, or undefined if this one is a step's last. */
  serve(
    dev: DevLguest, n: number, wanted: () => boolean,
    use: (chain: Chain) => number,
  ): void {
    const words = this.queueWords[n]!, queue = new Virtqueue(dev, words);
    let moved = 0, chain: Chain | undefined, any = false;
    while (wanted() && (chain = queue.take()) !== undefined) {
      queue.give(chain, use(chain));
      any = true;
      moved += chain.cost;
      if (moved < STEP_MOST) continue;
      words.busy = 1;
      dev.signal(dev.guest);
      break;
    }
    if (!any) return;
    dev.cpu.d[CLOCK]! += Math.ceil(moved / 4);
    if (queue.wantsInterrupt) this.interrupt(dev, 1);
  }

  /** Sets bits of the ISR and raises the interrupt. */
  interrupt(dev: DevLguest, bits: number): void {
    this.r.isr |= bits;
    dev.write(LHREQ_IRQ, this.line);
  }
}

/** Bytes after which a step leaves the rest to the next one. */
const STEP_MOST = 1 << 20;

/** Steps of a driver, each of which needs those before it (3.1.1). */
const inOrder = (status: number) =>
  [ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK].every((bit, i, steps) =>
    !(status & bit) || steps.slice(0, i).every((one) => status & one));

type Get = (device: Transport, queue: QueueWords | undefined) => number;
/** "" if all is well, or what is wrong; undefined: it can't be written. */
type Set = (device: Transport, queue: QueueWords | undefined,
  value: number, dev: DevLguest) => string | undefined;
interface Register {
  readonly size: number; readonly get?: Get; readonly set?: Set;
}

const NO_VECTOR = 0xffff;

/** The registers by their offsets (4.1.4.3). */
const registers: Readonly<Record<number, Register>> = {
  0: { size: 4, get: ({ r }) => r.featureSelect,
    set: ({ r }, _, value) => { r.featureSelect = value; return ""; } },
  4: { size: 4, get: (device) => device.offers(device.r.featureSelect) },
  8: { size: 4, get: ({ r }) => r.driverSelect,
    set: ({ r }, _, value) => { r.driverSelect = value; return ""; } },
  12: { size: 4, get: ({ r }) => r.driverSelect === 0 ? r.driverLow
    : r.driverSelect === 1 ? r.driverHigh : 0,
  set: acceptFeatures },
  16: { size: 2, get: () => NO_VECTOR },
  18: { size: 2, get: ({ kind }) => kind.queues },
  20: { size: 1, get: ({ r }) => r.status,
    set: (device, _, value, dev) => device.setStatus(value, dev) },
  21: { size: 1 },
  22: { size: 2, get: ({ r }) => r.queueSelect,
    set: ({ r }, _, value) => { r.queueSelect = value; return ""; } },
  24: { size: 2, get: (_, queue) => queue ? queue.size || QUEUE_SIZE : 0,
    set: ofQueue((queue, value) => {
      const good = value > 0 && value <= QUEUE_SIZE && !(value & (value - 1));
      if (!good) return `it wants a queue of ${value}`;
      queue.size = value;
      return "";
    }) },
  26: { size: 2, get: () => NO_VECTOR },
  28: { size: 2, get: (_, queue) => queue?.enabled ?? 0,
    set: ofQueue((queue, value, { r }) => {
      if (value !== 1) return `it writes ${value} to queue_enable`;
      queue.size ||= QUEUE_SIZE;
      queue.enabled = 1;
      return "";
    }) },
  30: { size: 2 },
  32: addressOf("desc", 16), 36: highOf(),
  40: addressOf("avail", 2), 44: highOf(),
  48: addressOf("used", 4), 52: highOf(),
  [NOTIFY]: { size: 2, set: (device, _, value, dev) => {
    if (value >= device.kind.queues) return `it notifies of queue ${value}`;
    device.notify(value, dev);
    return "";
  } },
  [ISR]: { size: 1 },
};

function acceptFeatures(
  device: Transport, _: QueueWords | undefined, value: number,
): string {
  const { r } = device;
  if (!device.negotiates) return "it accepts features at a wrong time";
  if (r.driverSelect === 0) r.driverLow = value;
  else if (r.driverSelect === 1) r.driverHigh = value;
  else if (value !== 0) return "it accepts features that nobody has";
  return "";
}

/** A register of the queue that is selected, which must not yet live. */
function ofQueue(
  set: (queue: QueueWords, value: number, device: Transport) => string,
): Set {
  return (device, queue, value) => !queue ? "it has selected no queue"
    : queue.enabled ? "it changes a queue that is enabled"
      : set(queue, value, device);
}

function addressOf(
  name: "desc" | "avail" | "used", alignment: number,
): Register {
  return { size: 4, get: (_, queue) => queue?.[name] ?? 0,
    set: ofQueue((queue, value) => {
      if (value % alignment)
        return `its ${name} ring at 0x${value.toString(16)} is not aligned`;
      queue[name] = value;
      return "";
    }) };
}

function highOf(): Register {
  return { size: 4, set: ofQueue((_, value) =>
    value === 0 ? "" : "it has a queue above 4 GiB") };
}
