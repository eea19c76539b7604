// What a program in ring 3 can't ask a processor: segments and tables, ports,
// far transfers of both sizes, the stack of 16 bits. Values from SDM 2.
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  ACTIVITY, ATTRIBUTES, BASE, CR0, DS, EAX, EBP, EBX, ECX, EDI, EDX, EIP, ES,
  ESI, ESP, FS, GDTR_BASE, GDTR_LIMIT, GS, HALTED, IDTR_BASE, IDTR_LIMIT,
  IF, INHIBIT, LDTR, LIMIT, SEGMENTS, selectorOf, SS, SYSTEM_FLAGS, tlbEntries,
  TR, writeControl,
} from "../src/machine";
import type { Cpu } from "../src/machine";
import { assemble } from "../src/assembler";
import { machineOf } from "./around";
import {
  codeOf, dataOf, describe, gate, goTo, IDT, INT_GATE, prepared, ring,
} from "./tables";

const ORIGIN = 0x4000, DATA = 0x7000;

/** Executes a text in ring 0 up to the HLT behind it. */
function run(text: string, prepare: (cpu: Cpu) => void = () => {}): Cpu {
  const cpu = prepared(), machine = machineOf(cpu), { w } = cpu;
  machine.writeRam(ORIGIN, assemble(text + "\n hlt\n",
    { origin: ORIGIN }).bytes);
  goTo(cpu, 0);
  w[EIP] = ORIGIN;
  w[ESP] = 0x9000;
  w[EBX] = DATA;
  prepare(cpu);
  machine.run({ maxInstructions: 50 });
  assert.is(w[ACTIVITY], HALTED, text);
  return cpu;
}

const hex = (n: number) => (n >>> 0).toString(16);

/** A far pointer, and other bytes behind it. */
function pointer(cpu: Cpu, selector = dataOf(3)): void {
  cpu.store32(DATA, 0x89abcdef | 0);
  cpu.store32(DATA + 4, selector | 0x55550000);
  cpu.store16(DATA + 2, 0x89ab);
}

test("a far pointer goes to a segment register and a general one", () => {
  for (const [text, segment] of [["les", ES], ["lds", DS], ["lfs", FS],
    ["lgs", GS], ["lss", SS]] as const) {
    const selector = segment === SS ? dataOf(0) : dataOf(3);
    const long = run(`${text} (%ebx), %ecx`, (cpu) => pointer(cpu, selector));
    assert.is(selectorOf(long, segment), selector, text);
    assert.is(hex(long.w[ECX]!), "89abcdef");
    const short = run(`data16 ${text} (%ebx), %ecx`, (cpu) => {
      cpu.store32(DATA, (selector << 16) | 0xcdef);
      cpu.w[ECX] = 0x11112222;
    });
    assert.is(selectorOf(short, segment), selector, text);
    assert.is(hex(short.w[ECX]!), "1111cdef");
  }
});

test("operands of two parts go on at 0 behind 64 KiB", () => {
  const at = (cpu: Cpu, word: number) => {
    cpu.w[EBX] = 0x1230000 | (0x10000 - word);
    cpu.store16(0x10000 - word, 0x3ff);
    cpu.store32(0, 0x1000);
    cpu.store32(0x10000, 0x5555);
  };
  const { w } = run("addr16 lgdt (%bx)", (cpu) => at(cpu, 2));
  assert.equal([w[GDTR_LIMIT], w[GDTR_BASE]], [0x3ff, 0x1000]);
  const stored = run("addr16 sgdt (%bx)", (cpu) => at(cpu, 2));
  assert.equal([stored.load16(0xfffe), stored.load32(0),
    stored.load32(0x10000)], [0x3ff, 0x1000, 0x5555]);
  const es = run("addr16 les (%bx), %ecx", (cpu) => {
    at(cpu, 4);
    cpu.store32(0xfffc, 77);
    cpu.store16(0, dataOf(3));
  });
  assert.equal([es.w[ECX], selectorOf(es, ES)], [77, dataOf(3)]);
});

test("lgdt and lidt take 32 bits of a base, or 24", () => {
  for (const [text, base, limit] of [["lgdt", GDTR_BASE, GDTR_LIMIT],
    ["lidt", IDTR_BASE, IDTR_LIMIT]] as const) {
    const table = (prefix: string) => {
      const { w } = run(`${prefix} ${text} (%ebx)`, (cpu) => {
        cpu.store16(DATA, 0xfedc);
        cpu.store32(DATA + 2, 0x98765432 | 0);
      });
      return [w[limit]!, w[base]!].map(hex);
    };
    assert.equal(table(""), ["fedc", "98765432"]);
    assert.equal(table("data16"), ["fedc", "765432"]);
  }
});

