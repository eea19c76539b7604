// The back end that writes code: no immediate gets into it but by the
// record, and its flags are those of the other back ends.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  allocate, compile, condition, FLAG_CARRY, FLAGS_ADD, FLAGS_EXPLICIT,
  FLAGS_RESULT, FLAGS_SUB,
  FunctionWriter, Generator, IMMEDIATE, instantiate, moduleBytes,
  semanticsById, setFlags, setStatusFlags, STATUS_FLAGS, statusFlags,
} from "../src";
import type { Builder, Insn } from "../src";
import {
  samples, template,
} from "../src/machine/instructions/interpreter/forms";
import {
  conditionNames,
} from "../src/machine/instructions/interpreter/generator";
import { hotRows } from "../src/machine/instructions/interpreter/hot";
import {
  flagFunctions, flagNames,
} from "../src/machine/instructions/interpreter/status";

const test = suite("generator");
const functions = Object.fromEntries(flagNames.map((name, k) => [name, k]));

/** A handler's code, with a number in it that stands for the immediate. */
function code(i: Insn, segmented: boolean, standsFor: number): string {
  const f = new FunctionWriter("handler", 8, 0, 1);
  const next = f.open("block");
  const labels = { next, taken: next, go: next, leave: next };
  const g = new Generator(f, { cpu: 0, record: 1, page: 2, left: 3, fast: 4,
    readBit: 5, writeBit: 6, to: 7, limit: 7, wide: 8, slow: 0, segmented,
    functions, ...labels }, { free: [] }, standsFor);
  const immediate = i.immediate && standsFor;
  semanticsById[i.form.id]!(g as unknown as Builder, { ...i, immediate });
  g.finish();
  return f.finish().join();
}

test("immediates reach all handlers by the record alone", () => {
  for (const segmented of [false, true]) {
    for (const row of hotRows) {
      for (const i of samples(row).map((one) => template(one, segmented)))
        assert.is(code(i, segmented, IMMEDIATE),
          code(i, segmented, 0x1badcafb), row);
    }
  }
});

test("flags and conditions are worked out as by the other back ends", () => {
  const memory = allocate(0x10000), at = 0x1000;
  const w = new Int32Array(memory.buffer, at);
  const go = instantiate(compile(moduleBytes([],
    flagFunctions((name) => functions[name]!))), memory, {});
  const values = [0, 1, -1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0x1234,
    0x7fffffff, -0x80000000, 0x12345678];
  const compareAll = (what: string) => {
    assert.is(go.status!(at), statusFlags(w), `status, ${what}`);
    conditionNames.forEach((name, k) =>
      assert.is(go[name]!(at), condition(w, 2 * k), `${name}, ${what}`));
  };
  for (let kind = FLAGS_EXPLICIT + 1; kind < 4; kind++) {
    for (const size of [1, 2, 4]) {
      for (const result of values) {
        for (const operand of values) {
          for (const bits of [0, 1]) {
            const carry = kind === FLAGS_RESULT ? bits * 0x811 : bits;
            setFlags(w, kind, size, result, operand, carry);
            compareAll([kind, size, result, operand, carry].join());
          }
        }
      }
    }
  }
  const sums = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 0x80, 0xff, 0x7f,
    0x8000, 0xffff, 0x1234567];
  for (const size of [1, 2, 4]) {
    for (const a of sums) {
      for (const b of sums) {
        for (const carry of [0, 1]) {
          setFlags(w, FLAGS_ADD, size, a + b + carry, a, carry);
          compareAll(`${a} + ${b} + ${carry} in ${size}`);
          setFlags(w, FLAGS_SUB, size, a - b - carry, a, carry);
          compareAll(`${a} - ${b} - ${carry} in ${size}`);
        }
      }
      setFlags(w, FLAGS_RESULT, size, a, 0, 0x811 & (a * 77));
      compareAll(`the result ${a} in ${size}`);
    }
  }
  for (let bits = 0; bits < 0x1000; bits++) {
    setStatusFlags(w, bits & STATUS_FLAGS);
    compareAll(`explicit ${w[FLAG_CARRY]}`);
  }
});

test.run();
