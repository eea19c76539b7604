// Programs in ring 3: what they can ask for, and what they can't break.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { assemble } from "../src/assembler";
import { checkLocks } from "../src/debug";
import { defaultGuest, firstGuest } from "../src/guest";
import {
  HOST, MODULE_WORDS, PROGRAMS_MAX, PerCpu, Program, Shared, Thread,
  bootKernel, cpuArea, emptyModule, freePages, get, hostLayout, hostMemory,
  hostOops, loadOutcome, place, programAt, programLayout, programsLayout,
} from "../src/host";
import type { KernelOptions, ProgramOutcome } from "../src/host";
import { bootHost, lguestModule } from "../src/lguest";
import type { HostOptions } from "../src/lguest";
import { guestOutcome, judge, launcher } from "../src/launcher";
import { Machine } from "../src/machine";
import { endless } from "./guests";

const MiB = 1024 * 1024;
const random = { kind: "random", quantum: 50 } as const;

/** A program of these lines, and how often it runs and yields. */
function program(text: string, note = "load-rounds=1") {
  const { bytes } = assemble(text,
    { origin: place.MEM_BASE, name: "a program" });
  return { bytes, note: `program load=1 ${note}` };
}

function machineWith(options: Partial<KernelOptions>, cpus = 1, seed = 1) {
  const machine = new Machine({ memory: 8 * MiB, cpus, seed });
  bootKernel(machine, { module: emptyModule, ...options });
  return machine;
}

/** Runs to the end, which has to come, and leave nothing behind. */
function finish(machine: Machine, maxInstructions = 3e7): void {
  const { reason } = machine.run({ maxInstructions, schedule: random });
  assert.is(hostOops(machine), undefined);
  assert.is(reason, "halted");
  const { now, boot } = freePages(machine);
  assert.is(now, boot);
  cleanIsClean(machine);
}

/** The pages that the Host takes for clean hold zeros and the list. */
function cleanIsClean(machine: Machine): void {
  const memory = hostMemory(machine), zeros = new Uint8Array(4092);
  let page = get(memory, HOST, Shared.free_clean);
  while (page !== 0) {
    const rest = machine.ram.subarray(page + 4, page + 4096);
    assert.is(Buffer.compare(rest, zeros), 0, `page ${page}`);
    page = memory.load32(place.KERNEL + page);
  }
}

/** How a program of these lines ends, beside two that notice things. */
function endOf(text: string, cpus = 1) {
  const machine = machineWith({ files: [program(text)], load: 2,
    loadRounds: 3 }, cpus);
  finish(machine);
  const [end, ...others] = loadOutcome(machine);
  for (const other of others)
    assert.equal(other, { state: "exited", status: 0, rounds: 3, trap: "" });
  return end!;
}

/** These lines have to go well. */
function goesWell(text: string, cpus = 1): void {
  const { state, status, trap } = endOf(text, cpus);
  assert.equal([state, status, trap], ["exited", 0, ""]);
}

const call = (number: number, ...args: (number | string)[]) =>
  `movl $${number}, %eax\n` + args.map((value, i) =>
    `movl $${value}, %${["ebx", "ecx", "edx"][i]}\n`).join("") +
  "int $0x80\n";
const wants = (value: number) => `cmpl $${value}, %eax\n jne wrong\n`;
const good = `${call(1, 0)} wrong: movl $1, %ebx\n movl $1, %eax\n int $0x80`;

test("struct host, the programs and a module's words fit in one page", () => {
  assert.ok(hostLayout.bytes <= 1024, `${hostLayout.bytes}`);
  assert.ok(programsLayout.bytes + PROGRAMS_MAX * programLayout.bytes
    <= MODULE_WORDS);
});

