import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  assemble, CPL, EAX, EBP, EBX, ECX, EDX, EIP, ESI, ESP, forms, HALTED,
  ACTIVITY, ATTRIBUTES, INHIBIT, semanticKey, semantics, CR0, CR3, CR4,
  CLOCK, CS, SS,
  CR0_EM, CR0_MP, CR0_TS, CR4_TSD, CR4_DE, DR, DS, EDI, ES, LIMIT, SEGMENTS,
  SYSTEM_FLAGS, loadSegment, readControl, readMsr, writeControl, writeMsr,
} from "../src";
import type { Cpu, MachineEvent } from "../src";
import { machineOf } from "./around";
import { dataOf, fault, goTo, prepared } from "./tables";

const ORIGIN = 0x4000;

/** DAA and DAS as the manual has them (SDM 2A): AL, CF, AF. */
function decimal(
  way: 1 | -1, al: number, cf: boolean, af: boolean,
): [number, boolean, boolean] {
  const low = (al & 15) > 9 || af, high = al > 0x99 || cf;
  const first = al + way * (low ? 6 : 0);
  const borrow = way < 0 && low && first < 0;
  return [(first + way * (high ? 0x60 : 0)) & 0xff, high || borrow, low];
}

test("DAA and DAS, where digits begin and end", () => {
  for (const [name, way] of [["daa", 1], ["das", -1]] as const)
    for (const al of [0, 5, 6, 9, 10, 0x60, 0x66, 0x99, 0x9a, 0xff])
      for (const [cf, af] of [[0, 0], [1, 0], [0, 1], [1, 1]] as const) {
        const { cpu } = run(name, { set: { [EAX]: 0x11223300 | al },
          prepare: (cpu) => cpu.setEflags(2 | cf | af << 4) });
        const flags = cpu.eflags(), all = cpu.w[EAX]!;
        assert.equal([all & 0xff, (flags & 1) !== 0, (flags & 16) !== 0],
          decimal(way, al, cf === 1, af === 1),
          `${name} of 0x${al.toString(16)}, CF ${cf}, AF ${af}`);
        assert.is(all >>> 8, 0x112233);
      }
});

interface Ran {
  cpu: Cpu;
  /** The exceptions, in order, as "vector" or "vector(error)". */
  faults: string[];
  unimplemented: string[];
}

/** Executes a program until it halts or faults; the IDT is empty, so that
 * a fault leads to shutdown. Registers are set beforehand. */
function run(
  text: string, { ring = 0, set = {}, prepare = (_: Cpu) => {} }: {
    ring?: number; set?: Record<number, number>;
    prepare?: (cpu: Cpu) => void;
  } = {},
): Ran {
  const cpu = prepared(), machine = machineOf(cpu);
  const { bytes } = assemble(text + "\n hlt\n", { origin: ORIGIN });
  machine.writeRam(ORIGIN, bytes);
  goTo(cpu, ring);
  loadSegment(cpu, 0, dataOf(3));
  cpu.w[EIP] = ORIGIN;
  cpu.w[ESP] = 0x9000;
  for (const [n, v] of Object.entries(set)) cpu.w[Number(n)] = v;
  prepare(cpu);
  const faults: string[] = [], unimplemented: string[] = [];
  machine.events.on((e: MachineEvent) => {
    if (e.kind === "exception" && faults.length === 0) {
      faults.push(e.error === undefined ? `${e.vector}` :
        `${e.vector}(${e.error})`);
    }
    if (e.kind === "unimplemented") unimplemented.push(String(e.what));
  });
  machine.run({ maxInstructions: 1000, stopWhen: () => faults.length > 0 });
  return { cpu, faults, unimplemented };
}

test("every form of the table has semantics, and all are used", () => {
  const used = new Set(forms.map(semanticKey));
  assert.equal(Object.keys(semantics).filter((k) => !used.has(k)), []);
  assert.equal([...used].filter((k) => !(k in semantics)), []);
});

