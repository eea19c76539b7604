// The two 8259, register by register and command by command (8259A data
// sheet), and when a CPU listens to them.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  ACTIVITY, ATTEND_INTERRUPT, ATTEND_INTR, ATTEND_NMI, ATTEND_NMI_BLOCKED,
  ATTENTION, EIP, HALTED, IF, INHIBIT, pendingInterrupt, raiseInterrupt,
  raiseNmi, RUNNING, SYSTEM_FLAGS, takeInterrupt, writeApic,
} from "../src/machine";
import { openPics, pc } from "./pc";

const test = suite("pic");

const EIGHT = [0, 1, 2, 3, 4, 5, 6, 7];
/** The inputs that devices can have: 2 is the second chip's. */
const INPUTS = [...EIGHT, 8, 9, 10, 11, 12, 13, 14, 15]
  .filter((irq) => irq !== 2);

/** A PC with both chips initialized, no wire high, and words for what tests
 * do. */
function chips(icw4 = 1) {
  const it = pc(), { out, read, pc: { pics } } = it;
  const drop = () => INPUTS.forEach((irq) => pics.setIrq(irq, false));
  drop();
  openPics(out, icw4);
  const shown = (ocw3: number) => [0x20, 0xa0].map((port) => {
    out(port, ocw3);
    return read(port);
  });
  const poll = (port: number) => {
    out(port, 0x0c);
    return read(port);
  };
  const pulses = (...irqs: number[]) => irqs.forEach((irq) => pics.pulse(irq));
  return { ...it, pics, poll, pulses, drop,
    irr: () => shown(0x0a), isr: () => shown(0x0b) };
}

/** The second chip alone, of which all eight inputs are free. */
function second(icw4 = 1) {
  const it = chips(icw4);
  return { ...it, command: (value: number) => it.out(0xa0, value),
    serve: (n: number) => {
      it.pulses(8 + n);
      assert.is(it.poll(0xa0), 0x80 | n);
    },
    /** The input that comes first when all of them ask. */
    best: () => {
      EIGHT.forEach((n) => it.out(0xa0, 0x60 | n));
      it.pulses(...EIGHT.map((n) => 8 + n));
      return it.poll(0xa0) & 7;
    } };
}

test("each input has its bit in IRR and ISR, and its vector", () => {
  for (const irq of INPUTS) {
    const { pics, irr, isr, intr, ack, out } = chips();
    const bit = 1 << (irq & 7), both = irq < 8 ? [bit, 0] : [4, bit];
    pics.setIrq(irq, true);
    assert.equal(irr(), both, `${irq} requests`);
    assert.ok(intr());
    assert.is(ack(), 0x20 + irq);
    assert.equal([irr(), isr()], [[0, 0], both], `${irq} in service`);
    assert.not(intr());
    if (irq > 7) out(0xa0, 0x60 | irq & 7);
    out(0x20, 0x60 | (irq > 7 ? 2 : irq));
    assert.equal(isr(), [0, 0], `${irq} has ended`);
  }
});

test("a wire is an edge when it rises, and nothing when it stays", () => {
  for (const irq of INPUTS) {
    const { pics, irr, ack, pulses } = chips(3);
    pics.setIrq(irq, true);
    ack();
    pics.setIrq(irq, true);
    assert.equal(irr(), [0, 0], "it is high already");
    pulses(irq);
    assert.is(ack(), 0x20 + irq);
    pulses(irq);
    pics.setIrq(irq, false);
    assert.equal(irr(), [0, 0], "nobody had looked");
  }
});

test("each bit of IMR masks its input, and reads back", () => {
  for (const irq of INPUTS) {
    const { pics, out, read, intr, ack } = chips();
    const port = irq < 8 ? 0x21 : 0xa1, bit = 1 << (irq & 7);
    out(port, bit);
    assert.is(read(port), bit);
    pics.setIrq(irq, true);
    assert.not(intr(), `${irq}`);
    out(port, ~bit & 0xff);
    if (port === 0x21) assert.ok(intr(), `${irq}`);
    else assert.is(intr(), true, `${irq}`);
    assert.is(ack(), 0x20 + irq);
  }
});

