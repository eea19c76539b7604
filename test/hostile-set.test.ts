// Hostile Guests by the hundred, and proof that somebody is watching. The
// long run is `node -r ts-node/register test/hostile/full.ts`.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { HOST, Shared, cpuArea, place } from "../src/host";
import { LguestPerCpu, Regs, bootHost, regsOffset } from "../src/lguest";
import { guestOutcome, launcher } from "../src/launcher";
import { CR0, CR0_WP, CR4, CR4_PGE, DR, EBX, Machine } from "../src/machine";
import type { Cpu } from "../src/machine";
import { guest, shutdown } from "./guests";
import { drive, merge, summary } from "./hostile/drive";
import { hostileGuest } from "./hostile/generate";
import { Ram } from "./hostile/oracle";
import type { Oracle } from "./hostile/oracle";
import { Stage } from "./hostile/stage";

const SAMPLE = 100;

let stage: Stage | undefined;

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

test("the same seed is the same Guest, with the same end", () => {
  assert.equal(hostileGuest(7), hostileGuest(7));
  const [one, two] = [7, 7].map((seed) => stage!.run(hostileGuest(seed)));
  assert.equal(one, two);
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

/** What is done to the Host behind its back, and who must notice. */
const sabotage: [
  what: string, when: string, complaint: RegExp,
  harm: (ram: Ram, cpu: Cpu, machine: Machine, oracle: Oracle) => void,
][] = [
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
  ["a lock is kept", "launcher_step", /struct host at 0/,
    (ram) => { ram.words[field(Shared.allocator_lock)] = 1; }],
];

function field({ offset }: { offset: number }): number {
  return (HOST - place.KERNEL + offset) >> 2;
}
function guestPtes(ram: Ram): number {
  return ram.get(cpuArea(0), LguestPerCpu.guest_ptes);
}

for (const [what, when, complaint, harm] of sabotage)
  test(`it is noticed when ${what}`, () => {
    const { machine } = stage!;
    const number = machine.hostCalls.findIndex((c) => c?.name === when);
    const call = machine.hostCalls[number]!;
    const ram = new Ram(machine);
    machine.hostCalls[number] = { ...call, run(cpu) {
      call.run(cpu);
      harm(ram, cpu, machine, stage!.oracle);
    } };
    try {
      const { complaints } = stage!.run(hostileGuest(3));
      assert.match(complaints.join("\n"), complaint);
    } finally {
      machine.hostCalls[number] = call;
    }
  });

test("after all that, it is as it was", () => {
  assert.equal(stage!.run(hostileGuest(3)).complaints, []);
});

test.run();
