import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  assemble, ACTIVITY, BASE, CLOCK, CR3, CS, EAX, EBX, ECX, EDI, EIP, ESP,
  HALTED, IF, LIMIT, loadSegment, Machine, raiseInterrupt, RETIRED, RF,
  runnerOf, RUNNING, SEGMENTS, SHUTDOWN, step, SYSTEM_FLAGS, TF, WAITING,
  writeApic, writeControl, writeDebug,
} from "../src";
import type { Cpu, MachineEvent, MachineOptions } from "../src";
import { machineOf } from "./around";
import { pagedMachine } from "./speed";
import {
  codeOf, dataOf, gate, goTo, IDT, INT_GATE, prepared,
} from "./tables";

const ORIGIN = 0x4000, HANDLER = 0x6000;
const CS_AT = SEGMENTS + 4 * CS;

/** A flat CPU in ring 0 about to execute a program; every vector's handler
 * is the text `handler`, at 0x6000. */
function load(
  text: string, handler = "hlt", options: MachineOptions = {},
): Cpu {
  const cpu = prepared(options);
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
  cpu.board.writeRam(at, assemble(text + "\n", { origin: at }).bytes);
}

function vectors(cpu: Cpu): string[] {
  const seen: string[] = [];
  cpu.board.events.on((e: MachineEvent) => {
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
  assert.equal(machineOf(cpu).run({ maxInstructions: 500 }),
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
  machineOf(cpu).run({ maxInstructions: 100 });
  assert.is(cpu.w[EBX], 401);
});

test("a program may change the very next instruction", () => {
  const cpu = load("movb $0x43, 1f\n1: inc %eax\n hlt");
  cpu.w[EAX] = 0;
  machineOf(cpu).run({ maxInstructions: 10 });
  assert.equal([cpu.w[EAX], cpu.w[EBX]! & 1], [0, 1]);
});

test("a write of one byte reaches instructions that began before it",
  () => {
    const cpu = load(`.fill 57, 1, 0x90
      1: mov $0x11223344, %eax
      hlt`);
    machineOf(cpu).run({ maxInstructions: 100 });
    cpu.store8(ORIGIN + 57 + 4, 0x55);
    cpu.w[EIP] = ORIGIN;
    cpu.w[ACTIVITY] = 0;
    machineOf(cpu).run({ maxInstructions: 100 });
    assert.is(cpu.w[EAX], 0x55223344);
  });

// SDM 2A, 2.3.11: 15 bytes are the most.
test("a write of the last byte reaches the longest instruction", () => {
  for (const first of [49, 50, 63]) {
    const cpu = load(`.fill ${first}, 1, 0x90
      .fill 10, 1, 0x3e
      mov $0x11223344, %eax
      hlt`);
    const run = () => {
      cpu.w[EIP] = ORIGIN;
      cpu.w[ACTIVITY] = 0;
      machineOf(cpu).run({ maxInstructions: 100 });
      return cpu.w[EAX];
    };
    assert.is(run(), 0x11223344);
    cpu.store8(ORIGIN + first + 14, 0x55);
    assert.is(run(), 0x55223344, `at ${first}`);
  }
});

test("what a loader writes is seen, too", () => {
  const cpu = load("1: inc %eax\n jmp 1b");
  cpu.w[EAX] = 0;
  machineOf(cpu).run({ maxInstructions: 20 });
  assert.is(cpu.w[EAX], 10);
  put(cpu, ORIGIN, "1: dec %eax\n jmp 1b");
  machineOf(cpu).run({ maxInstructions: 20 });
  assert.is(cpu.w[EAX], 0);
});

test("a page that holds no code any more can be written fast again", () => {
  const cpu = load("movl $0x90909090, 0x4800\n call 0x4800\n hlt");
  put(cpu, 0x4800, "mov $7, %eax\n ret");
  machineOf(cpu).run({ maxInstructions: 3 });
  const { codePages } = cpu.board;
  assert.is(codePages[4], 1);
  cpu.board.writeRam(0x4000, new Uint8Array(4096));
  assert.is(codePages[4], 0);
});

test("an instruction may lie across two pages", () => {
  const cpu = load("jmp 0x4ffe");
  put(cpu, 0x4ffe, "mov $0x12345678, %eax\n hlt");
  machineOf(cpu).run({ maxInstructions: 10 });
  assert.is(cpu.w[EAX], 0x12345678);
  cpu.store8(0x5001, 0x99);
  cpu.w[ACTIVITY] = 0;
  cpu.w[EIP] = 0x4ffe;
  machineOf(cpu).run({ maxInstructions: 10 });
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
      machineOf(cpu).run({ maxInstructions: 2 });
      assert.is(seen[0], limit === 0x4004 ? "13@4005" : expected);
    }
  });

test("sixteen bytes are one too many", () => {
  const nops = (n: number) => load(`.fill ${n}, 1, 0x66\n nop\n int3`);
  const good = nops(14), bad = nops(15);
  const seen = vectors(good), wrong = vectors(bad);
  machineOf(good).run({ maxInstructions: 2 });
  machineOf(bad).run({ maxInstructions: 2 });
  assert.equal(seen, ["3@4010"]);
  assert.equal(wrong, ["13@4000"]);
});

test("the trap flag makes each instruction end with #DB", () => {
  const cpu = load("nop\n nop\n mov %ss, %ax\n mov %ax, %ss\n nop\n hlt",
    "iret");
  const seen = vectors(cpu);
  cpu.w[SYSTEM_FLAGS]! |= TF;
  machineOf(cpu).run({ maxInstructions: 15 });
  assert.equal(seen,
    ["1@4001", "1@4002", "1@4005", "1@4008", "1@4009"]);
});

test("popf that sets TF traps behind the next instruction", () => {
  const cpu = load("pushf\n orl $0x100, (%esp)\n popf\n nop\n nop");
  const seen = vectors(cpu);
  machineOf(cpu).run({ maxInstructions: 6 });
  assert.equal(seen, ["1@400a"]);
});

test("an interrupt comes between two instructions, and not behind sti",
  () => {
    const cpu = load("cli\n nop\n sti\n nop\n nop\n hlt");
    const seen = vectors(cpu);
    writeApic(cpu, 0xf0, 0x1ff);
    raiseInterrupt(cpu, 0x40);
    machineOf(cpu).run({ maxInstructions: 20 });
    assert.equal(seen, ["64@4004"]);
  });

test("mov to ss holds an interrupt off, so that esp can follow", () => {
  const cpu = load("sti\n mov %ss, %ax\n mov %ax, %ss\n mov %eax, %esp");
  const seen = vectors(cpu);
  writeApic(cpu, 0xf0, 0x1ff);
  machineOf(cpu).run({ maxInstructions: 3 });
  raiseInterrupt(cpu, 0x40);
  machineOf(cpu).run({ maxInstructions: 2 });
  assert.equal(seen, ["64@4008"]);
});

test("sti; hlt sleeps until the interrupt, which returns behind it", () => {
  const cpu = load("sti\n hlt\n inc %ebx\n cli\n hlt", "inc %ecx\n iret");
  Object.assign(cpu.w, { [EBX]: 0, [ECX]: 0 });
  writeApic(cpu, 0xf0, 0x1ff);
  assert.is(machineOf(cpu).run({ maxInstructions: 9 }).reason, "halted");
  raiseInterrupt(cpu, 0x40);
  machineOf(cpu).run({ maxInstructions: 9 });
  assert.equal([cpu.w[EBX], cpu.w[ECX]], [1, 1]);
});

test("a rep can be interrupted between iterations, and goes on", () => {
  const cpu = load("rep stosb\n hlt", "inc %ebx\n iret");
  const seen = vectors(cpu);
  cpu.w[SYSTEM_FLAGS]! |= IF;
  Object.assign(cpu.w, { [ECX]: 100, [EDI]: 0xa000, [EBX]: 0 });
  writeApic(cpu, 0xf0, 0x1ff);
  machineOf(cpu).run({ maxInstructions: 40 });
  assert.is(cpu.w[ECX], 60);
  raiseInterrupt(cpu, 0x40);
  machineOf(cpu).run({ maxInstructions: 100 });
  assert.equal(seen, ["64@4000"]);
  assert.equal([cpu.w[ECX], cpu.w[EDI], cpu.w[EBX]], [0, 0xa064, 1]);
});

test("RF ends with the instruction that IRET returns to", () => {
  const cpu = load("ud2\n nop\n hlt", "addl $2, (%esp)\n iret");
  machineOf(cpu).run({ maxInstructions: 4 });
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

test("code on the first page and the last may change itself", () => {
  for (const page of [0x0, 0xff000]) {
    const cpu = load("nop"), at = page + 0x100;
    put(cpu, at, `1: inc %eax
      movb $0x43, 1b
      dec %ecx
      jne 1b
      hlt`);
    Object.assign(cpu.w, { [EAX]: 0, [EBX]: 0, [ECX]: 3, [EIP]: at });
    machineOf(cpu).run({ maxInstructions: 20 });
    assert.equal([cpu.w[EAX], cpu.w[EBX]], [1, 2], page.toString(16));
  }
});

test("each offset of a page has its own instruction, to the last", () => {
  for (const flags of [0, TF]) {
    const cpu = load("inc %eax\n inc %edx\n inc %esi\n jmp 0x4800", "iret");
    put(cpu, 0x4800, "inc %ebx\n jmp 0x4fff");
    put(cpu, 0x4fff, "inc %edi\n dec %ecx\n jne 0x4000\n cli\n hlt");
    cpu.w.fill(0, 0, 8);
    Object.assign(cpu.w, { [ECX]: 2, [ESP]: 0x9000, [SYSTEM_FLAGS]: flags });
    machineOf(cpu).run({ maxInstructions: 100 });
    assert.equal([...cpu.w.subarray(0, 8)], [2, 0, 2, 2, 0x9000, 0, 2, 2]);
  }
});

test("a jump to the same offset of another page", () => {
  for (const [from, to] of [[0x4f00, 0x0f00], [0x5f00, 0x1f00],
    [0x0f00, 0x4f00], [0xcf00, 0x4f00], [0xff00, 0xfff00]]) {
    const cpu = load("nop");
    put(cpu, from!, `inc %eax\n jmp ${to}`);
    put(cpu, to!, "inc %ebx\n hlt");
    Object.assign(cpu.w, { [EAX]: 0, [EBX]: 0, [EIP]: from });
    machineOf(cpu).run({ maxInstructions: 9 });
    assert.equal([cpu.w[EAX], cpu.w[EBX], cpu.w[EIP]], [1, 1, to! + 2]);
  }
});

/** Sets base and limit of CS by hand. */
function codeSegment(cpu: Cpu, base: number, limit: number): void {
  cpu.w[CS_AT + BASE] = base;
  cpu.w[CS_AT + LIMIT] = limit;
  cpu.refreshSegment(1);
}

// SDM 3A, 5.3: no byte of an instruction may lie beyond the limit; both
// are unsigned. With RF set, the instruction is a careful step.
test("the limit of CS, to a byte, in the loop and in careful steps", () => {
  const rows: [eip: number, limit: number, good: boolean][] = [
    [0x4000, 0x4004, true], [0x4000, 0x4003, false], [0x4000, 0x4000, false],
    [0x4000, 0x3fff, false], [0x80004000, 0x80004004, true],
    [0x80004000, 0x80004003, false], [0x80004000, 0x7fffffff, false],
    [0x4000, -1, true], [0x80004000, -1, true], [0x4000, 0x80000000, true],
  ];
  for (const [eip, limit, good] of rows) {
    for (const flags of [0, RF]) {
      const cpu = load("mov $7, %eax"), seen = vectors(cpu);
      cpu.w[EIP] = eip;
      cpu.w[SYSTEM_FLAGS] = flags;
      codeSegment(cpu, 0x4000 - eip, limit);
      machineOf(cpu).run({ maxInstructions: 1 });
      const at = eip.toString(16);
      assert.equal(seen, good ? [] : [`13@${at}`], `${at} ${limit} ${flags}`);
      if (good) assert.equal([cpu.w[EAX], cpu.w[EIP]! >>> 0], [7, eip + 5]);
    }
  }
});

test("one byte at the limit, on a page of its own", () => {
  for (const flags of [0, RF]) {
    const cpu = load("hlt"), seen = vectors(cpu);
    cpu.w[SYSTEM_FLAGS] = flags;
    codeSegment(cpu, 0, 0x4000);
    machineOf(cpu).run({ maxInstructions: 1 });
    assert.equal([seen, cpu.w[ACTIVITY]], [[], HALTED]);
  }
});

test("beyond the limit it is #GP, even if no page is there", () => {
  for (const [limit, vector] of [[0x7fffff, 13], [0x800000, 14]]) {
    const machine = pagedMachine("start: nop"), cpu = machine.cpus[0]!;
    const seen = vectors(cpu);
    codeSegment(cpu, 0, limit!);
    cpu.w[EIP] = 0x800000;
    machine.run({ maxInstructions: 1 });
    assert.is(seen[0], `${vector}@800000`);
  }
});

test("the last byte of 4 GiB is executed, and 0 comes behind it", () => {
  for (const flags of [0, RF]) {
    const machine = new Machine({ memory: 0x10000, rom: 0x1000 });
    const cpu = machine.cpus[0]!, seen = vectors(cpu);
    machine.writeRom(new Uint8Array(4096).fill(0x90));
    cpu.w[EIP] = 0xfffffffe;
    cpu.w[SYSTEM_FLAGS] = flags;
    assert.is(machine.run({ maxInstructions: 2 }).count, 2);
    assert.equal([cpu.w[EIP], seen], [0, []]);
  }
});

test("a breakpoint in the upper half of the addresses", () => {
  const machine = new Machine({ memory: 0x10000, rom: 0x1000 });
  const cpu = machine.cpus[0]!, seen = vectors(cpu);
  machine.writeRom(new Uint8Array(4096).fill(0x90));
  writeDebug(cpu, 0, 0xfffff802);
  writeDebug(cpu, 7, 1);
  cpu.w[EIP] = 0xfffff800;
  machine.run({ maxInstructions: 3 });
  assert.is(seen[0], "1@fffff802");
});

test("a run of steps ends by number, by clock, by wake, by the CPU", () => {
  const rows: [most: number, ticks: number, steps: number][] = [
    [0, Infinity, 0], [1, Infinity, 1], [7, Infinity, 7], [9, 9, 9],
    [9, 0, 0], [9, 1, 1], [9, 3, 3], [9, 2.5, 3], [9, 0.25, 1], [2, 3, 2],
  ];
  for (const text of ["1: nop\n jmp 1b", "ud2"]) {
    for (const [most, ticks, steps] of rows) {
      const cpu = load(text, text), { d } = cpu, runner = runnerOf(cpu);
      cpu.w[ESP] = 0xf0000;
      [d[RETIRED], d[CLOCK], cpu.board.woken] = [100, 50, false];
      assert.is(runner.run(most, 50 + ticks), steps, `${most}, ${ticks}`);
      assert.equal([d[RETIRED], d[CLOCK]], [100 + steps, 50 + steps]);
    }
  }
  for (const state of [RUNNING, HALTED, WAITING, SHUTDOWN]) {
    const cpu = load("nop");
    cpu.w[ACTIVITY] = state;
    cpu.board.woken = state === RUNNING;
    assert.is(runnerOf(cpu).run(5, Infinity), 0, `${state}`);
  }
  const sleeper = load("nop\n hlt\n nop");
  sleeper.board.woken = false;
  assert.is(runnerOf(sleeper).run(5, Infinity), 2);
});

test("a single step beyond HLT wakes the CPU, and a fault is no trap", () => {
  const cpu = load("hlt\n nop", "hlt"), seen = vectors(cpu);
  cpu.w[SYSTEM_FLAGS]! |= TF;
  step(cpu);
  assert.is(cpu.w[ACTIVITY], RUNNING);
  step(cpu);
  assert.equal([seen, cpu.w[EIP]], [["1@4001"], HANDLER]);
});

/** What #UD or #PF comes of bytes at the end of the last page. */
function atTheEnd(bytes: number[], armed = false, ring = 0): string {
  const machine = pagedMachine("start: nop"), cpu = machine.cpus[0]!;
  const seen: string[] = [], at = 0x105000 - bytes.length;
  machine.events.on((e) => {
    if (e.kind === "exception") seen.push(e.vector === 14
      ? `14 ${(e.address as number >>> 0).toString(16)}` : `${e.vector}`);
  });
  machine.writeRam(at, Uint8Array.from(bytes));
  cpu.store32(0x1000, 0x2007);
  cpu.store32(0x2000 + 4 * 0x104, 0x104007);
  cpu.store32(0x2000 + 4 * 0x105, 0);
  machine.hostArmed = armed;
  cpu.setCpl(ring);
  cpu.w[EIP] = at;
  machine.run({ maxInstructions: 1 });
  return seen[0] ?? "nothing";
}

const PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2,
  0xf3];

test("an unarmed host call at the end of the last page is #UD", () => {
  const missing = "14 105000";
  assert.equal([atTheEnd([0x0f, 0x3f]), atTheEnd([0x0f, 0x3f], false, 3),
    atTheEnd([0x0f, 0x3f], true, 3), atTheEnd([0x0f, 0x3f], true)],
  ["6", "6", "6", missing]);
  for (const prefix of PREFIXES) {
    assert.is(atTheEnd([prefix, 0x0f, 0x3f]), "6", `${prefix}`);
    assert.is(atTheEnd([prefix, prefix, 0x0f, 0x3f]), "6", `${prefix}`);
    assert.is(atTheEnd([prefix]), missing, `${prefix}`);
  }
  // BSF, MOV, ADC and a lone escape want more bytes.
  for (const bytes of [[0x0f, 0xbc], [0xb8, 0x3f], [0x81], [0x0f],
    [0x0f, 0xba], [0x67, 0x0f], [0xc7, 0x3f]]) {
    assert.is(atTheEnd(bytes), missing, `${bytes}`);
  }
});

test("what can't be decoded is #UD, and told but behind a LOCK", () => {
  const rows: [number[], string[]][] = [
    [[0x0f, 0x04], ["opcode 0f 04"]], [[0x0f, 0xff], ["opcode 0f ff"]],
    [[0xfe, 0xd0], ["opcode fe"]], [[0xf0, 0x0f, 0x04], []],
    [[0xf0, 0xfe, 0xd0], []],
    ...PREFIXES.flatMap((prefix): [number[], string[]][] => [
      [[prefix, 0x0f, 0x04], prefix === 0xf0 ? [] : ["opcode 0f 04"]],
      [[0x66, prefix, 0xfe, 0xd0], prefix === 0xf0 ? [] : ["opcode fe"]],
      [[prefix, 0xf0, 0xfe, 0xd0], []],
    ]),
  ];
  for (const [bytes, told] of rows) {
    const cpu = load("nop"), seen = vectors(cpu), what: unknown[] = [];
    cpu.board.writeRam(ORIGIN, Uint8Array.from(bytes));
    cpu.board.events.on((e) => {
      if (e.kind === "unimplemented") what.push(e.what);
    });
    machineOf(cpu).run({ maxInstructions: 1 });
    assert.equal([seen, what], [["6@4000"], told], `${bytes}`);
  }
});

test("a page whose entry decoding has lost is entered anew", () => {
  // The jump lies across two pages. To fetch it, a code TLB of one entry
  // drops this page, and then walks to another frame.
  const cpu = load(`
    1:  inc %eax
        movl $0xa007, 0x21010
        jmp 2f
        .fill 0x4ffe - 0x4010, 1, 0x90
    2:  jmp 1b
  `, "hlt", { codeTlb: 1 });
  put(cpu, 0xa000, "inc %ebx\n hlt");
  cpu.store32(0x20000, 0x21007);
  for (let n = 0; n < 256; n++) cpu.store32(0x21000 + 4 * n, (n << 12) | 7);
  writeControl(cpu, 3, 0x20000);
  writeControl(cpu, 0, 0x80000011 | 0);
  const { w } = cpu, [eax, ebx] = [w[EAX]!, w[EBX]!];
  machineOf(cpu).run({ maxInstructions: 6 });
  assert.equal([w[ACTIVITY], w[EIP], w[EAX]! - eax, w[EBX]! - ebx],
    [HALTED, 0x4002, 1, 1]);
});

test.run();
