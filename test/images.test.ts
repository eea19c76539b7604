// Disks in files, and networks of Guests, as the command has them.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import { BrokenPipe } from "../src/cli/io";
import { main } from "../src/cli/main";
import { nodeIo } from "../src/cli/node-io";
import { freePages } from "../src/host";
import { boot, guestOutcome, MiB, UserError } from "../src/launcher";
import type { DiskFile } from "../src/launcher";
import { guest, notify, shutdown } from "./guests";
import { memoryIo } from "./memory-io";
import type { Files } from "./memory-io";
import { pcapFrames, receiver, sender } from "./net-guests";
import { diskDriver } from "./virtio";

const test = suite("images");
const LIMIT = ["--memory", "4", "--max-instructions", "3000000"];
const BUFFER = 0x210000, FLUSH = 0x200;

function lguest(
  words: string[], files: Files, update?: (path: string) => DiskFile,
) {
  const { io, out, err } = memoryIo(files);
  const status = main(words, { ...io, ...(update && { update }) });
  return { status, out: out(), err: err() };
}

function refused(words: string[], said: RegExp, files: Files = {}) {
  const { status, out, err } = lguest([...words, ...LIMIT], files);
  assert.is(status, 2, err);
  assert.is(out, "");
  assert.match(err, said);
  assert.match(err, /^lguest: [^\n]+\n$/, "exactly one line");
}

const disk = diskDriver("disk", 0x200000);
const OFF = shutdown("off"), AGAIN = shutdown("off", 2);
const HANG = "hang: jmp hang\n";

/** A Guest with a disk that it begins to use. */
const withDisk = (body: string, features = FLUSH) =>
  guest(disk.start(features) + body + `\noff: .asciz ""\n` + disk.data);

/** Writes a word to the begin of a sector. */
const put = (sector: number, word: number) =>
  `movl $${word}, ${BUFFER}\n` + disk.write(sector, BUFFER, 512);

/** Shuts down with what is on a sector, a string. */
const tell = (sector: number) => disk.read(sector, BUFFER, 512) +
  `movl $2, %eax\n movl $${BUFFER}, %ebx\n movl $1, %ecx\n int $0x1f\n`;

const word = (bytes: Uint8Array, at: number) =>
  new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);

test("what was written and flushed is there when it boots again", () => {
  const k = withDisk(put(3, 0x6f6c6c) + put(9, 0x21) + disk.flush + OFF);
  const files = { k, d: new Uint8Array(512 * 15) };
  const words = ["--kernel", "k", "--block", "d", ...LIMIT];
  assert.is(lguest(words, files).status, 0);
  assert.is(word(files.d, 512 * 3), 0x6f6c6c);
  assert.is(word(files.d, 512 * 9), 0x21);
  files.k = withDisk(tell(3));
  assert.match(lguest(words, files).err, /shut down .*llo/);
});

test("an end of its own writes what is left, a cut what was flushed", () => {
  const after = (body: string, mode = "", features = FLUSH) => {
    const files = { k: withDisk(body, features), d: new Uint8Array(4096) };
    const { status, err } =
      lguest(["--kernel", "k", "--block", `d${mode}`, "--memory", "4",
        "--max-instructions", "20000"], files);
    return [status, word(files.d, 0), word(files.d, 512), err] as const;
  };
  const one = put(0, 1), two = put(1, 2);
  const ends = (body: string, mode?: string, features?: number) =>
    after(body, mode, features).slice(0, 3);
  assert.equal(ends(one + disk.flush + two + OFF), [0, 1, 2]);
  assert.equal(ends(one + disk.flush + two + "ud2\n"), [1, 1, 2]);
  assert.equal(ends(one + disk.flush + two + HANG), [4, 1, 0]);
  assert.equal(ends(one + HANG, "", 0), [4, 1, 0], "without FLUSH: at once");
  assert.equal(ends(one + disk.flush + two + OFF, ":cow"), [0, 0, 0]);
  assert.equal(ends(disk.request(1, 0, [{ at: BUFFER, length: 512 }]) +
    `cmpb $1, ${disk.status}\n je 1f\n ud2\n1:\n` + OFF, ":ro"), [0, 0, 0]);
});

test("a restart finds what was written before, kept or not", () => {
  const k = withDisk(disk.read(0, BUFFER, 512) + `cmpl $7, ${BUFFER}\n` +
    "je 2f\n" + put(0, 7) + AGAIN + "2:" + OFF);
  for (const mode of ["", ":cow"]) {
    const files = { k, d: new Uint8Array(512) };
    const { status, err } = lguest(
      ["--kernel", "k", "--block", `d${mode}`, "--reboot", ...LIMIT], files);
    assert.is(status, 0, err);
    assert.match(err, /restart.*\n.*powered off/);
    assert.is(word(files.d, 0), mode ? 0 : 7);
  }
});

