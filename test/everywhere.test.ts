// Something on every CPU; and lguest, unloaded and loaded again.
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  allocatePage, bootKernel, buildProcess, cpuArea, currentThread,
  emptyModule, freePage, freePages, get, HOST, hostMemory, hostOops,
  PerCpu, place, put, selector, Shared, Thread,
} from "../src/host";
import type { KernelModule } from "../src/host";
import { lguestModule, lguestMap, LguestPerCpu } from "../src/lguest";
import type { PtePage } from "../src/lguest";
import { guestOutcome, launcher, worldSwitches } from "../src/launcher";
import { checkLocks } from "../src/debug";
import { CR4, CR4_PGE, EAX, Machine, segmentRegister, SS, tlbEntries } from
  "../src/machine";
import type { Cpu, Schedule } from "../src/machine";
import { endless, guest, shutdown } from "./guests";

const MiB = 1024 * 1024;

/** Offset of a word that nobody has, in the pages of struct host and of
 * each struct cpu. */
const WORDS = 3000;

/** A line of the module's own: a label for each operator, and its body. */
interface Operator {
  /** The CPUs that it may run on, a bit each. */
  allowed: number;
  body: string;
}

/** What operators have found in eax, and on which CPU. */
type Notes = { cpu: number; eax: number }[];

/** A module with processes in front of its own, whose threads run these
 * lines, interrupts on. */
function withOperators(
  base: KernelModule, operators: readonly Operator[], notes: Notes = [],
): KernelModule {
  const count = operators.length, taken: number[] = [];
  const word = (cpu: Cpu) => get(cpu, currentThread(cpu), Thread.module);
  return {
    ...base,
    text: base.text.replaceAll("process_thread", "own_thread") + `
process_thread:
    movl %fs:cpu_current, %edx
    movl thread_module(%edx), %eax
    cmpl $${count}, %eax
    ja own_thread
    decl %eax
    sti
    jmp *operators(,%eax,4)
operators_end:
    cli
    jmp exit_process
go_to:                              # eax: the CPUs where we may be
    pushl %eax
    call lock_queue
    movl %fs:cpu_current, %edx
    popl thread_allowed(%edx)
    call unlock_queue
    jmp schedule
.balign 4
operators: .long ${operators.map((_, n) => `operator_${n}`).join(", ")}
` + operators.map(({ body }, n) =>
      `operator_${n}:\n${body}\njmp operators_end\n`).join(""),
    calls: [...base.calls,
      { name: "note", cost: 1,
        run: (cpu) => { notes.push({ cpu: cpu.id, eax: cpu.w[EAX]! }); } },
      { name: "want", cost: 1, run: (cpu) => put(cpu, HOST,
        Shared.processes_wanted, get(cpu, HOST, Shared.processes_wanted) + 1) },
      { name: "take_all", cost: 1, run(cpu) {
        for (let page; (page = allocatePage(cpu)) !== 0;) taken.push(page);
      } },
      { name: "give_all", cost: 1, run(cpu) {
        for (const page of taken.splice(0)) freePage(cpu, page, true);
      } }],
    setup(cpu, loader) {
      base.setup(cpu, loader);
      return count;
    },
    createProcess(cpu, number, start) {
      if (number >= count)
        return base.createProcess(cpu, number - count, start);
      const thread = buildProcess(cpu, 1, start);
      put(cpu, thread, Thread.module, number + 1);
      put(cpu, thread, Thread.allowed, operators[number]!.allowed);
      return thread;
    },
    freeProcess(cpu) { if (word(cpu) > count) base.freeProcess(cpu); },
  };
}

const host = (call: string) => `.byte 0x0f, 0x3f, HC_${call}\n`;
const twice = (what: string) => what + what;
const call = (label: string) => `cli\n call ${label}\n ${host("note")} sti\n`;

/** Operators that call all CPUs a thousand times, each on a CPU of its own;
 * every second holds a lock meanwhile. */
