// The disassembler against objdump.
import { suite } from "uvu";
import * as assert from "uvu/assert";

import { assemble, AssemblerError, disassemble } from "../src/assembler";
import { decodeLoosely, forms } from "../src/table";
import type { Form } from "../src/table";
import { objdump } from "./gnu";
import type { Listed } from "./gnu";
import { randomNumbers } from "./programs";
import { testWith } from "./reference";
import { sampleLines, samplesAfter, samplesBefore } from "./samples";

const test = suite("disassembler");
const testGnu = testWith(test, "objdump");

// What objdump prints otherwise, or doesn't know.
const exceptions: [ours: RegExp, theirs: RegExp, reason: string][] = [
  [/\b(salc|hostcall)/, /\(bad\)/, "objdump has no name for it"],
  [/\besc /, /^(\w+ )*(f\w|\(bad\))/, "it is for a coprocessor"],
  [/\bfwait$/, /\bf(?!wait)\w/, "WAIT and an escape have a name together"],
  [/data(16|32).*wbinvd/, /\(bad\)/, "a later processor's wbnoinvd is near"],
  [/\bnop|\(bad\)/, /\bbnd|\bcldemote|\bendbr|\brdssp/,
    "later processors know these hints"],
  [/\(bad\)/, /%cr[1567]/, "there are no such control registers"],
  [/%ds:|^ds /, /notrack/, "a later processor's meaning of the prefix"],
];

interface Tally {
  compared: number;
  excused: number;
  wrong: string[];
  forms: Set<Form>;
}

/** Compares one line of objdump's with ours. */
function compareLine(line: Listed, tally: Tally, code16 = false): void {
  const bytes = Uint8Array.from(line.bytes);
  const { text, length } = disassemble(bytes, line.address, { code16 });
  const insn = decodeLoosely(i => bytes[i] ?? 0, !code16);
  if (exceptions.some(([ours, theirs]) =>
    ours.test(text) && theirs.test(line.text))) {
    tally.excused++;
    return;
  }
  tally.compared++;
  if (insn) tally.forms.add(insn.form);
  if (text !== line.text || length !== bytes.length)
    tally.wrong.push(`${Buffer.from(bytes).toString("hex")}: ours `
      + `"${text}", objdump's "${line.text}"`);
}

function newTally(): Tally {
  return { compared: 0, excused: 0, wrong: [], forms: new Set() };
}

function report(tally: Tally, what: string): void {
  console.log(`${tally.compared} ${what}, ${tally.forms.size} forms, `
    + `${tally.excused} excused, ${tally.wrong.length} differences`);
  assert.equal(tally.wrong.slice(0, 10), []);
}

/** The samples that the assembler takes. */
function acceptedSamples(): string[] {
  const lines = sampleLines().filter(line => !line.startsWith("hostcall"));
  const first = samplesBefore.split("\n").length + 1;
  try {
    assemble([samplesBefore, ...lines, samplesAfter].join("\n"));
    return lines;
  } catch (error) {
    if (!(error instanceof AssemblerError)) throw error;
    const bad = new Set([error, ...error.others].map(e => e.place.line));
    return lines.filter((_, i) => !bad.has(first + i));
  }
}

testGnu("what the assembler's samples become reads the same", () => {
  const good = acceptedSamples();
  const { bytes } = assemble(
    [samplesBefore, ".fill 12, 1, 0x90", ...good, samplesAfter].join("\n"),
    { origin: 0xc0100000 });
  const tally = newTally();
  for (const line of objdump(bytes, 0xc0100000))
    if (line.address > 0xc0100004) compareLine(line, tally);
  report(tally, "instructions from text");
  const missed = forms.filter(form => !tally.forms.has(form) && !form.alias);
  assert.equal(missed.map(form => form.mnemonic), ["salc", "hostcall"]);
});

