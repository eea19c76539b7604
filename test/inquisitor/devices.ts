// The questions about /dev/lguest and the Launcher's devices.
import { call, check, descend, ends, expect, gate, program, says, trap }
  from "./library";
import type { Inquiry } from "./library";

const hex = (n: number) => `0x${(n >>> 0).toString(16)}`;
const store = (address: number, ...words: number[]) => words.map((w, i) =>
  `movl $${hex(w)}, ${hex(address + 4 * i)}\n`).join("");
const each = <T>(list: readonly T[], text: (one: T, i: number) => string) =>
  list.map(text).join("");

/** Slots of devices, and where the first one's registers are. */
const CONSOLE = 1, DISK = 2, RNG = 3, CARD = 4, MEMORY = 0x200000,
  BASE = 0x300000;
const register = (offset: number, slot = CONSOLE) =>
  hex(BASE + 0x1000 * (slot - 1) + offset);
const LINEAR = { stage: "linear", memory: MEMORY } as const;
const letter: Record<number, string> = { 1: "b", 2: "w", 4: "l" };
const accumulator: Record<number, string> = { 1: "%al", 2: "%ax", 4: "%eax" };

const irqEnabled = (wanted: number) => expect("data", wanted);
let places = 0;
/** A trap that the Launcher has sent back: where it happened, error code and
 * interrupt flag. `prepare` may use all registers. */
function sentBack(
  prepare: string, text: string, { vector = 13, error = 0, type = 0x8e00,
    more = "" } = {},
): string {
  const place = `place_${places++}`;
  return trap(vector, type, `${prepare}\n${place}: ${text}`, () =>
    "movl saved, %eax\n subl %esp, %eax\n" + expect("%eax", 16) +
    expect("(%esp)", error) + expect("4(%esp)", `$${place}`) +
    expect("8(%esp)", 0x61) + irqEnabled(type === 0x8e00 ? 0 : 0x200) + more);
}

const REGISTERS = ["edi", "esi", "ebp", "esp", "ebx", "edx", "ecx", "eax"];
/** All registers but some are what they were, and so is the stack. */
function onlyChanges(text: string, changed: Record<string, number>): string {
  const value = (i: number) => 0x01010101 * (i + 1);
  return "movl %esp, saved\n" + each(REGISTERS, (name, i) =>
    name === "esp" ? "" : `movl $${hex(value(i))}, %${name}\n`) +
    `${text}\n pushal\n` + each(REGISTERS, (name, i) => name === "esp"
    ? expect(`${4 * i}(%esp)`, "saved")
    : expect(`${4 * i}(%esp)`, changed[name] ?? value(i))) +
    "movl saved, %esp\n";
}

// --- Configuration space.

const ENABLED = 0x80000000;
const select = (slot: number, at: number, more = ENABLED) =>
  `movl $${hex(more | slot << 11 | at & 0xfc)}, %eax\n` +
  "movw $0xcf8, %dx\n outl %eax, %dx\n";
const out = (port: number, size: number, value: number) =>
  `movl $${hex(value)}, %eax\n movw $${hex(port)}, %dx\n` +
  `out${letter[size]} ${accumulator[size]}, %dx\n`;
const input = (port: number, size: number, wanted: number) =>
  `movl $0, %eax\n movw $${hex(port)}, %dx\n` +
  `in${letter[size]} %dx, ${accumulator[size]}\n` + expect("%eax", wanted);
/** What is read there is this. */
const config = (slot: number, at: number, wanted: number, size = 4) =>
  select(slot, at) + input(0xcfc + (at & 3), size, wanted);
const put = (slot: number, at: number, size: number, value: number) =>
  select(slot, at) + out(0xcfc + (at & 3), size, value);
const forbidden = (slot: number, at: number, size: number, value = 0) =>
  sentBack(select(slot, at) + `movl $${hex(value)}, %eax\n` +
    `movw $${hex(0xcfc + (at & 3))}, %dx`,
  `out${letter[size]} ${accumulator[size]}, %dx`);
const window = (offset: number, length: number) => put(1, 0x88, 1, 0) +
  put(1, 0x90, 4, length) + put(1, 0x8c, 4, offset);

// --- Registers and queues.

const is = (offset: number, size: number, wanted: number, slot = CONSOLE) =>
  "movl $0, %eax\n" + `mov${letter[size]} ${register(offset, slot)}, ` +
  `${accumulator[size]}\n` + expect("%eax", wanted);
const set = (offset: number, size: number, value: number, slot = CONSOLE) =>
  `movl $${register(0, slot)}, %ebx\n` +
  `mov${letter[size]} $${hex(value)}, ${offset}(%ebx)\n`;
const status = (value: number, slot = CONSOLE) => set(20, 1, value, slot);
/** As far as a driver that has read what is offered. */
const driver = (slot = CONSOLE) => each([0, 1, 3], (n) => status(n, slot));
const accepts = (low: number, high: number, slot = CONSOLE) =>
  set(8, 4, 0, slot) + set(12, 4, low, slot) + set(8, 4, 1, slot) +
  set(12, 4, high, slot);
const agreed = (slot = CONSOLE) =>
  driver(slot) + accepts(0, 1, slot) + status(11, slot);

/** Where a queue lies, and a buffer. */
const DESC = 0x180000, AVAIL = 0x180100, USED = 0x180200, BUFFER = 0x180400;
const queue = (n: number, slot = CONSOLE) => set(22, 2, n, slot) +
  set(24, 2, 4, slot) + set(32, 4, DESC, slot) + set(40, 4, AVAIL, slot) +
  set(48, 4, USED, slot) + set(28, 2, 1, slot);
const empty = `movl $${DESC}, %edi\n xorl %eax, %eax\n movl $512, %ecx\n` +
  "rep stosl\n";
/** A device that is ready, with one queue. */
const ready = (n: number, slot = CONSOLE) =>
  calm(slot) + empty + agreed(slot) + queue(n, slot) + status(15, slot);
const NEXT = 1, WRITE = 2;
/** The descriptors of one chain: address, length, flags. */
const chain = (...parts: [number, number, number][]) => each(parts,
  ([address, length, flags], i) => store(DESC + 16 * i, address, 0, length,
    i + 1 < parts.length ? flags | NEXT | i + 1 << 16 : flags));
/** So many chains have been made available, all of descriptor 0. */
const available = (count: number, flags = 0) =>
  store(AVAIL, flags | count << 16);
const notify = (n: number, slot = CONSOLE) => set(0x38, 2, n, slot);
const used = (count: number, length?: number) => expect(hex(USED),
  count << 16) + (length === undefined ? ""
  : expect(hex(USED + 4), 0) + expect(hex(USED + 8), length));
