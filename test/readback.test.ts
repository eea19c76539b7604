// Whatever is read back is somebody's claim: run files and snapshots whose
// keys are of another type, out of range, too many, or in the wrong order.
import { test } from "uvu";
import * as assert from "uvu/assert";
import { assemble, writeElf } from "../src/assembler";
import { main } from "../src/cli/main";
import { sha256 } from "../src/launcher";
import { H_EVENTS, H_SCHEDULE_CPU } from "../src/machine/ground/layout";
import { switcherText } from "../src/lguest";
import { guest, notify, shutdown } from "./guests";
import { memoryIo } from "./memory-io";
import type { Files } from "./memory-io";

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
const bytes = (s: string) => new Uint8Array(Buffer.from(s, "latin1"));

/** The command, with these files. */
async function lguest(words: string[], files: Files) {
  const { io, out, err } = memoryIo(files);
  const status = await main(words, io);
  return { status, out: out(), err: err() };
}

const GUEST = guest(notify("m") + shutdown("off") +
  'm: .asciz "hello"\n off: .asciz ""');
const BARE = writeElf([{ paddr: 0x100000, vaddr: 0x100000, bytes: assemble(
  ".long 0x1badb002, 0, -0x1badb002\n1: incl %eax\n jmp 1b\n",
  { origin: 0x100000 }).bytes }], 0x10000c);

const SWITCHER = new TextEncoder().encode(switcherText);
const IMAGES: Files = { k: GUEST, b: BARE, s: SWITCHER };

/** Each option of a run with several Guests. */
const SEVERAL = ["--cpus", "2", "--memory", "2", "--guest",
  "name=a,kernel=k,cpu=0,append=quiet", "--guest", "name=b,kernel=k,initrd=b",
  "--pin", "1", "--host-policy", "free", "--host-load", "2", "--load-on", "1",
  "--migrate-at", "700=1", "--migrate-at", "5=0", "--migrate-every", "100",
  "--tlb", "8/4", "--switcher", "s", "--pte-page", "one-pair"];
const BUDGET = ["--max-instructions", "5000"];

/** A promise that is made once, for all tests that only read what comes. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => made ??= make();
}

/** A run of a Guest, one of two, and one of a bare machine, written down;
 * the last has two inputs, and ends by a budget. */
const recorded = once(async () => {
  const files = { ...IMAGES };
  await lguest(["--kernel", "k", "--memory", "2", "--record", "r"], files);
  await lguest([...SEVERAL, "--record", "v", ...BUDGET], files);
  const words = ["machine", "--kernel", "b", "--memory", "2", "--cpus", "2",
    "--post-port", "0x80", "--schedule", "random:50", "--date",
    "2007-10-09"];
  await lguest([...words, "--record", "m", ...BUDGET], files);
  const input = (sequence: number) => '{"sequence":' + sequence +
    ',"time":0,"counts":[0,0],"source":"com1","bytes":"61"}\n';
  const machine = text(files["m"]!)
    .replace(/{"end".*\n/, input(0) + input(1));
  return { run: text(files["r"]!), several: text(files["v"]!), machine };
});

type Json = null | boolean | number | string | Json[] |
  { [key: string]: Json };
type Path = readonly (string | number)[];

/** All places in a value, the whole one first. */
function places(value: Json, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) =>
    places(inner, [...path, Array.isArray(value) ? Number(key) : key]))];
}

function at(value: Json, path: Path): Json {
  return path.reduce<Json>((inner, key) =>
    (inner as { [key: string]: Json })[key]!, value);
}

/** The value with another one in a place; `undefined` takes it away. */
function withOther(value: Json, path: Path, other: Json | undefined): Json {
  const copy = structuredClone(value);
  if (path.length === 0) return other ?? null;
  const inner = at(copy, path.slice(0, -1)) as { [key: string]: Json };
  const key = path.at(-1)!;
  if (other === undefined) delete inner[key];
  else inner[key] = other;
  return copy;
}

const kind = (value: Json) => value === null ? "null"
  : Array.isArray(value) ? "array" : typeof value;

