// Debug registers, single steps, RF, shadows, NMI; alignment; SYSENTER.
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AC, ACTIVITY, assemble, CPL, CR0, CR0_AM, CR4, CR4_DE, CR4_PCE, CS,
  DEBUG_PENDING, DR, EAX, EBX, ECX, EDX, EIP, ESI, ESP, Fault, HALTED, IF,
  Machine, MSR_SYSENTER_CS, MSR_SYSENTER_EIP, MSR_SYSENTER_ESP, raiseInterrupt,
  raiseNmi, RF, segmentRegister, SS, SYSTEM_FLAGS, TF, writeApic,
} from "../src";
import type { Cpu, MachineEvent } from "../src";
import {
  codeOf, dataOf, gate, goTo, IDT, INT_GATE, prepared, ring, STACK0,
} from "./tables";

const ORIGIN = 0x4000, HANDLERS = 0x6000;

/** A flat CPU in a ring about to execute a program; handlers of all
 * vectors return at once, and the events are noted. */
function load(text: string, r = 0, handler = "iret", quiet = false) {
  const cpu = goTo(prepared(), r);
  for (let n = 0; n < 256; n++) {
    gate(cpu, IDT + 8 * n, INT_GATE | ring(3), codeOf(0), HANDLERS + 16 * n);
    put(cpu, HANDLERS + 16 * n, [10, 11, 12, 13, 14, 17].includes(n)
      ? "addl $4, %esp\n iret" : handler);
  }
  put(cpu, ORIGIN, text);
  cpu.w[EIP] = ORIGIN;
  cpu.w[ESP] = 0x9000;
  if (r === 3) cpu.w[ESP] = 0xb000;
  const seen: string[] = [];
  cpu.machine.events.on((e: MachineEvent) => {
    if (quiet) return;
    if (e.kind !== "exception" && e.kind !== "interrupt") return;
    const bits = e.vector === 1 ? `:${(cpu.w[DR + 6]! & 0xe00f)
      .toString(16)}` : "";
    seen.push(`${e.vector}@${Number(e.eip).toString(16)}${bits}`);
    if (e.vector === 1) cpu.w[DR + 6] = 0xffff0ff0 | 0;
  });
  return { cpu, seen, go: (n: number) => {
    cpu.machine.run({ maxInstructions: n });
    return seen;
  } };
}

function put(cpu: Cpu, at: number, text: string): void {
  cpu.machine.writePhysical(at, assemble(text + "\n", { origin: at }).bytes);
}

/** Sets breakpoint n by hand. */
function watch(cpu: Cpu, n: number, at: number, kind: number, length = 1) {
  const code = { 1: 0, 2: 1, 4: 3 }[length]!;
  cpu.w[DR + n] = at;
  cpu.w[DR + 7]! |= (2 << (2 * n)) | ((kind | (code << 2)) << (16 + 4 * n));
  cpu.refresh();
}
const EXECUTE = 0, WRITE = 1, PORT = 2, ACCESS = 3;

test("a breakpoint on code is a fault; RF lets it pass", () => {
  const { cpu, go } = load("nop\n nop\n nop\n hlt", 0,
    "orl $0x10000, 8(%esp)\n iret");
  watch(cpu, 2, ORIGIN + 1, EXECUTE);
  assert.equal(go(100), ["1@4001:4"]);
  assert.is(cpu.w[ACTIVITY], HALTED);
  assert.is(cpu.w[SYSTEM_FLAGS]! & RF, 0);
});

test("the frame of an instruction breakpoint has RF as it was", () => {
  const { cpu, go } = load("nop\n hlt");
  watch(cpu, 0, ORIGIN, EXECUTE);
  go(1);
  assert.is(cpu.peekStack(8, 4), 2);
});

test("without RF it comes again and again", () => {
  const { cpu, go } = load("nop\n hlt");
  watch(cpu, 0, ORIGIN, EXECUTE);
  assert.is(go(10).length, 5);
});

test("RF is good for one instruction, a loop is hit each time", () => {
  const { cpu, go } = load("movl $3, %ecx\n1: loop 1b\n hlt", 0,
    "orl $0x10000, 8(%esp)\n iret");
  watch(cpu, 0, ORIGIN + 5, EXECUTE);
  assert.equal(go(100), ["1@4005:1", "1@4005:1", "1@4005:1"]);
});

test("a fault's frame has RF, a trap's hasn't", () => {
  for (const [text, flags] of [["ud2", 2 | RF], ["int3", 2],
    ["int $0x80", 2], [".byte 0xf1", 2]] as const) {
    const { cpu, go } = load(text);
    go(1);
    assert.is(cpu.peekStack(8, 4), flags, text);
  }
});

