// The figures of the book: legible, true, and drawn of any machine.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { MiB, boot, firstGuest, listeningGuest, run } from "../src";
import {
  drawQueue, drawSegment, drawSwitcher, drawTrap, drawWalk, drawWorlds,
  guestWords, overlaps, timelineOf, whereIs,
} from "../src/debug";
import type { Picture } from "../src/debug";
import { HOST, Shared, get, hostMemory, place } from "../src/host";
import {
  LgCpu, Lguest, LguestPages, Regs, lguestMap, lguestOf, regsOffset,
} from "../src/lguest";
import {
  CPL, CR3, DS, ESP, Fault, Machine, deliver, hex32, loadGdtr, loadIdtr,
  loadSegment,
} from "../src/machine";

const test = suite("figures");

function session(cpus = 1, ptePage?: "one") {
  const started = boot({ cpus, ptePage, guests: Array.from({ length: cpus },
    (_, cpu) => ({ name: "g", cpu, image: firstGuest(), commandLine: "",
      memory: 4 * MiB })) }, () => {});
  run(started, 20_000);
  return started.machine;
}

const machine = session(), crowd = session(2, "one");
const ram = hostMemory(machine);

/** Legible, and not long; gives its letters. */
function legible(picture: Picture): string {
  assert.equal(overlaps(picture), []);
  const lines = picture.text.split("\n");
  assert.ok(lines.length <= 60, picture.text);
  for (const line of lines) assert.ok(line.length <= 54, line);
  return picture.text;
}

/** Machines that no figure was made for. */
function strangers(): Machine[] {
  const noise = session();
  const { ramSize } = noise, bytes = new Uint8Array(ramSize);
  for (let i = 0, x = 1; i < ramSize; i++)
    bytes[i] = (x = Math.imul(x, 1103515245) + 12345) >>> 24;
  noise.writeRam(0, bytes);
  const full = session();
  full.writeRam(0, new Uint8Array(ramSize).fill(0xff));
  return [new Machine({ memory: 1 << 20 }), noise, full];
}
const strange = strangers();

test("the Switcher's pages are those of both tables", () => {
  const text = legible(drawSwitcher(machine, 0));
  const table = get(ram, HOST, Shared.window_ptes);
  const vcpu = get(ram, lguestOf(0), Lguest.vcpu);
  const read = (at: number) => ram.load32(place.KERNEL + at);
  const frames = [0, 1, 2].map((page) =>
    hex32(read(table + 4 * page) & -4096));
  for (const frame of frames) assert.ok(text.includes(frame), frame);
  const own = hex32(get(ram, vcpu, LgCpu.regs_page));
  assert.match(text, new RegExp(`\\| of Guest 0.*\n.*\\| ${own}  write`));
  assert.is(text.match(/same/g)?.length, 2);
});

test("what a Guest sees of another CPU is wrong", () => {
  const wrong = (of: Machine) => drawSwitcher(of, 1).shapes
    .filter(({ kind, tone }) => kind === "box" && tone === "wrong").length;
  assert.is(wrong(crowd), 2);
  assert.is(wrong(session(2)), 0);
  assert.match(legible(drawSwitcher(crowd, 1)), /of Guest 0/);
});

test("a walk is that of the CPU, and ends where the memory is", () => {
  const shadow = get(ram, get(ram, lguestOf(0), Lguest.vcpu), LgCpu.shadow, 0);
  assert.is(shadow, machine.cpus[0]!.w[CR3]! >>> 0, "it is in the Guest");
  const table = ram.load32(place.KERNEL + shadow + 4 * 768) & -4096;
  const page = ram.load32(place.KERNEL + table + 4 * 256) & -4096;
  const text = legible(drawWalk(machine, 0, 0xc0100000));
  assert.ok(text.includes(
    [shadow, table, page].map((at) => `| ${hex32(at)}     |`).join("   ")));
  assert.match(text, "lies in");
  assert.not.match(legible(drawWalk(machine, 0, 0xd0000000)), "lies in");
});

