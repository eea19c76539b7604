// Real mode: 16-bit code in bytes, and the way in and out.
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  ACTIVITY, CPL, CR0, CS, DS, EAX, EBX, ECX, EDI, EDX, EIP, ES, ESI, ESP,
  GDTR_LIMIT, HALTED, IDTR_LIMIT, IF, Machine, putSegment, raiseNmi,
  registers, segmentRegister, SHUTDOWN, SS, SYSTEM_FLAGS, TF,
} from "../src/machine";
import type { Cpu } from "../src/machine";
import { machineOf } from "./around";

const MEMORY = 0x200000;

/** A CPU in real mode at 0000:7C00 with these bytes, stack at 8000. */
function real(bytes: number[], at = 0x7c00): Cpu {
  const machine = new Machine({ memory: MEMORY });
  const cpu = machine.cpus[0]!;
  machine.resetCpu(cpu, "vector");
  putSegment(cpu, CS, 0, 0, 0xffff, 0x93);
  cpu.w.fill(0, 0, 8);
  cpu.w[EIP] = at;
  cpu.w[ESP] = 0x8000;
  machine.writeRam(at, Uint8Array.from(bytes));
  return cpu;
}

function go(cpu: Cpu, steps = 100): Cpu {
  machineOf(cpu).run({ maxInstructions: steps });
  return cpu;
}

/** Points a vector of the table at 0 to segment:offset. */
function vector(cpu: Cpu, n: number, segment: number, offset: number) {
  cpu.store16(4 * n, offset);
  cpu.store16(4 * n + 2, segment);
}

const words = (cpu: Cpu, count: number) => Array.from({ length: count },
  (_, n) => cpu.peekStack(2 * n, 2));

test("a vector counts if its four bytes are within the table's limit", () => {
  for (const n of [0x21, 0xff]) {
    for (const [limit, eip] of [[4 * n + 3, 0x500], [4 * n + 2, 0x600]]) {
      const cpu = real([0xcd, n]);
      vector(cpu, n, 0, 0x500);
      vector(cpu, 13, 0, 0x600);
      cpu.w[IDTR_LIMIT] = limit!;
      assert.is(go(cpu, 1).w[EIP], eip);
    }
  }
});

test("after a reset a CPU is what table 9-1 says", () => {
  const { cpus, ...machine } = new Machine({ memory: MEMORY });
  const cpu = cpus[0]!;
  machineOf(cpu).resetCpu(cpu, "vector");
  const seen = registers(cpu);
  assert.equal([seen.eip, seen.eflags, seen.cr0, seen.edx],
    [0xfff0, 2, 0x60000010, 0x652]);
  assert.equal([seen.eax, seen.ebx, seen.esp, seen.cr3, seen.cr4],
    [0, 0, 0, 0, 0]);
  assert.equal(segmentRegister(cpu, CS), { selector: 0xf000,
    base: 0xffff0000, limit: 0xffff, attributes: 0x93 });
  assert.equal(segmentRegister(cpu, DS),
    { selector: 0, base: 0, limit: 0xffff, attributes: 0x93 });
  assert.equal([cpu.w[GDTR_LIMIT], cpu.w[IDTR_LIMIT]], [0xffff, 0xffff]);
  assert.is(cpu.w[CPL], 0);
  assert.ok(machine);
});

test("operands and addresses have 16 bits, with a prefix 32", () => {
  const cpu = go(real([
    0xb8, 0x34, 0x12,                   // mov $0x1234, %ax
    0x66, 0xb9, 1, 2, 3, 4,             // mov $0x04030201, %ecx
    0xbb, 0x00, 0x10, 0xbe, 0x20, 0x00, // mov $0x1000, %bx; mov $0x20, %si
    0x89, 0x40, 0x02,                   // mov %ax, 2(%bx,%si)
    0x67, 0x8b, 0x14, 0x33,             // mov (%ebx,%esi), %dx
    0x67, 0x8b, 0x54, 0x33, 0x02,       // mov 2(%ebx,%esi), %dx
    0xf4,
  ]));
  assert.is(cpu.w[EAX], 0x1234);
  assert.is(cpu.w[ECX], 0x04030201);
  assert.is(cpu.w[EDX]! & 0xffff, 0x1234);
  assert.is(cpu.load16(0x1022), 0x1234);
});

test("a selector is a paragraph, and loading CS is a jump", () => {
  const cpu = go(real([
    0xb8, 0x00, 0x20, 0x8e, 0xd8,       // mov $0x2000, %ax; mov %ax, %ds
    0x8e, 0xc0,                         // mov %ax, %es
    0xc7, 0x06, 0x10, 0x00, 0x77, 0x00, // movw $0x77, 0x10
    0xea, 0x00, 0x00, 0x00, 0x10,       // ljmp $0x1000, $0
  ]), 5);
  assert.equal(segmentRegister(cpu, CS), { selector: 0x1000,
    base: 0x10000, limit: 0xffff, attributes: 0x93 });
  assert.is(cpu.w[EIP], 0);
  assert.is(cpu.load16(0x20010), 0x77);
  assert.is(segmentRegister(cpu, ES).base, 0x20000);
});