const OPTIONAL = ["schedule", "date", "postPort", "pin", "hostPolicy",
  "ptePage", "hostLoad", "loadOn", "migrateAt", "migrateEvery", "tlb",
  "dataTlb", "codeTlb"];
const OTHERS: readonly Json[] = [null, true, -1, "x", ["x"], { x: 1 }];

const ONE_LINE = /^lguest: [^\n]+\n$/;

test("a value of another type, or no value, is refused in every place",
  async () => {
    const { run, several, machine } = await recorded();
    let refused = 0, taken = 0;
    for (const [command, file] of [["run", run], ["run", several],
      ["machine", machine]] as const) {
      const lines = file.trimEnd().split("\n");
      for (let i = 1; i < lines.length; i++) {
        const line = JSON.parse(lines[i]!) as Json;
        for (const path of places(line)) {
          const is = at(line, path);
          const others = OTHERS.filter((other) => kind(other) !== kind(is));
          for (const other of [...others, undefined]) {
            const lie = [...lines];
            lie[i] = JSON.stringify(withOther(line, path, other));
            const r = bytes(lie.join("\n") + "\n");
            const { status, err } = await lguest(
              [command, "--replay", "r", ...BUDGET], { ...IMAGES, r });
            const what = `line ${i + 1}, ${path.join(".")} as ` +
              `${JSON.stringify(other)}: ${status} ${err}`;
            const key = String(path.at(-1));
            const optional = other === undefined && (OPTIONAL.includes(key) ||
              (key === "cpu" && path.includes("guests")));
            const budget = path.at(-1) === "maxInstructions" && other === null;
            if (optional || budget) {
              taken++;
              continue;
            }
            assert.is(status, 2, what);
            assert.match(err, ONE_LINE, what);
            assert.match(err, new RegExp(`r is a damaged run file: line ` +
              `(${i + 1}\\b|2, images)`), what);
            refused++;
          }
        }
      }
    }
    assert.is(taken, 16);
    assert.ok(refused > 650, `${refused} refused`);
  });

