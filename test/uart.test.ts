// The 16550 at COM1, register by register (16550D data sheet).
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ACTIVITY, HALTED, IF, SYSTEM_FLAGS } from "../src/machine";
import { openPics, pc } from "./pc";

const test = suite("uart");

const DATA = 0x3f8, IER = 0x3f9, IIR = 0x3fa, FCR = 0x3fa, LCR = 0x3fb,
  MCR = 0x3fc, LSR = 0x3fd, MSR = 0x3fe, SCRATCH = 0x3ff;
const LOOP = 0x10, OUT2 = 8, DLAB = 0x80;
/** Ticks in which ten bits come, at 9600 and at 115200 baud. */
const CHARACTER = Math.ceil(1e8 * 10 / 9600), FAST = Math.ceil(1e9 / 115200);

function line() {
  const sent: number[] = [];
  const it = pc({ serial: (byte) => sent.push(byte) });
  const { out, read, later, pc: { serial } } = it;
  openPics(out);
  const divide = (divisor: number) => {
    const lcr = read(LCR);
    out(LCR, lcr | DLAB);
    out(DATA, divisor & 0xff);
    out(IER, divisor >> 8);
    out(LCR, lcr);
  };
  const receive = (...bytes: number[]) =>
    serial.receive(Uint8Array.from(bytes));
  /** Bytes that come in through the loop. */
  const loop = (...bytes: number[]) => {
    out(MCR, LOOP);
    for (const byte of bytes) out(DATA, byte);
  };
  /** All that is in the receiver. */
  const drain = () => {
    const bytes: number[] = [];
    while (read(LSR) & 1 && bytes.length < 20) bytes.push(read(DATA));
    return bytes;
  };
  /** The bytes that come, each in its time. */
  const come = (n: number, ticks = CHARACTER) =>
    Array.from({ length: n }, () => {
      later(ticks);
      return drain();
    }).flat();
  return { ...it, serial, sent, divide, receive, loop, drain, come };
}

const upTo = (n: number, first = 0) =>
  Array.from({ length: n }, (_, i) => first + i & 0xff);

test("registers keep what they have bits for, and stand apart", () => {
  const { out, read, divide } = line();
  divide(0x6d4b);
  divide(0x92b4);
  for (const [ier, lcr, mcr, scratch] of [[0xff, 0x7f, 0xff, 0xff],
    [0, 0, 0, 0], [0xf5, 0x1b, 0xea, 0xa7], [0x0a, 0x64, 0x15, 0x58]]) {
    const words = [[IER, ier!, 0x0f], [LCR, lcr!, 0xff], [MCR, mcr!, 0x1f],
      [SCRATCH, scratch!, 0xff]] as const;
    out(LCR, 0);
    for (const [port, written] of words) out(port, written);
    for (const [port, written, bits] of words)
      assert.is(read(port), written & bits, `0x${port.toString(16)}`);
    out(LCR, lcr! | DLAB);
    assert.equal([read(DATA), read(IER), read(LCR)],
      [0xb4, 0x92, lcr! | DLAB]);
  }
  out(DATA, 0xd6);
  assert.equal([read(DATA), read(IER)], [0xd6, 0x92]);
  out(IER, 0x78);
  assert.equal([read(DATA), read(IER)], [0xd6, 0x78]);
  out(LCR, 3);
  assert.is(read(IER), 0x0a, "it went to the divisor");
});

test("DLAB is for the first two registers only", () => {
  const { out, read, divide } = line();
  divide(0x1234);
  out(LCR, DLAB);
  [1, OUT2, 0xff, 0xff, 0x5a].forEach((value, n) =>
    out([FCR, MCR, LSR, MSR, SCRATCH][n]!, value));
  assert.equal([IIR, MCR, LSR, MSR, SCRATCH, DATA, IER]
    .map((port) => read(port)), [0xc1, OUT2, 0x60, 0xb0, 0x5a, 0x34, 0x12]);
});

test("the status registers can't be written", () => {
  const { out, read, sent } = line();
  out(LSR, 0xff);
  out(MSR, 0xff);
  assert.equal([read(LSR), read(MSR)], [0x60, 0xb0]);
  assert.equal(sent, []);
});

