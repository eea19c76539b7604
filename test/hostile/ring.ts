// What a driver with bad intentions writes into registers and rings, by
// seed. `Attack` says what; somebody else carries it out.
import type { Random } from "../silicon/random";

/** Somebody who can touch memory and devices as a driver does. */
export interface Hands {
  readonly memory: number;
  /** Where rings and buffers may be: 64 KiB. */
  readonly base: number;
  /** A register of the device in this slot. */
  write(slot: number, offset: number, size: number, value: number): void;
  read(slot: number, offset: number, size: number): void;
  in(port: number, size: number): void;
  out(port: number, size: number, value: number): void;
  /** Memory. */
  poke(address: number, size: 2 | 4, value: number): void;
}

/** A device and its queues, as the driver means to have them. */
interface Ring { desc: number; avail: number; used: number; size: number;
  index: number }

/** Virtio's numbers, and what these devices offer. */
const NET = 1, DISK = 2, CONSOLE = 3, RNG = 4;
const FEATURES: Record<number, number> = {
  [NET]: 0x10020, [DISK]: 0x204, [CONSOLE]: 5, [RNG]: 0 };
const COMMON = [0, 4, 8, 12, 16, 18, 20, 21, 22, 24, 26, 28, 30, 32, 36, 40,
  44, 48, 52, 0x38, 0x3a];

/** `ids` are virtio's numbers of the devices in slots 1 and up. */
export class Attack {
  private readonly rings = new Map<number, Ring>();
  /** Percent of what is wrong at registers, and in rings. */
  private readonly nasty: number;
  private readonly wildness: number;

  constructor(
    private readonly r: Random, private readonly hands: Hands,
    private readonly ids: readonly number[],
  ) {
    this.nasty = r.pick([0, 0, 0, 1, 3, 12]);
    this.wildness = r.pick([0, 1, 3, 8, 20]);
  }

  private slot(): number {
    return 1 + this.r.below(this.ids.length);
  }

  /** One thing that it does. */
  line(): void {
    const { r } = this, way = r.below(100);
    if (way < 10) this.start(this.slot());
    else if (way < 75) this.offer(this.slot());
    else if (way < 83) this.ports();
    else if (way < 90) this.window();
    else if (way < 93) this.readAll(this.slot());
    else if (way < 96) this.hands.read(this.slot(), 0x3c + r.below(70),
      r.pick([1, 2, 4]));
    else if (!this.wrong()) this.hands.write(this.slot(), 20, 1, 0);
    else if (way === 96) this.status(this.slot());
    else if (way === 97) this.hands.read(this.slot(), r.below(4096),
      r.pick([1, 2, 4]));
    else this.hands.write(this.slot(), r.pick([...COMMON, r.below(4096)]),
      r.pick([1, 2, 4]), r.operand());
  }

  private wrong(): boolean {
    return this.r.chance(this.nasty);
  }

  private wild(): boolean {
    return this.r.chance(this.wildness);
  }

  /** All registers, with the sizes that they have. */
  private readAll(slot: number): void {
    for (const at of COMMON) this.hands.read(slot, at,
      at < 16 || at >= 32 && at < 0x38 ? 4
        : [20, 21, 0x3a].includes(at) ? 1 : 2);
  }

  private status(slot: number): void {
    const { r } = this;
    this.hands.write(slot, 20, 1, r.pick([0, 0, 1, 3, 11, 15, 4, 0x80, 0x8f,
      r.below(256)]));
  }

