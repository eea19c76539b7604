// Bare machines: small kernels of ours under `lguest machine`, and Debian's
// seabios as a ROM.
import * as fs from "node:fs";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assemble } from "../src/assembler";
import { main } from "../src/cli/main";
import { Escape } from "../src/cli/terminal";
import type { Input } from "../src/cli/terminal";
import {
  bootMetal, loadMetal, MiB, planKernel, readRunFile, runMetal, runPiece,
  saveMetal,
} from "../src/launcher";
import { writeElf } from "../src/assembler";
import { bzImageOf } from "./bzimage";
import { memoryIo } from "./memory-io";
import type { Files } from "./memory-io";
import { randomNumbers } from "./programs";
import { testWith } from "./reference";

const test = suite("metal");

/** Runs the command in this process, with files that are in memory. */
async function lguest(words: string[], files: Files = {}, input?: Typist) {
  const { io, out, err } = memoryIo(files);
  const status = await main(["machine", ...words], !input ? io : {
    ...io,
    print(bytes) {
      io.print(bytes);
      input.heard(bytes.length);
    },
    input: () => input,
  });
  return { status, out: out(), err: err(), files };
}

const LIMIT = ["--max-instructions", "1000000"];

async function refused(words: string[], said: RegExp, files: Files = {}) {
  const { status, out, err } = await lguest(words, files);
  assert.is(status, 2, err);
  assert.is(out, "");
  assert.match(err, said);
  assert.match(err, /^lguest: [^\n]+\n$/, "exactly one line");
}

const HEADER = "        .long 0x1badb002, 0, -0x1badb002\n";

// Prints a string on COM1; and the end by the exit device.
const COMMON = `
print:  movl $0x3f8, %edx       # esi: a string
1:      lodsb
        testb %al, %al
        jz 2f
        outb %al, %dx
        jmp 1b
2:      ret
hex:    movl $8, %ecx           # eax: a number
1:      roll $4, %eax
        pushl %eax
        andl $15, %eax
        movb digits(%eax), %al
        movl $0x3f8, %edx
        outb %al, %dx
        popl %eax
        loop 1b
        movb $32, %al
        outb %al, %dx
        ret
exit:   outb %al, $0xf4
        hlt
digits: .ascii "0123456789abcdef"
`;

function image(text: string, header = HEADER): Uint8Array {
  const source = `${header}start:\n        movl $0x90000, %esp\n` +
    text + COMMON;
  const { bytes, symbols } = assemble(source, { origin: 0x100000 });
  return writeElf([{ paddr: 0x100000, vaddr: 0x100000, bytes }],
    symbols.get("start")!);
}

const HELLO = image(`
        movl $hello, %esi
        call print
        movb $0x10, %al
        jmp exit
hello:  .asciz "hello\\n"
`);

test("a multiboot kernel prints, and ends by the exit device", async () => {
  const { status, out, err } = await lguest(["--kernel", "k"], { k: HELLO });
  assert.is(status, 33, err);
  assert.is(out, "hello\n");
  assert.match(err, /^lguest: the machine was ended with status 33 by the exit device after \d+ instructions\n$/);
});

test("halted for good is 0, a triple fault 1, the budget 4", async () => {
  const ends: [string, number, RegExp][] = [
    ["cli\n hlt\n", 0, /halted, and nothing can wake it, after 3 inst/],
    ["movb $0xff, %al\n outb %al, $0x21\n sti\n hlt\n", 0,
      /halted, and nothing can wake it/],
    ["ud2\n", 1, /triple-faulted at 0008:00100011 \(linear 00100011\)/],
    ["jmp .\n", 4, /still ran when the budget was spent, after 1000000 /],
    ["movb $0xfe, %al\n outb %al, $0x64\n hlt\n", 0, /was reset after 3 /],
    ["movb $3, %al\n outb %al, $0x92\n hlt\n", 0, /was reset/],
  ];
  for (const [text, wanted, said] of ends) {
    const { status, err } =
      await lguest(["--kernel", "k", ...LIMIT], { k: image(text) });
    assert.is(status, wanted, text + err);
    assert.match(err, said);
  }
});

