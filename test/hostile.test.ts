// Guests that do what they must not: each dies of it, with a sentence,
// and the one beside it in the same Host never notices.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { freePages, hostOops } from "../src/host";
import { bootHost } from "../src/lguest";
import { guestOutcome, launcher } from "../src/launcher";
import { Machine } from "../src/machine";
import { bareGuest, endless, guest, shutdown } from "./guests";
import * as inquisitor from "./inquisitor/library";

const MiB = 1024 * 1024;

/** A directory at 0x200000, a table at 0x201000 that maps the Guest's
 * first 4 MiB as they are, and the move there; then the body. */
const paged = (change: string, body = "jmp .") => guest(`
  movl $0x201007, 0x200000
  movl $0x201000, %edi
  movl $7, %eax
1: movl %eax, (%edi)
  addl $4, %edi
  addl $4096, %eax
  cmpl $0x400007, %eax
  jb 1b
  ${change}
  movl $4, %eax
  movl $0x200000, %ebx
  int $0x1f
  ${body}`);

const call = (number: number, ...args: number[]) =>
  `movl $${number}, %eax\n` + args.map((value, i) =>
    `movl $${value}, %${["ebx", "ecx", "edx"][i]}\n`).join("") +
  "int $0x1f\n";

const switcher = 0xffc00000;

const NO_387 = /^unhandled trap 7 at 0x10[0-9a-f]{4} \(0x0\): floating point, and this machine has no coprocessor; try no387, [ -~]+$/;

type Case = [name: string, image: Uint8Array, reason: RegExp];