test("cmpxchg8b's eight bytes are one operand", () => {
  const claims = (es: Record<number, number>, at: number,
    more: Partial<Parameters<typeof run>[1]> = {}) => run(
    "cmpxchg8b %es:(%ebx)", { ring: 3, set: { [EBX]: at, [EAX]: 1 },
      ...more, prepare: (cpu) => {
        for (const [n, v] of Object.entries(es)) {
          cpu.w[SEGMENTS + 4 * ES + Number(n)] = v;
        }
        more.prepare?.(cpu);
      } });
  const limit = { [LIMIT]: 0x7fff };
  assert.equal(claims(limit, 0x7ff8).faults, ["13(0)"], "only the hlt");
  assert.is(claims(limit, 0x7ff8).cpu.w[EAX], 0);
  const beyond = claims(limit, 0x7ff9);
  assert.is(beyond.cpu.w[EAX], 1);
  assert.equal(beyond.faults, ["13(0)"]);
  const aligned = (at: number) => claims({}, at, { prepare: (cpu) => {
    cpu.w[CR0]! |= 0x40000;
    cpu.setEflags(0x40000, 0x40000);
  } }).faults;
  assert.equal(aligned(0x7004), ["17(0)"]);
  assert.equal(aligned(0x7008), ["13(0)"]);
  // With 16-bit addresses they go on behind 64 KiB.
  const { cpu } = run("addr16 cmpxchg8b (%bx)", {
    set: { [EBX]: 0xfffc, [EAX]: 1 }, prepare: (c) => {
      c.store32(0xfffc, 2);
      c.store32(0x10000, 3);
      c.store32(0, 4);
    } });
  assert.equal([cpu.w[EAX], cpu.w[EDX]], [2, 3]);
});

/** SS with 16 bits of the stack pointer. */
const stack16 = (cpu: Cpu) => {
  cpu.w[SEGMENTS + 4 * SS + ATTRIBUTES]! &= ~0x4000;
  cpu.refresh();
};

test("enter on a 16-bit stack: EBP is all of ESP", () => {
  const { cpu } = run("enter $8, $0", { prepare: stack16,
    set: { [ESP]: 0xabcd9000 | 0, [EBP]: 7 } });
  assert.equal([cpu.w[EBP]! >>> 0, cpu.w[ESP]! >>> 0, cpu.load32(0x8ffc)],
    [0xabcd8ffc, 0xabcd8ff4, 7]);
});

test("pop %ss counts on the stack that it takes away", () => {
  const { cpu } = run("pop %ss", { set: { [ESP]: 0xabcd9000 | 0 },
    prepare: (c) => {
      stack16(c);
      c.store32(0x9000, dataOf(0));
    } });
  assert.equal([cpu.w[ESP]! >>> 0, cpu.w[SEGMENTS + 4 * SS]],
    [0xabcd9004, dataOf(0)]);
});

test("pop of a segment moves all of a 32-bit stack pointer", () => {
  const { cpu } = run("pop %es", { set: { [ESP]: 0xfffe } });
  assert.is(cpu.w[ESP], 0x10002);
});

test("beyond the limit of CS it is #GP, whether or not there is a page", () => {
  const { faults } = run("mov $1, %eax", { prepare: (cpu) => {
    cpu.store32(0x20000, 0x21007);
    for (let n = 0; n < 16; n++) {
      cpu.store32(0x21000 + 4 * n, n === 5 ? 0 : 0x1000 * n + 3);
    }
    cpu.board.writeRam(0x4ffb, Uint8Array.of(0xb8, 1, 0, 0, 0));
    cpu.w[EIP] = 0x4ffb;
    cpu.w[SEGMENTS + 4 * CS + LIMIT] = 0x4fff;
    cpu.w[CR3] = 0x20000;
    cpu.w[CR0]! |= 0x80000000;
    cpu.refresh();
  } });
  assert.equal(faults, ["13(0)"]);
});