test("a byte takes ten bits' time at the divisor's rate", () => {
  for (const divisor of [1, 2, 12, 0x100, 0x1234, 0]) {
    // A divisor of 0 is no rate at all; we take it for the highest.
    const ticks = Math.ceil((divisor || 1) * 1e9 / 115200);
    const { divide, receive, later, read, machine } = line();
    divide(divisor);
    receive(0x5a, 0xa5);
    later(ticks - 1);
    assert.is(read(LSR), 0x60, `${divisor}: not yet`);
    later(1);
    assert.is(read(LSR), 0x61, `${divisor}`);
    assert.is(read(DATA), 0x5a);
    later(ticks - 1);
    assert.is(read(LSR), 0x60);
    later(1);
    assert.is(read(DATA), 0xa5);
    // And no other if the CPU sleeps.
    machine.writeRam(0x1000, Uint8Array.of(0xf4));
    assert.is(machine.run({ maxInstructions: 100 }).reason, "halted");
    const arrival = machine.time + ticks;
    receive(7);
    for (const [sleepUntil, lsr] of [[arrival - 1, 0x60], [arrival, 0x61]]) {
      machine.run({ sleepUntil: sleepUntil! });
      assert.is(read(LSR), lsr, `${divisor}, asleep`);
    }
  }
});

test("received bytes interrupt, through OUT2", () => {
  const { out, read, intr, ack, later, receive } = line();
  const all = (...ports: number[]) => ports.map((port) => read(port));
  out(IER, 1);
  receive(0x61, 0x62);
  later(CHARACTER);
  assert.not(intr());
  out(MCR, OUT2);
  assert.is(ack(), 0x24);
  assert.equal(all(IIR, LSR, DATA, LSR), [4, 0x61, 0x61, 0x60],
    "the second takes its time");
  later(CHARACTER);
  assert.equal(all(LSR, DATA, LSR, IIR), [0x61, 0x62, 0x60, 1]);
});

test("bytes that are given one by one come one by one", () => {
  const { receive, come, later } = line();
  receive(1);
  later(CHARACTER / 2);
  receive(2);
  assert.equal(come(1, CHARACTER / 2), [1]);
  assert.equal(come(1, CHARACTER / 2), []);
  assert.equal(come(1, CHARACTER / 2 + 1), [2]);
});

test("the line holds 1024 bytes, round and round", () => {
  const { serial, receive, come, divide, cmos } = line();
  const year = cmos(9);
  divide(1);
  assert.is(serial.room, 1024);
  receive(...upTo(1000));
  assert.is(serial.room, 24);
  receive(...upTo(100, 1000));
  assert.is(serial.room, 0, "the others are lost");
  assert.equal(come(600, FAST), upTo(600));
  assert.is(serial.room, 600);
  receive(...new Array<number>(1000).fill(0xff));
  assert.is(serial.room, 0);
  assert.equal(come(424, FAST), upTo(424, 600));
  assert.equal(come(601, FAST), new Array(600).fill(0xff));
  assert.is(serial.room, 1024);
  receive(...new Array<number>(1024).fill(0xff));
  assert.is(cmos(9), year, "and ends where the next device begins");
});

test("without a FIFO the line waits for the one byte to be read", () => {
  const { receive, later, drain, serial, come } = line();
  receive(1, 2, 3);
  for (let n = 0; n < 5; n++) later(CHARACTER);
  assert.is(serial.room, 1022);
  assert.equal(drain(), [1]);
  assert.equal(come(1), [2]);
  assert.equal(come(3), [3]);
});

