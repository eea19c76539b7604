// The devices of a PC, at their ports. A CPU goes round in a loop of one
// instruction, so machine time passes by one tick an instruction.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  CLOCK, CR0, EIP, HALTED, IF, Machine, NOT_READ, NOT_WRITTEN, Pc,
  SYSTEM_FLAGS, ACTIVITY,
} from "../src/machine";
import type { Device, PcOptions } from "../src/machine";
import { civil, secondsOf } from "../src/machine/pc/calendar";
import { openPics, pc } from "./pc";

const test = suite("devices");

test("a port at which nobody is reads as ones", () => {
  const { read } = pc();
  assert.is(read(0x1234), 0xff);
  assert.is(read(0x1234, 2), 0xffff);
  assert.is(read(0x1234, 4), -1);
  assert.is(read(0x12), 0xff);
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
  const cpu = machine.cpus[0]!;
  const expected = { "20-21": "8259 0", "40-43": "8254", "60-60": "8042 data",
    "61-61": "port 0x61", "64-64": "8042", "70-71": "MC146818",
    "80-80": "POST", "92-92": "port 0x92", "a0-a1": "8259 1",
    "e9-e9": "debug console", "f4-f7": "exit", "3f8-3ff": "16550",
    "402-402": "debug console", "4d0-4d1": "ELCR", "510-511": "fw_cfg",
    "cf8-cff": "PCI" };
  assert.equal(machine.list((port) => machine.readPort(cpu, port, 1)),
    expected);
  assert.equal(machine.list((port) => machine.writePort(cpu, port, 1, 0)),
    expected);
});

test("8259: vectors, priorities, EOI", () => {
  const { out, read, intr, ack, pc: { pics } } = pc();
  openPics(out);
  assert.not(intr());
  pics.setIrq(5, true);
  pics.setIrq(3, true);
  assert.ok(intr());
  assert.is(ack(), 0x23);
  assert.not(intr());
  out(0x20, 0x0b);
  assert.is(read(0x20), 0x08);
  out(0x20, 0x0a);
  assert.is(read(0x20), 0x20);
  pics.setIrq(1, true);
  assert.ok(intr(), "a better one interrupts the service");
  assert.is(ack(), 0x21);
  out(0x20, 0x20);
  out(0x20, 0x20);
  assert.is(ack(), 0x25);
  out(0x20, 0x65);
  assert.not(intr());
});

test("8259: the second chip comes through input 2", () => {
  const { out, intr, ack, pc: { pics } } = pc();
  openPics(out);
  pics.setIrq(14, true);
  assert.ok(intr());
  assert.is(ack(), 0x2e);
  pics.setIrq(8, true);
  assert.not(intr(), "input 2 of the first is in service");
  out(0xa0, 0x20);
  out(0x20, 0x20);
  assert.is(ack(), 0x28);
});

test("8259: special fully nested mode lets better news through", () => {
  const { out, intr, pc: { pics }, ack } = pc();
  openPics(out, 0x11);
  pics.setIrq(14, true);
  ack();
  pics.setIrq(8, true);
  assert.ok(intr());
});

test("8259: a request that goes away is spurious, input 7", () => {
  const { out, read, intr, ack, pc: { pics } } = pc();
  openPics(out);
  pics.setIrq(4, true);
  pics.setIrq(4, false);
  assert.not(intr());
  assert.is(ack(), 0x27);
  out(0x20, 0x0b);
  assert.is(read(0x20), 0);
});

test("8259: masks, edges, levels", () => {
  const { out, read, intr, ack, pc: { pics } } = pc();
  openPics(out);
  out(0x21, 0x08);
  assert.is(read(0x21), 0x08);
  pics.setIrq(3, true);
  assert.not(intr());
  out(0x21, 0);
  assert.is(ack(), 0x23);
  out(0x20, 0x20);
  assert.not(intr(), "an edge is one request");
  out(0x4d0, 0xff);
  assert.is(read(0x4d0), 0xf8, "0, 1 and 2 are always edges");
  pics.setIrq(5, true);
  assert.is(ack(), 0x23, "3 is a level now, and high");
  out(0x20, 0x20);
  assert.is(ack(), 0x23, "and stays one as long as it is");
});

test("8259: automatic EOI, rotation, special mask, poll", () => {
  const { out, read, intr, ack, pc: { pics } } = pc();
  openPics(out, 3);
  pics.pulse(3);
  assert.is(ack(), 0x23);
  pics.pulse(4);
  assert.ok(intr(), "3 is no longer in service");
  assert.is(ack(), 0x24);
  openPics(out);
  out(0x20, 0xc3);
  pics.pulse(3);
  pics.pulse(4);
  assert.is(ack(), 0x24, "3 is the lowest");
  out(0x20, 0xa0);
  pics.pulse(5);
  assert.is(ack(), 0x25);
  out(0x21, 0x20);
  out(0x20, 0x68);
  assert.ok(intr(), "5 is masked and holds nobody up");
  out(0x20, 0x0c);
  assert.is(read(0x20), 0x83);
  assert.not(intr());
});