test("push %esp pushes the old value, pop %esp keeps the new one", () => {
  const { cpu } = run("push %esp\n pop %eax\n push $77\n pop %esp");
  assert.is(cpu.w[EAX], 0x9000);
  assert.is(cpu.w[ESP], 77);
});

test("a selector on the stack is two bytes and a gap", () => {
  const { cpu } = run("movl $-1, (%esp)\n pop %eax\n push %es\n" +
    " pop %ebx\n push %es\n movw $0xffff, 2(%esp)\n pop %es");
  assert.is(cpu.w[EBX]! >>> 0, 0xffff0000 + dataOf(3));
  assert.is(cpu.w[ESP], 0x9004);
});

test("bound doesn't read the upper bound if the lower one says no", () => {
  const limit = { prepare: (cpu: Cpu) => {
    cpu.w[SEGMENTS + 4 * DS + LIMIT] = 0x7fff;
    cpu.store32(0x7ffc, 7);
  } };
  const text = "bound %eax, 0x7ffc";
  assert.equal(run(text, { ...limit, set: { [EAX]: 6 } }).faults, ["5"]);
  assert.equal(run(text, { ...limit, set: { [EAX]: 7 } }).faults, ["13(0)"]);
});

test("a repeated comparison that faults leaves the flags alone", () => {
  const { cpu, faults } = run("stc\n repne scasb", {
    set: { [EAX]: 1, [ECX]: 9, [EDI]: 0x7ffe },
    prepare: (cpu) => { cpu.w[SEGMENTS + 4 * ES + LIMIT] = 0x7fff; },
  });
  assert.equal(faults, ["13(0)"]);
  assert.is(cpu.w[ECX], 7);
  assert.is(cpu.eflags() & 0x8d5, 1);
});

test("pop to memory by way of esp means the esp after the pop", () => {
  const { cpu } = run("push $5\n push $6\n popl (%esp)\n pop %eax");
  assert.is(cpu.w[EAX], 6);
});

test("pusha pushes the esp from before, popa leaves it out", () => {
  const { cpu } = run("pusha\n mov 12(%esp), %edx\n movl $1, 12(%esp)\n" +
    " mov %edx, %ebp\n add $20, %esp\n mov %edx, (%esp)\n" +
    " sub $20, %esp\n popa");
  assert.is(cpu.w[EDX], 0x9000);
  assert.is(cpu.w[ESP], 0x9000);
});

test("enter with a nesting level copies the frame pointers", () => {
  const { cpu } = run("enter $8, $3\n mov -8(%ebp), %eax", {
    set: { [EBP]: 0x5000 },
    prepare: (cpu) => cpu.store32(0x4ff8, 0x1234),
  });
  assert.is(cpu.w[EBP], 0x8ffc);
  assert.is(cpu.w[ESP], 0x8ffc - 12 - 8);
  assert.is(cpu.w[EAX], 0x1234);
});

test("leave goes by ebp, even if esp is nonsense", () => {
  const { cpu } = run("leave", {
    set: { [EBP]: 0x8000, [ESP]: 3 },
    prepare: (cpu) => cpu.store32(0x8000, 42),
  });
  assert.is(cpu.w[EBP], 42);
  assert.is(cpu.w[ESP], 0x8004);
});

test("bsf and bsr of 0 leave the destination alone and set ZF", () => {
  const { cpu } = run("mov $7, %eax\n xor %ecx, %ecx\n bsf %ecx, %eax\n" +
    " setz %dl\n mov $9, %ebx\n bsr %ecx, %ebx");
  assert.is(cpu.w[EAX], 7);
  assert.is(cpu.w[EBX], 9);
  assert.is(cpu.w[EDX]! & 0xff, 1);
});