const callers = (cpus: number, times: number): Operator[] =>
  Array.from({ length: cpus }, (_, n) => ({ allowed: 1 << n, body: `
    movl $${times}, %ebx
1:  cli
    ${n % 2 ? "call lock_queue" : ""}
    movl HOST + ${WORDS}, %esi
    movl $count_me, %eax
    call on_each_cpu
    movl HOST + ${WORDS}, %eax
    subl %esi, %eax
    cmpl HOST + host_cpus_online, %eax
    jae 2f
    ud2                             # not all have answered
2:  ${n % 2 ? "call unlock_queue" : ""}
    sti
    decl %ebx
    jnz 1b
    ` + (n === 0 ? `jmp operators_end
count_me:
    incl %fs:${WORDS}
    lock incl HOST + ${WORDS}
    ret` : "") }));

const schedules: Schedule[] = [
  { kind: "round-robin", quantum: 1 }, { kind: "round-robin", quantum: 1000 },
  { kind: "random", quantum: 3 }, { kind: "random", quantum: 300 },
];

/** Boots a module, and runs it to the end without a complaint. */
function runAll(
  machine: Machine, schedule: Schedule, maxInstructions: number, text: string,
): void {
  const complaints: string[] = [];
  checkLocks(machine, (sentence) => {
    if (!/^want on/.test(sentence)) complaints.push(sentence);
  });
  const { reason, count } = machine.run({ maxInstructions, schedule });
  assert.is(hostOops(machine), undefined, text);
  assert.is(reason, "halted", `${text}: after ${count}`);
  assert.equal(complaints, [], text);
  const { now, boot } = freePages(machine);
  assert.is(now, boot, text);
}

const said = (schedule: Schedule, seed: number, cpus: number) =>
  `${JSON.stringify(schedule)}, seed ${seed}, ${cpus} CPUs`;

for (const [cpus, seed, kinds] of [
  [1, 1, [1]], [2, 1, [0]], [4, 1, [2]], [8, 3, [3]],
] as const)
  for (const schedule of kinds.map((kind) => schedules[kind]!))
    test(`all call all at once: ${said(schedule, seed, cpus)}`, () => {
      const times = cpus === 4 && seed === 1 ? 1000 : 50;
      const machine = new Machine({ memory: 8 * MiB, cpus, seed });
      bootKernel(machine,
        { module: withOperators(emptyModule, callers(cpus, times)) });
      runAll(machine, schedule, 2e7, "calls");
      const memory = hostMemory(machine);
      for (let n = 0; n < cpus; n++)
        assert.is(memory.load32(cpuArea(n) + WORDS), times * cpus);
    });

test("who waits for a lock and doesn't answer is waited for in vain", () => {
  const machine = new Machine({ memory: 8 * MiB, cpus: 4 });
  const { image } = bootKernel(machine,
    { module: withOperators(emptyModule, callers(4, 50)) });
  const at = image.symbols.get("spin_lock")! - place.KERNEL;
  const bytes = machine.readRam(at, 40), found = bytes.indexOf(0xe8);
  machine.writeRam(at + found, new Uint8Array(5).fill(0x90));
  assert.is(machine.run({ maxInstructions: 5e5,
    schedule: { kind: "round-robin", quantum: 1 } }).reason, "budget");
});

test("CPUs that are in a Guest, or asleep, are called as well", () => {
  const machine = bootLguest(4, [{ allowed: 8, body: `
    movl $100, %ebx
1:  movl $2000, %ecx
2:  loop 2b
    movl $count_me, %eax
    call on_each_cpu                # interrupts are on
    decl %ebx
    jnz 1b
    jmp 4f
count_me:
    incl %fs:3000
    ret
4:  ${host("note")}`}], [endless(), endless()], 2);
  machine.run({ maxInstructions: 3e6 });
  const memory = hostMemory(machine);
  for (let n = 0; n < 4; n++)
    assert.is(memory.load32(cpuArea(n) + 3000), 100, `CPU ${n}`);
  assert.ok(worldSwitches(machine, 0) >= 100);
  assert.ok(worldSwitches(machine, 1) >= 100);
});

