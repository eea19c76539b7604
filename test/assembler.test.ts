// The assembler against GNU as.
import { suite } from "uvu";
import * as assert from "uvu/assert";

import { assemble, AssemblerError } from "../src/assembler";
import type { Assembled } from "../src/assembler";
import { firstGuestText, guestText, tickingGuestText } from "../src/guest";
import { completeKernelText, place } from "../src/host";
import { completeSwitcherText, lguestMap, lguestModule } from "../src/lguest";
import { decode, forms } from "../src/table";
import { gnuAssemble, gnuComplaints } from "./gnu";
import { randomProgram } from "./programs";
import { testWith } from "./reference";
import { sampleLines, samplesAfter, samplesBefore } from "./samples";

const test = suite("assembler");
const testGnu = testWith(test, "as", "ld", "objcopy");

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** The first line whose bytes differ, and both versions of it. */
function difference(
  text: string, ours: Assembled, theirs: Uint8Array,
): string | undefined {
  const { bytes, origin, lines } = ours;
  let at = 0;
  while (at < bytes.length && bytes[at] === theirs[at]) at++;
  if (at === bytes.length && at === theirs.length) return undefined;
  let i = lines.length - 1;
  while (i > 0 && lines[i]!.address - origin > at) i--;
  const start = lines[i]!.address - origin;
  const end = lines[i + 1] ? lines[i + 1]!.address - origin : bytes.length;
  const line = text.split("\n")[lines[i]!.line - 1] ?? "";
  return `${line.trim()} (line ${lines[i]!.line}): `
    + `ours ${hex(bytes.subarray(start, end))}, `
    + `theirs ${hex(theirs.subarray(start, end + 4))}`;
}

function compare(text: string, origin = 0x100000): Assembled {
  const plain = text.replace(/^# \d+ ".*"$/gm, "");
  const ours = assemble(plain, { origin });
  const wrong = difference(plain, ours, gnuAssemble(plain, origin));
  if (wrong) assert.unreachable(wrong);
  return ours;
}

function complaints(text: string): Map<number, string> {
  try {
    assemble(text);
    return new Map();
  } catch (error) {
    if (!(error instanceof AssemblerError)) throw error;
    return new Map([error, ...error.others].map(
      ({ place, sentence }) => [place.line, sentence]));
  }
}

// What GNU as doesn't know.
const onlyOurs = [
  /^hostcall /, // an instruction that no processor has
  /^salc/, // undocumented, and without a name for as 2.40
  /^movl \S+,%[decsgf]s$/, // we take "l" on a segment register's load
];

// What we refuse.
const onlyTheirs = [
  /^mov\w? .*,%cs$/, // no processor executes it
];

testGnu("each form gets the bytes that GNU as gives it", () => {
  const lines = sampleLines();
  const first = samplesBefore.split("\n").length + 1;
  const all = [samplesBefore, ...lines, samplesAfter].join("\n") + "\n";
  const theirs = gnuComplaints(all), ours = complaints(all);
  const good: string[] = [];
  let guesses = 0;
  lines.forEach((line, i) => {
    const they = theirs.get(first + i), we = ours.get(first + i);
    const warned = they?.startsWith("Warning");
    const refused = they !== undefined && !warned;
    if (!refused && we === undefined) good.push(line);
    else if (warned && we?.startsWith("nothing says how wide")) guesses++;
    else if (refused && we === undefined)
      assert.ok(onlyOurs.some(p => p.test(line)), `${line}: as: ${they}`);
    else if (we !== undefined && !refused)
      assert.ok(onlyTheirs.some(p => p.test(line)), `${line}: ours: ${we}`);
  });
  const text = [samplesBefore, ...good, samplesAfter].join("\n") + "\n";
  const { bytes, lines: places, origin } = compare(text);
  const reached = new Set(places.map(({ address }) =>
    decode(i => bytes[address - origin + i] ?? 0, true)?.form));
  const missed = forms.filter(form => !reached.has(form) && !form.alias);
  console.log(`${forms.length} forms, ${reached.size} of them compared in `
    + `${good.length} lines; ${guesses} guesses refused, 0 differences`);
  assert.equal(missed.map(form => form.mnemonic), ["salc", "hostcall"]);
});

testGnu("behind .code16 as well", () => {
  const lines = sampleLines().filter(line => !/^(data|addr)16/.test(line));
  let compared = 0;
  for (let from = 0; from < lines.length; from += 3000) {
    const batch = lines.slice(from, from + 3000);
    // What the lines refer to stands first: a wrong length is found at once.
    const before = `.code16\n${samplesBefore}\n${samplesAfter}`;
    const first = before.split("\n").length + 1;
    const all = [before, ...batch].join("\n") + "\n";
    const theirs = gnuComplaints(all), ours = complaints(all);
    const tooWide = /\$0x[89a-f]\w{7}|\bFAR\b/; // as takes the lower half of it
    const good = batch.filter((line, i) => {
      const they = theirs.get(first + i), we = ours.get(first + i);
      if (they === undefined && we === undefined) return true;
      const excused = [...onlyOurs, ...onlyTheirs, tooWide];
      if (they === undefined || we === undefined)
        assert.ok(/^Warning/.test(they ?? "")
          || excused.some(p => p.test(line)), `${line}: ${they ?? we}`);
      return false;
    });
    compare([before, ...good].join("\n") + "\n", 0x1000);
    compared += good.length;
  }
  console.log(`${compared} lines of 16-bit code, 0 differences`);
});

const bothModes = `
        .code16
start:  cli
        movw %cs, %ax
        movw %ax, %ds
        lgdtl table - start
        mov %cr0, %eax
        orb $1, %al
        mov %eax, %cr0
        ljmpl $8, $wide
        .balign 16, 0xcc
table:  .word 23
        .long 0x1000
        .skip 200
2:      jne 1f
        jmp 1f
        jcxz 2b
        .balign 64, 0xcc
        .skip 300
1:      jmp 2b
        .code32
wide:   movw $16, %ax
        movl table, %ebx
        jmp start
        .balign 32
        hlt
`;

testGnu("a program that goes from 16 to 32 bits", () => {
  compare(bothModes, 0x7c00);
  for (let gap = 1; gap < 20; gap++)
    compare(`.code16\n.skip ${64 - gap}\n.balign 64\n nop`, 0x7c00);
  for (const gap of [100, 129, 130, 140, 200])
    compare(`.code16\n.skip ${256 - gap}\n.balign 256\n nop`, 0x7c00);
});

testGnu("random programs are laid out as GNU as lays them out", () => {
  // The last three tell orders of relaxation apart.
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8, 223, 372, 1202])
    try {
      compare(randomProgram(seed), 0x100000);
    } catch (error) {
      assert.unreachable(`seed ${seed}: ${(error as Error).message}`);
    }
});