test("RF set by IRET is cleared by the next instruction", () => {
  const { cpu, go } = load("pushl $0x10002\n pushl $8\n pushl $1f\n iret\n" +
    "1: nop\n nop");
  go(4);
  assert.is(cpu.w[SYSTEM_FLAGS]! & RF, RF);
  go(1);
  assert.is(cpu.w[SYSTEM_FLAGS]! & RF, 0);
});

test("pushf never shows RF, popf clears it", () => {
  const { cpu, go } = load("pushl $0x10002\n popf\n pushf\n popl %eax");
  go(4);
  assert.equal([cpu.w[EAX], cpu.w[SYSTEM_FLAGS]! & RF], [2, 0]);
});

test("writes trap behind the instruction, reads only if asked for", () => {
  const { cpu, go } = load(`movl %eax, 0x7000
    movl 0x7000, %eax
    addl $1, 0x7000
    movw %ax, 0x7003
    movb %al, 0x7004
    hlt`);
  watch(cpu, 1, 0x7000, WRITE, 4);
  assert.equal(go(100), ["1@4005:2", "1@4011:2", "1@4017:2"]);
  const other = load("movl 0x7000, %eax\n movl %eax, 0x7000\n hlt");
  watch(other.cpu, 1, 0x7002, ACCESS, 2);
  assert.equal(other.go(100), ["1@4005:2", "1@400a:2"]);
});

test("all that is met is told, even if it is disabled", () => {
  const { cpu, go } = load("movl %eax, 0x7000\n hlt");
  watch(cpu, 0, 0x7000, WRITE, 4);
  watch(cpu, 3, 0x7001, ACCESS, 1);
  cpu.w[DR + 7]! &= ~(3 << 6);
  assert.equal(go(100), ["1@4005:9"]);
});

test("ports, if CR4.DE says so", () => {
  for (const [cr4, expected] of [[0, []], [CR4_DE, ["1@4002:4"]]] as const) {
    const { cpu, go } = load("inb $0x61, %al\n inb $0x62, %al\n hlt");
    cpu.w[CR4] = cr4;
    watch(cpu, 2, 0x61, PORT);
    assert.equal(go(100), expected);
  }
});

test("rep stops behind the iteration, with RF in the frame", () => {
  const { cpu, go } = load("rep stosl\n hlt");
  cpu.w[ECX] = 4;
  cpu.w[7] = 0x7000;
  cpu.w[24] = dataOf(3);
  for (let k = 0; k < 4; k++) cpu.w[24 + k] = cpu.w[24 + 12 + k]!;
  watch(cpu, 0, 0x7004, WRITE, 4);
  go(3);
  assert.equal([cpu.w[ECX], cpu.w[EIP], cpu.peekStack(0, 4)],
    [2, HANDLERS + 16, ORIGIN]);
  assert.is(cpu.peekStack(8, 4), 2 | RF);
  go(100);
  assert.equal([cpu.w[ECX], cpu.w[ACTIVITY]], [0, HALTED]);
});

test("a breakpoint on a rep is hit once, not for each iteration", () => {
  const { cpu, seen, go } = load("rep lodsb\n hlt", 0,
    "orl $0x10000, 8(%esp)\n iret");
  cpu.w[ECX] = 3;
  cpu.w[ESI] = 0x7000;
  watch(cpu, 0, ORIGIN, EXECUTE);
  go(100);
  assert.equal(seen, ["1@4000:1"]);
});

test("an interrupt between two iterations pushes RF", () => {
  const { cpu, go } = load("rep lodsb\n hlt");
  cpu.w[ECX] = 5;
  cpu.w[ESI] = 0x7000;
  cpu.w[SYSTEM_FLAGS] = IF;
  go(2);
  writeApic(cpu, 0xf0, 0x1ff);
  raiseInterrupt(cpu, 0x40);
  go(1);
  assert.equal([cpu.peekStack(0, 4), cpu.peekStack(8, 4)],
    [ORIGIN, 2 | IF | RF]);
});

test("GD guards the registers, and goes off for the handler", () => {
  const { cpu, go } = load("mov %dr0, %eax", 0, "mov %dr6, %ebx\n hlt");
  cpu.w[DR + 7] = 0x2400;
  assert.equal(go(1), ["1@4000:2000"]);
  assert.is(cpu.peekStack(8, 4), 2 | RF);
  go(5);
  assert.is(cpu.w[ACTIVITY], HALTED);
  assert.is(cpu.w[DR + 7], 0x400);
});

