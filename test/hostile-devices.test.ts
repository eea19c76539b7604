// Hostile drivers against the devices alone: no Host, no Guest, only what
// the Launcher is told, and what it does.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { assemble, writeElf } from "../src/assembler";
import { Devices, MiB, answerTrap, boot, launcher, run, storageFor } from
  "../src/launcher";
import type { Bus, GuestDevices } from "../src/launcher";
import { CLOCK, EIP, Machine } from "../src/machine";
import { decodeLoosely } from "../src/table";
import { FakeLguest } from "./hostile/fake";
import { Attack } from "./hostile/ring";
import type { Hands } from "./hostile/ring";
import { option } from "./options";
import { Random } from "./silicon/random";

/** The long run: `--drivers N --moves N`. */
const SEEDS = option("drivers", 100), MOST_MOVES = option("moves", 1500);
const MEMORY = 0x10000, LINES = 40, EIP_PLACE = 12;
const OUTPUT = 1, NEXT = 1;
const DISK = 25 * 512, NEIGHBOUR_DISK = 8192;
/** Bytes that a device may move in a step, and a chain may be longer by. */
const STEP_MOST = 1 << 20, CHAIN_MOST = 4 << 20;

class Stage {
  readonly machine: Machine;
  readonly devices: Devices;
  printed = 0;
  wrong: string[] = [];
  private readonly launcher;
  private readonly clean: Uint8Array;

  constructor() {
    const file = {
      write: (offset: number, bytes: Uint8Array) => {
        if (offset + bytes.length > DISK) this.wrong.push(`writes at ${offset}`);
      },
      sync() {},
    };
    const guests: GuestDevices[] = [
      { disks: [{ size: DISK, mode: "rw", id: "rw", file },
        { size: DISK, mode: "ro", id: "" }, { size: 512, mode: "cow", id: "c" }],
      rng: true, nets: ["a", "a"] },
      { nets: ["a", "b"], disks: [
        { size: NEIGHBOUR_DISK, mode: "rw", id: "theirs" }] },
    ];
    this.machine = new Machine({ memory: 2 << 20,
      storage: storageFor(guests) });
    const print = (bytes: Uint8Array, guest: number) => {
      if (guest !== 0) this.wrong.push("its neighbour prints");
      this.printed += bytes.length;
    };
    this.devices = new Devices(this.machine, guests, { print,
      dump: (_, { length }) => {
        if (length > 1514) this.wrong.push(`a frame of ${length}`);
      } }, { columns: 80, rows: 25 });
    this.launcher = launcher(print, this.devices.buses);
    this.machine.storage.fill(0xa5, -NEIGHBOUR_DISK - 4096);
    this.clean = this.machine.storage.slice();
  }

  /** A Guest with new devices. */
  begin(): FakeLguest {
    this.machine.storage.set(this.clean);
    const dev = new FakeLguest(this.machine, 0, MEMORY);
    this.devices.buses[0]!.begin(MEMORY);
    return dev;
  }

  /** One step, and what must be true behind it. */
  step(dev: FakeLguest): void {
    const { d } = this.machine.cpus[0]!, before = d[CLOCK]!;
    dev.touched = 0;
    const answer = this.launcher.step(dev);
    if (answer !== "read") this.wrong.push(`says ${answer}`);
    const most = this.devices.buses[0]!.devices.length *
      (STEP_MOST + CHAIN_MOST);
    if (dev.touched > 3 * most) this.wrong.push(`touches ${dev.touched} bytes`);
    const ticks = d[CLOCK]! - before;
    if (!(ticks >= 0 && ticks <= most / 4)) this.wrong.push(`takes ${ticks}`);
    if (!dev.reason && dev.touched > 16 * (4 * ticks + 4096))
      this.wrong.push(`touches ${dev.touched} bytes in ${ticks} ticks`);
    if (dev.missed && !dev.reason) this.wrong.push("goes beyond memory");
    if (!/^[ -~]{0,150}$/.test(dev.reason)) this.wrong.push(dev.reason);
    this.neighbour();
  }