test("INT pushes flags, CS and IP, and IRET takes them back", () => {
  const cpu = real([0xfb, 0xcd, 0x21, 0xf4]); // sti; int $0x21; hlt
  vector(cpu, 0x21, 0x100, 0x10);
  cpu.board.writeRam(0x1010, Uint8Array.of(0xcf));
  go(cpu, 2);
  assert.equal([segmentRegister(cpu, CS).base, cpu.w[EIP]], [0x1000, 0x10]);
  assert.equal(words(cpu, 3), [0x7c03, 0, 0x202]);
  assert.is(cpu.w[SYSTEM_FLAGS]! & (IF | TF), 0);
  go(cpu, 2);
  assert.equal([cpu.w[EIP], cpu.w[ESP]], [0x7c04, 0x8000]);
  assert.is(cpu.w[SYSTEM_FLAGS]! & IF, IF);
  assert.is(cpu.w[ACTIVITY], HALTED);
});

test("faults push no error code; a divide error points at itself", () => {
  const cpu = real([0xf6, 0xf1]); // div %cl
  vector(cpu, 0, 0, 0x500);
  go(cpu, 1);
  assert.equal(words(cpu, 3), [0x7c00, 0, 2]);
  assert.is(cpu.w[EIP], 0x500);
});

test("an access beyond 64 KiB is #GP, or #SS through SS", () => {
  for (const [bytes, at] of [
    [[0xa1, 0xff, 0xff], 13],                   // mov 0xffff, %ax
    [[0x36, 0xa1, 0xff, 0xff], 12],             // mov %ss:0xffff, %ax
    [[0x67, 0xa1, 0, 0, 1, 0], 13],             // mov 0x10000, %ax
  ] as const) {
    const cpu = real([...bytes]);
    for (const n of [12, 13]) vector(cpu, n, 0, 0x500 + n);
    go(cpu, 1);
    assert.is(cpu.w[EIP], 0x500 + at);
  }
});

test("16-bit addresses wrap around before the limit is asked", () => {
  const cpu = go(real([
    0xbb, 0xff, 0xff,                   // mov $0xffff, %bx
    0x8b, 0x47, 0x11, 0xf4,             // mov 0x11(%bx), %ax
  ]));
  assert.is(cpu.w[EAX]! & 0xffff, cpu.load16(0x10));
});

test("a stack with SP 0 goes on at the top of its segment", () => {
  const cpu = real([0x50, 0xf4]); // push %ax
  cpu.w[ESP] = 0x12340000;
  cpu.w[EAX] = 0xbeef;
  go(cpu);
  assert.is(cpu.w[ESP], 0x1234fffe);
  assert.is(cpu.load16(0xfffe), 0xbeef);
});

test("SP 1 is the end: a push that can't is #SS, and its frame can't be "
  + "pushed either", () => {
  const cpu = go(real([0xbc, 0x01, 0x00, 0x50])); // mov $1, %sp; push %ax
  assert.is(cpu.w[ACTIVITY], SHUTDOWN);
});

test("execution beyond the limit of CS is #GP", () => {
  const cpu = real([], 0x7c00);
  cpu.board.writeRam(0xfffe, Uint8Array.of(0x90, 0x90));
  vector(cpu, 13, 0, 0x500);
  cpu.w[EIP] = 0xfffe;
  go(cpu, 3);
  assert.is(cpu.w[EIP], 0x500);
});

test("LIDT moves the table; a vector beyond its limit is #GP", () => {
  const cpu = real([
    0x0f, 0x01, 0x1e, 0x00, 0x06,       // lidt 0x600
    0xcd, 0x20, 0xcd, 0x40,             // int $0x20; int $0x40
  ]);
  cpu.store16(0x600, 0x40 * 4 - 1);
  cpu.store32(0x602, 0xff003000);       // the top byte isn't loaded
  cpu.store32(0x3000 + 4 * 0x20, 0x500);
  cpu.store32(0x3000 + 4 * 13, 0x580);
  cpu.board.writeRam(0x500, Uint8Array.of(0xcf));
  go(cpu, 4);
  assert.equal([cpu.w[EIP], cpu.peekStack(0, 2)], [0x580, 0x7c07]);
});

test("what needs descriptors is #UD", () => {
  for (const bytes of [[0x0f, 0x00, 0xc0], [0x0f, 0x00, 0xd8],
    [0x0f, 0x02, 0xc0], [0x0f, 0x03, 0xc0], [0x63, 0xc0]]) {
    const cpu = real(bytes);
    vector(cpu, 6, 0, 0x500);
    go(cpu, 1);
    assert.is(cpu.w[EIP], 0x500, `${bytes}`);
  }
});

