// Several CPUs under attack: what an oops finds in its way, what Guests try
// on each other's CPUs, and who is moved while he sleeps.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { askToMove, cpuArea, get, HOST, hostMemory, hostOops, PerCpu, place,
  selector, Shared, vector } from "../src/host";
import { buildHost, lguestMap } from "../src/lguest";
import { boot, MiB, run } from "../src/launcher";
import type { BootOptions } from "../src/launcher";
import { CPL, EIP } from "../src/machine";
import type { Machine, Schedule } from "../src/machine";
import { endless, guest, shutdown } from "./guests";

const { symbols } = buildHost();
const INVALID = Uint8Array.of(0x0f, 0x0b);
const only = (cpu: number): Schedule =>
  ({ kind: "list", turns: [{ cpu, instructions: 1 }] });
const eip = (machine: Machine, cpu: number) =>
  machine.cpus[cpu]!.w[EIP]! >>> 0;

function session(
  images: readonly { image: Uint8Array; cpu?: number }[],
  options: Partial<BootOptions> = {},
) {
  return boot({ ...options, guests: images.map((one, i) =>
    ({ ...one, name: `g${i}`, commandLine: "", memory: 2 * MiB })) });
}

/** Runs one CPU alone until it stands where it should. */
function runUntil(machine: Machine, cpu: number, there: () => boolean): void {
  for (let n = 0; !there(); n++) {
    assert.ok(n < 5000, `CPU ${cpu} at 0x${eip(machine, cpu).toString(16)}`);
    machine.run({ maxInstructions: 1, schedule: only(cpu) });
  }
}

test("an oops ends who is in the Switcher, and then wants its lock", () => {
  const { machine } = session([{ image: endless(), cpu: 0 },
    { image: endless(), cpu: 1 }], { cpus: 2 });
  const unlock = symbols.get("unlock_queue")!;
  const deliver = symbols.get("deliver_to_host")!;
  machine.run({ maxInstructions: 60_000,
    schedule: { kind: "round-robin", quantum: 1 } });
  assert.ok(machine.cpus.every((cpu) => cpu.w[CPL] === 1));
  askToMove(machine, 0);
  let picked = false;
  const off = machine.events.on(({ kind, name }) => {
    picked ||= kind === "hostcall" && name === "pick_next";
  });
  // CPU 0 has called CPU 1, and has the queue's lock.
  runUntil(machine, 0, () => picked && eip(machine, 0) === unlock);
  off();
  assert.is(get(hostMemory(machine), HOST, Shared.queue_lock), cpuArea(0));
  machine.writeRam(unlock - place.KERNEL, INVALID);
  runUntil(machine, 1, () => eip(machine, 1) === deliver);
  let places = 0;
  for (; eip(machine, 1) >= lguestMap.SWITCHER; places++) {
    const before = machine.snapshot(), at = eip(machine, 1);
    const { reason } = machine.run({ maxInstructions: 20_000 });
    assert.is(reason, "halted", `CPU 1 at 0x${at.toString(16)}`);
    assert.match(hostOops(machine, symbols)!,
      /^trap 6 .* \(unlock_queue\) on CPU 0$/);
    machine.restore(before);
    machine.run({ maxInstructions: 1, schedule: only(1) });
  }
  assert.ok(places > 20, `${places} places`);
});

test("two oopses at once have the last words of the first", () => {
  const { machine } = session([{ image: endless(), cpu: 0 },
    { image: endless(), cpu: 1 }], { cpus: 2 });
  const oopsed = () => get(hostMemory(machine), HOST, Shared.oopsed) === 1;
  const stop = symbols.get("stop")!;
  machine.run({ maxInstructions: 60_000,
    schedule: { kind: "round-robin", quantum: 1 } });
  machine.writeRam(symbols.get("lock_queue")! - place.KERNEL, INVALID);
  for (const cpu of [0, 1]) machine.messageInterrupt(cpu, vector.MOVE_VECTOR);
  runUntil(machine, 0, oopsed);
  runUntil(machine, 1, () => eip(machine, 1) === stop);
  assert.is(machine.run({ maxInstructions: 2000 }).reason, "halted");
  assert.match(hostOops(machine, symbols)!,
    /^trap 6 .* \(lock_queue\) on CPU 0$/);
});