test("a vector's low three bits are the input", () => {
  const { out, ack, pulses } = chips();
  for (const [port, icw2] of [[0x20, 0xff], [0xa0, 0x77]] as const)
    [0x11].concat(icw2, 4, 3, 0)
      .forEach((value, n) => out(n ? port + 1 : port, value));
  pulses(5, 9);
  assert.equal([ack(), ack(), ack()], [0x71, 0xfd, 0xff],
    "the second chip's 1, the first one's 5, and nobody");
});

test("ICW1 says how many words follow", () => {
  for (const [icw1, words] of [
    [0x10, [0x48, 0x02]], [0x11, [0x48, 0x02, 0x01]],
    [0x12, [0x48]], [0x13, [0x48, 0x01]],
  ] as const) {
    const { out, read, ack, pulses, isr } = chips();
    out(0x21, 0xff);
    out(0x20, icw1);
    assert.is(read(0x21), 0, "the mask is clear");
    for (const word of words) {
      out(0x21, word);
      assert.is(read(0x21), 0, `ICW1 0x${icw1.toString(16)}`);
    }
    out(0x21, 0xe5);
    assert.is(read(0x21), 0xe5, `ICW1 0x${icw1.toString(16)}`);
    pulses(3, 4);
    assert.is(ack(), 0x4b);
    assert.is(isr()[0], 8, "no automatic EOI");
  }
});

test("without a cascade input 2 has the first chip's vector", () => {
  const { out, ack, pulses, isr } = chips();
  [0x13, 0x20, 1].forEach((value, n) => out(n ? 0x21 : 0x20, value));
  pulses(9);
  assert.is(ack(), 0x22);
  assert.equal(isr(), [4, 0]);
});

test("ICW1 forgets masks, services, modes and old edges", () => {
  const { out, read, intr, pics, pulses, ack, irr, isr, poll } = chips(0x13);
  out(0x20, 0x68);
  out(0x20, 0xc4);
  out(0x20, 0x80);
  pulses(6);
  ack();
  pics.setIrq(5, true);
  out(0x20, 0x0f);
  [0x10, 0x20, 4].forEach((value, n) => out(n ? 0x21 : 0x20, value));
  assert.is(read(0x20), 0, "IRR, no poll");
  assert.not(intr(), "5 must rise again");
  pulses(5, 3);
  assert.is(irr()[0], 0x28);
  assert.is(ack(), 0x23, "7 is the lowest");
  assert.equal(isr(), [8, 0], "no automatic EOI");
  out(0x21, 8);
  assert.not(intr(), "no special mask");
  out(0x21, 0);
  out(0x20, 0x20);
  pulses(12);
  ack();
  assert.is(isr()[0], 4);
  pulses(8);
  assert.not(intr(), "not specially nested");
  assert.is(poll(0x20), 0);
});

test("ICW1 and ELCR make levels; some inputs are always edges", () => {
  // ELCR: 0, 1, 2, 8 and 13 (PIIX data sheet, 4D0h and 4D1h).
  const { out, read } = chips();
  for (const [written, first, last] of [[0xff, 0xf8, 0xde], [0, 0, 0],
    [0xa5, 0xa0, 0x84], [0x5a, 0x58, 0x5a]] as const) {
    out(0x4d0, written);
    out(0x4d1, written);
    assert.equal([read(0x4d0), read(0x4d1)], [first, last]);
    out(0x20, 0x11);
    out(0xa0, 0x11);
    assert.equal([read(0x4d0), read(0x4d1)], [first, last],
      "a register of nobody's chip");
  }
  for (const irq of INPUTS) {
    const always = [0, 1, 8, 13].includes(irq);
    for (const [icw1, elcr, level] of [[0x11, 0, false], [0x19, 0, true],
      [0x11, 1 << (irq & 7), !always]] as const) {
      const { out, pics, pulses, ack, irr } = chips(3);
      for (const [port, wire] of [[0x20, 4], [0xa0, 2]])
        [icw1, port!, wire!, 3].forEach((word, n) =>
          out(n ? port! + 1 : port!, word));
      out(irq < 8 ? 0x4d0 : 0x4d1, elcr);
      const vector = (irq < 8 ? 0x20 : 0xa0) | irq & 7;
      pulses(irq);
      assert.is(ack(), vector, `${irq}`);
      const request = irq < 8 ? [1 << irq, 0] : [4, 1 << (irq & 7)];
      assert.equal(irr(), level ? request : [0, 0], `${irq} ${icw1} ${elcr}`);
      pics.setIrq(irq, false);
      assert.equal(irr(), [0, 0]);
    }
  }
});

