// The Host as a whole: what it maps, what it locks, whom it lets run.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { AssemblerError } from "../src/assembler";
import {
  HOST, Shared, Thread, bootKernel, buildProcess, emptyModule, freePages,
  get, hostMemory, hostOops, kernelImage, loadOutcome, oopsLayout, place,
  programLayouts, programsLayout,
} from "../src/host";
import type { KernelModule } from "../src/host";
import {
  attachHost, bootHost, buildHost, Guest, LgCpu, Lguest, lguestMap,
  lguestOf, LguestPages, LHREQ_GETREG, LHREQ_IRQ, LHREQ_SETREG, raiseIrq,
  Regs, regsOffset, Vcpu,
} from "../src/lguest";
import type { DevLguest, GuestFiles, HostOptions } from "../src/lguest";
import { guestOutcome, judge, launcher, worldSwitches } from "../src/launcher";
import {
  checkLocks, drawDescriptors, drawShadows, drawSpace, drawSwitcher, drawWalk,
  guestWords,
} from "../src/debug";
import { CR0, CR4, CR4_PGE, Machine } from "../src/machine";
import { endless, guest, notify, shutdown } from "./guests";

const MiB = 1024 * 1024;
const quiet = launcher(() => {});

function module(image: Uint8Array, memory = 4 * MiB): GuestFiles {
  return { name: "small", image, commandLine: "", memory };
}

const polite = () => module(guest(
  `${notify("hello")} ${shutdown("bye")}
   hello: .asciz "Hello"
   bye: .asciz ""\n .balign 4`));

/** Counts to a million, one page of stores, then powers off. */
const counter = (times = 400000) => module(guest(
  `movl $${times}, %ecx
   1: incl 0x200000
   decl %ecx
   jnz 1b
   ${shutdown("bye")}
   bye: .asciz ""\n .balign 4`));

function boot(
  guests: GuestFiles[], options: Partial<HostOptions> = {}, cpus = 1,
): Machine {
  const memory = 16 * MiB + guests.reduce((sum, g) => sum + g.memory, 0);
  const machine = new Machine({ memory, cpus });
  bootHost(machine, { guests, launcher: quiet, ...options });
  return machine;
}