test("bits of DR6 and DR7 that can't be changed", () => {
  const { cpu, go } = load(`movl $-1, %eax\n mov %eax, %dr6\n mov %dr6, %ebx
    mov %eax, %dr7\n xorl %eax, %eax\n mov %eax, %dr6\n mov %dr6, %ecx\n`);
  go(4);
  assert.equal([cpu.w[EBX]! >>> 0, cpu.w[DR + 7]! >>> 0],
    [0xffffefff, 0xffff27ff]);
});

test("TF: a step is a trap behind the instruction", () => {
  const { cpu, go } = load("nop\n into\n hlt");
  cpu.w[SYSTEM_FLAGS] = TF;
  assert.equal(go(8), ["1@4001:4000", "1@4002:4000", "1@4003:4000"]);
});

test("a step over INT ends in its handler, without a trap", () => {
  const { cpu, go } = load("int $0x80\n nop\n hlt");
  cpu.w[SYSTEM_FLAGS] = TF;
  assert.equal(go(20).slice(0, 3),
    ["128@4002", "1@4003:4000", "1@4004:4000"]);
});

test("a faulting instruction makes no trap", () => {
  const { cpu, go } = load("ud2");
  cpu.w[SYSTEM_FLAGS] = TF;
  assert.equal(go(2), ["6@4000"]);
});

test("behind a load of SS no trap; it comes one instruction later", () => {
  const { cpu, go } = load(`movl $${dataOf(0)}, %eax
    movw %ax, 0x7000
    movw 0x7000, %ss
    nop
    hlt`);
  watch(cpu, 0, 0x7000, ACCESS, 2);
  assert.equal(go(20), ["1@400b:1", "1@4012:1"]);
});

test("a trap that SS held back finds INT's handler", () => {
  const { cpu, go } = load(`movl $${dataOf(0)}, %eax
    movw 0x7000, %ss
    int $3`);
  cpu.store16(0x7000, dataOf(0));
  watch(cpu, 0, 0x7000, ACCESS, 2);
  assert.equal(go(4).map((s) => s.split(":")[0]),
    ["3@400c", `1@${(HANDLERS + 48).toString(16)}`]);
});

test("the trap comes before an interrupt, NMI before others", () => {
  const { cpu, go } = load("nop\n nop\n hlt");
  cpu.w[SYSTEM_FLAGS] = TF | IF;
  go(1);
  writeApic(cpu, 0xf0, 0x1ff);
  raiseInterrupt(cpu, 0x40);
  raiseNmi(cpu);
  assert.equal(go(3), ["1@4001:4000", "2@6010", "2@6010"].slice(0, 2));
  assert.is(cpu.w[DEBUG_PENDING], 0);
});

test("an interrupt is not taken behind STI or MOV SS", () => {
  for (const text of ["sti\n nop\n nop\n hlt",
    "movw %ss, %ax\n movw %ax, %ss\n nop\n hlt"]) {
    const { cpu, go } = load(text);
    writeApic(cpu, 0xf0, 0x1ff);
    if (!text.startsWith("sti")) cpu.w[SYSTEM_FLAGS] = IF;
    if (!text.startsWith("sti")) go(1);
    go(1);
    raiseInterrupt(cpu, 0x40);
    const at = cpu.w[EIP]! + 1;
    assert.equal(go(2), [`64@${at.toString(16)}`]);
  }
});

test("an NMI is blocked until an IRET, even one that faults", () => {
  const { cpu, go } = load("nop\n nop", 0, "nop\n nop\n iret");
  raiseNmi(cpu);
  go(1);
  raiseNmi(cpu);
  assert.equal(go(2), ["2@4000"]);
  cpu.store32(cpu.w[ESP]! + 4, 0);
  go(1);
  assert.equal(go(1), ["2@4000", "13@6022", `2@${
    (HANDLERS + 13 * 16).toString(16)}`]);
});

test("alignment is checked in ring 3, with AM and AC", () => {
  for (const [r, am, ac, expected] of [[3, 1, 1, ["17@4000"]],
    [3, 0, 1, []], [3, 1, 0, []], [0, 1, 1, []]] as const) {
    const { cpu, go } = load("movl 0x7001, %eax\n nop", r);
    cpu.w[CR0]! |= am ? CR0_AM : 0;
    cpu.setEflags(ac ? AC : 0, AC);
    cpu.refresh();
    assert.equal(go(1), expected, `ring ${r}, AM ${am}, AC ${ac}`);
    if (expected.length) {
      assert.is(cpu.peekStack(0, 4), 0);
      assert.is(cpu.w[SYSTEM_FLAGS]! & AC, AC);
    }
  }
});