test("numbers out of range are refused, with line and key", async () => {
  const { run, machine, several } = await recorded();
  type Case = [string, string, RegExp, string, string];
  const cases: Case[] = [
    ["run", run, /"cpus":1/, '"cpus":9', "options.cpus"],
    ["run", run, /"memory":2097152/, '"memory":2097153',
      "options.guests.0.memory"],
    ["run", run, /"memory":2097152/, '"memory":906969088',
      "options.guests.0.memory"],
    ["run", several, /"name":"a"/, '"name":"a: b"', "options.guests.0.name"],
    ["run", several, /"name":"a"/, '"name":"\\u001b[A"',
      "options.guests.0.name"],
    ["run", several, /"name":"a"/, '"name":"b"', "options, name a Guest twice"],
    ["run", several, /"cpu":0/, '"cpu":2', "a CPU that isn't there"],
    ["run", several, /"cpu":0/, '"cpu":-1', "options.guests.0.cpu"],
    ["run", several, /"pin":1/, '"pin":2', "a CPU that isn't there"],
    ["run", several, /"loadOn":1/, '"loadOn":7', "a CPU that isn't there"],
    ["run", several, /"loadOn":1/, '"loadOn":16', "options.loadOn"],
    ["run", several, /"hostLoad":2/, '"hostLoad":17', "options.hostLoad"],
    ["run", several, /"hostPolicy":"free"/, '"hostPolicy":"none"',
      "options.hostPolicy"],
    ["run", several, /"ptePage":"one-pair"/, '"ptePage":"two"',
      "options.ptePage"],
    ["run", several, /"cpu":1}]/, '"cpu":2}]', "a CPU that isn't there"],
    ["run", several, /"at":5,/, '"at":900,', "options.migrateAt"],
    ["run", several, /"at":5,/, '"at":-5,', "options.migrateAt.0.at"],
    ["run", several, /"migrateAt":\[/,
      `"migrateAt":[${'{"at":1,"cpu":0},'.repeat(1001)}`, "options.migrateAt"],
    ["run", several, /"migrateEvery":100/, '"migrateEvery":0',
      "options.migrateEvery"],
    ["run", several, /"dataTlb":8/, '"dataTlb":4097', "options.tlb.dataTlb"],
    ["run", several, /"codeTlb":4/, '"codeTlb":0', "options.tlb.codeTlb"],
    ["run", several, /"guests":\[.*?\]/, '"guests":[]', "options.guests"],
    ["run", run, /"maxInstructions":null/, '"maxInstructions":"x"',
      "options.maxInstructions"],
    ["run", run, /"maxInstructions":null/, '"maxInstructions":0',
      "options.maxInstructions"],
    ["run", run, /"seed":1/, '"seed":4294967296', "options.seed"],
    ["run", run, /"abi":"extended"/, '"abi":"both"', "options.abi"],
    ["machine", machine, /"quantum":50/, '"quantum":0',
      "options.schedule.quantum"],
    ["machine", machine, /"kind":"random"/, '"kind":"priorities"',
      "options.schedule.kind"],
    ["machine", machine, /"kind":"random"/, '"kind":"list"',
      "options.schedule.turns"],
    ...([["", "options.schedule.turns"],
      ['{"cpu":0,"instructions":5}', "leaves out a CPU"],
      ['{"cpu":2,"instructions":5}],"then":[1', "options.schedule.then"],
      ['{"cpu":0,"instructions":0}', "options.schedule.turns.0.instructions"],
      ['{"cpu":1,"instructions":5},'.repeat(65536) +
        '{"cpu":0,"instructions":5}', "options.schedule.turns"],
    ] as const).map(([turns, key]): Case => ["machine", machine,
      /{"kind":"random","quantum":50}/,
      `{"kind":"list","turns":[${turns}]}`, key]),
    ["machine", machine, /{"kind":"random","quantum":50}/,
      '{"kind":"list","turns":[{"cpu":2,"instructions":5}],"then":9}',
      "names one that isn't there"],
    ["machine", machine, /"postPort":128/, '"postPort":65536',
      "options.postPort"],
    ["machine", machine, /"counts":\[0,0\]/, '"counts":["x"]', "counts.0"],
    ["machine", machine, /"counts":\[0,0\]/, '"counts":[0]',
      "doesn't follow"],
    ["machine", machine, /"time":0/, '"time":1e999', "time"],
    ["machine", machine, /"bytes":"61"/, '"bytes":"6"', "bytes"],
    ["machine", machine, /"sequence":1/, '"sequence":2', "doesn't follow"],
    ["machine", machine, /"sequence":1,"time":0/, '"sequence":1,"time":-1',
      "time"],
  ];
  for (const [command, file, is, lie, key] of cases) {
    const r = bytes(file.replace(is, lie));
    assert.not.equal(text(r), file, lie);
    const { status, err } =
      await lguest([command, "--replay", "r"], { ...IMAGES, r });
    assert.is(status, 2, err);
    assert.match(err, ONE_LINE);
    assert.ok(err.includes(key), `${key} is named: ${err}`);
    assert.match(err, /^lguest: r is a damaged run file: line \d\b/);
  }
});

test("a run file names no outputs, no ports and nothing unknown",
  async () => {
    const { run, machine } = await recorded();
    const keys: [string, Json][] = [["snapshot", "v"], ["traceFile", "v"],
      ["record", "v"], ["gdb", { port: 0, wait: false }], ["trace", true],
      ["at", 5], ["restore", "v"], ["replay", "v"], ["wait", true],
      ["kernel", "v"], ["initrd", "v"], ["modules", []],
      ["command", "machine"], ["Cpus", 1]];
    for (const [command, file] of [["run", run], ["machine", machine]] as
      const) {
      for (const [key, value] of keys) {
        const extra = `${JSON.stringify(key)}:${JSON.stringify(value)}`;
        const v = bytes("victim");
        for (const place of ['"options":{', '"images":[{', '{"command"',
          '{"end":{']) {
          if (!file.includes(place)) continue;
          const opened = place.endsWith("{");
          const r = bytes(file.replace(place, opened ? `${place}${extra},`
            : `{${extra},"command"`));
          const files: Files = { ...IMAGES, r, v };
          const { status, err } =
            await lguest([command, "--replay", "r", ...BUDGET], files);
          if (!opened && key === "command") continue;
          assert.is(status, 2, `${place} ${extra}: ${err}`);
          assert.match(err, ONE_LINE);
          assert.ok(err.includes("line"), err);
          assert.is(files["v"], v);
          assert.equal(Object.keys(files).sort(), ["b", "k", "r", "s", "v"]);
        }
      }
    }
  });