test("a segment is that of the register, and of the table", () => {
  const cpu = new Machine({ memory: 0x100000 }).cpus[0]!;
  loadGdtr(cpu, 0x1000, 0x17);
  cpu.store32(0x1008, 0x60000fff);
  cpu.store32(0x100c, 0x00409200);
  cpu.store32(0x1010, 0x60000fff);
  cpu.store32(0x1014, 0x00409600);
  loadSegment(cpu, DS, 8);
  const text = legible(drawSegment(cpu, DS, 0x10));
  for (const part of ["60000fff 00409300", "base  00006000",
    "limit 00000fff", "data rw DPL 0", "00006fff", "00006010"])
    assert.ok(text.includes(part), part);
  assert.match(legible(drawSegment(cpu, DS, 0x1000)), "out of reach");
  loadSegment(cpu, DS, 16);
  assert.match(legible(drawSegment(cpu, DS, 0x10)), "out of reach");
  assert.match(legible(drawSegment(cpu, DS, 0x1000)), "base + 00001000");
  loadGdtr(cpu, 0x1000, 7);
  assert.match(legible(drawSegment(cpu, DS, 0)), "no descriptor");
});

test("a trap is what lies on its stack", () => {
  const running = session(), cpu = running.cpus[0]!;
  running.events.on(({ kind }) => {
    if (kind === "exception") running.requestStop();
  });
  running.run({ maxInstructions: 100_000 });
  assert.is(cpu.w[CPL], 0);
  const vector = 14, text = legible(drawTrap(cpu, vector));
  for (let at = 0; at < 24; at += 4)
    assert.match(text, new RegExp(`${hex32(cpu.w[ESP]! + at)} \\| \\w+ +` +
      hex32(cpu.peekStack(at, 4))));
  assert.match(text, "from ring 1 to ring 0");
  assert.match(legible(drawTrap(cpu, 13)), "isn't where vector 13 leads");
});

test("a trap that stays in its ring asks for no stack", () => {
  const cpu = new Machine({ memory: 0x100000 }).cpus[0]!;
  cpu.store32(0x1008, 0xffff);
  cpu.store32(0x100c, 0x00cf9b00);
  cpu.store32(0x2068, 0x00085000);
  cpu.store32(0x206c, 0x00008f00);
  loadGdtr(cpu, 0x1000, 0xf);
  loadIdtr(cpu, 0x2000, 0x6f);
  cpu.w[ESP] = 0x8000;
  deliver(cpu, new Fault(13, 0x18));
  const text = legible(drawTrap(cpu, 13));
  assert.match(text, /not asked[^]*00007ff0 \| error   00000018/);
  assert.not.match(text, "esp0");
});

/** A word that a CPU has at a linear address. */
const own = (of: Machine, at: number) => hex32(of.cpus[0]!.loadLinear(at, 4));

test("worlds are those of the CPU and of its pages", () => {
  const two = session(), memory = hostMemory(two), cpu = two.cpus[0]!;
  const esp = cpu.w[ESP]! >>> 0, pages = lguestMap.SWITCHER + 4096;
  const text = legible(drawWorlds(two, 0));
  assert.match(text, "CPU 0 is in Guest 0, in ring 1");
  assert.match(text, `cr3 ${hex32(cpu.w[CR3]!)}  in force`);
  for (const at of [esp, esp + 4])
    assert.match(text, `${hex32(at)}  ${own(two, at)}`);
  const { host_cr3, host_sp } = LguestPages;
  assert.match(text, ` cr3 ${own(two, pages + host_cr3.offset)}   `);
  assert.match(text, ` esp ${own(two, pages + host_sp.offset)}   `);
  while (whereIs(two, 0) !== "Host") two.run({ maxInstructions: 10 });
  const vcpu = get(memory, lguestOf(0), Lguest.vcpu);
  const regs = place.KERNEL + get(memory, vcpu, LgCpu.regs_page) + regsOffset;
  const eip = hex32(memory.load32(regs + Regs.eip.offset));
  const back = legible(drawWorlds(two, 0));
  assert.match(back, new RegExp(`the Host, in ring 0[^]* eip ${eip}\n`));
  assert.match(back, `cr3 ${hex32(cpu.w[CR3]!)}  in force`);
});