test("a kernel that looks for a coprocessor finds none", async () => {
  const probe = image(`
        movw $0x5a5a, seen
        fninit
        fnstsw seen
        movw seen, %ax
        fnstsw %ax
        fwait
        shrl $1, %eax           # 0x5a5a: nobody has answered
        jmp exit
seen:   .word 0
`);
  const { status, err } = await lguest(["--kernel", "k"], { k: probe });
  assert.is(status, ((0x5a5a >> 1 & 0xff) << 1 | 1) & 0xff, err);
});

test("--reboot starts it again, and RAM is what it was", async () => {
  const k = image(`
        incl 0x200000
        movl 0x200000, %eax
        cmpl $3, %eax
        je exit
        movb $0xfe, %al
        outb %al, $0x64
        hlt
`);
  const { status, err } =
    await lguest(["--kernel", "k", "--reboot", ...LIMIT], { k });
  assert.is(status, 7, err);
});

const INFO = image(`
        call hex                # eax: the magic
        movl %ebx, %edi
        movl (%edi), %eax
        call hex                # flags
        movl 4(%edi), %eax
        call hex
        movl 8(%edi), %eax
        call hex
        movl 16(%edi), %esi
        call print
        movb $10, %al
        outb %al, %dx
        movl 20(%edi), %ebp     # modules
        movl 24(%edi), %ebx
3:      testl %ebp, %ebp
        jz 4f
        movl 4(%ebx), %eax
        subl (%ebx), %eax
        call hex
        movl (%ebx), %eax
        movl (%eax), %eax
        call hex
        movl 8(%ebx), %esi
        call print
        addl $16, %ebx
        decl %ebp
        jmp 3b
4:      movb $10, %al
        outb %al, %dx
        movl 48(%edi), %ebx     # the map
        movl 44(%edi), %ebp
        addl %ebx, %ebp
5:      movl 4(%ebx), %eax
        call hex
        movl 12(%ebx), %eax
        call hex
        movl 20(%ebx), %eax
        call hex
        movl (%ebx), %eax
        leal 4(%ebx, %eax), %ebx
        cmpl %ebp, %ebx
        jb 5b
        movl 64(%edi), %esi
        call print
        movb $0, %al
        jmp exit
`);

test("a multiboot kernel is told about memory and modules", async () => {
  const files = { k: INFO, m: Uint8Array.of(1, 2, 3, 4, 5),
    n: Uint8Array.of(9, 0, 0, 0) };
  const { status, out, err } = await lguest(["--kernel", "k", "--memory",
    "8", "--append", "root=none quiet", "--module", "m=first one",
    "--module", "n"], files);
  assert.is(status, 1, err);
  const [head, modules, map] = out.split("\n");
  assert.is(head, "2badb002 0000024d 00000280 00001c00 " +
    "k root=none quiet");
  assert.is(modules, "00000005 04030201 first one00000004 00000009 n");
  assert.is(map, "00000000 000a0000 00000001 000a0000 00060000 00000002 " +
    "00100000 00700000 00000001 lguest");
});

// Maps 0 to the end of its own image, and reads then what it is told.
const SELFISH = `
        movl $pt, %edi
        xorl %eax, %eax
1:      movl %eax, %edx
        orl $3, %edx
        movl %edx, (%edi)
        addl $4, %edi
        addl $4096, %eax
        cmpl $digits + 16, %eax
        jb 1b
        movl $pt + 3, pd
        movl $pd, %eax
        movl %eax, %cr3
        movl %cr0, %eax
        orl $0x80000000, %eax
        movl %eax, %cr0
        movl 16(%ebx), %esi     # the command line
        call print
        movl 24(%ebx), %eax     # the modules' list
        movl 8(%eax), %esi
        call print
        movl 48(%ebx), %eax     # the map
        movl 20(%eax), %eax
        call hex
        movl 64(%ebx), %esi     # our name
        call print
        movb $0x21, %al
        jmp exit
        .balign 4096
pd:     .fill 1024, 4, 0
pt:     .fill 1024, 4, 0
`;

test("a kernel that maps only itself can read what it is told", async () => {
  const { status, out, err } = await lguest(["--kernel", "k", "--append",
    "quiet", "--module", "m=!", ...LIMIT],
    { k: image(SELFISH), m: Uint8Array.of(1) });
  assert.is(status, 67, err);
  assert.is(out, "k quiet!00000001 lguest");
});

