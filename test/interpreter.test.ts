// The generated interpreter by itself; lockstep.test.ts compares what it does.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { EAX, EIP, Machine, preferInterpreter } from "../src/machine";
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
  const { Instance } = engine, machine = new Machine({
    memory: 0x10000, interpreter: "generated",
  });
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
