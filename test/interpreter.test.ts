// The generated interpreter by itself; lockstep.test.ts compares what it does.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assemble } from "../src/assembler";
import { EAX, ECX, EIP, Machine, preferInterpreter } from "../src/machine";
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

test("a copy that comes upon its own instruction goes no further", () => {
  const ends = (["plain", "generated"] as const).map((interpreter) => {
    const machine = new Machine({ memory: 0x10000, interpreter });
    const { w } = machine.cpus[0]!, text = `movl $0x3000, %esi
        movl $0x5fe0, %edi
        movl $100, %ecx
        jmp . + ${0x6000 - 0x100f}`;
    machine.writeRam(0x1000, assemble(text, { origin: 0x1000 }).bytes);
    machine.writeRam(0x3000, new Uint8Array(400).fill(0x40));
    machine.writeRam(0x6000, Uint8Array.of(0xf3, 0xa5));
    w[EIP] = 0x1000;
    machine.run({ maxInstructions: 30 });
    return [...w.subarray(0, EIP + 1)];
  });
  assert.is(ends[0]![ECX], 91);
  assert.equal(ends[1], ends[0]);
});

test("who doesn't say gets what is preferred", () => {
  assert.is(new Machine({ memory: 4096 }).interpreter, "generated");
  preferInterpreter("plain");
  assert.is(new Machine({ memory: 4096 }).interpreter, "plain");
  assert.is(new Machine({ memory: 4096, interpreter: "generated" })
    .interpreter, "generated");
  preferInterpreter();
  assert.throws(() => new Machine({ interpreter: null as never }),
    /interpreter must be generated or plain, not the object null/);
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
