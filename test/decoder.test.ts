// The table and the decoder.
import { suite } from "uvu";
import * as assert from "uvu/assert";

import { decode, forms, flagMask, InstructionTooLong } from "../src/table";
import type { Form, Insn } from "../src/table";

const test = suite("decoder");

function insn(...bytes: number[]): Insn {
  return decode(i => bytes[i] ?? 0, true)
    ?? assert.unreachable(`nothing is ${bytes}`) as never;
}

function undefinedBytes(...bytes: number[]): void {
  assert.is(decode(i => bytes[i] ?? 0, true), undefined, `${bytes}`);
}

/** A ModR/M byte that suits a form: memory if it may be. */
function modrmOf(form: Form): number {
  const register = form.operands.some(({ kind }) => kind === "R");
  // Some opcodes have a form of their own for some of the fields.
  const taken = forms.filter(({ prefix }) => `${prefix}` === `${form.prefix}`)
    .map(({ digit }) => digit);
  const field = form.digit
    ?? [0, 1, 2, 3, 4, 5].find(n => !taken.includes(n))!;
  return (register ? 0xc0 : 0x03) | (field << 3);
}

test("each form is found behind its own opcode", () => {
  for (const form of forms) {
    const bytes = [...form.prefix];
    if (form.mandatory) bytes.unshift(form.mandatory);
    if (form.plusReg) bytes[bytes.length - 1]! += 1;
    if (form.modrm) bytes.push(modrmOf(form));
    assert.is(insn(...bytes).form, form, `${form.opcode} ${form.mnemonic}`);
  }
});

test("forms have distinct opcodes", () => {
  const keys = forms.map(form => `${form.opcode}`);
  assert.is(new Set(keys).size, keys.length);
});

test("no flag is both written and undefined", () => {
  for (const form of forms)
    assert.is(form.writes & form.undefined, 0, form.opcode);
});

test("a length never depends on bytes behind the instruction", () => {
  for (const form of forms) {
    const bytes = [...form.prefix];
    if (form.mandatory) bytes.unshift(form.mandatory);
    if (form.modrm) bytes.push(modrmOf(form));
    let most = 0;
    const { length } = decode(i => {
      most = Math.max(most, i);
      return bytes[i] ?? 0;
    }, true)!;
    assert.is(most, length - 1, form.opcode);
  }
});

test("LOCK wants memory, and a form that allows it", () => {
  assert.ok(insn(0xf0, 0x01, 0x03).lock);
  undefinedBytes(0xf0, 0x01, 0xc3);
  undefinedBytes(0xf0, 0x03, 0x03);
  undefinedBytes(0xf0, 0x39, 0x03);
  undefinedBytes(0xf0, 0x90);
  undefinedBytes(0xf0, 0xa4);
  undefinedBytes(0xf0, 0xa3, 0, 0, 0, 0);
  for (const form of forms.filter(({ modrm }) => modrm)) {
    const bytes = [...form.prefix, modrmOf(form)];
    const found = decode(i => [0xf0, ...bytes][i] ?? 0, true);
    assert.is(found !== undefined, form.lock, form.opcode);
  }
});

test("what needs memory has no register form", () => {
  undefinedBytes(0x8d, 0xc0);
  undefinedBytes(0xc5, 0xc0);
  undefinedBytes(0x62, 0xc0);
  undefinedBytes(0x0f, 0x01, 0xd0);
  undefinedBytes(0x0f, 0x01, 0xf8);
  undefinedBytes(0x0f, 0xc7, 0xc8);
  undefinedBytes(0xff, 0xd8);
  undefinedBytes(0xff, 0xe8);
});

test("segment registers 6 and 7 do not exist, and CS isn't loaded", () => {
  for (const reg of [6, 7]) {
    undefinedBytes(0x8c, 0xc0 | (reg << 3));
    undefinedBytes(0x8e, 0xc0 | (reg << 3));
  }
  undefinedBytes(0x8e, 0xc8);
  assert.is(insn(0x8c, 0xc8).reg, 1);
});

test("a control register's mod is ignored", () => {
  const { mod, rm, reg, length } = insn(0x0f, 0x22, 0x05);
  assert.equal([mod, rm, reg, length], [3, 5, 0, 3]);
});

test("32-bit addresses", () => {
  const shape = (...bytes: number[]) => {
    const { base, index, scale, displacement, segment, length } =
      insn(0x8b, ...bytes);
    return [base, index, scale, displacement, segment, length];
  };
  assert.equal(shape(0x03), [3, -1, 0, 0, 3, 2]);
  assert.equal(shape(0x05, 1, 2, 3, 0x84), [-1, -1, 0, 0x84030201 | 0, 3, 6]);
  assert.equal(shape(0x45, 0xf8), [5, -1, 0, -8, 2, 3]);
  assert.equal(shape(0x04, 0x24), [4, -1, 0, 0, 2, 3]);
  assert.equal(shape(0x04, 0x8d, 4, 0, 0, 0), [-1, 1, 2, 4, 3, 7]);
  assert.equal(shape(0x44, 0xed, 4), [5, 5, 3, 4, 2, 4]);
  assert.equal(shape(0x84, 0xc8, 0, 1, 0, 0), [0, 1, 3, 256, 3, 7]);
  // The index does not choose the segment.
  assert.equal(shape(0x04, 0x28), [0, 5, 0, 0, 3, 3]);
});