test("an oops in what all are called for ends all who wait", () => {
  const machine = new Machine({ memory: 8 * MiB, cpus: 4 });
  const module = withOperators(emptyModule, callers(4, 1000));
  bootKernel(machine, { module: { ...module,
    text: module.text.replace("count_me:\n", `count_me:
      cmpl $100, %fs:${WORDS}
      jb 3f
      cmpl $2, %fs:cpu_number
      jne 3f
      ud2
3:\n`) } });
  const { reason, count } = machine.run({ maxInstructions: 1e6 });
  assert.is(reason, "halted", `after ${count}`);
  assert.match(hostOops(machine)!, /^trap 6 .* on CPU 2$/);
});

/** A Guest that counts down from there, and powers off. */
const off = (from = 30000) => guest(`movl $${from}, %ecx
  1: loop 1b
  ${shutdown("bye")}
  bye: .asciz ""\n .balign 4`);

/** A Host with lguest and operators. Of the Guests so many are wanted from
 * the beginning, and the others when somebody says so. */
function bootLguest(
  cpus: number, operators: readonly Operator[],
  images: readonly Uint8Array[] = [], wanted = 0,
  options: { pge?: string; seed?: number; notes?: Notes; ptePage?: PtePage }
  = {},
): Machine {
  const machine = new Machine({ memory: 16 * MiB, cpus, seed: options.seed });
  const { ptePage } = options;
  const base = withOperators(
    lguestModule({ launcher: launcher(() => {}), ptePage }),
    operators, options.notes);
  bootKernel(machine, {
    module: { ...base, setup: (cpu, loader) =>
      base.setup(cpu, loader) + wanted },
    files: images.map((bytes) =>
      ({ bytes, note: `guest memory=${2 * MiB} -- ` })),
    words: [`pge=${options.pge ?? "all-cpus"}`],
  });
  return machine;
}

const pgeOn = (machine: Machine) =>
  machine.cpus.filter((cpu) => cpu.w[CR4]! & CR4_PGE).map(({ id }) => id);

/** TLB entries of any CPU that lead into the Switcher's window. */
const windowEntries = (machine: Machine) =>
  machine.cpus.flatMap((cpu) => [true, false].flatMap((code) =>
    tlbEntries(cpu, code).filter((e) => e.linear >= lguestMap.SWITCHER)));

/** Watches loads and unloads: how many, and what is true between them. */
function watchModule(machine: Machine) {
  const memory = hostMemory(machine), cpus = machine.cpus.length;
  const seen = { loads: [] as number[], unloads: [] as number[],
    wrong: [] as string[], filled: 0 };
  const wrong = (what: string, bad: boolean) => {
    if (bad) seen.wrong.push(`${what} at ${machine.count}`);
  };
  machine.events.on(({ kind, cpu, name }) => {
    if (kind !== "hostcall") return;
    if (name === "load_lguest") {
      seen.loads.push(cpu);
      if (seen.loads.length > 1)
        wrong("PGE off", pgeOn(machine).length !== cpus);
    }
    if (name === "unload_lguest") {
      seen.filled += windowEntries(machine).length;
      wrong("PGE on", pgeOn(machine).length !== 0);
    }
    if (name === "free_lguest") {
      seen.unloads.push(cpu);
      wrong("TLB", windowEntries(machine).length !== 0);
    }
    if (name === "create_process")
      wrong("a process", get(memory, HOST, Shared.module_loaded) !== 1);
  });
  return seen;
}

