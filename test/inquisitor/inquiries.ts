// The questions.
import { call, check, descend, expect, expectFlags, gate, program, trap }
  from "./library";
import type { Inquiry } from "./library";

const data = (offset: number) => `data + ${offset}`;
/** The CPU's state page: the TSS, the IDT and the GDT that are in use. */
const STATE = 0xffc02000;
const TSS = STATE + 32, IDT = STATE + 136, GDT = STATE + 2184;
const hex = (n: number) => `0x${(n >>> 0).toString(16)}`;
/** Where the tables have the entry of a page below 4 MiB. */
const pte = (address: number) => hex(0x201000 + 4 * (address >>> 12));

const boot: Inquiry = { name: "boot", stage: "linear", checks: [
  ...["eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp"].map((r, i) =>
    check("§2.2", `${r} is 0 at the entry`,
      expect(`entry + ${4 * i}`, 0))),
  check("§2.2", "cs is 0x61", expect("entry + 32", 0x61)),
  check("§2.2", "ds, es and ss are 0x69", expect("entry + 36", 0x69) +
    expect("entry + 40", 0x69) + expect("entry + 44", 0x69)),
  check("§2.2", "fs and gs are 0",
    expect("entry + 48", 0) + expect("entry + 52", 0)),
  check("§2.2", "eflags has IF on, IOPL 0, DF off",
    expect("entry + 56", 0x202, 0x3702)),
  check("§2.2", "the entry is the file's, 0x100000",
    "movl $start, %eax\n" + expect("%eax", 0x100000)),
  check("§2.1", "one e820 range, all of memory",
    "movzbl 0x1e8, %eax\n" + expect("%eax", 1) + expect("0x2d0", 0) +
    expect("0x2d8", 0x400000) + expect("0x2e0", 1)),
  check("§2.1", "the command line is at 0x1000",
    expect("0x228", 0x1000) + expect("0x1000", 0x006b6f6f)),
  check("§2.1", "subarchitecture 1, protocol 2.07, KEEP_SEGMENTS",
    expect("0x23c", 1) + "movzwl 0x206, %eax\n" + expect("%eax", 0x207) +
    "movzbl 0x211, %eax\n" + expect("%eax", 0x40)),
  check("§2.2", "virtual is physical, and all of memory is writable",
    "movl $0x3ffffc, %esi\n movl $0x1234, (%esi)\n" +
    expect("(%esi)", 0x1234)),
  check("§2.2", "memory that nobody has loaded is 0", expect("0x300000", 0)),
  check("§3.1", "INIT writes reserve_mem", expect(data(1368), 0x400000)),
  check("§3.1", "INIT writes tsc_khz", expect(data(1372), 100_000)),
  check("§3.1", "INIT writes the time", expect(data(12), 1_000_000_000)),
  check("§3.1", "INIT leaves irq_enabled and blocked_interrupts",
    expect(data(0), 0x200) + expect(data(4), 1)),
  check("§3.1", "INIT leaves the ring free",
    expect(data(24), -1) + expect(data(84), -1)),
  check("§2.1", "no RAM disk, and a kernel's alignment of 16 MiB",
    expect("0x218", 0) + expect("0x21c", 0) + expect("0x230", 0x1000000)),
  check("§2.1", "no other loader, and no header of a file: zeros",
    expect("0x1f1", 0) + expect("0x202", 0) + "movzbl 0x210, %eax\n" +
    expect("%eax", 0) + expect("0x58", 0) + expect("0x2e4", 0)),
] };

/** Sets all registers, makes a call, and compares all of them. */
function preserved(number: number, args: [number, number, number]): string {
  const values: [string, number][] = [["ebx", args[0]], ["ecx", args[1]],
    ["edx", args[2]], ["esi", 0x55555555], ["edi", 0x66666666],
    ["ebp", 0x77777777]];
  return values.map(([r, v]) => `movl $${v | 0}, %${r}\n`).join("") +
    `movl $${number}, %eax\n int $0x1f\n pushal\n` +
    expect("28(%esp)", number) +
    [["16", 0], ["24", 1], ["20", 2], ["4", 3], ["0", 4], ["8", 5]]
      .map(([o, i]) => expect(`${o}(%esp)`, values[i as number]![1]))
      .join("") + expect("12(%esp)", "%esp").replace(
      "movl %esp, %ecx", "leal 32(%esp), %ecx") + "addl $32, %esp\n";
}

const post = (slot: number, number: number, ...args: number[]) =>
  [number, ...args].map((value, i) => `movl $${value | 0}, ` +
    `${data(88 + 20 * slot + 4 * i)}\n`).join("") +
  `movb $0, ${data(24 + slot)}\n`;


