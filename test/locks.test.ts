// Who may touch which word of the Host: what the checker sees, and what
// it must not take for the Host's.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkLocks } from "../src/debug";
import { PerCpu, cpuArea, get, hostMemory, place, put, HOST, Shared, Thread }
  from "../src/host";
import { bootHost, buildHost, LgCpu, Lguest, lguestOf, LguestPerCpu } from
  "../src/lguest";
import { guestOutcome, launcher } from "../src/launcher";
import { Machine } from "../src/machine";
import type { Cpu } from "../src/machine";
import { endless, guest, shutdown } from "./guests";

const MiB = 1024 * 1024;
const counter = guest(`movl $200000, %ecx
  1: loop 1b
  ${shutdown("bye")}
  bye: .asciz ""\n .balign 4`);

function boot(
  cpus: number, images: readonly Uint8Array[], seed = 1,
): { machine: Machine; reports: string[] } {
  const machine = new Machine({ memory: 24 * MiB, cpus, seed });
  bootHost(machine, { launcher: launcher(() => {}), guests: images.map(
    (image) => ({ name: "g", image, commandLine: "", memory: 2 * MiB })) });
  const reports: string[] = [];
  checkLocks(machine, (sentence) => reports.push(sentence));
  return { machine, reports };
}

/** Has a host call do something else, too, behind what it does. */
function also(machine: Machine, name: string, more: (cpu: Cpu) => void): void {
  const n = machine.hostCalls.findIndex((row) => row?.name === name);
  const row = machine.hostCalls[n]!;
  machine.hostCalls[n] = { ...row, run(cpu) {
    row.run(cpu);
    more(cpu);
  } };
}

for (const cpus of [1, 4]) test("no word is touched by the wrong one " +
  `when Guests begin and end, on ${cpus} CPU${cpus > 1 ? "s" : ""}`, () => {
  const { machine, reports } = boot(cpus,
    [counter, guest("ud2"), endless(), counter], cpus);
  machine.run({ maxInstructions: 1_500_000,
    schedule: { kind: "random", quantum: 50 } });
  assert.equal(reports, [], `seed ${cpus}`);
  assert.is(guestOutcome(machine, 3).state, "poweroff");
});

// Each is a store or load by the wrong one, in a host call of CPU 0.
function anotherVcpu(cpu: Cpu): number | undefined {
  const memory = hostMemory(cpu.board as Machine);
  const current = get(memory, cpuArea(cpu.id), PerCpu.current);
  return [0, 1].map((n) => get(memory, lguestOf(n), Lguest.vcpu))
    .find((at) => at !== 0 && get(memory, at, LgCpu.thread) !== current);
}
const faults: readonly {
  what: string; call: string; harm(cpu: Cpu): void; report: RegExp;
}[] = [
  { what: "the run queue without its lock", call: "lguest_enter",
    harm: (cpu) => { get(cpu, HOST, Shared.queue_head); },
    report: /^lguest_enter .* loads host\.queue_head, guard queue_lock; q/ },
  { what: "what is free under the other lock", call: "pick_next",
    harm: (cpu) => put(cpu, HOST, Shared.pages_free, 1000),
    report: /^pick_next .* host\.pages_free, .*: CPU 0, al.*: nobody/ },
  { what: "a word written at boot", call: "lguest_enter",
    harm: (cpu) => put(cpu, HOST, Shared.cpus_present, 1),
    report: /^lguest_enter .* stores to host\.cpus_present, guard boot/ },
  { what: "a counter without a lock prefix", call: "lguest_enter",
    harm: (cpu) => put(cpu, HOST, Shared.cpus_online, 1),
    report: /^lguest_enter .* stores to host\.cpus_online, guard atomic/ },
  { what: "a lock that is not ours", call: "lguest_enter",
    harm: (cpu) => put(cpu, HOST, Shared.allocator_lock, 0),
    report: /^lguest_enter .* stores to host\.allocator_lock, guard lock/ },
  { what: "another CPU's module word", call: "lguest_enter",
    harm: (cpu) => put(cpu, cpuArea(1), LguestPerCpu.last_vcpu, 0),
    report: /^lguest_enter .* lguest_cpu\.last_vcpu/ },
  { what: "a thread's place in the queue", call: "lguest_enter",
    harm: (cpu) => put(cpu, get(cpu, cpuArea(0), PerCpu.current),
      Thread.home, 0),
    report: /^lguest_enter .* stores to thread\.home at 0xc0/ },
  { what: "own words with interrupts on", call: "lguest_trap",
    harm: (cpu) => { get(cpu, cpuArea(0), PerCpu.now); },
    report: /^lguest_trap .* loads cpu\.now of CPU 0, .* interrupts on$/ },
  { what: "lg_cpu of a Guest that runs elsewhere", call: "tick",
    harm: (cpu) => {
      const vcpu = anotherVcpu(cpu);
      if (vcpu) put(cpu, vcpu, LgCpu.pending, 0);
    },
    report: /^tick .* stores to lg_cpu\.pending at 0xc0/ },
];
for (const { what, call, harm, report } of faults)
  test(`the checker sees who touches ${what}`, () => {
    const { machine, reports } = boot(2, [counter, counter]);
    also(machine, call, (cpu) => { if (cpu.id === 0) harm(cpu); });
    machine.run({ maxInstructions: 400_000 });
    assert.ok(reports.some((one) => report.test(one)), reports.join("\n"));
  });