const usedHeads = (...heads: number[]) => each(heads, (head, i) =>
  expect(hex(USED + 4 + 8 * i), head));
const letters = store(BUFFER, 0x64636261) + each([0, 1, 2, 3], (n) =>
  store(DESC + 16 * n, BUFFER + n, 0, 1, 0));
const HI = 0x00006968;
const hi = store(BUFFER, HI) + chain([BUFFER, 2, 0]);

/** None of a device's interrupts waits from earlier questions. */
const calm = (slot: number) => gate(32 + slot, "nothing", 0x8f00) +
  `movl $1, data + 4\n${call(19)}` + gate(32 + slot, undefined);
/** An interrupt of a device's, while `wait` goes on. */
const interrupt = (
  slot: number, prepare: string, look: string, wait = "9: jmp 9b",
) => trap(32 + slot, 0x8e00, `${prepare}movl $0, data + 4\n${wait}`,
  () => look) + "movl $1, data + 4\n";
const SPIN = "movl $1000, %ecx\n8: loop 8b\n";
const quiet = (slot: number, text: string) => gate(32 + slot, "differs") +
  `movl $0, data + 4\n${text}${SPIN}${call(0)}` + gate(32 + slot, undefined);

const PATTERN = 0x12345678;
const requests: Inquiry = { name: "requests", ...LINEAR, checks: [
  check("§11", "an in changes its register, and no other",
    onlyChanges("inb $0x64, %al", { eax: 0x08080801 })),
  check("§11", "an out changes none",
    onlyChanges("outl %eax, $0x80", {})),
  check("§11", "a move from a device changes its register, and no other",
    onlyChanges(`movl ${register(0x3c)}, %ecx`, { ecx: 0x190050 })),
  check("§11", "a move to a device changes none",
    onlyChanges(`movw %cx, ${register(22)}`, {}) + is(22, 2, 0x0707)),
  ...["eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp"].map((name) =>
    check("§11", `SETREG and GETREG of ${name}, whole`,
      `movl %esp, saved\n movl $${PATTERN}, %${name}\n` +
      `movl %${name}, ${register(8)}\n movl $0, %${name}\n` +
      `movl ${register(8)}, %${name}\n movl %${name}, scratch\n` +
      "movl saved, %esp\n" + expect("scratch", PATTERN))),
  check("§11", "the flags stay",
    `pushl $0xed7\n popfl\n inb $0x64, %al\n movl ${register(0)}, %eax\n` +
    `movl %eax, ${register(0)}\n outb %al, $0x80\n pushfl\n popl %eax\n` +
    "cld\n" + expect("%eax", 0xed7, 0x7fff)),
  check("§11", "and the segments", "movl $0x69, %eax\n movl %eax, %fs\n" +
    `movl %eax, %gs\n inb $0x64, %al\n movl ${register(0)}, %eax\n` +
    each(["fs", "gs", "ds", "es", "ss"], (s) => `movl %${s}, %eax\n` +
      expect("%eax", 0x69)) + "movl %cs, %eax\n" + expect("%eax", 0x61)),
  check("§11", "TRAP by an interrupt gate: the frame, irq_enabled is off",
    sentBack("", "invd")),
  check("§11", "TRAP by a trap gate: the frame, irq_enabled is on",
    sentBack("", "invd", { type: 0x8f00 })),
  check("§11", "TRAP 14: the frame, and cr2 in lguest_data",
    sentBack("movl $0x3210, %eax", `xchgl %eax, ${register(0)}`,
      { vector: 14, error: 2, more: expect("data + 8", BASE) }) +
    is(0, 4, 0)),
  check("§11", "all registers go through a TRAP", trap(13, 0x8e00,
    each(REGISTERS, (name, i) => name === "esp" ? ""
      : `movl $${i + 1}, %${name}\n`) + "invd", () => "pushal\n" +
      each(REGISTERS, (name, i) => name === "esp" ? ""
        : expect(`${4 * i}(%esp)`, i + 1)) + "addl $32, %esp\n")),
  ends("§11", "TRAP 13 without a gate ends us",
    "invd", /^unhandled trap 13 at 0x[0-9a-f]+ \(0x0\)$/),
  ends("§11", "TRAP 14 without a gate ends us",
    `xchgl %eax, ${register(0)}`, /^unhandled trap 14 at 0x[0-9a-f]+ /),
  says("§11", "IRQ to one that runs: it is the slot's, at vector 33",
    ready(1) + hi + available(1) + interrupt(1, notify(1), ""), "hi"),
  says("§11", "what asked for it is done: the frame's eip is behind it",
    ready(1) + hi + available(1) + "movl $0, data + 4\n" +
    trap(33, 0x8e00, `movl $${BASE}, %ebx\n movl $1, %eax\n` +
      "noted: movw %ax, 0x38(%ebx)\n 9: jmp 9b", () =>
      "movl saved, %eax\n subl %esp, %eax\n" + expect("%eax", 12) +
      "movl $noted + 4, %edx\n" + expect("(%esp)", "%edx") + expect("8(%esp)", 0x200, 0x200)) +
    "movl $1, data + 4\n", "hi"),
  says("§11", "IRQ while irq_enabled is 0 waits, and irq_pending says so",
    ready(1) + hi + available(1) + interrupt(1, "movl $0, data + 4\n" +
      "movl $0, data\n" + notify(1) + SPIN + expect("data + 20", 0x200) +
      "movl $0x200, data\n" + call(19), ""), "hi"),
  says("§11", "IRQ that is masked waits, and nothing is pending",
    ready(1) + hi + available(1) + quiet(1, "movl $2, data + 4\n" +
      notify(1) + expect("data + 20", 0)) + interrupt(1, "", "", call(19)),
    "hi"),
  says("§11", "IRQ twice before it is taken is one",
    ready(1) + hi + available(1) + interrupt(1, "movl $0, data\n" +
      notify(1) + available(2) + notify(1) + "movl $0x200, data\n", "",
    call(19)) + quiet(1, call(19)), "hihi"),
  says("§11", "of two that wait the timer's comes first",
    ready(1) + hi + available(1) + "movl $0, data\n" + notify(1) +
    gate(33, "differs") + trap(32, 0x8e00, call(9, 1000) + SPIN +
      "movl $0, data + 4\n movl $0x200, data\n" + call(19), () =>
      "movl $3, data + 4\n") + gate(33, undefined) +
    interrupt(1, "", "", call(19)), "hi"),
  says("§11", "HALT with one that waits doesn't sleep",
    ready(1) + hi + available(1) + interrupt(1, "movl $0, data\n" +
      notify(1), expect("8(%esp)", 0x200, 0x200), call(10)), "hi"),
  check("§11", "IRQ to one that halts ends HALT", ready(0) +
    chain([BUFFER, 8, WRITE]) + available(1) + notify(0) +
    interrupt(1, "", used(1, 1), call(10))),
  check("§11", "in hlt as well, with irq_enabled off", ready(0) +
    chain([BUFFER, 8, WRITE]) + available(1) + notify(0) +
    interrupt(1, "movl $0, data\n", expect("8(%esp)", 0x200, 0x200) +
      used(1, 1), "hlt")),
] };

