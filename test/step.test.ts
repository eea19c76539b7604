import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  assemble, ACTIVITY, CR3, EAX, EBX, ECX, EDI, EIP, ESP, HALTED, IF,
  loadSegment, raiseInterrupt, RF, SHUTDOWN, step, SYSTEM_FLAGS, TF, writeApic,
} from "../src";
import type { Cpu, MachineEvent } from "../src";
import { pagedMachine } from "./speed";
import {
  codeOf, dataOf, gate, goTo, IDT, INT_GATE, prepared,
} from "./tables";

const ORIGIN = 0x4000, HANDLER = 0x6000;

/** A flat CPU in ring 0 about to execute a program; every vector's handler
 * is the text `handler`, at 0x6000. */
function load(text: string, handler = "hlt"): Cpu {
  const cpu = prepared();
  goTo(cpu, 0);
  loadSegment(cpu, 0, dataOf(3));
  for (let n = 0; n < 256; n++) {
    gate(cpu, IDT + 8 * n, INT_GATE, codeOf(0), HANDLER);
  }
  put(cpu, ORIGIN, text);
  put(cpu, HANDLER, handler);
  cpu.w[EIP] = ORIGIN;
  cpu.w[ESP] = 0x9000;
  return cpu;
}

function put(cpu: Cpu, at: number, text: string): void {
  cpu.machine.writePhysical(at, assemble(text + "\n", { origin: at }).bytes);
}

function vectors(cpu: Cpu): string[] {
  const seen: string[] = [];
  cpu.machine.events.on((e: MachineEvent) => {
    if (e.kind === "exception" || e.kind === "interrupt") {
      seen.push(`${e.vector}@${Number(e.eip).toString(16)}`);
    }
  });
  return seen;
}

test("a step is one instruction, or one delivery", () => {
  const cpu = load("nop\n ud2");
  step(cpu);
  assert.is(cpu.w[EIP], ORIGIN + 1);
  step(cpu);
  assert.is(cpu.w[EIP], HANDLER);
  assert.is(cpu.retired, 2);
  step(cpu);
  assert.is(cpu.w[ACTIVITY], HALTED);
  step(cpu);
  assert.is(cpu.retired, 3);
});

test("a machine that does nothing but fault uses up its budget", () => {
  const cpu = load("ud2", "ud2");
  cpu.w[ESP] = 0xf0000;
  const { machine } = cpu;
  assert.equal(machine.run({ maxInstructions: 500 }),
    { reason: "budget", count: 500 });
});

test("code that a program writes is executed as written", () => {
  const cpu = load(`1: mov $1, %eax
    add %eax, %ebx
    movl $100, 1b+1
    dec %ecx
    jne 1b
    hlt`);
  cpu.w[ECX] = 5;
  cpu.machine.run({ maxInstructions: 100 });
  assert.is(cpu.w[EBX], 401);
});

test("a program may change the very next instruction", () => {
  const cpu = load("movb $0x43, 1f\n1: inc %eax\n hlt");
  cpu.w[EAX] = 0;
  cpu.machine.run({ maxInstructions: 10 });
  assert.equal([cpu.w[EAX], cpu.w[EBX]! & 1], [0, 1]);
});

test("a write of one byte reaches instructions that began before it",
  () => {
    const cpu = load(`.fill 57, 1, 0x90
      1: mov $0x11223344, %eax
      hlt`);
    cpu.machine.run({ maxInstructions: 100 });
    cpu.store8(ORIGIN + 57 + 4, 0x55);
    cpu.w[EIP] = ORIGIN;
    cpu.w[ACTIVITY] = 0;
    cpu.machine.run({ maxInstructions: 100 });
    assert.is(cpu.w[EAX], 0x55223344);
  });