// 8254 data sheet: bits 5 and 4 of the control word.
test("8254: low byte, high byte, or both", () => {
  const { out, read, pass } = pc();
  out(0x61, 0);
  const bytes = (...ports: number[]) => ports.map((port) => read(port));
  out(0x43, 0x90);
  out(0x42, 0x34);
  assert.equal(bytes(0x42, 0x42), [0x34, 0x34]);
  out(0x43, 0x80);
  assert.equal(bytes(0x42, 0x42), [0x34, 0x34]);
  out(0x43, 0xe8);
  assert.is(read(0x42), 0x10);
  out(0x43, 0xa0);
  out(0x42, 0x12);
  assert.equal(bytes(0x42, 0x42), [0x12, 0x12]);
  out(0x43, 0x80);
  assert.equal(bytes(0x42, 0x42), [0x12, 0x12]);
  out(0x43, 0xb0);
  out(0x42, 0x34);
  out(0x42, 0x12);
  assert.equal(bytes(0x42, 0x42, 0x42, 0x42), [0x34, 0x12, 0x34, 0x12]);
  out(0x43, 0xb0);
  out(0x42, 0);
  out(0x42, 0x80);
  assert.equal(bytes(0x42, 0x42), [0, 0x80]);
  out(0x43, 0xa0);
  out(0x42, 0x55);
  out(0x43, 0xb0);
  out(0x42, 1);
  out(0x42, 0);
  assert.equal(bytes(0x42, 0x42), [1, 0], "a high byte doesn't linger");
  // A high byte alone: 256 clocks, and not 257.
  out(0x43, 0xa0);
  out(0x42, 1);
  out(0x61, 1);
  pass(21_454);
  assert.is(read(0x61) & 0x20, 0);
  pass(2);
  assert.is(read(0x61) & 0x20, 0x20);
});

test("8254: what is latched stays until it is read", () => {
  const { out, read, later } = pc();
  out(0x61, 1);
  out(0x43, 0xb0);
  out(0x42, 0);
  out(0x42, 1);
  // 100 clocks of 256, and 400.
  later(8390);
  out(0x43, 0xc8);
  later(25_143);
  out(0x43, 0x80);
  out(0x43, 0xc8);
  assert.equal([read(0x42), read(0x42), read(0x42)], [0x30, 0x9c, 0],
    "status and count of the first time");
  out(0x43, 0xc8);
  assert.equal([read(0x42), read(0x42), read(0x42)], [0xb0, 0x70, 0xff]);
});

/** For how many ticks counter 2 puts its output on a level, from now. */
function levels({ read, pass }: ReturnType<typeof pc>, most: number) {
  const found: number[] = [];
  let level = -1, left = most;
  while (left-- > 0) {
    const now = read(0x61) & 0x20;
    if (now === level) found[found.length - 1]!++;
    else found.push(1);
    level = now;
    pass(1);
  }
  return { found: found.slice(0, -1), last: level };
}

// A clock is 83.81 ticks.
test("8254: one shots, strobes and rates, to the clock", () => {
  const near = (found: number[], clocks: number[], what: string) => {
    assert.is(found.length, clocks.length, `${what}: ${found}`);
    found.forEach((n, i) => assert.ok(
      Math.abs(n - clocks[i]! * 1e8 / 1_193_182) <= 1, `${what}: ${found}`));
  };
  const start = (mode: number, count: number) => {
    const it = pc(), { out } = it;
    out(0x61, mode === 1 || mode === 5 ? 0 : 1);
    out(0x43, 0x90 | mode << 1);
    out(0x42, count);
    out(0x61, 1);
    return it;
  };
  const rows: [number, number, number[], number][] = [
    [0, 5, [5], 0x20], [1, 5, [5], 0x20], [4, 5, [5, 1], 0x20],
    [5, 5, [5, 1], 0x20], [2, 5, [4, 1, 4, 1], 0x20],
    [3, 5, [3, 2, 3, 2], 0x20], [3, 6, [3, 3, 3], 0],
  ];
  for (const [mode, count, clocks, last] of rows) {
    const found = levels(start(mode, count), 900);
    near(found.found, clocks, `mode ${mode}`);
    assert.is(found.last, last, `mode ${mode}`);
  }
});

test("8254: modes 0, 2 and 3 count and are latched", () => {
  const { out, read, pass } = pc();
  out(0x43, 0xb4);
  out(0x42, 0xe8);
  out(0x42, 0x03);
  out(0x61, 1);
  pass(8381 * 2);
  out(0x43, 0x80);
  const count = read(0x42) | (read(0x42) << 8);
  assert.ok(Math.abs(count - 800) <= 2, `${count}`);
  out(0x43, 0xb0);
  out(0x42, 100);
  out(0x42, 0);
  assert.is(read(0x61) & 0x20, 0);
  pass(8400);
  assert.is(read(0x61) & 0x20, 0x20);
  out(0x43, 0xe8);
  assert.is(read(0x42), 0xb0, "status: output high, mode 0");
  out(0x43, 0xb6);
  out(0x42, 10);
  out(0x42, 0);
  assert.is(read(0x61) & 0x20, 0x20);
  pass(500);
  assert.is(read(0x61) & 0x20, 0);
});

test("8254: a low gate stops a counter, BCD is decimal", () => {
  const { out, read, pass } = pc();
  out(0x61, 0);
  out(0x43, 0xb1);
  out(0x42, 0x00);
  out(0x42, 0x10);
  pass(10_000);
  assert.equal([read(0x42), read(0x42)], [0x00, 0x10]);
  out(0x61, 1);
  pass(8381);
  out(0x43, 0x80);
  assert.equal([read(0x42), read(0x42)], [0x00, 0x09]);
  out(0x61, 0);
  pass(8381);
  out(0x43, 0x80);
  assert.equal([read(0x42), read(0x42)], [0x00, 0x09]);
});

test("8254: a low gate makes the periodic outputs high", () => {
  const { out, read, pass } = pc();
  for (const mode of [2, 3]) {
    out(0x61, 1);
    out(0x43, 0xb0 | mode << 1);
    out(0x42, 2);
    out(0x42, 0);
    let tries = 0;
    while (read(0x61) & 0x20 && tries++ < 1000) pass(1);
    assert.is(read(0x61) & 0x20, 0, `mode ${mode} is low now and then`);
    out(0x61, 0);
    assert.is(read(0x61) & 0x20, 0x20, `mode ${mode}`);
  }
});