for (const [seed, cpus] of [[1, 1], [3, 4]] as const)
  test(`a load of 4 beside two Guests, ${cpus} CPUs, seed ${seed}`, () => {
    const machine = new Machine({ memory: 32 * MiB, cpus, seed });
    const guest = { name: "g", image: defaultGuest(), commandLine: "",
      memory: 4 * MiB };
    bootHost(machine, { guests: [guest, guest], hostLoad: 4,
      launcher: launcher(() => {}) });
    const complaints: string[] = [];
    checkLocks(machine, (sentence) => complaints.push(sentence));
    finish(machine);
    for (const n of [0, 1])
      assert.is(guestOutcome(machine, n).state, "poweroff");
    for (const { state, status, rounds } of loadOutcome(machine)) {
      assert.equal([state, status], ["told", 0]);
      assert.ok(rounds > 10, `${rounds}`);
    }
    assert.is(loadOutcome(machine).length, 4);
    assert.equal(complaints, []);
  });

test("a program finds out that its memory is not what it was", () => {
  const machine = machineWith({ load: 2, loadRounds: 20 });
  machine.run({ maxInstructions: 300_000 });
  const memory = hostMemory(machine);
  const [, second] = [0, 1].map((n) => new Program(memory, programAt(n)));
  const space = get(memory, second!.thread, Thread.space);
  const word = (at: number) => memory.load32(place.KERNEL + at);
  const table = word(space + 4 * (place.MEM_BASE >>> 22)) & ~4095;
  const data = word(table + 4) & ~4095;
  machine.writeRam(data + 40, Uint8Array.of(1, 2, 3, 4));
  machine.writeRam(data + 2000, Uint8Array.of(1, 2, 3, 4));
  machine.writeRam(data + 4000, Uint8Array.of(1, 2, 3, 4));
  finish(machine);
  const [one, two] = loadOutcome(machine);
  assert.equal([one!.state, one!.status, one!.rounds], ["exited", 0, 20]);
  assert.equal([two!.state, two!.status], ["exited", 1]);
  assert.ok(two!.rounds < 20);
  const { status, sentences } = judge(machine, [], "halted");
  assert.is(status, 3);
  assert.equal(sentences, ["program 2 of the load found a mistake"]);
});

test("a program unloads lguest when it can, and loads it again", () => {
  const cycles = program(`
    movl $20, %esi
1:  movl $129, %eax                 # delete_module
    int $0x80
    cmpl $-16, %eax                 # a Guest lives
    je 2f
    testl %eax, %eax
    jnz bad
    movl $128, %eax                 # init_module
    int $0x80
    testl %eax, %eax
    jnz bad
    movl $128, %eax                 # it is there
    int $0x80
    cmpl $-17, %eax
    jne bad
    decl %esi
2:  movl $158, %eax
    int $0x80
    testl %esi, %esi
    jnz 1b
    xorl %ebx, %ebx
3:  movl $1, %eax
    int $0x80
bad: movl $1, %ebx
    jmp 3b`);
  const machine = new Machine({ memory: 64 * MiB, cpus: 3 });
  const complaints: string[] = [];
  checkLocks(machine, (sentence) => complaints.push(sentence));
  const switches: string[] = [];
  machine.events.on(({ kind, name }) => {
    if (kind === "hostcall" && /^(load|free)_lguest$/.test(String(name)))
      switches.push(String(name));
  });
  const module = lguestModule({ launcher: launcher(() => {}) });
  bootKernel(machine, { module, words: ["pge=all-cpus"],
    files: [{ bytes: defaultGuest(),
      note: `guest memory=${4 * MiB} -- quiet` }, cycles] });
  finish(machine);
  assert.is(guestOutcome(machine, 0).state, "poweroff");
  for (const { state, status } of loadOutcome(machine))
    assert.equal([state, status], ["exited", 0]);
  assert.is(switches.length, 1 + 2 * 20);
  assert.equal(complaints, []);
});

for (const cpu of [0, 2]) test(`load on CPU ${cpu} stays there`, () => {
  const machine = new Machine({ memory: 64 * MiB, cpus: 3 });
  const options: HostOptions = { launcher: launcher(() => {}), hostLoad: 3,
    loadOn: cpu, loadRounds: 30,
    guests: [{ name: "g", image: firstGuest(), commandLine: "",
      memory: 4 * MiB }] };
  bootHost(machine, options);
  const where = new Set<number>();
  machine.events.on((e) => {
    if (e.kind === "hostcall" && e.name === "sched_yield") where.add(e.cpu);
  });
  finish(machine);
  assert.equal([...where], [cpu]);
  assert.equal(loadOutcome(machine).map(({ state, status, rounds }) =>
    [state, status, rounds]), Array(3).fill(["exited", 0, 30]));
});

