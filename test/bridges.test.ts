// What a PC has besides its timers and wires: the keyboard's controller, the
// PCI bus, QEMU's devices, the small ports; which ports are whose; and what
// all devices go through, resets and snapshots.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  CR0, CR0_PE, EIP, findDevice, ioPermitted, loadTaskRegister, Machine,
  NOT_READ, NOT_WRITTEN, Pc, portIn, portOut, SYSTEM_FLAGS,
} from "../src/machine";
import type { Device } from "../src/machine";
import { openPics, pc } from "./pc";
import { describe, fault, goTo, prepared, TSS, TSS32 } from "./tables";

const test = suite("bridges");

const hex = (n: number) => `0x${n.toString(16)}`;

/** A PC whose keyboard is spoken to. */
function keys() {
  const it = pc(), { out, read } = it;
  const status = () => read(0x64);
  /** All that waits to be read. */
  const hear = () => {
    const bytes: number[] = [];
    while (status() & 1 && bytes.length < 20) bytes.push(read(0x60));
    return bytes;
  };
  const command = (value: number, ...data: number[]) => {
    out(0x64, value);
    for (const byte of data) out(0x60, byte);
    return hear();
  };
  const say = (...bytes: number[]) => bytes.map((byte) => {
    out(0x60, byte);
    return hear();
  });
  return { ...it, status, hear, command, say };
}

test("8042: what its commands answer, and leave in the command byte", () => {
  for (const [commands, answer, left] of [
    [[0x20], [0x45], 0x45], [[0xa7], [], 0x65], [[0xa7, 0xa8], [], 0x45],
    [[0xa9], [2], 0x45], [[0xaa], [0x55], 0x45], [[0xab], [0], 0x45],
    [[0xad], [], 0x55], [[0xad, 0xae], [], 0x45], [[0xc0], [0xa0], 0x45],
    [[0xd0], [0xcf], 0x45], [[0xdd, 0xd0], [0xcd], 0x45],
    [[0xdd, 0xdf, 0xd0], [0xcf], 0x45], [[0xad, 0xa7], [], 0x75],
    [[0xad, 0xa8], [], 0x55], [[0xa7, 0xae], [], 0x65],
    [[0x21], [], 0x45], [[0xef], [], 0x45], [[0xf1], [], 0x45],
    [[0xff], [], 0x45], [[0xfd], [], 0x45],
  ] as const) {
    const { command, machine, pc: it } = keys();
    assert.equal(commands.flatMap((one) => command(one)), answer,
      commands.map(hex).join());
    assert.is(machine.a20, answer[0] !== 0xcd, commands.map(hex).join());
    assert.equal(command(0x20), [left], commands.map(hex).join());
    assert.is(it.takeRequest(), undefined);
  }
});

test("8042: four commands turn a bit each, and the test sets one", () => {
  const { command } = keys();
  for (const before of [0, 0x45, 0xba, 0xff])
    for (const [value, clear, set] of [[0xa7, 0, 0x20], [0xa8, 0x20, 0],
      [0xad, 0, 0x10], [0xae, 0x10, 0], [0xaa, 0, 4], [0xab, 0, 0],
      [0xa9, 0, 0]] as const) {
      command(0x60, before);
      command(value);
      assert.equal(command(0x20), [before & ~clear | set], hex(value));
    }
});

test("8042: only pulses and the output port reset", () => {
  const { command, pc: it } = keys();
  for (let value = 0; value < 0xf0; value++) {
    command(value);
    assert.is(it.takeRequest(), undefined, hex(value));
  }
});

test("8042: what its commands do with a byte of data", () => {
  for (const [command, data, answer] of [[0x60, 0x47, []], [0xd2, 0x9c,
    [0x9c]], [0xd3, 0xff, []], [0xd4, 0xff, []], [0xd1, 0xdf, []]] as const) {
    const { out, command: tell, say, hear, machine, pc: it } = keys();
    out(0x64, command);
    assert.equal(hear(), [], "it waits for the byte");
    assert.equal(say(data), [answer], hex(command));
    assert.ok(machine.a20 && it.takeRequest() === undefined);
    assert.equal(say(0xee), [[0xee]], "the next is the keyboard's");
    assert.equal(tell(0x20), [command === 0x60 ? data : 0x45]);
    assert.equal(tell(command, data), answer);
  }
  const { out, command, machine, say } = keys();
  out(0x64, 0xd1);
  command(0xaa);
  assert.equal(say(0xee), [[0xee]], "a command takes the last one back");
  assert.ok(machine.a20);
});