test("an oops is told though this CPU's own words can't be read", () => {
  const { machine } = session([{ image: endless() }]);
  machine.run({ maxInstructions: 60_000 });
  const at = cpuArea(0) + PerCpu.gdt.offset + (selector.PER_CPU & ~7);
  machine.writeRam(at - place.KERNEL, Uint8Array.of(3, 0));     // the limit
  const { reason } = machine.run({ maxInstructions: 200_000 });
  assert.is(reason, "halted");
  assert.match(hostOops(machine, symbols)!,
    /^trap 13 \(general protection, error 0x0\) at 0xc0.* on CPU 0$/);
});

test("a Guest writes to no CPU's pages but its own registers", () => {
  for (const cpu of [0, 1]) for (let page = 0; page < 6; page++) {
    const at = lguestMap.SWITCHER + 4096 * page;
    const s = session([{ cpu, image: guest(`movl $0x12345678, ${at}
      ${shutdown("wrote")}
      wrote: .asciz "wrote"`) }, { cpu: 1 - cpu, image: endless() }],
    { cpus: 2 });
    const { guests } = run(s, 60_000), { state, reason } = guests[0]!;
    assert.is(guests[1]!.state, "running");
    if (page === 1 + 2 * cpu) assert.is(reason, "wrote");
    else assert.match(`${state}: ${reason}`,
      new RegExp(`^killed: unhandled trap 14 .*${at.toString(16)}`),
      `CPU ${cpu}, page ${page}`);
  }
});

/** Sleeps so often for so many nanoseconds, and counts how often it wakes. */
const sleeper = (times: number, nanoseconds: number) => guest(`
    movl $6, %eax
    movl $32, %ebx
    movl $handler, %ecx
    movl %ecx, %edx
    andl $0xffff, %ecx
    orl $0x610000, %ecx
    movw $0x8e00, %dx
    int $0x1f
    movl $0, lguest_data + 4
    movl $${times}, %ebp
1:  movl $0, lguest_data
    movl $9, %eax
    movl $${nanoseconds}, %ebx
    int $0x1f
    movl $10, %eax
    int $0x1f
    decl %ebp
    jnz 1b
    cmpl $${times}, woken
    jne 2f
    ${shutdown("bye")}
2:  ${shutdown("sad")}
handler:
    incl woken
    iret
    .balign 4
woken: .long 0
bye: .asciz ""
sad: .asciz "something else woke me"
    .balign 4`);

test("who is moved while he sleeps wakes in time, on any schedule", () => {
  const schedules: Schedule[] = [{ kind: "round-robin", quantum: 1 },
    { kind: "round-robin", quantum: 300 }, { kind: "random", quantum: 50 }];
  for (const [n, schedule] of schedules.entries()) {
    const s = session([{ image: sleeper(12, 9000) },
      { image: sleeper(5, 70_000) }, { image: endless() }],
    { cpus: 3, seed: n + 1, schedule, migrateEvery: 2000 });
    const { machine } = s, memory = hostMemory(machine);
    let late = 0;
    machine.events.on(({ kind, name }) => {
      if (kind !== "hostcall" || name !== "pick_next") return;
      const due = get(memory, HOST, Shared.next_alarm);
      if (due !== 0) late = Math.max(late, machine.time - due);
    });
    const ends = run(s, 250_000).guests.map(({ state }) => state);
    assert.equal(ends, ["poweroff", "poweroff", "running"], `schedule ${n}`);
    assert.ok(late < 50_000, `schedule ${n}: ${late} ticks late`);
  }
});

test.run();
