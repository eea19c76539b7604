import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  compileRecording, conditionNames, decode, Fault, forms, Immediate, Machine,
  record, recordBytes, semanticsById,
} from "../src";
import type { Builder, Form, Insn } from "../src";
import { fault } from "./tables";

const SEED = 20070216;
const MEMORY = 0x10000, CODE = 0x8000;

// Marsaglia's xorshift.
let state = SEED;
function random(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}

function pick<T>(from: readonly T[]): T {
  return from[random() % from.length]!;
}

const machine = new Machine({ memory: MEMORY });
const cpu = machine.cpus[0]!;
const image = new Uint8Array(MEMORY);

/** A GDT at 0x100 with one descriptor of each of many kinds, the rest of
 * memory random. */
function buildImage(): void {
  for (let n = 0; n < MEMORY; n++) image[n] = random();
  const view = new DataView(image.buffer);
  for (let n = 1; n < 32; n++) {
    const type = n < 16 ? 0x90 + n : 0xf0 + n - 16;
    view.setUint32(0x100 + 8 * n, 0x0000ffff, true);
    view.setUint32(0x104 + 8 * n, 0x00400000 | (type << 8), true);
  }
}

function setState(): void {
  machine.ram.set(image);
  machine.resetCpu(cpu);
  const { w } = cpu;
  for (let n = 0; n < 8; n++) {
    w[n] = random() % 3 ? random() % MEMORY : random();
  }
  if (random() % 4 === 0) w[1] = random() % 40;
  if (random() % 8 === 0) w[2] = pick([0, -1]);
  w[8] = CODE;
  cpu.setEflags(random(), 0x8d5 | 0x400 | (random() % 2 ? 0x4200 : 0));
  for (const s of [0, 2, 3]) {
    w[24 + 4 * s + 2] = random() % 8 ? 0xffff : -1;
    cpu.refreshSegment(s);
  }
  w[56] = 0x100;
  w[57] = 0xff;
  w[58] = 0x100;
  w[59] = 0xff;
  if (random() % 3 === 0) cpu.setCpl(pick([1, 3]));
}

function encode(form: Form): number[] {
  const bytes: number[] = [];
  if (random() % 3 === 0) bytes.push(0x66);
  if (random() % 5 === 0) bytes.push(0x67);
  if (random() % 6 === 0) bytes.push(pick([0x26, 0x2e, 0x36, 0x64]));
  if (form.rep && random() % 2) bytes.push(pick([0xf2, 0xf3]));
  if (form.mandatory) bytes.push(form.mandatory);
  bytes.push(...form.prefix);
  if (form.plusReg) bytes[bytes.length - 1]! += random() % 8;
  if (form.modrm) {
    const reg = form.digit ?? random() % 8;
    const mod = form.operands.some((o) => o.kind === "M") ? 0 :
      form.operands.some((o) => o.kind === "R") ? 3 : random() % 4;
    bytes.push((mod << 6) | (reg << 3) | (random() % 8));
  }
  for (let n = 0; n < 10; n++) {
    bytes.push(random() % 3 ? random() % 4 : random() % 256);
  }
  return bytes;
}

interface Outcome {
  fault: string;
  words: Int32Array;
  next: number;
  ram: Uint8Array;
}

function outcome(i: Insn, go: (b: Immediate) => void): Outcome {
  const b = new Immediate(cpu);
  cpu.next = CODE + i.length;
  let fault = "";
  try {
    go(b);
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    fault = JSON.stringify(thrown);
  }
  const next = fault ? 0 : cpu.next;
  return { fault, words: cpu.w.slice(), next, ram: machine.ram.slice() };
}

function check(form: Form): { cases: number; faults: number } {
  let cases = 0, faults = 0;
  for (let round = 0; round < 12; round++) {
    const bytes = encode(form);
    const i = decode((k) => bytes[k] ?? 0, true);
    if (i?.form !== form) continue;
    const text = record(i), replay = compileRecording(text);
    for (let sample = 0; sample < 3; sample++) {
      const from = state;
      setState();
      const direct = outcome(i, (b) => {
        semanticsById[form.id]!(b as unknown as Builder, i);
      });
      const after = state;
      state = from;
      setState();
      const replayed = outcome(i, replay);
      assert.is(state, after);
      const why = `${form.opcode} ${form.mnemonic}, seed ${SEED}, bytes ` +
        bytes.map((b) => b.toString(16)).join(" ") + "\n" + text;
      assert.is(replayed.fault, direct.fault, why);
      assert.is(replayed.next, direct.next, why);
      assert.equal([...replayed.words.slice(0, 160)],
        [...direct.words.slice(0, 160)], why);
      assert.is(Buffer.compare(replayed.ram, direct.ram), 0, why);
      cases++;
      if (direct.fault) faults++;
    }
  }
  return { cases, faults };
}