  /** What is its neighbour's, but for frames that have been sent there. */
  private neighbour(): void {
    const { storage } = this.machine, { clean } = this;
    for (const [from, to] of [[0x4000, 0x8000],
      [storage.length - NEIGHBOUR_DISK - 4096, storage.length]] as const)
      if (Buffer.compare(storage.subarray(from, to), clean.subarray(from, to)))
        this.wrong.push("its neighbour's devices have changed");
  }
}

const stage = new Stage();
/** Virtio's numbers of what is in slots 1 and up. */
const IDS = stage.devices.buses[0]!.devices.map(({ kind }) => kind.id);
const REGISTERS = MEMORY + 256 * 4096;

/** Hands that do it at once, by instructions. */
function handsOf(dev: FakeLguest): Hands {
  const view = new DataView(dev.bytes.buffer);
  const step = () => stage.step(dev);
  const at = (slot: number, offset: number) =>
    REGISTERS + 4096 * (slot - 1) + offset;
  return {
    memory: MEMORY, base: 0,
    write(slot, offset, size, value) {
      dev.move(true, at(slot, offset), size, value);
      step();
    },
    read(slot, offset, size) {
      dev.move(false, at(slot, offset), size);
      step();
    },
    in(port, size) {
      dev.port(false, port, size);
      step();
    },
    out(port, size, value) {
      dev.port(true, port, size, value);
      step();
    },
    poke(address, size, value) {
      if (address < 0 || address + size > MEMORY) return;
      if (size === 2) view.setUint16(address, value, true);
      else view.setUint32(address, value, true);
    },
  };
}

/** What is outside: keys, frames, and a snapshot that was damaged. */
function outside(r: Random, dev: FakeLguest, damage: boolean): void {
  const { storage } = stage.machine;
  if (r.chance(20)) stage.devices.type(0, new Uint8Array(r.below(100)));
  if (r.chance(20)) stage.devices.ports[2 + r.below(2)]!.put(
    new Uint8Array(14 + r.below(1501)).fill(r.word()));
  if (damage && r.chance(40)) {
    const words = new Int32Array(storage.buffer, storage.byteOffset, 0x1000);
    const slot = r.below(IDS.length + 1);
    for (let n = r.below(4); n >= 0; n--)
      words[64 * slot + r.below(64)] = r.operand();
    if (r.chance(30)) storage.fill(r.word(), 0x8000, 0x8010);
    if (r.chance(30)) storage.fill(r.word(), 0x18000, 0x18010);
  }
  if (!dev.signalled && r.chance(70)) return;
  dev.signalled = false;
  dev.result = -4;
  stage.step(dev);
}

test(`${SEEDS} hostile drivers harm nobody`, () => {
  const ends = new Map<string, number>();
  let lines = 0, irqs = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const r = new Random(seed), dev = stage.begin(), damage = r.chance(25);
    const attack = new Attack(r, handsOf(dev), IDS);
    try {
      for (let n = 0; n < LINES && !dev.reason; n++, lines++) {
        attack.line();
        outside(r, dev, damage);
      }
    } catch (error) {
      stage.wrong.push((error as Error).stack!);
    }
    assert.equal(stage.wrong, [], `seed ${seed}`);
    if (dev.irqs) irqs++;
    const end = dev.reason.replace(/0x[0-9a-f]+|\d+/g, "N");
    ends.set(end, (ends.get(end) ?? 0) + 1);
  }
  console.log(`${lines} lines, interrupts for ${irqs} Guests, ` +
    `${stage.printed} bytes printed, ${ends.size} ends`);
  assert.ok(ends.size > 10 && irqs > SEEDS / 4, "it isn't all in vain");
});