test("what can't be drawn is told in a line", () => {
  assert.is(drawWorlds(machine, 8).text, "there is no CPU 8");
  for (const one of strange)
    assert.is(drawWorlds(one, 0).text,
      "no Host of ours runs on this machine");
  const early = boot({ cpus: 2, guests: [] }, () => {}).machine;
  while (drawWorlds(early, 1).text.startsWith("no"))
    early.run({ maxInstructions: 500 });
  assert.match(legible(drawWorlds(early, 1)), "no page tables yet");
});

test("a Host that is dead, and a Guest that is nonsense, are drawn", () => {
  const ill = session(), vcpu = get(ram, lguestOf(0), Lguest.vcpu);
  ill.writeRam(HOST + Shared.oopsed.offset - place.KERNEL, Uint8Array.of(1));
  assert.match(legible(drawWorlds(ill, 0)), /dead: [^]*in force/);
  ill.writeRam(vcpu - place.KERNEL, new Uint8Array(4096).fill(0xff));
  assert.match(legible(drawWorlds(ill, 0)), "an unknown Guest");
});

test("a run's bars and marks lead to where they are", () => {
  const run = boot({ cpus: 2, guests: ["a", "b"].map((name, cpu) => ({ name,
    cpu, image: firstGuest(), commandLine: "", memory: 4 * MiB })) }, () => {});
  const timeline = timelineOf(run.machine, { names: ["a", "b"] });
  assert.is(timeline.picture().text, "nothing to draw");
  const places = new Map<number, unknown>();
  while (run.machine.count < 30_000) {
    run.machine.run({ maxInstructions: 64 });
    places.set(run.machine.count, whereIs(run.machine, 1));
  }
  const picture = timeline.picture(), { shapes } = picture;
  legible(picture);
  const bars = shapes.filter(({ kind, goal }) =>
    kind === "bar" && goal?.cpu === 1);
  assert.ok(bars.some(({ tone }) => tone === "guest"));
  const [first] = bars.filter(({ tone }) => tone === "host");
  assert.is(places.get(first!.goal!.count! + 384), "Host");
  const marks = shapes.filter(({ kind, goal }) => kind === "text" && goal);
  assert.ok(marks.length > 10);
  const from = timelineOf(run.machine, { from: 50_000, to: 40_000 });
  assert.is(from.picture().text, "nothing to draw");
});

test("a queue is what lies in the Guest's memory", () => {
  const run = boot({ guests: [{ name: "g", image: listeningGuest(),
    commandLine: "", memory: 4 * MiB }] }, () => {});
  run.machine.run({ maxInstructions: 100_000 });
  const queue = run.devices.queueOf(0, 1, 0);
  const text = legible(drawQueue(run.machine, 0, queue));
  const [address = 0, , length] = guestWords(run.machine, 0, queue.desc, 3);
  assert.match(text, `|  0 ${hex32(address)} ${String(length).padStart(6)} W`);
  assert.match(text, "taken 0");
  for (const one of [{ ...queue, size: 65535, taken: 3 }, { size: 65535,
    desc: -1, avail: 3, used: 0xffffffff, taken: 0 }])
    for (const other of [run.machine, ...strange])
      legible(drawQueue(other, 0, one));
  assert.is(drawQueue(machine, 0, { ...queue, size: 0 }).text,
    "a queue that nobody has set up");
});

test("every figure can be drawn of any machine", () => {
  for (const one of strange) {
    legible(drawSwitcher(one, 0));
    legible(drawWorlds(one, 0));
    const cpu = one.cpus[0]!;
    for (let segment = 0; segment < 8; segment++)
      legible(drawSegment(cpu, segment, 0xffffffff));
    for (const vector of [0, 14, 255]) legible(drawTrap(cpu, vector));
    for (const guest of [0, 31])
      for (const address of [0, 0xc0100000, 0xffffffff])
        legible(drawWalk(one, guest, address));
  }
});

test.run();