/** Where a multiboot kernel with these segments is told what. */
function toldTo(segments: readonly [number, number][], commandLine = "",
  modules: readonly { bytes: Uint8Array; text: string }[] = []) {
  const { bytes } = assemble(HEADER, { origin: 0x100000 });
  const file = writeElf([{ paddr: 0x100000, vaddr: 0, bytes },
    ...segments.map(([paddr, length]) =>
      ({ paddr, vaddr: 0, bytes: new Uint8Array(length) }))], 0x100000);
  const { pieces, info } = planKernel(file,
    { memory: 64 * MiB, commandLine, modules });
  return { pieces, info, told: pieces.find((p) => p.address === info)! };
}

test("what a kernel is told is low, and clear of its segments", () => {
  const random = randomNumbers(5);
  for (let n = 0; n < 300; n++) {
    const segments = Array.from({ length: random(4) }, () =>
      [random(0x9f000), 1 + random(0x20000)] as [number, number]);
    const { pieces, told } = toldTo(segments, "x".repeat(random(2000)));
    const end = told.address + told.length;
    const why = `case ${n} of seed 5: ${JSON.stringify(segments)}`;
    assert.ok(told.address >= 0x1000 && end <= 0x9fc00, why);
    for (const one of pieces) assert.ok(one === told || one.length === 0 ||
      end <= one.address || told.address >= one.address + one.length, why);
  }
});

test("a kernel is told all of it, however much it is", () => {
  const bytes = Uint8Array.of(7), text = "m".repeat(90);
  const modules = Array.from({ length: 3000 }, () => ({ bytes, text }));
  const { pieces, told } = toldTo([], "x".repeat(131_072), modules);
  assert.is(told.address, 0x9000);
  const view = new DataView(told.bytes.buffer);
  const word = (at: number) => view.getUint32(at - told.address, true);
  const { address } = told, list = word(address + 24);
  assert.is(word(address + 20), 3000);
  assert.is(word(address + 16) + 131_080, word(list + 8));
  const files = pieces.filter(({ what }) => what === "a module");
  files.forEach((file, n) => {
    assert.is(word(list + 16 * n), file.address);
    assert.is(file.address % 4096, 0);
    assert.ok(file.address >= MiB);
  });
  assert.throws(() => toldTo([], "x".repeat(700_000)),
    /^leaves no room below 640 KiB for 700\d\d\d bytes .*; shorten --append/);
  assert.throws(() => toldTo([[0x1000, 0x9ec00]]), /^leaves no room below/);
});

test("a kernel that keeps the masks that it found gets ticks", async () => {
  const k = image(`
        movl $tick, %eax
        movw %ax, idt + 8 * 32
        shrl $16, %eax
        movw %ax, idt + 8 * 32 + 6
        lgdt gdtr
        lidt idtr
        inb $0x21, %al          # the masks
        movb %al, %bl
        inb $0xa1, %al
        movb %al, %bh
        movl $icws, %esi
        movl $8, %ecx
1:      lodsw
        movzbl %ah, %edx
        outb %al, %dx
        loop 1b
        movb %bl, %al
        outb %al, $0x21
        movb %bh, %al
        outb %al, $0xa1
        sti
2:      hlt
        jmp 2b
tick:   movzwl 0x400, %edx      # COM1, as the BIOS noted
        movb $0x74, %al
        outb %al, %dx
        movb $3, %al
        jmp exit
icws:   .byte 0x11, 0x20, 0x11, 0xa0, 32, 0x21, 40, 0xa1
        .byte 4, 0x21, 2, 0xa1, 1, 0x21, 1, 0xa1
        .balign 8
gdt:    .long 0, 0, 0xffff, 0x00cf9b00, 0xffff, 0x00cf9300
gdtr:   .word 23
        .long gdt
idtr:   .word 8 * 48 - 1
        .long idt
        .balign 8
idt:    .fill 32, 8, 0
        .long 0x00080000, 0x00008e00
        .fill 15, 8, 0
`);
  const { status, out, err } = await lguest(["--kernel", "k", ...LIMIT],
    { k });
  assert.is(status, 7, err);
  assert.is(out, "t");
});

test("a header with addresses counts more than the file's format",
  async () => {
    const flags = 0x10000, at = 0x200000;
    const { bytes, symbols } = assemble(`
        .ascii "not an ELF file "
header: .long 0x1badb002, ${flags}, -(0x1badb002 + ${flags})
        .long header, ${at}, 0, ${at + 0x3000}, start
start:  movl $0x90000, %esp
        movl ${at + 0x2ffc}, %eax
        call hex
        movb $2, %al
        jmp exit
` + COMMON, { origin: at });
    assert.ok(symbols.get("header"));
    const { status, out, err } =
      await lguest(["--kernel", "k"], { k: bytes });
    assert.is(status, 5, err);
    assert.is(out, "00000000 ");
  });

