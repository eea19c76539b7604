import { test } from "uvu";
import * as assert from "uvu/assert";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import { main } from "../src/cli/main";
import { UserError } from "../src/launcher";
import { defaultGuest, firstGuest } from "../src/guest";
import { endless, guest, hostile, notify, shutdown }
  from "./guests";
import { nodeIo } from "../src/cli/node-io";
import { memoryIo } from "./memory-io";
import type { Files } from "./memory-io";

/** Runs the command in this process, with files that are in memory. */
function lguest(words: string[], files: Files = {}) {
  const { io, out, err } = memoryIo(files);
  const status = main(words, io);
  return { status, out: out(), err: err(), files };
}

const LIMIT = ["--max-instructions", "20000000"];

/** For Guests to which it doesn't matter how much memory they have: what
 * the Host takes back at their end, the machine has to touch. */
const SMALL = ["--memory", "4", ...LIMIT];

function refused(words: string[], said: RegExp,
  files: Files = {}) {
  const { status, out, err } = lguest(words, files);
  assert.is(status, 2, err);
  assert.is(out, "");
  assert.match(err, said);
  assert.match(err, /^lguest: [^\n]+\n$/, "exactly one line");
}

test("the default Guest reports and powers off", () => {
  const { status, out, err } = lguest(LIMIT);
  assert.is(status, 0, err);
  assert.match(out, /ring +1\n/);
  assert.match(out, /eip +0x00100014 when I woke up\n/);
  assert.match(out, /0xc01000c8 since I moved\n/);
  assert.match(out, /cr3 +0x00108000,/);
  assert.match(out, /memory +64 MiB/);
  assert.match(out, /touched +64 pages by two names each; 64 became dirty/);
  assert.match(out, /\[2\] sieve: 3512 primes below 32768\n/);
  assert.match(out, /programs +4 ended; 1 divided by zero, 1 broke in/);
  assert.match(err, /^lguest: the Guest powered off after \d+ instructions, \d+ world switches\n$/);
});

test("the command line and the memory reach the Guest", () => {
  const { status, out } =
    lguest(["run", "--append", "quiet splash", "--memory", "3", ...LIMIT]);
  assert.is(status, 0);
  assert.match(out, /memory +3 MiB/);
  assert.match(out, /I was told: quiet splash\n/);
});

test("two CPUs in the machine do no harm", () => {
  assert.is(lguest(["--cpus", "2", ...SMALL]).status, 0);
});

test("two runs with a trace write the same, as the run without", () => {
  const words = ["--kernel", "k", "--memory", "2", ...LIMIT];
  const traced = () =>
    lguest(["--trace-file", "t", ...words], { k: firstGuest() });
  const one = traced(), two = traced();
  const without = lguest(words, { k: firstGuest() });
  assert.is(one.status, 0);
  assert.is(one.out, without.out);
  assert.is(one.err, without.err);
  const a = Buffer.from(one.files.t!), b = Buffer.from(two.files.t!);
  assert.ok(a.equals(b));
  const text = a.toString("latin1");
  assert.match(text, / 1 0061:00100000 mov/);
  const count = Number(/after (\d+)/.exec(one.err)![1]);
  const steps = /^ *\d+ \d (\d |\* interrupt .*source=external)/;
  const lines = text.split("\n").filter((line) => steps.test(line));
  assert.is(lines.length, count);
});

test("--trace writes to standard error", () => {
  const { err } = lguest(["--trace", "--memory", "4",
    "--max-instructions", "100"]);
  assert.ok(err.split("\n").length > 100);
});

test("a snapshot goes on where the run was", () => {
  const files = { k: firstGuest() };
  const whole = lguest(["--kernel", "k", "--snapshot", "s", "--at", "20000",
    ...SMALL], files);
  assert.is(whole.status, 0, whole.err);
  const rest = lguest(["--restore", "s", ...LIMIT], files);
  assert.is(rest.status, 0, rest.err);
  assert.is(rest.err, whole.err);
  assert.ok(whole.out.endsWith(rest.out));
});

test("a budget ends the run with 4, and a snapshot at the end is kept", () => {
  const { status, err, files } = lguest(["--kernel", "k",
    "--memory", "4", "--max-instructions", "1234", "--snapshot", "s"], { k: firstGuest() });
  assert.is(status, 4);
  assert.match(err, /after 1234 instructions/);
  const rest = lguest(["--restore", "s", ...LIMIT], files);
  assert.is(rest.status, 0, rest.err);
});