testGnu("the book's own assembly", () => {
  const switcher = compare(completeSwitcherText(), lguestMap.SWITCHER);
  const kernel = compare(completeKernelText(lguestModule({})), place.TEXT);
  compare(firstGuestText, 0xc0100000);
  compare(tickingGuestText, 0xc0100000);
  const guest = compare(guestText, 0xc0100000);
  for (const { bytes } of [switcher, kernel, guest])
    assert.ok(bytes.length > 100);
});

testGnu("directives, expressions and comments", () => {
  compare(`
    # a comment /* and not another
    / this too
start: a: .long start, a+4, ., .-start, -1, 1 + 2 * 3, 2 | 1 + 1
    .byte 'a', '\\n', '\\\\', ';', '#', '"' ; .word 0x1234, 0177, 0b101
    .ascii "semi;colon # not a comment", "\\x41\\101\\n\\"" /* b
    c */ ; .asciz "zero"
    .string "s", "t"
    .equ SIX, 6; .set SEVEN, SIX + 1
    EIGHT = SEVEN + 1
    .long SIX, SEVEN, EIGHT, ~SIX, -SEVEN, !0, 7 % 4, 0xff & ~0xf, 1 << 31
    .long 0xffffffff >> 4, (1 == 1), (1 <> 1), 3 > 2, 100 / 7 ^ 1
    .quad 0x123456789, -2
    .fill 3, 2, 0x1234
    .fill 2
    .fill 2, 8, 0x11223344
    .skip 3; .space 2, 0xcc; .zero 4
    .balign 8; nop
    .p2align 4,,3; nop
    .align 32, 0xcc; .balign 16,,7
1:  jmp 1f; jmp 1b
1:  jmp 1b
    .fill 64 - (. - 1b), 1, 0x90
    movl $SIX, SIX(%eax)
    movl $end - start, 4*SIX(%esp)
    add $(1b - start), %eax
    .org 0x300
    .org 0x310, 0xcc
end: .hword end - start
    .2byte 5; .4byte 6; .int 7; .short 8
    .code32; .globl start; .type start, @function; .text
`);
});

