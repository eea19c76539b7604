// Runs with Guests, written down and started again.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { main } from "../src/cli/main";
import { preferInterpreter } from "../src/machine";
import { guest, notify, shutdown } from "./guests";
import { memoryIo } from "./memory-io";
import type { Files } from "./memory-io";

const test = suite("runs");
const LIMIT = ["--memory", "2", "--max-instructions", "3000000"];

function lguest(words: string[], files: Files) {
  const { io, out, err } = memoryIo(files);
  const status = main(words, io);
  return { status, out: out(), err: err() };
}

const HELLO = guest(notify("text") + shutdown("off") +
  'text: .asciz "fine"\n off: .asciz ""');

test("a recorded run with a Guest runs again", () => {
  const files: Files = { k: HELLO };
  const first = lguest(["--kernel", "k", "--record", "r", "--seed", "9",
    "--cpus", "2", "--schedule", "random:50", "--interpreter", "generated",
    ...LIMIT], files);
  assert.is(first.status, 0, first.err);
  const again = lguest(["--replay", "r", "--interpreter", "plain"], files);
  preferInterpreter();
  assert.equal(again, first);
  files["moved"] = HELLO;
  delete files["k"];
  assert.equal(lguest(["--replay", "r", "--kernel", "moved"], files), first);
  files["k"] = guest("hlt");
  const other = lguest(["--replay", "r"], files);
  assert.is(other.status, 2);
  assert.match(other.err, /^lguest: k is not the kernel that r was .*\n$/);
  const damaged = Buffer.from(files["r"]!).toString()
    .replace(/"state":"[0-9a-f]+"/, '"state":"0"');
  files["d"] = new TextEncoder().encode(damaged);
  assert.is(lguest(["--replay", "d", "--kernel", "moved"], files).status, 2);
});

test("with --reboot a Guest that asks for a restart is started again",
  () => {
    const k = guest(shutdown("m", 2) + 'm: .asciz "again"');
    const once = lguest(["--kernel", "k", ...LIMIT], { k });
    assert.is(once.status, 0);
    const count = Number(/after (\d+)/.exec(once.err)![1]);
    const { status, err } = lguest(["--kernel", "k", "--reboot", "--memory",
      "2", "--max-instructions", String(3 * count + 10)], { k });
    assert.is(status, 4, err);
    assert.is(err.split("asked for a restart").length, 4, err);
  });

test("--initrd reaches the end of the Guest's memory", () => {
  const k = guest("movl $17, %eax\n movl $0x1ff000, %ebx\n int $0x1f\n" +
    shutdown("off") + 'off: .asciz ""');
  const i = new TextEncoder().encode("a RAM disk\0");
  const { status, out, err } =
    lguest(["--kernel", "k", "--initrd", "i", ...LIMIT], { k, i });
  assert.is(status, 0, err);
  assert.is(out, "a RAM disk");
  const big = lguest(["--kernel", "k", "--initrd", "i", ...LIMIT],
    { k, i: new Uint8Array(2 << 20) });
  assert.is(big.status, 2);
  assert.match(big.err, /^lguest: i is 2097152 bytes long, and doesn't fit/);
});

test.run();