test("16-bit addresses", () => {
  const shape = (...bytes: number[]) => {
    const { base, index, displacement, segment, addressSize } =
      insn(0x67, 0x8b, ...bytes);
    return [base, index, displacement, segment, addressSize];
  };
  const bases = [3, 3, 5, 5, 6, 7, 5, 3], indexes = [6, 7, 6, 7];
  for (let rm = 0; rm < 8; rm++)
    assert.equal(shape(0x40 | rm, 0xfe),
      [bases[rm], indexes[rm] ?? -1, -2, bases[rm] === 5 ? 2 : 3, 2]);
  assert.equal(shape(0x06, 0x34, 0x12), [-1, -1, 0x1234, 3, 2]);
  assert.equal(shape(0x86, 0x34, 0x12), [5, -1, 0x1234, 2, 2]);
});

test("16-bit code turns both prefixes around", () => {
  const bytes = [0x66, 0xb8, 1, 2, 3, 4];
  const wide = decode(i => bytes[i]!, false)!;
  assert.equal([wide.operandSize, wide.length], [4, 6]);
  const narrow = decode(i => bytes[i + 1]!, false)!;
  assert.equal([narrow.operandSize, narrow.length], [2, 3]);
  assert.is(decode(i => [0x67, 0x8b, 0x00][i]!, false)!.addressSize, 4);
});

test("immediates are extended as their codes say", () => {
  assert.is(insn(0x83, 0xc0, 0xff).immediate, -1);
  assert.is(insn(0x80, 0xc0, 0xff).immediate, 0xff);
  assert.is(insn(0x6a, 0x80).immediate, -128);
  assert.is(insn(0xcd, 0x80).immediate, 0x80);
  assert.is(insn(0xeb, 0xfe).immediate, -2);
  assert.is(insn(0x66, 0xe9, 0xfe, 0xff).immediate, -2);
  assert.is(insn(0x66, 0x05, 0xff, 0xff).immediate, 0xffff);
  assert.is(insn(0xd1, 0xe0).immediate, 1);
  const enter = insn(0xc8, 0x10, 0x80, 3);
  assert.equal([enter.immediate, enter.immediate2], [0x8010, 3]);
  const far = insn(0xea, 1, 2, 3, 4, 0x10, 0x80);
  assert.equal([far.immediate, far.immediate2], [0x04030201, 0x8010]);
  const short = insn(0x66, 0xea, 1, 2, 0x10, 0);
  assert.equal([short.immediate, short.immediate2, short.length],
    [0x0201, 0x10, 6]);
});

test("the last prefix of a group counts", () => {
  assert.is(insn(0x64, 0x65, 0x8b, 0x03).segment, 5);
  assert.is(insn(0xf2, 0xf3, 0xa4).rep, 0xf3);
  assert.is(insn(0x66, 0x66, 0x90).prefixes, 2);
});

test("byte instructions have operand size 1, prefix or not", () => {
  assert.is(insn(0x66, 0x88, 0x03).operandSize, 1);
  assert.is(insn(0x66, 0xe4, 0x10).operandSize, 1);
  assert.is(insn(0x66, 0xd2, 0xe0).operandSize, 1);
  assert.is(insn(0x66, 0x0f, 0xb6, 0x03).operandSize, 2);
  assert.is(insn(0x66, 0xef).operandSize, 2);
});

test("the sixteenth byte is never asked for", () => {
  const asked: number[] = [];
  const endless = (i: number) => {
    asked.push(i);
    return 0x66;
  };
  try {
    decode(endless, true);
    assert.unreachable();
  } catch (error) {
    assert.instance(error, InstructionTooLong);
  }
  assert.is(Math.max(...asked), 14);
  assert.is(insn(...new Array<number>(14).fill(0x66), 0x90).length, 15);
});

test("conditions read what they ask for", () => {
  const reads = (mnemonic: string) =>
    forms.find(form => form.mnemonic === mnemonic)?.reads;
  assert.is(reads("jo"), flagMask("O"));
  assert.is(reads("ja"), flagMask("ZC"));
  assert.is(reads("setg"), flagMask("ZSO"));
  assert.is(reads("cmovl"), flagMask("SO"));
  assert.is(reads("jnp"), flagMask("P"));
});

test.run();