test("a FIFO of 16 goes round, in order", () => {
  const { out, loop, drain, read, receive } = line();
  receive(...new Array<number>(1024).fill(0xee));
  out(FCR, 1);
  loop(...upTo(10, 0x40));
  for (let n = 0; n < 10; n++) assert.is(read(DATA), 0x40 + n);
  loop(...upTo(16, 0x80));
  assert.is(read(LSR), 0x61);
  assert.equal(drain(), upTo(16, 0x80));
  assert.is(read(LSR), 0x60);
  read(DATA);
  assert.is(read(LSR), 0x60, "nobody is not less than nobody");
  loop(...upTo(17, 0xa0));
  assert.is(read(LSR), 0x63);
  assert.is(read(LSR), 0x61, "an overrun is told once");
  assert.equal(drain(), upTo(16, 0xa0), "the seventeenth is lost");
});

test("a byte without a FIFO overruns the one that waits", () => {
  const { loop, drain, read } = line();
  loop(1);
  assert.is(read(LSR), 0x61);
  loop(2);
  assert.is(read(LSR), 0x63);
  assert.equal(drain(), [2]);
});

test("FCR switches the FIFO, and empties it", () => {
  // Bit 0 switches, and a change of it empties; bit 1 empties.
  for (const [before, fcr, left, iir] of [[0, 0, [7], 1], [0, 2, [7], 1],
    [0, 1, [], 0xc1], [1, 1, [7, 8], 0xc1], [1, 3, [], 0xc1],
    [1, 5, [7, 8], 0xc1], [1, 0, [], 1], [1, 2, [], 1],
    [0xc1, 0xc0, [], 1]] as const) {
    const { out, read, loop, drain } = line();
    out(FCR, before);
    loop(...before ? [7, 8] : [7]);
    out(FCR, fcr);
    assert.is(read(IIR), iir);
    assert.equal(drain(), left, `${before} ${fcr}`);
    loop(9);
    assert.equal(drain(), [9]);
  }
});

test("FCR's upper bits are the trigger: 1, 4, 8, 14", () => {
  for (const [fcr, trigger] of [[0x01, 1], [0x41, 4], [0x81, 8],
    [0xc1, 14]] as const) {
    const { out, read, loop } = line();
    out(IER, 1);
    out(FCR, fcr);
    const tells = (bytes: number) => assert.is(read(IIR),
      bytes < trigger ? 0xc1 : 0xc4, `${trigger}: ${bytes}`);
    tells(0);
    for (let bytes = 1; bytes <= 16; bytes++) {
      loop(bytes);
      tells(bytes);
    }
    for (let bytes = 15; bytes >= 0; bytes--) {
      read(DATA);
      tells(bytes);
    }
    out(FCR, 0);
    loop(0);
    assert.is(read(IIR), 4, "without the FIFO it is 1");
  }
});

test("causes by priority, and what takes each of them back", () => {
  const { out, read, loop } = line();
  out(IER, 15);
  loop(1, 2);
  assert.equal([read(IIR), read(IIR)], [6, 6], "receiver line status");
  assert.is(read(LSR), 0x63);
  assert.is(read(IIR), 4, "received data");
  assert.is(read(DATA), 2);
  assert.is(read(IIR), 2, "transmitter empty");
  assert.is(read(IIR), 0, "modem status");
  read(MSR);
  assert.is(read(IIR), 1, "none");
});

test("a byte that waited for the loop's end begins to come then", () => {
  const { out, receive, later, drain } = line();
  out(MCR, LOOP);
  receive(0x41);
  later(CHARACTER / 2);
  out(MCR, 0);
  later(CHARACTER - 1);
  assert.equal(drain(), []);
  later(1);
  assert.equal(drain(), [0x41]);
});

test("each bit of IER lets its cause out, through OUT2, with no loop", () => {
  for (const [ier, cause] of [[0, 1], [1, 4], [2, 2], [4, 6], [8, 0]]) {
    for (const mcr of [0, OUT2, OUT2 | 7, LOOP, LOOP | OUT2]) {
      const { out, read, loop, intr } = line();
      out(IER, ier!);
      loop(1, 2);
      out(MCR, mcr);
      const open = (mcr & (LOOP | OUT2)) === OUT2;
      assert.is(intr(), open && ier !== 0, `IER ${ier}, MCR ${mcr}`);
      assert.is(read(IIR), cause);
      if (cause === 6) read(LSR);
      if (cause === 4) read(DATA);
      if (cause === 0) read(MSR);
      assert.is(intr(), false, `IER ${ier}, taken back`);
    }
  }
});