test("who becomes a level while he is high asks at once", () => {
  for (const irq of [4, 12]) {
    const { out, pics, pulses, ack, irr, intr } = chips(3);
    pulses(irq, irq ^ 1);
    ack();
    ack();
    assert.not(intr());
    out(irq < 8 ? 0x21 : 0xa1, 2);
    pulses(irq & 8 | 1);
    assert.not(intr(), "masked");
    out(irq < 8 ? 0x4d0 : 0x4d1, 1 << (irq & 7));
    assert.ok(intr());
    const asks = 1 << (irq & 7);
    assert.equal(irr(), irq < 8 ? [asks | 2, 0] : [4, asks | 2]);
    pics.setIrq(irq & 8 | 1, false);
    const words = irr();
    for (const port of [0x20, 0xa0])
      [0x11, port, 4, 1].forEach((word, n) => out(n ? port + 1 : port, word));
    assert.equal(irr(), words, "and again after ICW1");
    assert.ok(intr());
  }
  const { out, pulses, ack, irr } = chips(3);
  pulses(4);
  ack();
  out(0x20, 0x19);
  assert.equal(irr(), [0x10, 0], "all that are high, with LTIM");
});

test("who is in service holds up himself and all that are behind", () => {
  const { command, serve, poll, pulses, drop, out } = second();
  for (const lowest of EIGHT)
    for (const held of EIGHT) {
      drop();
      openPics(out);
      command(0xc0 | lowest);
      serve(held);
      const through = EIGHT.filter((n) => {
        drop();
        pulses(8 + n);
        const heard = poll(0xa0) === (0x80 | n);
        if (heard) command(0x60 | n);
        return heard;
      });
      const rank = (n: number) => (n - lowest + 7) % 8;
      assert.equal(through, EIGHT.filter((n) => rank(n) < rank(held)),
        `${held} in service, ${lowest} lowest`);
    }
});

test("OCW2: end, rotate, by number or not", () => {
  // 5 is in service, and then 2; what remains, and who is the lowest.
  for (const [command, isr, lowest] of [
    [0x20, 0x20, 7], [0x65, 0x04, 7], [0x62, 0x20, 7], [0xa0, 0x20, 2],
    [0xe5, 0x04, 5], [0xe2, 0x20, 2], [0xc3, 0x24, 3], [0x43, 0x24, 7],
    [0x80, 0x24, 7], [0x00, 0x24, 7], [0x63, 0x24, 7],
  ] as const) {
    const it = second();
    it.serve(5);
    it.serve(2);
    it.command(command);
    const name = `0x${command.toString(16)}`;
    assert.equal(it.isr(), [0, isr], name);
    assert.is(it.best(), (lowest + 1) % 8, name);
  }
  const it = second();
  it.command(0xa0);
  assert.is(it.best(), 0, "nobody to end, nothing to rotate");
});

test("automatic EOI, which rotates if it is told to", () => {
  for (const [icw4, commands, lowest] of [[3, [], 7], [3, [0x80], 3],
    [3, [0x80, 0x00], 7], [1, [0x80], 7]] as const) {
    const it = second(icw4);
    commands.forEach((command) => it.command(command));
    it.serve(3);
    assert.equal(it.isr(), [0, icw4 & 2 ? 0 : 8]);
    it.command(0x00);
    assert.is(it.best(), (lowest + 1) % 8, `${icw4}: ${commands}`);
  }
});