test("aligned words, bytes, and the CPU's own accesses are exempt", () => {
  const { cpu, go } = load(`movl 0x7000, %eax
    movw 0x7002, %ax
    movb 0x7003, %al
    pushl %eax
    movl $${dataOf(3)}, %ebx
    movl %ebx, %es
    movw %ax, 0x7001`, 3);
  cpu.w[CR0]! |= CR0_AM;
  cpu.setEflags(AC, AC);
  cpu.refresh();
  assert.equal(go(7), ["17@4018"]);
});

test("SYSENTER and SYSEXIT", () => {
  const { cpu, go } = load("sysenter", 3);
  cpu.w[MSR_SYSENTER_CS] = codeOf(0);
  cpu.w[MSR_SYSENTER_ESP] = 0xa000;
  cpu.w[MSR_SYSENTER_EIP] = 0x5000;
  put(cpu, 0x5000, "nop\n sysexit");
  cpu.w[SYSTEM_FLAGS] = IF;
  go(1);
  assert.equal([cpu.w[EIP], cpu.w[ESP], cpu.w[CPL],
    cpu.w[SYSTEM_FLAGS]! & IF], [0x5000, 0xa000, 0, 0]);
  assert.equal(segmentRegister(cpu, CS), { selector: codeOf(0), base: 0,
    limit: 0xffffffff, attributes: 0xc09b });
  cpu.w[ECX] = 0xb000;
  cpu.w[EDX] = 0x4001;
  go(2);
  assert.equal([cpu.w[EIP], cpu.w[ESP], cpu.w[CPL]], [0x4001, 0xb000, 3]);
  assert.equal([CS, SS].map((s) => segmentRegister(cpu, s).selector),
    [codeOf(0) + 16 + 3, codeOf(0) + 24 + 3]);
});

test("SYSEXIT in ring 3 and without a selector is #GP", () => {
  assert.equal(load("sysexit", 3).go(1), ["13@4000"]);
  assert.equal(load("sysexit").go(1), ["13@4000"]);
});

test("RDPMC in ring 3 only with PCE, and only two counters", () => {
  const { cpu, go } = load("rdpmc\n hlt", 3);
  cpu.w[ECX] = 0;
  assert.equal(go(1), ["13@4000"]);
  const other = load("rdpmc\n rdpmc", 3);
  other.cpu.w[CR4] = CR4_PCE;
  other.cpu.w[ECX] = 1;
  assert.equal(other.go(1), []);
  other.cpu.w[ECX] = 2;
  assert.equal(other.go(1), ["13@4002"]);
});

test("reserved bits of CR4 are #GP; PAE isn't there", () => {
  for (const bits of [0x20, 0x200, 0x400]) {
    const { go } = load(`movl $${bits}, %eax\n mov %eax, %cr4`);
    assert.equal(go(2), ["13@4005"], `${bits}`);
  }
  const { cpu, go } = load("movl $0x1df, %eax\n mov %eax, %cr4");
  assert.equal(go(2), []);
  assert.is(cpu.w[CR4], 0x1df);
});

test("debug state is in the block: a run can be cut anywhere", () => {
  const build = () => {
    const { cpu } = load("movl %eax, 0x7000\n nop\n rep lodsb\n hlt", 0,
      "orl $0x10000, 8(%esp)\n iret", true);
    cpu.w[ECX] = 5;
    cpu.w[ESI] = 0x7000;
    cpu.w[SYSTEM_FLAGS] = TF;
    watch(cpu, 0, 0x7000, WRITE, 4);
    watch(cpu, 1, ORIGIN + 6, EXECUTE);
    return cpu.machine;
  };
  const whole = build();
  whole.run({ maxInstructions: 40 });
  for (let cut = 1; cut < 40; cut++) {
    const first = build(), second = new Machine({ memory: 0x100000 });
    first.run({ maxInstructions: cut });
    second.restore(first.snapshot());
    second.run({ maxInstructions: 40 - cut });
    assert.is(Buffer.compare(second.snapshot(), whole.snapshot()), 0,
      `cut at ${cut}`);
  }
});

test("a Fault says by itself whether RF is pushed", () => {
  assert.equal([new Fault(13).resume, new Fault(1).resume,
    new Fault(8).resume], [true, false, false]);
  assert.ok(STACK0);
});

test.run();
