// Several Guests on the command line: who they are, in which circumstances
// they run, whose lines are whose, and what is refused.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assemble } from "../src/assembler";
import { checks } from "../src/cli/checks";
import { GuestLines } from "../src/cli/lines";
import { main } from "../src/cli/main";
import { understand } from "../src/cli/options";
import type { RunCall } from "../src/cli/options";
import { switcherBytes } from "../src/cli/switcher";
import { boot, MiB, UserError } from "../src/launcher";
import type { Circumstances, Look } from "../src/launcher";
import {
  completeSwitcherText, lguestMap, switcherText, switcherWithGlobals,
} from "../src/lguest";
import { endless, guest, notify, shutdown } from "./guests";
import { memoryIo } from "./memory-io";
import type { Files } from "./memory-io";

const test = suite("several Guests");
const LIMIT = ["--memory", "2", "--max-instructions", "3000000"];

function lguest(words: string[], files: Files = {}) {
  const { io, out, err } = memoryIo(files);
  const status = main(words, io);
  return { status, out: out(), err: err() };
}

function refused(words: string[], said: RegExp, files: Files = {}) {
  const { status, out, err } = lguest(words, files);
  assert.is(status, 2, err);
  assert.is(out, "");
  assert.match(err, said);
  assert.match(err, /^lguest: [^\n]+\n$/, "exactly one line");
}

const run = (...words: string[]) => understand(words) as RunCall;

/** A Guest that prints some strings and powers off. */
const says = (...texts: string[]) => guest(
  texts.map((_, i) => notify(`t${i}`)).join("") + shutdown("off") +
  texts.map((text, i) => `t${i}: .asciz "${text}"\n`).join("") +
  'off: .asciz ""');

test("a --guest says all about one Guest, and append takes the rest", () => {
  assert.equal(run("--cpus", "2", "--memory", "3", "--guest",
    "name=left,kernel=k=1,initrd=i,memory=5,cpu=1,append=a=b,c,append=d",
    "--guest", "", "--guest", "default", "--guest", "default,name=x",
    "--guest", "append=").guests, [
    { name: "left", append: "a=b,c,append=d", memory: 5 * MiB, kernel: "k=1",
      initrd: "i", cpu: 1 },
    { name: "Guest 2", append: "", memory: 3 * MiB },
    { name: "Guest 3", append: "", memory: 3 * MiB },
    { name: "x", append: "", memory: 3 * MiB },
    { name: "Guest 5", append: "", memory: 3 * MiB },
  ]);
  assert.equal(run("--kernel", "k", "--append", "a").guests,
    [{ name: "the Guest", append: "a", memory: 64 * MiB, kernel: "k" }]);
});