test("8254: a new count waits for the end of what is counted", () => {
  const { out, read, pass, machine } = pc();
  const clocks = (n: number) => pass(Math.round(n * 1e8 / 1_193_182));
  const state = () => {
    out(0x43, 0xe8);
    return read(0x42);
  };
  const count = () => {
    out(0x43, 0x80);
    return read(0x42) | read(0x42) << 8;
  };
  const write = (n: number) => {
    out(0x42, n & 0xff);
    out(0x42, n >> 8);
  };
  const near = (n: number) => assert.ok(Math.abs(count() - n) <= 4, `${n}`);
  out(0x61, 1);
  out(0x43, 0xb4);
  assert.is(state() & 0x40, 0x40, "nothing is loaded yet");
  write(1000);
  assert.is(state() & 0x40, 0);
  clocks(300);
  write(5000);
  assert.is(state() & 0x40, 0x40, "null count");
  near(700);
  clocks(800);
  near(4900);
  assert.is(state() & 0x40, 0);
  write(200);
  out(0x61, 0);
  out(0x61, 1);
  near(200);
  out(0x43, 0xb6);
  write(1000);
  clocks(100);
  write(4000);
  clocks(500);
  assert.is(state() & 0xc0, 0, "the second half, of the new count");
  near(3800);
  clocks(1850);
  assert.is(state() & 0xc0, 0);
  clocks(150);
  assert.is(state() & 0xc0, 0x80);
  out(0x61, 0);
  out(0x43, 0xb2);
  write(1000);
  out(0x61, 1);
  clocks(500);
  write(50);
  assert.is(state() & 0xc0, 0x40, "one shot is never cut short");
  near(500);
  clocks(600);
  assert.is(read(0x61) & 0x20, 0x20);
  out(0x61, 0);
  out(0x61, 1);
  near(50);
  assert.ok(machine.time > 0);
});

test("8254: a new rhythm begins where the old one ends", () => {
  for (const [mode, expected] of [[2, [11932, 3000, 3000, 3000]],
    [3, [11932 / 2 + 1500, 3000, 3000, 3000]]] as const) {
    const { out, pass, machine } = pc();
    openPics(out);
    let last = machine.time;
    const edges: number[] = [];
    out(0x43, 0x34 | mode << 1 & 6);
    const write = (n: number) => {
      out(0x40, n & 0xff);
      out(0x40, n >> 8);
    };
    write(11932);
    pass(1000);
    write(3000);
    while (edges.length < 4) {
      out(0x20, 0x0a);
      pass(100);
      if (!machine.intr) continue;
      edges.push(machine.time - last);
      last = machine.time;
      assert.is(machine.interruptController!.acknowledge(), 0x20);
      out(0x20, 0x20);
    }
    expected.forEach((clocks, n) => assert.ok(
      Math.abs(edges[n]! - clocks * 1e8 / 1_193_182) <= 210,
      `mode ${mode}: ${edges.join()}`));
  }
});

test("8254: the state has the mode as it was written", () => {
  const { out, read } = pc();
  for (let mode = 0; mode < 8; mode++) {
    out(0x43, 0xb0 | mode << 1);
    out(0x43, 0xe8);
    assert.is(read(0x42) & 0x3f, 0x30 | mode << 1);
  }
});

test("8254: counter 0 interrupts again and again, without drift", () => {
  const { out, pass, intr, ack } = pc();
  openPics(out);
  out(0x43, 0x34);
  out(0x40, 1193 & 255);
  out(0x40, 1193 >> 8);
  let ticks = 0;
  for (let i = 0; i < 1000; i++) {
    pass(1000);
    if (!intr()) continue;
    assert.is(ack(), 0x20);
    out(0x20, 0x20);
    ticks++;
  }
  assert.is(ticks, 10, "1 ms each");
});

test("16550: what is sent goes out, registers are themselves", () => {
  const sent: number[] = [];
  const { out, read } = pc({ serial: (byte) => sent.push(byte) });
  out(0x3f8, 0x41);
  out(0x3f8, 0x42);
  assert.equal(sent, [0x41, 0x42]);
  assert.is(read(0x3fd), 0x60);
  out(0x3ff, 0x5a);
  assert.is(read(0x3ff), 0x5a);
  out(0x3fb, 0x83);
  out(0x3f8, 1);
  out(0x3f9, 0);
  assert.equal([read(0x3f8), read(0x3f9)], [1, 0]);
  out(0x3fb, 0x03);
  assert.is(read(0x3f9), 0);
  assert.is(read(0x3fe), 0xb0);
});

test("16550: received bytes interrupt, through OUT2", () => {
  const { out, read, intr, ack, pass, pc: { serial } } = pc();
  openPics(out);
  out(0x3f9, 1);
  serial.receive(Uint8Array.of(0x61, 0x62));
  pass(104_167);
  assert.not(intr());
  out(0x3fc, 8);
  assert.is(ack(), 0x24);
  assert.is(read(0x3fa), 4);
  assert.is(read(0x3fd), 0x61);
  assert.is(read(0x3f8), 0x61);
  assert.is(read(0x3fd), 0x60, "the second takes its time");
  pass(104_167);
  assert.is(read(0x3fd), 0x61);
  assert.is(read(0x3f8), 0x62);
  assert.is(read(0x3fd), 0x60);
  assert.is(read(0x3fa), 1);
});

test("16550: the FIFO waits for its trigger, or for silence", () => {
  const { out, read, intr, pass, pc: { serial } } = pc();
  openPics(out);
  out(0x3fb, 0x80);
  out(0x3f8, 1);
  out(0x3fb, 3);
  out(0x3fa, 0xc7);
  out(0x3fc, 8);
  out(0x3f9, 1);
  serial.receive(new Uint8Array(5));
  pass(45_000);
  assert.is(read(0x3fa), 0xc1);
  assert.not(intr());
  pass(36_000);
  assert.is(read(0x3fa), 0xcc, "silence for four characters");
  assert.ok(intr());
  serial.receive(new Uint8Array(20));
  pass(200_000);
  assert.is(read(0x3fa), 0xc4);
  const drain = () => {
    let n = 0;
    for (; read(0x3fd) & 1; n++) read(0x3f8);
    return n;
  };
  assert.is(drain(), 16, "the others wait");
  pass(200_000);
  assert.is(drain(), 9);
});