test("what a loader writes is seen, too", () => {
  const cpu = load("1: inc %eax\n jmp 1b");
  cpu.w[EAX] = 0;
  cpu.machine.run({ maxInstructions: 20 });
  assert.is(cpu.w[EAX], 10);
  put(cpu, ORIGIN, "1: dec %eax\n jmp 1b");
  cpu.machine.run({ maxInstructions: 20 });
  assert.is(cpu.w[EAX], 0);
});

test("a page that holds no code any more can be written fast again", () => {
  const cpu = load("movl $0x90909090, 0x4800\n call 0x4800\n hlt");
  put(cpu, 0x4800, "mov $7, %eax\n ret");
  cpu.machine.run({ maxInstructions: 3 });
  const { codePages } = cpu.machine;
  assert.is(codePages[4], 1);
  cpu.machine.writePhysical(0x4000, new Uint8Array(4096));
  assert.is(codePages[4], 0);
});

test("an instruction may lie across two pages", () => {
  const cpu = load("jmp 0x4ffe");
  put(cpu, 0x4ffe, "mov $0x12345678, %eax\n hlt");
  cpu.machine.run({ maxInstructions: 10 });
  assert.is(cpu.w[EAX], 0x12345678);
  cpu.store8(0x5001, 0x99);
  cpu.w[ACTIVITY] = 0;
  cpu.w[EIP] = 0x4ffe;
  cpu.machine.run({ maxInstructions: 10 });
  assert.is(cpu.w[EAX], 0x12995678);
});

test("the second page of an instruction may be missing", () => {
  const machine = pagedMachine("start: jmp 0x104ffe");
  const cpu = machine.cpus[0]!;
  put(cpu, 0x104ffe, "mov $0x12345678, %eax");
  cpu.store32(0x2000 + 4 * 0x105, 0);
  const faults: unknown[] = [];
  machine.events.on((e) => {
    if (e.kind === "exception" && e.vector === 14) faults.push(e.address);
  });
  machine.run({ maxInstructions: 10 });
  assert.is(machine.cpus[0]!.w[ACTIVITY], SHUTDOWN);
  assert.is((faults[0] as number) >>> 0, 0x105000);
});

test("an instruction beyond the limit of CS faults, one within doesn't",
  () => {
    for (const [limit, expected] of [[0x4004, "3@4005"], [0x4003, "13@4000"]]) {
      const cpu = load("mov $1, %eax\n int3"), seen = vectors(cpu);
      cpu.w[24 + 4 + 2] = limit as number;
      cpu.refreshSegment(1);
      cpu.machine.run({ maxInstructions: 2 });
      assert.is(seen[0], limit === 0x4004 ? "13@4005" : expected);
    }
  });

test("sixteen bytes are one too many", () => {
  const nops = (n: number) => load(`.fill ${n}, 1, 0x66\n nop\n int3`);
  const good = nops(14), bad = nops(15);
  const seen = vectors(good), wrong = vectors(bad);
  good.machine.run({ maxInstructions: 2 });
  bad.machine.run({ maxInstructions: 2 });
  assert.equal(seen, ["3@4010"]);
  assert.equal(wrong, ["13@4000"]);
});

test("the trap flag makes each instruction end with #DB", () => {
  const cpu = load("nop\n nop\n mov %ss, %ax\n mov %ax, %ss\n nop\n hlt",
    "iret");
  const seen = vectors(cpu);
  cpu.w[SYSTEM_FLAGS]! |= TF;
  cpu.machine.run({ maxInstructions: 15 });
  assert.equal(seen,
    ["1@4001", "1@4002", "1@4005", "1@4008", "1@4009"]);
});

test("popf that sets TF traps behind the next instruction", () => {
  const cpu = load("pushf\n orl $0x100, (%esp)\n popf\n nop\n nop");
  const seen = vectors(cpu);
  cpu.machine.run({ maxInstructions: 6 });
  assert.equal(seen, ["1@400a"]);
});