test("a --guest that makes no sense is refused in one line", () => {
  const bad: [string, RegExp][] = [
    ["kernle=k", /there is no key "kernle"; there are name, kernel/],
    ["quiet", /there is no key "quiet"/], [",memory=5", /there is no key ""/],
    ["memory=5,", /there is no key ""/], ["memory", /memory needs a value/],
    ["memory=", /memory needs a value/], ["append", /append needs a value/],
    ["cpu=0,cpu=0", /cpu is given twice/], ["memory=0", /memory 0: it must/],
    ["memory=5M", /memory 5M: it must be a whole number, 1 to 864/],
    ["memory=900", /memory 900/], ["cpu=5", /with --cpus 2 they are 0 to 1/],
    ["cpu=-1", /cpu -1: there is no such CPU/], ["cpu=x", /no such CPU/],
    ["name=a:b", /a name has up to 16/], ["name=a\tb", /a name has up to 16/],
    ["name=12345678901234567", /a name/], ["name= x", /a name has/],
    ["name=x ", /a name/], ["name=gr\u00fcn", /a name/],
    ["name=\u001b[A", /a name has/], ["kernel=missing", /missing: no such/],
    [`append=${"x".repeat(2048)}`, /2048 bytes long, and a kernel reads 2047/],
  ];
  for (const [spec, said] of bad)
    refused(["--cpus", "2", "--guest", spec], said);
  refused(["--guest", "name=a", "--guest", "name=a"], /two are named a/);
  refused(["--guest", "name=Guest 2", "--guest", ""], /named Guest 2/);
  for (const name of ["kernel", "initrd", "append"]) {
    refused(["--guest", "", `--${name}`, "k"],
      new RegExp(`--${name} is nobody's .* --guest ${name}=`));
  }
  refused(Array<string[]>(33).fill(["--guest", ""]).flat(),
    /there 33 times, and the Host has room for 32/);
  refused(["--restore", "s", "--guest", ""], /--guest can't be changed/);
  refused(["--replay", "r", "--guest", ""], /--guest can't be changed/);
  refused(["machine", "--guest", ""], /--guest is for run/);
});

test("as many Guests as there is room for, with long command lines", () => {
  const of = (length: number) => Array.from({ length: 32 },
    (_, i) => ["--guest", `memory=2,kernel=k,append=${"x".repeat(length +
      (i === 0 ? 56000 - 32 * 1750 : 0))}`]).flat();
  const files = { k: says("I am") };
  const { status, out, err } = lguest([...of(1750), ...LIMIT], files);
  assert.is(status, 0, err);
  assert.is(out.split(": I am\n").length, 33, out);
  assert.is(err.split("powered off after").length, 33, err);
  refused([...of(1751), ...LIMIT], /56032 bytes long, .* room for 56000/,
    files);
  refused(Array<string[]>(32).fill(["--guest", "memory=64"]).flat(),
    /this takes 2\d\d\d MiB, and the Host can use \d+; try less --memory/);
});

test("circumstances are in the call as they are in BootOptions", () => {
  const of = (...words: string[]) => {
    const { command, guests, checks, input, reboot, cpus, seed, pge, abi,
      hostPages, maxInstructions, trace, ...rest } = run("--cpus", "4", ...words);
    return rest;
  };
  assert.equal(of(), {});
  assert.equal(of("--pin", "3"), { pin: 3 });
  assert.equal(of("--migrate-at", "900=1", "--migrate-at", "20=0"),
    { migrateAt: [{ at: 20, cpu: 0 }, { at: 900, cpu: 1 }] });
  assert.equal(of("--migrate-every", "5"), { migrateEvery: 5 });
  assert.equal(of("--host-policy", "one-cpu"), { hostPolicy: "one-cpu" });
  assert.equal(of("--host-policy", "free"), { hostPolicy: "free" });
  for (const ptePage of ["per-cpu", "one", "one-pair"])
    assert.equal(of("--pte-page", ptePage), { ptePage });
  assert.equal(of("--host-load", "16", "--load-on", "2"),
    { hostLoad: 16, loadOn: 2 });
  assert.equal(of("--tlb", "8/4"), { tlb: { dataTlb: 8, codeTlb: 4 } });
  assert.equal(of("--tlb", "unlimited"), 
    { tlb: { dataTlb: 4096, codeTlb: 4096 } });
  assert.equal(of("--tlb", "forgets-globals"), 
    { tlb: { forgetsGlobals: true } });
  for (const switcher of ["s", "with-globals", "./with-globals"])
    assert.equal(of("--switcher", switcher), { switcher });
  assert.equal(run("--check", "locks", "--check", "locks").checks, ["locks"]);
});

test("circumstances that can't be are refused in one line", () => {
  const two = ["--cpus", "2"];
  refused(["--cpus", "0"], /--cpus 0: .* 1 to 8/);
  refused(["--cpus", "9"], /--cpus 9: .* 1 to 8/);
  refused([...two, "--pin", "5"], /--pin 5: .* --cpus 2 they are 0 to 1/);
  refused(["--pin", "1"], /--pin 1: .* --cpus 1 there is CPU 0 alone/);
  refused([...two, "--pin", ""], /--pin : there is no such CPU/);
  refused([...two, "--load-on", "1"], /add --host-load/);
  refused([...two, "--host-load", "1", "--load-on", "2"], /--load-on 2/);
  refused(["--host-load", "17"], /--host-load 17: .* 0 to 16/);
  refused([...two, "--migrate-at", "5"], /write N=CPU/);
  refused([...two, "--migrate-at", "=1"], /write N=CPU/);
  refused([...two, "--migrate-at", "9".repeat(17) + "=1"], /write N=CPU/);
  refused([...two, "--migrate-at", "5=2"], /CPU 2: there is no such CPU/);
  refused([...two, "--migrate-at", "5=1", "--migrate-at", "5=0"],
    /--migrate-at 5 is given twice/);
  refused([...two, ...Array.from({ length: 1001 },
    (_, i) => `--migrate-at=${i}=0`)], /1001 times; it may be 1000/);
  refused(["--migrate-every", "5"], /add --cpus 2/);
  refused([...two, "--migrate-every", "0"], /--migrate-every 0/);
  refused(["--host-policy", "all"], /-policy all: it is free or one-cpu$/m);
  for (const word of ["two", "", "One"]) {
    refused([`--pte-page=${word}`],
      new RegExp(`--pte-page ${word}: it is per-cpu, one or one-pair$`, "m"));
  }
  for (const tlb of ["8", "0/8", "8/4097", "8/8/8", "-1/8", "big", ""])
    refused([`--tlb=${tlb}`], /it is DATA\/CODE, unlimited or .* from 1 to 4096/);
  refused(["--check", "all"], /--check all: it is locks or tlb$/m);
  refused(["--switcher", "s"], /s: no such file/);
  for (const name of ["pin", "migrate-at", "migrate-every", "host-policy",
    "pte-page", "host-load", "load-on", "tlb", "switcher", "check"]) {
    refused(["machine", "--kernel", "k", `--${name}`, "1"],
      new RegExp(`--${name} is for run`));
    if (name === "check") continue;
    refused(["--restore", "x", `--${name}`, "1"],
      new RegExp(`--${name} can't be changed by --restore`));
  }
});

test("a session on CPUs that aren't there isn't booted", () => {
  const one = { name: "a", image: endless(), commandLine: "",
    memory: 2 * MiB };
  const bad: (Circumstances & { cpu?: number })[] = [{ pin: 2 },
    { hostLoad: 1, loadOn: 2 }, { migrateAt: [{ at: 5, cpu: 2 }] },
    { cpu: 2 }];
  for (const { cpu, ...circumstances } of bad) {
    assert.throws(() => boot({ cpus: 2, guests: [{ ...one, cpu }],
      ...circumstances }), (error: unknown) => error instanceof UserError);
  }
  const { options } = boot({ cpus: 2, guests: [{ ...one, cpu: 1 }], pin: 0,
    tlb: { dataTlb: 8 } });
  assert.is(options.pin, 0);
});

test("a TLB of two entries takes more time, and says the same", () => {
  const files: Files = {};
  const words = ["--kernel", "k", "--trace-file", "t", ...LIMIT];
  files["k"] = says("fine");
  const usual = lguest(words, files);
  const walks = () => Buffer.from(files["t"]!).toString("latin1")
    .split("tlb-fill").length;
  const before = walks();
  const small = lguest([...words, "--tlb", "2/1"], files);
  assert.is(small.out, usual.out);
  assert.ok(walks() > before, `${walks()} and ${before} walks`);
});

test("of one Guest every byte comes as it is, of several whole lines", () => {
  const left = says("a\\33[2Jb", "c\\r\\nd"), right = says("R");
  const files = { left, right };
  assert.is(lguest(["--guest", "kernel=left", ...LIMIT], files).out,
    "a\x1b[2Jbc\r\nd");
  const { out, status } = lguest(["--guest", "name=l,kernel=left",
    "--guest", "name=r,kernel=right", ...LIMIT], files);
  assert.is(status, 0);
  assert.equal(out.split("\n").sort(),
    ["", "l: a\\x1b[2Jbc", "l: d", "r: R"]);
});

test("no Guest prints a line that begins with another one's name", () => {
  const tricks = ["\\rright: no", "\\33[A\\rright: no", "x\\vright: no",
    "\\302\\205right: no", "\\342\\200\\250right: no", "\\2052right: no",
    "\\b\\b\\b\\b\\b\\bright: no", "\\tright: no", "\\342\\200\\256right"];
  const files = { bad: says(...tricks.map((trick) => `${trick}\\n`)),
    good: says("yes\\n") };
  const { out } = lguest(["--guest", "name=left,kernel=bad", "--guest",
    "name=right,kernel=good", ...LIMIT], files);
  const lines = out.split("\n");
  assert.is(lines.length, tricks.length + 2);
  assert.equal(lines.filter((line) => !line.startsWith("left: ")),
    ["right: yes", ""]);
  assert.ok(/^[\x20-\x7e\t\n]*$/.test(out), JSON.stringify(out));
});

test("a line without end is broken at 4096 bytes, and its rest is said", () => {
  const said: string[] = [];
  const lines = new GuestLines((bytes) =>
    said.push(Buffer.from(bytes).toString("latin1")));
  lines.names = ["a", "b"];
  const print = (text: string, who: number) =>
    lines.print(new TextEncoder().encode(text), who);
  for (let i = 0; i < 10; i++) print("x".repeat(1000), 0);
  print("y", 1);
  print("\n" + "z".repeat(4096), 0);
  print("\n", 0);
  const sizes = [4096, 4096, 10000 - 2 * 4096, 4096];
  assert.equal(said.map((line) => line.length - 4), sizes);
  lines.flush();
  lines.flush();
  assert.equal(said.map((line) => line.length - 4), [...sizes, 1]);
  assert.ok(said.every((line) => /^(a: [xz]+|b: y)\n$/.test(line)));
});

test("several Guests are recorded, and run again", () => {
  const files: Files = { l: says("left\\n"), r: says("right\\n"),
    s: new TextEncoder().encode(switcherText) };
  const first = lguest(["--cpus", "2", "--guest", "kernel=l,cpu=1,append=a,b",
    "--guest", "kernel=r", "--host-policy", "one-cpu", "--tlb", "8/8",
    "--switcher", "s", "--record", "v", ...LIMIT], files);
  assert.is(first.status, 0, first.err);
  assert.equal(lguest(["--replay", "v"], files), first);
  files["moved"] = files["s"]!;
  delete files["s"];
  assert.equal(lguest(["--replay", "v", "--switcher", "moved"], files), first);
  refused(["--replay", "v"], /s: no such file/, files);
  files["s"] = new TextEncoder().encode(`${switcherText} `);
  refused(["--replay", "v"], /s is not the switcher that v was/, files);
  refused(["--replay", "v", "--kernel", "l"], /v has 2 files for --kernel/,
    files);
  refused(["--replay", "v", "--initrd", "l"],
    /v was recorded without --initrd/, files);
  const old = Buffer.from(files["v"]!).toString().replace("run 3", "run 1");
  refused(["--replay", "o"], /another version; record it again/,
    { ...files, o: new TextEncoder().encode(old) });
});

test("what worked on one CPU oopses on two, and oopses again", () => {
  const words = ["--guest", "name=a,kernel=k", "--guest", "name=b,kernel=k",
    "--switcher", "with-globals", "--pte-page", "one", "--schedule",
    "random:50", "--seed", "3", ...LIMIT];
  const files: Files = { k: says(...Array<string>(60).fill("a")) };
  const alone = lguest([...words, "--check", "locks"], files);
  assert.is(alone.status, 0, alone.err);
  const two = lguest([...words, "--cpus", "2", "--record", "v"], files);
  assert.is(two.status, 3, two.err);
  assert.match(two.err, /^lguest: the Host oopsed after \d+ instructions/);
  assert.match(two.err, /\(return_to_host\+0x[0-9a-f]+\) on CPU/);
  assert.equal(lguest(["--replay", "v"], files), two);
  const early = lguest([...words, "--cpus", "2", "--snapshot", "s", "--at",
    "3000"], files);
  assert.is(early.err, two.err);
  assert.equal(lguest(["--restore", "s"], files), { ...two, out: early.out });
});

test("with-globals is a word, and ./with-globals a file", () => {
  const files: Files = { k: says("fine") };
  const words = ["--kernel", "k", "--switcher", "./with-globals", ...LIMIT];
  refused(words, /\.\/with-globals: no such file/, files);
  files["./with-globals"] = new TextEncoder().encode("nop");
  refused(words, /\.\/with-globals: there is no label/, files);
  const word = ["--kernel", "k", "--switcher", "with-globals", ...LIMIT];
  const cut = lguest([...word.slice(0, -1), "3000", "--record",
    "with-globals"], files);
  assert.is(cut.status, 4, cut.err);
  assert.match(cut.err, /\nlguest: CPU 0 was [^\n]+\n$/);
  assert.equal(lguest(["--replay", "with-globals"], files), cut);
  const text = Buffer.from(files["with-globals"]!).toString();
  assert.match(text, /"role":"switcher","path":"with-globals","sha256":"/);
  files["v"] = Buffer.from(text.replace('"path":"with-globals"',
    '"path":"./with-globals"'));
  refused(["--replay", "v"], /\.\/with-globals is not the switcher/, files);
  assert.equal(lguest(["--replay", "v", "--switcher", "with-globals"], files),
    cut);
});

test("a chapter's lines are no part of the Switcher that is a word", () => {
  const { io } = memoryIo({});
  const text = Buffer.from(switcherBytes("with-globals", io)).toString();
  assert.ok(switcherWithGlobals.includes("chapters/"));
  assert.not.ok(text.includes("chapters/"));
  const image = (from: string) => assemble(completeSwitcherText(from),
    { origin: lguestMap.SWITCHER }).bytes;
  assert.equal(image(text), image(switcherWithGlobals));
});

test("nothing is written over a file of any Guest", () => {
  const files: Files = { k: says("a"), i: says("b") };
  refused(["--guest", "kernel=k", "--guest", "kernel=k,initrd=i",
    "--record", "./i"], /--record and --guest #2 initrd are the same/, files);
  refused(["--guest", "kernel=k", "--snapshot", "k"],
    /--snapshot and --kernel are the same file/, files);
  refused(["--switcher", "k", "--snapshot", "k"],
    /--snapshot and --switcher are the same file/, files);
});

const switcher = (from: string | RegExp, to: string) =>
  ({ s: new TextEncoder().encode(switcherText.replace(from, to)),
    k: endless() });

test("a Switcher that can't be one is refused, with file and line", () => {
  const bad: [string, RegExp][] = [
    ["\n  frobnicate\n nop\n wrong", /s:2: there is .*"frob.* \(and 1 more\)$/m],
    ["switch_to_guest:\n\n jmp nowhere", /s:3: nowhere is not defined/],
    ["nop", /s: there is no label return_to_host; a Switcher has switch_to/],
    ["return_to_host: deliver_to_host: handle_nmi: nop",
      /s: there is no label switch_to_guest/],
    ["switch_to_guest: return_to_host: handle_nmi: nop",
      /s: there is no label deliver_to_host/],
    ["switch_to_guest: return_to_host: deliver_to_host: nop",
      /s: there is no label handle_nmi/],
    ["switch_to_guest = 5\nreturn_to_host: deliver_to_host: handle_nmi: nop",
      /s: there is no label switch_to_guest/],
    [`${switcherText}\n.fill 1200, 1, 0x90`, /it takes \d+ bytes .* 4096/],
    [`${switcherText}\n.org 0x7ffffff0`, /a gap of more than 16 MiB/],
    [`${switcherText}\nguest_debug: nop`, /guest_debug is already defined/],
    [`${switcherText}\n/* no end`, /s: a comment in it has no end/], ["x".repeat(2 ** 20 + 1), /s is larger than any/],
  ];
  for (const [text, said] of bad)
    refused(["--switcher", "s"], said, { s: new TextEncoder().encode(text) });
  refused(["--switcher", "s"], /s is not UTF-8/, { s: Uint8Array.of(255) });
  refused(["--switcher", ""], /--switcher needs a FILE/);
});

test("a Switcher that never comes back is found by its label", () => {
  const words = ["--kernel", "k", "--switcher", "s", "--memory", "2",
    "--max-instructions", "100000"];
  const stuck = lguest(words, switcher("mov %ebx, %cr3", "1: jmp 1b"));
  assert.is(stuck.status, 4);
  assert.match(stuck.err, /budget .*\nlguest: CPU 0 was at switch_to_guest\+0x[0-9a-f]+\n$/);
  const back = lguest(words, switcher("return_to_host:\n",
    "return_to_host:\n2: jmp 2b\n"));
  assert.match(back.err, /\nlguest: CPU 0 was at return_to_host\n$/);
  const asleep = lguest(words, switcher("    pushl %es\n", "    cli\n hlt\n"));
  assert.is(asleep.status, 1);
  assert.match(asleep.err, /\nlguest: CPU 0 slept at switch_to_guest\+0x2\n$/);
  const astray = lguest(words, switcher("    pushl %es\n",
    "    jmp 0xc0000ff0\n"));
  assert.is(astray.status, 3);
  const ours = lguest(words, switcher("", ""));
  assert.match(ours.err, /\nlguest: CPU 0 was (in ring|at) [^\n]+\n$/);
});

test("a budget that ends two CPUs says where they were, of one nothing", () => {
  const files = { k: endless() };
  const words = ["--kernel", "k", "--memory", "2", "--max-instructions",
    "200000"];
  const two = lguest(["--cpus", "2", ...words], files);
  assert.match(two.err, /\nlguest: CPU 0 [^\n]+\nlguest: CPU 1 [^\n]+\n$/);
  assert.is(lguest(words, files).err.split("\n").length, 2);
  const early = lguest(["--cpus", "2", "--max-instructions", "10"]);
  assert.match(early.err, /\nlguest: CPU 1 was never started\n$/);
});

/** The command with a check that says some sentences. */
function checked(sentences: string[], kernel: Uint8Array, limit = 300_000,
  ...more: string[]) {
  const all = checks as Map<string, Look>;
  let watched = 0;
  all.set("says", (_, report) => {
    watched++;
    sentences.forEach(report);
    return () => { watched--; };
  });
  try {
    const end = lguest(["--kernel", "k", "--check", "locks", "--check",
      "says", "--memory", "2", "--max-instructions", String(limit), ...more],
    { k: kernel });
    assert.is(watched, 0, "each check ends");
    return end;
  } finally {
    all.delete("says");
  }
}

test("what a check reports is a line each, and status 3", () => {
  const well = checked([], says("fine"));
  assert.is(well.status, 0, well.err);
  const one = checked(["bad\nlguest: fine"], says("fine"));
  assert.is(one.status, 3);
  assert.is(one.out, "fine");
  assert.match(one.err, /^lguest: check says: bad\nlguest: check says: lguest: fine\nlguest: the Guest powered/);
  const died = guest(shutdown("m") + 'm: .asciz "oh"');
  assert.is(checked(["bad"], died).status, 1);
  assert.is(checked(["bad"], endless()).status, 4);
  const many = checked(Array<string>(500).fill("bad"), says("fine"));
  assert.is(many.err.split("check says: bad\n").length, 101);
  assert.match(many.err, /\nlguest: check reports go on, and are left out/);
});

test("a check sees a Guest that is started again, too", () => {
  const again = guest(shutdown("m", 2) + 'm: .asciz ""');
  const { err } = checked(["bad"], again, 10_000, "--reboot");
  const starts = err.split("asked for a restart").length;
  assert.is(starts, 3, err);
  assert.is(err.split("check says: bad").length, starts + 1, err);
});

test("--help lists every option of a run", () => {
  const { out } = lguest(["--help"]);
  for (const name of ["guest SPEC", "pin CPU", "migrate-at N=CPU",
    "migrate-every N", "host-policy free|one-cpu",
    "pte-page per-cpu|one|one-pair", "host-load N",
    "load-on CPU", "tlb DATA/CODE", "switcher FILE", "check NAME"])
    assert.ok(out.includes(`--${name}`), name);
  assert.ok(out.split("\n").every((line) => line.length < 80));
});

test.run();