const hypercalls: Inquiry = { name: "hypercalls", stage: "linear", checks: [
  ...([[0, [0, 0, 0]], [5, [1, 0, 0]], [8, [0, 0, 0]], [9, [0, 0, 0]],
    [6, [2, 0x610000, 0x8e00]], [14, [0x200000, 0x3000, 0]],
    [15, [0x200000, 7, 0]], [16, [0x300000, 0, 0]],
    [7, [0x69, 0x300000, 2]],
    [18, [20, 0, 0]], [19, [0, 0, 0]]] as const).map(([n, args]) =>
    check("§3", `hypercall ${n} preserves all registers`,
      preserved(n, [...args]))),
  check("§3", "a hypercall preserves the flags",
    "movl $0, %eax\n pushl $0xed7\n popfl\n int $0x1f\n pushfl\n" +
    "popl %eax\n cld\n" + expect("%eax", 0xed7, 0x7fff)),
  check("§3", "and the segments",
    `movl $0x69, %eax\n movl %eax, %fs\n movl %eax, %gs\n${call(0)}` +
    ["fs", "gs", "ds", "es", "ss"].map((s) => `movl %${s}, %eax\n` +
      expect("%eax", 0x69)).join("") + "movl %cs, %eax\n" +
    expect("%eax", 0x61)),
  check("§3.2", "a posted call is done, and its slot free again",
    post(0, 0) + call(0) + expect(data(24), -1)),
  check("§3.2", "the ring is taken from where it was left",
    post(2, 0) + call(0) + expect(data(24), 0xff00ffff) +
    post(1, 0) + call(0) + expect(data(24), -1)),
  check("§3.2", "several at once, up to a free slot",
    post(3, 0) + post(4, 0) + post(6, 0) + call(0) + expect(data(28),
      0xff00ffff) + post(5, 0) + call(0) + expect(data(28), -1)),
  check("§3.2", "what is posted is really done",
    post(7, 8, 1) + call(0) + "mov %cr0, %eax\n" + expect("%eax", 8, 8) +
    post(8, 8, 0) + call(0) + "mov %cr0, %eax\n" + expect("%eax", 0, 8)),
  check("§3.2", "a trap doesn't touch the ring",
    trap(6, 0x8f00, post(9, 0) + "ud2", () =>
      expect(data(32), 0xffff00ff)) + expect(data(32), -1)),
  check("§3.2", "the call itself comes behind what was posted",
    post(10, 8, 1) + call(8, 0) + "mov %cr0, %eax\n" + expect("%eax", 0, 8) +
    post(11, 8, 0) + call(8, 1) + "mov %cr0, %eax\n" + expect("%eax", 8, 8) +
    call(8, 0)),
  check("§3.2", "all four arguments of a posted call arrive",
    post(12, 18, 20, 0xffff, 0xcf9200) + call(0) +
    expect(hex(GDT + 160), 0xffff) + expect(hex(GDT + 164), 0xcfb300)),
] };

/** A timer interrupt while we wait for it, through a gate. */
const timer = (
  prepare: string, look: () => string, type = 0x8e00, wait = "9: jmp 9b",
) => trap(32, type, `movl $0, data + 4\n${prepare}${wait}`,
  look) + "movl $1, data + 4\n";
const SPIN = "movl $5000, %ecx\n8: loop 8b\n";

const interrupts: Inquiry = { name: "interrupts", stage: "linear", checks: [
  check("§4", "a clock event is irq 0, at vector 32, while we loop",
    timer(call(9, 1000), () => "")),
  check("§4", "the frame: eip, cs, eflags with IF, and no more",
    timer(call(9, 20000), () => "movl saved, %eax\n subl %esp, %eax\n" +
      expect("%eax", 12) + expect("4(%esp)", 0x61) +
      expect("8(%esp)", 0x200, 0x3700) + "movl (%esp), %eax\n" +
      expect("(%eax)", 0xfeeb, 0xffff))),
  check("§4", "an interrupt gate turns irq_enabled off",
    timer(call(9, 1000), () => expect(data(0), 0))),
  check("§4", "a trap gate doesn't",
    timer(call(9, 1000), () => expect(data(0), 0x200), 0x8f00)),
  check("§4", "the real IF is always on",
    timer(call(9, 1000), () => expectFlags(0x200, 0x200)) +
    "movl $0, data\n" + expectFlags(0x200, 0x200) + "movl $0x200, data\n"),
  check("§4", "while irq_enabled is 0 it waits, and irq_pending says so",
    timer("movl $0, data\n" + call(9, 1000) + SPIN + call(0) +
      expect(data(20), 0x200) + "movl $0x200, data\n" + call(19), () => "")),
  check("§4", "of irq_enabled the bit 0x200 counts, and no other",
    timer("movl $0x46, data\n" + call(9, 1000) + SPIN + call(0) +
      expect(data(20), 0x200) + "movl $0x246, data\n" + call(19),
    () => "")),
  check("§4", "irq_pending is 0 once it is delivered",
    timer("movl $0, data\n" + call(9, 1000) + SPIN + call(0) +
      "movl $0x200, data\n" + call(19), () => expect(data(20), 0))),
  check("§4", "a masked one is not delivered",
    gate(32, "differs") + "movl $1, data + 4\n" + call(9, 1000) + SPIN +
    call(19) + gate(32, undefined) + timer(call(19), () => "")),
  check("§20", "and nothing is pending then",
    "movl $1, data + 4\n" + call(9, 1000) + SPIN + call(0) +
    expect(data(20), 0) + timer(call(19), () => "")),
  check("§4", "an interrupt without a gate waits on",
    "movl $0, data + 4\n" + call(9, 1000) + SPIN + call(0) +
    timer(call(19), () => "")),
  check("§4", "SET_CLOCKEVENT 0 cancels",
    "movl $0, data + 4\n" + gate(32, "differs") + call(9, 20000) +
    call(9, 0) + SPIN + call(0) + gate(32, undefined)),
  check("§4", "HALT ends with the interrupt, irq_enabled or not",
    timer("movl $0, data\n" + call(9, 50000) + call(10), () =>
      expect("8(%esp)", 0x200, 0x200))),
  check("§4", "the time goes on by at least what was asked for",
    timer(call(9, 1000) + call(10), () => "movl data + 16, %edi\n") +
    timer(call(9, 2000000) + call(10), () => "movl data + 16, %eax\n" +
      "subl %edi, %eax\n cmpl $2000000, %eax\n setb %al\n" +
      "movzbl %al, %eax\n" + expect("%eax", 0))),
  check("§4", "at noirq_iret there is no second frame",
    timer("movl $0, data\n" + call(9, 1000) + SPIN +
      "pushl $0x202\n pushl $0x61\n pushl $differs\n movl $0x200, data\n" +
      call(19) + "last_iret: iret\n", () =>
      "movl saved, %eax\n subl %esp, %eax\n" + expect("%eax", 12) +
      expect("(%esp)", "$differs"))),
  check("§7", "a frame's IF is off when irq_enabled is",
    "movl $0, data\n" + trap(6, 0x8e00, "ud2", () =>
      expect("8(%esp)", 0, 0x200))),
  check("§4", "HALT doesn't sleep if one waits already",
    timer("movl $0, data\n" + call(9, 1000) + SPIN + call(10), () =>
      "")),
  check("§4", "the time stands still until the next one",
    timer(call(9, 1000) + call(10), () => "movl data + 16, %edi\n") +
    SPIN + call(0) + expect(data(16), "%edi")),
  check("§4", "a clock event can be 4.29 seconds away",
    timer(call(9, 1000) + call(10), () => "movl data + 12, %edi\n") +
    timer(call(9, 0xffffffff) + call(10), () => "movl data + 12, %eax\n" +
      "subl %edi, %eax\n" + expect("%eax", 4))),
  check("§4", "a later clock event replaces the one before",
    timer(call(9, 1000) + call(10), () => "movl data + 16, %edi\n") +
    timer(call(9, 1000000) + call(9, 3000000) + call(10), () =>
      "movl data + 16, %eax\n subl %edi, %eax\n" +
      "cmpl $3000000, %eax\n setb %al\n movzbl %al, %eax\n" +
      expect("%eax", 0))),
  check("§14", "rdtsc counts at tsc_khz",
    timer(call(9, 1000) + call(10), () => "rdtsc\n movl %eax, %esi\n" +
      "movl data + 16, %edi\n") +
    timer(call(9, 2000000) + call(10), () => "rdtsc\n subl %esi, %eax\n" +
      "movl %eax, %ebx\n movl data + 16, %eax\n subl %edi, %eax\n" +
      "xorl %edx, %edx\n movl $10, %ecx\n divl %ecx\n" +
      "subl %ebx, %eax\n addl $100, %eax\n cmpl $200, %eax\n" +
      "seta %al\n movzbl %al, %eax\n" + expect("%eax", 0))),
] };