test("a report is an event, too, and comes once", () => {
  const { machine, reports } = boot(2, [counter, counter]);
  const told: unknown[] = [];
  machine.events.on((e) => {
    if (e.kind === "lock-report") told.push(e.sentence);
  });
  also(machine, "lguest_enter",
    (cpu) => { get(cpu, HOST, Shared.queue_head); });
  machine.run({ maxInstructions: 400_000 });
  assert.is(reports.length, 1);
  assert.equal(told, reports);
});

test("a spin_lock that takes nothing is seen at both locks", () => {
  const { machine, reports } = boot(1, [counter]);
  machine.writeRam(buildHost().symbols.get("spin_lock")! - place.KERNEL,
    Uint8Array.of(0xc3));
  machine.run({ maxInstructions: 400_000 });
  for (const guard of ["allocator_lock", "queue_lock"])
    assert.ok(reports.some((one) => one.includes(`guard ${guard}; queue_lock:` +
      " nobody, allocator_lock: nobody")), reports.join("\n"));
});

test("what a Guest does at the Host's addresses is its own affair", () => {
  // The Guest's memory from 0xc0000000 on, by its own page table.
  const { machine, reports } = boot(1, [guest(`
    movl $0x7, %eax
    movl $0x190000, %edi
  1: stosl
    addl $4096, %eax
    cmpl $0x200000, %eax
    jb 1b
    movl $0x190007, 0x180000
    movl $0x190007, 0x180c00
    movl $4, %eax
    movl $0x180000, %ebx
    int $0x1f
    movl $0x1234, 0xc0108000
    movl $0x1234, 0xc010f018
    ${shutdown("bye")}
    bye: .asciz ""\n .balign 4`)]);
  machine.run({ maxInstructions: 400_000 });
  assert.equal(guestOutcome(machine, 0), { state: "poweroff", reason: "" });
  assert.equal(reports, []);
});

test("several watch a page, and each can stop", () => {
  const { machine } = boot(1, [endless()]);
  const counts = [0, 0];
  const stops = counts.map((_, i) => machine.watchData({
    pages: new Set([HOST >>> 12]), told() { counts[i]!++; } }));
  machine.run({ maxInstructions: 50_000 });
  assert.ok(counts[0]! > 100);
  assert.is(counts[0], counts[1]);
  const before = counts[0];
  stops[0]!();
  machine.run({ maxInstructions: 200_000 });
  assert.is(counts[0], before);
  assert.ok(counts[1]! > before!);
});

test.run();