test("8042: reset and A20 are bits 0 and 1 of the output port", () => {
  for (const [value, a20, reset] of [[0xdf, true, false],
    [0xdd, false, false], [0x01, false, false], [0x03, true, false],
    [0xde, true, true], [0xfc, false, true]] as const) {
    const { command, machine, pc: it } = keys();
    machine.a20 = !a20;
    command(0xd1, value);
    assert.is(machine.a20, a20, hex(value));
    assert.equal(it.takeRequest(), reset ? { kind: "reset" } : undefined);
  }
  const { command, machine, pc: it } = keys();
  for (let pulse = 0xf0; pulse < 0x100; pulse++) {
    command(pulse);
    assert.equal(it.takeRequest(),
      pulse % 2 === 0 ? { kind: "reset" } : undefined, hex(pulse));
    assert.ok(machine.a20);
  }
});

test("8042: the status has a bit for each thing that can be", () => {
  // Bit 0 output full, 2 tested, 3 last write was a command, 4 no lock.
  const { out, read, status, command, pc: it } = keys();
  assert.is(status(), 0x14);
  out(0x64, 0xd2);
  assert.is(status(), 0x1c);
  out(0x60, 7);
  assert.is(status(), 0x15);
  read(0x60);
  assert.is(status(), 0x14);
  it.reset();
  assert.is(status(), 0x10);
  assert.equal(command(0x20), [0x10], "disabled, not tested");
  out(0x64, 0xaa);
  assert.is(status(), 0x1d);
  assert.is(read(0x60), 0x55);
  assert.equal(command(0x20), [0x14]);
  command(0x60, 0);
  assert.is(status(), 0x10);
});

test("8042: a byte is read again until there is another, 16 wait", () => {
  const { out, read, hear, status, intr, ack } = keys();
  const bytes = Array.from({ length: 16 }, (_, n) => 0x80 + n);
  openPics(out);
  for (const byte of [...bytes, 0xff, 0xfe]) {
    out(0x64, 0xd2);
    out(0x60, byte);
  }
  assert.is(ack(), 0x21);
  assert.equal(hear(), bytes, "those that find no room are lost");
  assert.equal([read(0x60), read(0x60)], [0x8f, 0x8f]);
  out(0x20, 0x20);
  assert.not(intr());
  assert.is(status() & 1, 0);
  out(0x60, 0xff);
  assert.equal([read(0x60), read(0x60), read(0x60)], [0xfa, 0xaa, 0xaa]);
});

test("8042: interrupt 1 is told of each byte, if the command byte says", () => {
  const { out, read, intr, ack, pc: { pics } } = keys();
  openPics(out, 3);
  pics.setIrq(0, false);
  assert.not(intr());
  out(0x60, 0xff);
  assert.is(ack(), 0x21);
  assert.not(intr(), "one edge");
  read(0x60);
  assert.is(ack(), 0x21, "for each byte");
  read(0x60);
  assert.not(intr());
  read(0x60);
  assert.not(intr());
  out(0x64, 0x60);
  out(0x60, 0x44);
  out(0x60, 0xff);
  assert.not(intr(), "not enabled");
  read(0x60);
  assert.not(intr());
  out(0x64, 0x60);
  out(0x60, 0x45);
  assert.is(ack(), 0x21, "one waits");
  out(0x60, 0xff);
  out(0x64, 0x60);
  out(0x60, 0x44);
  out(0x20, 0x0a);
  assert.is(read(0x20), 0);
});

