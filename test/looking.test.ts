// Pictures of CPUs: of what is there, and of what should not be.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  boot, CPL, CR0, CR0_PG, CR3, CR4, CR4_PGE, drawAddress, drawCode, drawCpu,
  drawGdt, drawIdt, drawMemory, drawTlb, drawTss, EIP, firstGuest, GDTR_BASE,
  hex32, Machine, MiB, overlaps, remembered, run, SEGMENTS, TLBS,
  whoseTables,
} from "../src";
import type { Picture } from "../src";
import { randomNumbers } from "./programs";

const test = suite("pictures of CPUs");

function allOf(machine: Machine, address: number): Picture[] {
  const [cpu] = machine.cpus;
  return [drawCpu(cpu!), drawTlb(cpu!, whoseTables(machine)), drawGdt(cpu!),
    drawIdt(cpu!), drawTss(cpu!), drawMemory(cpu!, address), drawCode(cpu!),
    drawAddress(machine, cpu!, address)];
}

function after(count: number): Machine {
  const session = boot({ guests: [{ name: "A", image: firstGuest(),
    commandLine: "", memory: 4 * MiB }] });
  run(session, count);
  return session.machine;
}

test("no two texts share a place, and looking moves nothing", () => {
  for (const count of [100, 20_000, 60_000]) {
    const machine = after(count), before = machine.snapshot();
    for (const picture of allOf(machine, 0xffc00000))
      assert.equal(overlaps(picture), [], picture.text);
    assert.ok(Buffer.from(machine.snapshot()).equals(Buffer.from(before)));
  }
});

test("whatever a CPU and its memory hold, there is a picture, and none is "
  + "long", () => {
  const number = randomNumbers(20261202);
  const word = () => number(65_536) << 16 | number(65_536);
  const words = [EIP, CPL, CR3, GDTR_BASE, ...Array.from({ length: 32 },
    (_, i) => SEGMENTS + i), ...Array.from({ length: 400 }, (_, i) => TLBS + 2 + i)];
  for (let round = 0; round < 30; round++) {
    const machine = round % 2 ? after(60_000)
      : new Machine({ memory: 0x100000 });
    const { w } = machine.cpus[0]!;
    new Int32Array(machine.ram.buffer, machine.ram.byteOffset,
      0x40000).forEach((_, i, all) => { if (number(4) > 0) all[i] = word(); });
    for (const at of words) if (number(3) > 0) w[at] = word();
    w[CR0] = w[CR0]! | (number(2) ? CR0_PG : 0) | 1;
    for (const picture of allOf(machine, word() >>> 0)) {
      assert.ok(picture.text.split("\n").length < 64, picture.text);
      assert.match(picture.text, /^[\n\x20-\x7e]*$/);
    }
  }
});

test("an entry that was kept is stale where the tables say otherwise", () => {
  const machine = new Machine({ memory: 0x10000 }), [cpu] = machine.cpus;
  const put = (at: number, ...list: number[]) => machine.writeRam(at,
    new Uint8Array(new Uint32Array(list).buffer));
  put(0x1000, 0x2007);
  put(0x2000 + 4 * 8, 0x8007, 0x9107, 0xa007, 0xb007);
  cpu!.w[CR3] = 0x1000;
  cpu!.w[CR4] = CR4_PGE;
  cpu!.w[CR0] = CR0_PG | 1;
  for (const page of [8, 9, 10, 11]) cpu!.loadLinear(page << 12, 4);
  put(0x2000 + 4 * 8, 0x8007, 0xc107, 0xa005, 0);
  const found = new Map(remembered(cpu!).map((one) =>
    [one.linear, [one.stale, one.global]]));
  assert.equal(found, new Map<number, unknown>([[0x8000, [undefined, false]],
    [0x9000, ["moved", true]], [0xa000, ["bits", false]],
    [0xb000, ["gone", false]]]));
  const text = drawAddress(machine, cpu!, 0x9004).text;
  assert.match(text, `${hex32(0x9000)} wu---g from ${hex32(0x1000)}`);
  assert.match(text, "The CPU finds 00009004; its tables say 0000c004!");
});

test.run();
