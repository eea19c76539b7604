// Every row of the table is executed by a test. What ring 3 can execute is
// made at random, as in silicon.test.ts, where the same cases are compared
// with the processor; all else stands here, with what it must do.
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  ACTIVITY, assemble, CLOCK, CPL, CR0, CR0_TS, CR2, CR3, CR4, DR, EAX, EBX,
  ECX, EDI, EDX, EIP, ESI, ESP, forms, GDTR_BASE, GDTR_LIMIT, HALTED,
  IDTR_BASE, IDTR_LIMIT, IF, LDTR, MSR_SYSENTER_CS, MSR_SYSENTER_EIP,
  MSR_SYSENTER_ESP, selectorOf, semanticsById, SYSTEM_FLAGS, tlbEntries,
  preferInterpreter, TR, writeControl,
} from "../src";
import type { Cpu, Device, Form } from "../src";
import type { Semantics } from "../src/machine/instructions/semantics/operands";
import { machineOf } from "./around";
import { testWith } from "./reference";
import { SYSTEM } from "./silicon/case";
import { judged } from "./silicon/forms";
import { single } from "./silicon/generate";
import { disagreement } from "./silicon/habits";
import { nativeJudge } from "./silicon/native";
import { OurJudge } from "./silicon/ours";
import {
  codeOf, dataOf, describe, gate, goTo, IDT, INT_GATE, LDT, prepared, ring,
  TSS32,
} from "./tables";

const ORIGIN = 0x4000;
/** Rows that were executed to their end, or to their own exception. */
const executed = new Set<Form>();
const endsInFault = new Set(["ud1", "ud2"]);

// Each row's semantics tell when they were executed, as long as this file's
// tests run.
const counted = semanticsById as Semantics[], original = [...counted];
// Only the plain interpreter tells them while they happen.
test.before(() => {
  preferInterpreter("plain");
  forms.forEach(count);
});
function count(form: Form, id: number): void {
  const told = original[id]!;
  counted[id] = (b, i) => {
    if (endsInFault.has(form.mnemonic)) executed.add(form);
    told(b, i);
    executed.add(form);
  };
}
test.after(() => {
  preferInterpreter();
  original.forEach((told, id) => { counted[id] = told; });
});

interface ByHand {
  /** The text, and behind a bar the ring if it isn't 0. */
  text: string;
  ring?: number;
  prepare?: (cpu: Cpu) => void;
  check: (cpu: Cpu) => unknown;
  expected: unknown;
}

/** Executes a text that ends behind its last instruction. */
function execute({ text, ring: r = 0, prepare }: ByHand): Cpu {
  const cpu = prepared(), machine = machineOf(cpu);
  for (let n = 0; n < 256; n++) {
    gate(cpu, IDT + 8 * n, INT_GATE | ring(3), codeOf(0), 0x6000 + n);
  }
  machine.writeRam(0x6000, new Uint8Array(256).fill(0xf4));
  machine.addDevice(latch(cpu));
  const { bytes } = assemble(text + "\n int3\n", { origin: ORIGIN });
  machine.writeRam(ORIGIN, bytes);
  goTo(cpu, r);
  for (let k = 0; k < 4; k++) cpu.w[24 + k] = cpu.w[24 + 12 + k]!;
  cpu.refresh();
  cpu.w.fill(0, EAX, ESP);
  cpu.w[EIP] = ORIGIN;
  cpu.w[ESP] = 0x9000;
  prepare?.(cpu);
  machine.run({ maxInstructions: 200 });
  assert.is(cpu.w[ACTIVITY], HALTED, text);
  return cpu;
}

/** A device at ports 0x40 to 0x43 that remembers four bytes. */
function latch(cpu: Cpu): Device {
  const state = cpu.board.allocateState("latch", 1);
  return {
    name: "latch", ports: { from: 0x40, length: 4 },
    readPort: () => state[0]!,
    writePort: (_offset, size, value) => {
      const mask = size === 4 ? -1 : (1 << (8 * size)) - 1;
      state[0] = (state[0]! & ~mask) | (value & mask);
    },
  };
}

/** A directory at 0x10000 that maps the first 256 KiB. */
function paged(cpu: Cpu): void {
  cpu.store32(0x10000, 0x11007);
  for (let page = 0; page < 64; page++) {
    cpu.store32(0x11000 + 4 * page, (page << 12) | 7);
  }
  writeControl(cpu, 3, 0x10000);
  writeControl(cpu, 0, cpu.w[CR0]! | (0x80000000 | 0));
}

const eax = (cpu: Cpu) => cpu.w[EAX]! >>> 0;