const lar = (selector: number) =>
  `movl $${selector}, %eax\n movl $0, %edx\n lar %eax, %edx\n` +
  "movl %edx, %eax\n";
const store = (address: string, ...words: number[]) => words.map((w, i) =>
  `movl $${hex(w)}, ${address} + ${4 * i}\n`).join("");

const segments: Inquiry = { name: "segments", stage: "linear", checks: [
  check("§5", "DPL 0 becomes 1, and the accessed bit is set",
    call(18, 20, 0xffff, 0xcf9200) + lar(0xa1) +
    expect("%eax", 0xc0b300, 0xf0ff00)),
  check("§5", "DPL 3 stays", call(18, 21, 0xffff, 0xcff200) + lar(0xab) +
    expect("%eax", 0xf300, 0xff00)),
  check("§5", "DPL 2 stays", call(18, 21, 0xffff, 0xcfd200) + lar(0xa9) +
    expect("%eax", 0xd300, 0xff00)),
  check("§5", "system descriptors are never live",
    call(18, 22, 0x610000, 0xef00) + call(18, 23, 0x67, 0x108900) +
    expect(hex(GDT + 8 * 22 + 4), 0) + expect(hex(GDT + 8 * 23 + 4), 0)),
  check("§5", "entries 10 and 11 are the Switcher's",
    call(18, 10, 1, 0xcff200) + call(18, 11, 1, 0xcff200) +
    expect(hex(GDT + 84), 0xcf9b00) + expect(hex(GDT + 92), 0xcf9300)),
  check("§5", "and so are 16 and 31", call(18, 16, 1, 0xcff200) +
    call(18, 31, 1, 0xcff200) + expect(hex(GDT + 132), 0xff008bc0) +
    expect(hex(GDT + 252), 0)),
  check("§5", "the task register is 0x80, there is no LDT",
    "xorl %eax, %eax\n str %eax\n" + expect("%eax", 0x80, 0xffff) +
    "sldt %eax\n" + expect("%eax", 0, 0xffff)),
  check("§5", "a descriptor in our own low memory is none: #GP",
    store("0x3008", 0xffff, 0xcfb300) + trap(13, 0x8e00,
      "movl $0x300d, %eax\n movl %eax, %fs", () =>
        expect("(%esp)", 0x300c))),
  check("§5", "a segment's base counts",
    store("scratch", 0x1234, 0x5678) + "movl $scratch, %ecx\n" +
    "movl %ecx, %edx\n shll $16, %ecx\n movw $0xfff, %cx\n" +
    "shrl $16, %edx\n andl $0xff, %edx\n orl $0x40f200, %edx\n" +
    "movl $18, %eax\n movl $24, %ebx\n int $0x1f\n" +
    "movl $0xc3, %eax\n movl %eax, %fs\n movl %fs:4, %eax\n" +
    expect("%eax", 0x5678)),
  check("§5", "and its limit", trap(13, 0x8e00, "movl %fs:0x1000, %eax",
    (at) => expect("(%esp)", 0) + expect("4(%esp)", `$${at}`))),
  check("§5", "LOAD_TLS fills 6, 7 and 8",
    store("scratch", 0xffff, 0xcff200, 0xffff, 0xcf9200, 0, 0) +
    call(16, "$scratch") + lar(0x33) + expect("%eax", 0xf300, 0xff00) +
    lar(0x39) + expect("%eax", 0xb300, 0xff00) + lar(0x43) +
    expect("%eax", 0)),
  check("§5", "a TLS segment can be loaded at once",
    "movl $0x33, %eax\n movl %eax, %gs\n movl %gs, %eax\n" +
    expect("%eax", 0x33)),
  check("§5", "what isn't there can't be loaded: #GP with the selector",
    trap(13, 0x8e00, "movl $0xb3, %eax\n movl %eax, %ds", () =>
      expect("(%esp)", 0xb0))),
  check("§2.2", "kernel code and data are flat, with DPL 1",
    lar(0x61) + expect("%eax", 0xc0bb00, 0xf0ff00) + lar(0x69) +
    expect("%eax", 0xc0b300, 0xf0ff00)),
  check("§9", "sgdt and sidt show the state page", "sgdt scratch\n" +
    expect("scratch", 255, 0xffff) + expect("scratch + 2", GDT) +
    "sidt scratch\n" + expect("scratch", 2047, 0xffff) +
    expect("scratch + 2", IDT)),
  check("§9", "the TSS: esp0, ss0, and no I/O bitmap",
    expect(hex(TSS + 4), STATE) + expect(hex(TSS + 8), 0x58) +
    expect(hex(TSS + 100), 104 << 16)),
  check("§9.1", "and the stack that SET_STACK gave",
    call(7, 0x69, "$ring1_stack", 1) + expect(hex(TSS + 12),
      "$ring1_stack") + expect(hex(TSS + 16), 0x69)),
  check("§5", "what is not present: #NP with the selector, #SS for ss",
    call(18, 25, 0xffff, 0xcf1200) +
    trap(11, 0x8e00, "movl $0xc9, %eax\n movl %eax, %ds", (at) =>
      expect("(%esp)", 0xc8) + `movl $${at} + 5, %edx\n` +
      expect("4(%esp)", "%edx")) +
    trap(12, 0x8e00, "movl $0xc9, %eax\n movl %eax, %ss", () =>
      expect("(%esp)", 0xc8))),
  check("§5", "LOAD_TLS doesn't ask which CPU",
    "xorl %eax, %eax\n movl %eax, %gs\n" +
    store("scratch", 0xffff, 0xcf9200) + call(16, "$scratch", 7) +
    lar(0x31) + expect("%eax", 0xb300, 0xff00)),
] };