test("16550: an empty transmitter interrupts, once until written", () => {
  const { out, read } = pc();
  out(0x3fc, 8);
  assert.is(read(0x3fa), 1);
  out(0x3f9, 2);
  assert.is(read(0x3fa), 2);
  assert.is(read(0x3fa), 1);
  out(0x3f8, 1);
  assert.is(read(0x3fa), 2);
});

test("16550: a handler that only sends gets an edge for each byte", () => {
  const { out, intr, ack } = pc();
  openPics(out);
  out(0x3fc, 8);
  out(0x3f9, 2);
  for (let n = 0; n < 3; n++) {
    assert.ok(intr(), `byte ${n}`);
    assert.is(ack(), 0x24);
    out(0x3f8, n);
    out(0x20, 0x20);
  }
});

test("16550: each register is its own", () => {
  const { out, read } = pc();
  out(0x3fb, 0x80);
  out(0x3f8, 0x11);
  out(0x3f9, 0x22);
  out(0x3fb, 0x1f);
  [[0x3f9, 0x0a], [0x3fc, 0x13], [0x3ff, 0x5a]].forEach(([port, value]) =>
    out(port!, value!));
  assert.equal([0x3f9, 0x3fb, 0x3fc, 0x3ff].map((port) => read(port)),
    [0x0a, 0x1f, 0x13, 0x5a]);
  out(0x3fb, 0x80);
  assert.equal([read(0x3f8), read(0x3f9)], [0x11, 0x22]);
  out(0x3f9, 0xff);
  out(0x3fc, 0xff);
  assert.equal([read(0x3f9), read(0x3fc)], [0xff, 0x1f]);
  out(0x3fb, 0);
  assert.is(read(0x3f9), 0x0a, "it went to the divisor");
  out(0x3f9, 0xff);
  assert.is(read(0x3f9), 0x0f);
});

// PC16550D data sheet: FCR bits 7 and 6; IIR and its priorities.
test("16550: triggers at 1, 4, 8 and 14 bytes", () => {
  [1, 4, 8, 14].forEach((trigger, n) => {
    const { out, read } = pc();
    out(0x3fc, 0x10);
    out(0x3fa, n << 6 | 1);
    out(0x3f9, 1);
    for (let k = 1; k <= 16; k++) {
      out(0x3f8, k);
      assert.is(read(0x3fa), k < trigger ? 0xc1 : 0xc4, `${trigger}: ${k}`);
    }
    for (let k = 15; k >= 0; k--) {
      read(0x3f8);
      assert.is(read(0x3fa), k < trigger ? 0xc1 : 0xc4, `${trigger}: ${k}`);
    }
  });
});

test("16550: causes, the worst first, and what ends each", () => {
  const { out, read } = pc();
  out(0x3fc, 0x10);
  out(0x3f9, 0x0f);
  out(0x3f8, 1);
  out(0x3f8, 2);
  out(0x3fc, 0x11);
  assert.is(read(0x3fa), 6, "overrun");
  assert.is(read(0x3fa), 6);
  assert.is(read(0x3fd), 0x63);
  assert.is(read(0x3fa), 4, "data");
  assert.is(read(0x3f8), 2);
  assert.is(read(0x3fa), 2, "transmitter empty");
  assert.is(read(0x3fa), 0, "modem status");
  read(0x3fe);
  assert.is(read(0x3fa), 1, "nothing");
});

test("16550: in the loop the wires out are those in, and changes are told",
  () => {
    const { out, read } = pc();
    out(0x3fc, 0x10);
    read(0x3fe);
    // RTS, DTR, OUT1, OUT2 come in as CTS, DSR, RI, DCD; RI tells its end.
    for (const [mcr, wire, rises, falls] of [[2, 0x10, 1, 1],
      [1, 0x20, 2, 2], [4, 0x40, 0, 4], [8, 0x80, 8, 8]]) {
      out(0x3fc, 0x10 | mcr!);
      assert.equal([read(0x3fe), read(0x3fe)], [wire! | rises!, wire]);
      out(0x3fc, 0x10);
      assert.equal([read(0x3fe), read(0x3fe)], [falls, 0]);
    }
  });

test("16550: a character takes ten bits' time", () => {
  for (const [low, high, ticks] of [[1, 0, 8681], [12, 0, 104_167],
    [0, 1, 2_222_223]]) {
    const { machine, out, read, pc: { serial } } = pc();
    out(0x3fb, 0x80);
    out(0x3f8, low!);
    out(0x3f9, high!);
    out(0x3fb, 3);
    machine.writeRam(0x1000, Uint8Array.of(0xf4));
    assert.is(machine.run({ maxInstructions: 100 }).reason, "halted");
    const arrival = machine.time + ticks!;
    serial.receive(Uint8Array.of(7));
    machine.run({ sleepUntil: arrival - 1 });
    assert.is(read(0x3fd) & 1, 0);
    machine.run({ sleepUntil: arrival });
    assert.is(read(0x3fd) & 1, 1);
  }
});

test("16550: 1024 bytes wait on the line, no more, and in order", () => {
  const { out, read, pass, pc: { serial } } = pc();
  out(0x3fb, 0x80);
  out(0x3f8, 1);
  out(0x3fb, 3);
  assert.is(serial.room, 1024);
  const heard: number[] = [], next = () => {
    pass(8681);
    heard.push(read(0x3f8));
  };
  serial.receive(Uint8Array.of(98, 99));
  assert.is(serial.room, 1022);
  next();
  next();
  serial.receive(Uint8Array.from({ length: 1030 }, (_, n) => n));
  assert.is(serial.room, 0);
  next();
  assert.equal([heard, serial.room], [[98, 99, 0], 1]);
  serial.receive(Uint8Array.of(77, 78));
  assert.is(serial.room, 0);
});