test("silence of four characters tells of bytes below the trigger", () => {
  for (const [divisor, four] of [[1, Math.ceil(4e9 / 115200)],
    [12, Math.ceil(4e9 / 9600)]] as const) {
    const { out, read, receive, later, divide, drain, intr } = line();
    const one = Math.ceil(divisor * 1e9 / 115200);
    divide(divisor);
    out(FCR, 0x81);
    out(MCR, OUT2);
    receive(1, 2);
    out(IER, 1);
    later(one);
    later(one);
    later(four - 1);
    assert.is(read(IIR), 0xc1);
    assert.not(intr());
    later(1);
    assert.is(read(IIR), 0xcc);
    assert.ok(intr());
    out(IER, 0x0e);
    assert.is(read(IIR), 0xc2, "is one of received data");
    out(IER, 1);
    read(DATA);
    assert.is(read(IIR), 0xc1, "a read ends it");
    assert.not(intr());
    later(four - 1);
    assert.is(read(IIR), 0xc1);
    later(1);
    assert.is(read(IIR), 0xcc, "and it begins anew");
    receive(3);
    later(one);
    assert.is(read(IIR), 0xc1, "another byte ends it too");
    later(four);
    assert.is(read(IIR), 0xcc);
    assert.equal(drain(), [2, 3]);
    later(four);
    assert.is(read(IIR), 0xc1, "nobody is silent about nothing");
  }
});

test("who empties the FIFO or switches it off has no silence", () => {
  for (const fcr of [0x83, 0x80]) {
    const { out, read, loop, later } = line();
    out(FCR, 0x81);
    out(IER, 1);
    loop(1);
    out(FCR, fcr);
    later(5 * CHARACTER);
    assert.is(read(IIR) & 15, 1);
  }
  const { read, loop, later, out, drain } = line();
  loop(1);
  later(5 * CHARACTER);
  assert.is(read(IIR), 1);
  out(IER, 1);
  drain();
  assert.is(read(IIR), 1, "nor has who has no FIFO");
});

test("THRE comes with its bit in IER, and with each byte", () => {
  for (const [before, after, cause] of [[0, 2, 2], [1, 3, 2], [0xd, 0xf, 2],
    [2, 2, 1], [3, 2, 1], [2, 3, 1], [0, 1, 1]] as const) {
    const { out, read } = line();
    out(IER, before);
    read(IIR);
    out(IER, after);
    assert.is(read(IIR), cause, `IER ${before}, then ${after}`);
    assert.is(read(IIR), 1, "reading takes it back");
    out(DATA, 1);
    assert.is(read(IIR), after & 2 ? 2 : 1);
  }
});

test("a handler that only sends gets an edge for each byte", () => {
  const { out, intr, ack } = line();
  out(MCR, OUT2);
  out(IER, 2);
  for (let n = 0; n < 3; n++) {
    assert.ok(intr(), `byte ${n}`);
    assert.is(ack(), 0x24);
    out(DATA, n);
    out(0x20, 0x20);
  }
});

test("reading another cause leaves THRE as it is", () => {
  const { out, read, loop } = line();
  out(IER, 3);
  loop(5);
  assert.equal([read(IIR), read(IIR)], [4, 4]);
  read(DATA);
  assert.equal([read(IIR), read(IIR)], [2, 1]);
});

test("the loop sends to itself alone, and nothing comes in", () => {
  const { out, read, receive, come, sent, later } = line();
  receive(1, 2);
  out(MCR, LOOP);
  assert.equal(come(3), []);
  out(DATA, 0x77);
  assert.is(read(DATA), 0x77);
  out(MCR, 0x0f);
  assert.equal(sent, []);
  assert.equal(come(2), [1, 2], "they waited");
  out(DATA, 0x78);
  out(DATA, 0x79);
  assert.equal(sent, [0x78, 0x79]);
  out(MCR, LOOP);
  receive(3);
  later(CHARACTER);
  assert.is(read(LSR), 0x60);
  out(MCR, 0);
  assert.equal(come(1, CHARACTER - 1), [], "only now it begins to come");
  assert.equal(come(1, 1), [3]);
});