/** A bzImage with our code for its second part. */
function bzImage(text: string): Uint8Array {
  const { bytes } = assemble(`start:\n${text}${COMMON}`,
    { origin: 0x100000 });
  return bzImageOf(bytes, { version: 0x20a, highest: 0x7fffff });
}

const LINUX = `
        movl %esi, %edi
        movl $0x18, %eax        # the selectors are real
        movl %eax, %ds
        movl %cs, %eax
        call hex
        movl 0x202(%edi), %eax
        call hex
        movl 0x218(%edi), %ebx
        movl (%ebx), %eax
        call hex
        movl 0x21c(%edi), %eax
        call hex
        movl 0x2d0+40(%edi), %eax
        call hex
        movl 0x2d8+40(%edi), %eax
        call hex
        movl 0x228(%edi), %esi
        call print
        movb $0, %al
        jmp exit
`;

test("Linux' 32-bit protocol: bzImage and vmlinux", async () => {
  const { bytes } = assemble(`start:\n${LINUX}${COMMON}`,
    { origin: 0x1000000 });
  const vmlinux = writeElf(
    [{ paddr: 0x1000000, vaddr: 0xc1000000, bytes }], 0x1000000);
  for (const k of [bzImage(LINUX), vmlinux]) {
    const files = { k, i: Uint8Array.of(0x78, 0x56, 0x34, 0x12, 1) };
    const { status, out, err } = await lguest(["--kernel", "k", "--initrd",
      "i", "--append", "console=ttyS0", "--memory", "32"], files);
    assert.is(status, 1, err);
    assert.is(out, "00000010 53726448 12345678 00000005 00100000 " +
      "01f00000 console=ttyS0");
  }
});

test("a bzImage is as long as it says, and has the memory it needs",
  async () => {
    const k = bzImage("movb $2, %al\n jmp exit\n");
    const view = new DataView(k.buffer);
    view.setUint32(0x1f4, Math.ceil((k.length - 1024) / 16), true);
    assert.is((await lguest(["--kernel", "k"], { k })).status, 5);
    view.setUint32(0x1f4, Math.ceil(k.length / 16), true);
    await refused(["--kernel", "k"], /k is truncated: \d+ bytes of at least/,
      { k });
    view.setUint32(0x1f4, 0, true);
    view.setUint32(0x260, 0x900000, true);
    await refused(["--kernel", "k", "--memory", "8"],
      /k doesn't fit: it needs memory up to 0x00a00000 .* --memory 10/,
      { k });
    assert.is((await lguest(["--kernel", "k", "--memory", "10"],
      { k })).status, 5);
  });

