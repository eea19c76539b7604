// A search for schedules: what it finds, shortens, tells and keeps.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { main } from "../src/cli/main";
import { placementText } from "../src/cli/placement";
import { searchOn, tryNumber } from "../src/cli/searchers";
import type { Brief, Task } from "../src/cli/searchers";
import { drawSchedule, shorten } from "../src/debug";
import { firstGuest } from "../src/guest";
import { attempts, MiB, readRunFile, UserError } from "../src/launcher";
import type { Hunt, Outcome } from "../src/launcher";
import { switcherWithGlobals } from "../src/lguest";
import { checkSchedule } from "../src/machine";
import type { Schedule, Turn } from "../src/machine";
import { endless, guest, notify, shutdown } from "./guests";
import { memoryIo } from "./memory-io";
import type { Files } from "./memory-io";

const test = suite("explore");

async function lguest(words: string[], files: Files = {}) {
  const { io, out, err } = memoryIo(files);
  const status = await main(words, io);
  return { status, out: out(), err: err() };
}

const TWO = ["--cpus", "2", "--memory", "4", "--guest",
  "name=a,kernel=first", "--guest", "name=b,kernel=first"];
const SEARCH = ["explore", ...TWO, "--pte-page", "one", "--changes", "8",
  "--max-instructions", "14000", "--schedules", "10", "--seed", "3"];
const first = firstGuest();
/** The same for a program. */
const HUNT: Hunt = { until: "oops", limit: 14_000, boot: { cpus: 2,
  ptePage: "one", switcher: switcherWithGlobals, guests: ["a", "b"].map(
    (name) => ({ name, image: first, commandLine: "", memory: 4 * MiB })) } };
const attempt = attempts(HUNT);

test("it finds a schedule, shortens it, and keeps it for ever", async () => {
  const files: Files = { first };
  const { status, out, err } = await lguest([...SEARCH, "--switcher",
    "with-globals", "--record", "found.run", "--workers", "1"], files);
  assert.is(status, 0, err);
  assert.match(err, /^lguest: this took \d+\.\d s\n$/);
  const chapter = readFileSync(
    join(__dirname, "../chapters/839-searchers.md"), "utf8");
  assert.is(out, /^```text explore\n([^]*?)^```$/m.exec(chapter)?.[1],
    "the chapter shows what is printed");
  const [, before, after] =
    /it has (\d+) switches; (\d+) switches are enough/.exec(out)!;
  assert.ok(Number(after) < Number(before), out);
  const run = await lguest(["run", "--replay", "found.run"], files);
  assert.is(run.status, 3);
  assert.match(run.err, /^lguest: the Host oopsed after \d+ instructions/);
  const [, instructions] = /after (\d+) /.exec(run.err)!;
  const text = Buffer.from(files["found.run"]!).toString("latin1");
  const { schedule } = readRunFile(text).config.options;
  for (let n = 1; n <= 10; n++)
    assert.is(attempt(schedule!).instructions, Number(instructions));
});

test("the cured Switcher survives the same search", async () => {
  const files: Files = { first };
  const { status, out } =
    await lguest([...SEARCH, "--record", "r", "--workers", "1"], files);
  assert.is(status, 1);
  assert.match(out, new RegExp("^oops: none of 10 schedules does it\n" +
    "they have 8 changes below instruction 14000, by seed 3; 10 ran out of "));
  assert.is(files["r"], undefined, "there is nothing to keep");
});

test("several workers find what one finds, and the lowest counts", async () => {
  const task: Task = { hunt: HUNT, search: { schedules: 12, seed: 3,
    cpus: 2, changes: 8, length: 14_000 } };
  const all = new Map<number, Brief>();
  await searchOn(task, 8, 2, (n, brief) => all.set(n, brief));
  for (const n of [8, 9])
    assert.equal(all.get(n), tryNumber(attempt, task, n));
  assert.is(all.get(8)?.found, undefined);
  assert.match(all.get(9)?.found ?? "", /^the Host oopsed after 13498 /);
});

