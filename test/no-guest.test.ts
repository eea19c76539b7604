// Kernels that can't be Guests: what their files tell, and what is said at
// their ends. None that could run is refused.
import { gzipSync } from "node:zlib";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { assemble, writeElf } from "../src/assembler";
import { main } from "../src/cli/main";
import { unpacked } from "../src/cli/unpack";
import { boot, MiB, parseKernel, refuseNoGuest, UserError }
  from "../src/launcher";
import { bzImageOf } from "./bzimage";
import { bareGuest, guest } from "./guests";
import { memoryIo } from "./memory-io";
import type { Files } from "./memory-io";
import { randomNumbers } from "./programs";

const LINUX = "Linux version 4.9.0 (a@b)\0Kernel panic - not syncing: %s\0";
const LGUEST = LINUX + "lguest\0", PAE = "initial_pg_pmd\0";

/** A kernel that says these words, if it gets so far. */
function saying(text: string): Uint8Array {
  const { bytes } = assemble("ud2\n", { origin: 0x100000 });
  return writeElf([{ paddr: 0x100000, vaddr: 0x100000,
    bytes: Buffer.concat([bytes, Buffer.from(text, "latin1")]) }], 0x100000);
}

function patched(file: Uint8Array, at: number, ...bytes: number[]) {
  const copy = file.slice();
  copy.set(bytes, at);
  return copy;
}

/** The same in a bzImage, packed by gzip. */
function packed(payload: Uint8Array): Uint8Array {
  const bytes = gzipSync(payload);
  const file = bzImageOf(Buffer.concat([Buffer.from("\x0f\x0b++", "latin1"),
    bytes]), { version: 0x20d, highest: 0x7fffffff });
  const view = new DataView(file.buffer);
  view.setUint32(0x1f4, Math.ceil((bytes.length + 4) / 16), true);
  view.setUint32(0x248, 4, true);
  view.setUint32(0x24c, bytes.length, true);
  return file;
}

function lguest(files: Files, ...words: string[]): [unknown, string] {
  const { io, err } = memoryIo(files);
  const status = main(["--memory", "4", "--kernel", "k", ...words], io);
  return [status, err().replace(/ after \d.* switch(es)?/, "")];
}

const image = packed(saying(LGUEST));

test("a file that can't be a Guest's is refused in one line", () => {
  const cases: [Uint8Array, string][] = [
    [saying(LINUX), "is a Linux kernel that can't be a Guest; try one of " +
      "4.1 to 4.13 with CONFIG_LGUEST_GUEST, or lguest machine"],
    [saying(LGUEST + PAE), "is a Linux kernel for PAE, and this Host has " +
      "none; build it without CONFIG_X86_PAE"],
    [patched(image, 0x236, 1),
      "is a 64-bit Linux kernel; it must be 32-bit: make ARCH=i386"],
    [patched(image, 0x214, 0, 0x10, 0),
      "is a zImage, for the lowest 640 KiB; try make bzImage"],
    [image.slice(0, -16), `is truncated: ${image.length - 16} bytes of at ` +
      `least ${1024 + 16 * Math.ceil((image.length - 1024) / 16) - 15}; ` +
      "copy it again"],
    [gzipSync(saying(LGUEST)),
      "is packed by gzip; unpack it, or is it an initrd?"],
    [Buffer.from("070701"),
      "is packed by cpio; unpack it, or is it an initrd?"],
  ];
  cases.push([packed(cases[0]![0]), cases[0]![1]],
    [packed(cases[1]![0]), cases[1]![1]]);
  for (const [k, said] of cases)
    assert.equal(lguest({ k }), [2, `lguest: k ${said}\n`]);
});

test("what could be a Guest is let in", () => {
  for (const file of [image, saying(LGUEST), saying("Linux version 0"),
    saying("lguest\0" + PAE), bareGuest("hlt"), patched(image, 0x24c, 9),
    packed(Buffer.from(LGUEST)), patched(image, 0x206, 7)]) {
    [file, ...unpacked(file)].forEach(refuseNoGuest);
    parseKernel(file, 4 * MiB);
  }
});

test("symbols that are named after lguest make no Guest", () => {
  assert.throws(() => refuseNoGuest(saying(LINUX + "lguest_entry\0")),
    /can't be a Guest/);
});

test("an end before INIT, and one without the right tables, have advice", () => {
  const NEVER = "; it never made the hypercall INIT: is it for lguest, as " +
    "Linux with CONFIG_LGUEST_GUEST? if not, try lguest machine";
  const killed = "was killed: unhandled trap";
  const cases: [Uint8Array, string][] = [
    [image, `${killed} 6 at 0x100000 (0x0)${NEVER}`],
    [bareGuest("lgdt 0x3000"), `${killed} 13 at 0x100000 (0x0)${NEVER}`],
    [bareGuest("1: hlt\n jmp 1b"),
      "sleeps and nothing can wake it" + NEVER],
    [bareGuest("movl $10, %eax\n int $0x1f"),
      "was killed: hypercall 10 before INIT"],
    [guest("xorl %ebx, %ebx\n div %ebx"), `${killed} 0 at 0x100013 (0x0)`],
    [guest("movl $10, %eax\n int $0x1f"), "sleeps and nothing can wake it"],
    // As Linux begins with PAE: a directory of four entries, one for the
    // addresses as they are and one for the kernel's.
    [guest("movl $4, %eax\n movl $1f, %ebx\n int $0x1f\n nop\n" +
      ".balign 4096\n 1: .long 2f + 0x67, 0, 0, 0, 0, 0, 2f + 0x67, 0\n" +
      ".balign 4096\n 2: .long 3f + 0x67, 0\n" +
      ".balign 4096\n 3: .fill 4096, 1, 0"),
      `${killed} 14 at 0x10001d (0x10001d); its page tables don't have that ` +
      "address: are they PAE's? try a kernel without CONFIG_X86_PAE"],
  ];
  for (const [k, said] of cases)
    assert.equal(lguest({ k }), [1, `lguest: the Guest ${said}\n`]);
});

test("a RAM disk that is empty, or lies upon its kernel, is refused", () => {
  const k = bareGuest("hlt");
  const disk = (i: Uint8Array) => lguest({ k, i }, "--initrd", "i");
  assert.equal(disk(new Uint8Array(0)),
    [2, "lguest: i is empty; make it again\n"]);
  const large = new Uint8Array(5 * MiB);
  const [, said] = disk(large);
  assert.match(said, /^lguest: i is 5242880 .* fit .*; try --memory 7\n$/);
  assert.throws(() => boot({ guests: [{ name: "g", image: k, initrd: large,
    commandLine: "", memory: 4 * MiB }] }),
    (error: unknown) => error instanceof UserError);
});

test("no damage makes these questions do more than complain", () => {
  const random = randomNumbers(7), seen = new Set<string>();
  const files = [image, packed(saying(LINUX)), saying(LGUEST + PAE)];
  for (let n = 0; n < 600; n++) {
    const file = files[n % 3]!.slice(0, random(4) ? undefined
      : random(files[n % 3]!.length));
    for (let bytes = random(4); bytes > 0; bytes--)
      file[random(2) ? random(file.length) : 0x1f0 + random(0x80)] =
        random(256);
    try {
      [file, ...unpacked(file)].forEach(refuseNoGuest);
      parseKernel(file, 4 * MiB);
      seen.add("fits");
    } catch (error) {
      assert.instance(error, UserError, `file ${n} of seed 7: ${error}`);
      seen.add((error as Error).message.slice(0, 16));
    }
  }
  assert.ok(seen.size > 7, [...seen].join());
});

test.run();