test("a keyboard acknowledges what it knows", () => {
  // IBM PS/2 technical reference, "Commands from the system".
  const { say } = keys();
  for (let byte = 0; byte < 0x100; byte++) {
    const known = byte >= 0xed && byte !== 0xef && byte !== 0xf1;
    const answer = byte === 0xff ? [0xfa, 0xaa]
      : byte === 0xf2 ? [0xfa, 0xab, 0x41]
      : byte === 0xee ? [0xee] : known ? [0xfa] : [0xfe];
    const follows = [0xed, 0xf0, 0xf3].includes(byte);
    assert.equal(say(byte, 0xee), [answer, [follows ? 0xfa : 0xee]],
      hex(byte));
  }
});

test("a keyboard's values aren't commands, and one is a question", () => {
  for (const translates of [true, false]) {
    const { say, command } = keys();
    command(0x60, translates ? 0x45 : 5);
    const as = (byte: number) => translates ? 0x41 : byte;
    assert.equal(say(0xf2), [[0xfa, 0xab, as(0x83)]]);
    assert.equal(say(0xf0, 0), [[0xfa], [0xfa, as(2)]]);
    for (const [first, value] of [[0xed, 0], [0xed, 0xff], [0xf3, 0],
      [0xf3, 0xf2], [0xf0, 1], [0xf0, 2], [0xf0, 3], [0xf0, 0xff]])
      assert.equal(say(first!, value!, 0xee), [[0xfa], [0xfa], [0xee]],
        `${hex(first!)} ${hex(value!)}`);
  }
});

test("a reset forgets what the keyboard and its controller waited for", () => {
  const { out, say, hear, command, pc: it, intr } = keys();
  openPics(out);
  out(0x64, 0xd2);
  out(0x60, 1);
  it.reset();
  assert.equal(hear(), []);
  assert.not(intr());
  openPics(out, 3);
  command(0x60, 0x45);
  out(0x60, 0xee);
  assert.ok(intr(), "the wire was low");
  say(0xed);
  out(0x64, 0xd1);
  it.reset();
  assert.equal(say(0xf4, 0xee), [[0xfa], [0xee]]);
  command(0xaa);
  assert.equal(say(0xed), [[0xfa]]);
  command(0x20);
  assert.equal(say(0xee), [[0xfa]], "a command takes no value away");
});

/** A PC, and the configuration of what is on its PCI bus. */
function bus(rom = 0) {
  const it = pc({}, { rom }), { out, read } = it;
  const select = (device: number, at: number, more = 0) =>
    out(0xcf8, 0x80000000 | device << 11 | at & 0xfc | more, 4);
  const config = (device: number, at: number) => {
    select(device, at);
    return read(0xcfc + (at & 3));
  };
  const write = (device: number, at: number, value: number) => {
    select(device, at);
    out(0xcfc + (at & 3), value);
  };
  const all = (device: number) =>
    Array.from({ length: 256 }, (_, at) => config(device, at));
  return { ...it, select, config, write, all };
}

/** 256 bytes of which some are given, by where they begin. */
function bytes(parts: Record<number, readonly number[]>): number[] {
  const all = new Array<number>(256).fill(0);
  for (const [at, some] of Object.entries(parts))
    some.forEach((byte, n) => { all[Number(at) + n] = byte; });
  return all;
}

// Vendor, device, command, status, revision, class (data sheets of the 440FX
// and of the PIIX3); subsystem as in QEMU's; the PIIX3's routes are off.
const HOST = { 0: [0x86, 0x80, 0x37, 0x12, 6, 0, 0x80, 2, 2, 0, 0, 6],
  0x2c: [0xf4, 0x1a, 0, 0x11] };
const ISA = { 0: [0x86, 0x80, 0, 0x70, 7, 0, 0, 2, 0, 0, 1, 6],
  0x2c: [0xf4, 0x1a, 0, 0x11], 0x60: [0x80, 0x80, 0x80, 0x80] };