test("a worker that can't have its machine is told of, with advice", async () => {
  const guests = [{ name: "g", image: first, commandLine: "",
    memory: 2 ** 31 }];
  const task: Task = { search: { schedules: 9, seed: 1, cpus: 2, changes: 0,
    length: 1 }, hunt: { until: "oops", limit: 1, boot: { cpus: 2, guests } } };
  const told = await searchOn(task, 1, 2, () => {}).catch((e: unknown) => e);
  assert.instance(told, UserError);
  assert.match((told as UserError).message,
    /^this takes \d+ MiB, .*; try fewer --workers$/);
});

test("where the place decides, it says so", async () => {
  const { status, out } = await lguest(["explore", "--cpus", "2", "--memory",
    "4", "--kernel", "first", "--pge", "this-cpu", "--until", "kill",
    "--pin", "0", "--max-instructions", "200000", "--schedules", "1"],
  { first });
  assert.is(status, 1);
  assert.match(out, /with all Guests on CPU 0 0, on CPU 1 1\nso the place de/);
  const said = (usual: number, ...pinned: number[]) =>
    placementText({ of: 4, usual, pinned }).slice(1).join();
  assert.is(said(4, 0, 4), "4 of 4 schedules: it does not depend on the " +
    "schedule; look at placement (--pin)");
  assert.is(said(4, 4, 4), "4 of 4 schedules: it does not depend on the " +
    "schedule");
  assert.is(said(4, 0, 0), "so it takes Guests on several CPUs");
  assert.is(said(3, 0, 1), "");
  assert.is(said(0, 0, 0), "");
});

test("a kernel that is no file is none of its files", async () => {
  const { io, err } = memoryIo({}), asked: string[] = [];
  const identity = (path: string) => {
    asked.push(path);
    return path;
  };
  const kernel = "default@0xC0130000/0xC0119000";
  const status = await main(["explore", "--cpus", "2", "--memory", "4",
    "--kernel", kernel, "--switcher", "with-globals", "--record", "r",
    "--schedules", "1", "--max-instructions", "2000"], { ...io, identity });
  assert.is(status, 1, err());
  assert.equal([...new Set(asked)], ["r"]);
});

const SAYS = guest(notify("text") + shutdown("off") +
  'text: .asciz "fine"\n off: .asciz ""');
const DIES = guest(notify("text") + shutdown("why") +
  'text: .asciz "bad"\n why: .asciz "no luck"');

test("a run is judged by what is wanted", () => {
  const tried = (until: Outcome, image: Uint8Array, answers?: string[]) =>
    attempts({ until, limit: 40_000, answers, boot: { cpus: 2, guests:
      [{ name: "g", image, commandLine: "", memory: 2 * MiB }] } })(
      { kind: "round-robin", quantum: 1000 }).found;
  assert.match(tried("kill", DIES) ?? "", /^g shut down after .*: no luck$/);
  assert.is(tried("hang", DIES), undefined);
  assert.match(tried("hang", endless()) ?? "", /^g still ran when the budget/);
  assert.is(tried("wrong", SAYS, ["fine"]), undefined);
  assert.is(tried("wrong", SAYS, ["well"]), "g says something else: fine");
  assert.is(tried("wrong", DIES, ["fine"]), undefined, "killed, not wrong");
});

test("a list is shortened to the turns that it takes", () => {
  let runs = 0;
  // It takes 5 of CPU 1, after 100 of CPU 0, and 7 of CPU 0 behind them.
  const toy = (schedule: Schedule) => {
    assert.is(schedule.kind, "list");
    checkSchedule(schedule);
    const turns = schedule.kind === "list" ? schedule.turns : [];
    const wants = [[0, 100], [1, 5], [0, 7]] as const;
    let at = 0, left: number = wants[0][1];
    for (const { cpu, instructions } of turns) {
      if (cpu !== wants[at]?.[0]) continue;
      left -= instructions;
      if (left <= 0) left = wants[++at]?.[1] ?? 0;
    }
    runs++;
    return { found: at === 3 ? "it" : undefined, instructions: runs };
  };
  const turns: Turn[] = Array.from({ length: 60 }, (_, i) =>
    ({ cpu: i % 3, instructions: 10 + i }));
  const { schedule, found } = shorten(turns, toy);
  assert.equal(schedule.turns.map(({ cpu }) => cpu), [0, 1, 0]);
  assert.is(found, "it");
  assert.is(schedule.turns[2]!.instructions, 2 ** 31 - 1);
  assert.ok(schedule.turns[0]!.instructions < 200, "sooner, too");
  const few = shorten(turns, toy, 1000, 3);
  assert.is(few.runs, 3);
  const fair = shorten(turns, toy, 1000).schedule;
  assert.is(fair.then, 1000);
  assert.equal(fair.turns.map(({ cpu }) => cpu), [0, 1, 0]);
  assert.ok(fair.turns[2]!.instructions < 20, "the last one has an end");
});