/** A gate of the real IDT: selector, type and DPL. */
const gateIs = (vector: number, selector: number, kind: number) =>
  `movl ${hex(IDT + 8 * vector)}, %eax\n shrl $16, %eax\n` +
  expect("%eax", selector) +
  expect(hex(IDT + 8 * vector + 4), kind, 0xff00);

const idt: Inquiry = { name: "idt", stage: "linear", checks: [
  check("§6", "at first all gates are the Switcher's, with DPL 0",
    [0, 3, 13, 14, 0x80, 255].map((n) => gateIs(n, 0x50, 0x8e00)).join("")),
  check("§6", "but the hypercall's, with DPL 1", gateIs(0x1f, 0x50, 0xae00)),
  ...[2, 8, 15, 0x1f].map((n) => check("§6", `vector ${n} is ignored`,
    call(6, n, 0x611234, 0xef00) +
    gateIs(n, 0x50, n === 0x1f ? 0xae00 : 0x8e00))),
  ...[0, 3, 4, 5, 6, 9, 10, 11, 12, 16, 17, 31 - 1, 0x80].map((n) =>
    check("§6", `a trap gate for ${n} is direct`,
      call(6, n, 0x601234, 0xaf00) + gateIs(n, 0x61, 0xaf00) +
      call(6, n, 0, 0) + gateIs(n, 0x50, 0x8e00))),
  check("§20", "a trap gate for 1 is not, but lends its DPL",
    call(6, 1, 0x601234, 0xef00) + gateIs(1, 0x50, 0xee00) +
      call(6, 1, 0, 0) + gateIs(1, 0x50, 0x8e00)),
  ...[7, 13, 14, 32, 33, 129].map((n) =>
    check("§6", `a trap gate for ${n} is not`,
      call(6, n, 0x611234, 0xef00) + gateIs(n, 0x50, 0x8e00) +
      call(6, n, 0, 0))),
  check("§6", "an interrupt gate lends its DPL to the stub",
    call(6, 3, 0x611234, 0xee00) + gateIs(3, 0x50, 0xee00) +
    call(6, 0x80, 0x611234, 0xae00) + gateIs(0x80, 0x50, 0xae00) +
    call(6, 3, 0, 0) + call(6, 0x80, 0, 0)),
  check("§6", "bits 0 to 7 and bit 12 of the high word are dropped",
    call(6, 6, 0x611234, 0x109fff) + expect(hex(IDT + 52), 0x108f00) +
    call(6, 6, 0, 0)),
  ...([[2, 0x12], [8, 0x42], [0x20, 0x102], [0x80, 0x402], [0xef, 0x77a]] as
    const).map(([n, error]) => check("§6",
    `int ${hex(n)} without a gate for ring 1 is #GP(${hex(error)})`,
    trap(13, 0x8e00, `int $${n}`, () => expect("(%esp)", error)))),
] };

/** What traps, with which vector, and how far eip is behind `at`. */
const TRAPS: [name: string, vector: number, text: string, eip: number][] = [
  ["a division by zero", 0, "divl zero_word", 0],
  ["a breakpoint", 3, "int3", 1],
  ["an overflow", 4, "movb $0x7f, %al\n addb $1, %al\n into", 5],
  ["a bound", 5, "boundl %esp, scratch", 0],
  ["an invalid opcode", 6, "ud2", 0],
  ["int $0x80", 0x80, "int $0x80", 2],
];
const frame = (at: string, eip: number) => "movl saved, %eax\n" +
  "subl %esp, %eax\n" + expect("%eax", 12) + `movl $${at} + ${eip}, %edx\n` +
  expect("(%esp)", "%edx") + expect("4(%esp)", 0x61);