/** A console whose output has this many chains, all of them this one. */
function output(chains: number, parts: readonly [number, number][]): FakeLguest {
  const dev = stage.begin(), hands = handsOf(dev);
  const view = new DataView(dev.bytes.buffer);
  for (const status of [0, 1, 3]) hands.write(1, 20, 1, status);
  hands.write(1, 8, 4, 1);
  hands.write(1, 12, 4, 1);
  hands.write(1, 20, 1, 11);
  hands.write(1, 22, 2, OUTPUT);
  for (const [at, where] of [[32, 0x1000], [40, 0x3000], [48, 0x4000]] as const)
    hands.write(1, at, 4, where);
  hands.write(1, 28, 2, 1);
  parts.forEach(([address, length], n) => {
    view.setUint32(0x1000 + 16 * n, address, true);
    view.setUint32(0x1000 + 16 * n + 8, length, true);
    if (n + 1 < parts.length)
      view.setUint32(0x1000 + 16 * n + 12, n + 1 << 16 | NEXT, true);
  });
  view.setUint16(0x3002, chains, true);
  hands.write(1, 20, 1, 15);
  return dev;
}

const given = ({ bytes }: FakeLguest) => bytes[0x4002]! | bytes[0x4003]! << 8;

test("chains of nothing cost something, too", () => {
  const { d } = stage.machine.cpus[0]!, before = d[CLOCK]!;
  const dev = output(256, new Array(256).fill([0, 0]));
  assert.is(given(dev), 256);
  assert.is(d[CLOCK]! - before, 256 * 256 * 16 / 4);
  assert.is(dev.reason, "");
});

test("what is much goes in steps, and what is too much goes nowhere", () => {
  stage.printed = 0;
  const dev = output(40, new Array(2).fill([0x8000, 0x8000]));
  assert.is(given(dev), 16);
  for (const chains of [32, 40]) {
    assert.ok(dev.signalled);
    dev.signalled = false;
    dev.result = -4;
    stage.step(dev);
    assert.is(given(dev), chains);
  }
  assert.not(dev.signalled);
  assert.is(stage.printed, 40 * 0x10000);
  const { reason } = output(1, new Array(129).fill([0x8000, 0x8000]));
  assert.match(reason, /a chain of more than 4194304 bytes/);
  assert.equal(stage.wrong, []);
});

test("memory ends with its last whole page, for devices, too", () => {
  const put = (offset: number, move: string, value: number) =>
    `movl $${value}, %eax\n mov${move}, ${3 * MiB + offset}\n`;
  const { bytes } = assemble(
    [1, 3].map((status) => put(20, "b %al", status)).join("") +
    put(8, "l %eax", 1) + put(12, "l %eax", 1) + put(20, "b %al", 11) +
    put(22, "w %ax", OUTPUT) + put(32, "l %eax", 0x1000) +
    put(40, "l %eax", 0x2000) + put(48, "l %eax", 0x3000) +
    put(28, "w %ax", 1) + `movl $${2 * MiB}, 0x1000\n movl $50, 0x1008\n` +
    "movl $0x10000, 0x2000\n" + put(20, "b %al", 15),
    { origin: 0x100000 });
  const image = writeElf([{ paddr: 0x100000, vaddr: 0x100000, bytes }],
    0x100000);
  const session = boot({ guests: [{ name: "g", image, commandLine: "",
    memory: 2 * MiB + 100 }] });
  assert.is(run(session, 1e6).guests[0]!.reason,
    "the driver of its console (slot 1): 50 bytes at 0x200000");
});

/** What an instruction may be in front of, and the moves that we know. */
const PREFIXES = [0x66, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];
const MOVES = [[0x88], [0x89], [0x8a], [0x8b], [0xa0], [0xa1], [0xa2], [0xa3],
  [0xc6], [0xc7], [0x0f, 0xb6], [0x0f, 0xb7], [0x0f, 0xbe], [0x0f, 0xbf]];
/** Places in struct pt_regs of the registers, by their numbers. */
const PLACES = [6, 1, 2, 0, 15, 5, 3, 4];
const FILL = 0x9c9c9c9c;

/** Bytes of a move, with a displacement that stays in memory. */
function someMove(r: Random): { bytes: number[]; seen: number } {
  const bytes = Array.from({ length: r.pick([0, 0, 0, 1, 1, 2, 4]) },
    () => r.pick(PREFIXES));
  const opcode = r.pick(MOVES), direct = (opcode[0]! & 0xfc) === 0xa0;
  bytes.push(...opcode);
  let seen = bytes.length;
  if (!direct) {
    const modrm = r.below(192) & (opcode[0]! >> 1 === 0x63 ? 0xc7 : 0xff);
    bytes.push(modrm);
    if ((modrm & 7) === 4) bytes.push(r.below(256));
    seen = bytes.length;
    if (modrm >> 6 === 1) bytes.push(r.below(128));
  }
  bytes.push(r.word() & 255, r.below(8), 1, 0);
  while (bytes.length < 20) bytes.push(r.below(256));
  return { bytes, seen };
}