/** Unloads on one CPU and loads on the next, so many times. */
const wanderer = (cpus: number, times: number): Operator => ({
  allowed: 1, body: `
    movl $${times}, %ebp
    xorl %ebx, %ebx
1:  ${["unload", "load"].map((what) => `
    cli
    movl %ebx, %ecx
    movl $1, %eax
    shll %cl, %eax
    call go_to
    ${what === "load" ? "" : "movl $touch, %eax\n call on_each_cpu"}
    call ${what}_module
    ${host("note")}
    sti
    incl %ebx
    cmpl $${cpus}, %ebx
    jb 2f
    xorl %ebx, %ebx
2:`).join("")}
    incl %ebx
    cmpl $${cpus}, %ebx
    jb 2f
    xorl %ebx, %ebx
2:  decl %ebp
    jnz 1b
    jmp operators_end
touch:
    movl ${lguestMap.SWITCHER + 8192}, %eax
    ret` });

const computer = (n: number): Operator => ({ allowed: -1, body: `
    movl $${100000 + n}, %ecx
1:  incl %eax
    loop 1b` });

for (const [cpus, seed, schedule] of [
  [2, 1, schedules[0]!], [4, 3, schedules[3]!],
] as const)
  test(`fifty cycles leave nothing: ${said(schedule, seed, cpus)}`, () => {
    const notes: Notes = [];
    const machine = bootLguest(cpus,
      [wanderer(cpus, 50), computer(1), computer(2)], [], 0, { seed, notes });
    const seen = watchModule(machine);
    runAll(machine, schedule, 2e7, "cycles");
    assert.equal(seen.wrong, []);
    assert.ok(seen.filled > 40 * cpus, `${seen.filled} entries to flush`);
    assert.is(seen.unloads.length, 50);
    assert.is(seen.loads.length, 51);
    assert.equal(notes.map(({ eax }) => eax), new Array(100).fill(0));
    assert.equal(new Set(seen.loads).size, cpus);
    assert.equal(new Set(seen.unloads).size, cpus);
  });

/** Unloads and loads on its own CPU, in competition with others. */
const rival = (n: number, times: number): Operator => ({ allowed: 1 << n,
  body: `movl $${times}, %ebp
1:  ${call("unload_module")}
    movl $${10 + 7 * n}, %ecx
2:  loop 2b
    ${call("load_module")}
    decl %ebp
    jnz 1b` });

for (const [cpus, seed, schedule] of [
  [2, 1, schedules[0]!], [4, 2, schedules[2]!],
] as const)
  test(`rivals on all CPUs: ${said(schedule, seed, cpus)}`, () => {
    const notes: Notes = [];
    const machine = bootLguest(cpus, Array.from({ length: cpus },
      (_, n) => rival(n, 25)), [], 0, { seed, notes });
    const seen = watchModule(machine);
    runAll(machine, schedule, 2e7, "rivals");
    assert.equal(seen.wrong, []);
    assert.equal([...new Set(notes.map(({ eax }) => eax))].sort(),
      [-16, -17, 0].sort());
    const good = notes.filter(({ eax }) => eax === 0).length;
    assert.is(good, seen.unloads.length + seen.loads.length - 1);
    assert.is(seen.loads.length, seen.unloads.length + 1);
  });

for (const ptePage of ["per-cpu", "one", "one-pair"] as const)
  test(`a Guest runs after a reload on another CPU: ${ptePage}`, () => {
    const notes: Notes = [];
    const machine = bootLguest(3, [{ allowed: 2, body: `
      ${call("unload_module")}
      ${host("want")}
      cli
      movl $4, %eax
      call go_to
      ${twice(call("load_module"))}` }], [off()], 0, { notes, ptePage });
  runAll(machine, schedules[1]!, 2e6, "reload");
  assert.equal(notes, [{ cpu: 1, eax: 0 }, { cpu: 2, eax: 0 },
    { cpu: 2, eax: -17 }]);
  assert.is(guestOutcome(machine, 0).state, "poweroff");
});