  /** As a driver begins, more or less. */
  private start(slot: number): void {
    const { r, hands } = this;
    const put = (offset: number, size: number, value: number) => {
      if (this.wrong()) {
        const way = r.pick([0, 0, 1, 2, 2, 2, 3]);
        if (way === 0) return;
        if (way === 1) offset = r.pick(COMMON);
        if (way === 2) value = r.operand();
        if (way === 3) size = r.pick([1, 2, 4]);
      }
      hands.write(slot, offset, size, value);
    };
    put(20, 1, 0);
    put(20, 1, 1);
    put(20, 1, 3);
    put(8, 4, 0);
    put(12, 4, r.pick([0, FEATURES[this.ids[slot - 1]!]!]));
    put(8, 4, 1);
    put(12, 4, 1);
    put(20, 1, 11);
    for (let n = 0; n < 2; n++) {
      const ring = this.place(slot, n);
      if (n === 1 && this.hasOne(slot)) break;
      this.rings.set(2 * slot + n, ring);
      put(22, 2, n);
      if (!this.wrong()) hands.poke(ring.avail, 4, 0);
      put(24, 2, ring.size);
      for (const [at, where] of [[32, ring.desc], [40, ring.avail],
        [48, ring.used]] as const) {
        put(at, 4, where);
        put(at + 4, 4, 0);
      }
      if (!this.wrong()) put(28, 2, 1);
    }
    put(20, 1, 15);
  }

  /** Whether the device has one queue, not two. */
  private hasOne(slot: number): boolean {
    return [DISK, RNG].includes(this.ids[slot - 1]!) && !this.wrong();
  }

  /** Places for a ring: good ones, ends, and all on top of each other. */
  private place(slot: number, n: number): Ring {
    const { r } = this, { memory, base } = this.hands;
    const size = this.wrong() ? r.pick([1, 2, 256]) : r.pick([4, 8, 16]);
    const at = (offset: number, alignment: number) => {
      const way = this.wrong() ? r.below(4) : 4;
      const address = way === 0 ? memory - r.below(64)
        : way === 1 ? -r.below(64) : way === 2 ? r.word()
          : way === 3 ? base + 0x8000 + r.below(0x7000)
            : base + 0x8000 + 0x400 * (2 * slot + n) + offset;
      return (address & -alignment) >>> 0;
    };
    const desc = at(0, 16), all = this.wrong();
    return { size, index: 0, desc,
      avail: all ? (desc + 2 * r.below(20)) >>> 0 : at(0x100, 2),
      used: all ? (desc + 4 * r.below(20)) >>> 0 : at(0x200, 4) };
  }

  /** Chains for a queue, and word of them. */
  private offer(slot: number): void {
    const { r, hands } = this, n = this.hasOne(slot) ? 0 : r.below(2);
    const ring = this.rings.get(2 * slot + n);
    if (!ring) return this.start(slot);
    const { desc, avail, size } = ring;
    const waits = n === 0 && [NET, CONSOLE].includes(this.ids[slot - 1]!);
    const room = waits && !this.wild() ? size - ring.index : size;
    for (let i = Math.min(r.pick([1, 1, 1, 2, 5]), room); i > 0; i--) {
      const head = this.chain(ring, slot, n);
      hands.poke(avail + 4 + 2 * (ring.index % size), 2,
        this.wild() ? r.word() : head);
      ring.index = (ring.index + 1) & 0xffff;
    }
    if (this.wild()) hands.poke(desc + 4 * r.below(4 * size), 4, r.operand());
    const index = this.wild() ? ring.index + r.pick([-1, 1, 255, 256, 257,
      0x8000, r.word()]) : ring.index;
    hands.poke(avail, 2, r.below(2));
    hands.poke(avail + 2, 2, index);
    hands.write(slot, 0x38, 2, this.wild() ? r.below(4) : n);
  }

  /** A chain, sensible for the device or not; where it begins. */
  private chain(ring: Ring, slot: number, n: number): number {
    const { r } = this, { size } = ring, id = this.ids[slot - 1]!;
    if (id === DISK && (size < 4 || !this.wild())) return this.request(ring);
    const write = id === RNG || id !== DISK && n === 0;
    const head = r.below(size), length = 1 + r.below(Math.min(size, 6));
    const table = r.chance(10) ? this.buffer(ring) & -16 : undefined;
    if (table !== undefined)
      this.descriptor(ring.desc, head, table,
        this.wild() ? r.operand() : 16 * length, 4, 0);
    for (let i = 0; i < length; i++) {
      const last = i === length - 1 && !this.wild();
      const at = table === undefined ? (head + i) % size : i;
      const next = this.wild() ? r.pick([at, 0, 0xffff, r.below(512)])
        : table === undefined ? (at + 1) % size : i + 1;
      const flags = this.wild() ? r.below(8)
        : (last ? 0 : 1) | (write ? 2 : 0);
      this.descriptor(table ?? ring.desc, at, this.buffer(ring),
        this.length(), flags, next);
    }
    return head;
  }

