// The devices of a PC, at their ports. A CPU goes round in a loop of one
// instruction, so machine time passes by one tick an instruction.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  ATTEND_INTR, ATTENTION, CR0, EIP, HALTED, IF, Machine, NOT_READ, Pc,
  SYSTEM_FLAGS, ACTIVITY,
} from "../src/machine";
import type { PcOptions } from "../src/machine";

const test = suite("devices");

/** A PC to poke at; its CPU goes round at 0x1000 with interrupts off. */
function pc(options: PcOptions = {}, memory = 0x200000) {
  const machine = new Machine({ memory, cpus: 1 });
  const device = new Pc(machine, options);
  const cpu = machine.cpus[0]!;
  machine.writeRam(0x1000, Uint8Array.of(0xeb, 0xfe));
  cpu.w[EIP] = 0x1000;
  const out = (port: number, value: number, size = 1) =>
    machine.writePort(cpu, port, size, value);
  const read = (port: number, size = 1) => machine.readPort(cpu, port, size);
  const pass = (ticks: number) =>
    void machine.run({ maxInstructions: ticks });
  const intr = () => (cpu.w[ATTENTION]! & ATTEND_INTR) !== 0;
  const ack = () => machine.interruptController!.acknowledge();
  return { machine, pc: device, cpu, out, read, pass, intr, ack };
}

/** Initializes both 8259: vectors 0x20 and 0x28, all inputs open. */
function openPics(out: (port: number, value: number) => void, icw4 = 1) {
  for (const [port, vector, wire] of [[0x20, 0x20, 4], [0xa0, 0x28, 2]]) {
    out(port!, 0x11);
    out(port! + 1, vector!);
    out(port! + 1, wire!);
    out(port! + 1, icw4);
    out(port! + 1, 0);
  }
}

test("a port at which nobody is reads as ones", () => {
  const { read } = pc();
  assert.is(read(0x1234), 0xff);
  assert.is(read(0x1234, 2), 0xffff);
  assert.is(read(0x1234, 4), -1);
  assert.is(read(0x12), 0xff);
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

test("MC146818: how much memory, how many CPUs", () => {
  const { out, read } = pc({}, 32 << 20);
  const word = (i: number) => {
    out(0x70, i);
    const low = read(0x71);
    out(0x70, i + 1);
    return low | (read(0x71) << 8);
  };
  assert.is(word(0x15), 640);
  assert.is(word(0x30), 31 * 1024);
  assert.is(word(0x34), 256);
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