test("a bit index in a register reaches beyond its operand", () => {
  const { cpu } = run("mov $-33, %eax\n btsl %eax, 0x5008\n" +
    " mov 0x5000, %ebx");
  assert.is(cpu.w[EBX], 0x80000000 | 0);
});

test("a shift by 0 changes no flag", () => {
  const { cpu } = run("stc\n mov $32, %cl\n shl %cl, %eax\n setc %bl");
  assert.is(cpu.w[EBX]! & 0xff, 1);
});

test("cmpxchg writes its destination in any case", () => {
  const { faults } = run("cmpxchg %ecx, %cs:0x5000", { set: { [EAX]: 1 } });
  assert.equal(faults, ["13(0)"]);
});

test("division raises #DE by 0 and when the quotient doesn't fit", () => {
  for (const text of [
    "xor %ecx, %ecx\n div %ecx", "mov $1, %edx\n mov $1, %ecx\n div %ecx",
    "mov $0x80000000, %eax\n cltd\n mov $-1, %ecx\n idiv %ecx",
    "mov $0x200, %ax\n mov $2, %cl\n div %cl",
    "mov $0x8000, %ax\n cwtd\n mov $-1, %cx\n idiv %cx", "aam $0",
  ]) {
    assert.equal(run(text).faults, ["0"], text);
  }
});

test("idiv rounds towards 0 and the remainder follows the dividend", () => {
  const { cpu } = run("mov $-7, %eax\n cltd\n mov $2, %ecx\n idiv %ecx");
  assert.is(cpu.w[EAX], -3);
  assert.is(cpu.w[EDX], -1);
});

test("64-bit division goes beyond what a double holds", () => {
  const { cpu } = run("mov $0xfffffffe, %edx\n mov $0xffffffff, %eax\n" +
    " mov $0xffffffff, %ecx\n div %ecx");
  assert.is(cpu.w[EAX], -1);
  assert.is(cpu.w[EDX], -2);
});

test("bound lets the limits in and raises #BR beyond", () => {
  const prepare = (cpu: Cpu) => {
    cpu.store32(0x5000, -2);
    cpu.store32(0x5004, 2);
  };
  for (const [n, faults] of [[-3, ["5"]], [-2, []], [2, []], [3, ["5"]]]) {
    const ran = run("bound %eax, 0x5000",
      { set: { [EAX]: n as number }, prepare });
    assert.equal(ran.faults, faults);
  }
});

// Undefined (SDM 2A, BSWAP); processors clear the half, and touch no flag.
test("bswap of 16 bits leaves 0 there, and the upper half alone", () => {
  for (let n = 0; n < 8; n++) {
    const { cpu, faults } = run(`.byte 0x66, 0x0f, ${0xc8 + n}`,
      { set: { [n]: 0x12345678 } });
    assert.equal([faults, cpu.w[n], cpu.eflags()], [[], 0x12340000, 2]);
    const whole = run(`.byte 0x0f, ${0xc8 + n}`, { set: { [n]: 0x12345678 } });
    assert.equal([whole.cpu.w[n], whole.cpu.eflags()], [0x78563412, 2]);
  }
});

test("ports in ring 3: each instruction asks for the right to it", () => {
  for (const text of ["in $0x80, %al", "in %dx, %ax", "in %dx, %eax",
    "out %al, $0x80", "out %ax, %dx", "out %eax, %dx", "insb", "insl",
    "outsb", "outsw", "rep insb", "rep outsl"]) {
    const set = { [ECX]: 2, [ESI]: 0x7000, [EDI]: 0x7000 };
    assert.equal(run(text, { ring: 3, set }).faults, ["13(0)"], text);
    const iopl = (cpu: Cpu) => { cpu.w[SYSTEM_FLAGS] = 0x3000; };
    // Behind it comes hlt, which is ring 0's alone.
    const { cpu } = run(text, { ring: 3, set, prepare: iopl });
    assert.is(cpu.load8(cpu.w[EIP]!), 0xf4, text);
  }
});

