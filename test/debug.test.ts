// Debug registers, single steps, RF, shadows, NMI; alignment; SYSENTER.
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  AC, ACTIVITY, assemble, checkCode, CPL, CR0, CR0_AM, CR0_PE, CR4, CR4_DE,
  CR4_PCE, CS, DEBUG_PENDING, DR, DR6_BD, DR6_BS, DR6_BT, dropGuard, EAX, EBX,
  ECX, EDX, EIP, ESI, ESP, Fault, HALTED, holdTrap, IF, Machine,
  MSR_SYSENTER_CS, MSR_SYSENTER_EIP, MSR_SYSENTER_ESP, noteAccess, notePort,
  raiseInterrupt, raiseNmi, readDebug, RF, segmentRegister, SS, SYSTEM_FLAGS,
  systemEnter, systemExit, TF, trapBits, VM, writeApic, writeDebug,
} from "../src";
import type { Cpu, MachineEvent } from "../src";
import { machineOf } from "./around";
import {
  codeOf, dataOf, fault, gate, goTo, IDT, INT_GATE, precise, prepared, ring,
  STACK0,
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
  cpu.board.events.on((e: MachineEvent) => {
    if (quiet) return;
    if (e.kind !== "exception" && e.kind !== "interrupt") return;
    const bits = e.vector === 1 ? `:${(cpu.w[DR + 6]! & 0xe00f)
      .toString(16)}` : "";
    seen.push(`${e.vector}@${Number(e.eip).toString(16)}${bits}`);
    if (e.vector === 1) cpu.w[DR + 6] = 0xffff0ff0 | 0;
  });
  return { cpu, seen, go: (n: number) => {
    machineOf(cpu).run({ maxInstructions: n });
    return seen;
  } };
}