const killed: Case[] = [
  ["an invalid opcode", bareGuest("ud2"),
    /^unhandled trap 6 at 0x100000 \(0x0\)$/],
  ["a division by zero", bareGuest("xorl %ecx, %ecx\n divl %ecx"), /trap 0/],
  ["sti", bareGuest("sti"), /trap 13 at 0x100000 \(0x0\)/],
  ["invd", bareGuest("invd"), /trap 13 at 0x100000 \(0x0\)/],
  ["an empty page directory by mov", bareGuest("mov %eax, %cr3"), /trap 14/],
  ["a page directory outside memory by mov", bareGuest(
    "movl $0x70000000, %eax\n mov %eax, %cr3"), /page directory/],
  ["a descriptor table of its own", bareGuest("lgdt 0x100000"), /trap 13/],
  ["a task of its own", bareGuest("movl $0x80, %eax\n ltr %ax"), /trap 13/],
  ["a host call", bareGuest(".byte 0x0f, 0x3f, 2"), /trap 6/],
  ["the Switcher's data segment",
    bareGuest("movl $0x58, %eax\n movl %eax, %ds"), /trap 13.*0x58/],
  ["the Switcher's code segment", bareGuest("ljmp $0x50, $0x100000"),
    /trap 13.*0x50/],
  ["a call gate in a local table", bareGuest(`
    movl $ring0, %eax
    movl %eax, %edx
    andl $0xffff, %eax
    orl $0x500000, %eax
    movl %eax, 0x3000
    andl $0xffff0000, %edx
    orl $0xec00, %edx
    movl %edx, 0x3004
    movl $0x400000, %esp
    lcall $0x3005, $0
    ring0: cli
    hlt`), /trap 13.*0x3004/],
  ["a null stack segment", bareGuest("xorl %eax, %eax\n movl %eax, %ss"),
    /trap 13/],
  ["a system call without a gate", bareGuest("int $0x80"), /trap 13.*0x402/],
  ["the Host's timer", bareGuest("int $0xef"), /trap 13.*0x77a/],
  ["the NMI's gate", bareGuest("int $2"), /trap 13.*0x12/],
  ["the double fault's gate", bareGuest("int $8"), /trap 13.*0x42/],
  ["a single step", guest("pushfl\n orl $0x100, (%esp)\n popfl\n nop\n nop"),
    /trap 1 /],
  ["floating point that it wants to hear of",
    guest(call(8, 1) + "fninit"), NO_387],
  ["floating point with a prefix, after a task switch of its own", guest(
    "mov %cr0, %eax\n orl $8, %eax\n mov %eax, %cr0\n .byte 0x26, 0xd9, 0x00"),
  NO_387],
  ["ring 3 without an IDT", guest("pushl $0x7b\n pushl $0x1000\n" +
    "pushl $0x202\n pushl $0x73\n pushl $0x100000\n iret"), /trap 13/],

  ["hypercall 99", guest(call(99)), /^Bad hypercall 99$/],
  ["hypercall -1", guest(call(-1)), /^Bad hypercall 4294967295$/],
  ["a hypercall before INIT", bareGuest(call(10)),
    /^hypercall 10 before INIT$/],
  ["INIT twice", guest(call(1, 0x100000)), /INIT/],
  ["lguest_data across the end of memory", bareGuest(call(1, 0x3ffb00)),
    /lguest_data/],
  ["lguest_data across the end of the world",
    bareGuest(call(1, 0xfffffff0)), /lguest_data/],
  ["another system call vector",
    bareGuest("movl $0x81, lguest_data + 1384\n movl $1, %eax\n" +
      "movl $lguest_data, %ebx\n int $0x1f"), /syscall vector 0x81/],
  ["a kernel in the Switcher's place",
    bareGuest("movl $0xffc00000, lguest_data + 1380\n movl $1, %eax\n" +
      "movl $lguest_data, %ebx\n int $0x1f"), /kernel address/],
  ["a string outside memory", guest(call(17, 0x400000)), /notify 0x400000/],
  ["a last message outside memory", guest(call(2, 0x400000, 1)), /message/],

  ["a directory above memory", guest(call(4, 0x400000)),
    /page directory 0x400000/],
  ["a directory at the end of the world", guest(call(4, 0xfffff000)),
    /page directory/],
  ["an empty directory with low bits", guest(call(4, 0x200004)), /trap 14/],
  ["an empty directory", guest(call(4, 0x200000)), /trap 14/],
  ["a large page", paged("movl $0x87, 0x200000"),
    /^bad page directory entry$/],
  ["a table outside memory", paged("movl $0x400007, 0x200000"),
    /^bad page directory entry$/],
  ["a page outside memory", paged("movl $0x700007, 0x201400"),
    /^bad page table entry$/],
  ["a page with the bit for PAT", paged("orl $0x80, 0x201400"),
    /^bad page table entry$/],
  ["a write to what it made read-only",
    paged("movl $0x150005, 0x201540", "movl $1, 0x150000"), /trap 14/],
  ["SET_PTE of the Switcher",
    guest(call(14, 0x200000, switcher + 4096, 7)), /Switcher/],
  ["SET_PTE with a page outside memory",
    paged("", call(14, 0x200000, 0x150000, 0x700067)),
    /^bad page table entry$/],
  ["SET_PGD of entry 1024", guest(call(15, 0x200000, 1024)), /index 1024/],

  ["a jump out of memory", bareGuest("movl $0xdeadbeef, %eax\n jmp *%eax"),
    /^bad page table entry$/],
  ["a jump into nowhere", paged("", "movl $0x10000000, %eax\n jmp *%eax"),
    /trap 14 at 0x10000000/],
  ["a read beside memory", bareGuest("movl 0x400000, %eax"), /trap 14/],
  ["a write to the Switcher", bareGuest("movl $0, 0xffc00000"), /trap 14/],
  ["a locked write to the Switcher",
    bareGuest("lock btsl $5, 0xffc00000"), /trap 14/],
  ["a write to the CPU's state", bareGuest("movl $0, 0xffc02000"), /trap 14/],
  ["another CPU's pages", bareGuest("movl 0xffc03000, %eax"), /trap 14/],
  ["a stack at the end of the world",
    bareGuest("xorl %esp, %esp\n pushl %eax"), /trap 14.*0xfffffffc/],
  ["the Switcher's code from ring 1",
    bareGuest("movl $0xffc00000, %eax\n xorl %esp, %esp\n jmp *%eax"),
    /trap/],
];