test("sgdt and sidt write six bytes and no more", () => {
  for (const [text, expected] of [["sgdt", [0x3ff, 0x1000]],
    ["sidt", [0x7ff, 0x2000]]] as const) {
    const cpu = run(`${text} (%ebx)`, (c) => c.store32(DATA + 6, -1));
    assert.equal([cpu.load16(DATA), cpu.load32(DATA + 2)], expected);
    assert.is(hex(cpu.load32(DATA + 6)), "ffffffff");
  }
});

test("selectors and the status word: 16 bits of memory, all of a register",
  () => {
    const sources = [["mov %ds,", dataOf(3)], ["str", 0x80],
      ["sldt", 0x28], ["smsw", 0x11]] as const;
    for (const [text, value] of sources) {
      const prepare = (cpu: Cpu) => {
        cpu.w[SEGMENTS + 4 * LDTR] = 0x28;
        cpu.store32(DATA, -1);
        cpu.w[EAX] = -1;
      };
      assert.is(hex(run(`${text} (%ebx)`, prepare).load32(DATA)),
        hex(0xffff0000 + value), text);
      assert.is(run(`${text} %eax`, prepare).w[EAX], value, text);
      assert.is(hex(run(`${text} %ax`, prepare).w[EAX]!),
        hex(0xffff0000 + value), text);
    }
  });

test("lmsw writes four bits of CR0, and leaves PE set", () => {
  const after = (value: number) => hex(run(`mov $${value}, %ax\n lmsw %ax`,
    (cpu) => { cpu.w[CR0] = 0x10031; }).w[CR0]!);
  assert.equal([0xfff0, 0xffff, 2, 4, 8].map(after),
    ["10031", "1003f", "10033", "10035", "10039"]);
});

test("loads of SS hold events off for one instruction, others don't", () => {
  const inhibited = (text: string) => {
    let found = -1;
    const cpu = prepared(), machine = machineOf(cpu), { w } = cpu;
    machine.writeRam(ORIGIN, assemble(text + "\n hlt",
      { origin: ORIGIN }).bytes);
    goTo(cpu, 0);
    w[EIP] = ORIGIN;
    w[ESP] = 0x9000;
    w[EAX] = dataOf(0);
    machine.run({ maxInstructions: 9, stopWhen: () => {
      found = Math.max(found, w[INHIBIT]!);
      return false;
    } });
    return found;
  };
  // 2: debug exceptions wait, too (SDM 3A, 6.8.3).
  assert.equal(["mov %ax, %ss", "push %eax\n pop %ss", "mov %ax, %es",
    "push %eax\n pop %es", "sti"].map(inhibited), [2, 2, 0, 0, 1]);
});

/** The text with the code segment of ring 0 behind a far address. */
const far = (at: number, size: string) => size === "w"
  ? `.byte 0x66, OP\n .word ${at}, ${codeOf(0)}`
  : `.byte OP\n .long ${at}\n .word ${codeOf(0)}`;

test("far transfers of both sizes, direct and by memory", () => {
  const landing = "movl %esp, %edi\n hlt";
  const go = (text: string, prepare = (_: Cpu) => {}) => {
    const cpu = run(text, (c) => {
      c.board.writeRam(0x5000, assemble(landing).bytes);
      c.board.writeRam(0x15000, assemble(landing).bytes);
      prepare(c);
    });
    return { cpu, at: cpu.w[EIP]! - 3, pushed: 0x9000 - cpu.w[EDI]! };
  };
  for (const [name, opcode, at32, pushed] of [["ljmp", 0xea, 0x15000, 0],
    ["lcall", 0x9a, 0x15000, 8]] as const) {
    const long = go(far(at32, "l").replace("OP", String(opcode)));
    assert.equal([long.at, long.pushed], [at32, pushed], name);
    const short = go(far(0x5000, "w").replace("OP", String(opcode)));
    assert.equal([short.at, short.pushed], [0x5000, pushed / 2], name);
    const digit = name === "ljmp" ? 0x2b : 0x1b;
    const memory = (prefix: string) => go(`.byte ${prefix}0xff, ${digit}`,
      (c) => {
        c.store32(DATA, prefix ? 0x5000 | codeOf(0) << 16 : at32);
        c.store32(DATA + 4, codeOf(0) | 0x55550000);
      });
    assert.equal([memory("").at, memory("").pushed], [at32, pushed], name);
    assert.equal([memory("0x66,").at, memory("0x66,").pushed],
      [0x5000, pushed / 2], name);
    if (pushed === 0) continue;
    assert.equal([long.cpu.peekStack(0, 4), long.cpu.peekStack(4, 2)],
      [ORIGIN + 7, codeOf(0)]);
    assert.equal([short.cpu.peekStack(0, 2), short.cpu.peekStack(2, 2)],
      [ORIGIN + 6, codeOf(0)]);
  }
});