test("the modem's wires are the loop's, and their changes are told", () => {
  // RTS is CTS, DTR is DSR, OUT1 is RI, OUT2 is DCD. What has changed is
  // bits 0 to 3, of RI only its end.
  const wires = (mcr: number) => !(mcr & LOOP) ? 0xb0
    : [0x20, 0x10, 0x40, 0x80].reduce(
      (sum, wire, bit) => sum | (mcr & 1 << bit ? wire : 0), 0);
  const changes = (from: number, to: number) =>
    ((from ^ to) & 0xb0 | from & ~to & 0x40) >> 4;
  const { out, read } = line();
  let last = 0xb0;
  for (let from = 0; from < 32; from++)
    for (let to = 0; to < 32; to += 1 + from % 3) {
      out(MCR, from);
      assert.is(read(MSR), wires(from) | changes(last, wires(from)));
      assert.is(read(MSR), wires(from), "told once");
      out(MCR, to);
      out(MCR, from);
      const [a, b] = [wires(from), wires(to)];
      assert.is(read(MSR), a | changes(a, b) | changes(b, a),
        `${from} to ${to}`);
      last = a;
    }
});

test("a byte to come wakes a CPU that would hear of it", () => {
  for (const [ier, mcr, imr, expected] of [[1, OUT2, 0, true],
    [15, OUT2 | 7, 0, true], [0, OUT2, 0, false], [14, OUT2, 0, false],
    [1, 0, 0, false], [1, 7, 0, false], [1, LOOP | OUT2, 0, false],
    [1, OUT2, 0x10, false]] as const) {
    const { out, serial, cpu, machine, receive } = line();
    out(IER, ier);
    out(MCR, mcr);
    out(0x21, 0xef | imr);
    cpu.w[ACTIVITY] = HALTED;
    cpu.w[SYSTEM_FLAGS]! |= IF;
    assert.is(serial.wouldInterrupt(), expected, `${ier} ${mcr} ${imr}`);
    if (ier & 2) continue;
    receive(1);
    const { reason } = machine.run({ maxInstructions: 10 });
    assert.is(reason === "halted", !expected);
  }
});

test("a reset leaves nothing but what is on the line", () => {
  const { out, read, receive, loop, later, divide, come, pc: it } = line();
  out(FCR, 0x81);
  receive(1, 2, 3);
  later(CHARACTER);
  divide(1);
  later(CHARACTER / 2);
  loop(4);
  out(IER, 15);
  out(LCR, 3);
  out(MCR, 0x1f);
  it.reset();
  assert.equal([IER, IIR, LCR, MCR, LSR, MSR].map((port) => read(port)),
    [0, 1, 0, 0, 0x60, 0xb0]);
  out(IER, 0);
  out(LCR, DLAB);
  assert.equal([read(DATA), read(IER)], [12, 0], "9600 baud");
  out(LCR, 0);
  assert.equal(come(1, CHARACTER - 1), [], "it begins anew");
  assert.equal(come(1, 1), [2]);
  out(FCR, 0x81);
  out(IER, 1);
  assert.equal(come(1), [3]);
  later(CHARACTER);
  assert.is(read(IIR), 0xc1, "an old silence is forgotten");
});

test("a byte that overruns nobody is no overrun", () => {
  const { out, read, loop, drain, receive, later, pass } = line();
  out(FCR, 0xc7);
  out(IER, 1);
  receive(...upTo(20, 0x60));
  for (let n = 0; n < 20; n++) later(CHARACTER);
  assert.is(read(LSR), 0x61, "who is polite waits");
  assert.is(read(IIR), 0xc4);
  assert.equal(drain(), upTo(16, 0x60));
  pass(5 * CHARACTER);
  assert.equal(drain(), upTo(4, 0x70));
  out(FCR, 0);
  loop(1);
  drain();
  loop(2);
  assert.is(read(LSR), 0x61);
});

test.run();