test("PCI: each byte of the two bridges, as power-on and a BIOS leave", () => {
  const { pc: it, all } = bus();
  assert.equal(all(0),
    bytes({ ...HOST, 0x59: new Array<number>(7).fill(0x33) }));
  assert.equal(all(1), bytes(ISA));
  it.reset();
  assert.equal([all(0), all(1)], [bytes(HOST), bytes(ISA)]);
});

test("PCI: the bridges' registers can be written, what they are can't", () => {
  const { write, all, out, select, read, pc: it } = bus();
  it.reset();
  const can = (device: number, at: number) => at === 4 ||
    (device ? at >= 0x40 : at === 0x0d || at >= 0x50 && at < 0x90);
  const first = [bytes(HOST), bytes(ISA)];
  for (const bits of [0xa5, 0x5a]) {
    for (const device of [0, 1])
      for (let at = 0; at < 256; at++) write(device, at, at ^ bits);
    assert.equal([all(0), all(1)], first.map((some, device) =>
      some.map((byte, at) => can(device, at) ? at ^ bits : byte)));
  }
  out(0x510, 0, 2);
  write(1, 0xff, 0xff);
  assert.equal([0x511, 0x511].map((port) => read(port)), [0x51, 0x45],
    "and end where the next device begins");
  it.reset();
  assert.is(read(0xcf8, 4), 0);
  assert.equal([all(0), all(1)], first);
  select(1, 0xa4);
  out(0xcfc, 0x87654321 | 0, 4);
  assert.is(read(0xcfc, 4) >>> 0, 0x87654321);
  assert.equal([0, 1, 2, 3].map((n) => read(0xcfc + n)),
    [0x21, 0x43, 0x65, 0x87]);
  out(0xcfe, 0xabcd, 2);
  assert.equal([read(0xcfc, 2), read(0xcfe, 2)], [0x4321, 0xabcd]);
  select(1, 0xa8);
  assert.is(read(0xcfc, 4), 0);
});

test("PCI: the address is a double word; nobody else is there", () => {
  const { read, out, select } = bus();
  const ADDRESS = 0xcf8;
  for (const [written, found] of [[-1, 0x80fffffc], [0, 0],
    [0x80000804, 0x80000804], [0x7f00ff03, 0x0000ff00]] as const) {
    out(ADDRESS, written | 0, 4);
    assert.is(read(ADDRESS, 4) >>> 0, found);
  }
  select(0, 0);
  for (const [port, size] of [[ADDRESS, 1], [ADDRESS, 2], [0xcfa, 1],
    [0xcfa, 2], [0xcfb, 1]] as const) {
    out(port, 0x7f7f, size);
    assert.is(read(ADDRESS, 4) >>> 0, 0x80000000, "no double word");
    assert.is(read(port, size), size === 1 ? 0xff : 0xffff);
  }
  assert.is(read(0xcf9, 2), 0xffff);
  for (let bit = 8; bit < 31; bit++) {
    select(0, 0, 1 << bit);
    const there = bit === 11 || bit > 23; // device 1; bits that aren't kept
    assert.is(read(0xcfc, 4) !== -1, there, `${bit}`);
    out(0xcfc, 0xff);
  }
  out(ADDRESS, 0, 4);
  out(0xcfc, 0xff, 4);
  assert.is(read(0xcfc, 4), -1, "not enabled");
  select(0, 0);
  assert.is(read(0xcfc, 4) >>> 0, 0x12378086);
});

test("PCI: each nibble turns its window", () => {
  // 440FX data sheet, 3.2.15: PAM0 to PAM6.
  const { machine, pc: it, write } = bus(0x40000);
  const windows = () => Array.from({ length: 66 },
    (_, n) => machine.windowOf(0xbf000 + n * 0x1000));
  const shut = NOT_READ | NOT_WRITTEN;
  it.initialize();
  assert.equal(windows(), new Array(66).fill(0), "all are RAM");
  for (let nibble = 1; nibble < 14; nibble++) {
    const [from, length] = nibble === 1 ? [0xf0000, 0x10000]
      : [0xc0000 + (nibble - 2) * 0x4000, 0x4000];
    for (const bits of [0, 1, 2, 3]) {
      it.reset();
      const to = from! + length!;
      write(0, 0x59 + (nibble >> 1), bits << 4 * (nibble & 1));
      assert.equal(windows(), Array.from({ length: 66 }, (_, n) => {
        const at = 0xbf000 + n * 0x1000;
        if (at < 0xc0000 || at >= 0x100000) return 0;
        return at < from! || at >= to ? shut
          : (bits & 1 ? 0 : NOT_READ) | (bits & 2 ? 0 : NOT_WRITTEN);
      }), `${hex(from!)}: ${bits}`);
    }
  }
  it.reset();
  write(1, 0x5f, 0x33);
  assert.equal(windows().slice(1, 65), new Array(64).fill(shut),
    "the other bridge has none");
});