// --- Instructions.

/** Length: what comes behind is what is executed next. */
const follows = (text: string) => "movl $0, %edi\n" + `${text}\n incl %edi\n` +
  "movl %edi, scratch + 4\n";
const followed = () => expect("scratch + 4", 1);

/** A displacement that is no good as instructions: four times int3. */
const INT3S = "-0x33333334";
const FORMS: [name: string, prepare: string, operand: string][] = [
  ["an address", "", register(0)],
  ["(%esi)", `movl $${BASE}, %esi`, "(%esi)"],
  ["8(%ebp)", `movl $${BASE - 8}, %ebp`, "8(%ebp)"],
  ["-0x1000(%edx)", `movl $${BASE + 0x1000}, %edx`, "-0x1000(%edx)"],
  ["(%esp)", `movl $${BASE}, %esp`, "(%esp)"],
  ["4(%esp)", `movl $${BASE - 4}, %esp`, "4(%esp)"],
  ["(%esi,%edx,4)", `movl $${BASE - 0x100}, %esi\n movl $0x40, %edx`,
    "(%esi,%edx,4)"],
  ["4(%esi,%edx,2)", `movl $${BASE - 0x104}, %esi\n movl $0x80, %edx`,
    "4(%esi,%edx,2)"],
  [`${INT3S}(%esi,%edx)`, `movl $${hex(BASE - 0xcccccccc - 0x100)}, %esi\n` +
    "movl $0x100, %edx", `${INT3S}(%esi,%edx)`],
  [`${INT3S}(,%edx,4)`, `movl $${hex((BASE + 0x33333334) / 4)}, %edx`,
    `${INT3S}(,%edx,4)`],
  ["%es:(%esi)", `movl $${BASE}, %esi`, "%es:(%esi)"],
];
/** Writes and reads a register by one form. */
const byForm = (prepare: string, operand: string) =>
  `movl %esp, saved\n${prepare}\n movl $${PATTERN}, %ebx\n` +
  follows(`movl %ebx, ${operand}`) + "movl $0, %ebx\n" +
  follows(`movl ${operand}, %ebx`) + "movl saved, %esp\n" + followed() +
  expect("%ebx", PATTERN) + is(0, 4, PATTERN) + set(0, 4, 0);

/** The first byte of a kernel's instruction as the last one of a page. */
const across = (bytes: number[], last: number) => each(bytes, (byte, i) =>
  `movb $${byte}, ${hex(last + i)}\n`) + `movl $${hex(last)}, %ebx\n` +
  "call *%ebx\n";
const pageFault = (text: string, error: number, cr2 = BASE) =>
  sentBack("movl $0, %eax", text, { vector: 14, error,
    more: expect("data + 8", cr2) });
const wide = ["movl", "movw", "movb"] as const;

