// What the command does to files: names that are one file, links, pipes,
// folders, other people's files, and readers that leave.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as net from "node:net";
import * as os from "node:os";
import { join } from "node:path";
import { assemble, writeElf } from "../src/assembler";
import { runDebugged } from "../src/cli/gdb";
import { BrokenPipe } from "../src/cli/io";
import { Arrivals } from "../src/cli/live";
import { main } from "../src/cli/main";
import { nodeIo } from "../src/cli/node-io";
import { packetOf } from "../src/debug";
import { bootMetal, MiB } from "../src/launcher";
import { Machine } from "../src/machine";
import { guest, notify, shutdown } from "./guests";
import { memoryIo } from "./memory-io";
import type { Files } from "./memory-io";
import { PATIENCE } from "./reference";

interface Place { dir: string; at(name: string): string }

const test = suite<Place>("files");
const places: string[] = [];

test.before.each((place) => {
  const dir = fs.mkdtempSync(join(os.tmpdir(), "lguest-"));
  places.push(dir);
  Object.assign(place, { dir, at: (name: string) => join(dir, name) });
});
test.after(() => {
  for (const dir of places) fs.rmSync(dir, { recursive: true });
});

const GUEST = guest(notify("m") + notify("m") + shutdown("off") +
  'm: .asciz "hello\\n"\n off: .asciz ""');

/** The command with real files; nobody hears what the Guest prints. */
async function lguest(...words: string[]) {
  let err = "";
  const status = await main(words, { ...nodeIo, print() {},
    complain(text) { err += text; } });
  return { status, err };
}

async function refused(said: RegExp, ...words: string[]) {
  const { status, err } = await lguest(...words);
  assert.is(status, 2, err);
  assert.match(err, /^lguest: [^\n]+\n$/);
  assert.match(err, said);
}

/** A node process that runs a piece of TypeScript. */
function child(text: string) {
  return spawn(process.execPath, ["-r", "./test/ready.cjs",
    "-e", text], { cwd: join(__dirname, ".."), stdio: ["ignore", "pipe",
    "inherit"], timeout: PATIENCE });
}

const ended = (process: ReturnType<typeof spawn>) =>
  new Promise<number | null>((resolve) => process.on("close", resolve));

test("two names of one file are one file", async ({ at, dir }) => {
  fs.writeFileSync(at("k"), GUEST);
  fs.symlinkSync("k", at("soft"));
  fs.linkSync(at("k"), at("hard"));
  fs.symlinkSync(dir, at("folder"));
  fs.mkdirSync(at("sub"));
  const names = ["k", "./k", "soft", "hard", "folder/k", "sub/../k"];
  for (const option of ["snapshot", "trace-file", "record"]) {
    for (const name of names) {
      await refused(new RegExp(`--${option} and --kernel are the same file`),
        "--kernel", at("k"), `--${option}`, `${dir}/${name}`);
      await refused(new RegExp(`--${option} and --initrd are the same file`),
        "--initrd", `${dir}/${name}`, `--${option}`, at("k"));
    }
  }
  assert.equal(new Uint8Array(fs.readFileSync(at("k"))), GUEST);
  // Files that don't exist yet are known by their folder.
  await refused(/--record and --trace-file are the same file/, "--kernel",
    at("k"), "--record", at("new"), "--trace-file", `${dir}/folder/./new`);
  assert.is(fs.existsSync(at("new")), false);
});

test("a module and the images of a run file are no outputs", async (
  { at },
) => {
  fs.writeFileSync(at("k"), GUEST);
  await refused(/--snapshot and --module #2 are the same file/, "machine",
    "--kernel", at("other"), "--module", at("m"), "--module", `${at("k")}=x`,
    "--snapshot", at("k"));
  await lguest("--kernel", at("k"), "--memory", "2", "--record", at("r"));
  await refused(/--trace-file and --kernel are the same file/,
    "--replay", at("r"), "--trace-file", at("k"));
  assert.equal(new Uint8Array(fs.readFileSync(at("k"))), GUEST);
});

