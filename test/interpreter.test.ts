// The generated interpreter by itself; lockstep.test.ts compares what it does.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  condition, EAX, EIP, FLAG_CARRY, FLAG_KIND, FLAG_OPERAND, FLAG_RESULT,
  FLAGS_ADD, FLAGS_EXPLICIT, FLAGS_RESULT, FLAGS_SUB, Machine,
  preferInterpreter, setFlags, statusFlags, STATUS_FLAGS,
} from "../src/machine";
import { compile, instantiate, allocate } from "../src/machine/ground/linear";
import { hotRows } from "../src/machine/instructions/interpreter/hot";
import { generate } from "../src/machine/instructions/interpreter/interpreter";
import { keyOf, samples } from "../src/machine/instructions/interpreter/forms";
import { semanticsById } from "../src/machine/instructions/semantics";

const test = suite("interpreter");

// Above some size an engine gives a function cheaper registers.
test("both functions stay small", () => {
  assert.ok(generate(false).bytes.length < 40_000);
  assert.ok(generate(true).bytes.length < 48_000);
});

test("no row is there twice, and all of them can be generated", () => {
  assert.is(new Set(hotRows).size, hotRows.length);
  assert.is(generate().handlers.size,
    new Set(hotRows.flatMap(samples).map(keyOf)).size);
});

test("instructions with the same key have the same semantics", () => {
  const known = new Map<string, unknown>();
  for (const i of hotRows.flatMap(samples)) {
    const key = keyOf(i), told = semanticsById[i.form.id];
    assert.is(known.get(key) ?? told, told, key);
    known.set(key, told);
  }
});

// The functions' names, by the number of a condition without its lowest bit.
const names = ["overflow", "carry", "zero", "notAbove", "sign", "parity",
  "less", "notGreater"];
const interesting = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 0x80, 0xff, 0x7f,
  0x8000, 0xffff, 0x1234567];

test("flags come out as the oracle's", () => {
  const memory = allocate(0x10000), w = new Int32Array(memory.buffer);
  const functions = instantiate(compile(generate().bytes), memory,
    { slow: () => 0 });
  const compare = (what: string) => {
    assert.is(functions["status"]!(0), statusFlags(w), what);
    names.forEach((name, n) =>
      assert.is(functions[name]!(0), condition(w, 2 * n), `${name}, ${what}`));
  };
  for (const size of [1, 2, 4]) {
    for (const a of interesting) {
      for (const b of interesting) {
        for (const carry of [0, 1]) {
          setFlags(w, FLAGS_ADD, size, a + b + carry, a, carry);
          compare(`${a} + ${b} + ${carry} in ${size}`);
          setFlags(w, FLAGS_SUB, size, a - b - carry, a, carry);
          compare(`${a} - ${b} - ${carry} in ${size}`);
        }
      }
      setFlags(w, FLAGS_RESULT, size, a, 0, 0x811 & (a * 77));
      compare(`the result ${a} in ${size}`);
    }
  }
  for (let bits = 0; bits <= STATUS_FLAGS; bits++) {
    if (bits & ~STATUS_FLAGS) continue;
    w.set([0, 0, bits, FLAGS_EXPLICIT], FLAG_RESULT);
    compare(`${bits.toString(16)} as such`);
  }
  assert.equal([FLAG_RESULT, FLAG_OPERAND, FLAG_CARRY, FLAG_KIND],
    [9, 10, 11, 12]);
});

test("who doesn't say gets what is preferred", () => {
  assert.is(new Machine({ memory: 4096 }).interpreter, "generated");
  preferInterpreter("plain");
  assert.is(new Machine({ memory: 4096 }).interpreter, "plain");
  assert.is(new Machine({ memory: 4096, interpreter: "generated" })
    .interpreter, "generated");
  preferInterpreter("generated");
  assert.throws(() => new Machine({ interpreter: "fast" as "plain" }),
    /interpreter must be generated or plain, not the string fast/);
});

test("where modules can't be compiled, the oracle runs and says why", () => {
  const { WebAssembly: engine } = globalThis as unknown as
    { WebAssembly: { Instance: unknown } };
  const { Instance } = engine, machine = new Machine({ memory: 0x10000 });
  engine.Instance = class {
    constructor() {
      throw new Error("refused by the page's policy");
    }
  };
  try {
    machine.writeRam(0x1000, Uint8Array.of(0x40, 0x40, 0xeb, 0xfc));
    machine.cpus[0]!.w[EIP] = 0x1000;
    const before = machine.cpus[0]!.w[EAX]!;
    assert.is(machine.run({ maxInstructions: 30 }).count, 30);
    assert.is(machine.cpus[0]!.w[EAX]! - before, 20);
  } finally {
    engine.Instance = Instance;
  }
  assert.is(machine.interpreter, "plain");
  assert.is(machine.interpreterTrouble, "refused by the page's policy");
});

test.run();