test("a conditional move reads memory even if it moves nothing", () => {
  const { faults } = run("xor %eax, %eax\n cmovne %ss:0xff, %eax\n" +
    " cmovne %fs:0, %eax", { prepare: (cpu) => {
    cpu.w[24 + 4 * 4 + 3] = 0;
    cpu.refreshSegment(4);
  } });
  assert.equal(faults, ["13(0)"]);
});

test("into traps if OF is set, int3 and int need a gate", () => {
  assert.equal(run("xor %eax, %eax\n into").faults, []);
  assert.equal(run("mov $0x7fffffff, %eax\n inc %eax\n into").faults,
    ["13(34)"]);
  assert.equal(run("int $0x30").faults, ["13(386)"]);
});

test("a near call beyond the limit of CS faults when it has written", () => {
  const prepare = (cpu: Cpu) => {
    cpu.w[24 + 4 + 2] = 0x4fff;
    cpu.refreshSegment(1);
  };
  const { cpu, faults } = run("call 0x5000", { prepare });
  assert.equal(faults, ["13(0)"]);
  assert.equal([cpu.load32(0x8ffc), cpu.w[ESP]], [ORIGIN + 5, 0x9000]);
});

test("rep with a count of 0 does nothing and is one instruction", () => {
  const { cpu } = run("xor %ecx, %ecx\n rep movsl");
  assert.is(cpu.w[ESI], 0);
  assert.is(cpu.retired, 3);
});

test("each iteration of a rep is one retired instruction", () => {
  const { cpu } = run("mov $10, %ecx\n rep stosb", { set: { 7: 0x5000 } });
  assert.is(cpu.retired, 12);
  assert.is(cpu.w[ECX], 0);
  assert.is(cpu.w[7], 0x500a);
});

test("a rep that faults in the middle can be taken up again", () => {
  const { cpu, faults } = run("mov $4, %ecx\n rep stosl", {
    set: { 7: 0xfff8, [EAX]: 3 },
    prepare: (cpu) => {
      cpu.w[24 + 2] = 0xffff;
      cpu.refreshSegment(0);
    },
  });
  assert.equal(faults, ["13(0)"]);
  assert.is(cpu.w[ECX], 2);
  assert.is(cpu.w[7], 0x10000);
});

test("repe cmpsb stops behind the first difference", () => {
  const { cpu } = run("mov $8, %ecx\n repe cmpsb\n setb %al", {
    set: { 6: 0x5000, 7: 0x5100 },
    prepare: (cpu) => {
      cpu.store32(0x5000, 0x44332211);
      cpu.store32(0x5100, 0x44442211);
    },
  });
  assert.is(cpu.w[ECX], 5);
  assert.is(cpu.w[ESI], 0x5003);
  assert.is(cpu.w[EAX]! & 0xff, 1);
});

test("what only ring 0 may do raises #GP elsewhere", () => {
  for (const text of [
    "hlt", "clts", "invlpg (%eax)", "mov %cr0, %eax", "mov %eax, %cr3",
    "mov %dr7, %eax", "lgdt (%eax)", "lidt (%eax)", "lldt %ax", "ltr %ax",
    "lmsw %ax", "wbinvd", "invd", "rdmsr", "wrmsr", "cli", "sti",
    "in $0x20, %al", "outl %eax, %dx", "insb (%dx), %es:(%edi)",
  ]) {
    for (const ring of [1, 3]) {
      assert.equal(run(text, { ring }).faults, ["13(0)"], text);
    }
  }
  for (const text of ["smsw %ax", "sgdt 0x5000", "str %ax", "sldt %ax"]) {
    const { faults, cpu } = run(text + "\n ud2", { ring: 3 });
    assert.equal(faults, ["6"], text);
    assert.is(cpu.w[CPL], 3);
  }
});