function word(machine: Machine, address: number): number {
  const bytes = machine.readRam(address, 4);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

test("a Guest boots, prints, powers off, and leaves nothing", () => {
  const lines: string[] = [];
  const machine = boot([polite()], { launcher: launcher((bytes) =>
    lines.push(String.fromCharCode(...bytes))) });
  assert.is(machine.run({ maxInstructions: 1e6 }).reason, "halted");
  assert.equal(lines, ["Hello"]);
  assert.equal(guestOutcome(machine, 0), { state: "poweroff", reason: "" });
  assert.ok(worldSwitches(machine, 0) >= 3);
  const { now, boot: before } = freePages(machine);
  assert.is(now, before);
});

test("the timer divides a CPU among Guests that never give it up", () => {
  const machine = boot([module(endless()), counter(), module(endless())]);
  const { reason } = machine.run({ maxInstructions: 6e6 });
  assert.is(reason, "budget");
  assert.is(guestOutcome(machine, 1).state, "poweroff");
  for (const n of [0, 2]) {
    assert.is(guestOutcome(machine, n).state, "running");
    assert.ok(worldSwitches(machine, n) > 10);
  }
});

test("one after the other, if the Host is told so", () => {
  const ends: unknown[] = [];
  const machine = boot([counter(), counter(), polite()],
    { sequential: true });
  machine.events.on((e) => { if (e.kind === "guest-end") ends.push(e.guest); });
  machine.run({ maxInstructions: 2e7 });
  assert.equal(ends, [0, 1, 2]);
});

for (const hostPages of ["4m", "4k"] as const) test("kernel pages are " +
  `global, the others never, with pages of ${hostPages}`, () => {
  const machine = boot([module(endless())], { hostPages });
  machine.run({ maxInstructions: 1e6 });
  const memory = hostMemory(machine);
  const entry = (directory: number, address: number) => {
    const pde = word(machine, directory + 4 * (address >>> 22));
    if (!(pde & 1)) return 0;
    if (pde & 0x80) return pde & 0x187;
    const table = pde - (pde & 4095);
    return word(machine, table + 4 * ((address >>> 12) & 1023)) & 0x107;
  };
  const lg = lguestOf(0);
  const directory = get(memory, lg, Lguest.directory);
  assert.is(entry(directory, place.TEXT),
    hostPages === "4m" ? 0x183 : 0x103);
  assert.is(entry(directory, place.LOCAL_APIC), 0x103);
  assert.is(entry(directory, place.MEM_BASE + 0x100000), 7);
  assert.is(entry(directory, lguestMap.SWITCHER), 1);
  assert.is(entry(directory, lguestMap.SWITCHER + 0x1000), 3);
  assert.is(entry(directory, lguestMap.SWITCHER + 0x2000), 3);
  assert.is(entry(directory, 0x100000), 0);
  const vcpu = get(memory, lg, Lguest.vcpu);
  const shadow = get(memory, vcpu, LgCpu.shadow, 0);
  assert.is(entry(shadow, 0x100000), 1);
  assert.is(entry(shadow, place.TEXT), 0);
  assert.is(entry(shadow, lguestMap.SWITCHER), 1);
  assert.is(entry(shadow, lguestMap.SWITCHER + 0x1000), 3);
  assert.is(entry(shadow, lguestMap.SWITCHER + 0x2000), 1);
  assert.is(machine.cpus[0]!.w[CR4]! & CR4_PGE, 0);
});

test("structures have lguest's offsets", () => {
  assert.is(LguestPages.regs.offset, 4024);
  assert.is(LguestPages.host_cr3.offset, 4096);
  assert.is(LguestPages.host_idt_limit.offset, 4100);
  assert.is(LguestPages.host_gdt_limit.offset, 4106);
  assert.is(LguestPages.host_sp.offset, 4112);
  assert.is(LguestPages.guest_idt_limit.offset, 4116);
  assert.is(LguestPages.guest_gdt_limit.offset, 4122);
  assert.is(LguestPages.guest_tss.offset, 4128);
  assert.is(LguestPages.guest_idt.offset, 4232);
  assert.is(LguestPages.guest_gdt.offset, 6280);
  assert.is(LguestPages.guest_gdt.offset + 256, 6536);
  assert.is(Regs.trapnum.offset, 44);
  assert.is(Regs.ss.offset, 68);
});

test("unused text is 0xCC", () => {
  const { bytes, symbols } = buildHost();
  const end = symbols.get("text_end")! - place.TEXT;
  assert.ok(end < 0x8000);
  assert.ok(bytes.subarray(end, 0x8000).every((byte) => byte === 0xcc));
  const page = lguestMap.SWITCHER_IMAGE - place.TEXT;
  assert.is(bytes[page + 4095], 0xcc);
});

test("a Guest too large for the Host is refused, the next one runs", () => {
  const big = { ...polite(), memory: 64 * MiB };
  const machine = new Machine({ memory: 24 * MiB });
  bootHost(machine, { guests: [big, polite()], launcher: quiet });
  machine.run({ maxInstructions: 1e6 });
  assert.is(guestOutcome(machine, 0).state, "killed");
  assert.match(guestOutcome(machine, 0).reason, /pages/);
  assert.is(guestOutcome(machine, 1).state, "poweroff");
});

test("CPUs that find nothing to do don't keep the Host waiting", () => {
  const machine = boot([polite()], {}, 3);
  assert.is(machine.run({ maxInstructions: 1e6 }).reason, "halted");
  assert.is(guestOutcome(machine, 0).state, "poweroff");
});

const SLICE = 100_000;

/** Does that a few times: runs for a while, and sleeps for 2000 ticks. */
const sleeper = (times: number, work: number) => module(guest(`
   movl $6, %eax
   movl $32, %ebx
   movl $handler, %ecx
   movl $0x108e00, %edx
   int $0x1f
   movl $0, lguest_data + 4
   movl $${times}, %ebp
1: movl $${work}, %ecx
2: decl %ecx
   jnz 2b
   movl $9, %eax
   movl $20000, %ebx
   int $0x1f
   movl $10, %eax
   int $0x1f
   decl %ebp
   jnz 1b
   ${shutdown("bye")}
   handler: pushl 8(%esp)
   popl lguest_data
   iret
   bye: .asciz ""\n .balign 4`));

/** How long each Guest ran at a time, in ticks, one after the other. */
function turnsOf(machine: Machine): { guest: number; ticks: number }[] {
  const turns: { guest: number; ticks: number }[] = [];
  let since = 0;
  machine.events.on((e) => {
    if (e.kind === "hostcall" && e.name === "lguest_enter")
      since = machine.cpus[e.cpu]!.clock;
    if (e.kind !== "switch") return;
    const ticks = machine.cpus[e.cpu]!.clock - since;
    const last = turns.at(-1);
    if (last?.guest === e.guest) last!.ticks += ticks;
    else turns.push({ guest: Number(e.guest), ticks });
  });
  return turns;
}

test("who wakes runs soon, ahead of those who only spin", () => {
  const machine = boot([module(endless()), module(endless()),
    module(endless()), sleeper(20, 100)]);
  let ended = 0;
  machine.events.on((e) => {
    if (e.kind !== "guest-end") return;
    ended = machine.time;
    machine.requestStop();
  });
  machine.run({ maxInstructions: 8e6 });
  assert.is(guestOutcome(machine, 3).state, "poweroff");
  // Its first turn comes behind three slices; and then it only sleeps.
  assert.ok(ended < 7 * SLICE, `20 times 2000 ticks, and over at ${ended}`);
});

test("who is pushed aside by a sleeper has the rest of its slice", () => {
  const machine = boot([module(endless()), module(endless()),
    sleeper(150, 100)]);
  const turns = turnsOf(machine);
  machine.run({ maxInstructions: 1e6 });
  const spins: { guest: number; ticks: number }[] = [];
  for (const { guest: g, ticks } of turns.filter((turn) => turn.guest < 2)) {
    if (spins.at(-1)?.guest === g) spins.at(-1)!.ticks += ticks;
    else spins.push({ guest: g, ticks });
  }
  assert.ok(turns.length > 80 && spins.length > 6);
  // The rest is the Host's, at each of some fifteen interruptions.
  for (const { ticks } of spins.slice(0, -1))
    assert.ok(ticks > 0.6 * SLICE, `${ticks} of a slice`);
});

for (const sleepers of [1, 2]) test("who sleeps for a moment and works for " +
  `most of a slice starves nobody, ${sleepers} of them`, () => {
  const machine = boot([module(endless()), ...Array.from(
    { length: sleepers }, () => sleeper(1e6, 45_000))]);
  const turns = turnsOf(machine);
  machine.run({ maxInstructions: 2e6 });
  const ran = [0, 1, 2].map((n) => turns.reduce((sum, turn) =>
    sum + (turn.guest === n ? turn.ticks : 0), 0));
  const fair = (ran[0]! + ran[1]! + ran[2]!) / (sleepers + 1);
  assert.ok(ran[0]! > 0.9 * fair, `${ran[0]} of ${fair} ticks`);
});

test("the Host has all of memory, and says so", () => {
  for (const pages of [3072, 3073, 4099]) {
    const machine = new Machine({ memory: pages * 4096 });
    bootHost(machine, { guests: [], launcher: quiet });
    machine.run({ maxInstructions: 100_000 });
    assert.is(get(hostMemory(machine), HOST, Shared.memory_end), pages * 4096);
  }
});

test("from outside, too, a Guest's memory ends where it ends", () => {
  const machine = boot([module(endless(), 2 * MiB)]);
  machine.run({ maxInstructions: 200_000 });
  const word = (at: number) => guestWords(machine, 0, at, 1)[0];
  assert.not.equal(word(0x100000), 0);
  // No page of that table, and no table.
  assert.equal([word(2 * MiB), word(4 * MiB)], [0, 0]);
});

test("a Launcher reads all registers by their places, and sets nine", () => {
  const image = guest(`
    movl $0x68, %eax
    movl %eax, %ds
    movl $0x60, %eax
    movl %eax, %gs
    movl $0, %eax
    movl %eax, %es
    movl $0x69, %eax
    movl %eax, %fs
    movl $17, %eax
    movl $text, %ebx
    movl $0x33, %ecx
    movl $0x44, %edx
    movl $0x55, %esi
    movl $0x66, %edi
    movl $0x77, %ebp
    movl $0x188, %esp
    int $0x1f
    ${shutdown("bye")}
text: .asciz "text"
bye: .asciz ""\n .balign 4`);
  const values: Record<number, number> = { 4: 0x33, 8: 0x44, 12: 0x55,
    16: 0x66, 20: 0x77, 24: 17, 28: 0x68, 32: 0, 36: 0x69, 40: 0x60,
    52: 0x61, 60: 0x188, 64: 0x69 };
  const settable = [0, 4, 8, 12, 16, 20, 24, 48, 60];
  let looked = 0;
  const machine = boot([module(image)], { launcher: { step(dev) {
    const read = (at: number) => {
      assert.is(dev.write(LHREQ_GETREG, at), 8);
      const bytes = dev.read();
      return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
    };
    if (dev.result instanceof Uint8Array && looked++ === 0) {
      for (const [at, value] of Object.entries(values))
        assert.is(read(Number(at)), value, `at ${at}`);
      assert.is(String.fromCharCode(...dev.readGuest(read(0), 4)!), "text");
      assert.ok(read(48) > 0x100000 && read(48) < 0x101000, "eip");
      assert.is(read(56) & ~0x8d5, 0x202, "eflags");
      const places = [0, 48, 56, ...Object.keys(values).map(Number)];
      for (let at = 0; at < 72; at++) {
        const there = places.includes(at), before = there ? read(at) : 0;
        if (!there) assert.is(dev.write(LHREQ_GETREG, at), -22, `at ${at}`);
        const may = settable.includes(at);
        assert.is(dev.write(LHREQ_SETREG, at, 0x12345678), may ? 12 : -22);
        if (may) assert.is(read(at), 0x12345678, `at ${at}`);
        if (may) dev.write(LHREQ_SETREG, at, before);
      }
    }
    return quiet.step(dev);
  } } });
  machine.run({ maxInstructions: 1e6 });
  assert.is(looked, 1);
  assert.is(guestOutcome(machine, 0).state, "poweroff");
});

/** Waits for interrupt 5, with HALT or in a loop, and powers off. */
const waiter = (wait: string) => module(guest(`
   movl $6, %eax
   movl $37, %ebx
   movl $handler, %ecx
   movl $0x108e00, %edx
   int $0x1f
   movl $0, lguest_data + 4
   movl $0x200, lguest_data
1: ${wait}
   jmp 1b
   handler: ${shutdown("bye")}
   bye: .asciz ""\n .balign 4`));

/** A Launcher that raises interrupt 5 of Guest 0 when Guest 1 prints: with a
 * request, on the one CPU there is, or as the Host does. */
const raiser = (told: () => void, cpus: number) => {
  let first: DevLguest | undefined;
  return { step(dev: DevLguest) {
    first ??= dev;
    if (dev.guest === 1 && dev.result instanceof Uint8Array) {
      told();
      if (cpus === 1) first.write(LHREQ_IRQ, 5);
      else raiseIrq(new Vcpu(dev.cpu, new Guest(dev.cpu, lguestOf(0)).vcpu), 5);
    }
    return quiet.step(dev);
  } };
};

const ringer = () => module(guest(`movl $3000, %ecx\n 1: loop 1b
  ${notify("text")}\n hang: jmp hang\n text: .asciz "ring"\n .balign 4`));

for (const cpus of [1, 2]) test("an interrupt wakes a Guest that sleeps, " +
  `on ${cpus} CPU${"s".slice(2 - cpus)}`, () => {
  let rung = Infinity;
  const machine = boot([waiter("movl $10, %eax\n int $0x1f"), ringer()],
    { launcher: raiser(() => { rung = machine.count; }, cpus) }, cpus);
  const complaints: string[] = [];
  checkLocks(machine, (sentence) => complaints.push(sentence));
  let ended = 0;
  machine.events.on((e) => { if (e.kind === "guest-end") ended = e.count; });
  machine.run({ maxInstructions: 4e5 });
  assert.is(guestOutcome(machine, 0).state, "poweroff");
  assert.ok(ended - rung < 10_000, `rung ${rung}, ended ${ended}`);
  // Guest 1's Launcher looks at struct lguest of Guest 0: only here.
  const liberty = /^launcher_step .* loads lguest\.(vcpu|dead|running) /;
  assert.equal(complaints.filter((one) => !liberty.test(one)), []);
});

test("an interrupt reaches a Guest that runs on another CPU at once", () => {
  let rung = Infinity, ended = 0;
  const machine = boot([waiter("nop"), ringer()],
    { launcher: raiser(() => { rung = machine.time; }, 2) }, 2);
  machine.events.on((e) => {
    if (e.kind === "guest-end") ended = machine.time;
  });
  machine.run({ maxInstructions: 1e6 });
  assert.is(guestOutcome(machine, 0).state, "poweroff");
  assert.ok(ended - rung < 0.1 * SLICE, `rung ${rung}, ended ${ended}`);
});

/** Runs until this CPU makes this host call; or, with `alone`, only it. */
function runTo(machine: Machine, cpu: number, call: string, alone: boolean) {
  const stop = machine.events.on((e) => {
    if (e.kind === "hostcall" && e.cpu === cpu && e.name === call)
      machine.requestStop();
  });
  const { reason } = machine.run({ maxInstructions: 5e6,
    schedule: alone ? only(cpu) : { kind: "round-robin", quantum: 1 } });
  stop();
  assert.is(reason, "stopped", `CPU ${cpu} never makes ${call}`);
}

const only = (cpu: number) =>
  ({ kind: "list", turns: [{ cpu, instructions: 1 }] }) as const;

test("a CPU that sees no Launcher doesn't leave if Guests are to come", () => {
  const machine = boot([1, 2, 3].map(() => counter(1000)),
    { sequential: true }, 2);
  const carriers = new Set<number>();
  machine.events.on((e) => { if (e.kind === "switch") carriers.add(e.cpu); });
  const some = (cpu: number, maxInstructions: number) =>
    machine.run({ maxInstructions, schedule: only(cpu) });
  runTo(machine, 1, "next_process", false);    // in vain: CPU 0 has the first
  some(1, 4);                                   // about to free the lock
  runTo(machine, 0, "free_process", true);
  some(0, 2);                                   // now there is none at all
  some(1, 3);                                   // what does CPU 1 make of it?
  runTo(machine, 0, "enqueue", true);           // the second Guest's thread
  some(0, 7);
  const turns = [1, 0].map((cpu) => ({ cpu, instructions: 100 }));
  assert.is(machine.run({ maxInstructions: 2e7,
    schedule: { kind: "list", turns } }).reason, "halted");
  assert.equal([...carriers].sort(), [0, 1]);
  for (const n of [0, 1, 2])
    assert.is(guestOutcome(machine, n).state, "poweroff");
});

test("an oops ends those who wait for a lock of the CPU that has it", () => {
  const machine = boot([module(endless()), module(endless())], {}, 2);
  runTo(machine, 0, "create_process", false);
  machine.run({ maxInstructions: 1000, schedule: only(1) });
  // CPU 1 waits for the allocator's lock. CPU 0 can't give it back.
  const { symbols } = buildHost();
  machine.writeRam(symbols.get("unlock_allocator")! - place.KERNEL,
    Uint8Array.of(0x0f, 0x0b));
  const { reason, count } = machine.run({ maxInstructions: 1e6 });
  assert.is(reason, "halted");
  assert.match(hostOops(machine)!, /^trap 6 .* on CPU 0$/);
  const end = judge(machine, ["one", "two"], reason);
  assert.is(end.status, 3);
  assert.match(end.sentences[0]!, /the Host oopsed .*: trap 6 /);
  assert.ok(count < 30000, `after ${count}`);
});

test("an oops ends those who wait for another CPU's answer", () => {
  const machine = boot([polite()], {}, 2);
  const { symbols } = buildHost();
  machine.writeRam(symbols.get("call_interrupt")! - place.KERNEL,
    Uint8Array.of(0x0f, 0x0b));
  assert.is(machine.run({ maxInstructions: 1e6 }).reason, "halted");
  assert.match(hostOops(machine)!, /^trap 6 .* on CPU 1$/);
});

test("a double fault of the Host's is told, with its place", () => {
  const machine = boot([polite()]);
  runTo(machine, 0, "lguest_prepare", true);
  const { symbols } = buildHost(), at = symbols.get("lock_queue")!;
  // A jump to a segment that isn't there, and no gate for #GP: #NP, and
  // two of that kind make #DF (SDM 3A, table 6-5).
  machine.writeRam(at - place.KERNEL,
    Uint8Array.of(0xea, 0, 0, 0, 0, 0xf8, 0x7f));
  machine.writeRam(place.IDT - place.KERNEL + 8 * 13 + 5,
    Uint8Array.of(0));
  assert.is(machine.run({ maxInstructions: 1e5 }).reason, "halted");
  assert.match(hostOops(machine)!,
    new RegExp(`^trap 8 .* at 0x${at.toString(16)} `));
});

test("all CPUs run with the same control registers", () => {
  const machine = boot([polite()], {}, 3);
  machine.run({ maxInstructions: 1e6 });
  assert.is(guestOutcome(machine, 0).state, "poweroff");
  for (const cpu of machine.cpus) {
    // PG, AM, WP, ET, MP, PE; and of CR4 PSE, without PGE while lguest runs.
    assert.is(cpu.w[CR0]! >>> 0, 0x80050013, `CR0 of CPU ${cpu.id}`);
    assert.is(cpu.w[CR4], 0x10, `CR4 of CPU ${cpu.id}`);
  }
});

test("the first oops is the one that is told", () => {
  const machine = boot([module(endless()), module(endless())], {}, 2);
  const oopses: string[] = [], invalid = new Set<number>();
  machine.events.on((e) => {
    if (e.kind === "oops") oopses.push(String(e.message));
    if (e.kind === "exception" && e.vector === 6) invalid.add(e.cpu);
  });
  runTo(machine, 0, "lguest_prepare", false);
  const { symbols } = buildHost();
  for (const label of ["read_lguest", "schedule", "lock_queue", "stop"])
    machine.writeRam(symbols.get(label)! - place.KERNEL,
      Uint8Array.of(0x0f, 0x0b));
  machine.run({ maxInstructions: 1e5 });
  assert.equal([...invalid].sort(), [0, 1]);
  assert.equal(oopses, [hostOops(machine)]);
});

/** What is written into the Host's memory behind its back: where, what. */
type Nonsense = (thread: number, vcpu: number) => [number, number][];

const nonsense: [where: string, Nonsense][] = [
  // A thread that waits, may run nowhere, and stands behind itself.
  ["schedule_locked", (thread) => [
    [HOST + Shared.queue_head.offset, thread],
    [thread + Thread.next.offset, thread],
    [thread + Thread.allowed.offset, 0]]],
  // Programs without number, that are told to end.
  ["schedule_locked", () => [
    [HOST + programsLayout.field.left.offset, 0],
    [HOST + programsLayout.field.live.offset, 1],
    [HOST + programsLayout.field.started.offset, 0x80000000]]],
  // A purse with much in it, but nothing to take.
  ["enter_guest", (_, vcpu) => [[vcpu + LgCpu.pool.offset, 0]]],
  // A hypercall, and the ring is nowhere.
  ["read_lguest", (_, vcpu) => [
    [vcpu + LgCpu.hcall.offset, 1],
    [lguestOf(0) + Lguest.initialized.offset, 1],
    [lguestOf(0) + Lguest.lguest_data.offset, 0xfffffff0]]],
  // A file of 4 GiB, for a Launcher that begins again.
  ["process_thread", (_, vcpu) => [
    [vcpu + LgCpu.pending.offset, 1],
    [vcpu + LgCpu.event.offset, 0],
    [lguestOf(0) + Lguest.image_size.offset, 0xffffffff]]],
];

function writeWords(machine: Machine, words: [number, number][]): void {
  for (const [at, value] of words)
    machine.writeRam(at - place.KERNEL,
      new Uint8Array(Uint32Array.of(value).buffer));
}

test("a Host that follows nonsense oopses", () => {
  const { symbols } = buildHost();
  const machine = boot([module(endless())]);
  runTo(machine, 0, "lguest_prepare", false);
  const before = machine.snapshot(), memory = hostMemory(machine);
  const vcpu = get(memory, lguestOf(0), Lguest.vcpu);
  const thread = get(memory, vcpu, LgCpu.thread);
  for (const [where, words] of nonsense) {
    machine.restore(before);
    writeWords(machine, words(thread, vcpu));
    assert.is(machine.run({ maxInstructions: 2e5 }).reason, "halted", where);
    const last = hostOops(machine, symbols)!;
    assert.ok(last.startsWith("trap 6 ") && last.includes(`(${where}+`), last);
  }
});

test("who looks at nonsense comes to an end", () => {
  const machine = boot([module(endless())]), much = 0xffffffff;
  machine.run({ maxInstructions: 1e5 });
  const thread = get(hostMemory(machine), HOST, Shared.threads);
  const vcpu = get(hostMemory(machine), lguestOf(0), Lguest.vcpu);
  writeWords(machine, [
    [thread + Thread.all_next.offset, thread],
    [HOST + Shared.zombies.offset, 0x12345678],
    [HOST + Shared.cpus_present.offset, much],
    [HOST + Shared.window_ptes.offset, 0xfffff000],
    [HOST + programsLayout.field.wanted.offset, much],
    [HOST + programLayouts[0]!.field.state.offset, much],
    [HOST + Shared.oopsed.offset, 1],
    [HOST + oopsLayout.field.words.offset, much],
    [vcpu + LgCpu.shadow.offset, 0xfffff000],
    [lguestOf(0) + Lguest.directory.offset, 0x12345678]]);
  checkLocks(machine, () => {}).stop();
  assert.is(loadOutcome(machine).length, 16);
  assert.is(drawSwitcher(machine, 0).text.split("\n").length, 53);
  assert.is(drawDescriptors(machine, 0), "");
  assert.match(drawShadows(machine, 0), /ours fffff000  0 tables/);
  assert.match(drawWalk(machine, 0, 0).text, /fffff000[^]*nothing/);
  assert.is(drawSpace(machine, 0), "");
  assert.is(judge(machine, ["one"], "budget", () => buildHost()).status, 3);
});

test("a restored snapshot goes on like the machine it was taken of", () => {
  const machine = boot([counter(), counter()]);
  machine.run({ maxInstructions: 700001 });
  const snapshot = machine.snapshot();
  const other = new Machine({ memory: machine.ramSize });
  attachHost(other, { guests: [], launcher: quiet });
  other.restore(snapshot);
  for (const m of [machine, other]) m.run({ maxInstructions: 500000 });
  assert.is(Buffer.compare(machine.snapshot(), other.snapshot()), 0);
});

/** Damages the Guest's saved registers right before it is entered. */
function damage(field: keyof typeof Regs, value: number): Machine {
  const machine = boot([module(endless()), counter()]);
  const memory = hostMemory(machine);
  let done = false;
  machine.events.on((e) => {
    if (e.kind !== "hostcall" || e.name !== "lguest_enter") return;
    if (done || worldSwitches(machine, 0) < 5) return;
    done = true;
    const vcpu = get(memory, lguestOf(0), Lguest.vcpu);
    const page = get(memory, vcpu, LgCpu.regs_page);
    machine.writeRam(page + regsOffset + Regs[field].offset,
      Uint8Array.of(value & 255, value >>> 8, 0, 0));
  });
  machine.run({ maxInstructions: 5e6 });
  return machine;
}

for (const field of ["ds", "es", "fs", "gs", "cs", "ss"] as const)
  test(`a Guest whose ${field} can't be loaded is killed`, () => {
    const machine = damage(field, 0x33);
    assert.is(hostOops(machine), undefined);
    const { state, reason } = guestOutcome(machine, 0);
    assert.is(state, "killed");
    assert.match(reason, /^unhandled trap 256 at 0x[0-9a-f]+ \(0x0\)$/);
    assert.is(guestOutcome(machine, 1).state, "poweroff");
  });

const rest = "\nreturn_to_host: deliver_to_host: handle_nmi: iret";

// Linux's lguest has its own at 10 and 11, and makes 12 and 13 ring 1's.
test("a Guest's descriptors are drawn with their rings", () => {
  const machine = boot([counter()]);
  machine.run({ maxInstructions: 1e6 });
  const drawn = new Map(drawDescriptors(machine, 0).split("\n")
    .map((line) => [line.slice(0, 4), line.slice(6)]));
  for (const [at, text] of [["0080", "TSS   base "],
    ["0060", "code  base 00000000  DPL 1"],
    ["0068", "data  base 00000000  DPL 1"],
    ["0050", "code  base 00000000  DPL 0"],
    ["0058", "data  base 00000000  DPL 0"]] as const)
    assert.ok(drawn.get(at)?.startsWith(text), drawn.get(at));
  assert.match(drawn.get("0080")!, /DPL 0$/);
});

test("a descriptor is drawn with its whole base", () => {
  const machine = boot([module(guest(`movl $18, %eax
   movl $7, %ebx
   movl $0x5678ffff, %ecx
   movl $0x12cff234, %edx
   int $0x1f
   1: jmp 1b`))]);
  machine.run({ maxInstructions: 1e5 });
  assert.match(drawDescriptors(machine, 0),
    /^0038  data  base 12345678  DPL 3$/m);
});

test("a Switcher that doesn't assemble says where", () => {
  assert.throws(() => boot([polite()], { switcher: "\n  frobnicate" }),
    (error: unknown) => error instanceof AssemblerError &&
      /switcher:2/.test(error.message));
  assert.throws(() => boot([polite()], { switcher: "nop" }),
    (error: unknown) => error instanceof AssemblerError);
});

test("a Switcher that is larger than its page is refused", () => {
  const switcher = "switch_to_guest: .fill 3000, 1, 0x90" + rest;
  assert.throws(() => boot([polite()], { switcher }), /4096/);
});

test("a Switcher that faults is an oops with its place", () => {
  const switcher = "switch_to_guest: movl %eax, 0x10" + rest;
  const machine = boot([polite()], { switcher });
  assert.is(machine.run({ maxInstructions: 1e6 }).reason, "halted");
  assert.match(hostOops(machine)!, /trap 14 .* at 0xffc00000/);
});

test("a Switcher that loses the page tables is a triple fault", () => {
  const switcher = "switch_to_guest: xorl %eax, %eax\n mov %eax, %cr3" + rest;
  const machine = boot([polite()], { switcher });
  assert.is(machine.run({ maxInstructions: 1e6 }).reason, "shutdown");
});

test("what is wrong with a module is said in one line, and whose it is", () => {
  const image = (part: Partial<KernelModule>) => () =>
    kernelImage({ ...emptyModule, ...part });
  const { text } = emptyModule;
  assert.throws(image({ text: `${text}frobnicate` }), /^module:3:1: .*frob/);
  assert.throws(image({ data: "frobnicate" }), /^module's data:1:1: .*frob/);
  assert.throws(image({ text: "" }), /process_thread is not defined/);
  assert.throws(image({ text: `${text}.fill 0x8000, 1, 0` }),
    /the module's text is \d+ bytes too long/);
  assert.throws(image({ data: ".fill 0x5001, 1, 0" }),
    /the module brings 20481 bytes of data, and five pages are its/);
  assert.is(image({ data: ".fill 0x5000, 1, 7" })().bytes
    .filter((byte) => byte === 7).length >= 0x5000, true);
  assert.throws(image({ vectors: { 0x40: "nowhere" } }), /nowhere/);
});

test("a loader notes 120 files, and says so of one more", () => {
  const files = (count: number) => Array.from({ length: count }, () =>
    ({ bytes: Uint8Array.of(1), note: "" }));
  const machine = new Machine({ memory: 8 * MiB });
  let found = 0;
  const module: KernelModule = { ...emptyModule, setup(_, { files }) {
    found = files.length;
    return 0;
  } };
  bootKernel(machine, { module, files: files(120) });
  machine.run({ maxInstructions: 1e6 });
  assert.is(found, 120);
  assert.throws(() => bootKernel(machine, { module, files: files(121) }),
    /more files than the loader can note/);
});

test("a process that is too large is none, and takes no page", () => {
  const made: boolean[] = [];
  const module: KernelModule = { ...emptyModule, setup: () => 3,
    createProcess(cpu, number, start) {
      // Besides these it takes a directory, two tables and its thread.
      const free = get(cpu, HOST, Shared.pages_free);
      const pages = [free - 3, free - 4, free + 1][number]!;
      const thread = buildProcess(cpu, pages, start);
      made.push(thread !== 0);
      return thread;
    } };
  const machine = new Machine({ memory: 8 * MiB });
  bootKernel(machine, { module });
  assert.is(machine.run({ maxInstructions: 1e6 }).reason, "halted");
  assert.equal(made, [false, true, false]);
  assert.is(hostOops(machine), undefined);
  const { now, boot } = freePages(machine);
  assert.is(now, boot);
});

test.run();