function put(cpu: Cpu, at: number, text: string): void {
  cpu.board.writeRam(at, assemble(text + "\n", { origin: at }).bytes);
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

/** A CPU with nothing but debug registers to it. */
function watching(dr7 = 0, ...addresses: number[]): Cpu {
  const cpu = new Machine({ memory: 0x1000 }).cpus[0]!;
  addresses.forEach((address, n) => writeDebug(cpu, n, address));
  writeDebug(cpu, 7, dr7);
  return cpu;
}

/** What is pending behind what a body does; bits of DR6. */
function pending(cpu: Cpu, body: () => void): number {
  cpu.w[DEBUG_PENDING] = 0;
  body();
  return cpu.w[DEBUG_PENDING];
}

// SDM 3B, 17.2.4 and 17.2.5: the range begins at a multiple of its length.
test("an access meets a range if they have a byte in common", () => {
  const bytes = (at: number, n: number) => Array.from({ length: n },
    (_, i) => at + i);
  for (const [length, code] of [[1, 0], [2, 1], [8, 2], [4, 3]] as const) {
    for (const address of [0x7ff8, 0x7ffb, 0xfffffff8]) {
      const cpu = watching(2 | (code << 2 | WRITE) << 16, address);
      const range = bytes(address - address % length, length);
      for (const size of [1, 2, 4]) {
        for (let at = address - 12; at < address + 13; at++) {
          if (at + size > 2 ** 32) break;
          const touched = bytes(at, size).some((one) => range.includes(one));
          assert.is(pending(cpu, () => noteAccess(cpu, at, size, true)),
            touched ? 1 : 0, `${length} at ${address}, ${size} at ${at}`);
        }
      }
    }
  }
});

test("addresses of the upper half are met when the CPU goes there", () => {
  for (const address of [0x7ffffffc, 0x80000000, 0xc0100000, 0xfffffffc]) {
    const cpu = watching(2 | (ACCESS | 3 << 2) << 16, address);
    for (const body of [() => cpu.load32(address | 0),
      () => cpu.store32(address | 0, 0)])
      assert.is(pending(cpu, body), 1, address.toString(16));
    assert.is(pending(cpu, () => cpu.load32((address | 0) - 4)), 0);
  }
});

test("R/W says what counts: execution, writes, ports, reads and writes",
  () => {
    const ways: ((cpu: Cpu) => void)[] = [
      (cpu) => checkCode(cpu, 0x60),
      (cpu) => noteAccess(cpu, 0x60, 4, true),
      (cpu) => notePort(cpu, 0x60, 1),
      (cpu) => noteAccess(cpu, 0x60, 4, false),
    ];
    const counts = [[0], [1], [2], [1, 3]];
    for (let n = 0; n < 4; n++) {
      for (let kind = 0; kind < 4; kind++) {
        const cpu = watching(1 << 2 * n | kind << 16 + 4 * n);
        cpu.w[DR + n] = 0x60;
        for (let other = 0; other < 4; other++) {
          if (other !== n) cpu.w[DR + other] = 0x70;
        }
        cpu.w[CR4] = CR4_DE;
        const met = ways.flatMap((way, which) => {
          const thrown = fault(() => {
            const bits = pending(cpu, () => way(cpu));
            if (bits) throw new Fault(bits + 100);
          });
          if (thrown?.[0] === 1) assert.is(cpu.w[DR + 6]! & 0xf, 1 << n);
          else if (thrown) assert.equal(thrown, [100 + (1 << n)]);
          return thrown ? [which] : [];
        });
        assert.equal(met, counts[kind],
          `DR${n}, R/W ${kind}`);
        cpu.w[CR4] = 0;
        assert.is(pending(cpu, () => notePort(cpu, 0x60, 1)), 0, "no DE");
      }
    }
  });

test("either of two bits enables a register, and no other", () => {
  // All four watch one byte for writes; bits 8 to 15 of DR7 enable none.
  for (let bit = 0; bit < 16; bit++) {
    const cpu = watching(0x11110000 | 1 << bit & ~0x2000, 80, 80, 80, 80);
    assert.is(pending(cpu, () => noteAccess(cpu, 80, 1, true)),
      bit < 8 ? 15 : 0, "what is met is told if one of it is enabled");
    for (let n = 0; n < 4; n++) {
      cpu.w[DR + n] = 90;
      assert.is(pending(cpu, () => noteAccess(cpu, 90, 1, true)),
        bit >> 1 === n ? 1 << n : 0, `bit ${bit}, DR${n}`);
      cpu.w[DR + n] = 80;
    }
  }
});

test("the length of a breakpoint on code or on a port", () => {
  // LEN has to be 0 for code, and more is ignored; a port's range counts.
  const code = watching(1 | 0xc << 16, 0x5003);
  checkCode(code, 0x5002);
  checkCode(code, 0x5004);
  assert.equal(fault(() => checkCode(code, 0x5003)), [1]);
  const high = watching(1, 0xfffff003);
  assert.equal(fault(() => checkCode(high, 0xfffff003 | 0)), [1]);
  const ports = watching(1 | (0xc | PORT) << 16, 0x65);
  ports.w[CR4] = CR4_DE;
  const rows = [[0x63, 1, 0], [0x63, 2, 1], [0x60, 4, 0], [0x61, 4, 1],
    [0x67, 1, 1], [0x68, 4, 0]];
  for (const [port, size, met] of rows) {
    assert.is(pending(ports, () => notePort(ports, port!, size!)), met);
  }
});

test("pages are watched that have an enabled range in them", () => {
  const pages = (dr7: number) => {
    const { codeGuards, dataGuards } = watching(dr7,
      0x1fff, 0x2004, 0xfffff000, 0x5555);
    return [codeGuards, dataGuards].map((set) => set && [...set]);
  };
  assert.equal(pages(0x1000), [undefined, undefined]);
  assert.equal(pages(0x80), [[1, 2, 0xfffff, 5], undefined]);
  assert.equal(pages(0x01 | 0x3210 << 16), [[1], [2, 5]]);
  assert.equal(pages(0x01 | 0x22d2 << 16), [undefined, [2]]);
  assert.equal(pages(0x02 | 0x13ff << 16), [undefined, [1, 2, 0xfffff, 5]]);
});

test("a new guard empties the fast table, and so does the last one's end",
  () => {
    const cpu = watching();
    const drops = (dr7: number) => {
      let count = 0;
      cpu.dropFast = () => { count++; };
      cpu.look = false;
      writeDebug(cpu, 7, dr7);
      assert.is(cpu.look, true);
      return count;
    };
    assert.equal([0, 1, 1 | 1 << 16, 1 | 3 << 16, 1, 0].map(drops),
      [0, 0, 1, 1, 1, 0]);
  });

// SDM 3B, figure 17-1: what is drawn as 0 or 1 there stays so.
test("DR0 to DR3 have 32 bits, DR6 and DR7 those that are drawn", () => {
  const cpu = watching();
  const kept = (n: number, bit: number) => {
    cpu.w[DR + 7] = 0x400;
    writeDebug(cpu, n, 1 << bit);
    return cpu.w[DR + n]! >>> 0;
  };
  for (let bit = 0; bit < 32; bit++) {
    const one = 1 << bit >>> 0;
    for (let n = 0; n < 4; n++) assert.is(kept(n, bit), one);
    const of6 = bit < 4 || (bit >= 13 && bit < 16), none = bit >= 11
      && bit < 16 && bit !== 13;
    assert.is(kept(6, bit), of6 ? 0xffff0ff0 + one : 0xffff0ff0);
    assert.is(kept(7, bit), none || bit === 10 ? 0x400 : 0x400 + one);
  }
});

test("DR6 tells of registers, steps and tasks by bits 13 to 15", () => {
  assert.equal([DR6_BD, DR6_BS, DR6_BT], [1 << 13, 1 << 14, 1 << 15]);
});

test("DR4 and DR5 are DR6 and DR7, or #UD with CR4.DE", () => {
  const cpu = watching(0, 11, 12, 13, 14);
  writeDebug(cpu, 4, 5);
  writeDebug(cpu, 5, 0x80);
  const all = () => [0, 1, 2, 3, 4, 5, 6, 7].map((n) =>
    fault(() => readDebug(cpu, n)) ?? readDebug(cpu, n));
  const six = 0xffff0ff5 | 0, seven = 0x480;
  assert.equal(all(), [11, 12, 13, 14, six, seven, six, seven]);
  cpu.w[CR4] = CR4_DE;
  assert.equal(all(), [11, 12, 13, 14, [6], [6], six, seven]);
  assert.equal([4, 5].map((n) => fault(() => writeDebug(cpu, n, 0))),
    [[6], [6]]);
});

test("GD: whoever touches any of them has #DB, and BD says so", () => {
  for (let n = 0; n < 8; n++) {
    for (const way of [readDebug, writeDebug]) {
      const cpu = watching(0x2000);
      cpu.w[DR + 6] = 0xffffcfff | 0;
      assert.equal(fault(() => way(cpu, n, 0)), [1], `DR${n}`);
      // The others stay, but for the four conditions.
      assert.is(cpu.w[DR + 6]! >>> 0, 0xffffeff0);
      assert.is(cpu.w[DR + 7], 0x2400);
      dropGuard(cpu);
      assert.is(cpu.w[DR + 7], 0x400);
    }
  }
});

test("what is due behind an instruction adds up", () => {
  const cpu = watching();
  cpu.look = false;
  holdTrap(cpu, 1);
  holdTrap(cpu, DR6_BS);
  holdTrap(cpu, 8);
  assert.equal([cpu.w[DEBUG_PENDING], cpu.look], [0x4009, true]);
});

test("a data trap takes the next instruction's breakpoint along", () => {
  // Not if it was a step, nor for a task switch alone.
  const rows = [[0x01, 0x09], [0x08, 0x08], [0x4001, 0x4001],
    [0x8000, 0x8000], [0x8002, 0x800a], [0x4000, 0x4000]];
  for (const [due, told] of rows) {
    const cpu = watching(0x80, 1, 2, 3, 0xfffff800);
    assert.is(trapBits(cpu, due!, 0xfffff800 | 0), told! | (due === 8 ? 8 : 0));
    assert.is(trapBits(cpu, due!, 0x800), due);
  }
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

// SDM 2B, SYSENTER and SYSEXIT: the segments are flat, whatever the table
// says; a selector has 16 bits, two of them the ring's.
test("SYSENTER makes its selectors of the MSR's lower half", () => {
  const rows = [[0x08, 0x08, 0x10], [0x0b, 0x08, 0x10], [0x04, 0x04, 0x0c],
    [0x54321040, 0x1040, 0x1048], [0xfffb, 0xfff8, 0], [0xffff, 0xfffc, 4]];
  for (const [msr, cs, ss] of rows) {
    const cpu = goTo(prepared(), 3), { w } = cpu;
    w[MSR_SYSENTER_CS] = msr!;
    w[MSR_SYSENTER_EIP] = 0x89abcdef;
    w[MSR_SYSENTER_ESP] = 0x87654321;
    cpu.setEflags(-1);
    const flags = cpu.eflags();
    systemEnter(cpu);
    assert.equal([segmentRegister(cpu, CS), segmentRegister(cpu, SS)], [
      { selector: cs, base: 0, limit: 0xffffffff, attributes: 0xc09b },
      { selector: ss, base: 0, limit: 0xffffffff, attributes: 0xc093 }]);
    assert.equal([w[CPL], w[ESP]! >>> 0, cpu.next >>> 0],
      [0, 0x87654321, 0x89abcdef]);
    assert.is(cpu.eflags(), flags & ~(VM | IF | RF));
  }
});

test("SYSEXIT goes to ring 3, two and three selectors further", () => {
  const rows = [[0x08, 0x1b, 0x23], [0x0b, 0x1b, 0x23], [0x10020, 0x33, 0x3b],
    [0xffe8, 0xfffb, 3], [0xfff0, 3, 0x0b]];
  for (const [msr, cs, ss] of rows) {
    const cpu = prepared(), { w } = cpu;
    w[MSR_SYSENTER_CS] = msr!;
    w[ECX] = 0x89abcdef;
    w[EDX] = 0x87654321;
    cpu.setEflags(IF);
    systemExit(cpu);
    assert.equal([segmentRegister(cpu, CS), segmentRegister(cpu, SS)], [
      { selector: cs, base: 0, limit: 0xffffffff, attributes: 0xc0fb },
      { selector: ss, base: 0, limit: 0xffffffff, attributes: 0xc0f3 }]);
    assert.equal([w[CPL], w[ESP]! >>> 0, cpu.next >>> 0, cpu.eflags()],
      [3, 0x89abcdef, 0x87654321, IF | 2]);
  }
});

test("both are #GP in real mode and without a selector", () => {
  for (const way of [systemEnter, systemExit]) {
    for (const msr of [0, 3, 0x10000, 0x7fff0003]) {
      const cpu = prepared();
      cpu.w[MSR_SYSENTER_CS] = msr;
      assert.equal(precise(cpu, () => way(cpu)), [13, 0], `${msr}`);
    }
    const cpu = prepared();
    cpu.w[MSR_SYSENTER_CS] = 8;
    cpu.w[CR0]! &= ~CR0_PE;
    assert.equal(precise(cpu, () => way(cpu)), [13, 0], "real mode");
  }
  for (const ring of [1, 2, 3]) {
    const cpu = goTo(prepared(), ring);
    cpu.w[MSR_SYSENTER_CS] = 8;
    assert.equal(precise(cpu, () => systemExit(cpu)), [13, 0], `${ring}`);
  }
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
    return machineOf(cpu);
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
