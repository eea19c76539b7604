// Hostile Guests by the hundred, and proof that somebody is watching. The
// long run is `node -r ./test/ready.cjs test/hostile/full.ts`.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { HOST, PerCpu, Shared, cpuArea, place } from "../src/host";
import { LguestPages, LguestPerCpu, Regs, bootHost, regsOffset } from "../src/lguest";
import { guestOutcome, launcher } from "../src/launcher";
import { CR0, CR0_WP, CR4, CR4_PGE, DR, EBX, ECX, Machine } from
  "../src/machine";
import type { Cpu } from "../src/machine";
import { guest, shutdown } from "./guests";
import { drive, merge, summary } from "./hostile/drive";
import { hostileGuest } from "./hostile/generate";
import { Ram } from "./hostile/oracle";
import type { Oracle } from "./hostile/oracle";
import { Stage } from "./hostile/stage";

const SAMPLE = 100, SAMPLE_OF_MANY = 30;
/** Of those that attack their devices. */
const DRIVERS = 30, DRIVERS_OF_MANY = 10;

let stage: Stage | undefined, pair: Stage | undefined;

test(`${SAMPLE} hostile Guests harm nobody`, () => {
  stage = new Stage();
  const tally = drive({ guests: SAMPLE, seed: 1 }, stage);
  console.log(summary(tally));
  assert.equal(tally.reports, []);
  assert.is(tally.failed, 0);
  assert.is(tally.guests, SAMPLE);
  assert.ok(tally.guestFills > 10 * SAMPLE);
  assert.ok(tally.ends.size >= 10, "they end in many ways");
});

for (const cpus of [2, 4])
  test(`${SAMPLE_OF_MANY} of them, sent over ${cpus} CPUs, harm nobody`, () => {
    const many = new Stage({ cpus, every: 3000 });
    pair ??= many;
    const tally = drive({ guests: SAMPLE_OF_MANY, seed: 1 }, many);
    console.log(summary(tally));
    assert.equal(tally.reports, []);
    assert.is(tally.failed, 0);
    assert.ok(tally.guestFills > 10 * SAMPLE_OF_MANY);
    assert.ok(tally.moves > 5 * SAMPLE_OF_MANY, `${tally.moves} moves`);
    assert.ok(tally.ends.size >= 10, "they end in many ways");
  });

test(`${DRIVERS} hostile drivers harm nobody`, () => {
  for (const [guests, on] of [[DRIVERS, stage], [DRIVERS_OF_MANY, pair]] as const) {
    const tally = drive({ guests, seed: 1, family: "drivers" }, on);
    console.log(summary(tally));
    assert.equal(tally.reports, []);
    assert.is(tally.failed, 0);
    assert.ok(tally.ends.size >= guests / 3, "they end in many ways");
  }
});

test("the same seed is the same Guest, with the same end", () => {
  assert.equal(hostileGuest(7), hostileGuest(7));
  for (const on of [stage!, pair!]) {
    const [one, two] = [7, 7].map((seed) => on.run(hostileGuest(seed)));
    assert.equal(one, two);
  }
});

test("a Guest can't take time by setting its alarm", () => {
  const thief = guest("1: movl $9, %eax\n movl $1000, %ebx\n" +
    "int $0x1f\n jmp 1b");                 // SET_CLOCKEVENT, in 100 ticks
  const worker = guest("movl $100000, %ecx\n 1: loop 1b\n" +
    shutdown("bye") + "bye: .byte 0\n .balign 4");
  const machine = new Machine({ memory: 20 * 1024 * 1024 });
  bootHost(machine, { launcher: launcher(() => {}),
    guests: [thief, worker].map((image) => ({ name: "g", image,
      commandLine: "", memory: 4 * 1024 * 1024 })) });
  machine.run({ maxInstructions: 1e6 });
  assert.is(guestOutcome(machine, 1).state, "poweroff");
});

test("a run in parts counts what a run in one counts", () => {
  const [whole, one, two] = ([[20, 1], [12, 1], [8, 13]] as const)
    .map(([guests, seed]) => drive({ guests, seed }, stage));
  assert.equal(merge([one!, two!]), whole);
});

type Sabotage = [
  what: string, when: string, complaint: RegExp,
  harm: (ram: Ram, cpu: Cpu, machine: Machine, oracle: Oracle) => void,
];