test("what a recording holds is what determines the run", async () => {
  const files = { ...IMAGES };
  await lguest(["--kernel", "k", "--memory", "2", "--record", "r",
    "--trace-file", "t", "--snapshot", "s"], files);
  const line = text(files["r"]!).split("\n")[1]!;
  const { options } = JSON.parse(line) as { options: object };
  assert.equal(Object.keys(options).sort(), ["abi", "cpus", "guests",
    "hostPages", "maxInstructions", "pge", "reboot", "seed"]);
  const again = await lguest(["--replay", "r", "--trace-file", "t2",
    "--snapshot", "s2"], files);
  assert.is(again.status, 0, again.err);
  assert.equal(files["t2"], files["t"]);
  assert.equal(files["s2"], files["s"]);
});

test("images that are no set for the command are refused", async () => {
  const { run, several, machine } = await recorded();
  const image = (role: string, path: string, file: Uint8Array,
    guest?: number) =>
    JSON.stringify({ role, path, sha256: sha256(file), guest });
  const k = image("kernel", "k", GUEST, 0), b = image("kernel", "b", BARE);
  const l = image("kernel", "k", GUEST, 1);
  const disk = (guest?: number, mode?: string) => JSON.stringify(
    { role: "block", path: "k", sha256: sha256(GUEST), guest, mode });
  const sets: [string, string, string][] = [
    ["run", run, ""], ["run", run, `${k},${k}`],
    ["run", run, image("rom", "k", GUEST)],
    ["run", run, `${k},${image("module", "k", GUEST)}`],
    ["run", run, image("kernel", "k", GUEST)], ["run", run, l],
    ["run", run, `${k},${l}`], ["run", several, k],
    ["run", several, `${k},${l},${l}`],
    ["run", several, `${k},${l},${image("initrd", "k", GUEST, 2)}`],
    ["run", several, `${k},${l},${image("switcher", "s", SWITCHER, 1)}`],
    ["run", several, `${k},${l},${image("switcher", "s", SWITCHER)},` +
      image("switcher", "s", SWITCHER)],
    ["run", run, `${k},${image("initrd", "", GUEST, 0)}`],
    ["run", run, `${k},${image("initrd", "k", GUEST)}`],
    ["run", run, `${k},${disk(0)}`], ["run", run, `${k},${disk(1, "ro")}`],
    ["run", run, `${k},${disk(undefined, "ro")}`],
    ["run", run, k + `,${disk(0, "ro")}`.repeat(31)],
    ["machine", machine, `${b},${disk(0, "ro")}`],
    ["machine", machine, `${b},${disk(undefined, "ro")}`],
    ["machine", machine, image("kernel", "b", BARE, 0)],
    ["machine", machine, `${b},${image("switcher", "s", SWITCHER)}`],
    ["machine", machine, `${b},${image("rom", "b", BARE)}`],
    ["machine", machine, image("initrd", "b", BARE)],
    ["machine", machine, image("module", "b", BARE)],
    ["machine", machine, image("kernel", "", BARE)],
  ];
  for (const [command, file, images] of sets) {
    const r = bytes(file.replace(/"images":\[.*?\]/, `"images":[${images}]`));
    const { status, err } =
      await lguest([command, "--replay", "r"], { ...IMAGES, r });
    assert.is(status, 2, err);
    assert.match(err, /^lguest: r is a damaged run file: line 2, images[^\n]*\n$/);
  }
});

