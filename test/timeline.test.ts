// Pictures of runs that are broken, long, or cut out of another.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { main } from "../src/cli/main";
import { overlaps, timelineOf } from "../src/debug";
import { firstGuest } from "../src/guest";
import { place } from "../src/host";
import { boot, MiB } from "../src/launcher";
import { guest, shutdown } from "./guests";
import { memoryIo } from "./memory-io";
import type { Files } from "./memory-io";

const files = { image: firstGuest(), commandLine: "", memory: 4 * MiB };

function lguest(words: string[], known: Files = { k: firstGuest() }) {
  const { io, out, err } = memoryIo(known);
  return { status: main(words, io), out: out(), err: err() };
}

const SMALL = ["--kernel", "k", "--memory", "4"];

test("the command draws to standard error, before it says how it ended", () => {
  const plain = lguest([...SMALL, "--cpus", "2"]);
  const drawn = lguest([...SMALL, "--cpus", "2", "--timeline"]);
  assert.is(drawn.status, 0);
  assert.is(drawn.out, plain.out);
  assert.match(drawn.err, /^ {7}\|0 .*\nCPU 0 {2}[=~aA.]{64}\n/);
  assert.match(drawn.err, /, A the Guest,|A the Guest\n/);
  assert.ok(drawn.err.endsWith("\n" + plain.err));
});

test("a part of a run has all the columns, and ends there", () => {
  const { err } = lguest([...SMALL, "--timeline", "20000-20640"]);
  const [scale, lane] = err.split("\n");
  assert.match(scale!, /^ {7}\|20000 +\|20160 +\|20320 +\|20480$/);
  assert.is(lane!.length, 7 + 64);
  const counts = [...err.matchAll(/^ *(\d+) {2}/gm)].map((m) => Number(m[1]));
  assert.ok(counts.length > 3);
  assert.ok(counts.every((n) => n >= 20_000 && n < 20_640), err);
  const rest = lguest([...SMALL, "--timeline=20000-"]).err;
  assert.match(rest, /^ {7}\|20000 [^]* has ended: poweroff\n/);
  const late = lguest([...SMALL, "--timeline", "900000-"]).err;
  assert.match(late, /^nothing to draw: the run has not gone beyond 900000\n/);
});

test("replays and restored runs are drawn, and each boot of a --reboot", () => {
  const there: Files = { k: firstGuest() };
  const first = lguest([...SMALL, "--record", "r", "--timeline"], there);
  const again = lguest(["--replay", "r", "--timeline"], there);
  assert.is(again.err, first.err);
  lguest([...SMALL, "--snapshot", "s", "--at", "20000"], there);
  const restored = lguest(["--restore", "s", "--timeline"], there);
  assert.match(restored.err, /^ {7}\|20000 /);
  const before = lguest(["--restore", "s", "--timeline", "5-10"], there);
  assert.match(before.err,
    /^nothing to draw: the end comes before the beginning, 20000\n/);
  assert.is(restored.err.split("\n").at(-2), first.err.split("\n").at(-2));
  const k = guest(shutdown("m", 2) + 'm: .asciz "again"');
  const { err } = lguest(["--kernel", "k", "--reboot", "--timeline",
    "--max-instructions", "9000"], { k });
  assert.ok(err.match(/^ {7}\|0 /gm)!.length > 1);
  assert.ok(err.match(/ has ended: restart$/gm)!.length > 0);
});

test("what makes no sense is refused in one line", () => {
  for (const [words, said] of [
    [["--timeline", "5"], /--timeline 5: write FROM-TO, two counts/],
    [["--timeline", "5-5"], /--timeline 5-5: write FROM-TO/],
    [["--timeline="], /--timeline : write FROM-TO/],
    [["--timeline", "--timeline"], /--timeline is given twice/],
    [["--timeline", "1e9-"], /--timeline 1e9-: write FROM-TO/],
    [["--timeline", "x"], /unknown command x/],
    [["machine", "--timeline"], /--timeline is for run, not for machine/],
  ] as const) {
    const { status, err } = lguest([...words]);
    assert.is(status, 2, words.join(" "));
    assert.match(err, said);
    assert.match(err, /^[^\n]+\n$/);
  }
});

test("a damaged Host is drawn as well as can be, and nothing is thrown", () => {
  for (const seed of [1, 2]) {
    const { machine } = boot({ cpus: 2, seed, guests: ["a", "b"].map((name) =>
      ({ ...files, name })) });
    const timeline = timelineOf(machine);
    machine.run({ maxInstructions: 12_000 });
    let random = seed;
    for (let i = 0; i < 300; i++) {
      random = (Math.imul(random, 1103515245) + 12345) >>> 0;
      const at = place.HOST + 4 * ((random >>> 8) % 23_000);
      machine.writeRam(at - place.KERNEL,
        new Uint8Array(new Uint32Array([random ^ (random << 13)]).buffer));
    }
    machine.run({ maxInstructions: 12_000 });
    const lines = timeline.lines(), picture = timeline.picture();
    assert.equal(overlaps(picture), []);
    assert.ok(lines.length > 6 && lines.length < 150, `seed ${seed}`);
    assert.ok(lines.every((line) => line.length < 200), `seed ${seed}`);
  }
});

test("a million events, and words of others, don't make it grow", () => {
  const { machine } = boot({ guests: [{ ...files, name: "g" }] });
  const name = `\x1b[2J${"x".repeat(1e5)}\n`;
  const timeline = timelineOf(machine, { names: [name] });
  const emit = (more: object) => machine.events.emit({ kind: "killed", cpu: 0,
    count: machine.count, guest: 0, reason: name, ...more });
  for (let i = 0; i < 500; i++) emit({ reason: `${i} ${name}` });
  for (const cpu of [-1, 7, NaN]) emit({ cpu });
  emit({ guest: undefined });
  for (const kind of ["oops", "lock-report", "ipi", "switch", "constructor"])
    emit({ kind });
  machine.run({ maxInstructions: 5000 });
  const lines = timeline.lines(), picture = timeline.picture();
  assert.equal(overlaps(picture), []);
  assert.ok(picture.text.split("\n").length < 60);
  assert.ok(lines.length < 80);
  assert.ok(lines.every((line) => /^[\x20-\x7e]{0,220}$/.test(line)));
  assert.ok(lines.some((line) => line.includes(": 0 \\x1b[2J")));
  assert.ok(lines.some((line) => line.includes("killed: 489 more")));
});

test.run();