test("a program may go where it likes, and goes there", () => {
  const go = (mask: number) => `movl $${mask}, 0x40001000
    ${call(241, 0, 4, "0x40001000")} ${wants(0)}
    ${call(318, "0x40001004", "0x40001008")} ${wants(0)}
    cmpl $${Math.log2(mask)}, 0x40001004\n jne wrong
    cmpl $0, 0x40001008\n jne wrong\n`;
  assert.equal(endOf([1, 4, 2, 8, 1, 2].map(go).join("") + good, 4),
    { state: "exited", status: 0, rounds: 0, trap: "" });
});

test("too much load, or load on no CPU, is refused with a sentence", () => {
  assert.throws(() => machineWith({ load: 17 }), /load of 17.*room for 16/);
  assert.throws(() => machineWith({ load: 1, loadOn: 2 }, 2),
    /load on CPU 2: the last of this machine is 1/);
});

test("load that is refused for want of memory, and the rest runs", () => {
  const machine = new Machine({ memory: 4 * MiB });
  const files = [{ bytes: new Uint8Array(1_500_000),
    note: "program load=1 load-rounds=1" }, program(good),
    program("jmp .", "")];
  bootKernel(machine, { module: emptyModule, files });
  machine.run({ maxInstructions: 1e7 });
  assert.equal(loadOutcome(machine).map(({ state }) => state),
    ["refused", "exited", "told"]);
  const { now, boot } = freePages(machine);
  assert.is(now, boot);
});

test("nobody keeps the load company", () => {
  const machine = machineWith({ load: 3 }, 2);
  finish(machine, 100_000);
  assert.equal(loadOutcome(machine).map(({ state }) => state),
    ["waiting", "waiting", "waiting"]);
});

const loops: Record<string, string> = {
  "computes for ever": "jmp .",
  "yields for ever": `${call(158)} jmp 0x40000000`,
  "sleeps for seventy years": `movl $0x7fffffff, (%esi)
    movl %esi, %ebx\n movl $162, %eax\n int $0x80\n jmp 0x40000000`,
  "asks for what isn't there": `${call(99)} jmp 0x40000000`,
};
for (const [what, text] of Object.entries(loops))
  for (const cpus of [1, 3]) test(
    `a program that ${what} on ${cpus} CPUs ends with the rest`, () => {
      const machine = machineWith({ files: [program(text, ""),
        program(`movl $200000, %ecx\n loop .\n ${good}`)] }, cpus);
      finish(machine);
      assert.equal(loadOutcome(machine).map(({ state }) => state),
        ["told", "exited"]);
    });

test("sleepers are woken when the last Guest couldn't begin", () => {
  const machine = new Machine({ memory: 24 * MiB, cpus: 2 });
  const guest = (memory: number) => ({ name: "g", image: endless(),
    commandLine: "", memory });
  bootHost(machine, { guests: [guest(64 * MiB)], hostLoad: 2,
    launcher: launcher(() => {}) });
  finish(machine, 1e6);
  assert.is(guestOutcome(machine, 0).state, "killed");
});

test("load runs beside Guests that run one after the other", () => {
  const machine = new Machine({ memory: 64 * MiB });
  const guest = { name: "g", image: firstGuest(), commandLine: "",
    memory: 4 * MiB };
  const order: unknown[] = [];
  machine.events.on((e) => {
    if (e.kind === "guest-end") order.push(e.guest);
    if (e.kind === "hostcall" && e.name === "end_program") order.push("p");
  });
  bootHost(machine, { guests: [guest, guest], hostLoad: 2, sequential: true,
    launcher: launcher(() => {}) });
  finish(machine);
  assert.equal(order, [0, 1, "p", "p"]);
});

const pointers = [0, 4, 0x3ffffffe, 0x40005000, 0x40004ffe, 0xbffffffe,
  0xc0000000, 0xc0108000, 0xff800000, 0xffc00000, 0xfffffffc, 0xffffffff];