test("a run that took another way says so, whatever it was", async () => {
  const { run } = await recorded();
  const other: [RegExp, string][] = [
    [/"instructions":\d+/, '"instructions":7'], [/"status":0/, '"status":1'],
    [/"state":"[0-9a-f]/, '"state":"z'.replace("z", run.includes(
      '"state":"0') ? "1" : "0")]];
  for (const [is, lie] of other) {
    const r = bytes(run.replace(is, lie));
    assert.not.equal(text(r), run);
    const { status, err } = await lguest(["--replay", "r"], { ...IMAGES, r });
    assert.is(status, 2, err);
    assert.match(err, /^lguest: r was recorded otherwise: [^\n]*\n$/);
  }
  const r = bytes(run);
  const cut = await lguest(["--replay", "r", "--max-instructions", "100"],
    { ...IMAGES, r });
  assert.is(cut.status, 4, cut.err);
});

test("a larger budget than the recorded one excuses nothing", async () => {
  const files: Files = { ...IMAGES };
  await lguest(["--kernel", "k", "--memory", "2", "--record", "r",
    "--max-instructions", "1000"], files);
  const words = ["--replay", "r", "--max-instructions", "9000"];
  assert.is((await lguest(words, files)).status, 4);
  files["r"] = bytes(text(files["r"]!).replace(/"state":"(.)/,
    (_, digit: string) => `"state":"${digit === "0" ? 1 : 0}`));
  const { status, err } = await lguest(words, files);
  assert.is(status, 2, err);
  assert.match(err, /^lguest: r was recorded otherwise: [^\n]*\n$/);
});

test("a run file that was cut in a line is used up to there", async () => {
  const { run } = await recorded();
  const cut = bytes(run.slice(0, run.indexOf('"status"')));
  const { status, err } =
    await lguest(["--replay", "r"], { ...IMAGES, r: cut });
  assert.is(status, 0, err);
  const head = bytes(run.slice(0, 40));
  const none = await lguest(["--replay", "r"], { ...IMAGES, r: head });
  assert.is(none.status, 2);
  assert.match(none.err, /r is a damaged run file: line 2 is not JSON/);
});

test("a run file that is not UTF-8 is refused", async () => {
  const { run } = await recorded();
  const r = bytes(run.replace('"append":""', '"append":"\xff"'));
  const { status, err } = await lguest(["--replay", "r"], { ...IMAGES, r });
  assert.is(status, 2);
  assert.is(err, "lguest: r is not UTF-8; copy it again\n");
});

// Snapshots.

const snapshots = once(async () => {
  const files = { ...IMAGES };
  await lguest(["--kernel", "k", "--memory", "2", "--snapshot", "r", "--at",
    "1000", "--schedule", "round-robin:500"], files);
  await lguest(["machine", "--kernel", "b", "--memory", "2", "--snapshot",
    "m", ...BUDGET], files);
  return { run: files["r"]!, machine: files["m"]! };
});

/** FNV-1a by words, as the block's checksum. */
function blockSum(words: Int32Array): number {
  let sum = 0x811c9dc5 | 0;
  for (const word of words) {
    sum = Math.imul(sum ^ word, 0x01000193);
    sum ^= sum >>> 15;
  }
  return sum;
}

/** A snapshot with a lie in it that has the right checksums. */
function forged(
  file: Uint8Array, header: (line: Json) => Json,
  block: (words: Int32Array) => Int32Array = (words) => words,
): Uint8Array {
  const [first, line] = text(file).split("\n", 3) as [string, string];
  const from = first.length + line.length + 64 + 3;
  const words = block(new Int32Array(
    file.slice(from, file.length).buffer));
  words[4] = blockSum(words.subarray(5));
  const sum = (words[4]! >>> 0).toString(16).padStart(8, "0");
  const lie = JSON.stringify(
    { ...header(JSON.parse(line) as Json) as object, block: sum });
  return new Uint8Array(Buffer.concat([
    Buffer.from(`${first}\n${lie}\n${sha256(Buffer.from(lie))}\n`, "latin1"),
    new Uint8Array(words.buffer, words.byteOffset, 4 * words.length)]));
}