test("below 1 MiB the last 128 KiB of a ROM are seen, or the RAM", () => {
  for (const blocks of [[3, 4], [1, 2, 3, 4]]) {
    const size = blocks.length << 16, both = (n: number) => [n, n];
    const { machine, pc: it, cpu, write } = bus(size);
    machine.writeRom(new Uint8Array(size).map((_, at) => blocks[at >> 16]!));
    it.reset();
    const seen = () => [0xc0000, 0xdffff, 0xe0000, 0xeffff, 0xf0000, 0xfffff,
      ...blocks.map((_, n) => 2 ** 32 - size + (n << 16))
        .flatMap((at) => [at, at + 0xffff])]
      .map((at) => cpu.readPhysical(at, 1));
    assert.equal(seen(), [0xff, 0xff, 3, 3, 4, 4, ...blocks.flatMap(both)]);
    // PAM0: neither, writes alone, reads alone.
    for (const [pam, byte, found] of [[0, 5, 4], [0x20, 6, 4], [0x10, 7, 6]]) {
      write(0, 0x59, pam!);
      cpu.store8(0xf0000, byte!);
      assert.is(cpu.load8(0xf0000), found, hex(pam!));
    }
    assert.equal(seen(), [0xff, 0xff, 3, 3, 6, 0, ...blocks.flatMap(both)]);
  }
});

test("port 0xCF9 resets with bit 2, and keeps bit 1", () => {
  const { out, read, pc: it } = bus();
  for (let value = 0; value < 256; value++) {
    out(0xcf9, value);
    assert.equal(it.takeRequest(), value & 4 ? { kind: "reset" } : undefined);
    assert.is(read(0xcf9), value & 2, hex(value));
    if (value !== 6) continue;
    out(0xcf9, value);
    assert.equal(it.takeRequest(), { kind: "reset" }, "again");
    it.reset();
    assert.is(read(0xcf9), 0);
  }
});

test("fw_cfg: each item, byte by byte, and zeros behind", () => {
  const memory = 0x1a30000;
  const { out, read, pc: it } = pc({}, { memory, cpus: 3 });
  const item = (selector: number, length: number) => {
    out(0x510, selector, 2);
    return Array.from({ length }, () => read(0x511));
  };
  const ascii = (s: string) => [...s].map((c) => c.charCodeAt(0));
  const ram = [0, 0, 0xa3, 1, 0, 0, 0, 0], name = ascii("etc/e820");
  const items: Record<number, number[]> = {
    0: ascii("QEMU"), 1: [1, 0, 0, 0], 3: ram, 5: [3, 0], 0x0e: [0, 0],
    0x0f: [3, 0],
    // How many files; each has size, selector (big-endian), name (QEMU's
    // fw_cfg specification).
    0x19: [0, 0, 0, 1, 0, 0, 0, 20, 0, 0x20, 0, 0, ...name,
      ...new Array<number>(48).fill(0)],
    // Address, length, and type 1: RAM.
    0x20: [0, 0, 0, 0, 0, 0, 0, 0, ...ram, 1, 0, 0, 0],
  };
  for (let selector = 0; selector < 0x30; selector++) {
    const bytes = items[selector] ?? [];
    assert.equal(item(selector, bytes.length + 8),
      [...bytes, 0, 0, 0, 0, 0, 0, 0, 0], hex(selector));
  }
  assert.equal(item(0x4005, 2), [3, 0], "bit 14 would write");
  for (const nothing of [0x8000, 0x8005])
    assert.equal(item(nothing, 4), [0, 0, 0, 0], "bit 15: nothing");
  out(0x510, 3, 2);
  for (let n = 0; n < 2; n++) read(0x511);
  out(0x510, 5);
  out(0x510, 5, 4);
  out(0x511, 5);
  out(0x511, 5, 2);
  assert.equal([read(0x511), read(0x511)], [0xa3, 1], "no selection");
  assert.equal([read(0x510), read(0x510, 2)], [0xff, 3]);
  it.reset();
  assert.is(read(0x510, 2), 0);
  assert.is(read(0x511), 0x51);
});

