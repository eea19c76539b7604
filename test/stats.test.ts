// What Guests cost: nothing is counted twice, and nothing is lost.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { main } from "../src/cli/main";
import { sumOf, tallySwitches } from "../src/debug";
import { firstGuest } from "../src/guest";
import { boot, MiB, run } from "../src/launcher";
import { guest, shutdown } from "./guests";
import { memoryIo } from "./memory-io";
import type { Files } from "./memory-io";

function lguest(words: string[], known: Files = { k: firstGuest() }) {
  const { io, out, err } = memoryIo(known);
  return { status: main(words, io), out: out(), err: err() };
}

const SMALL = ["--kernel", "k", "--memory", "4"];

/** What each line of JSON says, and each sentence behind. */
function bills(err: string) {
  return err.split("\n").filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

test("several Guests on two CPUs: all causes are all world switches, "
  + "wherever one stops", () => {
  for (const limit of [18_000, 20_001, 25_003, 30_007, 200_000]) {
    const image = firstGuest(), memory = 4 * MiB, commandLine = "";
    const session = boot({ cpus: 2, migrateEvery: 3000,
      guests: ["a", "b", "c"].map((name) =>
        ({ name, image, memory, commandLine })) });
    const tally = tallySwitches(session.machine);
    run(session, limit).guests.forEach(({ worldSwitches }, i) =>
      assert.is(sumOf(tally.of(i).causes), worldSwitches, `${limit}, ${i}`));
  }
});

test("a table for each Guest stands before how it ended", () => {
  const plain = lguest(["--cpus", "2", "--memory", "4",
    "--guest", "name=a,kernel=k", "--guest", "name=b,kernel=k"]);
  const { status, out, err } = lguest(["--cpus", "2", "--memory", "4",
    "--guest", "name=a,kernel=k", "--guest", "name=b,kernel=k", "--stats"]);
  assert.is(status, 0);
  assert.is(out, plain.out);
  assert.ok(err.endsWith(plain.err));
  assert.match(err, new RegExp("^\\d+ instructions, \\d+ ticks\n" +
    "a:\n +(\\d+)  world switches\n[^]*\nb:\n +\\d+  world switches\n"));
  const told = [...plain.err.matchAll(/(\d+) world switches/g)];
  assert.equal([...err.matchAll(/(\d+) {2}world switches/g)].map((m) => m[1]),
    told.map((m) => m[1]));
});

test("JSON is one line; a replay tells the same, a snapshot the rest", () => {
  const files: Files = { k: firstGuest() }, json = ["--stats", "--json"];
  const first = bills(lguest([...SMALL, ...json, "--record", "r"], files).err);
  assert.is(first.length, 1);
  const [{ instructions, guests: [one, ...others] }] = first;
  assert.equal(others, []);
  assert.equal(Object.keys(one),
    ["name", "worldSwitches", "causes", "posted", "interrupts"]);
  assert.is(one.causes.SHUTDOWN, 1);
  assert.equal(bills(lguest(["--replay", "r", ...json], files).err), first);
  const [before] = bills(lguest([...SMALL, ...json, "--snapshot", "s",
    "--max-instructions", "20000"], files).err);
  const [behind] = bills(lguest(["--restore", "s", ...json], files).err);
  assert.is(before.instructions + behind.instructions, instructions);
  assert.is(before.guests[0].worldSwitches + behind.guests[0].worldSwitches,
    one.worldSwitches);
});

test("after a reboot it is another machine's turn", () => {
  const k = guest(shutdown("m", 2) + 'm: .asciz "again"');
  const { err } = lguest(["--kernel", "k", "--reboot", "--stats", "--json",
    "--max-instructions", "30000"], { k });
  assert.ok(bills(err).length > 1);
  assert.equal(bills(err)[0].guests[0].causes, { INIT: 1, SHUTDOWN: 1,
    "page fault, shadow filled": 2 });
});

test("what a Guest dies of is its last page fault", () => {
  const session = boot({ guests: [{ name: "g", commandLine: "",
    memory: 4 * MiB, image: guest("movl 0xffc00000, %eax") }] });
  const tally = tallySwitches(session.machine);
  assert.is(run(session, 100_000).status, 1);
  assert.is(tally.of(0).causes.get("page fault, the last one"), 1);
});

test("what makes no sense is refused in one line", () => {
  for (const [words, said] of [
    [["--json"], /--json says how to tell; add --stats\n$/],
    [["--stats=7"], /--stats takes no value/],
    [["machine", "--stats"], /--stats is for run, not for machine/],
    [["explore", "--cpus", "2", "--stats"], /--stats is not for explore/],
    [["symbols", "--stats"], /--stats is not for symbols/],
  ] as const) {
    const { status, err } = lguest([...words]);
    assert.is(status, 2, words.join(" "));
    assert.match(err, said);
    assert.match(err, /^[^\n]+\n$/);
  }
});

test.run();