test("an interrupt comes between two instructions, and not behind sti",
  () => {
    const cpu = load("cli\n nop\n sti\n nop\n nop\n hlt");
    const seen = vectors(cpu);
    writeApic(cpu, 0xf0, 0x1ff);
    raiseInterrupt(cpu, 0x40);
    cpu.machine.run({ maxInstructions: 20 });
    assert.equal(seen, ["64@4004"]);
  });

test("mov to ss holds an interrupt off, so that esp can follow", () => {
  const cpu = load("sti\n mov %ss, %ax\n mov %ax, %ss\n mov %eax, %esp");
  const seen = vectors(cpu);
  writeApic(cpu, 0xf0, 0x1ff);
  cpu.machine.run({ maxInstructions: 3 });
  raiseInterrupt(cpu, 0x40);
  cpu.machine.run({ maxInstructions: 2 });
  assert.equal(seen, ["64@4008"]);
});

test("sti; hlt sleeps until the interrupt, which returns behind it", () => {
  const cpu = load("sti\n hlt\n inc %ebx\n cli\n hlt", "inc %ecx\n iret");
  Object.assign(cpu.w, { [EBX]: 0, [ECX]: 0 });
  writeApic(cpu, 0xf0, 0x1ff);
  assert.is(cpu.machine.run({ maxInstructions: 9 }).reason, "halted");
  raiseInterrupt(cpu, 0x40);
  cpu.machine.run({ maxInstructions: 9 });
  assert.equal([cpu.w[EBX], cpu.w[ECX]], [1, 1]);
});

test("a rep can be interrupted between iterations, and goes on", () => {
  const cpu = load("rep stosb\n hlt", "inc %ebx\n iret");
  const seen = vectors(cpu);
  cpu.w[SYSTEM_FLAGS]! |= IF;
  Object.assign(cpu.w, { [ECX]: 100, [EDI]: 0xa000, [EBX]: 0 });
  writeApic(cpu, 0xf0, 0x1ff);
  cpu.machine.run({ maxInstructions: 40 });
  assert.is(cpu.w[ECX], 60);
  raiseInterrupt(cpu, 0x40);
  cpu.machine.run({ maxInstructions: 100 });
  assert.equal(seen, ["64@4000"]);
  assert.equal([cpu.w[ECX], cpu.w[EDI], cpu.w[EBX]], [0, 0xa064, 1]);
});

test("RF ends with the instruction that IRET returns to", () => {
  const cpu = load("ud2\n nop\n hlt", "addl $2, (%esp)\n iret");
  cpu.machine.run({ maxInstructions: 4 });
  assert.is(cpu.w[EIP], ORIGIN + 3);
  assert.is(cpu.w[SYSTEM_FLAGS]! & RF, 0);
});

test("a stale translation is executed until it is flushed", () => {
  const machine = pagedMachine(`start: jmp 0x105000
    .org 0x5000
    inc %eax
    movl $0x106003, 0x2414
    jmp 1f
    1: inc %eax
    mov %cr3, %ebx
    mov %ebx, %cr3
    hlt`);
  const cpu = machine.cpus[0]!;
  put(cpu, 0x106000 + 0x14, "hlt");
  cpu.w[EAX] = 0;
  machine.run({ maxInstructions: 20 });
  assert.is(cpu.w[EAX], 2);
  assert.is(cpu.w[CR3], 0x1000);
  assert.is(machine.cpus[0]!.w[EIP], 0x105015);
});

test("one frame is executed at two addresses", () => {
  const machine = pagedMachine(`start: call 0x105000
    call 0x106000
    hlt
    .org 0x5000
    call 1f
    1: pop %eax
    add %eax, %ebx
    ret`);
  const cpu = machine.cpus[0]!;
  cpu.store32(0x2000 + 4 * 0x106, 0x105003);
  cpu.w[EBX] = 0;
  machine.run({ maxInstructions: 50 });
  assert.is(cpu.w[EBX], 0x105005 + 0x106005);
});

test.run();