test("a Guest that loops for ever spends its budget", () => {
  const { status, err } = lguest(
    ["--kernel", "k", "--memory", "4", "--max-instructions", "3000000"], { k: endless() });
  assert.is(status, 4);
  assert.match(err, /still ran when the budget was spent, after/);
});

test("a restart is an orderly end", () => {
  const k = guest(shutdown("m", 2) + 'm: .asciz "Restarting"');
  const { status, err } = lguest(["--kernel", "k", ...SMALL], { k });
  assert.is(status, 0);
  assert.match(err, /asked for a restart/);
});

test("a last message forges no second line, in a trace either", () => {
  const k = guest(shutdown("m") + `m: .ascii "died\\nlguest: the Guest "
    .ascii "powered off after 1 instructions\\n"
    .byte 27
    .asciz "[2J"`);
  const { status, err, files } = lguest(["--kernel", "k", "--trace-file", "t",
    ...SMALL], { k });
  assert.is(status, 1);
  assert.match(err, /^lguest: the Guest shut down after \d+ instructions, \d+ world switches: died\\x0alguest: [ -~]+\\x0a\\x1b\[2J\n$/);
  assert.match(Buffer.from(files.t!).toString("latin1"),
    /guest-end .* reason=died\\x0alguest: [ -~]+\n/);
});

test("a panic is status 1 with its message", () => {
  const k = guest(shutdown("m") + 'm: .asciz "Panic: no init"');
  const { status, err } = lguest(["--kernel", "k", ...SMALL], { k });
  assert.is(status, 1);
  assert.match(err, /shut down after .*: Panic: no init\n/);
});

test("a string without end or outside of memory does no harm", () => {
  const k = guest(
    "movl $17, %eax\n movl $0x70000000, %ebx\n int $0x1f\n" +
    "movl $0x41414141, 0x1ffffc\n" +
    "movl $17, %eax\n movl $0x1ffffe, %ebx\n int $0x1f\n" +
    notify("text") + shutdown("off") +
    'text: .asciz "fine"\n off: .asciz ""');
  const { status, out, err } =
    lguest(["--kernel", "k", "--memory", "2", ...LIMIT], { k });
  if (status === 0) assert.is(out, "AAfine");
  else assert.match(err, /was killed/);
});

for (const { name, image, reason } of hostile) {
  test(`a Guest that ${name} is killed and told why`, () => {
    const { status, err } = lguest(["--kernel", "k", ...SMALL],
      { k: image() });
    assert.is(status, 1, err);
    assert.match(err, /^lguest: the Guest was killed after \d+ instructions, \d+ world switches: [^\n]+\n$/);
    assert.match(err.replace(/.*switches: /, ""), reason);
  });
}

test("words that make no sense are refused in one line", () => {
  refused(["--frobnicate"], /unknown option --frobnicate; try --help/);
  refused(["-x"], /unknown option -x/);
  refused(["fly"], /unknown command fly/);
  refused(["run", "vmlinux"], /--kernel FILE/);
  refused(["--memory", "0"], /--memory 0: it must be a whole number/);
  refused(["--memory", "-5"], /--memory needs a value/);
  refused(["--memory=-5"], /--memory -5/);
  refused(["--memory", "1e9"], /--memory 1e9/);
  refused(["--memory", "100000"], /--memory 100000: .* 1 to /);
  refused(["--memory"], /--memory needs a value/);
  refused(["--cpus", "0"], /--cpus 0/);
  refused(["--cpus", "65"], /--cpus 65/);
  refused(["--max-instructions", "many"], /--max-instructions many/);
  refused(["--max-instructions", "0"], /--max-instructions 0/);
  refused(["--trace=yes"], /--trace takes no value/);
  refused(["--pge", "never"], /all-cpus or this-cpu/);
  refused(["--at", "5"], /add --snapshot FILE/);
  refused(["--restore", "s", "--memory", "5"], /--memory can't be changed/);
  refused(["--kernel", "missing"], /missing: no such file/);
  refused(["--kernel", "k", "--memory", "864"], /takes 9\d\d MiB, .* try/,
    { k: patchedLength(40) });
  refused(["--append", "x".repeat(3000)], /3000 bytes long/);
});

test("a snapshot that comes after the end is not taken, and we say so", () => {
  const { status, err, files } = lguest(["--kernel", "k", "--snapshot", "s",
    "--memory", "4", "--at", "99999999"], { k: firstGuest() });
  assert.is(status, 2);
  assert.match(err, /^lguest: no snapshot: [^\n]* at its end[^\n]*\n$/);
  assert.is(files.s, undefined);
});

/** The default Guest with so many MiB behind it. */
function patchedLength(mib: number): Uint8Array {
  const k = new Uint8Array(mib * 1024 * 1024);
  k.set(defaultGuest());
  return k;
}

const patched = (at: number, ...bytes: number[]) => {
  const k = defaultGuest().slice();
  k.set(bytes, at);
  return k;
};

test("a file that is no kernel is refused in one line", () => {
  const elf = defaultGuest();
  const cases: [Uint8Array, RegExp][] = [
    [new Uint8Array(0), /k is empty/],
    [new TextEncoder().encode("#!/bin/sh\n"), /k is not an ELF file/],
    [elf.slice(0, 20), /k is truncated/],
    [elf.slice(0, 60), /k is truncated/],
    [elf.slice(0, elf.length - 1), /k is truncated/],
    [patched(4, 2), /64-bit/],
    [patched(5, 2), /big-endian/],
    [patched(18, 62), /another machine \(number 62\)/],
    [patched(16, 1), /object file; link it/],
    [patched(16, 3), /static/],
    [patched(44, 0), /no loadable segment/],
    [patched(24, 0, 0, 0, 0xc0), /begins at 0xc0000000/],
    [patched(31, 0xff), /truncated/],
    [bzImage(0x206), /never heard of Guests.* 2\.06/],
    [bzImage(0x20c), /k is truncated: 4096 bytes of at least 4097/],
  ];
  for (const [k, said] of cases) refused(["--kernel", "k"], said, { k });
  refused(["--kernel", "k", "--memory", "1"],
    /k is too big: .* 1 MiB; try --memory 2/, { k: elf });
});

/** The header of a Linux kernel, and nothing behind it. */
function bzImage(version: number): Uint8Array {
  const file = new Uint8Array(4096);
  file[0x1f1] = 7;
  file.set(new TextEncoder().encode("HdrS"), 0x202);
  file.set([version & 255, version >> 8], 0x206);
  return file;
}

test("a file that is no snapshot is refused in one line", () => {
  const { files } =
    lguest(["--memory", "4", "--max-instructions", "100",
      "--snapshot", "s"]);
  const s = files.s!;
  const damaged = s.slice();
  damaged[s.length - 10]! ^= 1;
  const other = s.slice();
  other[16] = 0x39;
  refused(["--restore", "s"], /not a snapshot/, { s: defaultGuest() });
  refused(["--restore", "s"], /not a snapshot/, { s: new Uint8Array(0) });
  refused(["--restore", "s"], /truncated/, { s: s.slice(0, 30) });
  refused(["--restore", "s"], /truncated/, { s: s.slice(0, -1) });
  refused(["--restore", "s"], /damaged/, { s: damaged });
  refused(["--restore", "s"], /another version/, { s: other });
});

test("files need names", () => {
  refused(["--kernel", ""], /--kernel needs a FILE/);
  refused(["run", "--gdb", ""], /"" is one word too many/);
  refused([""], /unknown command ""/);
});

test("a name with a line's end in it makes no second line", () => {
  refused(["--kernel", "k\nlguest: all is well\x1b[2J"],
    /^lguest: k\\x0alguest: all is well\\x1b\[2J: no such file\n$/);
  refused(["\u202e\r\n"], /^lguest: unknown command \\u\{202e\}\\x0d\\x0a;/);
});

test("what is said twice is refused, but for modules", async () => {
  refused(["--memory", "5", "--memory", "6"],
    /--memory is given twice; leave one out/);
  refused(["--trace", "--cpus", "1", "--trace"], /--trace is given twice/);
  refused(["--gdb", "1", "--gdb=2"], /--gdb is given twice/);
  const { io, err } = memoryIo({});
  const words = ["machine", "--kernel", "k", "--module", "a", "--module", "a"];
  assert.is(await main(words, io), 2);
  assert.match(err(), /^lguest: [ak]: no such file\n$/);
});

test("a word that isn't UTF-8 is refused before it names a file", () => {
  // What Node makes of a name with the byte FF in it.
  const name = Buffer.from([0x6b, 0xff]).toString("utf8");
  for (const option of ["--kernel", "--snapshot", "--append"]) {
    refused([option, name], /^lguest: k\ufffd is not UTF-8; rename the file/);
  }
});

test("what would be written is tried before anything is", () => {
  const files: Files = { old: Uint8Array.of(1, 2, 3) };
  const { io, err } = memoryIo(files);
  const probe = (path: string) => {
    if (path === "bad") throw new UserError("bad: no such file");
  };
  for (const words of [["--record", "old", "--trace-file", "bad"],
    ["--trace-file", "old", "--snapshot", "bad"]]) {
    assert.is(main(words, { ...io, probe }), 2);
    assert.match(err(), /bad: no such file/);
    assert.equal(files["old"], Uint8Array.of(1, 2, 3));
  }
});

test("a trace goes on when a Guest is started again", () => {
  const k = guest(shutdown("m", 2) + 'm: .asciz "again"');
  const { files } = lguest(["--kernel", "k", "--reboot", "--trace-file", "t",
    "--memory", "4", "--max-instructions", "6000"], { k });
  const text = Buffer.from(files["t"]!).toString("latin1");
  assert.ok(text.split("\n").filter((line) => /^ +0 0 /.test(line)).length > 1);
});

test("options that are nearly right are refused in one line", () => {
  for (const words of ["round-robin:5:9", "random:0", "", "random:x"])
    refused(["machine", "--kernel", "k", "--schedule", words],
      /--schedule .*: it is round-robin or random, or random:N with N from 1/);
  refused(["machine", "--kernel", "k", "--abi", "bogus"], /--abi is for run/);
  refused(["machine", "--kernel", "k", "--date", "2007-02-29"], /--date/);
});

test("files that lie about a run are damaged, in one line", () => {
  const files: Files = {};
  lguest(["--memory", "4", "--max-instructions", "100", "--record", "r",
    "--snapshot", "s"],
    files);
  const run = Buffer.from(files["r"]!).toString();
  for (const [is, lie] of [['"cpus":1', '"cpus":99'],
    ['"cpus":1', '"cpus":0'], ['"memory":4194304', '"memory":"x"'],
    ['"cpus":1', '"schedule":{},"cpus":1'], [/"images":.*/, '"images":[null]}'],
  ] as const) {
    const r = new TextEncoder().encode(run.replace(is, lie));
    assert.not.equal(r, files["r"]);
    refused(["--replay", "r"], /r is a damaged/, { r });
  }
  const snapshot = Buffer.from(files["s"]!).toString("latin1");
  for (const lie of ["{}", "[]", "-1", '"x"']) {
    const s = Buffer.from(snapshot.replace('"boot":{',
      `"boot":{"schedule":${lie},`), "latin1");
    refused(["--restore", "s"], /s is a damaged snapshot/, { s });
  }
});

test("--help and --version answer on standard output", () => {
  assert.match(lguest(["--help"]).out, /^usage: lguest/);
  assert.match(lguest(["--version"]).out, /^lguest \d+\.\d+\.\d+\n$/);
});

// Real processes, for what only the real world does.

const MAIN = join(__dirname, "..", "src", "cli", "main.ts");
const NODE = `"${process.execPath}" -r ./test/ready.cjs`;

function shell(line: string) {
  return spawnSync("bash", ["-c", line.replace("LGUEST",
    `${NODE} "${MAIN}"`)], { encoding: "utf8", cwd: join(__dirname, "..") });
}

test("a reader that leaves early ends the run quietly", () => {
  const { status, stderr } = shell(
    "set -o pipefail; LGUEST --memory 4 | true");
  assert.is(status, 0);
  assert.is(stderr, "");
});

test("a disk that is full is named in one line", () => {
  const { status, stderr } = shell("LGUEST --memory 4 > /dev/full");
  assert.is(status, 2);
  assert.is(stderr,
    "lguest: standard output: no space left; free some, or try another disk\n");
});

test("directories and places that can't be written are named", () => {
  const dir = fs.mkdtempSync(join(os.tmpdir(), "lguest-"));
  const said = (...words: string[]) => {
    let text = "";
    const complain = (more: string) => { text += more; };
    assert.is(main(words, { ...nodeIo, complain }), 2);
    return text;
  };
  assert.is(said("--kernel", dir),
    `lguest: ${dir}: is a directory; give the file in it\n`);
  assert.is(said("--kernel", "/dev/zero"),
    "lguest: /dev/zero: is a device; give a file\n");
  assert.match(said("--snapshot", `${dir}/no/where`),
    /^lguest: \S+: no such file[^\n]*\n$/);
  fs.rmSync(dir, { recursive: true });
});

test.run();