test("a Guest starts 50 times, and its disk has counted", () => {
  const k = withDisk(disk.read(0, BUFFER, 512) + `incl ${BUFFER}\n` +
    disk.write(0, BUFFER, 512) + `cmpl $50, ${BUFFER}\n je 2f\n` +
    AGAIN + "2:" + OFF);
  const files = { k, d: new Uint8Array(512) };
  const { status, err } = lguest(
    ["--kernel", "k", "--block", "d", "--reboot", ...LIMIT], files);
  assert.is(status, 0, err);
  assert.is(word(files.d, 0), 50);
  assert.is(err.match(/restart/g)?.length, 49);
});

for (const cpus of [1, 2])
  test(`25 Guests with devices give each page back, ${cpus} CPUs`, () => {
    const image = withDisk(put(0, 5) + disk.flush + AGAIN);
    const guests = Array.from({ length: 25 }, (_, n) => ({
      name: `g${n}`, image, commandLine: "", memory: 4 * MiB,
      disks: [{ size: 512, mode: "rw" as const, id: "d" }], nets: ["n"],
      rng: true }));
    const { machine } = boot({ guests, sequential: true, cpus });
    const { reason } = machine.run({ maxInstructions: 3_000_000 });
    assert.is(reason, "halted");
    for (const n of guests.keys())
      assert.is(guestOutcome(machine, n).state, "restart");
    const { now, boot: before } = freePages(machine);
    assert.is(now, before);
  });

test("a run is replayed with the disk as it was, and writes nothing", () => {
  const files: Files = { k: withDisk(disk.read(0, BUFFER, 512) +
    `incl ${BUFFER}\n` + disk.write(0, BUFFER, 512) + disk.flush + OFF),
  d: new Uint8Array(512), e: new Uint8Array(1024) };
  const words = ["--kernel", "k", "--block", "d", "--rng", "--net", "n"];
  const first = lguest([...words, "--record", "r", ...LIMIT], files);
  assert.is(first.status, 0, first.err);
  assert.is(word(files.d!, 0), 1);
  const changed = lguest(["--replay", "r"], files);
  assert.is(changed.status, 2);
  assert.match(changed.err, /^lguest: d is not the disk that r was recorded/);
  files.old = new Uint8Array(512);
  assert.equal(lguest(["--replay", "r", "--block", "old"], files), first);
  assert.is(word(files.old, 0), 0);
  for (const [block, said] of [[["a", "b"], /can do with one --block/],
    [["e"], /e is not the disk/]] as const) {
    refused(["--replay", "r", ...block.flatMap((one) => ["--block", one])]
      .filter((one) => !LIMIT.includes(one)), /./, files);
    const { err } = lguest(["--replay", "r",
      ...block.flatMap((one) => ["--block", one])], files);
    assert.match(err, said);
  }
  const head = Buffer.from(files.r!).toString();
  for (const [from, to] of [['"mode":"rw"', '"mode":"wr"'],
    [',"mode":"rw"', ""], ['"role":"block"', '"role":"initrd"'],
    [/("guest":0),"mode"/, '"guest":1,"mode"'], ["run 3", "run 2"]] as const) {
    files.x = new TextEncoder().encode(head.replace(from, to));
    assert.not.equal(files.x, files.r);
    const { status, err } = lguest(["--replay", "x"], files);
    assert.is(status, 2);
    assert.match(err, /^lguest: x is a (damaged run file|run file of)/);
  }
});

test("a snapshot has the disk with it, and goes on without the file", () => {
  const files: Files = { k: withDisk(put(0, 5) + "movl $9999, %ecx\n" +
    "1: loop 1b\n" + disk.read(0, BUFFER, 512) + `cmpl $5, ${BUFFER}\n` +
    "je 1f\n ud2\n1:\n" + put(0, 6) + disk.flush + OFF),
  d: new Uint8Array(512) };
  const whole = lguest(["--kernel", "k", "--block", "d", "--snapshot", "s",
    "--at", "12000", ...LIMIT], files);
  assert.is(whole.status, 0, whole.err);
  assert.is(word(files.d!, 0), 6);
  files.d = new Uint8Array(512);
  const rest = lguest(["--restore", "s"], files);
  assert.equal(rest.err, whole.err);
  assert.is(word(files.d, 0), 0);
});