test("who is wanted while lguest is not there waits for it", () => {
  const machine = bootLguest(2, [{ allowed: 1, body: `
    ${call("unload_module")}
    ${host("want")}
    movl $0xc0000 + RESCHEDULE_VECTOR, LOCAL_APIC + 0x300
    movl $5000, %ecx
1:  loop 1b
    ${call("load_module")}` }], [off()]);
  const seen = watchModule(machine), made: string[] = [];
  machine.events.on(({ kind, name }) => {
    if (kind === "hostcall" && (name === "create_process" ||
      /_lguest$/.test(String(name)))) made.push(String(name));
  });
  runAll(machine, schedules[1]!, 2e6, "wanted");
  assert.equal(seen.wrong, []);
  assert.equal(made, ["load_lguest", "create_process", "unload_lguest",
    "free_lguest", "load_lguest", "create_process"]);
  assert.is(guestOutcome(machine, 0).state, "poweroff");
});

test("who loads starts those who wait, and needn't be idle for it", () => {
  const notes: Notes = [];
  const machine = bootLguest(1, [{ allowed: 1, body: `
    ${call("unload_module")}
    ${host("want")}
    ${call("load_module")}
    movl $1000000, %ecx
1:  loop 1b
    ${host("note")}` }], [off()], 0, { notes });
  let before = 0;
  machine.events.on(({ kind }) => {
    if (kind === "guest-end") before = notes.length;
  });
  runAll(machine, schedules[1]!, 3e6, "starts");
  assert.is(before, 2);
});

test("while a Guest lives nothing is unloaded; then it is", () => {
  const notes: Notes = [];
  const machine = bootLguest(2, [{ allowed: 2, body: `
1:  ${call("unload_module")}
    movl %eax, %ebx
    movl $20000, %ecx
2:  loop 2b
    testl %ebx, %ebx
    jnz 1b
    ${call("unload_module")}
    ${call("load_module")}` }], [off()], 1, { notes });
  const seen = watchModule(machine);
  runAll(machine, schedules[1]!, 5e6, "busy");
  const answers = notes.map(({ eax }) => eax);
  assert.equal(answers.slice(-3), [0, -16, 0]);
  assert.ok(answers.length > 3);
  assert.equal([...new Set(answers.slice(0, -3))], [-16]);
  assert.is(seen.unloads.length, 1);
  assert.is(guestOutcome(machine, 0).state, "poweroff");
});

for (const [seed, schedule] of [[1, 0], [2, 2], [3, 3]] as const)
  test(`a Guest begins while lguest goes, seed ${seed}`, () => {
    const notes: Notes = [];
    const machine = bootLguest(3, [rival(0, 200), { allowed: 2, body: `
    movl $4, %ebp
1:  movl $12000, %ecx
2:  loop 2b
    ${host("want")}
    cli
    call start_processes
    call schedule
    sti
    decl %ebp
    jnz 1b` }], new Array(4).fill(off(500)), 0, { seed, notes });
    const seen = watchModule(machine);
    runAll(machine, schedules[schedule]!, 1e7, "begins");
    assert.equal(seen.wrong, []);
    assert.ok(seen.unloads.length > 10, `${seen.unloads.length} unloads`);
    assert.ok(notes.some(({ eax }) => eax === -16));
    for (let n = 0; n < 4; n++)
      assert.is(guestOutcome(machine, n).state, "poweroff", `Guest ${n}`);
  });

test("this-cpu: PGE goes and comes where lguest is loaded and unloaded", () => {
  const machine = bootLguest(3, [{ allowed: 1, body: `
    ${call("unload_module")}
    ${call("load_module")}` }], [], 0, { pge: "this-cpu" });
  const on: number[][] = [];
  machine.events.on(({ kind, name }) => {
    if (kind === "hostcall" && (name === "note" || name === "unload_lguest"))
      on.push(pgeOn(machine));
  });
  runAll(machine, schedules[1]!, 1e6, "this-cpu");
  assert.equal(on, [[1, 2], [0, 1, 2], [1, 2]]);
});