test("popf in ring 3 changes neither IF nor IOPL", () => {
  const { cpu } = run("push $0x3ed5\n popf\n ud2", { ring: 3 });
  assert.is(cpu.eflags() & 0x3ed5, 0xcd5);
  const kernel = run("push $0x3ed5\n popf").cpu;
  assert.is(kernel.eflags() & 0x3ed5, 0x3ed5 & ~0x100);
});

test("pushf pushes neither VM nor RF", () => {
  const { cpu } = run("pushf\n pop %eax", {
    prepare: (cpu) => { cpu.w[SYSTEM_FLAGS]! |= 0x10000; },
  });
  assert.is(cpu.w[EAX]! & 0x30000, 0);
});

test("sti and loads of ss hold interrupts off for one instruction", () => {
  const { cpu } = run("sti");
  assert.is(cpu.w[INHIBIT], 0);
  for (const text of ["sti", "mov %ax, %ss", "push %eax\n pop %ss"]) {
    const ran = run("mov %ss, %ax\n" + text + "\n int $0x30");
    assert.equal(ran.faults, ["13(386)"]);
    assert.is(ran.cpu.w[INHIBIT], 0, text);
  }
});

test("segment registers 6 and 7, and mov to cs, are #UD", () => {
  for (const bytes of ["0x8e, 0xc8", "0x8e, 0xf0", "0x8c, 0xf8"]) {
    assert.equal(run(".byte " + bytes).faults, ["6"], bytes);
  }
});

test("control registers that don't exist are #UD, their bits #GP", () => {
  assert.equal(run(".byte 0x0f, 0x22, 0xc8").faults, ["6"]);
  assert.equal(run("mov $0x80000000, %eax\n mov %eax, %cr4").faults,
    ["13(0)"]);
});

test("lmsw sets PE but doesn't clear it", () => {
  const { cpu } = run("mov $8, %ax\n lmsw %ax\n smsw %eax");
  assert.is(cpu.w[EAX]! & 15, 9);
  assert.is(run("clts", { prepare: (c) => { c.w[CR0]! |= CR0_TS; } })
    .cpu.w[CR0]! & CR0_TS, 0);
});

test("cpuid reports what there is: neither FPU nor MMX", () => {
  const { cpu } = run("mov $1, %eax\n cpuid");
  const has = (n: number) => (cpu.w[EDX]! >>> n) & 1;
  assert.equal([0, 2, 3, 4, 5, 8, 9, 11, 13, 15, 23].map(has),
    [0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]);
  const name = run("xor %eax, %eax\n cpuid").cpu.w;
  assert.is(name[EAX], 2);
  assert.is(name[EBX], 0x756e6547);
});

test("rdtsc reads the clock, in ring 3 unless CR4.TSD is set", () => {
  const { cpu } = run("nop\n rdtsc");
  assert.is(cpu.w[EAX], 1);
  const prepare = (c: Cpu) => { c.w[CR4]! |= CR4_TSD; };
  assert.equal(run("rdtsc", { ring: 3, prepare }).faults, ["13(0)"]);
});

test("model-specific registers that aren't there raise #GP", () => {
  assert.equal(run("mov $0x12345, %ecx\n rdmsr").faults, ["13(0)"]);
  assert.equal(run("mov $0x12345, %ecx\n wrmsr").faults, ["13(0)"]);
  const { cpu } = run("mov $0x174, %ecx\n mov $99, %eax\n wrmsr\n" +
    " xor %eax, %eax\n rdmsr");
  assert.is(cpu.w[EAX], 99);
});