test("bad images are refused in one line", async () => {
  const text = new TextEncoder().encode("just a text, and no kernel\n");
  await refused(["--kernel", "k"], /k is no kernel: .*multiboot/,
    { k: text });
  await refused(["--kernel", "k"], /is it a ROM\? \(--rom\)/,
    { k: new Uint8Array(0x10000) });
  await refused(["--kernel", "k"], /k is empty/, { k: new Uint8Array(0) });
  await refused(["--kernel", "k"], /k: no such file/);
  await refused(["--rom", "r"], /r is 27 bytes long; a ROM has 64, 128/,
    { r: text });
  await refused(["--rom", "r"], /r is 1 byte long; a ROM/,
    { r: new Uint8Array(1) });
  const header = (flags: number) => image("hlt\n",
    `.long 0x1badb002, ${flags}, -(0x1badb002 + ${flags})\n`);
  await refused(["--kernel", "k"], /asks for a video mode/,
    { k: header(4) });
  await refused(["--kernel", "k"], /asks for .*flags 0x8008/,
    { k: header(0x8008) });
  const files = { k: bzImage("hlt\n"), i: new Uint8Array(7 * MiB) };
  await refused(["--kernel", "k", "--initrd", "i", "--memory", "8"],
    /k leaves no room for an initrd of 7340032 bytes/, files);
  await refused(["--kernel", "k", "--initrd", "i", "--memory", "4"],
    /doesn't fit.*--memory 9/, { k: HELLO, i: files.i });
  await refused(["--kernel", "k", "--append", "x".repeat(101)],
    /takes a command line of 100 bytes/, files);
  await refused(["--kernel", "k", "--module", "i"],
    /--module is for multiboot/, files);
  const bytes = new Uint8Array(4);
  await refused(["--kernel", "k"], /is too big|doesn't fit/,
    { k: writeElf([{ paddr: 0x8000000, vaddr: 0, bytes }], 0x8000000) });
});

test("words that make no sense are refused in one line", async () => {
  await refused(["--kernel", "k", "--rom", "r"], /exclude each other/);
  await refused(["--initrd", "i", "--rom", "r"], /goes with --kernel/);
  await refused(["--append", "x", "--rom", "r"], /--append goes with/);
  await refused(["--pge", "all-cpus", "--kernel", "k"], /is for run/);
  await refused(["--post-port", "x", "--kernel", "k"], /such as 0x80/);
  await refused(["--date", "2007-13-01", "--kernel", "k"], /2007-10-09/);
  await refused(["--replay", "r", "--memory", "3"], /it is in the file/);
  await refused(["--record", "r", "--replay", "r"], /exclude each other/);
  await refused(["--replay", "r"], /r is not a run file/,
    { r: new TextEncoder().encode("x") });
});

// Prints what it gets, in capitals; q ends. Sleeps in between.
const ECHO = image(`
        lgdt gdtr
        ljmp $8, $1f
1:      movl $16, %eax
        movl %eax, %ds
        movl %eax, %es
        movl %eax, %ss
        movl $serial, %eax
        movw %ax, idt + 0x24 * 8
        shrl $16, %eax
        movw %ax, idt + 0x24 * 8 + 6
        lidt idtr
        movl $icws, %esi
        movb $0x11, %al
        outb %al, $0x20
        movb $0x20, %al
        outb %al, $0x21
        movb $4, %al
        outb %al, $0x21
        movb $1, %al
        outb %al, $0x21
        movb $0xef, %al
        outb %al, $0x21
        movl $0x3f9, %edx
        movb $1, %al
        outb %al, %dx
        movl $0x3fc, %edx
        movb $8, %al
        outb %al, %dx
        sti
2:      hlt
        incl wakes
        jmp 2b
serial: pushal
        movl $0x3f8, %edx
        inb %dx, %al
        cmpb $0x71, %al
        jne 3f
        movb wakes, %al
        jmp exit
3:      andb $0xdf, %al
        outb %al, %dx
        movb $0x20, %al
        outb %al, $0x20
        popal
        iret
icws:   .long 0
wakes:  .long 0
        .balign 8
gdt:    .word 0, 0, 0, 0, 0xffff, 0, 0x9a00, 0xcf, 0xffff, 0, 0x9200, 0xcf
gdtr:   .word 23
        .long gdt
idtr:   .word 0x127
        .long idt
idt:    .fill 0x24, 8, 0
        .word 0, 8, 0x8e00, 0
`);

interface Typist extends Input {
  heard(bytes: number): void;
}

/** Somebody who types: a piece, and the next when all before it has been
 * answered; then nothing more. In a pipe nobody waits for answers. */
function typist(pieces: string[], terminal = false): Typist {
  let owed = 0, type = () => {};
  return {
    terminal,
    start(arrived, ended) {
      type = () => {
        const piece = pieces.shift();
        if (piece === undefined) return ended();
        owed += piece.length;
        arrived(new TextEncoder().encode(piece));
        if (!terminal) setImmediate(type);
      };
      setImmediate(type);
    },
    heard(bytes) {
      owed -= bytes;
      if (terminal && owed <= 0) setImmediate(type);
    },
    hold: () => {},
    stop: () => {},
  };
}

test("what is typed is heard, and a recorded run runs again", async () => {
  const files: Files = { k: ECHO };
  const live = await lguest(
    ["--kernel", "k", "--record", "r", "--memory", "2", ...LIMIT], files,
    typist(["ab", "cde", "f", "q"]));
  assert.is(live.out, "ABCDEF", live.err);
  assert.is(live.status, 13);
  const text = Buffer.from(files["r"]!).toString();
  const { inputs, end } = readRunFile(text);
  assert.ok(inputs.length >= 1);
  const again = await lguest(["--replay", "r"], files);
  assert.is(again.out, live.out);
  assert.is(again.err, live.err);
  assert.is(again.status, live.status);
  const twice = await lguest(["--replay", "r", "--snapshot", "s", "--at",
    String(end!.instructions - 1)], files);
  assert.is(twice.status, live.status, twice.err);
  const rest = await lguest(["--restore", "s"], files);
  assert.is(rest.err, live.err);

  const other = text.replace(/"time":(\d+)/, (_, n) =>
    `"time":${Number(n) - 1}`);
  files["o"] = new TextEncoder().encode(other);
  const wrong = await lguest(["--replay", "o"], files);
  assert.is(wrong.status, 2, wrong.err);
  files["k"] = HELLO;
  await refused(["--replay", "r"], /k is not the kernel that r was recorded/,
    files);
});

test("a person at a terminal is waited for, and leaves by ^A x",
  async () => {
    const files: Files = { k: ECHO };
    const { status, out, err } = await lguest(
      ["--kernel", "k", "--record", "r", "--memory", "2"], files,
      typist(["x", "yz", "z", "\x01x"], true));
    assert.is(status, 0, err);
    assert.is(out, "XYZZ");
    assert.match(err, /you left the machine after \d+ instructions/);
    const again = await lguest(["--replay", "r"], files);
    assert.is(again.out, out);
    assert.is(again.status, 0, again.err);
  });

test("^A twice is one for the machine, and ^A x none", () => {
  const escape = new Escape("x"), text = (s: string) =>
    Array.from(s, (c) => escape.take(c.charCodeAt(0)));
  assert.equal(text("ab"), [97, 98]);
  assert.equal(text("a\x01\x01b"), [97, undefined, 1, 98]);
  assert.equal(text("a\x01"), [97, undefined]);
  assert.equal(text("X"), ["x"]);
  assert.equal(text("\x01nx"), [undefined, 110, 120]);
});

test("without input a machine that only a key could wake has ended",
  async () => {
    const { status, err } = await lguest(
      ["--kernel", "k", "--memory", "2"], { k: ECHO }, typist([]));
    assert.is(status, 0);
    assert.match(err, /halted, and nothing can wake it/);
  });

test("a snapshot at the very end of a run goes no further", async () => {
  const k = image("movb $16, %al\n outb %al, $0xf4\n movb $5, %al\n" +
    "outb %al, $0xf4\n hlt\n");
  const plain = await lguest(["--kernel", "k", ...LIMIT], { k });
  assert.is(plain.status, 33);
  const count = /after (\d+)/.exec(plain.err)![1]!;
  const kept = await lguest(
    ["--kernel", "k", "--snapshot", "s", "--at", count, ...LIMIT], { k });
  assert.is(kept.status, 33);
  assert.is(kept.err, plain.err);
});

test("a snapshot of a busy machine goes on as it would have", () => {
  const options = { memory: 2 * MiB, kernel: ECHO, seed: 7 };
  let one = "", two = "";
  const first = bootMetal(options,
    { print: (b) => { one += String.fromCharCode(b); } });
  runPiece(first, { limit: 30 });
  first.gate.enter(Uint8Array.of(0x61, 0x62));
  runPiece(first, { limit: 50 });
  const before = one;
  const second = loadMetal(saveMetal(first),
    { print: (b) => { two += String.fromCharCode(b); } });
  for (const session of [first, second]) {
    session.gate.enter(Uint8Array.of(0x71));
    assert.is(runMetal(session, 10_000).status & 1, 1);
  }
  assert.is(before + two, one);
  assert.ok(Buffer.from(first.machine.snapshot())
    .equals(second.machine.snapshot()));
  assert.throws(() => loadMetal(new Uint8Array(50), { print: () => {} }),
    /is not a snapshot; --snapshot FILE writes one/);
});

// Ticks at 10 kHz, talks to itself in the UART's loop, prints, reads the
// clock; two CPUs' worth of schedule, 30 000 instructions.
const BUSY = image(`
        lgdt gdtr
        ljmp $8, $1f
1:      movl $16, %eax
        movl %eax, %ds
        movl %eax, %ss
        movl $tick, %eax
        movw %ax, idt + 8 * 8
        shrl $16, %eax
        movw %ax, idt + 8 * 8 + 6
        lidt idtr
        movb $0x34, %al
        outb %al, $0x43
        movb $119, %al
        outb %al, $0x40
        movb $0, %al
        outb %al, $0x40
        movb $0xfa, %al
        outb %al, $0x21
        sti
2:      movb $0, %al
        outb %al, $0x70
        inb $0x71, %al
        movl $0x3ff, %edx
        outb %al, %dx
        movb $0x80, %al
        outb %al, $0x43
        inb $0x42, %al
        incl count
        testl $63, count
        jnz 2b
        hlt
        jmp 2b
tick:   pushal
        movb ticks, %al
        movl $0x3f8, %edx
        outb %al, %dx
        incl ticks
        movb $0x20, %al
        outb %al, $0x20
        popal
        iret
ticks:  .long 0x30
count:  .long 0
        .balign 8
gdt:    .word 0, 0, 0, 0, 0xffff, 0, 0x9a00, 0xcf, 0xffff, 0, 0x9200, 0xcf
gdtr:   .word 23
        .long gdt
idtr:   .word 0x47
        .long idt
idt:    .fill 8, 8, 0
        .word 0, 8, 0x8e00, 0
`);

test("restored at any count, the rest of a busy run is the same", () => {
  const end = 30_000, options = { memory: 2 * MiB, kernel: BUSY };
  let random = 12345, whole = "";
  const first = bootMetal(options,
    { print: (b) => { whole += String.fromCharCode(b); } });
  const kept: { at: number; said: number; file: Uint8Array }[] = [];
  const counts = Array.from({ length: 20 }, () => {
    random = (random * 1103515245 + 12345) % 2 ** 31;
    return random % end;
  }).sort((a, b) => a - b);
  for (const at of counts) {
    runMetal(first, at);
    kept.push({ at, said: whole.length, file: saveMetal(first) });
  }
  runMetal(first, end);
  assert.ok(whole.length > 20, whole);
  const last = Buffer.from(first.machine.snapshot());
  for (const { at, said, file } of kept) {
    let rest = "";
    const session = loadMetal(file,
      { print: (b) => { rest += String.fromCharCode(b); } });
    runMetal(session, end);
    assert.is(rest, whole.slice(said), `restored at ${at}`);
    assert.ok(last.equals(session.machine.snapshot()), `at ${at}`);
  }
});

// Real mode, from the reset vector, in a ROM of 64 KiB.
test("a ROM starts at its reset vector in real mode", async () => {
  const code = Uint8Array.of(
    0xbe, 0x15, 0x00, // movw $text, %si
    0xba, 0x02, 0x04, // movw $0x402, %dx
    0x2e, 0x8a, 0x04, // 1: movb %cs:(%si), %al
    0x84, 0xc0, 0x74, 0x04, // testb %al, %al; jz 2f
    0xee, 0x46, 0xeb, 0xf5, // outb %al, %dx; incw %si; jmp 1b
    0xb0, 0x03, 0xe6, 0xf4, // 2: movb $3, %al; outb %al, $0xf4
    ...new TextEncoder().encode("in real mode\n"), 0);
  const rom = new Uint8Array(0x10000).fill(0xf4);
  rom.set(code);
  rom.set([0xea, 0, 0, 0, 0xf0], 0xfff0);
  const { status, out, err } =
    await lguest(["--rom", "r", ...LIMIT], { r: rom });
  assert.is(status, 7, err);
  assert.is(out, "in real mode\n");
});

const seabios = testWith(test, "seabios");

seabios("seabios prints its banner, finds no disk, and resets", async () => {
  const r = new Uint8Array(fs.readFileSync("/usr/share/seabios/bios.bin"));
  const { status, out, err } = await lguest(
    ["--rom", "r", "--max-instructions", "20000000"], { r });
  assert.match(out, /^SeaBIOS \(version 1\.\d+/);
  assert.match(out, /Found 1 cpu/);
  assert.match(out, /No bootable device/);
  assert.is(status, 0, err);
  assert.match(err, /was reset after \d+ instructions/);
});

seabios("seabios of 256 KiB wakes a second CPU", async () => {
  const r =
    new Uint8Array(fs.readFileSync("/usr/share/seabios/bios-256k.bin"));
  const { status, out } = await lguest(["--rom", "r", "--cpus", "2",
    "--max-instructions", "2000000"], { r });
  assert.match(out, /^SeaBIOS \(version 1\.\d+/);
  assert.match(out, /Found 2 cpu/);
  assert.is(status, 4);
});

test.run();