test("one digit of a snapshot's header is noticed", async () => {
  const { run } = await snapshots();
  const s = bytes(text(run).replace('"quantum":500', '"quantum":501'));
  assert.not.equal(s, run);
  const { status, err } = await lguest(["--restore", "s"], { s });
  assert.is(status, 2, err);
  assert.match(err, /^lguest: s is a damaged snapshot: line 2 [^\n]*\n$/);
  const same = await lguest(["--restore", "s"],
    { s: forged(run, (header) => header) });
  assert.is(same.status, 0, same.err);
});

test("every byte of a snapshot's lines counts", async () => {
  for (const [command, file] of Object.entries(await snapshots())) {
    const lines = text(file).split("\n", 3).join("\n").length + 1;
    for (let i = 0; i < lines; i++) {
      const s = file.slice();
      s[i]! ^= 1;
      const { status, err } = await lguest([command, "--restore", "s",
        ...BUDGET], { s });
      assert.is(status, 2, `byte ${i}: ${err}`);
      assert.match(err, /^lguest: s [^\n]+\n$/, `byte ${i}`);
    }
  }
});

test("a sealed header is refused all the same if it claims nonsense",
  async () => {
    let refused = 0;
    for (const [command, file] of Object.entries(await snapshots())) {
      const header = JSON.parse(text(file).split("\n")[1]!) as Json;
      for (const path of places(header)) {
        if (path[0] === "block") continue;
        const is = at(header, path);
        const others = OTHERS.filter((other) => kind(other) !== kind(is));
        for (const other of [...others, { unknown: 1 }]) {
          const s = forged(file, () => withOther(header, path, other));
          const { status, err } =
            await lguest([command, "--restore", "s", ...BUDGET], { s });
          const what = `${path.join(".")} as ${JSON.stringify(other)}`;
          assert.is(status, 2, `${what}: ${err}`);
          assert.match(err, /^lguest: s is a damaged snapshot: line 2\b[^\n]+\n$/,
            what);
          refused++;
        }
      }
    }
    assert.ok(refused > 100, `${refused} refused`);
  });

test("a switcher that is no text, or no assembly, is refused", async () => {
  const { run } = await snapshots();
  for (const switcher of [5, "nonsense"]) {
    const s = forged(run, (header) => withOther(header,
      ["boot", "switcher"], switcher));
    const { status, err } = await lguest(["--restore", "s"], { s });
    assert.is(status, 2, err);
    assert.match(err, /^lguest: s is a [^\n]+\n$/);
  }
});

test("a snapshot's Guests and their circumstances are on its CPUs", async () => {
  const files: Files = { ...IMAGES };
  await lguest([...SEVERAL, "--snapshot", "s1", ...BUDGET], files);
  const run = files["s1"]!;
  const { boot, guests } = JSON.parse(text(run).split("\n")[1]!) as
    { boot: { [key: string]: Json }; guests: Json };
  assert.equal({ ...boot, switcher: text(SWITCHER), guests }, { ...boot,
    cpus: 2, pin: 1, hostPolicy: "free", ptePage: "one-pair",
    hostLoad: 2, loadOn: 1,
    migrateAt: [{ at: 5, cpu: 0 }, { at: 700, cpu: 1 }], migrateEvery: 100,
    tlb: { dataTlb: 8, codeTlb: 4 }, switcher: boot["switcher"]!,
    guests: [{ name: "a", commandLine: "quiet", memory: 2 << 20, cpu: 0 },
      { name: "b", commandLine: "", memory: 2 << 20 }] });
  const good = await lguest(["--restore", "s", ...BUDGET],
    { s: forged(run, (header) => header) });
  assert.is(good.status, 4, good.err);
  const lies: [Path, Json, RegExp][] = [
    [["boot", "pin"], 2, /A CPU is named/],
    [["boot", "loadOn"], 15, /A CPU is named/],
    [["boot", "migrateAt", 1, "cpu"], 2, /A CPU is named/],
    [["guests", 0, "cpu"], 2, /A CPU is named/],
    [["guests", 0, "cpu"], 16, /guests\.0\.cpu/],
    [["boot", "migrateAt", 1, "at"], 5, /boot\.migrateAt/],
    [["boot", "hostLoad"], 17, /boot\.hostLoad/],
    [["boot", "ptePage"], "both", /boot\.ptePage/],
    [["boot", "tlb", "dataTlb"], 4097, /boot\.tlb\.dataTlb/],
    [["boot", "tlb", "forgetsGlobals"], 1,
      /boot\.tlb\.forgetsGlobals/],
  ];
  for (const [path, lie, said] of lies) {
    const s = forged(run, (header) => withOther(header, path, lie));
    const { status, err } = await lguest(["--restore", "s"], { s });
    assert.is(status, 2, err);
    assert.match(err, /^lguest: s is a damaged snapshot: line 2\b[^\n]+\n$/);
    assert.match(err, said);
  }
});