test("special mask mode: who is masked holds nobody up", () => {
  // ESMM is bit 6: without it, SMM in bit 5 says nothing.
  for (const [words, on] of [[[], false], [[0x68], true], [[0x28], false],
    [[0x68, 0x48], false], [[0x68, 0x08], true]] as const) {
    const { out, command, serve, poll, pulses, isr, intr } = second();
    words.forEach(command);
    serve(3);
    out(0xa1, 0x08);
    pulses(8 + 5, 8 + 3);
    assert.is(intr(), on);
    assert.is(poll(0xa0), on ? 0x85 : 0, `${words}`);
    assert.not(intr());
    assert.equal(isr(), [0, on ? 0x28 : 8]);
    command(0x20);
    assert.equal(isr(), [0, on ? 8 : 0], "an EOI without a name");
    command(0x20);
    assert.equal(isr(), [0, on ? 8 : 0], "leaves the masked one");
    command(0x63);
    assert.equal(isr(), [0, 0]);
  }
});

test("the second chip comes through input 2", () => {
  const { out, intr, ack, pulses } = chips();
  pulses(14);
  assert.ok(intr());
  assert.is(ack(), 0x2e);
  pulses(8);
  assert.not(intr(), "input 2 of the first is in service");
  out(0xa0, 0x20);
  out(0x20, 0x20);
  assert.is(ack(), 0x28);
});

test("special fully nested mode is for better ones of the second chip", () => {
  for (const nested of [false, true]) {
    const { pulses, ack, intr, drop, out } = chips(nested ? 0x11 : 1);
    out(0x20, nested ? 0x48 : 0x68); // special masks are another matter
    pulses(12);
    assert.is(ack(), 0x2c);
    const through = INPUTS.filter((irq) => {
      drop();
      pulses(irq);
      return intr();
    });
    assert.equal(through, nested ? [0, 1, 8, 9, 10, 11] : [0, 1]);
    pulses(9);
    assert.is(ack(), nested ? 0x29 : 0x27);
    out(0xa0, 0x61);
    drop();
    out(0x20, 0x20);
    pulses(3);
    assert.ok(intr(), "2 of the first has ended");
  }
  const { pulses, ack, intr, out, drop } = chips(0x11);
  pulses(10);
  assert.is(ack(), 0x2a);
  pulses(10);
  assert.not(intr(), "the second chip's own 2 is like others");
  drop();
  out(0x20, 0x20);
  pulses(3);
  assert.is(ack(), 0x23);
  pulses(3);
  assert.not(intr(), "and so are the first one's others");
});

test("OCW3 chooses what is read, until it chooses again", () => {
  for (const port of [0x20, 0xa0]) {
    const { out, read, pulses, poll } = second();
    const irq = port === 0x20 ? 0 : 8;
    pulses(irq + 4);
    assert.is(poll(port), 0x84);
    pulses(irq + 1);
    for (const [ocw3, expected] of [[0x08, 2], [0x0b, 0x10], [0x08, 0x10],
      [0x09, 0x10], [0x0a, 2], [0x09, 2]] as const) {
      out(port, ocw3);
      assert.equal([read(port), read(port)], [expected, expected],
        `0x${ocw3.toString(16)}`);
    }
  }
});

test("a poll takes one, at either port, and once", () => {
  for (const [irq, port] of [[3, 0x20], [3, 0x21], [0, 0x20], [8, 0xa0],
    [11, 0xa1], [15, 0xa1]] as const) {
    const { out, read, pulses, intr, isr, irr } = chips();
    const chip = port & ~1, n = irq & 7;
    out(chip, 0x0c);
    assert.is(read(port), 0, "nobody");
    assert.equal(isr(), [0, 0]);
    pulses(irq);
    assert.ok(intr());
    out(chip, 0x0c);
    assert.is(read(port), 0x80 | n);
    assert.is(intr(), false);
    assert.is(read(chip | 1), 0, "the mask again");
    assert.equal(irr(), [0, 0]);
    assert.equal(isr(), irq < 8 ? [1 << n, 0] : [0, 1 << n]);
  }
});