test("far returns and iret of both sizes take what is theirs", () => {
  const landing = "movl %esp, %edi\n hlt";
  const go = (bytes: string, words: number[], size: 2 | 4) => {
    const cpu = run(`.byte ${bytes}`, (c) => {
      for (const at of [0x5000, 0x15000])
        c.board.writeRam(at, assemble(landing).bytes);
      words.forEach((word, n) => size === 2
        ? c.store16(0x9000 + 2 * n, word) : c.store32(0x9000 + 4 * n, word));
    });
    return [cpu.w[EIP]! - 3, cpu.w[EDI]! - 0x9000,
      cpu.eflags() & 0x40 ? "ZF" : ""];
  };
  const long = [0x15000, codeOf(0), 0x42], short = [0x5000, codeOf(0), 0x42];
  assert.equal(go("0xcb", long, 4), [0x15000, 8, ""]);
  assert.equal(go("0x66, 0xcb", short, 2), [0x5000, 4, ""]);
  assert.equal(go("0xca, 0x10, 0x80", long, 4), [0x15000, 0x8018, ""]);
  assert.equal(go("0x66, 0xca, 0x10, 0", short, 2), [0x5000, 0x14, ""]);
  assert.equal(go("0xcf", long, 4), [0x15000, 12, "ZF"]);
  assert.equal(go("0x66, 0xcf", short, 2), [0x5000, 6, "ZF"]);
});

test("interrupts by instruction: vector, return address, who may", () => {
  const taken = (text: string, r: number, dpl: number) => {
    const cpu = prepared(), machine = machineOf(cpu), { w } = cpu;
    machine.writeRam(ORIGIN, assemble(text, { origin: ORIGIN }).bytes);
    for (let n = 0; n < 256; n++)
      gate(cpu, IDT + 8 * n, INT_GATE | ring(dpl), codeOf(0), 0x6000 + n);
    goTo(cpu, r);
    w[EIP] = ORIGIN;
    w[ECX] = 0x7fffffff;
    const steps = text.split("\n").length;
    machine.run({ maxInstructions: steps });
    return [w[EIP]! - 0x6000, cpu.peekStack(w[EIP] === 0x600d ? 4 : 0, 4)
      - ORIGIN];
  };
  assert.equal(taken("int $0xfe", 3, 3), [0xfe, 2]);
  assert.equal(taken("int3", 3, 3), [3, 1]);
  assert.equal(taken("add $1, %ecx\n into", 3, 3), [4, 4]);
  assert.equal(taken(".byte 0xf1", 3, 3), [1, 1]);
  // A gate of ring 0 is closed to ring 3's instructions, but for INT1.
  assert.equal(taken("int $0xfe", 3, 0), [13, 0]);
  assert.equal(taken("int3", 3, 0), [13, 0]);
  assert.equal(taken("add $1, %ecx\n into", 3, 0), [13, 3]);
  assert.equal(taken(".byte 0xf1", 3, 0), [1, 1]);
});

/** SS with 16 bits of the stack pointer. */
function stack16(cpu: Cpu): void {
  cpu.w[SEGMENTS + 4 * SS + ATTRIBUTES]! &= ~0x4000;
  cpu.refresh();
}

test("a stack of 16 bits wraps, and leaves the upper half alone", () => {
  const stack = (text: string, esp: number, more = (_: Cpu) => {}) =>
    run(text, (cpu) => {
      stack16(cpu);
      cpu.w[ESP] = esp;
      more(cpu);
    });
  const pushed = stack("push %ebx", 0x12340002);
  assert.equal([hex(pushed.w[ESP]!), pushed.load32(0xfffe)],
    ["1234fffe", DATA]);
  const popped = stack("pop %ebx", 0x1234fffe, (c) => c.store32(0xfffe, 99));
  assert.equal([hex(popped.w[ESP]!), popped.w[EBX]], ["12340002", 99]);
  const es = stack("pop %es", 0x1234fffe, (c) => c.store32(0xfffe, 0));
  assert.is(hex(es.w[ESP]!), "12340002");
  const all = stack("pusha\n popa", 0x12340010, (c) => { c.w[ESI] = 5; });
  assert.equal([hex(all.w[ESP]!), all.w[ESI], all.load32(0xfff4)],
    ["12340010", 5, 5]);
  const left = stack("leave", 0, (c) => {
    c.w[EBP] = 0x1234fffe;
    c.store32(0xfffe, 77);
  });
  assert.equal([hex(left.w[ESP]!), left.w[EBP]], ["2", 77]);
  const entered = stack("enter $0x10, $2", 0x12340002, (c) => {
    c.w[EBP] = 0x00010000;
    c.store32(0xfffc, 55);
  });
  assert.equal([hex(entered.w[EBP]!), hex(entered.w[ESP]!),
    hex(entered.load32(0xfffe)), entered.load32(0xfffa),
    hex(entered.load32(0xfff6))],
  ["1234fffe", "1234ffe6", "10000", 55, "1234fffe"]);
});