const instructions: Inquiry = { name: "instructions", ...LINEAR, checks: [
  ...[1, 2, 4].flatMap((size) => ["$0x64", "%dx"].map((port) =>
    check("§12.1", `in${letter[size]} ${port}: its own bytes change`,
      `movl $0xabcd0064, %edx\n movl $${PATTERN}, %eax\n` +
      follows(`in${letter[size]} ${port}, ${accumulator[size]}`) +
      expect("%eax", [0, 0x12345601, 0x12340001, 0, 1][size]!) +
      followed()))),
  ...[1, 2, 4].flatMap((size) => ["$0x80", "%dx"].map((port) =>
    check("§12.1", `out${letter[size]} ${port}: nothing, and the next one`,
      `movl $0x12340080, %edx\n movl $${PATTERN}, %eax\n` +
      follows(`out${letter[size]} ${accumulator[size]}, ${port}`) +
      expect("%eax", PATTERN) + followed()))),
  ...["insb", "insl", "outsb", "outsw", "rep insb", "rep outsl"].map(
    (text) => check("§12.1", `${text} is #GP(0)`,
      sentBack("movl $0x60, %edx\n movl $1, %ecx\n movl $scratch, %esi\n" +
        "movl $scratch, %edi", text))),
  check("§12.1", "in behind another prefix than 66 is #GP(0)",
    sentBack("", ".byte 0x2e, 0xe4, 0x64")),
  ...["invd", "lgdt scratch", "lidt scratch", "lmsw %ax", "lldt %ax",
    "ltr %ax", "wrmsr"].map((text) => check("§12.1",
    `${text.split(" ")[0]} is #GP(0)`, sentBack("", text))),
  check("§11", "an instruction on two pages is seen whole",
    "movl $0x64, %edx\n movl $-1, %eax\n" +
    across([0xe4, 0x64, 0xc3], 0x182fff) + expect("%eax", 0xffffff01)),
  check("§11", "and one at the end of memory",
    "movl $0x64, %edx\n movl $-1, %eax\n" +
    across([0xec, 0xc3], 0x1ffffe) + expect("%eax", 0xffffff01)),
  ...FORMS.map(([name, prepare, operand]) => check("§12.2",
    `mov to and from ${name}`, byForm(prepare, operand))),
  ...wide.map((mov) => check("§12.2", `${mov} changes its own bytes only`,
    `movl $0xabcdabcd, %ebx\n ${mov} ${register(0x3c)}, ` +
    `${{ movl: "%ebx", movw: "%bx", movb: "%bl" }[mov]}\n` +
    expect("%ebx", { movl: 0x190050, movw: 0xabcd0050,
      movb: 0xabcdab50 }[mov]))),
  ...["ah", "bh", "ch", "dh"].map((name) => check("§12.2",
    `movb to and from %${name}`,
    `movl $0xabcd01ef, %e${name[0]}x\n movb %${name}, ${register(20)}\n` +
    `movb ${register(0x3c)}, %${name}\n movl %e${name[0]}x, scratch\n` +
    expect("scratch", 0xabcd50ef) + is(20, 1, 1) + status(0))),
  ...["al", "bl", "cl", "dl"].map((name) => check("§12.2",
    `movb to and from %${name}`,
    `movl $0xabcdef01, %e${name[0]}x\n movb %${name}, ${register(20)}\n` +
    `movb ${register(0x3c)}, %${name}\n movl %e${name[0]}x, scratch\n` +
    expect("scratch", 0xabcdef50) + is(20, 1, 1) + status(0))),
  ...([["movl", "eax", 4, PATTERN], ["movw", "ax", 2, 0x5678]] as
    const).map(([mov, name, size, value]) => check("§12.2",
    `${mov} of %${name} and an address, A1 and A3`,
    `movl $${PATTERN}, %eax\n ${size === 2 ? ".byte 0x66\n" : ""}` +
    `.byte 0xa3\n .long ${register(size === 2 ? 22 : 0)}\n` +
    `movl $0, %eax\n ${size === 2 ? ".byte 0x66\n" : ""}.byte 0xa1\n` +
    `.long ${register(size === 2 ? 22 : 0)}\n` + expect("%eax", value) +
    set(size === 2 ? 22 : 0, size, 0))),
  check("§12.2", "movb of %al and an address, A0 and A2",
    `movl $0x101, %eax\n .byte 0xa2\n .long ${register(20)}\n` +
    `.byte 0xa0\n .long ${register(0x3c)}\n` + expect("%eax", 0x150) +
    is(20, 1, 1) + status(0)),
  check("§12.2", "an immediate of four bytes, two, or one",
    `movl $${BASE}, %ebx\n` + follows(`movl $${PATTERN}, (%ebx)`) +
    followed() + is(0, 4, PATTERN) + `movl $${BASE}, %ebx\n` +
    follows("movw $0x1234, 22(%ebx)") + followed() + is(22, 2, 0x1234) +
    follows(`movb $1, ${register(20)}`) + followed() + is(20, 1, 1) +
    status(0) + set(0, 4, 0) + set(22, 2, 0)),
  check("§12.2", "one that ends behind the seventh byte is #PF",
    pageFault(`movl $5, ${register(0)}`, 2) + is(0, 4, 0)),
  ...([["movzbl", 0x48, "%ebx", 0xff], ["movsbl", 0x48, "%ebx", -1],
    ["movzwl", 16, "%ebx", 0xffff], ["movswl", 16, "%ebx", -1],
    ["movzbw", 0x48, "%bx", 0xabcd00ff],
    ["movsbw", 0x48, "%bx", 0xabcdffff]] as const).map(
    ([mov, offset, name, value]) => check("§12.2",
      `${mov} reads as many bytes as it says`,
      "movl $0xabcdabcd, %ebx\n" +
      follows(`${mov} ${register(offset)}, ${name}`) + followed() +
      expect("%ebx", value))),
  ...([["xchgl %eax, 0x300000", 2], ["addl %eax, 0x300000", 2],
    ["addl 0x300000, %eax", 0], ["incl 0x300000", 2],
    ["cmpl %eax, 0x300000", 0], ["testb %al, 0x300000", 0],
    ["pushl 0x300000", 0], ["btsl %eax, 0x300000", 2],
    ["cmpxchgl %eax, 0x300000", 2]] as const).map(([text, error]) =>
    check("§12.2", `${text.replace("0x300000", "it")} is #PF(${error})`,
    pageFault(text, error))),
  check("§12.2", "movsl from there, and stosl to it, are #PF",
    sentBack(`movl $${BASE}, %esi\n movl $scratch, %edi`, "movsl",
      { vector: 14 }) + sentBack(`movl $${BASE}, %edi`, "stosl",
      { vector: 14, error: 2 })),
  check("§12.2", "where no device is a move is #PF: below them",
    pageFault("movl 0x200000, %eax", 0, 0x200000) +
    pageFault("movl %eax, 0x2ffffc", 2, 0x2ffffc)),
] };

const mapped: Inquiry = { name: "mapped", stage: "paged", checks: [
  check("§12.2", "a device's page is where we map it",
    "movl $0x500007, 0x201620\n movl 0x18803c, %ebx\n" +
    expect("%ebx", 0x190050)),
  check("§12.2", "at two addresses as well",
    "movl $0x500007, 0x202624\n" + `movl $${PATTERN}, %ebx\n` +
    "movl %ebx, 0xc0189000\n movl 0x188000, %edx\n" +
    expect("%edx", PATTERN)),
  check("§12.2", "a move by a program is done",
    program("movl 0x18803c, %eax") + expect("user_eax", 0x190050)),
  check("§12.2", "and what is no move is a program's #PF(4)",
    trap(14, 0x8e00, descend("3: addl 0x18803c, %eax"), () =>
      "movl $0x69, %eax\n movl %eax, %ds\n" + expect("(%esp)", 4) +
      expect("8(%esp)", 0x73) + expect("data + 8", 0x18803c))),
  check("§12.2", "an entry that is the kernel's keeps programs out: #PF",
    "movl $0x500003, 0x201628\n" +
    trap(14, 0x8e00, descend("movl 0x18a03c, %eax"), () =>
      "movl $0x69, %eax\n movl %eax, %ds\n" + expect("8(%esp)", 0x73) +
      expect("data + 8", 0x18a03c))),
] };

// --- PCI.

const NAMES = ["console", "disk", "source of random numbers", "network card"];
const slots = [CONSOLE, DISK, RNG, CARD];
const ones = (slot: number, more: number) => select(slot, 0, more) +
  input(0xcfc, 4, -1);
/** A capability: its words. */
const capability = (at: number, next: number, length: number, type: number,
  offset: number, size: number, slot = CONSOLE) =>
  config(slot, at, type << 24 | length << 16 | next << 8 | 9) +
  config(slot, at + 4, 0) + config(slot, at + 8, offset) +
  config(slot, at + 12, size);