const traps: Inquiry = { name: "traps", stage: "linear", checks: [
  ...TRAPS.flatMap(([name, vector, text, eip]) => [0xae00, 0xaf00].map(
    (type) => check(type === 0xae00 ? "§7" : "§6",
      `${name}, ${type === 0xae00 ? "reflected" : "direct"}: the frame`,
      store("scratch", 0, 0) + trap(vector, type,
        text.replace("zero_word", "scratch"), (at) => frame(at, eip) +
          expect(data(0), type === 0xae00 ? 0 : 0x200))))),
  ...[0x8e00, 0x8f00].map((type) => check("§7",
    `#GP has its error code on top, ${type === 0x8e00 ? "interrupt" : "trap"}` +
      " gate", trap(13, type, "movl $0x9b, %eax\n movl %eax, %es", (at) =>
      "movl saved, %eax\n subl %esp, %eax\n" + expect("%eax", 16) +
      expect("(%esp)", 0x98) + `movl $${at} + 5, %edx\n` +
      expect("4(%esp)", "%edx") + expect("8(%esp)", 0x61) +
      expect(data(0), type === 0x8e00 ? 0 : 0x200)))),
  check("§7", "TF, NT and AC: the frame has them, TF and NT are off",
    trap(6, 0x8e00, "pushl $0x4202\n popfl\n ud2", () =>
      expect("8(%esp)", 0x4000, 0x4000) + expectFlags(0, 0x4100))),
  check("§7", "a single step is trap 1, behind the instruction",
    trap(1, 0x8e00, "pushl $0x302\n popfl\n nop", (at) =>
      `movl $${at} + 7, %edx\n` + expect("(%esp)", "%edx") +
      expect("8(%esp)", 0x100, 0x100) + expectFlags(0, 0x100))),
  check("§7", "iret takes us back, with the flags that were",
    gate(6, "skip_it") + "stc\n std\n ud2\n pushfl\n popl %eax\n cld\n" +
    expect("%eax", 0x401, 0x401) + gate(6, undefined) +
    "movl $0x200, data\n jmp 7f\nskip_it: addl $2, (%esp)\n iret\n7:\n"),
  check("§7", "a trap in a handler goes below the first",
    trap(6, 0x8e00, "ud2", () => gate(3, "inner", 0xae00) + "movl %esp, %edi\n" +
      "int3\n jmp 6f\ninner: movl %edi, %eax\n subl %esp, %eax\n" +
      expect("%eax", 12) + "iret\n6:\n" + gate(3, undefined))),
  check("§7", "all registers go through a trap",
    trap(6, 0x8e00, "movl $1, %eax\n movl $2, %ebx\n movl $3, %ecx\n" +
      "movl $4, %edx\n movl $5, %esi\n movl $6, %edi\n movl $7, %ebp\n ud2",
    () => "pushal\n" + [6, 5, 7, undefined, 2, 4, 3, 1].map((n, i) =>
      n === undefined ? "" : expect(`${4 * i}(%esp)`, n)).join("") +
      "addl $32, %esp\n")),
  check("§7", "#NM while TS is set",
    call(8, 1) + trap(7, 0x8e00, ".byte 0xd9, 0xd0", (at) =>
      frame(at, 0)) + call(8, 0)),
  check("§7", "WAIT, too, while TS is set", call(8, 1) +
    trap(7, 0x8e00, "fwait", (at) => frame(at, 0)) + call(8, 0)),
  check("§7", "and none while it isn't: nobody hears an escape",
    "movl $0x5a5a, %eax\n fwait\n fninit\n fnstsw %ax\n" +
    expect("%eax", 0x5a5a)),
  check("§12.1", "sti is #GP(0)", trap(13, 0x8e00, "sti", (at) =>
    expect("(%esp)", 0) + expect("4(%esp)", `$${at}`))),
  check("§12.1", "cli is skipped, and turns nothing off",
    "cli\n" + expect(data(0), 0x200) + expectFlags(0x200, 0x200)),
  check("§12.1", "a port nobody has is ones; sizes merge into eax",
    "movl $0x12345678, %eax\n inb $0x70, %al\n" +
    expect("%eax", 0x123456ff) + "movl $0x12345678, %eax\n" +
    "inw $0x70, %ax\n" + expect("%eax", 0x1234ffff) + "inl $0x70, %eax\n" +
    expect("%eax", -1)),
  check("§12.1", "port 0x64 is 1", "movl $0, %eax\n inb $0x64, %al\n" +
    expect("%eax", 1)),
  check("§20", "ports 0x42 and 0x61 have an answer that ends the wait",
    "movl $-1, %eax\n inb $0x42, %al\n" + expect("%eax", -256) +
    "inb $0x61, %al\n" + expect("%eax", 0xffffff20)),
  check("§20", "out is ignored, and all registers stay",
    "movl $0x80, %edx\n movl $7, %eax\n outb %al, %dx\n outw %ax, $0x81\n" +
    "outl %eax, %dx\n" + expect("%eax", 7) + "movl %edx, %eax\n" +
    expect("%eax", 0x80)),
  check("§20", "cr0 without paging, TS as it is; cr3 and cr4 are 0",
    "mov %cr0, %eax\n" + expect("%eax", 0x10011) + "movl $8, %eax\n" +
    "mov %eax, %cr0\n mov %cr0, %eax\n" + expect("%eax", 0x10019) +
    "movl $0, %eax\n mov %eax, %cr0\n mov %cr3, %eax\n" +
    expect("%eax", 0) + "mov %cr4, %eax\n" + expect("%eax", 0)),
  check("§20", "rdmsr reads 0 while there is no gate 13",
    "movl $9, %eax\n movl $9, %edx\n movl $0x10, %ecx\n rdmsr\n" +
    "orl %edx, %eax\n" + expect("%eax", 0)),
  check("§12.1", "and is #GP(0) once there is one",
    trap(13, 0x8e00, "rdmsr", () => expect("(%esp)", 0))),
  check("§20", "hlt is HALT", timer(call(9, 50000) + "hlt\n", () => "")),
  check("§9.1", "sysenter is #GP(0)", trap(13, 0x8e00, ".byte 0x0f, 0x34",
    () => expect("(%esp)", 0))),
  check("§1", "ring 0 is not ours: a host call is an invalid opcode",
    trap(6, 0x8e00, ".byte 0x0f, 0x3f, 1", (at) => frame(at, 0))),
  check("§20", "clts is TS 0", call(8, 1) + "clts\n mov %cr0, %eax\n" +
    expect("%eax", 0, 8)),
  check("§20", "debug registers are 0, whatever is written",
    "movl $-1, %eax\n mov %eax, %dr7\n mov %eax, %dr0\n" +
    "mov %dr7, %ebx\n mov %dr0, %ecx\n orl %ecx, %ebx\n" +
    expect("%ebx", 0)),
  check("§20", "wbinvd does nothing", "wbinvd\n"),
  check("§14", "cpuid is the CPU's own: it has a leaf 1, and pages with G",
    "xorl %eax, %eax\n cpuid\n testl %eax, %eax\n setz %al\n" +
    "movzbl %al, %eax\n" + expect("%eax", 0) +
    "movl $1, %eax\n cpuid\n" + expect("%edx", 0x2010, 0x2010)),
  check("§14", "the flags ID and AC can be set",
    "pushl $0x240202\n popfl\n" + expectFlags(0x240000, 0x240000) +
    "pushl $0x202\n popfl\n"),
] };