/** Odd, and yet no reason to die. */
const spared: [string, Uint8Array][] = [
  ["its own registers' page overwritten", guest(
    "movl $77, 0xffc01fe4\n movl $-1, 0xffc01ffc\n movl $0, 0xffc01fb8\n" +
    "movl $0xffc01fb8, %edi\n movl $18, %ecx\n rep stosl\n" + off())],
  ["cli, ports, control registers and MSRs", guest(
    "cli\n inb $0x60, %al\n outl %eax, (%dx)\n mov %cr0, %eax\n" +
    "mov %eax, %cr0\n mov %cr4, %eax\n mov %eax, %cr4\n rdmsr\n wrmsr\n" +
    off())],
  ["null data segments", guest(
    "xorl %eax, %eax\n movl %eax, %fs\n movl %eax, %gs\n" + off())],
  ["low bits in cr3", paged("", call(4, 0x200fff) +
    call(14, 0x200018, 0x150000, 0) + "movl 0x150000, %eax\n" + off())],
  ["strings that run backwards", guest("std\n" + off())],
  ["nested task and alignment flags", guest(
    "pushl $0x44202\n popfl\n" + off())],
  ["SET_PGD of the Switcher's entry", paged("",
    call(15, 0x200000, 1023) + off())],
  ["FLUSH_TLB of everything, a hundred times", paged("",
    "movl $100, %ebp\n 7: movl $5, %eax\n movl $1, %ebx\n int $0x1f\n" +
    "decl %ebp\n jnz 7b\n" + off())],
  ["more directories than there are slots", paged("",
    [2, 3, 4, 5, 6, 7].map((n) =>
      `movl $0x201007, 0x20${n}000\n` + call(4, 0x200000 + n * 4096))
      .join("") + call(4, 0x200000) + off())],
];

function off(): string {
  return shutdown("bye") + "\n bye: .byte 0\n .balign 4";
}

const polite = guest("movl $20000, %ecx\n 1: decl %ecx\n jnz 1b\n" + off());

function run(images: Uint8Array[], sequential: boolean): Machine {
  const machine = new Machine({ memory: (12 + 4 * images.length) * MiB });
  bootHost(machine, { sequential, launcher: launcher(() => {}),
    guests: images.map((image) => ({
      name: "guest", image, commandLine: "", memory: 4 * MiB })) });
  machine.run({ maxInstructions: 2e6 });
  return machine;
}

/** A Guest at 3 GiB with two hundred times the same 4 MiB, whose stack is
 * pinned in the kernel's; then it does that, and powers off. */
const greedy = (text: string) => inquisitor.guestOf({ name: "greedy",
  stage: "paged", checks: [inquisitor.check("§8.4", "a purse that is empty", `
    movl $1, %ecx
1:  movl $0x201007, 0x200000(,%ecx,4)
    incl %ecx
    cmpl $200, %ecx
    jb 1b
    ${text}`)] });

/** The same directory at another address. */
const copyOf = (directory: number) => `
    movl $0x200000, %esi
    movl $${directory}, %edi
    movl $1024, %ecx
    rep movsl`;

/** A page in each of so many 4 MiB, and something before and after it. */
const touch = (count: number, before = "", after = "") => `
    movl $1, %edi
1:  ${before}
    movl %edi, %eax
    shll $22, %eax
    movl 0x300000(%eax), %edx
    ${after}
    incl %edi
    cmpl $${count}, %edi
    jb 1b
`;

test("an empty purse gets all its pages back", () => {
  const { call } = inquisitor, copies = [0x210000, 0x220000, 0x230000];
  const image = greedy(copies.map(copyOf).join("") + `
    movl $ring1_stack + 0xc0000000, %ecx
    movl %ecx, saved
    ${call(7, 0x69, "saved", 1)}
    movl $23, %ebp
2:  ${touch(100, call(15, 0x200000, 768), "movl 0xc0310000, %edx")}
    decl %ebp
    jnz 2b\n` + copies.map((copy) => call(4, copy)).join("") + `
    movl 0x300000, %eax
    movl 0x700000, %eax`);
  const machine = run([image, polite], false);
  aliveAndWell(machine, 0);
  aliveAndWell(machine, 1);
});