test("the exit device's status is odd, and of eight bits", () => {
  for (const [value, size, status] of [[0, 1, 1], [0x10, 1, 0x21],
    [0x7f, 2, 0xff], [0x80, 4, 1], [0x101, 4, 3], [0x21, 4, 0x43],
    [0xff, 1, 0xff]] as const) {
    const { out, read, pc: it } = pc();
    assert.is(read(0xf4, size), 0);
    out(0xf4, value, size);
    assert.equal(it.takeRequest(), { kind: "exit", status });
    assert.is(it.takeRequest(), undefined);
  }
});

test("a request stops the machine, and is one until it is taken", () => {
  const { machine, cpu, pc: it } = pc();
  machine.writeRam(0x1000, Uint8Array.of(0xe6, 0xf4, 0x90, 0xeb, 0xfd));
  const { reason } = machine.run({ maxInstructions: 100 });
  assert.is(reason, "stopped");
  assert.is(cpu.w[EIP], 0x1002);
  assert.is(it.takeRequest()?.kind, "exit");
});

test("port 0x92: A20 in bit 1, reset in bit 0", () => {
  for (let value = 0; value < 8; value++) {
    const { out, read, machine, pc: it } = pc();
    assert.is(read(0x92), 2);
    out(0x92, value);
    assert.is(machine.a20, (value & 2) !== 0);
    assert.is(read(0x92), value & 2);
    assert.equal(it.takeRequest(), value & 1 ? { kind: "reset" } : undefined);
  }
});

test("a snapshot holds the devices", () => {
  const one = pc(), two = pc();
  openPics(one.out);
  one.out(0x43, 0x34);
  one.out(0x40, 0x50);
  one.out(0x40, 0x10);
  one.out(0x92, 0);
  one.pc.serial.receive(Uint8Array.of(1, 2, 3));
  one.pass(1234);
  two.machine.restore(one.machine.snapshot());
  assert.not(two.machine.a20);
  assert.is(two.machine.addressMask, ~0x100000);
  for (const each of [one, two]) {
    each.out(0x3f9, 1);
    each.out(0x3fc, 8);
    each.pass(150_000);
  }
  assert.ok(Buffer.from(one.machine.snapshot())
    .equals(Buffer.from(two.machine.snapshot())));
  assert.is(one.ack(), two.ack());
  assert.is(two.read(0x3f8), 1);
  assert.is(two.cpu.w[CR0]! & CR0_PE, CR0_PE);
});

test("a reset opens A20, and all CPUs are at the reset vector", () => {
  const { machine, pc: it } = pc({}, { cpus: 2 });
  machine.a20 = false;
  it.reset();
  assert.ok(machine.a20);
  assert.equal(machine.cpus.map((cpu) => cpu.w[EIP]), [0xfff0, 0xfff0]);
  it.initialize();
  assert.is.not(machine.cpus[0]!.w[EIP], 0xfff0);
  assert.is(machine.cpus[1]!.w[EIP], 0xfff0);
});

/** Which ports a machine's devices have, asked one by one. */
class Directory extends Machine {
  private asked = "";

  override addDevice(device: Device): void {
    const note = () => {
      this.asked = device.name;
      return 0;
    };
    super.addDevice({ ...device, readPort: note, writePort: note });
  }