test("a move does what the processor does, and is as long", () => {
  const machine = new Machine({ memory: 1 << 20 }), cpu = machine.cpus[0]!;
  const real = machine.ram.subarray(0x10000).fill(0x9c), r = new Random(1);
  const view = new DataView(machine.ram.buffer, machine.ram.byteOffset);
  let done = 0, refused = 0;
  for (let n = 0; n < MOST_MOVES; n++) {
    const { bytes, seen } = someMove(r);
    const insn = decodeLoosely((i) => bytes[i]!, true)!;
    const dev = new FakeLguest(machine, 0, 0);
    for (let i = 0; i < 8; i++)
      cpu.w[i] = dev.regs[PLACES[i]!] = 0x10000 + r.below(2048);
    const at = (insn.base < 0 ? 0 : cpu.w[insn.base]!) + insn.displacement +
      (insn.index < 0 ? 0 : cpu.w[insn.index]! << insn.scale);
    let stored: [number, number] | undefined;
    const device = {
      read: () => FILL,
      write(_: unknown, __: number, size: number, value: number) {
        stored = [size, value];
      },
    };
    const bus = { at: () => ({ device, offset: 0 }) } as unknown as Bus;
    dev.trap(14, bytes, at);
    answerTrap(dev, dev.result as Uint8Array, bus);
    const tail = [0xc6, 0xc7].includes(bytes[insn.prefixes]!)
      ? insn.length : seen;
    const hex = Buffer.from(bytes.slice(0, insn.length)).toString("hex");
    assert.equal(dev.traps, tail > 7 ? [14] : [], hex);
    if (dev.traps.length) { refused++; continue; }
    assert.is(dev.eip, insn.length, hex);
    machine.writeRam(0x8000, Uint8Array.from(bytes, (byte, i) =>
      i < insn.prefixes && byte !== 0x66 ? 0x3e : byte));   // %ds
    cpu.w[EIP] = 0x8000;
    machine.run({ maxInstructions: 1 });
    assert.is(cpu.w[EIP], 0x8000 + insn.length, hex);
    PLACES.forEach((place, i) =>
      assert.is(dev.regs[place], cpu.w[i]! >>> 0, hex));
    const after = view.getUint32(at, true), [size, value] = stored ?? [0, 0];
    const mask = size === 4 ? -1 : (1 << 8 * size) - 1;
    assert.is(after, ((FILL & ~mask) | (value & mask)) >>> 0, hex);
    real.fill(0x9c, at - 0x10000, at - 0x10000 + 4);
    done++;
  }
  assert.ok(done > MOST_MOVES / 2 && refused > 0);
});

test("bytes that are anything are as long as they are, or refused", () => {
  const r = new Random(2), dev = stage.begin();
  let done = 0;
  for (let n = 0; n < 4 * MOST_MOVES; n++) {
    const bytes = Array.from({ length: 16 }, () => r.below(256));
    if (r.chance(60)) bytes[0] = r.pick([0x66, 0xe5, 0xee, 0xfa, 0x88, 0xa1]);
    const vector = r.pick([13, 14]);
    dev.regs.fill(r.word());
    dev.regs[EIP_PLACE] = 0xfffffffd;
    dev.reason = "";
    dev.trap(vector, bytes, MEMORY + r.below(0x110000));
    stage.step(dev);
    assert.equal(stage.wrong, []);
    const length = (dev.eip + 3) >>> 0;
    assert.equal(dev.traps, length || dev.reason ? [] : [vector]);
    if (length === 0) continue;
    done++;
    assert.is(length, decodeLoosely((i) => bytes[i]!, true)?.length,
      Buffer.from(bytes).toString("hex"));
  }
  assert.ok(done > MOST_MOVES / 4);
});

test.run();