test("a CPU that had PGE off already forgets the window as well", () => {
  // Loaded on CPU 0 at the boot, unloaded on 1, and again on 0: there the
  // load changes no CR4, so that what it has filled in stays in the TLB.
  const machine = bootLguest(2, [{ allowed: 2, body: `
    ${call("unload_module")}
    cli
    movl $1, %eax
    call go_to
    call load_module
    call unload_module
    call load_module` }], [], 0, { pge: "this-cpu" });
  const entries: string[] = [];
  machine.events.on(({ kind, name }) => {
    if (kind === "hostcall" && /^(unload|free)_lguest$/.test(String(name)))
      entries.push(`${name}: ${windowEntries(machine).length > 0}`);
  });
  runAll(machine, schedules[1]!, 1e6, "this-cpu");
  assert.equal(entries, ["unload_lguest: false", "free_lguest: false",
    "unload_lguest: true", "free_lguest: false"]);
});

test("without pages for it lguest isn't loaded, and later it is", () => {
  const notes: Notes = [];
  const machine = bootLguest(2, [{ allowed: 1, body: `
    ${call("unload_module")}
    cli
    call lock_allocator
    ${host("take_all")}
    call unlock_allocator
    ${call("load_module")}
    cli
    call lock_allocator
    ${host("give_all")}
    call unlock_allocator
    ${call("load_module")}` }], [], 0, { notes });
  runAll(machine, schedules[1]!, 1e6, "no pages");
  assert.equal(notes.map(({ eax }) => eax), [0, -12, 0]);
});

test("nothing of lguest's is left behind an unload", () => {
  const machine = bootLguest(2, [{ allowed: 1, body: `
1:  ${call("unload_module")}
    testl %eax, %eax
    jnz 1b` }], [off()], 1);
  runUnloaded(machine);
  const memory = hostMemory(machine);
  const window = place.KERNEL + get(memory, HOST, Shared.window_ptes);
  for (let i = 0; i < 1024; i++)
    assert.is(memory.load32(window + 4 * i), 0, `entry ${i}`);
  for (const cpu of machine.cpus) {
    assert.is(segmentRegister(cpu, SS).selector, selector.KERNEL_DS);
    const area = cpuArea(cpu.id);
    for (const field of Object.values(LguestPerCpu))
      assert.is(get(memory, area, field), 0);
    for (const one of [lguestMap.LGUEST_CS, lguestMap.LGUEST_DS])
      for (const half of [0, 4])
        assert.is(memory.load32(area + PerCpu.gdt.offset + one + half), 0);
  }
  assert.equal(pgeOn(machine), [0, 1]);
  assert.equal(windowEntries(machine), []);
  const { now, boot } = freePages(machine);
  assert.is(now, boot + 3 * 2);
});

function runUnloaded(machine: Machine): void {
  const { reason } = machine.run({ maxInstructions: 5e6 });
  assert.is(hostOops(machine), undefined);
  assert.is(reason, "halted");
}

test("a global entry goes only by what drops global ones", () => {
  // The page of small tables at 3 MiB is mapped at 0xFF801000, globally.
  const machine = new Machine({ memory: 8 * MiB, cpus: 3 });
  const touch = "movl $touch, %eax\n call on_each_cpu\n";
  const seen: number[] = [];
  const base = withOperators(emptyModule, [{ allowed: 2, body: `
    movl HOST + host_boot_directory, %esi
    movl KERNEL + 1022 * 4(%esi), %esi
    andl $-4096, %esi
    movl $0x300103, KERNEL + 4(%esi)
    ${touch}
    movl $0, KERNEL + 4(%esi)
    ${host("see")}
    call flush_tlb_all
    ${host("see")}
    call flush_tlb_global
    ${host("see")}
    jmp operators_end
touch:
    movl 0xff801000, %eax
    ret` }]);
  bootKernel(machine, { module: { ...base, calls: [...base.calls,
    { name: "see", cost: 1, run() {
      seen.push(machine.cpus.filter((cpu) => tlbEntries(cpu, false)
        .some((e) => e.linear === 0xff801000)).length);
    } }] } });
  runAll(machine, schedules[0]!, 1e6, "global");
  assert.equal(seen, [3, 3, 0]);
  assert.equal(pgeOn(machine), [0, 1, 2]);
});


test.run();