test("16550: the FIFO's other bits count with its first one only", () => {
  const { out, read } = pc();
  out(0x3fc, 0x10);
  out(0x3f8, 0x5a);
  assert.is(read(0x3fd), 0x61);
  out(0x3fa, 2);
  assert.is(read(0x3fd), 0x61);
  assert.is(read(0x3f8), 0x5a);
});

test("16550: the loop", () => {
  const sent: number[] = [];
  const { out, read } = pc({ serial: (byte) => sent.push(byte) });
  out(0x3fc, 0x1a);
  out(0x3f8, 0x77);
  assert.equal(sent, []);
  assert.is(read(0x3f8), 0x77);
  assert.is(read(0x3fe) & 0xf0, 0x90);
  out(0x3f8, 1);
  out(0x3f8, 2);
  assert.is(read(0x3fd) & 2, 2, "overrun");
  assert.is(read(0x3fd) & 2, 0);
  assert.is(read(0x3f8), 2, "without a FIFO the later one is there");
  out(0x3fa, 1);
  for (let n = 0; n < 17; n++) out(0x3f8, n);
  assert.is(read(0x3fd) & 2, 2);
  assert.equal(Array.from({ length: 16 }, () => read(0x3f8)),
    Array.from({ length: 16 }, (_, n) => n), "with it, the earlier ones");
});

test("MC146818: date and time, from machine time", () => {
  const { out, read, pass, machine, cpu } = pc();
  const cmos = (i: number) => {
    out(0x70, i);
    return read(0x71);
  };
  assert.equal([0x32, 9, 8, 7, 4, 2, 0].map(cmos),
    [0x20, 0x07, 0x10, 0x09, 0x20, 0x31, 0x38]);
  cpu.d[10] = cpu.d[10]! + 3 * 1e8;
  pass(1);
  assert.is(cmos(0), 0x41);
  out(0x70, 11);
  out(0x71, 0x86);
  assert.equal([cmos(0), cmos(4)], [0x41, 0x20], "SET: they stand");
  for (const [i, v] of [[0, 59], [2, 59], [4, 23], [7, 31], [8, 12],
    [9, 99], [0x32, 19]]) {
    out(0x70, i!);
    out(0x71, v!);
  }
  out(0x70, 11);
  out(0x71, 0x06);
  cpu.d[10] = cpu.d[10]! + 1e8;
  assert.equal([0x32, 9, 8, 7, 4, 2, 0].map(cmos), [20, 0, 1, 1, 0, 0, 0]);
  assert.ok(machine.time > 4e8);
});

test("MC146818: periodic, update and alarm interrupts", () => {
  const { out, read, pass, intr, ack } = pc();
  openPics(out);
  const set = (i: number, v: number) => {
    out(0x70, i);
    out(0x71, v);
  };
  set(11, 0x42);
  pass(100_000);
  assert.is(ack(), 0x28);
  out(0x70, 12);
  assert.is(read(0x71), 0xc0);
  assert.is(read(0x71), 0x00);
  assert.not(intr());
  pass(98_000);
  assert.is(read(0x71), 0xc0);
});

/** A PC whose clock and registers are moved by hand. */
function clock(options: PcOptions = {}) {
  const it = pc(options), { cpu, cmos: get, setCmos: set } = it;
  const at = (ticks: number) => { cpu.d[CLOCK] = ticks; };
  return { ...it, get, set, at };
}

// MC146818A data sheet: bits DM and 24/12 of register B, and bit 7 of hours.
test("MC146818: hours of two faces, decimal and binary", () => {
  const bcd = (n: number) => Math.floor(n / 10) * 16 + n % 10;
  for (let hour = 0; hour < 24; hour++) {
    // Only the seconds of the day count here.
    const { get, set } = clock({ date: hour * 3600 });
    const face = hour % 12 || 12, late = hour >= 12 ? 0x80 : 0;
    const shown = [[2, bcd(hour)], [0, bcd(face) | late],
      [6, hour], [4, face | late]];
    for (const [b, value] of shown) {
      set(11, b!);
      assert.is(get(4), value, `${hour} with ${b}`);
    }
    for (const [b, value] of shown) {
      set(11, 0x80 | b!);
      set(4, value!);
      set(11, b!);
      set(11, 6);
      assert.is(get(4), hour, `${hour} set with ${b}`);
    }
  }
});

// Its table of rates: 1 and 2 are 256 and 128 Hz with the usual crystal.
test("MC146818: fifteen rates, and none", () => {
  const { get, set, at, cpu } = clock();
  for (let rate = 0; rate < 16; rate++) {
    const hz = rate < 3 ? [0, 256, 128][rate]! : 65_536 / 2 ** rate;
    set(10, 0x20 | rate);
    const each = hz ? 1e8 / hz : 1e8;
    const last = Math.floor(cpu.d[CLOCK]! / each) + 2;
    const next = Math.ceil((last + 1) * each);
    at(Math.ceil(last * each));
    get(12);
    at(next - 1);
    assert.is(get(12) & 0x40, 0, `rate ${rate}`);
    at(next);
    assert.is(get(12) & 0x40, hz ? 0x40 : 0, `rate ${rate}`);
  }
});

test("MC146818: each second is told, and the alarm's", () => {
  const { get, set, at, pass, intr, ack, out } = clock({ date: 1000 });
  openPics(out);
  out(0x21, 0xfb);
  const second = (n: number) => {
    at(n * 1e8 - 1);
    pass(1);
    const told = intr();
    if (told) {
      assert.is(ack(), 0x28);
      out(0xa0, 0x20);
      out(0x20, 0x20);
    }
    return [told, get(12)];
  };
  set(10, 0x20);
  set(11, 0x12);
  assert.equal([second(1), second(2)], [[true, 0x90], [true, 0x90]]);
  // 1000 seconds are 00:16:40.
  [[1, 0x44], [3, 0x16], [5, 0x00], [11, 0x22]].forEach(([i, v]) =>
    set(i!, v!));
  assert.equal([second(3), second(4), second(5)],
    [[false, 0x10], [true, 0xb0], [false, 0x10]]);
  set(1, 0xc0);
  assert.equal(second(6), [true, 0xb0], "any second");
  set(3, 0x17);
  assert.equal(second(7), [false, 0x10], "of another minute");
  set(3, 0xff);
  set(5, 0x01);
  assert.equal(second(8), [false, 0x10], "of another hour");
  set(5, 0xc0);
  assert.equal(second(9), [true, 0xb0]);
  set(11, 0x02);
  assert.equal(second(10), [false, 0x30], "nobody wants to know");
});