testGnu("gaps of every length are filled with the same nops", () => {
  const gaps = Array.from({ length: 140 }, (_, i) =>
    `.skip ${256 - i}, 0x90\n.balign 256`);
  compare(gaps.join("\n") + "\n");
});

const refused: [text: string, message: string][] = [
  ["nop\n  frob %eax", "t:2:3: there is no instruction \"frob\""],
  ["mov %eax", "t:1:1: \"mov\" doesn't take these operands; check their "
    + "order (source first), their widths, $ and *"],
  ["mov %al,%ebx", "t:1:1: \"mov\" doesn't take these operands; check "
    + "their order (source first), their widths, $ and *"],
  ["add $1,(%eax)", "t:1:1: nothing says how wide \"add\" is here; write "
    + "addb, addw or addl"],
  ["jmp nowhere", "t:1:5: nowhere is not defined; a label or .equ would "
    + "do it"],
  ["mov $4294967296,%eax", "t:1:1: \"mov\" doesn't take these operands; "
    + "check their order (source first), their widths, $ and *"],
  [".byte 256", "t:1:7: 256 doesn't fit into 8 bits"],
  ["loop far\n.skip 200\nfar:", "t:1:6: this goes 200 bytes far, but the "
    + "instruction reaches from -128 to 127 only"],
  ["a:\na:", "t:2:3: a is already defined"],
  [".equ x, y\n.equ y, x\n.long x", "t:3:7: y is defined by itself"],
  ["mov %eex,%eax", "t:1:5: there is no register %eex"],
  ["mov (%eax,%esp),%eax", "t:1:5: no address is made of these registers"],
  ["mov (%eax,%ebx,3),%eax", "t:1:16: a scale is 1, 2, 4 or 8"],
  [".frob 1", "t:1:1: there is no directive .frob"],
  ["lock add %eax,%ebx", "t:1:6: \"add\" can't be locked like this; lock "
    + "wants an instruction that changes memory"],
  ["push", "t:1:1: \"push\" doesn't take these operands; check their "
    + "order (source first), their widths, $ and *"],
  ["push $", "t:1:7: expected a number, a name or a bracket here"],
  [".long 5 5", "t:1:9: expected \",\" here"],
  ["a = 5 5", "t:1:7: this is one thing too many"],
  [".long 08", "t:1:7: 08 is not a number"],
  ["jmp 1b", "t:1:5: there is no label 1: before this"],
  ["jmp 1f", "t:1:5: 1f is not defined; a label or .equ would do it"],
  [".org 16\n.org 8", "t:2:6: .org goes 8 bytes backwards"],
  [".balign 3", "t:1:10: an alignment is a power of two, at most 16 MiB"],
  [".ascii abc", "t:1:8: expected a string in \"quotes\" here"],
  ["# 120 \"chapters/x.md\"\n\n  frob", "chapters/x.md:121:3: there is no "
    + "instruction \"frob\""],
  [".long 1/0", "t:1:8: this divides by zero"],
];

for (const [text, message] of refused)
  test(`${JSON.stringify(text)} is refused`, () => {
    try {
      assemble(text, { name: "t" });
    } catch (error) {
      assert.instance(error, AssemblerError);
      return assert.is((error as Error).message, message);
    }
    assert.unreachable("it was not");
  });

test("all errors of a text are found in one go", () => {
  const found = complaints("frob\nnop\nmov %eax\n.foo\n");
  assert.equal([...found.keys()], [1, 3, 4]);
});

test("the line table leads from addresses to chapters", () => {
  const { lines, labels, symbols } = assemble(`
# 10 "chapters/500-switcher.md"
start:  nop
two = 2
        jmp start
`, { origin: 0x1000 });
  assert.equal(lines.map(({ address, line }) => [address, line]),
    [[0x1000, 10], [0x1001, 11], [0x1001, 12]]);
  assert.is(lines[0]!.file, "chapters/500-switcher.md");
  assert.equal([...labels], [["start", 0x1000]]);
  assert.equal([...symbols], [["start", 0x1000], ["two", 2]]);
});

test.run();