test("every form does the same when its recording is executed", () => {
  buildImage();
  let cases = 0, faults = 0;
  for (const form of forms) {
    const done = check(form);
    assert.ok(done.cases > 0, `no case of ${form.opcode} was made`);
    cases += done.cases;
    faults += done.faults;
  }
  assert.ok(cases > 10_000, `only ${cases} cases`);
  assert.ok(faults > cases / 100 && faults < cases / 2);
  console.log(`${forms.length} forms, ${cases} cases executed from their ` +
    `recordings (${faults} with a fault), 0 differences, seed ${SEED}`);
});

test("a recording that names an unknown helper is refused", () => {
  assert.throws(() => compileRecording("nonsense(1)"), /no helper/);
});

// What the semantics of chapter 910 say, by the rules of chapter 740.
const sum = (text: string, operand: string, size = 32, register = "eax") =>
  `old = ${register}\nresult = old + ${operand}\n` +
  `flags add${size} result, old, 0\n${register} = result: ${text}`;
const texts = [
  "eax = ~eax: f7 d0",
  sum("83 c0 0f", "15"), sum("83 c0 10", "0x10"),
  sum("83 c0 f1", "-15"), sum("83 c0 f0", "0xfffffff0"),
  sum("66 01 c3", "ax", 16, "bx"), sum("00 e3", "ah", 8, "bl"),
  "first = al\nal = ah\nah = first: 86 e0",
  "eax = load32 ds:[(ebx + (esi << 2)) + 0x10]: 8b 44 b3 10",
  "eax = load32 ds:[ebx + esi]: 8b 04 33",
  "eax = load32 ds:[0]: 8b 05 00 00 00 00",
  "eax = load32 ds:[zero16((ebx + esi) + 0x10)]: 67 8b 40 10",
  "al = load8 es:[ebx]: 26 8a 03",
  "at = stack(-4)\nstore32 ss:[at], eax\nstack = at: 50",
  "frame = load32 ss:[stack(0, ebp)]\nstack = stack(4, ebp)\n" +
    "ebp = frame: c9",
  "eax = selector(ds): 8c d8", "trap 6: 0f 0b", "trap 0: d4 00",
  `al = cond(${conditionNames[4]}): 0f 94 c0`,
  `go to after + 5 if cond(${conditionNames[4]}): 74 05`,
  "status = (status & 0xffffff2a) | (ah & 0xd5): 9e",
  `when cond(${conditionNames[0]}) {\n  into()\n}: ce`,
  "portCheck(0x60, 1)\nal = portIn(0x60, 1): e4 60",
  "at = ebx\nindex = eax\ntrap 5 if index < load32 ds:[at]\n" +
    "trap 5 if load32 ds:[at + 4] < index: 62 03",
  "farCall(0x1234, 0x56789abc, 4): 9a bc 9a 78 56 34 12",
];

test("recordings name each value once, and leave out what nobody needs",
  () => {
    for (const line of texts) {
      const [text, bytes] = line.split(/: (?=[0-9a-f]{2}(?: |$))/);
      const numbers = bytes!.split(" ").map((n) => parseInt(n, 16));
      assert.is(recordBytes(...numbers), text, bytes);
    }
    assert.throws(() => recordBytes(0x0f, 0xff), /no instruction/);
  });

test("a recording can be executed by itself, or is refused", () => {
  setState();
  const run = (text: string) => fault(() =>
    compileRecording(text)(new Immediate(cpu)));
  assert.is(run("when 0 {\n eax = nothing\n}\neax = 0x10"), undefined);
  assert.is(cpu.w[0], 16);
  assert.is(run("a = -5\neax = (a < 3) ? 7 : 8"), undefined);
  assert.is(cpu.w[0], 7);
  assert.equal(run("trap 13(8)"), [13, 8]);
  assert.equal(run("trap 6 if 1"), [6]);
  assert.is(run("trap 13(8) if 0"), undefined);
  assert.throws(() => run("eax = nothing"), /never said what nothing is/);
  assert.throws(() => run("go from 5"),
    /the recording has from where to should be/);
});

test.run();