test("the calendar is the one that everybody has", () => {
  const days = [0, 951_782_400, 4_107_542_400, 13_574_563_200,
    -2_203_891_200, 2_147_483_647, 946_684_799, -1];
  for (let n = 0; n < 400; n++) days.push(n * 97_654_321 - 2e10);
  for (const seconds of days) {
    const date = new Date(seconds * 1000), found = civil(seconds);
    assert.equal(found, {
      year: date.getUTCFullYear(), month: date.getUTCMonth() + 1,
      day: date.getUTCDate(), weekday: date.getUTCDay(),
      hour: date.getUTCHours(), minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
    });
    assert.is(secondsOf(found), seconds);
  }
});

test("MC146818: 114 bytes of memory, each its own", () => {
  const { out, read } = pc();
  const mine = Array.from({ length: 128 }, (_, i) => i)
    .filter((i) => i > 13 && i !== 0x32);
  for (const i of mine) {
    out(0x70, i);
    out(0x71, i ^ 0xff);
  }
  for (const i of mine) {
    // Bit 7 of the address keeps NMIs away, and selects nothing.
    out(0x70, i | 0x80);
    assert.is(read(0x71), i ^ 0xff, `${i}`);
  }
});

test("MC146818: how much memory, how many CPUs", () => {
  const { out, read } = pc({}, { memory: 32 << 20 });
  const word = (i: number) => {
    out(0x70, i);
    const low = read(0x71);
    out(0x70, i + 1);
    return low | (read(0x71) << 8);
  };
  assert.is(word(0x15), 640);
  assert.is(word(0x17), 31 * 1024);
  assert.is(word(0x30), 31 * 1024);
  assert.is(word(0x34), 256);
  out(0x70, 0x5f);
  assert.is(read(0x71), 0, "one, counted from 0");
});

test("8042: self-test, A20, reset, a keyboard that answers", () => {
  const { out, read, machine, pc: it } = pc();
  out(0x64, 0xaa);
  assert.is(read(0x64) & 1, 1);
  assert.is(read(0x60), 0x55);
  assert.is(read(0x64) & 1, 0);
  out(0x64, 0xd1);
  out(0x60, 0xdd);
  assert.not(machine.a20);
  out(0x64, 0xd0);
  assert.is(read(0x60) & 2, 0);
  out(0x64, 0xd1);
  out(0x60, 0xdf);
  assert.ok(machine.a20);
  out(0x60, 0xff);
  assert.equal([read(0x60), read(0x60)], [0xfa, 0xaa]);
  assert.is(it.takeRequest(), undefined);
  out(0x64, 0xfe);
  assert.equal(it.takeRequest(), { kind: "reset" });
  assert.is(it.takeRequest(), undefined);
});

test("8042: A20 in one byte, the input port, scan code sets", () => {
  const { out, read, machine } = pc();
  out(0x64, 0xdd);
  assert.not(machine.a20);
  out(0x64, 0xdf);
  assert.ok(machine.a20);
  assert.is(read(0x64) & 1, 0);
  out(0x64, 0xc0);
  assert.is(read(0x60) & 0x80, 0x80, "not locked");
  const says = (...bytes: number[]) => {
    const heard: number[] = [];
    for (const byte of bytes) {
      out(0x60, byte);
      while (read(0x64) & 1) heard.push(read(0x60));
    }
    return heard;
  };
  assert.equal(says(0xf2), [0xfa, 0xab, 0x41], "as a BIOS leaves it");
  out(0x64, 0x60);
  out(0x60, 5);
  assert.equal(says(0xf2), [0xfa, 0xab, 0x83], "and not translated");
  assert.equal(says(0xf0, 0), [0xfa, 0xfa, 2]);
  assert.equal(says(0xf0, 2, 0xed, 7, 0xf3, 0x20), new Array(6).fill(0xfa));
  assert.equal(says(0x12, 0xef, 0xf4), [0xfe, 0xfe, 0xfa]);
});

test("8042: sixteen bytes wait, and interrupt if that is asked for", () => {
  const { out, read, intr, ack } = pc();
  openPics(out);
  for (let n = 0; n < 20; n++) {
    out(0x64, 0xd2);
    out(0x60, n);
  }
  assert.is(ack(), 0x21);
  const heard: number[] = [];
  while (read(0x64) & 1) heard.push(read(0x60));
  assert.equal(heard, Array.from({ length: 16 }, (_, n) => n));
  assert.is(read(0x60), 15, "the last one stays readable");
  out(0x20, 0x20);
  assert.not(intr());
  out(0x64, 0x60);
  out(0x60, 0x44);
  out(0x64, 0xd2);
  out(0x60, 1);
  assert.not(intr());
  out(0x64, 0x60);
  out(0x60, 0x45);
  assert.ok(intr());
});

test("8042: its commands and its state", () => {
  const { out, read } = pc();
  const asks = (command: number) => {
    out(0x64, command);
    return read(0x64) & 1 ? read(0x60) : undefined;
  };
  assert.equal([0x20, 0xa9, 0xaa, 0xab, 0xc0, 0xd0].map(asks),
    [0x45, 2, 0x55, 0, 0xa0, 0xcf]);
  for (const [command, byte] of [[0xad, 0x55], [0xa7, 0x75], [0xae, 0x65],
    [0xa8, 0x45]]) {
    assert.is(asks(command!), undefined);
    assert.is(asks(0x20), byte);
  }
  assert.is(read(0x64), 0x1c, "ready, tested, the last was a command");
  out(0x60, 0xee);
  assert.is(read(0x64), 0x15);
  assert.is(read(0x60), 0xee);
});