test("who yields lets the next one run", () => {
  const text = `movl $20, %edi\n 1: ${call(158)}\n decl %edi\n jnz 1b\n`;
  const machine = machineWith({ files: [0, 1, 2].map(() =>
    program(text + good)) });
  const who: number[] = [], memory = hostMemory(machine);
  machine.events.on((e) => {
    if (e.kind === "hostcall" && e.name === "sched_yield")
      who.push(get(memory, cpuArea(0), PerCpu.current));
  });
  finish(machine);
  assert.is(who.length, 60);
  const [a, b, c] = who;
  assert.is(new Set([a, b, c]).size, 3);
  assert.equal(who, Array.from({ length: 60 }, (_, i) => [a, b, c][i % 3]));
});

for (const hostPages of ["4m", "4k"] as const) test("bad pointers are " +
  `-EFAULT to all system calls, with a kernel in pages of ${hostPages}`, () => {
  const text = pointers.map((at) => call(162, at, 0) + wants(-14) +
    (at === 0 ? "" : call(318, at, 0) + wants(-14) +
      call(318, 0, at) + wants(-14)) +
    call(241, 0, 4, at) + wants(-14) + call(158) + wants(0)).join("");
  const size = assemble(text + good, { origin: place.MEM_BASE }).bytes.length;
  assert.ok(size <= 4096, "the program is one page, as the pointers know");
  const machine = machineWith({ files: [program(text + good)], hostPages });
  finish(machine);
  assert.equal(loadOutcome(machine),
    [{ state: "exited", status: 0, rounds: pointers.length, trap: "" }]);
});

test("nothing is written to text, and half a word to nowhere", () => {
  goesWell(`${call(318, "0x40000000", 0)} ${wants(-14)}
    movl $0x11223344, 0x40004ffc
    ${call(318, "0x40004ffd", 0)} ${wants(-14)}
    ${call(318, "0x40000ffd", 0)} ${wants(-14)}
    cmpl $0x11223344, 0x40004ffc\n jne wrong
    ${call(318, "0x40001fff", 0)} ${wants(0)} ${good}`);
});

test("bad arguments have Linux's errors", () => {
  const time = (seconds: number, nanoseconds: number) =>
    `movl $${seconds}, 0x40001000\n movl $${nanoseconds}, 0x40001004\n` +
    call(162, "0x40001000", 0);
  const mask = (value: number, pid: number, length: number) =>
    `movl $${value}, 0x40001000\n` + call(241, pid, length, "0x40001000");
  goesWell(time(-1, 0) + wants(-22) + time(0, 1e9) + wants(-22) +
    time(0, -1) + wants(-22) + time(0, 0) + wants(0) +
    mask(1, 7, 4) + wants(-3) + mask(1, 1, 4) + wants(0) +
    mask(0, 0, 4) + wants(-22) + mask(0x80, 0, 4) + wants(-22) +
    mask(1, 0, 0) + wants(-22) + mask(-1, 0, -1) + wants(0) +
    mask(0x100, 0, 1) + wants(-22) +
    [0, 2, 317, 319, 0x7fffffff, -1].map((n) =>
      call(n) + wants(-38)).join("") + good);
});

test("a short sleep lasts as long as it should", () => {
  const machine = machineWith({ files: [program(`
    rdtsc\n movl %eax, %edi
    movl $1, 0x40001000\n movl $500000000, 0x40001004
    ${call(162, "0x40001000", 0)} ${wants(0)}
    rdtsc\n subl %edi, %eax
    cmpl $150000000, %eax\n jb wrong
    cmpl $150010000, %eax\n ja wrong\n ${good}`)] });
  finish(machine);
  const [{ state, status }] = loadOutcome(machine) as [ProgramOutcome];
  assert.equal([state, status], ["exited", 0]);
});