  /** Names of devices with the ports at which they are. */
  list(way: (port: number) => void): Record<string, string> {
    const found: Record<string, string> = {};
    let last = "", from = 0;
    for (let port = 0; port <= 0x10000; port++) {
      this.asked = "";
      if (port < 0x10000) way(port);
      if (this.asked === last) continue;
      if (last) found[`${from.toString(16)}-${(port - 1).toString(16)}`] = last;
      [last, from] = [this.asked, port];
    }
    return found;
  }
}

// A PC's map of ports: PIIX3 data sheet, 2.0; QEMU's documents for fw_cfg,
// the debug consoles and the exit device.
test("each device has its ports, from the first to the last", () => {
  const machine = new Directory({ memory: 0x200000 });
  new Pc(machine, { postPort: 0x80, post: () => {} });
  const expected = { "20-21": "8259 0", "40-43": "8254", "60-60": "8042 data",
    "61-61": "port 0x61", "64-64": "8042", "70-71": "MC146818",
    "80-80": "POST", "92-92": "port 0x92", "a0-a1": "8259 1",
    "e9-e9": "debug console", "f4-f7": "exit", "3f8-3ff": "16550",
    "402-402": "debug console", "4d0-4d1": "ELCR", "510-511": "fw_cfg",
    "cf8-cff": "PCI" };
  assert.equal(machine.list((port) => machine.readPort(port, 1)),
    expected);
  assert.equal(machine.list((port) => machine.writePort(port, 1, 0)),
    expected);
});

test("nobody answers at the ports beside a device's", () => {
  const { read, out, machine } = pc();
  for (const port of [0x12, 0x1f, 0x22, 0x3f, 0x44, 0x5f, 0x62, 0x63, 0x65,
    0x6f, 0x72, 0x80, 0x91, 0x93, 0x9f, 0xa2, 0xe8, 0xea, 0xf3, 0xf8, 0x3f7,
    0x400, 0x401, 0x403, 0x4cf, 0x4d2, 0x50f, 0x512, 0xcf7, 0xd00]) {
    out(port, 0);
    assert.is(read(port), 0xff, hex(port));
  }
  assert.ok(machine.a20);
  assert.equal([1, 2, 4].map((size) => read(0x1234, size)),
    [0xff, 0xffff, -1], "all ones, of any size");
});

test("a byte-wide device has wider accesses byte by byte", () => {
  const codes: number[] = [], said: number[] = [];
  const { read, out, machine, pc: it } = pc({
    postPort: 0x80, post: (code) => codes.push(code),
    debug: (byte) => said.push(byte),
  });
  openPics(out);
  out(0x20, 0x0b);
  out(0x21, 0x5a);
  assert.is(read(0x20, 2), 0x5a00);
  out(0x4d0, 0x10f8, 2);
  assert.is(read(0x4d0, 2), 0x10f8);
  out(0x3fb, 0x0a1b, 2);
  assert.is(read(0x3fb, 2), 0x0a1b);
  out(0x80, 0x1234, 2);
  out(0xe9, 0x1234, 2);
  out(0x402, 0x5678, 2);
  assert.equal([codes, said], [[0x34], [0x34, 0x78]]);
  assert.equal([read(0xe9, 2), read(0x402, 2)], [0xffe9, 0xffe9]);
  out(0x92, 0x100, 2);
  assert.ok(!machine.a20 && it.takeRequest() === undefined);
  assert.is(read(0x92, 2), 0xff00);
  out(0x64, 0xdf, 2);
  assert.ok(machine.a20);
  assert.is(read(0x64, 2), 0xff1c);
  out(0x60, 0xee);
  assert.is(read(0x60, 2) & 0xff, 0xee);
});

test("memory of a device is from its first byte to its last", () => {
  const devices: Device[] = [
    { name: "ports only", ports: { from: 0, length: 8 } },
    { name: "a", memory: { from: 0xd0000000, length: 16 } },
    { name: "b", memory: { from: 0xd0000010, length: 1 } },
  ];
  for (const [at, name] of [[0, undefined], [0xcfffffff, undefined],
    [0xd0000000, "a"], [0xd000000f, "a"], [0xd0000010, "b"],
    [0xd0000011, undefined]] as const)
    assert.is(findDevice(devices, at)?.name, name, hex(at));
});