test("to protected mode and back, with DS of 4 GiB kept", () => {
  const cpu = real([
    0x0f, 0x01, 0x16, 0x00, 0x06,       // lgdt 0x600
    0x0f, 0x20, 0xc0,                   // mov %cr0, %eax
    0x0c, 0x01, 0x0f, 0x22, 0xc0,       // or $1, %al; mov %eax, %cr0
    0xbb, 0x08, 0x00, 0x8e, 0xdb,       // mov $8, %bx; mov %bx, %ds
    0x24, 0xfe, 0x0f, 0x22, 0xc0,       // and $0xfe, %al; mov %eax, %cr0
    0x31, 0xdb, 0x8e, 0xdb,             // xor %bx, %bx; mov %bx, %ds
    0x67, 0x66, 0xc7, 0x05, 0, 0, 0x12, 0, 1, 2, 3, 4,
    0xf4,                               // movl $0x04030201, 0x120000
  ]);
  cpu.store16(0x600, 15);
  cpu.store32(0x602, 0x700);
  cpu.store32(0x708, 0x0000ffff);
  cpu.store32(0x70c, 0x00cf9200);
  go(cpu);
  assert.is(cpu.w[ACTIVITY], HALTED);
  assert.is(cpu.w[CR0]! & 1, 0);
  assert.is(cpu.load32(0x120000), 0x04030201);
  assert.equal([segmentRegister(cpu, DS).base, segmentRegister(cpu, DS).limit],
    [0, 0xffffffff]);
});

test("code can be written through CS after a visit to protected mode",
  () => {
    const cpu = real([0x2e, 0xc6, 0x06, 0x00, 0x70, 0x55, 0xf4]);
    putSegment(cpu, CS, 8, 0, 0xffff, 0x9b);
    cpu.board.writeRam(0x500, Uint8Array.of(0xea, 0, 0x7c, 0, 0));
    cpu.w[EIP] = 0x500;
    go(cpu);
    assert.is(cpu.load8(0x7000), 0x55);
  });

test("far calls and returns, with 16 and with 32 bits", () => {
  const cpu = real([
    0x9a, 0x00, 0x00, 0x00, 0x10,       // lcall $0x1000, $0
    0x66, 0x9a, 4, 0, 0, 0, 0x00, 0x10, // lcalll $0x1000, $4
    0xf4,
  ]);
  cpu.board.writeRam(0x10000, Uint8Array.of(
    0xca, 0, 0, 0x90, 0x66, 0xcb));     // lret $0; nop; lretl
  go(cpu);
  assert.equal([cpu.w[EIP], cpu.w[ESP], cpu.w[ACTIVITY]],
    [0x7c0e, 0x8000, HALTED]);
});

test("a far jump beyond the limit is #GP, and a call pushes nothing", () => {
  const cpu = real([0x66, 0x9a, 0, 0, 1, 0, 0, 0x10]);
  vector(cpu, 13, 0, 0x500);
  go(cpu, 1);
  assert.equal([cpu.w[EIP], cpu.w[ESP]], [0x500, 0x7ffa]);
  assert.is(cpu.peekStack(0, 2), 0x7c00);
});

test("rep movsb with 16-bit addresses counts CX and wraps DI", () => {
  const cpu = real([0xf3, 0xa4, 0xf4]);
  cpu.w[ECX] = 0xdead0004 | 0;
  cpu.w[ESI] = 0x7c00;
  cpu.w[EDI] = 0xfffe;
  go(cpu, 10);
  assert.equal([cpu.w[ECX]! >>> 0, cpu.w[EDI], cpu.w[ESI]],
    [0xdead0000, 2, 0x7c04]);
  assert.equal([cpu.load8(0xffff), cpu.load8(0)], [0xa4, 0xf4]);
});

test("an NMI is taken with IF clear, once until IRET", () => {
  const cpu = real([0x90, 0x90, 0x90, 0xf4]);
  vector(cpu, 2, 0, 0x500);
  cpu.board.writeRam(0x500, Uint8Array.of(0x43, 0xcf)); // inc %bx; iret
  raiseNmi(cpu);
  go(cpu, 2);
  assert.equal([cpu.w[EBX], cpu.w[EIP]], [1, 0x501]);
  raiseNmi(cpu);
  go(cpu, 1);
  assert.is(cpu.w[EIP], 0x7c00, "blocked until IRET");
  go(cpu, 1);
  assert.is(cpu.w[EIP], 0x500, "then taken");
  go(cpu, 10);
  assert.equal([cpu.w[EBX], cpu.w[ACTIVITY]], [2, HALTED]);
});

test("a single step in real mode", () => {
  const cpu = real([0x9c, 0x58, 0x80, 0xcc, 0x01, 0x50, 0x9d, 0x90, 0x90]);
  vector(cpu, 1, 0, 0x500);
  go(cpu, 7); // pushf; pop %ax; or $1, %ah; push %ax; popf; nop; #DB
  assert.is(cpu.w[EIP], 0x500);
  assert.equal(words(cpu, 3).slice(0, 1), [0x7c08]);
  assert.is(cpu.w[SS * 4 + 24], 0);
});

test.run();