test("a schedule depends on its number and the seed alone", () => {
  const search = { schedules: 9, seed: 1, cpus: 3, changes: 4, length: 100 };
  const drawn = Array.from({ length: 200 }, (_, n) =>
    drawSchedule(n + 1, search));
  assert.equal(drawSchedule(77, search), drawn[76]);
  assert.not.equal(drawSchedule(77, { ...search, seed: 2 }), drawn[76]);
  assert.is(new Set(drawn.map(({ order }) => order.join())).size, 6);
  for (const { order, changes } of drawn) {
    assert.equal([...order].sort(), [0, 1, 2]);
    assert.equal([...changes].sort((a, b) => a - b), changes);
    assert.ok(changes.every((at) => at >= 1 && at <= 100));
  }
});

test("what can't be is refused in a line", async () => {
  const cases: readonly [string[], RegExp][] = [
    [["explore"], /^one CPU has nobody to take turns with; add --cpus 2$/],
    [["explore", ...TWO, "--until", "luck"],
      /^--until luck: it is oops, kill, hang, wrong, stale or locks$/],
    [["explore", ...TWO, "--schedules", "0"], /^--schedules 0: .* 1 to 100/],
    [["explore", ...TWO, "--changes", "101"], /^--changes 101: .* 0 to 100$/],
    [["explore", ...TWO, "--workers", "0"], /^--workers 0: .* 1 to 64$/],
    [["explore", ...TWO, "--schedule", "random"],
      /^--schedule is not for explore; leave it out, or try lguest run /],
    ...["--replay=x", "--snapshot=x", "--check=tlb", "--reboot", "--gdb",
      "--trace"].map((word): [string[], RegExp] =>
      [["explore", ...TWO, word], /^--\S+ is not for explore; leave it out/]),
    [["explore", ...TWO, "--rom", "x"], /^--rom is for machine/],
    [["explore", ...TWO, "--record", "first"], /^--record and --guest #1 kernel/],
    [["run", "--until", "oops"], /^--until is for explore; try lguest expl/],
    [["machine", "--workers", "2"], /^--workers is for explore; try lguest/],
    [["explore", "now"], /^"now" is one word too many/],
  ];
  for (const [words, line] of cases) {
    const { status, out, err } = await lguest(words, { first });
    assert.is(status, 2, words.join(" "));
    assert.is(out, "");
    assert.match(err, /^lguest: [^\n]+\n$/);
    assert.match(err.slice(8, -1), line);
  }
});

test("--until wrong needs a run in which all is right", async () => {
  const { status, err } = await lguest(["explore", "--cpus", "2",
    "--memory", "2", "--kernel", "k", "--until", "wrong",
    "--max-instructions", "600000"], { k: DIES });
  assert.is(status, 2);
  assert.match(err, /^lguest: --until wrong needs to know what is right.*kill/);
});

test("--until hang needs a run that has an end", async () => {
  const { status, err } = await lguest(["explore", ...TWO, "--until", "hang",
    "--max-instructions", "20000"], { first });
  assert.is(status, 2);
  assert.match(err, /^lguest: --until hang: .* isn't over after 20000 /);
});

test("turns that don't do it by themselves are not called short", () => {
  const turns = [{ cpu: 0, instructions: 9 }, { cpu: 1, instructions: 9 }];
  let tried = 0;
  const { found, runs } = shorten(turns, () => {
    tried++;
    return { found: undefined, instructions: 18 };
  });
  assert.equal([found, runs, tried], [undefined, 0, 2]);
});

test.run();
