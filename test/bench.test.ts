// The kernels of `npm run bench`: what they compute is the same everywhere,
// and so is what the tables say. How long it takes is nobody's business here.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { ours } from "./bench/emulators";
import { besideBar, whole, worlds } from "./bench/guest";
import { compiled } from "./bench/image";
import { kernels, pairs } from "./bench/kernels";
import { LapReader } from "./bench/laps";
import { Checksums } from "./bench/measure";
import type { Results } from "./bench/measure";
import { tasks } from "./bench/phrases";
import { cliffTable, plot, ratioTable } from "./bench/report";
import { testWith } from "./reference";

const test = suite("bench");
const testCompiled = testWith(test, "gcc -m32 -c");

const works = kernels.map(({ name, first }) =>
  ({ kernel: name, iterations: first }));

testCompiled("all kernels have their checksums on our machine", async () => {
  const image = compiled("image");
  const laps = await ours["ours"]!(
    readFileSync(join(image.folder, image.name)), works);
  assert.equal(laps.map(({ checksum }, i) => [kernels[i]!.name, checksum]),
    kernels.map((one) => [one.name, one.checksum]));
  assert.ok(laps.every(({ instructions }) => instructions > 16));
});

testCompiled("the processor's own program has what needs no machine", () => {
  const { folder, name } = compiled("native");
  const program = readFileSync(join(folder, name)).toString("latin1");
  for (const { name, needsSystem } of kernels)
    assert.is(program.includes(`${name}\0`), !needsSystem, name);
});

test("a model of some kernels has their checksums, too", () => {
  const models: Record<string, (n: number) => number> = {
    xorshift(n) {
      let x = 1;
      for (n *= 256; n > 0; n--) {
        x ^= x << 13;
        x ^= x >>> 17;
        x ^= x << 5;
      }
      return x;
    },
    crc32(n) {
      let c = -1;
      for (let i = 0; i < 256 * n; i++) {
        c ^= (i * 7) & 0xff;
        for (let bit = 0; bit < 8; bit++)
          c = (c >>> 1) ^ (c & 1 ? 0xedb88320 : 0);
      }
      return ~c;
    },
    recursion(n) {
      const fibonacci = [0, 1];
      while (fibonacci.length < 10)
        fibonacci.push(fibonacci.at(-1)! + fibonacci.at(-2)!);
      let sum = 0;
      for (; n > 0; n--) sum = sum * 7 + fibonacci[8 + (n & 1)]!;
      return sum;
    },
    sieve(n) {
      let sum = 0;
      for (; n > 0; n--) sum = sum * 5 + 172;
      return sum;
    },
    "int-3": (n) => n,
  };
  for (const { name, first, checksum } of kernels) {
    const model = models[name];
    if (model) assert.is((model(first) >>> 0).toString(16).padStart(8, "0"),
      checksum, name);
  }
});

test("the image's words become laps, and its last one tells how it went",
  () => {
    const clock = [[1, 10], [3, 25]], seen: string[] = [];
    const read = (text: string) => {
      const reader = new LapReader(() => {
        const [seconds = 0, instructions = 0] = clock.shift() ?? [];
        return { seconds, instructions };
      });
      for (const byte of Buffer.from(text)) reader.take(byte);
      seen.push(String(reader.ended));
      return reader;
    };
    assert.equal(read("<>0000beef\n.").finish("it"),
      [{ checksum: "0000beef", seconds: 2, instructions: 15 }]);
    assert.throws(() => read("<>0000beef\n<!").finish("it"),
      /^it ended early, behind 1 laps: a trap/);
    assert.throws(() => read("?").finish("it"), /there is no such kernel/);
    assert.throws(() => read("<>0000beef\n<").finish("it"), /behind 1 laps$/);
    assert.equal(seen, ["true", "true", "true", "false"]);
  });

test("a checksum that somebody else didn't have is an error that says who",
  () => {
    const checksums = new Checksums(kernels);
    checksums.check("one", "adc", 99, "00000001");
    checksums.check("two", "adc", 99, "00000001");
    assert.throws(() => checksums.check("three", "adc", 99, "00000002"),
      /^adc 99: three has 00000002, and one 00000001$/);
    assert.throws(() => checksums.check("one", "adc", 4, "00000002"),
      /^adc 4: one has 00000002, and the table /);
  });

test("the tables have ratios, their geometric means, and the cliffs", () => {
  const best = (seconds: number) =>
    ({ checksum: "", seconds, instructions: 2e6, iterations: 1000 });
  const results: Results = new Map([
    ["adc", new Map([["ours", best(2)], ["x", best(1)]])],
    ["crc32", new Map([["ours", best(8)], ["x", best(1)]])],
    ["patched", new Map([["ours", best(6)]])],
    ["unpatched", new Map([["ours", best(0.5)]])],
  ]);
  assert.equal(ratioTable(kernels, results, "ours", ["x"]).split("\n"), [
    "ours              M/s     each   / x",
    "crc32             0.3  8.00 ms  8.00",
    "adc               1.0  2.00 ms  2.00",
    "  integers, mean                4.00", "",
    "patched           0.3  6.00 ms     -",
    "  memory, mean                     -", "",
  ]);
  assert.equal(cliffTable(results, ["ours", "x"]).split("\n"), [
    "cliff / cousin   ours  x", "code is patched  12.0  -"]);
  assert.equal(plot(kernels, results, "ours", ["x"]).split("\n"), [
    "times as long as ours: i x",
    "                    1/64    1/16    1/4     1       4       16      64",
    `crc32${" ".repeat(27)}i${" ".repeat(11)}|`,
    `adc${" ".repeat(37)}i   |`,
    `patched${" ".repeat(37)}|`, `unpatched${" ".repeat(35)}|`,
  ]);
});

test("a Guest's tasks cost what the chapter says, beside their bars", () => {
  const keys = ["instructions", "ticks", "worldSwitches", "seconds"] as const;
  const costs = Object.keys(tasks).map((task) => {
    const [bare, guest] = worlds.map((world) => {
      const [few, many] = [whole(world, task, 20), whole(world, task, 40)];
      return Object.fromEntries(keys.map((key) =>
        [key, (many[key] - few[key]) / 20])) as Record<typeof keys[number],
        number>;
    });
    return { task, cost: { bare: bare!, guest: guest! } };
  });
  assert.equal(costs.map(({ task, cost: { bare, guest } }) => [task,
    bare.ticks, Math.round(guest.instructions), Math.round(guest.ticks),
    Math.round(guest.worldSwitches)]), [
    ["1000 steps of computing", 1003, 1003, 1003, 0],
    ["a system call", 6, 6, 6, 0],
    ["a page touched first", 6, 87, 567, 1],
    ["a fault reflected", 5, 86, 566, 1],
    ["a page provided", 13, 259, 1699, 3],
    ["to another process", 13, 137, 617, 1],
    ["a process started", 2118, 3498, 11113, 16],
    ["a page printed", 4106, 122, 1152, 1],
    ["the mix", 238565, 248718, 295821, 98],
  ]);
  for (const { cost: { bare } } of costs)
    assert.is(bare.instructions, bare.ticks);
  assert.equal(costs.filter(({ task, cost }) =>
    besideBar(task, cost).includes("missed")).map(({ task }) => task),
  ["the mix"]);
});

test("pairs are of kernels that there are", () => {
  for (const [what, ...both] of pairs)
    for (const name of both)
      assert.ok(kernels.some((one) => one.name === name), what);
});

test.run();
