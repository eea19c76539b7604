// `lguest symbols`: each instruction's line, what GNU reads in the file, and
// what the command refuses.
import { spawnSync } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { suite } from "uvu";
import * as assert from "uvu/assert";
import {
  assemble, disassemble, guestText, GUEST_VIRTUAL, hostStretches, stretchesOf,
  switcherStretches, switcherText, switcherWithGlobals, waysHome,
} from "../src";
import type { Stretch } from "../src";
import { main } from "../src/cli/main";
import { memoryIo } from "./memory-io";
import type { Files } from "./memory-io";
import { testWith } from "./reference";

const test = suite("symbols");
const root = resolve(__dirname, "..");

function symbols(words: string[], files: Files = {}) {
  const { io, out, err } = memoryIo(files);
  const status = main(["symbols", ...words], io);
  return { status, out: out(), err: err(), file: files["o"] };
}

const chapters = new Map<string, string[]>();

/** A chapter's line, without labels and comments. */
function lineOf(file: string, line: number): string {
  const known = chapters.get(file) ??
    fs.readFileSync(join(root, file), "utf8").split("\n");
  chapters.set(file, known);
  return known[line - 1]!.replace(/#.*/, "").replace(/^\s*(\w+:\s*)*/, "");
}

const SAME: Record<string, string> = { jz: "je", jnz: "jne", jc: "jb" };
const PREFIX = /^(lock|repz?|repe|repnz|repne) +/;

/** Whether a line of assembly may be an instruction as it is shown. */
function isLine(text: string, shown: string): boolean {
  const wordOf = (insn: string) => /^\S*/.exec(insn.replace(PREFIX, ""))![0];
  const word = wordOf(text), name = wordOf(shown);
  const names = word.startsWith(name) || name.startsWith(word) ||
    SAME[word] === name || (name === "hostcall" && word === ".byte");
  const registers = (insn: string) =>
    [...insn.matchAll(/%\w+/g)].map(([one]) => one).sort().join();
  return word !== "" && names && (!text.includes("%") ||
    registers(text) === registers(shown));
}

/** How many instructions of some code stand in chapters; all must be where
 * the lines say. */
function checkLines(stretches: readonly Stretch[]): number {
  let count = 0;
  for (const { name, address: from, bytes, lines } of stretches) {
    lines.forEach(({ address, file, line }, i) => {
      if (!file.startsWith("chapters/")) return;
      const text = lineOf(file, line);
      if (address === lines[i + 1]?.address || /^\.(?!byte 0x0f)/.test(text)) return;
      const { text: shown } = disassemble(bytes.subarray(address - from),
        address, { code16: name === "trampoline" });
      assert.ok(isLine(text, shown),
        `${address.toString(16)} ${shown}: ${file}:${line} has ${text}`);
      count++;
    });
  }
  return count;
}

test("each instruction of the Switcher has its line", () => {
  const [switcher] = switcherStretches();
  const end = switcher!.labels.get("guest_trap_0")!;
  const lines = new Set(switcher!.lines.map(({ address }) => address));
  let count = 0;
  for (let at = switcher!.address; at < end; count++) {
    assert.ok(lines.has(at), `no line at ${at.toString(16)}`);
    at += disassemble(switcher!.bytes.subarray(at - switcher!.address)).length;
  }
  assert.is(checkLines([switcher!]), count);
});

test("each instruction of the Host has its line", () => {
  assert.ok(checkLines(hostStretches()) > 500);
});

test("each instruction of the default Guest has its line", () => {
  const guest = assemble(guestText, { origin: GUEST_VIRTUAL });
  const stretches = stretchesOf(guest, [["start", 0]]);
  assert.ok(checkLines(stretches) > 500);
});

test("a caller is known behind each push, and where ways meet", () => {
  const [switcher] = switcherStretches();
  const ways = waysHome([switcher!, ...hostStretches()]);
  const at = (name: string, more = 0) =>
    ways.get(switcher!.labels.get(name)! + more);
  assert.equal(at("return_to_host"), { caller: "guest", depth: 8 });
  assert.equal(at("deliver_to_host"), { caller: "guest", depth: 8 });
  assert.equal(at("guest_trap_14"), { caller: "guest", depth: 4 });
  // The iret to the Host, right before the other way back.
  const end = switcher!.labels.get("deliver_to_host")! - 1;
  assert.equal(ways.get(end), { caller: "far", depth: 0 });
});

test("a Switcher of one's own has its own lines", () => {
  const own = switcherText.replace(/^# \d+ ".*\n/gm, "");
  const { status, err, file } = symbols(["-o", "o", "--switcher", "mine"],
    { mine: new TextEncoder().encode(own) });
  assert.is(status, 0, err);
  const text = Buffer.from(file!).toString("latin1");
  assert.ok(text.includes("./mine\0"));
  assert.ok(text.includes("chapters/510-loop.md\0"));
});

test("with-globals has the lines of its chapter", () => {
  const { status, file } =
    symbols(["-o", "o", "--switcher", "with-globals", "--world", "guest"]);
  assert.is(status, 0);
  const text = Buffer.from(file!).toString("latin1");
  assert.ok(text.includes("chapters/672-globals.md\0"));
  const [switcher] = switcherStretches(switcherWithGlobals);
  const end = switcher!.labels.get("deliver_to_host")! - 1;
  assert.equal(waysHome([switcher!]).get(end), { caller: "far", depth: 0 });
});

test("what makes no sense is refused in one line", () => {
  const refused = (words: string[], said: RegExp, files: Files = {}) => {
    const { status, out, err } = symbols(words, files);
    assert.is(status, 2, err);
    assert.is(out, "");
    assert.match(err, /^lguest: [^\n]+\n$/);
    assert.match(err, said);
  };
  refused([], /add -o FILE/);
  refused(["-o"], /--output needs a value/);
  refused(["-o", ""], /--output needs a FILE/);
  refused(["-o", "o", "-o", "p"], /--output is given twice/);
  refused(["-o", "o", "--world", "moon"], /it is host or guest/);
  refused(["-o", "o", "--cpus", "2"], /--cpus is not for symbols/);
  refused(["-o", "o", "--kernel", "k"], /--kernel k: a kernel in a file/);
  refused(["-o", "o", "k"], /"k" is one word too many/);
  refused(["-o", "o", "--switcher", "s"], /s: no such file/);
  refused(["-o", "s", "--switcher", "s"], /are the same file/,
    { s: new TextEncoder().encode(switcherText) });
  const { io, err } = memoryIo({});
  for (const words of [["-o", "o"], ["machine", "--world", "host"]])
    assert.is(main(words, io), 2);
  assert.match(err(), /--output is for symbols[^]*--world is for symbols/);
});

testWith(test, "objdump")("GNU reads the same lines and names", () => {
  const folder = fs.mkdtempSync(join(tmpdir(), "lguest-symbols-"));
  const path = join(folder, "host.elf");
  fs.writeFileSync(path, symbols(["-o", "o"]).file!);
  const read = (...words: string[]) => {
    const { status, stdout, stderr } = spawnSync("objdump", [...words, path],
      { encoding: "latin1", maxBuffer: 1 << 26 });
    assert.is(status, 0, stderr);
    assert.is(stderr, "");
    return stdout;
  };
  const lines = read("--dwarf=decodedline");
  const frames = read("--dwarf=frames-interp"), names = read("-t");
  fs.rmSync(folder, { recursive: true });
  const stretches = [...switcherStretches(), ...hostStretches()];
  const rows = [...lines.matchAll(
    /^(?:chapters\/)?(\S+\.md) +(\d+) +(0x\w+) +x$/gm)]
    .map(([, file, line, address]) => `${file}:${line} ${Number(address)}`);
  assert.equal(rows, stretches.flatMap((stretch) => stretch.lines
    .filter(({ file, address }, i) => file.startsWith("chapters/") &&
      address !== stretch.lines[i + 1]?.address)
    .map(({ file, line, address }) =>
      `${file.slice("chapters/".length)}:${line} ${address}`)));
  assert.match(frames, /^ffc00007 esp\+28 +c-8 *$/m);
  assert.match(names, /^ffc00000 g.* \.text\.switcher\t0+ switch_to_guest$/m);
});

test.run();