/** Each is ended by a trap, which is its own. */
const trapped: [what: string, text: string, trap: RegExp][] = [
  ["reads the kernel", "movl 0xc0000000, %eax",
    /^trap 14 \(0x5\) at 0x40000000, address 0xc0000000$/],
  ["writes the kernel", "movl %eax, 0xc0108000",
    /^trap 14 \(0x7\) at 0x40000000, address 0xc0108000$/],
  ["writes its text", "movl %eax, 0x40000000",
    /^trap 14 \(0x7\) at 0x40000000, address 0x40000000$/],
  ["reads where nothing is", "movl 0, %eax", /^trap 14 \(0x4\).*0x00000000$/],
  ["jumps to the kernel", "movl $0xc0100020, %eax\n jmp *%eax",
    /^trap 14 \(0x5\) at 0xc0100020/],
  ["jumps to the window", "movl $0xffc00000, %eax\n jmp *%eax", /^trap 14/],
  ["halts", "hlt", /^trap 13 \(0x0\)/],
  ["turns interrupts off", "cli", /^trap 13 \(0x0\)/],
  ["reads a port", "inb $0x60, %al", /^trap 13 \(0x0\)/],
  ["writes a port", "outb %al, $0xf4", /^trap 13 \(0x0\)/],
  ["loads cr3", "mov %eax, %cr3", /^trap 13 \(0x0\)/],
  ["reads cr0", "mov %cr0, %eax", /^trap 13 \(0x0\)/],
  ["writes dr7", "mov %eax, %db7", /^trap 13 \(0x0\)/],
  ["loads a descriptor table", "lgdt (%esi)", /^trap 13 \(0x0\)/],
  ["makes a host call", ".byte 0x0f, 0x3f, 5", /^trap 6/],
  ["does what isn't defined", "ud2", /^trap 6/],
  ["divides by zero", "xorl %ecx, %ecx\n divl %ecx", /^trap 0/],
  ["goes beyond its bounds", "movl $9, %eax\n boundl %eax, (%esi)",
    /^trap 5 /],
  ["is traced", "pushl $0x100\n popfl\n nop", /^trap 1 /],
  ["is traced into a system call", `movl $20, %eax\n pushl $0x100\n popfl
    int $0x80\n nop`, /^trap 1 /],
  ["is traced through a stack's loading", `movl $20, %eax\n movl %ss, %ecx
    pushl $0x100\n popfl\n movl %ecx, %ss\n int $0x80\n cmpl $1, %eax
    nop`, /^trap 1 \(0x0\) at 0x40000014$/],
  ["breaks", "int3", /^trap 13 \(0x1a\)/],
  ["overflows", "movb $127, %al\n incb %al\n into", /^trap 13 \(0x22\)/],
  ["calls the kernel", "lcall $0x60, $0xc0100020", /^trap 13 \(0x60\)/],
  ["calls a task", "lcall $0x80, $0", /^trap 13 \(0x80\)/],
  ["returns to the kernel", "pushl $0x60\n pushl $0xc0100020\n lret",
    /^trap 13 \(0x60\)/],
  ["returns from an interrupt to ring 0",
    "pushfl\n pushl $0x60\n pushl $0xc0100020\n iret", /^trap 13 \(0x60\)/],
  ["returns from a task", "pushl $0x4000\n popfl\n iret", /^trap 10/],
  ["returns to virtual mode's ring",
    "pushl $0x20202\n pushl $0x73\n pushl $0\n iret", /^trap 14/],
  ["enters by sysenter", "sysenter", /^trap (13|6) /],
  ["loads the kernel's segment", "movl $0x68, %eax\n movl %eax, %ds",
    /^trap 13 \(0x68\)/],
  ["loads a CPU's segment", "movl $0xd8, %eax\n movl %eax, %fs",
    /^trap 13 \(0xd8\)/],
  ["loads a local segment", "movl $0xc, %eax\n movl %eax, %gs",
    /^trap 13 \(0xc\)/],
  ["loads a stack that is null", "xorl %eax, %eax\n movl %eax, %ss",
    /^trap 13 \(0x0\)/],
  ["reads through a segment that is null",
    "xorl %eax, %eax\n movl %eax, %ds\n movl (%esi), %eax", /^trap 13/],
  ["has no stack", "movl $0xc0001000, %esp\n pushl %eax",
    /^trap 14 \(0x7\).*0xc0000ffc$/],
  ["is held to alignment", `pushfl\n orl $0x40000, (%esp)\n popfl
    movl 1(%esi), %eax`, /^trap 17/],
  ["locks what can't be locked", ".byte 0xf0, 0x90", /^trap 6/],
  ["is too long", ".fill 15, 1, 0x66\n nop", /^trap 13/],
];
for (const [what, text, trap] of trapped)
  test(`a program that ${what} ends alone`, () => {
    const { state, trap: words } = endOf(text);
    assert.is(state, "trapped");
    assert.match(words, trap);
  });