const byHand: Record<string, ByHand> = {
  cli: { text: "cli", prepare: (c) => { c.w[SYSTEM_FLAGS] = IF; },
    check: (c) => c.w[SYSTEM_FLAGS]! & IF, expected: 0 },
  sti: { text: "sti\n pushf\n popl %eax",
    check: (c) => eax(c) & IF, expected: IF },
  "in immediate": {
    text: "movl $0x12345678, %eax\n outl %eax, $0x40\n xorl %eax, %eax\n" +
      " inb $0x40, %al\n movl %eax, %ebx\n inl $0x40, %eax",
    check: (c) => [c.w[EBX], eax(c)], expected: [0x78, 0x12345678] },
  "out immediate": {
    text: "movl $0x12345678, %eax\n outl %eax, $0x40\n movb $9, %al\n" +
      " outb %al, $0x40\n inl $0x40, %eax",
    check: eax, expected: 0x12345609 },
  "ports by DX": {
    text: "movw $0x40, %dx\n movl $0xcafe, %eax\n outl %eax, (%dx)\n" +
      " movb $1, %al\n outb %al, (%dx)\n xorl %eax, %eax\n" +
      " inb (%dx), %al\n movl %eax, %ebx\n inl (%dx), %eax",
    check: (c) => [c.w[EBX], eax(c)], expected: [1, 0xca01] },
  "ins and outs": {
    text: "movw $0x40, %dx\n movl $0x7000, %esi\n movl $0x7100, %edi\n" +
      " outsl\n outsb\n insl\n insb\n movl 0x7100, %eax",
    prepare: (c) => { c.store32(0x7000, 0x11223344); c.store8(0x7004, 5); },
    check: (c) => [eax(c), c.load8(0x7104), c.w[ESI], c.w[EDI]],
    expected: [0x11223305, 5, 0x7005, 0x7105] },
  lldt: { text: "movl $0x100, %eax\n lldt %ax",
    prepare: (c) => describe(c, 0x100, LDT, { base: 0x1800, limit: 7,
      flags: 0 }), check: (c) => selectorOf(c, LDTR), expected: 0x100 },
  ltr: { text: "movl $0x100, %eax\n ltr %ax",
    prepare: (c) => describe(c, 0x100, TSS32, { base: 0x3000, limit: 0x67,
      flags: 0 }),
    check: (c) => [selectorOf(c, TR), c.load8(0x1105)],
    expected: [0x100, 0x8b] },
  "lgdt and sgdt": {
    text: "sgdt 0x7010\n lgdt 0x7000\n sgdt 0x7020",
    prepare: (c) => { c.store16(0x7000, 0x123); c.store32(0x7002, 0x1000); },
    check: (c) => [c.load16(0x7010), c.load32(0x7012), c.w[GDTR_LIMIT],
      c.w[GDTR_BASE], c.load16(0x7020)],
    expected: [0x3ff, 0x1000, 0x123, 0x1000, 0x123] },
  "lidt and sidt": {
    text: "sidt 0x7010\n lidt 0x7000\n sidt 0x7020\n lidt 0x7010",
    prepare: (c) => { c.store16(0x7000, 0x123); c.store32(0x7002, 0x5678); },
    check: (c) => [c.load16(0x7020), c.load32(0x7022), c.w[IDTR_LIMIT],
      c.w[IDTR_BASE]], expected: [0x123, 0x5678, 0x7ff, IDT] },
  sldt: { text: "sldt %eax", ring: 3, check: eax, expected: 0 },
  str: { text: "str %eax", ring: 3, check: eax, expected: 0x80 },
  "smsw and lmsw": { text: "smsw %ebx\n movl $8, %eax\n lmsw %ax\n" +
    " smsw 0x7000", check: (c) => [c.w[EBX], c.load16(0x7000)],
  expected: [0x11, 0x19] },
  "escapes, unheard": {
    text: "movl $0x5a5a5a5a, %eax\n movl %eax, 0x7000\n fninit\n" +
      " fnstsw %ax\n fnstsw 0x7000\n fnstcw 0x7000\n" + [0, 1, 2, 3, 4, 5, 6,
      7].map((n) => ` .byte ${0xd8 + n}, 0xc0, ${0xd8 + n}, 5\n` +
        " .long 0x7000\n").join(""),
    check: (c) => [eax(c), c.load32(0x7000) >>> 0, c.retired],
    expected: [0x5a5a5a5a, 0x5a5a5a5a, 24] },
  clts: { text: "clts", prepare: (c) => { c.w[CR0]! |= CR0_TS; },
    check: (c) => c.w[CR0]! & CR0_TS, expected: 0 },
  invlpg: { text: "movl 0x7000, %eax\n invlpg 0x7000", prepare: paged,
    check: (c) => tlbEntries(c, false).some((e) => e.linear === 0x7000),
    expected: false },
  "invd and wbinvd": { text: "movl $7, %eax\n invd\n wbinvd",
    check: eax, expected: 7 },
  "control registers": {
    text: "movl $0x12345000, %eax\n mov %eax, %cr3\n mov %cr3, %ebx\n" +
      " mov %eax, %cr2\n mov %cr0, %ecx\n movl $0x90, %eax\n" +
      " mov %eax, %cr4\n mov %cr4, %edx",
    check: (c) => [c.w[EBX], c.w[CR3], c.w[CR2], c.w[ECX], c.w[EDX],
      c.w[CR4]],
    expected: [0x12345000, 0x12345000, 0x12345000, 0x11, 0x90, 0x90] },
  "debug registers": {
    text: "movl $0x1234, %eax\n mov %eax, %dr3\n mov %dr3, %ebx",
    check: (c) => [c.w[DR + 3], c.w[EBX]], expected: [0x1234, 0x1234] },
  "model-specific registers": {
    text: "movl $0x174, %ecx\n movl $0x60, %eax\n wrmsr\n" +
      " xorl %eax, %eax\n rdmsr",
    check: (c) => [c.w[MSR_SYSENTER_CS], eax(c), c.w[EDX]],
    expected: [0x60, 0x60, 0] },
  rdtsc: { text: "nop\n rdtsc", ring: 3,
    check: (c) => [eax(c), c.w[EDX], c.d[CLOCK]! > 1],
    expected: [1, 0, true] },
  rdpmc: { text: "xorl %ecx, %ecx\n rdpmc",
    check: (c) => [eax(c), c.w[EDX]], expected: [0, 0] },
  cpuid: { text: "xorl %eax, %eax\n cpuid", ring: 3,
    check: (c) => [eax(c), c.w[EBX]], expected: [2, 0x756e6547] },
  "sysenter and sysexit": { text: "sysenter", ring: 3,
    prepare: (c) => {
      c.w[MSR_SYSENTER_CS] = codeOf(0);
      c.w[MSR_SYSENTER_ESP] = 0xa000;
      c.w[MSR_SYSENTER_EIP] = 0x5000;
      c.w[EDI] = 0;
      c.board.writeRam(0x5000, assemble("movl $0x5100, %edx\n" +
        " movl $0x9100, %ecx\n movl %esp, %edi\n sysexit").bytes);
      c.board.writeRam(0x5100, assemble("movl %esp, %esi\n" +
        " int3").bytes);
    },
    check: (c) => [c.w[EDI], c.w[ESI]], expected: [0xa000, 0x9100] },
  hlt: { text: "hlt", check: (c) => [c.w[EIP], c.w[CPL]],
    expected: [ORIGIN + 1, 0] },
  int: { text: "movl $3, %ecx\n int $0x80", ring: 3,
    check: (c) => [c.w[EIP], c.w[CPL], c.peekStack(0, 4)],
    expected: [0x6081, 0, ORIGIN + 7] },
  hostcall: { text: ".byte 0x0f, 0x3f, 5", prepare: (cpu) => {
    const machine = machineOf(cpu);
    machine.hostArmed = true;
    machine.hostCalls[5] = { name: "five", cost: 0,
      run: (c) => { c.w[EAX] = 555; } };
  }, check: eax, expected: 555 },
};