test("who is asked without a reason says 7, and serves nobody", () => {
  const { ack, isr, intr, pulses, pics } = chips();
  for (const asked of [false, true]) {
    if (asked) pulses(4);
    pics.setIrq(4, false);
    assert.not(intr(), "the request goes away");
    assert.is(ack(), 0x27);
    assert.equal(isr(), [0, 0]);
    assert.not(intr());
  }
});

test("as power-on leaves them all is masked, 7 the lowest", () => {
  const { out, read, pc: it, pics, intr, ack, irr, isr } = chips(0x13);
  out(0x4d0, 0xf8);
  out(0x20, 0x68);
  pics.setIrq(6, true);
  ack();
  pics.setIrq(9, true);
  it.reset();
  assert.equal([0x21, 0xa1, 0x4d0].map((port) => read(port)),
    [0xff, 0xff, 0]);
  assert.equal([irr(), isr()], [[0, 0], [0, 0]]);
  out(0x21, 0);
  out(0xa1, 0);
  pics.setIrq(6, true);
  pics.setIrq(9, true);
  assert.not(intr(), "they were high before");
  pics.pulse(6);
  pics.pulse(3);
  assert.equal([ack() & 7, ack() & 7], [3, 7], "3 holds 6 up");
});

test("as a BIOS leaves them the timer and the keyboard are heard", () => {
  const { out, read, pc: { pics }, intr, ack, machine } = pc();
  assert.equal([read(0x21), read(0xa1)], [0xf8, 0xff]);
  pics.setIrq(9, true);
  assert.not(intr());
  out(0xa1, 0);
  assert.is(ack(), 0x71);
  pics.setIrq(1, true);
  assert.is(ack(), 9);
  pics.pulse(0);
  assert.is(ack(), 8);
  pics.setIrq(5, true);
  out(0x21, 0);
  assert.is(read(0x21), 0, "no ICW is expected");
  assert.ok(!intr() && !machine.intr, "automatic EOI is off");
});

test("who would wake a CPU that has halted", () => {
  const cases: [string, number, boolean, (it: ReturnType<typeof chips>) =>
  void][] = [
    ["as it is, 0", 0, true, () => {}],
    ["as it is, 8", 8, true, () => {}],
    ["as it is, 12", 12, true, () => {}],
    ["the CPU runs", 3, false, ({ cpu }) => {
      cpu.w[ACTIVITY] = RUNNING;
    }],
    ["IF is clear", 3, false, ({ cpu }) => {
      cpu.w[SYSTEM_FLAGS]! &= ~IF;
    }],
    ["LINT0 is masked", 3, false, ({ cpu }) =>
      cpu.writePhysical(0xfee00350, 4, 0x10700)],
    ["masked", 3, false, ({ out }) => out(0x21, 8)],
    ["others are masked", 3, true, ({ out }) => out(0x21, 0xf7)],
    ["masked behind 2", 12, false, ({ out }) => out(0xa1, 0x10)],
    ["others are masked there", 12, true, ({ out }) => out(0xa1, 0xef)],
    ["2 is masked", 12, false, ({ out }) => out(0x21, 4)],
    ["3 is in service, 4", 4, false, ({ pulses, ack }) =>
      [pulses(3), ack()]],
    ["3 is in service, 1", 1, true, ({ pulses, ack }) =>
      [pulses(3), ack()]],
    ["3 is in service, 12", 12, true, ({ pulses, ack }) =>
      [pulses(3), ack()]],
    ["1 is in service, 12", 12, false, ({ pulses, ack }) =>
      [pulses(1), ack()]],
    ["9 is in service, 12", 12, false, ({ pulses, ack, out }) =>
      [pulses(9), ack(), out(0x20, 0x20)]],
    ["12 is in service, 9, nested", 9, true, ({ pulses, ack, out }) => {
      openPics(out, 0x11);
      pulses(12);
      ack();
    }],
    ["12 is in service, 3, nested", 3, false, ({ pulses, ack, out }) => {
      openPics(out, 0x11);
      pulses(12);
      ack();
    }],
    ["10 is in service, 10, nested", 10, false, ({ pulses, ack, out }) => {
      openPics(out, 0x11);
      pulses(10);
      ack();
    }],
    ["2 is masked, 7", 7, true, ({ out }) => out(0x21, 4)],
    ["2 is masked, 8", 8, false, ({ out }) => out(0x21, 4)],
    ["0 asks already", 12, true, ({ pulses }) => pulses(0)],
    ["8 asks already", 12, true, ({ pulses }) => pulses(8)],
  ];
  for (const [name, irq, expected, prepare] of cases) {
    const it = chips();
    it.cpu.w[ACTIVITY] = HALTED;
    it.cpu.w[SYSTEM_FLAGS]! |= IF;
    prepare(it);
    assert.is(it.pics.wouldInterrupt(irq), expected, name);
  }
});