test("a reset brings the devices back to where power-on left them", () => {
  const { machine, out, read, pc: it } = pc();
  openPics(out);
  out(0x510, 3, 2);
  out(0x61, 3);
  out(0x3fc, 0x1f);
  out(0x3f9, 0x0f);
  out(0x92, 0);
  out(0xcf8, 0x80000000 | 0, 4);
  it.reset();
  assert.ok(machine.a20);
  assert.is(read(0x511), 0x51, "Q, of QEMU");
  assert.equal([read(0x61) & 3, read(0x3fc), read(0x3f9), read(0x64),
    read(0xcf8, 4)], [0, 0, 0, 0x10, 0]);
  assert.equal([read(0x21), read(0xa1)], [0xff, 0xff]);
});

test("ports 0x92 and 0xCF9: A20 and reset", () => {
  const { out, read, machine, pc: it } = pc();
  assert.is(read(0x92), 2);
  out(0x92, 0);
  assert.not(machine.a20);
  out(0x92, 3);
  assert.ok(machine.a20);
  assert.equal(it.takeRequest(), { kind: "reset" });
  out(0xcf9, 2);
  assert.is(it.takeRequest(), undefined);
  out(0xcf9, 6);
  assert.equal(it.takeRequest(), { kind: "reset" });
});

test("PCI: a host bridge, an ISA bridge, nobody else", () => {
  const { out, read } = pc();
  const config = (device: number, at: number) => {
    out(0xcf8, (0x80000000 | (device << 11) | at) | 0, 4);
    return read(0xcfc, 4) >>> 0;
  };
  assert.is(config(0, 0), 0x12378086);
  assert.is(config(0, 8), 0x06000002);
  assert.is(config(0, 0x2c), 0x11001af4);
  assert.is(config(1, 0), 0x70008086);
  assert.is(config(2, 0), 0xffffffff);
  assert.is(config(0, 0), 0x12378086);
  assert.is(read(0xcfe, 2), 0x1237);
  out(0xcf8, 0, 4);
  assert.is(read(0xcfc, 4), -1);
});

test("PCI: reset control is its own, and keeps one bit", () => {
  const { out, read, pc: it } = pc();
  out(0xcf9, 0xf2);
  assert.is(read(0xcf9), 2);
  out(0xcf8, 0x80000000 | 0, 4);
  assert.is(read(0xcfc, 4), 0x12378086);
  assert.is(read(0xcf8, 4) >>> 0, 0x80000000);
  out(0xcf8, -1, 4);
  assert.is(read(0xcf8, 4) >>> 0, 0x80fffffc, "bits that are there");
  out(0xcf9, 0xff);
  assert.is(read(0xcf9), 2);
  assert.ok(it.takeRequest());
});

// 82441FX, 3.2, and PIIX3, 2.2: what software may write, as far as we have it.
test("PCI: which bytes can be written", () => {
  const { out, read } = pc();
  const at = (device: number, n: number) => {
    out(0xcf8, 0x80000000 | device << 11 | n & ~3, 4);
    return 0xcfc + (n & 3);
  };
  const bytes = Array.from({ length: 256 }, (_, n) => n);
  const changed = (device: number) => bytes.filter((n) => {
    const before = read(at(device, n));
    out(at(device, n), before ^ 0xff);
    const after = read(at(device, n));
    out(at(device, n), before);
    return after === (before ^ 0xff);
  });
  const from = (first: number, end: number) => bytes.slice(first, end);
  assert.equal(changed(0), [4, 13, ...from(0x50, 0x90)]);
  assert.equal(changed(1), [4, ...from(0x40, 0x100)]);
});

// 82441FX, 3.2.15: seven registers of attributes, two windows in each but 59h.
test("PCI: each window has its attributes", () => {
  const { machine, out } = pc();
  const frames = Array.from({ length: 64 }, (_, n) => 0xc0000 + n * 0x1000);
  const pam = (n: number, value: number) => {
    out(0xcf8, 0x80000000 | (0x58 + n & ~3), 4);
    out(0xcfc + (n & 3), value);
  };
  for (let n = 1; n <= 7; n++) pam(n, 0);
  assert.ok(frames.every((at) => machine.windowOf(at) === 3));
  for (let n = 1; n <= 7; n++) {
    for (const shift of n === 1 ? [4] : [0, 4]) {
      for (const [bits, what] of [[1, NOT_WRITTEN], [2, NOT_READ], [3, 0]]) {
        pam(n, bits! << shift);
        const begin = n === 1 ? 0xf0000
          : 0xc0000 + (n - 2) * 0x8000 + (shift ? 0x4000 : 0);
        const length = n === 1 ? 0x10000 : 0x4000;
        assert.equal(frames.filter((at) => machine.windowOf(at) !== 3),
          frames.filter((at) => at >= begin && at < begin + length));
        assert.is(machine.windowOf(begin), what);
      }
      pam(n, 0);
    }
  }
});

test("PCI: the host bridge turns the windows below 1 MiB", () => {
  const machine = new Machine({ memory: 0x200000, rom: 0x20000 });
  machine.writeRom(new Uint8Array(0x20000).fill(0x77));
  const it = new Pc(machine), cpu = machine.cpus[0]!;
  it.reset();
  assert.is(cpu.load8(0xe0000), 0x77);
  assert.is(cpu.load8(0xc0000), 0xff, "no ROM there");
  cpu.store8(0xf0000, 1);
  assert.is(cpu.load8(0xf0000), 0x77);
  const pam = (value: number) => {
    machine.writePort(cpu, 0xcf8, 4, 0x80000058 | 0);
    machine.writePort(cpu, 0xcfd, 1, value);
  };
  pam(0x20);
  cpu.store8(0xf0000, 2);
  assert.is(cpu.load8(0xf0000), 0x77);
  pam(0x10);
  assert.is(cpu.load8(0xf0000), 2);
  cpu.store8(0xf0000, 3);
  assert.is(cpu.load8(0xf0000), 2);
  assert.is(machine.windowOf(0xe0000) & NOT_READ, NOT_READ);
  assert.is(cpu.load8(0xfffe0000), 0x77);
});