// Chapter 31's list; a counter has 40 bits, and is written with 32.
test("which model-specific registers there are", () => {
  const known = [0, 1, 0x10, 0x17, 0x1b, 0x2a, 0x79, 0x8b, 0xc1, 0xc2, 0x174,
    0x175, 0x176, 0x186, 0x187];
  const cpu = prepared(), answers = (ask: (cpu: Cpu) => void) =>
    Array.from({ length: 0x300 }, (_, n) => n).filter((n) => {
      Object.assign(cpu.w, { [ECX]: n, [EAX]: 0, [EDX]: 0 });
      return fault(() => ask(cpu)) === undefined;
    });
  assert.equal([answers(readMsr), answers(writeMsr)], [known, known]);
  for (const n of [0xc1, 0xc2]) {
    Object.assign(cpu.w, { [ECX]: n, [EAX]: -2, [EDX]: 0 });
    writeMsr(cpu);
    readMsr(cpu);
    assert.equal([cpu.w[EAX], cpu.w[EDX]], [-2, 0xff]);
  }
});

// SDM 3A, 2.5: of CR0 and CR3 these bits exist, and ET is always 1; in CR4
// what doesn't exist is #GP.
test("bits of control registers are kept, or aren't there", () => {
  const cpu = prepared();
  for (let bit = 1; bit < 31; bit++) {
    const cr0 = (1 | 1 << bit | (bit === 29 ? 1 << 30 : 0)) >>> 0;
    writeControl(cpu, 0, cr0);
    const there = [1, 2, 3, 4, 5, 16, 18, 29, 30].includes(bit);
    assert.is(readControl(cpu, 0), there ? cr0 | 0x10 : 0x11, `CR0 ${bit}`);
  }
  for (let bit = 0; bit < 32; bit++) {
    writeControl(cpu, 3, 1 << bit);
    const there = bit === 3 || bit === 4 || bit >= 12;
    assert.is(readControl(cpu, 3), there ? 1 << bit : 0, `CR3 ${bit}`);
    const four = [0, 1, 2, 3, 4, 6, 7, 8].includes(bit);
    assert.equal(fault(() => writeControl(cpu, 4, 1 << bit)),
      four ? undefined : [13, 0], `CR4 ${bit}`);
    if (four) assert.is(readControl(cpu, 4), 1 << bit);
  }
});

test("CR4.DE takes dr4 and dr5 away, and no other", () => {
  for (let n = 0; n < 8; n++) {
    for (const de of [0, CR4_DE]) {
      for (const text of [`mov %dr${n}, %eax`, `mov %eax, %dr${n}`]) {
        const { faults } = run(text,
          { prepare: (cpu) => { cpu.w[CR4] = de; } });
        assert.equal(faults, de && (n === 4 || n === 5) ? ["6"] : [], text);
      }
    }
  }
});

test("dr4 is another name of dr6 unless CR4.DE is set", () => {
  const { cpu } = run("mov $5, %eax\n mov %eax, %dr0\n mov %dr0, %ebx");
  assert.is(cpu.w[EBX], 5);
  assert.is(cpu.w[DR], 5);
  const prepare = (c: Cpu) => { c.w[CR4]! |= CR4_DE; };
  assert.equal(run(".byte 0x0f, 0x21, 0xe0", { prepare }).faults, ["6"]);
});

test("CR0 says who hears an escape, and who waits", () => {
  const texts: Record<string, string> = { fwait: "fwait" };
  for (let n = 0xd8; n < 0xe0; n++) {
    texts[`${n}, register`] = `.byte ${n}, 0xe3`;
    // An operand at an address that nobody may read.
    texts[`${n}, memory`] = `.byte ${n}, 0x0d, 0xff, 0xff, 0xff, 0xff`;
  }
  for (const text of ["fninit", "fnstsw %ax", "fnstsw 4", "fnstcw 4"]) {
    texts[text] = text;
  }
  for (let k = 0; k < 8; k++) {
    const bits = (k & 1 ? CR0_EM : 0) | (k & 2 ? CR0_MP : 0) |
      (k & 4 ? CR0_TS : 0);
    const both = CR0_MP | CR0_TS;
    for (const [name, text] of Object.entries(texts))
    for (const ring of [0, 3]) {
      const heard = name === "fwait" ? (bits & both) === both
        : (bits & (CR0_EM | CR0_TS)) !== 0;
      const { faults, unimplemented, cpu } = run(text, { ring,
        prepare: (c: Cpu) => { c.w[CR0] =
          (c.w[CR0]! & ~(CR0_EM | CR0_MP | CR0_TS)) | bits; } });
      const why = `${name} in ring ${ring}, CR0 ${bits}`;
      // In ring 3 the hlt behind it is what faults.
      const then = ring === 3 ? ["13(0)"] : [];
      assert.equal(faults, heard ? ["7"] : then, why);
      assert.equal(unimplemented, [], why);
      assert.is(cpu.w[EIP] === ORIGIN, heard, why);
    }
  }
});