  /** What a disk is asked, most of the time. */
  private request(ring: Ring): number {
    const { r, hands } = this, { size, desc } = ring;
    if (size < 4) {
      this.descriptor(desc, 0, hands.base + 0x5000, size === 1 ? 17 : 16, size === 1 ? 2 : 1, 1);
      this.descriptor(desc, 1, hands.base + 0x5800, 1, 2, 0);
      return 0;
    }
    const head = 4 * r.below(size / 4), header = hands.base + 0x4000 + 16 * r.below(64);
    hands.poke(header, 4, this.wild() ? r.word()
      : r.pick([0, 0, 1, 1, 4, 8, 2, 11]));
    hands.poke(header + 8, 4, this.wild() ? r.operand() : r.below(40));
    hands.poke(header + 12, 4, this.wild() ? r.operand() : 0);
    const room = this.wild() ? this.length() : r.pick([512, 1024, 4096]);
    const flags = 1 | r.pick([0, 2]);
    this.descriptor(desc, head, header, 16, 1, head + 1);
    this.descriptor(desc, head + 1, this.buffer(ring), room, flags, head + 2);
    this.descriptor(desc, head + 2, this.buffer(ring), 1, 2, 0);
    return head;
  }

  private descriptor(
    table: number, n: number, address: number, length: number, flags: number,
    next: number,
  ): void {
    const { hands } = this, at = table + 16 * n;
    hands.poke(at, 4, address);
    hands.poke(at + 4, 4, this.wild() ? 1 : 0);
    hands.poke(at + 8, 4, length);
    hands.poke(at + 12, 4, (next << 16 | flags) >>> 0);
  }

  private buffer(ring: Ring): number {
    const { r } = this, { memory, base } = this.hands;
    if (!this.wild()) return base + 0x5000 + r.below(0x1000);
    return (r.pick([ring.desc, ring.avail, ring.used, memory, 0, -1, 1 << 31,
      r.word()]) + r.below(16) - 8) >>> 0;
  }

  private length(): number {
    const { r } = this;
    return this.wild() ? r.pick([0, 0, 0xffffffff, 0x80000000,
      this.hands.memory, r.word()])
      : r.pick([1, 2, 12, 16, 26, 60, 512, 1526, 4096]);
  }

  /** The eight ports, and those beside them. */
  private ports(): void {
    const { r, hands } = this;
    if (r.chance(70))
      hands.out(0xcf8, 4, (0x80000000 | r.below(this.ids.length + 3) << 11 |
        4 * r.below(r.chance(80) ? 40 : 64)) >>> 0);
    for (let n = r.below(4); n > 0; n--) {
      const port = 0xcf5 + r.below(12), size = r.pick([1, 2, 4]);
      if (!this.wrong()) hands.in(port, size);
      else hands.out(port, size, r.operand());
    }
  }

  /** Registers by the window in configuration space. */
  private window(): void {
    const { r, hands } = this, slot = this.slot();
    const select = (at: number) => hands.out(0xcf8, 4,
      (0x80000000 | slot << 11 | at) >>> 0);
    const size = r.pick([1, 2, 4]);
    select(0x88);
    hands.out(0xcfc, 1, this.wrong() ? r.below(7) : 0);
    select(0x90);
    hands.out(0xcfc, 4, this.wrong() ? r.operand() : size);
    select(0x8c);
    hands.out(0xcfc, 4, this.wrong() ? r.operand()
      : r.pick({ 1: [20, 21, 0x3a], 2: [18, 24, 30], 4: [0, 4, 0x3c, 0x44] }[size]!));
    select(0x94);
    if (r.chance(90)) hands.in(0xcfc, r.pick([size, size, 1, 2, 4]));
    else if (this.wrong()) hands.out(0xcfc, size, r.operand());
  }
}