test("the wire reaches CPU 0 as its LINT0 says", () => {
  const { intr, cpu, pulses } = chips();
  pulses(3);
  assert.ok(intr());
  cpu.writePhysical(0xfee00350, 4, 0x10700);
  assert.not(intr());
  cpu.writePhysical(0xfee00350, 4, 0x700);
  assert.not(intr(), "the APIC is off: the entry stays masked");
  cpu.writePhysical(0xfee000f0, 4, 0x1ff);
  cpu.writePhysical(0xfee00350, 4, 0x700);
  assert.ok(intr());
});

test("what would only interrupt a CPU that doesn't listen wakes nobody", () => {
  const { machine, out } = pc({}, { cpus: 2 }), second = machine.cpus[1]!;
  openPics(out);
  machine.writeRam(0x1000, Uint8Array.of(0xf4, 0xeb, 0xfd));
  machine.resetCpu(second);
  second.w[EIP] = 0x1000;
  second.w[SYSTEM_FLAGS]! |= IF;
  assert.is(machine.run({ maxInstructions: 100 }).reason, "halted");
});

test("what a CPU takes before its next instruction", () => {
  // IF holds up all but an NMI, which holds up the next one; the shadow of
  // STI and of MOV SS holds up all (SDM 3, 6.7 and 6.8).
  const { cpu } = pc();
  for (let why = 0; why < 16; why++)
    for (const flags of [0, IF])
      for (const inhibit of [0, 1]) {
        cpu.w[ATTENTION] = why;
        cpu.w[SYSTEM_FLAGS] = flags;
        cpu.w[INHIBIT] = inhibit;
        const nmi = why & ATTEND_NMI && !(why & ATTEND_NMI_BLOCKED);
        const other = flags && why & (ATTEND_INTERRUPT | ATTEND_INTR);
        assert.is(pendingInterrupt(cpu), !inhibit && Boolean(nmi || other),
          `${why} ${flags} ${inhibit}`);
      }
});

test("NMI comes first, then the APIC's, then the wire's", () => {
  const { cpu, machine, out, pc: { pics } } = pc();
  openPics(out);
  machine.resetCpu(cpu);
  cpu.initialize("RESET");
  for (let vector = 0; vector < 256; vector++)
    cpu.store32(4 * vector, 0x3000 + vector);
  writeApic(cpu, 0xf0, 0x1ff);
  cpu.writePhysical(0xfee00350, 4, 0x700);
  const taken: number[] = [];
  pics.setIrq(3, true);
  raiseInterrupt(cpu, 0x40);
  raiseNmi(cpu);
  const take = () => {
    cpu.w[SYSTEM_FLAGS]! |= IF;
    if (!takeInterrupt(cpu)) return;
    taken.push(cpu.w[EIP]! - 0x3000);
  };
  [1, 2, 3, 4].forEach(take);
  assert.equal(taken, [2, 0x40, 0x23]);
  raiseNmi(cpu);
  take();
  assert.equal(taken.length, 3, "an NMI blocks the next");
  cpu.w[ATTENTION] = ATTEND_NMI;
  take();
  assert.is(cpu.w[ATTENTION], ATTEND_NMI_BLOCKED, "and is taken once");
});

test.run();