test("what makes no disk and no network is refused in one line", () => {
  const files: Files = { d: new Uint8Array(512), empty: new Uint8Array(0),
    odd: new Uint8Array(700), x: new Uint8Array(1024) };
  const two = (a: string, b: string) => ["--block", a, "--block", b];
  const bad: [string[], RegExp][] = [
    [["--block", "none"], /none: no such file/],
    [["--block", ""], /--block needs a FILE/],
    [["--block", ":ro"], /--block needs a FILE/],
    [["--block", "d:wo"], /d:wo: no such file/],
    [["--block", "empty:ro"], /empty is empty, .* try truncate/],
    [["--block", "odd:cow"], /odd is 700 bytes long, .* multiple of 512/],
    [two("d", "d"), /--block #1 and --block #2 are the same file, d; copy/],
    [two("d:ro", "d"), /same file/], [two("./d", "d:cow"), /same file/],
    [["--block", "d", "--snapshot", "d"], /same file/],
    [["--block", "d:ro", "--net-dump", "d"], /--net-dump and --block are the/],
    [["--guest", "block=d", "--guest", "name=b,block=x,block=d:ro"],
      /--guest #1 block and --guest #2 block #2 are the same file/],
    [["--net", ""], /--net : a network's name has 1 to 16/],
    [["--net", "a b"], /--net a b: a network/],
    [["--guest", "net=12345678901234567"], /--guest net=1.*: net 1.*: a netw/],
    [["--guest", "rng=1"], /rng takes no value/],
    [["--guest", "rng,rng"], /rng is given twice/],
    [["--guest", "block"], /block needs a value/],
    [["--rng", "--guest", ""],
      /--rng is nobody's among several; write --guest rng/],
    [["--block", "d", "--guest", ""], /--block is nobody's .* block=\.\.\./],
    [Array<string[]>(31).fill(["--net", "n"]).flat(), /more than 30 devices/],
    [["--restore", "s", "--block", "d"], /--block can't be changed/],
    [["--replay", "s", "--net", "d"], /can't be changed/],
    [["machine", "--block", "d"], /--block is for run/],
    [["--net-dump", ""], /--net-dump needs a FILE/],
  ];
  for (const [words, said] of bad) refused(words, said, files);
  const most = lguest([...two("d:ro", "d:cow"), ...Array<string[]>(28)
    .fill(["--net", "n"]).flat(), ...LIMIT], files);
  assert.is(most.status, 0, most.err);
});

test("images together are not larger than what there is for them", () => {
  const read = (path: string) =>
    ({ length: path === "d" ? 2 ** 30 + 512 : 2 ** 29 }) as Uint8Array;
  const { io, err } = memoryIo({});
  const run = (...words: string[]) =>
    main([...words, ...LIMIT], { ...io, read });
  assert.is(run("--block", "d:ro"), 2);
  assert.is(run("--block", "a:ro", "--block", "b:ro"), 2);
  assert.match(err(), new RegExp("^lguest: d is 1025 MiB large, and there " +
    "is room for 1024; .*\nlguest: all disks and networks take 1025 MiB"));
});

function inFolder(action: (folder: string) => void): void {
  const folder = fs.mkdtempSync(join(os.tmpdir(), "lguest-"));
  try {
    action(folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

/** The error of an action. */
function complaint(action: () => void): string {
  try {
    action();
  } catch (error) {
    assert.instance(error, UserError);
    return (error as Error).message;
  }
  return "nothing";
}

test("a real file: pieces are replaced, and its loss is seen", () => {
  inFolder((folder) => {
    const d = join(folder, "d"), e = join(folder, "e");
    fs.writeFileSync(d, new Uint8Array(1024));
    const open = nodeIo.update(d), piece = Uint8Array.of(1, 2, 3, 4);
    open.write(512, piece);
    open.sync();
    assert.is(word(fs.readFileSync(d), 512), 0x04030201);
    assert.is(fs.statSync(d).size, 1024);
    fs.writeFileSync(e, new Uint8Array(1024));
    fs.renameSync(e, d);
    assert.match(complaint(() => open.write(0, piece)),
      /d: was removed or replaced .* left alone/);
    assert.is(word(fs.readFileSync(d), 0), 0);
    const other = nodeIo.update(d);
    fs.truncateSync(d, 512);
    assert.match(complaint(() => other.write(0, piece)), /d: was cut to 512/);
    assert.is(word(fs.readFileSync(d), 0), 0);
    assert.match(complaint(() => nodeIo.update(e)), /e: no such file/);
    assert.match(complaint(() => nodeIo.update(folder)), /is a directory/);
    assert.match(complaint(() => nodeIo.update("/dev/null")), /is no file/);
    const link = join(folder, "full");
    fs.symlinkSync("/dev/full", link);
    assert.match(complaint(() => nodeIo.update(link)), /is no file/);
  });
});

test("a flush that fails ends the run with one line", () => {
  const files = { k: withDisk(put(0, 1) + disk.flush + HANG),
    d: new Uint8Array(512) };
  const { status, err } = lguest(["--kernel", "k", "--block", "d", ...LIMIT],
    files, (path) => ({ sync() {},
      write() { throw new UserError(`${path}: no space left`); } }));
  assert.is(status, 2);
  assert.is(err, "lguest: d: no space left\n");
});

test("the command keeps a disk, and is told when it is gone", () => {
  inFolder((folder) => {
    const d = join(folder, "d"), k = join(folder, "k");
    fs.writeFileSync(d, new Uint8Array(512));
    fs.writeFileSync(k, withDisk(put(0, 3) + disk.flush + OFF));
    const said: string[] = [], words = ["--kernel", k, "--block", d, ...LIMIT];
    const io = { ...nodeIo, complain: (text: string) => void said.push(text) };
    assert.is(main(words, io), 0, said.join());
    assert.is(word(fs.readFileSync(d), 0), 3);
    const lost = { ...io, update(path: string) {
      const file = io.update(path);
      fs.unlinkSync(path);
      fs.writeFileSync(path, new Uint8Array(512));
      return file;
    } };
    assert.is(main(words, lost), 2);
    assert.match(said.at(-1)!, /^lguest: .*d: was removed or replaced .*\n$/);
    assert.is(word(fs.readFileSync(d), 0), 0);
  });
});

test("a disk is kept even if nobody reads the output any more", () => {
  const files = { k: withDisk(notify("off") + notify("off") + put(0, 4) + OFF),
    d: new Uint8Array(512) };
  const { io, err } = memoryIo(files);
  const print = () => { throw new BrokenPipe(); };
  const words = ["--kernel", "k", "--block", "d", ...LIMIT];
  assert.is(main(words, { ...io, print }), 0, err());
  assert.is(word(files.d, 0), 4);
});

test("two Guests send and check frames, and a snapshot goes on alike", () => {
  const files: Files = { s: sender(32), r: receiver(32) };
  const words = ["--cpus", "2", "--guest",
    "name=s,kernel=s,net=n,cpu=0,memory=4",
    "--guest", "name=r,kernel=r,net=n,cpu=1,memory=4"];
  const limit = ["--max-instructions", "3000000"];
  const whole = lguest([...words, "--net-dump", "p", "--snapshot", "snap",
    "--at", "40000", "--record", "run", ...limit], files);
  assert.is(whole.status, 0, whole.err);
  const frames = pcapFrames(files.p!);
  assert.is(frames.length, 34);
  assert.is(frames.filter(({ bytes }) => bytes[0] === 0xff).length, 2);
  assert.ok(frames.every(({ time }, i) =>
    time >= (frames[i - 1]?.time ?? 0)), "in the order of time");
  const rest = lguest(["--restore", "snap", "--net-dump", "q"], files);
  assert.is(rest.err, whole.err);
  const after = pcapFrames(files.q!);
  assert.ok(after.length > 0 && after.length < 34, String(after.length));
  assert.equal(after, frames.slice(-after.length));
  assert.equal(lguest(["--replay", "run"], files), whole);
  const read = spawnSync("tcpdump", ["-n", "-r", "-"], { input: files.p! });
  if (read.error) return;
  assert.is(read.stdout.toString().trim().split("\n").length, 34);
});

test("who doesn't fetch frames loses them, and the end says how many", () => {
  const lazy = guest("movl $3000, %ecx\n1: pushl %ecx\n movl $5, %ecx\n" +
    "2: loop 2b\n popl %ecx\n loop 1b\n" + OFF + 'off: .asciz ""');
  const files = { s: sender(99, false), r: lazy };
  const { status, err } = lguest(["--guest", "name=s,kernel=s,net=n,memory=4",
    "--guest", "name=r,kernel=r,net=n,memory=4", "--max-instructions",
    "3000000"], files);
  assert.is(status, 0, err);
  assert.match(err, /\nlguest: r lost \d+ frames of the network n: it /);
});

test.run();