/** From ring 3: error code or none, then eip, cs, eflags, esp, ss. */
const userFrame = (error: number | undefined, at?: string) => {
  const e = error === undefined ? 0 : 4;
  return "movl $0x69, %eax\n movl %eax, %ds\n movl %eax, %es\n" +
    `movl $ring1_stack - ${20 + e}, %edx\n movl %esp, %eax\n` +
    expect("%eax", "%edx") + (e ? expect("(%esp)", error!) : "") +
    (at ? expect(`${e}(%esp)`, `$${at}`) : "") +
    expect(`${e + 4}(%esp)`, 0x73) + expect(`${e + 8}(%esp)`, 0x200, 0x3300) +
    expect(`${e + 12}(%esp)`, "$user_stack") +
    expect(`${e + 16}(%esp)`, 0x7b);
};
let users = 0;
/** A trap out of ring 3. */
function userTrap(
  vector: number, type: number, text: string, error?: number, more = "",
): string {
  const there = `user_${users++}`;
  return trap(vector, type, descend(`${there}: ${text}`), () =>
    userFrame(error, there) + more);
}

const ring3: Inquiry = { name: "ring3", stage: "paged", checks: [
  check("§6", "a system call: the frame on the ring-1 stack",
    program("movl $0x1234, %eax") + expect("user_eax", 0x1234) +
    "movl $ring1_stack - 20, %edx\n" + expect("user_frame", "%edx") +
    expect("ring1_stack - 16", 0x73) + expect("ring1_stack - 12", 0x200,
      0x3300) + expect("ring1_stack - 8", "$user_stack") +
    expect("ring1_stack - 4", 0x7b)),
  check("§6", "a trap gate leaves irq_enabled alone",
    program("") + expect(data(0), 0x200)),
  check("§6", "an interrupt gate turns it off, and costs a reflection",
    gate(0x80, "system_call", 0xee00) + program("") + expect(data(0), 0) +
    "movl $0x200, data\n" + gate(0x80, "system_call", 0xef00)),
  check("§3", "a hypercall from ring 3 is #GP(0xfa)",
    userTrap(13, 0x8e00, "int $0x1f", 0xfa)),
  check("§6", "an interrupt of the Host's from ring 3 is #GP",
    userTrap(13, 0x8e00, "int $0xef", 0x77a)),
  ...["cli", "sti", "hlt", "inb $0x60, %al", "mov %cr3, %eax", "clts",
    "invlpg (%eax)", "rdmsr", "wbinvd"].map((text) => check("§12.1",
    `${text.split(" ")[0]} in ring 3 is #GP(0)${text.includes("cr3")
      ? ", of a control register" : ""}`, userTrap(13, 0x8e00, text, 0))),
  check("§7", "a division by zero, reflected",
    store("scratch", 0) + userTrap(0, 0x8e00, "divl scratch")),
  check("§6", "a division by zero, direct",
    store("scratch", 0) + userTrap(0, 0x8f00, "divl scratch")),
  check("§7", "an invalid opcode, reflected", userTrap(6, 0x8e00, "ud2")),
  check("§6", "an invalid opcode, direct", userTrap(6, 0x8f00, "ud2")),
  check("§6", "int3 needs a gate with DPL 3",
    gate(3, "differs", 0x8f00) + userTrap(13, 0x8e00, "int3", 0x1a) +
    gate(3, undefined)),
  check("§7", "a page that isn't there: #PF(4), and cr2 in lguest_data",
    userTrap(14, 0x8e00, "movl 0x10000000, %eax", 4,
      expect(data(8), 0x10000000))),
  check("§7", "a write there: #PF(6)",
    userTrap(14, 0x8e00, "movl %eax, 0x10000004", 6,
      expect(data(8), 0x10000004))),
  check("§8.2", "a kernel's page read: #PF(5)",
    `andl $~4, ${pte(0x190000)}\n` + call(14, 0x200000, 0x190000, 0) +
    "movl 0x190000, %eax\n" +
    userTrap(14, 0x8e00, "movl 0x190000, %eax", 5)),
  check("§8.2", "and written: #PF(7)",
    "movl %eax, 0x190000\n" +
    userTrap(14, 0x8e00, "movl %eax, 0x190000", 7)),
  ...[0xffc00000, 0xffc01ffc, 0xffc02000].map((address) => check("§8.5",
    `${hex(address)} from ring 3: #PF(5)`,
    userTrap(14, 0x8e00, `movl ${hex(address)}, %eax`, 5,
      expect(data(8), address)))),
  check("§8.5", "the Switcher's code from ring 3: #PF(5)",
    trap(14, 0x8e00, descend("movl $0xffc00000, %eax\n jmp *%eax"), () => "movl $0x69, %eax\n" +
      "movl %eax, %ds\n" + expect("(%esp)", 5) + expect("4(%esp)",
      0xffc00000))),
  check("§4", "a timer interrupt in ring 3, on the ring-1 stack",
    timer(call(9, 30000), () => userFrame(undefined), 0x8e00,
      descend("5: jmp 5b"))),
  check("§8.2", "a page of ring 3 behind an entry of the kernel's: #PF(5)",
    "movl $0x201003, 0x200208\n" + "movl 0x2098b000, %eax\n" +
    userTrap(14, 0x8e00, "movl 0x2098b000, %eax", 5,
      expect(data(8), 0x2098b000))),
  check("§4", "in ring 3, too, it waits while irq_enabled is 0",
    gate(32, "differs") + "movl $0, data\n movl $0, data + 4\n" +
    call(9, 1000) + program("movl $9000, %ecx\n 7: loop 7b") + call(0) +
    expect(data(20), 0x200) + gate(32, undefined) +
    timer("movl $0x200, data\n" + call(19), () => "")),
  check("§4", "at noirq_iret the frame may be one for ring 3",
    timer("movl $0, data\n" + call(9, 1000) + SPIN +
      "pushl $0x7b\n pushl $user_stack\n pushl $0x202\n pushl $0x73\n" +
      "pushl $differs\n movl $0x200, data\n" + call(19) +
      "last_iret: iret\n", () => "movl saved, %eax\n subl %esp, %eax\n" +
      expect("%eax", 20) + expect("(%esp)", "$differs") +
      expect("4(%esp)", 0x73) + expect("16(%esp)", 0x7b))),
  check("§14", "cpuid and rdtsc are for programs as well",
    program("xorl %eax, %eax\n cpuid\n movl %eax, %esi\n rdtsc\n" +
      "orl %esi, %eax\n setz %al\n movzbl %al, %eax") +
    expect("user_eax", 0)),
  check("§6", "an odd address with AC set: #AC(0)",
    trap(17, 0x8e00, descend("pushl $0x40202\n popfl\n" +
      "unaligned: movl scratch + 1, %eax"), () =>
      expect("(%esp)", 0) + expect("4(%esp)", "$unaligned") +
      expect("12(%esp)", 0x40000, 0x40000))),
  check("§6", "int3 through an interrupt gate with DPL 3: the frame",
    userTrap(3, 0xee00, "int3").replaceAll(
      /(movl \$user_\d+), %ecx/g, "$1 + 1, %ecx")),
] };