const pci: Inquiry = { name: "pci", ...LINEAR, checks: [
  check("§12.3", "the address reads back", out(0xcf8, 4, 0x80123454) +
    input(0xcf8, 4, 0x80123454)),
  check("§12.3", "byte by byte, and in halves", each([0, 1, 2, 3], (n) =>
    input(0xcf8 + n, 1, [0x54, 0x34, 0x12, 0x80][n]!)) +
    input(0xcf8, 2, 0x3454) + input(0xcfa, 2, 0x8012)),
  check("§12.3", "a byte or a half of it can be written",
    out(0xcf9, 1, 0x99) + input(0xcf8, 4, 0x80129954) +
    out(0xcfa, 2, 0x8000) + input(0xcf8, 4, 0x80009954)),
  check("§12.3", "its two lowest bits don't count",
    select(1, 0, ENABLED | 3) + input(0xcfc, 4, 0x10431af4)),
  check("§12.3", "slot 0 is a host bridge", config(0, 0, 0) +
    config(0, 8, 0x06000000) + config(0, 0x0c, 0)),
  ...slots.map((slot, i) => check("§12.3", `slot ${slot} is a ${NAMES[i]}`,
    config(slot, 0, [0x10431af4, 0x10421af4, 0x10441af4, 0x10411af4][i]!))),
  ...slots.map((slot, i) => check("§12.3", `slot ${slot}: class ${
    ["07/00", "01/80", "FF/00", "02/00"][i]}, revision 1`,
  config(slot, 8, [0x07000001, 0x01800001, 0xff000001, 0x02000001][i]!))),
  check("§12.3", "status 10, there are capabilities; no command",
    config(1, 4, 0x00100000)),
  check("§12.3", "header 0; cache line and latency begin as 0",
    config(1, 0x0c, 0)),
  check("§12.3", "the first address is 1 MiB behind memory",
    config(1, 0x10, BASE)),
  check("§12.3", "the others, and the ROM's, are 0",
    each([0x14, 0x18, 0x1c, 0x20, 0x24, 0x30], (at) => config(1, at, 0))),
  check("§12.3", "subsystem 40, no CardBus", config(1, 0x2c, 0x00401af4) +
    config(1, 0x28, 0)),
  check("§12.3", "the first capability is at 40", config(1, 0x34, 0x40)),
  check("§12.3", "interrupt line is the slot, pin 0",
    each(slots, (slot) => config(slot, 0x3c, slot))),
  check("§12.3", "common registers: at 0, 56 bytes",
    capability(0x40, 0x50, 16, 1, 0, 56)),
  check("§12.3", "notifications: at 38, 2 bytes, all at one place",
    capability(0x50, 0x64, 20, 2, 0x38, 2) + config(1, 0x60, 0)),
  check("§12.3", "ISR: at 3A, 1 byte",
    capability(0x64, 0x84, 16, 3, 0x3a, 1)),
  check("§12.3", "the window: of nothing yet",
    capability(0x84, 0x74, 20, 5, 0, 0)),
  check("§12.3", "the device's own: at 3C, 12 bytes, the last",
    capability(0x74, 0, 16, 4, 0x3c, 12)),
  check("§12.3", "a disk's are 60 bytes, a network card's 8",
    capability(0x74, 0, 16, 4, 0x3c, 60, DISK) +
    capability(0x74, 0, 16, 4, 0x3c, 8, CARD)),
  check("§12.3", "who has none has no such capability",
    config(RNG, 0x84, 0x05140009) + config(RNG, 0x74, 0)),
  check("§12.3", "the chain is 40, 50, 64, 84, 74",
    select(1, 0x34) + "movw $0xcfc, %dx\n inl %dx, %eax\n movl $0, %edi\n" +
    "7: movl %eax, %esi\n shrl $4, %esi\n shll $4, %edi\n" +
    "addl %esi, %edi\n andl $0xfc, %eax\n orl $0x80000800, %eax\n" +
    "movw $0xcf8, %dx\n outl %eax, %dx\n" +
    "movw $0xcfc, %dx\n inl %dx, %eax\n shrl $8, %eax\n" +
    "andl $0xff, %eax\n jnz 7b\n" + expect("%edi", 0x45687)),
  check("§12.3", "behind 152 bytes are ones",
    config(1, 0x94, -1) + config(1, 0x98, -1) + config(1, 0xfc, -1)),
  check("§12.3", "bytes and halves can be read, wherever they are",
    config(1, 1, 0x1a, 1) + config(1, 3, 0x10, 1) + config(1, 2, 0x1043, 2) +
    config(1, 0x0b, 7, 1)),
  check("§12.3", "a slot in which nothing is reads as ones",
    each([5, 17, 31], (slot) => config(slot, 0, -1) + config(slot, 8, -1))),
  check("§12.3", "so do other functions, other buses",
    each([1, 7], (n) => ones(1, ENABLED | n << 8)) +
    each([1, 255], (n) => ones(1, (ENABLED | n << 16) >>> 0))),
  check("§12.3", "and everything, if the highest bit is off",
    ones(1, 0) + ones(0, 0)),
  check("§12.3", "the first address register, sized, says a page",
    put(1, 0x10, 4, -1) + config(1, 0x10, 0xfffff000)),
  check("§12.3", "wherever it is put the registers stay",
    put(1, 0x10, 4, 0xe0000000) + config(1, 0x10, 0xe0000000) +
    is(0x3c, 4, 0x190050) + put(1, 0x10, 4, BASE)),
  check("§12.3", "the others keep what is written, and so are none",
    each([0x14, 0x18, 0x1c, 0x20, 0x24, 0x30], (at) => put(1, at, 4, -1) +
      config(1, at, -1) + put(1, at, 4, 0))),
  check("§12.3", "cache line and latency are kept",
    put(1, 0x0c, 1, 8) + put(1, 0x0d, 1, 64) + config(1, 0x0c, 0x4008) +
    put(1, 0x0c, 2, 0x2010) + config(1, 0x0c, 0x2010)),
  check("§12.3", "a command is ignored", put(1, 4, 2, 7) +
    config(1, 4, 0x00100000)),
  check("§12.3", "each device has its own", config(2, 0x0c, 0) +
    put(2, 0x14, 4, 5) + config(1, 0x14, 0) + put(2, 0x14, 4, 0)),
  ...([["the vendor", 0, 4], ["the class", 8, 4], ["a header's type", 0x0e, 1],
    ["the subsystem", 0x2c, 4], ["where capabilities begin", 0x34, 1],
    ["an interrupt line", 0x3c, 1], ["a capability", 0x40, 4],
    ["its length", 0x4c, 4], ["the window's own type", 0x84, 4]] as
    const).map(([name, at, size]) => check("§12.3",
    `who writes ${name} gets #GP(0)`, forbidden(1, at, size))),
  check("§12.3", "behind the last byte as well", forbidden(1, 0x98, 4)),
  check("§12.3", "the out hasn't happened: registers are what they were",
    trap(13, 0x8e00, select(1, 0) + `movl $${PATTERN}, %eax\n` +
      "movw $0xcfc, %dx\n outl %eax, %dx", () => expect("%eax", PATTERN) +
      "movl %edx, %eax\n" + expect("%eax", 0xcfc, 0xffff)) +
    config(1, 0, 0x10431af4)),
  check("§12.3", "in a slot in which nothing is, all is ignored",
    each([0, 5], (slot) => put(slot, 0x10, 4, -1) + put(slot, 0, 4, -1)) +
    config(0, 0x10, 0) + config(5, 0x10, -1)),
  check("§12.3", "the window reads a register",
    window(0x3c, 4) + config(1, 0x94, 0x190050)),
  check("§12.3", "it says where it is", config(1, 0x8c, 0x3c) +
    config(1, 0x90, 4) + config(1, 0x88, 0)),
  check("§12.3", "of one byte, of two",
    window(0x3e, 1) + config(1, 0x94, 0x19, 1) + window(18, 2) +
    config(1, 0x94, 2, 2)),
  check("§12.3", "and writes one", window(0, 4) + put(1, 0x94, 4, 1) +
    is(0, 4, 1) + put(1, 0x94, 4, 0) + is(0, 4, 0)),
  check("§12.3", "the status by the window", window(20, 1) +
    put(1, 0x94, 1, 1) + is(20, 1, 1) + put(1, 0x94, 1, 0) + is(20, 1, 0)),
  check("§12.3", "a write of another length than the window's is #GP(0)",
    window(0, 4) + forbidden(1, 0x94, 1) + forbidden(1, 0x94, 2)),
  check("§12.3", "and one by another address register",
    window(0, 4) + put(1, 0x88, 1, 1) + forbidden(1, 0x94, 4) +
    config(1, 0x88, 1) + put(1, 0x88, 1, 0)),
  says("§12.5", "the console prints a letter that its window is told",
    each([..."ok?"], (c) => window(0x44, 4) +
      put(1, 0x94, 4, c.charCodeAt(0))), "ok?"),
  says("§12.4", "and one that its register is told",
    set(0x44, 4, 0x21), "!"),
] };