test("a snapshot may take the place of the one that was restored", async (
  { at },
) => {
  fs.writeFileSync(at("k"), GUEST);
  await lguest("--kernel", at("k"), "--memory", "2", "--snapshot", at("s"),
    "--at", "1000");
  const before = fs.readFileSync(at("s"));
  const { status, err } =
    await lguest("--restore", at("s"), "--snapshot", at("s"));
  assert.is(status, 0, err);
  assert.not(fs.readFileSync(at("s")).equals(before));
});

test("a snapshot takes another one's place when it is whole, and keeps its mode",
  ({ at, dir }) => {
    fs.writeFileSync(at("s"), "old", { mode: 0o640 });
    fs.symlinkSync("s", at("link"));
    nodeIo.replace(at("link"), Uint8Array.of(7, 8, 9));
    assert.equal([...fs.readFileSync(at("s"))], [7, 8, 9]);
    assert.is(fs.statSync(at("s")).mode & 0o777, 0o640);
    assert.ok(fs.lstatSync(at("link")).isSymbolicLink());
    assert.throws(() => nodeIo.replace("/dev/full", Uint8Array.of(1)),
      /no space left/);
    assert.throws(() => nodeIo.replace(dir, Uint8Array.of(1)), /directory/);
    assert.equal(fs.readdirSync(dir).sort(), ["link", "s"]);
  });

test("somebody else's files and links beside a snapshot are untouched",
  async ({ at, dir }) => {
    fs.writeFileSync(at("k"), GUEST);
    fs.writeFileSync(at("victim"), "mine");
    const taken = ["s.new", "s.tmp", `.lguest-${process.pid}-0`];
    for (const name of taken) fs.writeFileSync(at(name), "mine");
    fs.symlinkSync("victim", at(`.lguest-${process.pid}-1`));
    fs.symlinkSync("nowhere", at(`.lguest-${process.pid}-2`));
    const before = fs.readdirSync(dir);
    const { status, err } =
      await lguest("--kernel", at("k"), "--memory", "2",
        "--snapshot", at("s"));
    assert.is(status, 0, err);
    for (const name of [...taken, "victim"]) {
      assert.is(fs.readFileSync(at(name), "utf8"), "mine", name);
    }
    assert.equal(fs.readdirSync(dir), [...before, "s"].sort());
    assert.is((await lguest("--restore", at("s"))).status, 0);
  });