test("a purse runs empty where the stack isn't mapped, and no harm is done",
  () => {
    const { call } = inquisitor;
    aliveAndWell(run([greedy(copyOf(0x210000) + `
    movl $0x203007, 0x200c04
    movl $0x100067, 0x203000\n` +
      call(7, 0x69, "$ring1_stack", 0) + call(4, 0x210000) +
      call(4, 0x200000) + call(7, 0x69, 0xc0401000, 1) + call(4, 0x210000) +
      touch(150) + call(4, 0x200000))], false), 0);
  });

function aliveAndWell(machine: Machine, polite: number): void {
  assert.is(hostOops(machine), undefined);
  assert.equal(guestOutcome(machine, polite), { state: "poweroff", reason: "" });
  const { now, boot } = freePages(machine);
  assert.is(now, boot);
}

/** Runs many in one Host, one after the other, a polite one behind each:
 * what the one leaves behind is what the next one finds. */
function inTurn(images: Uint8Array[]): Machine {
  const guests = images.flatMap((image) => [image, polite]).map((image) =>
    ({ name: "guest", image, commandLine: "", memory: 4 * MiB }));
  const machine = new Machine({ memory: 20 * MiB });
  bootHost(machine, { sequential: true, launcher: launcher(() => {}),
    guests });
  machine.run({ maxInstructions: 4e6 });
  return machine;
}

function inGroups<T>(
  cases: T[], image: (c: T) => Uint8Array,
  check: (machine: Machine, guest: number, c: T) => void,
  name: (c: T) => string,
): void {
  for (let start = 0; start < cases.length; start += 16) {
    const group = cases.slice(start, start + 16);
    let machine: Machine | undefined;
    group.forEach((one, i) => test(name(one), () => {
      machine ??= inTurn(group.map(image));
      check(machine, 2 * i, one);
      aliveAndWell(machine, 2 * i + 1);
    }));
  }
}

inGroups(killed, (c) => c[1], (machine, n, [, , reason]) => {
  const outcome = guestOutcome(machine, n);
  assert.is(outcome.state, "killed");
  assert.match(outcome.reason, reason);
}, ([name]) => `killed: ${name}`);

inGroups(spared, (c) => c[1], (machine, n) => {
  assert.equal(guestOutcome(machine, n), { state: "poweroff", reason: "" });
}, ([name]) => `spared: ${name}`);

test("three killed at once, and one that lives", () => {
  const machine = run([killed[0]![1], polite, killed[20]![1],
    killed[33]![1]], false);
  for (const n of [0, 2, 3])
    assert.is(guestOutcome(machine, n).state, "killed");
  aliveAndWell(machine, 1);
});

test("an endless loop ends with the budget, and others run beside it", () => {
  const machine = run([endless(), polite], false);
  assert.is(guestOutcome(machine, 0).state, "running");
  assert.is(guestOutcome(machine, 1).state, "poweroff");
});

test("HALT sleeps for ever, and others run beside it", () => {
  const machine = run([guest(call(10)), polite], false);
  assert.is(guestOutcome(machine, 0).state, "running");
  assert.is(guestOutcome(machine, 1).state, "poweroff");
});

test("a Guest that has not asked for TS may probe with fninit", () => {
  assert.equal(guestOutcome(run([guest("fninit\n jmp .")], false), 0),
    { state: "running", reason: "" });
});

test("the end says how it was meant", () => {
  const ends = (message: string, how: number) => guestOutcome(run([guest(
    `${shutdown("m", how)}\n m: .asciz "${message}"\n .balign 4`)],
  false), 0);
  assert.equal(ends("Power down", 1), { state: "poweroff",
    reason: "Power down" });
  assert.equal(ends("no init found", 1), { state: "crashed",
    reason: "no init found" });
  assert.equal(ends("", 2), { state: "restart", reason: "" });
  assert.equal(ends("for no known reason", 3), { state: "crashed",
    reason: "for no known reason" });
  assert.equal(ends("", 0), { state: "poweroff", reason: "" });
});

test.run();