const shadow: Inquiry = { name: "shadow", stage: "paged", checks: [
  check("§8.2", "a read sets A, and not D",
    "movl 0x180000, %eax\n" + expect(pte(0x180000), 0x20, 0x60)),
  check("§8.2", "the first write after it sets D",
    "movl %eax, 0x180000\n" + expect(pte(0x180000), 0x60, 0x60)),
  check("§8.2", "a first write sets both",
    "movl %eax, 0x181000\n" + expect(pte(0x181000), 0x60, 0x60)),
  check("§8.2", "read-only means that in ring 1 too: #PF(3)",
    `movl $0x182005, ${pte(0x182000)}\n` + "movl 0x182000, %eax\n" +
    trap(14, 0x8e00, "movl %eax, 0x182000", (at) => expect("(%esp)", 3) +
      expect("4(%esp)", `$${at}`) + expect(data(8), 0x182000))),
  check("§8.2", "a page that isn't there, read: #PF(0)",
    trap(14, 0x8e00, "movl 0x20000000, %eax", () => expect("(%esp)", 0) +
      expect(data(8), 0x20000000))),
  check("§8.2", "and written: #PF(2)",
    trap(14, 0x8e00, "movl %eax, 0x20000008", () => expect("(%esp)", 2) +
      expect(data(8), 0x20000008))),
  check("§8.2", "a jump to nowhere: the fault is there",
    trap(14, 0x8e00, "movl $0x20000000, %eax\n jmp *%eax", () =>
      expect("4(%esp)", 0x20000000))),
  check("§8.2", "an entry that we make is seen without a call",
    "movl $0x20000007, %eax\n movl $0x201007, 0x200200\n" +
    "movl $0x4321, 0x183000\n movl 0x20183000, %eax\n" +
    expect("%eax", 0x4321)),
  check("§8.3", "an entry that we change isn't, until SET_PTE",
    store("0x184000", 0x111) + store("0x185000", 0x222) +
    `movl $0x185067, ${pte(0x184000)}\n` + expect("0x184000", 0x111) +
    call(14, 0x200000, 0x184000, 0x185067) + expect("0x184000", 0x222)),
  check("§8.3", "SET_PTE 0 has the table looked up again",
    `movl $0x184067, ${pte(0x184000)}\n` + call(14, 0x200000, 0x184000, 0) +
    expect("0x184000", 0x111)),
  check("§8.3", "SET_PTE of another directory does nothing here",
    `movl $0x185067, ${pte(0x184000)}\n` +
    call(14, 0x300000, 0x184000, 0x185067) + expect("0x184000", 0x111)),
  check("§8.3", "FLUSH_TLB 0 forgets what is below the kernel",
    call(5, 0) + expect("0x184000", 0x222)),
  check("§8.3", "but not the kernel's",
    "movl 0xc0184000, %eax\n movl $0x185067, 0x202610\n" + call(5, 0) +
    expect("0xc0184000", 0x111)),
  check("§8.3", "FLUSH_TLB 1 forgets everything",
    call(5, 1) + expect("0xc0184000", 0x222)),
  check("§8.3", "SET_PGD forgets four megabytes",
    `movl $0x184067, ${pte(0x184000)}\n` + call(15, 0x200000, 0) +
    expect("0x184000", 0x111)),
  check("§8.3", "one page at two addresses is one page",
    store("0x186000", 0x77) + expect("0xc0186000", 0x77)),
  check("§8.3", "another directory has other pages",
    "movl $0x208007, 0x204000\n movl 0x200c00, %eax\n" +
    "movl %eax, 0x204c00\n movl $0x201000, %esi\n movl $0x208000, %edi\n" +
    "movl $1024, %ecx\n rep movsl\n movl $0x187067, 0x208610\n" +
    store("0x187000", 0x333) + call(4, 0x204000) +
    expect("0x184000", 0x333) + call(4, 0x200000) +
    expect("0x184000", 0x111)),
  check("§8.3", "NEW_PGTABLE of a directory that we know forgets nothing",
    `movl $0x185067, ${pte(0x184000)}\n` + call(4, 0x204000) +
    call(4, 0x200000) + expect("0x184000", 0x111)),
  check("§20", "a move to cr3 forgets it, in both halves",
    "movl $0x184067, 0x202610\n" + expect("0xc0184000", 0x222) +
    "mov %cr3, %eax\n mov %eax, %cr3\n" + expect("0x184000", 0x222) +
    expect("0xc0184000", 0x111) + `movl $0x184067, ${pte(0x184000)}\n` +
    call(14, 0x200000, 0x184000, 0)),
  check("§8.3", "more directories than four can be had in turn",
    [5, 6, 7, 9, 10].map((n) => "movl $0x201007, 0x20" +
      `${n.toString(16)}000\n movl $0x202007, 0x20${n.toString(16)}c00\n` +
      call(4, 0x200000 + n * 4096) + expect("0x184000", 0x111)).join("") +
    call(4, 0x204000) + expect("0x184000", 0x333) + call(4, 0x200000)),
  check("§20", "cr3 is what NEW_PGTABLE said, and a move changes it",
    "mov %cr3, %eax\n" + expect("%eax", 0x200000) + "movl $0x204000, %eax\n" +
    "mov %eax, %cr3\n" + expect("0x184000", 0x333) + "mov %cr3, %eax\n" +
    expect("%eax", 0x204000) + "movl $0x200000, %eax\n mov %eax, %cr3\n"),
  check("§8.5", "the Switcher's text can be read, but not written: #PF(3)",
    trap(14, 0x8e00, "movl 0xffc00000, %eax\n movl %eax, 0xffc00000", () =>
      expect("(%esp)", 3) + expect(data(8), 0xffc00000))),
  check("§8.5", "the state page is read-only: #PF(3)",
    trap(14, 0x8e00, "movl %eax, 0xffc02004", () => expect("(%esp)", 3))),
  check("§8.5", "the registers' page is ours to spoil",
    store("0xffc01ffc", 0x99) + store("0xffc01000", 0x98) + call(0) +
    expect("0xffc01000", 0x98)),
  check("§8.5", "other CPUs' pages aren't there: #PF(0)",
    trap(14, 0x8e00, "movl 0xffc03000, %eax", () => expect("(%esp)", 0))),
  check("§8.2", "a device's page is the Launcher's, which sends #PF back",
    `movl $0x410007, ${pte(0x188000)}\n` + trap(14, 0x8e00,
      "movl 0x188044, %eax", (at) => expect("4(%esp)", `$${at}`) +
      expect(data(8), 0x188044))),
  check("§8.4", "a pinned stack survives FLUSH_TLB 1",
    call(5, 1) + program("movl $5, %eax") + expect("user_eax", 5)),
  check("§3", "hypercall 4 preserves all registers",
    preserved(4, [0x200000, 0, 0])),
  check("§8.3", "SET_PTE of the kernel's is for all directories",
    "movl 0xc0189000, %eax\n" + store("0x18a000", 0x444) + call(4, 0x204000) +
    "movl 0xc0189000, %eax\n movl $0x18a067, 0x202624\n" +
    call(14, 0x204000, 0xc0189000, 0x18a067) +
    expect("0xc0189000", 0x444) + call(4, 0x200000) +
    expect("0xc0189000", 0x444)),
  check("§8.3", "SET_PTE with A and without D: the first write sets D",
    `movl $0x18d027, ${pte(0x18d000)}\n` +
    call(14, 0x200000, 0x18d000, 0x18d027) + "movl 0x18d000, %eax\n" +
    expect(pte(0x18d000), 0x20, 0x60) + "movl %eax, 0x18d000\n" +
    expect(pte(0x18d000), 0x60, 0x60)),
  check("§8.3", "SET_PTE with D and without A: the next access sets A",
    `movl $0x18d047, ${pte(0x18d000)}\n` +
    call(14, 0x200000, 0x18d000, 0x18d047) +
    expect(pte(0x18d000), 0x40, 0x60) + "movl 0x18d000, %eax\n" +
    expect(pte(0x18d000), 0x60, 0x60)),
  check("§8.3", "SET_PTE of what isn't present takes any number",
    call(14, 0x200000, 0x18e000, 0xffffe0fe) + expect("0x18e000", 0)),
  check("§8.2", "PWT, PCD, G and the three free bits are the Guest's",
    `movl $0x18cf1f, ${pte(0x18c000)}\n` +
    call(14, 0x200000, 0x18c000, 0) + "movl %eax, 0x18c000\n" +
    expect(pte(0x18c000), 0x18cf7f)),
  check("§8.2", "a read-only directory entry forbids as well: #PF(3)",
    "movl $0x201005, 0x200204\n movl 0x2058b000, %eax\n" +
    trap(14, 0x8e00, "movl %eax, 0x2058b000", (at) => expect("(%esp)", 3) +
      expect("4(%esp)", `$${at}`) + expect(data(8), 0x2058b000))),
  check("§8.2", "and allows again, without a call",
    "movl $0x201007, 0x200204\n" + store("0x2058b000", 0x555) +
    expect("0x18b000", 0x555)),
  check("§8.2", "one access over two pages: each is filled",
    store("0x18fffe", 0x87654321) + "movl 0x190000, %eax\n" +
    expect("%eax", 0x8765, 0xffff) + expect(pte(0x18f000), 0x60, 0x60) +
    expect(pte(0x190000), 0x60, 0x60)),
] };

/** Those about the Host, which has pages for each CPU. */
export const hostInquiries: readonly Inquiry[] =
  [boot, hypercalls, interrupts, segments, idt, traps, ring3, shadow];