test("fw_cfg: signature, RAM, CPUs, the map of memory", () => {
  const { out, read } = pc();
  const item = (n: number, bytes: number) => {
    out(0x510, n, 2);
    return Array.from({ length: bytes }, () => read(0x511));
  };
  assert.is(String.fromCharCode(...item(0, 4)), "QEMU");
  assert.equal(item(3, 8), [0, 0, 0x20, 0, 0, 0, 0, 0]);
  assert.equal(item(5, 2), [1, 0]);
  assert.equal(item(0x8000, 4), [0, 0, 0, 0]);
  const directory = item(0x19, 4 + 64);
  assert.equal(directory.slice(0, 10), [0, 0, 0, 1, 0, 0, 0, 20, 0, 0x20]);
  assert.equal(item(0x20, 20).slice(8), [0, 0, 0x20, 0, 0, 0, 0, 0,
    1, 0, 0, 0]);
});

test("debug console, exit device, POST codes", () => {
  let said = "";
  const codes: number[] = [];
  const { out, read, pc: it } = pc({
    debug: (byte) => { said += String.fromCharCode(byte); },
    postPort: 0x80, post: (code) => codes.push(code),
  });
  assert.equal([read(0xe9), read(0x402)], [0xe9, 0xe9]);
  out(0xe9, 0x61);
  out(0x402, 0x62);
  assert.is(said, "ab");
  out(0x80, 0x12);
  assert.equal(codes, [0x12]);
  out(0xf4, 0x21, 4);
  assert.equal(it.takeRequest(), { kind: "exit", status: 0x43 });
});

test("the wire reaches CPU 0 as its LINT0 says", () => {
  const { out, intr, cpu, pc: { pics } } = pc();
  openPics(out);
  pics.setIrq(3, true);
  assert.ok(intr());
  cpu.writePhysical(0xfee00350, 4, 0x10700);
  assert.not(intr());
  cpu.writePhysical(0xfee00350, 4, 0x700);
  assert.not(intr(), "the APIC is off: the entry stays masked");
  cpu.writePhysical(0xfee000f0, 4, 0x1ff);
  cpu.writePhysical(0xfee00350, 4, 0x700);
  assert.ok(intr());
});

test("a clock that is masked wakes nobody, and time stands", () => {
  const { machine, cpu, out } = pc();
  openPics(out);
  out(0x21, 0xff);
  machine.writeRam(0x1000, Uint8Array.of(0xf4, 0xeb, 0xfd));
  cpu.w[SYSTEM_FLAGS]! |= IF;
  assert.is(machine.run({ maxInstructions: 100 }).reason, "halted");
  assert.is(cpu.w[ACTIVITY], HALTED);
  const { time } = machine;
  const run = machine.run({ maxInstructions: 100, sleepUntil: time + 1e8 });
  assert.is(run.reason, "halted");
  assert.is(machine.time, time + 1e8);
});

test("what would only interrupt a CPU that doesn't listen wakes nobody", () => {
  const machine = new Machine({ memory: 0x200000, cpus: 2 });
  new Pc(machine, {});
  const [first, second] = machine.cpus;
  machine.writeRam(0x1000, Uint8Array.of(0xf4, 0xeb, 0xfd));
  machine.resetCpu(second!);
  for (const cpu of machine.cpus) cpu.w[EIP] = 0x1000;
  second!.w[SYSTEM_FLAGS]! |= IF;
  openPics((port, value) => machine.writePort(first!, port, 1, value));
  assert.is(machine.run({ maxInstructions: 100 }).reason, "halted");
});

test("an alarm for a second that never comes is not waited for", () => {
  const { machine, cpu, out } = pc();
  openPics(out);
  out(0x21, 0xfb);
  out(0xa1, 0xfe);
  for (const [i, value] of [[1, 0x99], [11, 0x22]]) {
    out(0x70, i!);
    out(0x71, value!);
  }
  machine.writeRam(0x1000, Uint8Array.of(0xf4, 0xeb, 0xfd));
  cpu.w[SYSTEM_FLAGS]! |= IF;
  assert.is(machine.run({ maxInstructions: 100 }).reason, "halted");
});

test("MC146818: who doesn't read register C is told once", () => {
  const { machine, cpu, out, read, ack } = pc();
  openPics(out);
  out(0x21, 0xfb);
  out(0xa1, 0xfe);
  out(0x70, 11);
  out(0x71, 0x42);
  machine.run({ maxInstructions: 100_000 });
  assert.is(ack(), 0x28);
  out(0xa0, 0x20);
  out(0x20, 0x20);
  machine.writeRam(0x1000, Uint8Array.of(0xf4, 0xeb, 0xfd));
  cpu.w[SYSTEM_FLAGS]! |= IF;
  assert.is(machine.run({ maxInstructions: 100 }).reason, "halted");
  // SET ends the interrupts of updates.
  out(0x71, 0x12);
  out(0x71, 0x92);
  assert.is(read(0x71), 0x82);
});

test("a sleep that somebody shares is idle at the time he gave", () => {
  const { machine, cpu, out } = pc();
  openPics(out);
  machine.writeRam(0x1000, Uint8Array.of(0xf4, 0xeb, 0xfd));
  cpu.w[SYSTEM_FLAGS]! |= IF;
  const run = machine.run({ sleepUntil: 1_000_000 });
  assert.is(run.reason, "idle");
  assert.is(machine.time, 1_000_000);
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
  assert.is(two.cpu.w[CR0]! & 1, 1);
});

test.run();