test("a snapshot's Guest can't print in another one's name", async () => {
  const files: Files = { ...IMAGES };
  await lguest(["--memory", "2", "--guest", "kernel=k", "--guest",
    "kernel=k", "--snapshot", "s1", "--at", "1000"], files);
  const s = forged(files["s1"]!, (header) => withOther(header,
    ["guests", 0, "name"], "\rGuest 2"));
  const { status, out } = await lguest(["--restore", "s"], { s });
  assert.is(status, 0);
  assert.is(out, "\\x0dGuest 2: hello\nGuest 2: hello\n");
});

test("another Host's snapshot is refused", async () => {
  const { run } = await snapshots();
  const s = forged(run, (header) => withOther(header, ["host"],
    "0".repeat(128)));
  const { status, err } = await lguest(["--restore", "s"], { s });
  assert.is(status, 2);
  assert.is(err, "lguest: s is a snapshot of another version of the Host; " +
    "take it again\n");
});

test("schedules that leave out a CPU, or name one that isn't there",
  async () => {
    const { run } = await snapshots();
    const list = (...cpus: number[]) => forged(run, (header) => withOther(
      header, ["boot", "schedule"], { kind: "list",
        turns: cpus.map((cpu) => ({ cpu, instructions: 5 })) }));
    for (const s of [list(), list(1), list(0, 1)]) {
      const { status, err } = await lguest(["--restore", "s"], { s });
      assert.is(status, 2, err);
      assert.match(err, /^lguest: s is a damaged snapshot: [^\n]+\n$/);
    }
    const good = await lguest(["--restore", "s"], { s: list(0, 0) });
    assert.is(good.status, 0, good.err);
  });

test("pages out of range, twice, or out of order, events of nobody", async () => {
  const PAGE_WORDS = 1025, FIRST = 5, HEADER = FIRST + 1;
  for (const [command, file] of Object.entries(await snapshots())) {
    const lies: ((words: Int32Array) => void)[] = [
      (w) => { w[FIRST + PAGE_WORDS] = 0x7fffffff; },
      (w) => { w[FIRST + PAGE_WORDS] = -1; },
      (w) => { w[FIRST + PAGE_WORDS] = 0; },
      (w) => { w[FIRST + 2 * PAGE_WORDS] = w[FIRST + PAGE_WORDS]!; },
      (w) => { w[FIRST] = 1; },
      (w) => { w[3]! -= 1; },
      (w) => { w[2] = 0; },
      // A turn of a CPU, and an event's kind and CPU, that aren't there.
      (w) => { w[HEADER + H_SCHEDULE_CPU] = 7; },
      (w) => { w[HEADER + H_EVENTS + 3] = 99; },
      (w) => { w[HEADER + H_EVENTS + 3] = -1; },
      (w) => { w[HEADER + H_EVENTS + 2] = 7; w[HEADER + H_EVENTS + 3] = 1; },
    ];
    for (const [i, lie] of lies.entries()) {
      const s = forged(file, (header) => header, (words) => {
        lie(words);
        return words;
      });
      const { status, err } =
        await lguest([command, "--restore", "s", ...BUDGET], { s });
      assert.is(status, 2, `lie ${i}: ${err}`);
      assert.match(err, /^lguest: s can't be restored: [^\n]+\n$/);
    }
  }
});

test.run();
