// Guests that are typed to, in runs that are recorded and run again.
import { spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { main } from "../src/cli/main";
import type { Input } from "../src/cli/terminal";
import {
  boot, guestPieces, loadSession, MiB, readRunFile, saveSession,
} from "../src/launcher";
import type { BootOptions } from "../src/launcher";
import { preferInterpreter } from "../src/machine";
import { echoGuest } from "./echo-guest";
import { guest } from "./guests";
import { memoryIo } from "./memory-io";
import type { Files } from "./memory-io";
import { PATIENCE, testWith } from "./reference";

const test = suite("consoles");
const E = echoGuest();
const LIMIT = ["--memory", "2", "--max-instructions", "900000"];
const ONE = ["--kernel", "e", ...LIMIT];
const CPUS = ["--cpus", "2", "--schedule", "random:70", "--migrate-every",
  "3000"];

/** Runs the command; each piece is typed when a piece of what is printed
 * answers the one before, and then there is no more. */
async function lguest(
  words: string[], files: Files, pieces?: string[], terminal = false,
) {
  const { io, out, err } = memoryIo(files), rest = [...pieces ?? []];
  let type = () => {};
  const next = () => setImmediate(() => type());
  const input: Input = { terminal, size: { columns: 132, rows: 50 },
    start(arrived, ended) {
      type = () => {
        const piece = rest.shift();
        if (piece === undefined) return ended();
        arrived(new TextEncoder().encode(piece));
        // What is for us alone has no answer.
        if (/^\x01.$/.test(piece)) next();
      };
      next();
    },
    hold() {}, stop() {} };
  const status = await main(words, !pieces ? io : { ...io,
    input: () => input, print(bytes) {
      io.print(bytes);
      next();
    } });
  return { status, out: out(), err: err() };
}

const linesOf = (file: Uint8Array | undefined) =>
  Buffer.from(file!).toString().trim().split("\n");

test("what is typed comes back, and a recorded run runs again", async () => {
  const files: Files = { e: E };
  const live = await lguest(["--input", "--record", "r", ...ONE, ...CPUS],
    files, ["ab", "cde", "f."]);
  assert.equal([live.status, live.out], [0, "ABCDEF."], live.err);
  const { inputs } = readRunFile(linesOf(files["r"]).join("\n"));
  assert.equal(inputs.map(({ source, guest: to, bytes }) =>
    [source, to, bytes]), [["console", 0, "6162"], ["console", 0, "636465"],
    ["console", 0, "662e"]]);
  const plain = ["--replay", "r", "--interpreter", "plain"];
  assert.equal(await lguest(plain, files), live);
  preferInterpreter();
  const at = String(inputs[2]!.counts.reduce((a, b) => a + b, 100));
  const kept = ["--replay", "r", "--snapshot", "s", "--at", at];
  assert.equal(await lguest(kept, files), live);
  const rest = await lguest(["--restore", "s"], files);
  assert.equal(rest, { ...live, out: "F." });
});

const session = (options: Partial<BootOptions> = {}) => boot({ guests: [
  { name: "E", image: E, commandLine: "", memory: 2 * MiB }], ...options });

test("a snapshot has what was typed and not yet read", () => {
  const first = session({ cpus: 2 }), limit = 40_000;
  guestPieces(first).run({ limit: 7000 });
  first.gate.enter(Uint8Array.of(0x61, 0x62));
  guestPieces(first).run({ limit: 7050 });
  let said = "";
  const second = loadSession(saveSession(first),
    (bytes) => { said += String.fromCharCode(...bytes); });
  for (const one of [first, second]) {
    assert.is(guestPieces(one).run({ limit }), "waits");
    one.gate.enter(Uint8Array.of(0x63, 0x2e));
    const end = guestPieces(one).run({ limit });
    assert.is(typeof end === "object" && end.status, 0);
  }
  assert.is(said, "ABC.");
  assert.ok(Buffer.from(first.machine.snapshot())
    .equals(second.machine.snapshot()));
});

test("Guests are not moved in their sleep, however often one looks", () => {
  const limit = Infinity, first = session({ cpus: 2 });
  assert.is(guestPieces(first).run({ limit }), "waits");
  const asleep = first.machine.count;
  const [once, often] = [1, 3].map((times) => {
    const one = session({ cpus: 2, migrateAt: [{ at: asleep, cpu: 1 }] });
    for (let n = 0; n < times; n++)
      assert.is(guestPieces(one).run({ limit }), "waits");
    assert.is(one.machine.count, asleep);
    one.gate.enter(Uint8Array.of(0x63, 0x2e));
    guestPieces(one).run({ limit });
    return Buffer.from(one.machine.snapshot());
  });
  assert.ok(once!.equals(often!));
});

const TWO = ["--guest", "name=a,kernel=e", "--guest", "name=b,kernel=e",
  ...LIMIT];

test("^A turns from console to console, and leaves", async () => {
  const files: Files = { e: E };
  const live = await lguest([...TWO, ...CPUS, "--record", "r"], files,
    ["x\n", "\x01n", "y\n", "\x012", "\x013", "z\n", "\x01p", "w\n", "\x01x"],
    true);
  assert.equal([live.status, live.out],
    [0, "a: X\nb: Y\nb: Z\na: W\n"], live.err);
  assert.is(live.err.replace(/\d+/g, "N"), ["a", "b", "b", "b", "a"].map(
    (to) => `lguest: you type to ${to}; Control-A n, p, N to N turn to ` +
      "another, x leaves\n").join("") +
    "lguest: you left after N instructions\n");
  const again = await lguest(["--replay", "r"], files);
  assert.equal([again.status, again.out], [0, live.out], again.err);
  assert.match(linesOf(files["r"])[1]!, /"terminal":{"columns":132,"rows":50}/);
});

test("a terminal that is closed ends the run", async () => {
  const files: Files = { e: E };
  const live = await lguest([...ONE, "--record", "r"], files, ["x"], true);
  assert.equal([live.status, live.out], [4, "X"], live.err);
  assert.match(live.err, /Control-A x leaves\n.*was closed after \d+ inst/);
  const again = await lguest(["--replay", "r"], files);
  assert.equal([again.status, again.out], [4, "X"], again.err);
  assert.match(again.err, /^lguest: the terminal was closed after \d+ inst/);
});

test("a pipe is read only with --input, and its end ends nothing",
  async () => {
    for (const [words, out] of [[[], ""], [["--input"], "X"]] as const) {
      const { status, err, ...rest } =
        await lguest([...ONE, ...words], { e: E }, ["x"]);
      assert.equal([status, rest.out], [1, out]);
      assert.match(err, /^lguest: the Guest sleeps and nothing can wake it/);
    }
    const silent = await lguest([...ONE, "--input"],
      { e: guest("1: movl $10, %eax\n int $0x1f\n jmp 1b") }, ["x"], true);
    assert.match(silent.err, /^lguest: the Guest sleeps and nothing can wake/);
  });

test("a Guest that is started again is typed to again", async () => {
  const files: Files = { e: E };
  const live = await lguest([...ONE, "--reboot", "--record", "r", "--input"],
    files, ["ab!", "\n", "c!", "d."]);
  assert.equal([live.status, live.out], [0, "AB!\nC!D."], live.err);
  assert.equal(await lguest(["--replay", "r"], files), live);
  const lines = linesOf(files["r"]);
  assert.equal(lines.slice(2).map((line) => JSON.parse(line).boot ??
    JSON.parse(line).end?.boot ?? 0), [0, 1, 1, 2, 2]);

  const damaged = async (i: number, from: RegExp, to: string, say: RegExp) => {
    const other = [...lines];
    other[i] = lines[i]!.replace(from, to);
    assert.is.not(other[i], lines[i]);
    files["d"] = new TextEncoder().encode(`${other.join("\n")}\n`);
    const { status, err } = await lguest(["--replay", "d"], files);
    assert.is(status, 2, err);
    assert.match(err, say);
  };
  const order = /line \d doesn't follow the one before/;
  await damaged(2, /"guest":0/, '"guest":1', order);
  await damaged(2, /"console","guest":0/, '"com1"', order);
  await damaged(3, /"boot":1/, '"boot":2', order);
  await damaged(1, /"reboot":true/, '"reboot":false', order);
  await damaged(2, /"guest":0/, '"guest":32', /line 3, guest/);
  await damaged(2, /"guest":0,/, "", /line 3, guest/);
  await damaged(2, /"guest":0/, '"to":0', /line 3, /);
  await damaged(2, /"time":/, '"time":0.', /goes another way/);
  await damaged(1, /"abi"/, '"terminal":{"columns":0,"rows":1},"abi"',
    /line 2, options.terminal.columns/);
});

test("one who is debugged, checked and drawn can be typed to", async () => {
  for (const words of [["--gdb", "0"], ["--check", "locks", "--timeline"]]) {
    const { status, out, err } = await lguest([...ONE, ...words], { e: E },
      ["ab", "c."], true);
    assert.equal([status, out], [0, "ABC."], err);
  }
  const { status, out, err } = await lguest([...ONE, "--gdb", "0"], { e: E },
    ["ab", "\x01x"], true);
  assert.equal([status, out], [0, "AB"], err);
  assert.match(err, /lguest: you left after/);
});

testWith(test, "script")("a real terminal is raw, and is left", async () => {
  const folder = fs.mkdtempSync(join(tmpdir(), "lguest-"));
  const image = join(folder, "e");
  fs.writeFileSync(image, E);
  const child = spawn("script", ["-qefc", `'${process.execPath}' ` +
    "-r ./test/ready.cjs src/cli/main.ts " +
    `--kernel '${image}' --memory 2`, "/dev/null"],
  { cwd: join(__dirname, ".."), timeout: PATIENCE });
  const waits: [RegExp, string][] =
    [[/x leaves\r\n$/, "ab\x03"], [/AB\x03$/, "\x01x"]];
  let said = "";
  child.stdout.on("data", (bytes: Buffer) => {
    said += bytes.toString();
    if (waits[0]?.[0].test(said)) child.stdin.write(waits.shift()![1]);
  });
  const status = await new Promise((resolve) => child.on("close", resolve));
  fs.rmSync(folder, { recursive: true });
  assert.is(status, 0, said);
  assert.match(said, /^lguest: you type to the Guest; Control-A x leaves\r\n/);
  assert.match(said, /\nAB\x03lguest: you left after \d+ instructions\r\n$/);
});

test.run();