/** A CPU in some ring whose TSS has a bitmap of ports, and a limit. */
function withBitmap(
  bitmap: readonly number[],
  limit = 0x68 + bitmap.length - 1,
  { ring = 3, base = 0x68, access = TSS32, flags = 0 } = {},
) {
  const cpu = prepared(), selector = 0x100;
  describe(cpu, selector, access, { base: TSS, limit, flags });
  loadTaskRegister(cpu, selector);
  cpu.store16(TSS + 102, base);
  bitmap.forEach((byte, n) => cpu.store8(TSS + 0x68 + n, byte));
  goTo(cpu, ring);
  return cpu;
}

test("a port needs IOPL, or all its bits clear (SDM 1, 18.5)", () => {
  for (let ring = 0; ring < 4; ring++)
    for (let iopl = 0; iopl < 4; iopl++) {
      const cpu = withBitmap([0xff, 0xff], undefined, { ring });
      cpu.w[SYSTEM_FLAGS] = iopl << 12;
      assert.is(ioPermitted(cpu, 0, 1), ring <= iopl, `${ring} ${iopl}`);
    }
  for (let shut = 0; shut < 24; shut++) {
    const bits = 1 << shut;
    const cpu = withBitmap([bits & 0xff, bits >> 8 & 0xff, bits >> 16, 0xff]);
    for (let port = 0; port < 20; port++)
      for (const size of [1, 2, 4])
        assert.is(ioPermitted(cpu, port, size),
          shut < port || shut >= port + size, `${shut}: ${port}, ${size}`);
  }
});

test("a bitmap ends with the TSS, one byte early", () => {
  // The word at 102 says where it begins, which can be at that word itself.
  for (const [limit, flags, base, last] of [[0x6b, 0, 0x68, 23],
    [0x68, 0, 0x68, -1], [0x68, 0, 0x67, 7], [103, 0, 0x65, 15],
    [102, 0, 0x60, -1], [0xfffff, 8, 0x68, 31]] as const) {
    const cpu = withBitmap([0, 0, 0, 0], limit, { base, flags });
    const found = Array.from({ length: 32 },
      (_, port) => ioPermitted(cpu, port, 1) ? port : -1);
    assert.is(Math.max(...found), last, `${hex(limit)}, ${hex(base)}`);
  }
});

test("a TSS of 16 bits has no bitmap, real mode needs none", () => {
  const cpu = withBitmap([0, 0], undefined, { access: 0x81 });
  assert.not(ioPermitted(cpu, 0, 1));
  cpu.w[CR0]! &= ~CR0_PE;
  assert.ok(ioPermitted(cpu, 0, 1));
});

test("IN and OUT ask before the device does, of 16 bits of a port", () => {
  const cpu = withBitmap([], 0x68 + 0x2000), told: number[][] = [];
  cpu.board.addDevice({
    name: "a device", ports: { from: 0x7fff, length: 4 },
    readPort: (offset, size) => 0x10 * offset + size,
    writePort: (...all) => told.push(all),
  });
  cpu.store8(TSS + 0x68 + 0x1000, 2);
  for (const above of [0, 0x10000, 0x7fff0000]) {
    told.length = 0;
    assert.is(portIn(cpu, above + 0x7fff, 1), 1);
    assert.is(portIn(cpu, above + 0x8000, 1), 0x11);
    assert.is(portIn(cpu, above + 0x7fff, 2), 2);
    portOut(cpu, above + 0x8002, 1, 0x77);
    for (const [port, size] of [[0x8001, 1], [0x8000, 2], [0x7fff, 4]] as
      const) {
      assert.equal(fault(() => portIn(cpu, above + port, size)), [13, 0]);
      assert.equal(fault(() => portOut(cpu, above + port, size, 1)), [13, 0]);
    }
    assert.equal(told, [[3, 1, 0x77]]);
  }
});

test.run();