/** Random bytes behind the opcode of a form, with a prefix or two. */
function randomInstruction(
  form: Form, random: (n: number) => number, code16 = false,
): number[] {
  const bytes: number[] = [];
  if (random(6) === 0) bytes.push(0x66);
  if (random(6) === 0) bytes.push(0x67);
  if (random(6) === 0)
    bytes.push([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65][random(6)]!);
  if (form.rep && random(3) === 0) bytes.push(0xf2 + random(2));
  if (form.lock && random(6) === 0) bytes.push(0xf0);
  if (form.mandatory) bytes.push(form.mandatory);
  bytes.push(...form.prefix);
  if (form.plusReg) bytes[bytes.length - 1]! += random(8);
  if (form.digit !== undefined)
    bytes.push((random(256) & 0xc7) | (form.digit << 3));
  for (let i = 0; i < 11; i++) bytes.push(random(256));
  const insn = decodeLoosely(i => bytes[i] ?? 0, !code16);
  return insn ? bytes.slice(0, insn.length) : [];
}

for (const code16 of [false, true]) testGnu("random instructions of each " +
  `form read the same, in ${code16 ? 16 : 32}-bit code`, () => {
  const random = randomNumbers(1);
  const all: number[] = [];
  for (const form of forms) {
    if (/^(hostcall|salc|esc)$/.test(form.mnemonic)) continue;
    // objdump takes it for a prefix of what follows, prefixes or not.
    if (form.mnemonic === "fwait") continue;
    // objdump reads them as a later processor's, of other lengths.
    if (/^0F 1[AB]/.test(form.opcode)) continue;
    for (let i = 0; i < 60; i++)
      all.push(...randomInstruction(form, random, code16));
  }
  const tally = newTally();
  const mode = code16 ? "i8086" : "i386";
  const lines = objdump(Uint8Array.from(all), 0xc0100000, mode);
  for (const line of lines) compareLine(line, tally, code16);
  report(tally, `random instructions (seed 1, ${mode})`);
});

testGnu("random bytes read the same, if the table knows them", () => {
  const random = randomNumbers(7);
  const bytes = Uint8Array.from({ length: 40_000 }, () => random(256));
  const tally = newTally();
  let unknown = 0;
  for (const line of objdump(bytes, 0x1000)) {
    const { text } = disassemble(Uint8Array.from(line.bytes), line.address);
    // Prefixes that later processors gave a meaning.
    const hint = /^bnd|\bbnd |xacquire|xrelease/.test(line.text);
    if (text === "(bad)" || hint) unknown++;
    else compareLine(line, tally);
  }
  report(tally, `instructions in random bytes (seed 7; ${unknown} unknown)`);
});

test("targets get names if there are any", () => {
  const { bytes, labels } = assemble(`
start:  nop
        jmp start+1
  `, { origin: 0xc0100000 });
  const show = (symbols?: ReadonlyMap<string, number>) => disassemble(
    bytes.subarray(1), 0xc0100001, symbols ? { symbols } : {}).text;
  assert.is(show(), "jmp    0xc0100001");
  assert.is(show(labels), "jmp    c0100001 <start+0x1>");
  assert.is(show(new Map([["later", 0xd0000000]])), "jmp    0xc0100001");
});

test("an escape shows its opcode and its operand", () => {
  const shown = (...bytes: number[]) => disassemble(Uint8Array.from(bytes));
  assert.equal(shown(0xd9, 0xe8), { text: "esc    $0xd,%st(0)", length: 2 });
  assert.equal(shown(0x64, 0xdd, 0x5c, 0x24, 8),
    { text: "esc    $0x2b,%fs:0x8(%esp)", length: 5 });
  assert.equal(shown(0xdb, 0xe3), { text: "fninit", length: 2 });
  assert.equal(shown(0xdd, 0x38), { text: "fnstsw (%eax)", length: 2 });
});

test("what is no instruction is bad, and one byte long", () => {
  const bad = { text: "(bad)", length: 1 };
  assert.equal(disassemble(Uint8Array.of(0x0f, 0xff)), bad);
  assert.equal(disassemble(Uint8Array.of(0xe8, 1, 2)), bad);
  assert.equal(disassemble(Uint8Array.of(0x8d, 0xc0)), bad);
  assert.equal(disassemble(new Uint8Array(20).fill(0x66)), bad);
});

test("an error of whoever reads the bytes is passed on", () => {
  assert.throws(() => disassemble(() => {
    throw new Error("page fault");
  }), "page fault");
});

test.run();