test("of two that write one snapshot at once, one whole file is left",
  async ({ at, dir }) => {
    const size = 300_000, times = 30;
    const writer = (byte: number) => child(`
      const { nodeIo } = require("./src/cli/node-io");
      for (let i = 0; i < ${times}; i++) nodeIo.replace(
        ${JSON.stringify(at("s"))}, new Uint8Array(${size}).fill(${byte}));
    `);
    fs.writeFileSync(at("s"), new Uint8Array(size).fill(1));
    const both = [writer(1), writer(2)], done = Promise.all(both.map(ended));
    const whole = [1, 2].map((byte) => Buffer.alloc(size, byte));
    let over = false, looks = 0;
    void done.then(() => { over = true; });
    while (!over) {
      const s = fs.readFileSync(at("s"));
      assert.is(s.length, size);
      assert.ok(whole.some((one) => s.equals(one)), "a mixture");
      looks++;
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.equal(await done, [0, 0]);
    assert.ok(looks > 0);
    assert.equal(fs.readdirSync(dir), ["s"]);
  });

test("a link to nowhere is told, and not followed", async ({ at }) => {
  fs.symlinkSync("nowhere", at("link"));
  for (const option of ["--snapshot", "--record", "--trace-file"]) {
    await refused(/link: is a link to a file that is not there; remove/,
      option, at("link"));
  }
  assert.is(fs.existsSync(at("nowhere")), false);
  fs.symlinkSync("round", at("round"));
  await refused(/round: is a link to itself/, "--snapshot", at("round"));
});

test("a folder that can't be written is told before anything runs", async (
  { at },
) => {
  // Even root writes nothing there.
  let printed = 0, err = "";
  for (const path of ["/proc/s", "/sys/s", at("no/where")]) {
    const status = await main(["--snapshot", path], { ...nodeIo,
      print(bytes) { printed += bytes.length; },
      complain(text) { err = text; } });
    assert.is(status, 2);
    assert.match(err, new RegExp(`^lguest: ${path}: [^\n]+\n$`));
  }
  assert.is(printed, 0);
});

test("a pipe without another end is told, and waits for nobody", async (
  { at },
) => {
  assert.is(spawnSync("mkfifo", [at("pipe")]).status, 0);
  await refused(/pipe: nothing comes out of this pipe/, "--kernel",
    at("pipe"));
  for (const option of ["--snapshot", "--record", "--trace-file"]) {
    await refused(/pipe: nobody is at the other end of this pipe; start/,
      option, at("pipe"));
  }
});

test("what goes through pipes arrives", async ({ at }) => {
  fs.writeFileSync(at("k"), GUEST);
  await lguest("--kernel", at("k"), "--memory", "2", "--snapshot", at("s"),
    "--trace-file", at("t"));
  const script = `
    mkfifo "$1/in" "$1/out" "$1/trace"
    cat "$1/k" > "$1/in" &
    cat "$1/out" > "$1/s2" &
    cat "$1/trace" > "$1/t2" &
    "$2" -r ./test/ready.cjs src/cli/main.ts \\
      --kernel <(cat "$1/in") --memory 2 --snapshot "$1/out" --trace-file "$1/trace" \\
      --record "$1/r" > "$1/said" || exit
    wait`;
  const { status, stderr } = spawnSync("bash",
    ["-c", script, "bash", at(""), process.execPath],
    { cwd: join(__dirname, ".."), encoding: "utf8", timeout: PATIENCE });
  assert.is(status, 0, stderr);
  assert.is(fs.readFileSync(at("said"), "utf8"), "hello\nhello\n");
  assert.ok(fs.readFileSync(at("s")).equals(fs.readFileSync(at("s2"))));
  assert.ok(fs.readFileSync(at("t")).equals(fs.readFileSync(at("t2"))));
});

test("a name that is too long is told so", () =>
  refused(/: no file has such a long name; shorten it/, "--snapshot",
    "x".repeat(300)));

test("standard output is a file, too, even if it is a pipe", async () => {
  const { status, stdout, stderr } = spawnSync("bash", ["-c",
    '"$0" -r ./test/ready.cjs src/cli/main.ts symbols ' +
    "-o /dev/stdout | head -c 4", process.execPath],
  { cwd: join(__dirname, ".."), encoding: "latin1", timeout: PATIENCE });
  assert.is(stderr.replace(/.* nobody reads from this pipe any more\n/, ""),
    "");
  assert.is(status, 0);
  assert.is(stdout, "\x7fELF");
});

test("a reader that leaves costs no snapshot, no record and no trace", async (
) => {
  const whole: Files = { k: GUEST }, cut: Files = { k: GUEST };
  const words = ["--kernel", "k", "--memory", "2", "--snapshot", "s",
    "--record", "r", "--trace-file", "t"];
  assert.is(await main(words, memoryIo(whole).io), 0);
  const { io } = memoryIo(cut);
  let tries = 0;
  const print = () => {
    if (++tries > 1) throw new BrokenPipe();
  };
  const complain = () => { throw new BrokenPipe(); };
  assert.is(await main(words, { ...io, print, complain }), 0);
  assert.is(tries, 2);
  for (const name of ["s", "r", "t"]) assert.equal(cut[name], whole[name]);
  // If nothing was asked for, nobody is interested any more.
  tries = 0;
  assert.is(await main(["--kernel", "k", "--memory", "2"],
    { ...io, print, complain }), 0);
  assert.is(tries, 2);
});

test("a reader that leaves costs a bare machine no record either", async () => {
  const k = kernel(`
1:      movb $0x61, %al
        movl $0x3f8, %edx
        outb %al, %dx
        movb $10, %al
        outb %al, %dx
        decb count
        jnz 1b
        outb %al, $0xf4
count:  .byte 5
`);
  const words = ["machine", "--kernel", "k", "--record", "r"];
  const whole: Files = { k }, cut: Files = { k };
  assert.is(await main(words, memoryIo(whole).io), 21);
  const print = () => { throw new BrokenPipe(); };
  const { io } = memoryIo(cut);
  assert.is(await main(words, { ...io, print }), 21);
  assert.equal(cut["r"], whole["r"]);
});

/** A multiboot kernel that begins with this. */
function kernel(text: string): Uint8Array {
  const { bytes } = assemble(`.long 0x1badb002, 0, -0x1badb002\n${text}`,
    { origin: 0x100000 });
  return writeElf([{ paddr: 0x100000, vaddr: 0x100000, bytes }], 0x10000c);
}

test("input without end is held back, and none of it is lost", async () => {
  const PIECE = 0x10000, room = bootMetal({ memory: 2 * MiB, kernel: kernel(
    "1: movl $0x3f8, %edx\n inb %dx, %al\n jmp 1b\n") },
  { print() {} });
  let arrived: (bytes: Uint8Array) => void = () => {}, held = false, sent = 0;
  const arrivals = new Arrivals({ terminal: false,
    start(tell) { arrived = tell; }, hold(on) { held = on; }, stop() {} });
  arrivals.deliver(room.gate);
  const push = () => {
    for (let i = 0; i < 1000 && !held; i++) {
      arrived(Uint8Array.from({ length: PIECE }, () => sent++ & 0xff));
    }
    assert.ok(held, "nobody holds it back");
  };
  const heard: number[] = [];
  room.gate.listener = ({ bytes }) =>
    heard.push(...Buffer.from(bytes, "hex"));
  for (let i = 0; i < 220; i++) {
    push();
    assert.ok(arrivals.waiting <= 2 * PIECE, `${arrivals.waiting}`);
    // The line takes all of it, as if the machine had read.
    room.machine.restore(emptied);
    arrivals.deliver(room.gate);
  }
  assert.ok(heard.length > 200_000, `${heard.length} heard`);
  assert.ok(heard.every((byte, i) => byte === (i & 0xff)));
});

const emptied = bootMetal({ memory: 2 * MiB, kernel: kernel("hlt\n") },
  { print() {} }).machine.snapshot();

test("a debugger that never reads is held back, and gets all its answers",
  async () => {
    const machine = new Machine({ memory: 0x100000 });
    let most = 0;
    const { write } = net.Socket.prototype;
    net.Socket.prototype.write = function (this: net.Socket, ...all) {
      const is = write.apply(this, all as never);
      most = Math.max(most, this.writableLength);
      return is;
    } as typeof write;
    try {
      await new Promise<void>((resolve, reject) => {
        const N = 2000, size = 0x1ff0;
        let heard = 0;
        const done = runDebugged({ machine, port: 0, wait: true,
          limit: Infinity, run: (options) => machine.run(options),
          finish: () => 0,
          announce(port) {
            const socket = net.connect(port, "127.0.0.1");
            const ask = packetOf(`m0,${size.toString(16)}`);
            socket.pause();
            socket.on("connect", () => {
              for (let i = 0; i < N; i++) socket.write(ask);
              socket.write(packetOf("k"), () => setImmediate(() =>
                socket.resume()));
            });
            socket.on("data", (bytes) => { heard += bytes.length; });
            socket.on("error", reject);
            socket.on("close", () => {
              try {
                // A plus for each, and a packet for each question.
                assert.is(heard, N * (1 + 2 * size + 4) + 1);
                resolve();
              } catch (error) {
                reject(error);
              }
            });
          } });
        done.catch(reject);
      });
    } finally {
      net.Socket.prototype.write = write;
    }
    assert.ok(most < 1_000_000, `${most} bytes wait`);
  });

test.run();