for (const [name, hand] of Object.entries(byHand)) {
  test(`by hand: ${name}`, () => {
    assert.equal(hand.check(execute(hand)), hand.expected);
  });
}

// Cases of silicon.test.ts until each form was executed to its end.
testWith(test, "gcc -m32")("what ring 3 can execute ends as on the " +
  "processor", () => {
  const right = nativeJudge();
  if (typeof right === "string") throw new Error(right);
  const ours = new OurJudge(right.selectors);
  const wanted = new Set(judged), wrong: string[] = [];
  let asked = 0;
  for (let round = 0; round < 12 && wanted.size > 0; round++) {
    const trials = Array.from({ length: judged.length },
      (_, n) => single(7, round * judged.length + n));
    const cases = trials.map((trial) => trial.case);
    const theirs = right.run(cases), mine = ours.run(cases);
    trials.forEach((trial, n) => {
      const lines = disagreement(right, trial, theirs[n]!, mine[n]!);
      if (lines.length > 0) wrong.push([trial.name, ...lines].join("\n"));
    });
    asked += trials.length;
    for (const form of executed) wanted.delete(form);
  }
  if (wrong.length > 0) console.log(wrong.join("\n"));
  assert.ok(wrong.length <= right.allowance * asked / 1000,
    `${wrong.length} of ${asked} cases differ`);
});

test("every row of the table is executed by a test", () => {
  // Without a processor to ask, the cases are at least executed.
  const alone = new OurJudge(SYSTEM);
  for (let n = 0; n < 12 * judged.length; n++) {
    if (forms.every((form) => executed.has(form))) break;
    alone.run([single(7, n).case]);
  }
  const missing = forms.filter((form) => !executed.has(form));
  console.log(`${executed.size} of ${forms.length} rows of the table ` +
    "executed to their end by a test");
  assert.equal(missing.map((f) => `${f.opcode} ${f.mnemonic}`), []);
});

test.run();