/** What is done to the Host behind its back, and who must notice. */
const sabotage: Sabotage[] = [
  ["its text changes", "launcher_step", /text or tables/,
    (_, __, { ram }) => { ram[0x107fff] = 1; }],
  ["the IDT changes", "launcher_step", /text or tables/,
    (_, __, { ram }) => { ram[0x109000 + 8 * 200] = 0xff; }],
  ["the state page is writable", "lguest_enter", /0xffc02.*writable/,
    (ram) => { ram.words[(guestPtes(ram) >> 2) + 2]! |= 2; }],
  ["the Switcher's text is writable", "lguest_enter", /0xffc00.*writable/,
    (ram) => { ram.words[guestPtes(ram) >> 2]! |= 2; }],
  ["the Host's directory is in the Guest's world", "lguest_enter",
    /has 0xffc02/,
    (ram) => { ram.words[(guestPtes(ram) >> 2) + 2] =
      ram.get(HOST, Shared.boot_directory) | 1; }],
  ["write protection is off", "lguest_enter", /WP is off/,
    (_, cpu) => { cpu.w[CR0]! &= ~CR0_WP; }],
  ["global pages are on", "lguest_enter", /global page|survive/,
    (_, cpu) => { cpu.w[CR4]! |= CR4_PGE; }],
  ["ring 1 is in the Host's world", "lguest_enter", /ring 1 is in the Host/,
    (ram, cpu, _, { regs, directories }) => {
      const to = ram.at(ram.get(HOST, Shared.window_ptes) + 4) >>> 12;
      const [there, here] = [to, regs[0]!].map((f) => f * 1024 + 1006);
      ram.words.copyWithin(there!, here!, here! + 18);
      ram.words[there! + 13] = place.MEM_BASE + 0x1000;
      cpu.w[EBX] = directories[0]! << 12;
    }],
  ["a Guest is let into ring 0", "lguest_enter", /ring 0 is at 0x/,
    (ram, _, __, { regs }) => {
      ram.words[(regs[0]! * 4096 + regsOffset + Regs.cs.offset) >> 2] = 0x50;
    }],
  ["the Host's interrupts are off in a Guest", "lguest_enter", /had the flags/,
    (ram, _, __, { regs }) => {
      ram.words[(regs[0]! * 4096 + regsOffset + Regs.eflags.offset) >> 2] = 2;
    }],
  ["a debug register is left behind", "lguest_enter", /DR7 is 0x402/,
    (_, cpu) => { cpu.w[DR + 7] = 0x402; }],
  ["a page is free twice", "launcher_step", /shares frame/,
    (ram) => { ram.words[field(Shared.next_unused)]! -= 4096; }],
  ["a page is lost", "launcher_step", /nobody's|pages_free/,
    (ram) => { ram.words[field(Shared.next_unused)]! += 4096; }],
  ["its neighbour's disk changes", "launcher_step", /devices have changed/,
    (_, __, { storage }) => { storage[storage.length - 4097] = 1; }],
  ["a lock is kept", "launcher_step", /struct host at 0/,
    (ram) => { ram.words[field(Shared.allocator_lock)] = 1; }],
];

/** The same on the second of two CPUs, when it comes by there. */
const sabotageOfCpu1: Sabotage[] = [
  ["a Guest has another CPU's state", "lguest_enter", /0xffc04.* on CPU 1/,
    (ram, _, __, { cpuPages }) => {
      ram.words[(guestPtes(ram, 1) >> 2) + 4] = cpuPages[0]!.state * 4096 + 1;
    }],
  ["a Guest sees another CPU's state", "lguest_enter", /entry 2 of CPU 1's/,
    (ram, _, __, { cpuPages }) => {
      ram.words[(guestPtes(ram, 1) >> 2) + 2] = cpuPages[0]!.state * 4096 + 1;
    }],
  ["a Guest has its registers in another CPU's page, too", "lguest_enter",
    /entry 1 of CPU 1's/,
    (ram, _, __, { regs }) => {
      ram.words[(guestPtes(ram, 1) >> 2) + 1] = regs[0]! * 4096 + 3;
    }],
  ["a Guest has another's registers", "lguest_enter", /0xffc03.* on CPU 1/,
    (ram, _, __, { regs }) => {
      const at = (guestPtes(ram, 1) >> 2) + 3;
      const [there, here] = ram.words[at]! >>> 12 === regs[0]
        ? [1, 0] as const : [0, 1] as const;
      const from = regs[here]! * 1024 + 1005;
      ram.words.copyWithin(regs[there]! * 1024 + 1005, from, from + 19);
      ram.words[at] = regs[there]! * 4096 + 3;
    }],
  ["a Guest has another CPU's table", "lguest_enter", /triple|0xffc0/,
    (ram, cpu) => {
      ram.words[(cpu.w[EBX]! >>> 2) + 1023] = guestPtes(ram, 0) | 3;
    }],
  ["the state page is writable", "lguest_enter", /0xffc04.*writable/,
    (ram) => { ram.words[(guestPtes(ram, 1) >> 2) + 4]! |= 2; }],
  ["a Guest has its neighbour's segments", "lguest_enter",
    /another descriptor 14 on CPU 1/,
    (ram, _, __, { cpuPages }) => {
      const pages = cpuPages[1]!.state * 4096 - 4096;
      ram.words[(pages + LguestPages.guest_gdt.offset >> 2) + 29]! ^= 0x200;
    }],
  ["its TSS changes", "lguest_enter", /the Host's TSS/,
    (ram) => {
      ram.words[(cpuArea(1) - place.KERNEL + PerCpu.task.offset >> 2) + 8] = 1;
    }],
  ["nobody is called", "pick_next", /nobody comes for the thread/,
    (_, cpu) => { cpu.w[ECX] = 0; }],
];

function field({ offset }: { offset: number }): number {
  return (HOST - place.KERNEL + offset) >> 2;
}
function guestPtes(ram: Ram, cpu = 0): number {
  return ram.get(cpuArea(cpu), LguestPerCpu.guest_ptes);
}

function testSabotage(
  [what, when, complaint, harm]: Sabotage, id: number, on: () => Stage,
): void {
  test(`it is noticed when ${what} on CPU ${id}`, () => {
    const { machine, oracle } = on();
    const number = machine.hostCalls.findIndex((c) => c?.name === when);
    const call = machine.hostCalls[number]!;
    const ram = new Ram(machine);
    machine.hostCalls[number] = { ...call, run(cpu) {
      call.run(cpu);
      if (cpu.id === id) harm(ram, cpu, machine, oracle);
    } };
    try {
      const { complaints } = on().run(hostileGuest(3));
      assert.match(complaints.join("\n"), complaint);
    } finally {
      machine.hostCalls[number] = call;
    }
  });
}
for (const one of sabotage) testSabotage(one, 0, () => stage!);
for (const one of sabotageOfCpu1) testSabotage(one, 1, () => pair!);

test("after all that, it is as it was", () => {
  for (const on of [stage!, pair!])
    assert.equal(on.run(hostileGuest(3)).complaints, []);
});

test.run();