// --- Registers.

const FEATURES: Record<number, number> = { [CONSOLE]: 5, [DISK]: 0x204,
  [RNG]: 0, [CARD]: 0x10020 };
const QUEUES: Record<number, number> = { [CONSOLE]: 2, [DISK]: 1, [RNG]: 1,
  [CARD]: 2 };
const broken = (why: string) =>
  new RegExp(`^the driver of its console \\(slot 1\\): ${why}`);

const registers: Inquiry = { name: "registers", ...LINEAR, checks: [
  ...([["device_feature_select", 0, 4, 0], ["device_feature", 4, 4, 5],
    ["driver_feature_select", 8, 4, 0], ["driver_feature", 12, 4, 0],
    ["msix_config", 16, 2, 0xffff], ["num_queues", 18, 2, 2],
    ["device_status", 20, 1, 0], ["config_generation", 21, 1, 0],
    ["queue_select", 22, 2, 0], ["queue_size", 24, 2, 256],
    ["queue_msix_vector", 26, 2, 0xffff], ["queue_enable", 28, 2, 0],
    ["queue_notify_off", 30, 2, 0], ["queue_desc", 32, 4, 0],
    ["its upper half", 36, 4, 0], ["queue_driver", 40, 4, 0],
    ["its upper half", 44, 4, 0], ["queue_device", 48, 4, 0],
    ["its upper half", 52, 4, 0], ["the ISR", 0x3a, 1, 0]] as const).map(
    ([name, offset, size, value]) => check("§12.4",
      `${name}: ${size} byte${size > 1 ? "s" : ""} at ${
        offset.toString(16)}, ${hex(value)} at first`,
      is(offset, size, value))),
  ...slots.map((slot, i) => check("§12.4", `a ${NAMES[i]} offers ${
    hex(FEATURES[slot]!)} and VERSION_1, and has ${QUEUES[slot]} queue${
    QUEUES[slot] === 1 ? "" : "s"}`, is(4, 4, FEATURES[slot]!, slot) +
    set(0, 4, 1, slot) + is(4, 4, 1, slot) + set(0, 4, 2, slot) +
    is(4, 4, 0, slot) + set(0, 4, 0, slot) +
    is(18, 2, QUEUES[slot]!, slot))),
  check("§12.4", "a queue beyond them has size 0",
    set(22, 2, 2) + is(24, 2, 0) + is(28, 2, 0) + set(22, 2, 0)),
  check("§12.4", "the status keeps each step",
    driver() + is(20, 1, 3) + accepts(5, 1) + status(11) + is(20, 1, 11) +
    status(15) + is(20, 1, 15)),
  check("§12.4", "0 is a reset: status, selectors, features, all",
    set(22, 2, 1) + status(0) + is(22, 2, 0) + is(20, 1, 0) +
    is(8, 4, 0) + is(12, 4, 0) + set(8, 4, 1) + is(12, 4, 0) + set(8, 4, 0)),
  check("§12.4", "accepted features can be read, by halves",
    driver() + accepts(4, 1) + is(12, 4, 1) + set(8, 4, 0) + is(12, 4, 4) +
    status(0)),
  check("§12.4", "without VERSION_1 there is no FEATURES_OK",
    driver() + accepts(5, 0) + status(11) + is(20, 1, 3)),
  check("§12.4", "and it can be accepted still",
    accepts(5, 1) + status(11) + is(20, 1, 11) + status(0)),
  check("§12.4", "a driver may say that it has FAILED",
    driver() + status(0x83) + is(20, 1, 0x83) + status(0)),
  check("§12.4", "a queue may be smaller; the other one is what it was",
    agreed() + set(22, 2, 1) + set(24, 2, 16) + is(24, 2, 16) +
    set(22, 2, 0) + is(24, 2, 256)),
  check("§12.4", "each queue has its own addresses",
    set(22, 2, 1) + set(32, 4, DESC) + set(40, 4, AVAIL) + set(48, 4, USED) +
    is(32, 4, DESC) + is(40, 4, AVAIL) + is(48, 4, USED) + set(22, 2, 0) +
    is(32, 4, 0) + is(40, 4, 0) + is(48, 4, 0)),
  check("§12.4", "one that is enabled says so",
    set(22, 2, 1) + set(28, 2, 1) + is(28, 2, 1) + set(22, 2, 0) +
    is(28, 2, 0)),
  check("§12.4", "a reset forgets queues", status(0) + set(22, 2, 1) +
    is(24, 2, 256) + is(28, 2, 0) + is(32, 4, 0) + set(22, 2, 0)),
  check("§12.4", "the console is 80 by 25, and has one port",
    is(0x3c, 2, 80) + is(0x3e, 2, 25) + is(0x40, 4, 1)),
  check("§12.4", "its configuration can be read in any size",
    is(0x3c, 1, 80) + is(0x3e, 1, 25) + is(0x3c, 4, 0x190050) +
    is(0x40, 2, 1)),
  check("§12.4", "a disk has so many sectors, and 254 segments",
    is(0x3c, 4, 8, DISK) + is(0x40, 4, 0, DISK) + is(0x48, 4, 254, DISK)),
  check("§12.4", "a network card has an address, and its cable is in",
    is(0x3c, 4, 2, CARD) + is(0x42, 2, 1, CARD)),
  check("§12.4", "a notification of a device that isn't ready is nothing",
    notify(0) + notify(1) + is(0x3a, 1, 0)),
  ends("§12.4", "who reads with another size is broken: ends us",
    is(20, 4, 0), broken("it reads 4 bytes at register 0x14$")),
  ends("§12.4", "or writes with another",
    set(8, 2, 0), broken("it writes 2 bytes at register 0x8$")),
  ends("§12.4", "or in the middle of a register",
    is(6, 2, 0), broken("it reads 2 bytes at register 0x6$")),
  ends("§12.4", "or where none is",
    is(0x3b, 1, 0), broken("it reads 1 bytes at register 0x3b$")),
  ...([["what is offered", 4, 4], ["msix_config", 16, 2],
    ["num_queues", 18, 2], ["config_generation", 21, 1],
    ["queue_msix_vector", 26, 2], ["queue_notify_off", 30, 2],
    ["the ISR", 0x3a, 1], ["the size of a console", 0x3c, 2]] as const).map(
    ([name, offset, size]) => ends("§12.4", `who writes ${name} ends`,
      set(offset, size, 0), broken(`it writes ${size} bytes at register ` +
        `${hex(offset)}$`))),
  ...([["leaves out a step of the status", status(2),
    "its status 2 leaves out a step$"],
  ["is ready before features are agreed", driver() + status(7),
    "its status 7 leaves out a step$"],
  ["takes a bit back", driver() + status(1),
    "it takes bits back from status 3$"],
  ["accepts what isn't offered", driver() + accepts(3, 1) + status(11),
    "it accepts features that were not offered$"],
  ["accepts feature 33", driver() + accepts(0, 3) + status(11),
    "it accepts features that were not offered$"],
  ["accepts features that nobody has", driver() + set(8, 4, 2) +
    set(12, 4, 1), "it accepts features that nobody has$"],
  ["accepts before it is a driver", status(1) + accepts(4, 1),
    "it accepts features at a wrong time$"],
  ["accepts once they are agreed", agreed() + accepts(4, 1),
    "it accepts features at a wrong time$"],
  ["wants a queue of 3", agreed() + set(24, 2, 3),
    "it wants a queue of 3$"],
  ["wants a queue of 512", agreed() + set(24, 2, 512),
    "it wants a queue of 512$"],
  ["has descriptors at 8", agreed() + set(32, 4, 8),
    "its desc ring at 0x8 is not aligned$"],
  ["has a driver's ring at 1", agreed() + set(40, 4, 1),
    "its avail ring at 0x1 is not aligned$"],
  ["has a device's ring at 2", agreed() + set(48, 4, 2),
    "its used ring at 0x2 is not aligned$"],
  ["has a queue above 4 GiB", agreed() + set(36, 4, 1),
    "it has a queue above 4 GiB$"],
  ["enables a queue with 2", agreed() + set(28, 2, 2),
    "it writes 2 to queue_enable$"],
  ["changes a queue that is enabled", agreed() + queue(1) + set(24, 2, 8),
    "it changes a queue that is enabled$"],
  ["sets up a queue that isn't", agreed() + set(22, 2, 2) + set(24, 2, 8),
    "it has selected no queue$"],
  ["notifies of a queue that isn't", ready(1) + notify(2),
    "it notifies of queue 2$"]] as const).map(([name, text, why]) =>
    ends("§12.4", `who ${name} ends`, text, broken(why))),
] };