test("ports: each size goes where it says, by byte and by DX", () => {
  const told: number[][] = [];
  const cpu = run("mov $0x12345678, %eax\n out %al, $0x80\n" +
    " out %ax, $0x81\n out %eax, $0xff\n mov $0x8001, %dx\n out %al, (%dx)\n" +
    " out %ax, (%dx)\n out %eax, (%dx)\n in $0x80, %al\n mov %eax, %ecx\n" +
    " in (%dx), %ax\n mov %eax, %ebp\n in $0xff, %eax", (c) => {
    for (const [from, length] of [[0x80, 0x80], [0x8000, 16]] as const)
      c.board.addDevice({ name: "log", ports: { from, length },
        readPort: () => 0xfedcba98 | 0,
        writePort: (at, size, v) => told.push([from + at, size, v]) });
  });
  assert.equal(told, [[0x80, 1, 0x78], [0x81, 2, 0x5678],
    [0xff, 4, 0x12345678], [0x8001, 1, 0x78], [0x8001, 2, 0x5678],
    [0x8001, 4, 0x12345678]]);
  assert.equal([ECX, EBP, EAX].map((n) => hex(cpu.w[n]!)),
    ["12345698", "1234ba98", "fedcba98"]);
});

test("strings go to and from all 16 bits of a port's number", () => {
  const told: number[][] = [];
  const cpu = run("mov %ds, %ax\n mov %ax, %es\n" +
    " mov $0x8001, %edx\n mov $0x7000, %esi\n" +
    " mov $0x7100, %edi\n outsb\n outsl\n insb\n insl", (c) => {
    c.store32(0x7000, 0x44332211);
    c.store32(0x7004, 0x88776655 | 0);
    c.board.addDevice({ name: "log", ports: { from: 0x8000, length: 16 },
      readPort: () => 0xfedcba98 | 0,
      writePort: (at, size, v) => told.push([at, size, v]) });
  });
  assert.equal(told, [[1, 1, 0x11], [1, 4, 0x55443322]]);
  assert.equal([cpu.load8(0x7100), hex(cpu.load32(0x7101))],
    [0x98, "fedcba98"]);
});

test("invlpg counts from its segment's base", () => {
  const cpu = run("movl 0x7000, %eax\n movl 0x6000, %eax\n" +
    " invlpg %fs:0x6000", (c) => {
    c.store32(0x10000, 0x11007);
    for (let page = 0; page < 64; page++)
      c.store32(0x11000 + 4 * page, (page << 12) | 7);
    const ds = SEGMENTS + 4 * DS, fs = SEGMENTS + 4 * FS;
    c.w.copyWithin(fs, ds, ds + 4);
    c.w[fs + BASE] = 0x1000;
    writeControl(c, 3, 0x10000);
    writeControl(c, 0, c.w[CR0]! | (0x80000000 | 0));
  });
  const kept = tlbEntries(cpu, false).map(({ linear }) => linear);
  assert.equal([0x6000, 0x7000].map((at) => kept.includes(at)),
    [true, false]);
});

test("cli, sti, cld, std change their flag and no other", () => {
  const flags = (text: string, before: number) =>
    run(text, (cpu) => { cpu.w[SYSTEM_FLAGS] = before; }).w[SYSTEM_FLAGS]!;
  const others = 0x3000;
  assert.is(flags("cli", others | IF), others);
  assert.is(flags("sti", others), others | IF);
  assert.is(flags("cld", others | 0x400), others);
  assert.is(flags("std", others), others | 0x400);
});

test("descriptors' rights and limits are told to who may see them", () => {
  const cpu = run("mov $0x50, %ax\n lar %ax, %ecx\n lsl %ax, %edx\n" +
    " verr %ax\n sete %bl\n verw %ax\n sete %bh\n str %si", (c) =>
    describe(c, 0x50, 0xf2, { limit: 0x12345, flags: 4 }));
  assert.equal([ECX, EDX].map((n) => hex(cpu.w[n]!)), ["41f200", "12345"]);
  assert.is(cpu.w[EBX]! & 0xffff, 0x101);
  assert.is(selectorOf(cpu, TR), 0x80);
  assert.is(cpu.w[SEGMENTS + 4 * TR + LIMIT], 0x67);
  assert.is(cpu.w[SEGMENTS + 4 * TR + BASE], 0x3000);
});

test.run();