test("LOCK makes an escape undefined, whatever CR0 says", () => {
  const prepare = (c: Cpu) => { c.w[CR0]! |= CR0_EM | CR0_TS | CR0_MP; };
  for (const code of ["0x9b", "0xdb, 0xe3", "0xdd, 0x3d, 0, 0, 0, 0"]) {
    const text = `.byte 0xf0, ${code}`;
    assert.equal(run(text, { prepare }).faults, ["6"], text);
  }
});

test("what isn't built is named by its opcode", () => {
  const { faults, unimplemented } = run(".byte 0x66, 0x0f, 0x77");
  assert.equal([faults, unimplemented], [["6"], ["opcode 0f 77"]]);
});

test("a wrong LOCK is #UD, and nobody promises to build it", () => {
  for (const text of [".byte 0xf0, 0x90", ".byte 0xf0, 0x01, 0xc0"]) {
    const { faults, unimplemented } = run(text);
    assert.equal(faults, ["6"]);
    assert.equal(unimplemented, []);
  }
  assert.equal(run("lock addl $1, 0x5000").faults, []);
});

test("ud2 is #UD; sysenter without a selector is #GP", () => {
  assert.equal(run("ud2").unimplemented, []);
  assert.equal(run("ud2").faults, ["6"]);
  const { faults, unimplemented } = run(".byte 0x0f, 0x34");
  assert.equal(faults, ["13(0)"]);
  assert.is(unimplemented.length, 0);
});

test("hlt stops the CPU behind itself", () => {
  const { cpu } = run("nop");
  assert.is(cpu.w[ACTIVITY], HALTED);
  assert.is(cpu.w[EIP], ORIGIN + 2);
});

test("a host call needs to be armed, known, and ring 0", () => {
  const text = ".byte 0x0f, 0x3f, 9", calls: number[] = [];
  const prepare = (armed: boolean) => (on: Cpu) => {
    const machine = machineOf(on);
    machine.hostArmed = armed;
    machine.hostCalls[9] = {
      name: "note", cost: 500, run: (cpu) => calls.push(cpu.w[EIP]!),
    };
  };
  assert.equal(run(text, { prepare: prepare(false) }).faults, ["6"]);
  assert.equal(run(text, { prepare: prepare(true), ring: 1 }).faults,
    ["6"]);
  assert.equal(run(".byte 0x0f, 0x3f, 8", { prepare: prepare(true) })
    .faults, ["6"]);
  assert.equal(calls, []);
  const { cpu, faults } = run(text, { prepare: prepare(true) });
  assert.equal(faults, []);
  assert.equal(calls, [ORIGIN]);
  assert.is(cpu.retired, 2);
  assert.is(cpu.d[CLOCK], 502);
});

test("a fault in a host call is delivered at the host call", () => {
  const { faults, cpu } = run("nop\n .byte 0x0f, 0x3f, 9", {
    prepare: (on) => {
      const machine = machineOf(on);
      machine.hostArmed = true;
      machine.hostCalls[9] = {
        name: "wrong", cost: 0, run: (cpu) => void cpu.load(4, 0, 4),
      };
    },
  });
  assert.equal(faults, ["13(0)"]);
  assert.is(cpu.w[EIP], ORIGIN + 1);
});

test.run();