// --- Queues.

const SECTOR = 0x181000, STATUS_BYTE = 0x180500, HEADER = 0x180480;
/** A request to the disk: header, data, status. */
const asked = (type: number, sector: number, size: number, flags: number) =>
  ready(0, DISK) + store(HEADER, type, 0, sector, 0) +
  `movb $9, ${hex(STATUS_BYTE)}\n` + (size
    ? chain([HEADER, 16, 0], [SECTOR, size, flags], [STATUS_BYTE, 1, WRITE])
    : chain([HEADER, 16, 0], [STATUS_BYTE, 1, WRITE])) + available(1);
const request = (...what: Parameters<typeof asked>) =>
  asked(...what) + notify(0, DISK);
const answered = (wanted: number, length: number) => used(1, length) +
  `movzbl ${hex(STATUS_BYTE)}, %eax\n` + expect("%eax", wanted);
const ringBroken = (why: string, text: string, n = 1) => ends("§12.4",
  `who has ${why.replace(/\\d\+ /, "so many ")} ends`, ready(n) + text +
  available(1) + notify(n), broken(why));

const queues: Inquiry = { name: "queues", ...LINEAR, checks: [
  says("§12.4", "output is printed, and the chain comes back, with 0 bytes",
    ready(1) + hi + available(1) + notify(1) + used(1, 0), "hi"),
  check("§12.4", "the ISR says so, once", is(0x3a, 1, 1) + is(0x3a, 1, 0)),
  check("§12.4", "a notification without anything new is nothing",
    notify(1) + used(1, 0) + is(0x3a, 1, 0)),
  says("§12.4", "of what isn't notified nothing comes", available(2) + SPIN +
    used(1, 0), ""),
  says("§12.4", "until it is", notify(1) + used(2), "hi"),
  says("§12.4", "NO_INTERRUPT: it is done, and no interrupt comes",
    ready(1) + hi + available(1, 1) + quiet(1, notify(1)) + used(1, 0) +
    is(0x3a, 1, 0), "hi"),
  says("§12.4", "a chain of three is one, in its order",
    ready(1) + store(BUFFER, 0x00636261) + chain([BUFFER + 2, 1, 0],
      [BUFFER, 1, 0], [BUFFER + 1, 1, 0]) + available(1) + notify(1) +
    used(1, 0), "cab"),
  says("§12.4", "several chains, one interrupt",
    ready(1) + hi + available(3) + interrupt(1, notify(1), used(3), SPIN) +
    quiet(1, ""), "hihihi"),
  says("§12.4", "a ring goes round", ready(1) + hi + available(3) +
    notify(1) + available(6) + notify(1) + used(6, 0), "hihihihihihi"),
  says("§12.4", "chains are done in the order in which they are available",
    ready(1) + letters + store(AVAIL + 4, 0x00020003, 0x00000001) +
    available(4) + notify(1) + usedHeads(3, 2, 1, 0), "dcba"),
  says("§12.4", "each by its first descriptor, the second time as well",
    store(AVAIL + 4, 0x00010002, 0x00030000) + available(8) + notify(1) +
    usedHeads(2, 1, 0, 3), "cbad"),
  says("§12.4", "what waits when the driver is ready is done at once",
    empty + agreed() + queue(1) + hi + available(1) + notify(1) + used(0) +
    status(15) + used(1, 0), "hi"),
  says("§12.4", "who doesn't say how large a queue is has 256",
    empty + agreed() + set(22, 2, 1) + set(32, 4, DESC) +
    set(40, 4, AVAIL) + set(48, 4, USED + 0x500) + set(28, 2, 1) + hi +
    available(1) + status(15) + expect(hex(USED + 0x500), 0x10000), "hi"),
  says("§12.4", "a chain by way of another table", ready(1) + hi +
    "movl $4, %ecx\n movl $0x180000, %esi\n movl $0x180600, %edi\n" +
    "rep movsl\n" + chain([0x180600, 16, 4]) + available(1) + notify(1) +
    used(1, 0), "hi"),
  says("§12.4", "a queue that isn't enabled is nobody's",
    empty + agreed() + hi + available(1) + status(15) + notify(1) +
    used(0), ""),
  says("§12.4", "behind a reset nothing is done", ready(1) + status(0) + hi +
    available(1) + notify(1) + used(0), ""),
  says("§12.4", "nor when the driver has FAILED", ready(1) + status(0x8f) +
    hi + available(1) + notify(1) + used(0), ""),
  says("§12.4", "behind a reset the ISR is 0", ready(1) + hi +
    available(1) + notify(1) + status(0) + is(0x3a, 1, 0), "hi"),
  check("§12.4", "input is left alone until something is typed",
    ready(0) + chain([BUFFER, 8, WRITE]) + available(1) + notify(0) + SPIN +
    used(0) + is(0x3a, 1, 0)),
  check("§12.4", "then it is in the buffer, and nothing behind it",
    store(BUFFER, -1) + interrupt(1, "", "", call(10)) + used(1, 1) +
    expect(hex(BUFFER), 0xffffff3f)),
  check("§12.4", "a disk begins with zeros",
    store(SECTOR, -1) + request(0, 1, 512, WRITE) + answered(0, 513) +
    expect(hex(SECTOR), 0)),
  check("§12.4", "what is written is there",
    store(SECTOR, PATTERN) + request(1, 1, 512, 0) + answered(0, 1) +
    store(SECTOR, 0) + request(0, 1, 512, WRITE) + expect(hex(SECTOR),
      PATTERN)),
  check("§12.4", "and not in another sector", request(0, 0, 1024, WRITE) +
    answered(0, 1025) + expect(hex(SECTOR), 0) +
    expect(hex(SECTOR + 512), PATTERN)),
  check("§12.4", "behind the last sector is an error, and so is half of one",
    request(0, 8, 512, WRITE) + answered(1, 1) +
    request(0, 7, 1024, WRITE) + answered(1, 1) +
    request(1, 0, 100, 0) + answered(1, 1)),
  check("§12.4", "a flush is done", request(4, 0, 0, 0) + answered(0, 1)),
  check("§20", "a disk says its name", request(8, 0, 20, WRITE) +
    answered(0, 21) + expect(hex(SECTOR), 0x75716e69)),
  check("§20", "what it doesn't know it says: 2",
    request(77, 0, 0, 0) + answered(2, 1)),
  check("§12.4", "a disk's interrupt is its slot's, at 34",
    asked(4, 0, 0, 0) + interrupt(2, notify(0, DISK), "") +
    is(0x3a, 1, 1, DISK)),
  check("§12.4", "random numbers fill what they get",
    ready(0, RNG) + store(BUFFER, 0, 0, -1) + chain([BUFFER, 8, WRITE]) +
    available(1) + notify(0, RNG) + used(1, 8) + `movl ${hex(BUFFER)}, %eax` +
    "\n testl %eax, %eax\n setz %al\n movzbl %al, %eax\n" +
    expect("%eax", 0) + expect(hex(BUFFER + 8), -1)),
  check("§12.4", "a frame to nobody is sent, and its chain comes back",
    ready(1, CARD) + chain([BUFFER, 12 + 60, 0]) + available(1) +
    notify(1, CARD) + used(1, 0) + is(0x3a, 1, 1, CARD)),
  check("§12.4", "of frames none has come for us",
    ready(0, CARD) + chain([BUFFER, 1526, WRITE]) + available(1) +
    notify(0, CARD) + SPIN + used(0) + is(0x3a, 1, 0, CARD)),
  ringBroken("something to read behind what is to write",
    chain([BUFFER, 8, WRITE], [BUFFER, 8, 0])),
  ringBroken("a chain without an end", store(DESC, BUFFER, 0, 8, NEXT)),
  ringBroken("an indirect table where none can be",
    chain([BUFFER, 15, 4])),
  ends("§12.4", "who has more chains than places ends", ready(1) +
    available(5) + notify(1), broken("5 chains in a ring of 4$")),
  ends("§12.4", "who names a descriptor that isn't ends", ready(1) +
    available(1) + store(AVAIL + 4, 4) + notify(1),
  broken("descriptor 4 in a table of 4$")),
  ends("§12.4", "who leaves an indirect table ends", ready(1) +
    store(0x180600, BUFFER, 0, 1, NEXT | 1 << 16, BUFFER, 0, 1, 0) +
    chain([0x180600, 16, 4]) + available(1) + notify(1),
  broken("descriptor 1 in a table of 1$")),
  ends("§12.4", "who has a buffer beyond memory ends", ready(1) +
    chain([0x1fffff, 2, 0]) + available(1) + notify(1),
  broken("2 bytes at 0x1fffff$")),
  ends("§12.4", "who has output to write to ends", ready(1) +
    chain([BUFFER, 2, WRITE]) + available(1) + notify(1),
  broken("its output has something to write to$")),
  ends("§12.4", "who has rings beyond memory ends", agreed() +
    set(22, 2, 1) + set(40, 4, 0x200000) + set(28, 2, 1) + status(15),
  broken("nothing is at 0x200002$")),
] };

export const deviceInquiries: readonly Inquiry[] =
  [requests, instructions, mapped, pci, registers, queues];