test("no vector but 0x80 is open to programs", () => {
  for (let first = 0; first < 256; first += 12) {
    const vectors = Array.from({ length: 12 }, (_, i) => first + i)
      .filter((n) => n !== 0x80 && n < 256);
    const machine = machineWith({ files: vectors.map((n) =>
      program(`.byte 0xcd, ${n}\n ${good}`)) });
    finish(machine);
    loadOutcome(machine).forEach(({ trap }, i) => {
      const error = (8 * vectors[i]! + 2).toString(16);
      assert.is(trap, `trap 13 (0x${error}) at 0x40000000`);
    });
  }
});

/** Odd, but nobody's business: they all go on. */
const odd: Record<string, string> = {
  "has its direction flag set": `std\n movl $50000, %edi
    1: ${call(20)} ${wants(1)} ${call(158)}
    subl $1000, %edi\n jnz 1b
    pushfl\n testl $0x400, (%esp)\n jz wrong`,
  "has all flags set that it can": `pushl $0x244ed7\n popfl
    ${call(158)} ${wants(0)} movl $100000, %ecx\n loop .
    ${call(20)} ${wants(1)}`,
  "has AC set": `pushl $0x40202\n popfl\n ${call(318, "0x40001001", 0)}
    ${wants(0)} movl $100000, %ecx\n loop .`,
  "has null in all segments that may be": `xorl %eax, %eax
    movl %eax, %fs\n movl %eax, %gs\n movl %eax, %es\n movl %eax, %ds
    ${call(158)} ${wants(0)} movl $300000, %ecx\n loop .
    movl %ds, %eax\n testl %eax, %eax\n jnz wrong`,
  "has its code as data": `movl $0x73, %eax\n movl %eax, %ds
    movl $0x78, %eax\n movl %eax, %gs\n ${call(158)}
    movl $300000, %ecx\n loop .
    movl %gs, %eax\n cmpl $0x78, %eax\n jne wrong
    movl 0x40000000, %eax`,
  "has a stack in the kernel and doesn't use it": `movl $0xc0108100, %esp
    ${call(158)} ${wants(0)} movl $300000, %ecx\n loop .`,
};
for (const [what, text] of Object.entries(odd)) for (const cpus of [1, 2])
  test(`a program that ${what} goes on, with ${cpus} CPUs`, () => {
    goesWell(text + "\n" + good, cpus);
  });

test("registers come back from ticks and calls as they were", () => {
  goesWell(`movl $0x1111, %ebx\n movl $0x3333, %edx
    movl $0x4444, %esi\n movl $0x5555, %edi\n movl $0x6666, %ebp
    movl $1000, %ecx\n 1: pushl %ecx\n movl $158, %eax\n int $0x80
    movl $500, %ecx\n loop .\n popl %ecx\n loop 1b
    cmpl $0x1111, %ebx\n jne wrong\n cmpl $0x3333, %edx\n jne wrong
    cmpl $0x4444, %esi\n jne wrong\n cmpl $0x5555, %edi\n jne wrong
    cmpl $0x6666, %ebp\n jne wrong\n ${good}`, 2);
});

test("an exception in ring 0 is an oops, whoever runs", () => {
  const machine = new Machine({ memory: 8 * MiB });
  const { image } = bootKernel(machine, { module: emptyModule,
    files: [program(`${call(20)} ${good}`)] });
  machine.writeRam(image.symbols.get("sys_getpid")! - place.KERNEL,
    Uint8Array.of(0x0f, 0x0b));
  machine.run({ maxInstructions: 1e6 });
  assert.match(hostOops(machine)!, /^trap 6 /);
});

test.run();
