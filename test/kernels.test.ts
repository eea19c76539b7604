// Files that say they are kernels: what is refused, in which words; and
// random ones, which must be refused or fit.
import { suite } from "uvu";
import * as assert from "uvu/assert";
import { assemble, writeElf } from "../src/assembler";
import {
  checkInitrd, MiB, MOST_FOR_GUESTS, MOST_FOR_MACHINES, parseKernel,
  planKernel, UserError,
} from "../src/launcher";
import type { LoadOptions } from "../src/launcher";
import { bzImageOf } from "./bzimage";
import { randomNumbers } from "./programs";

const test = suite("kernels");

/** What a call complains of, if it does. */
function complaint(call: () => unknown, why = ""): string | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    assert.instance(error, UserError, `${why}: ${(error as Error).stack}`);
    return (error as Error).message;
  }
}

const HEADER = ".long 0x1badb002, 0, -0x1badb002\n hlt\n";
const code = assemble(HEADER, { origin: 0x100000 }).bytes;

/** A file with one segment, which is so long in memory. */
function elf(paddr: number, memsz: number, multiboot = true): Uint8Array {
  const bytes = multiboot ? code : Uint8Array.of(0xf4);
  return writeElf([{ paddr, vaddr: paddr, bytes, memsz }], paddr);
}

/** A multiboot kernel that says itself where it belongs. */
function addressed(load: number, bss: number): Uint8Array {
  const flags = 0x10000;
  return assemble(`.long 0x1badb002, ${flags}, -0x1badb002 - ${flags}\n` +
    ` .long ${load}, ${load}, 0, ${bss}, ${load + 32}\n hlt\n`).bytes;
}

/** A bzImage that wants so much room at an address. */
const bzImage = (preferred: number, room: number, high = 0) =>
  bzImageOf(new Uint8Array(1024),
    { version: 0x20c, highest: 0x7fffffff, preferred, high, room });

const NO_FILES: LoadOptions = { memory: 64 * MiB, commandLine: "",
  modules: [] };

test("an end beyond 4 GiB is shown as it is, and nothing vain advised", () => {
  const onMachine = (file: Uint8Array, more: Partial<LoadOptions> = {}) =>
    complaint(() => planKernel(file, { ...NO_FILES, ...more }));
  const forGuest = (file: Uint8Array, memory = 64 * MiB) =>
    complaint(() => parseKernel(file, memory));
  const cases: [string | undefined, string][] = [
    [onMachine(elf(0x100000, 0xfffffff0)),
      "doesn't fit: its segment reaches up to 0x1000ffff0, and the machine " +
      "has 64 MiB; it can't fit: --memory goes up to 2048"],
    [onMachine(elf(0xfffff000, 0x2000, false)),
      "doesn't fit: it needs memory up to 0x100001000 before it looks how " +
      "much there is, and the machine has 64 MiB; it can't fit: --memory " +
      "goes up to 2048"],
    [onMachine(elf(0x100000, 0x7ff00000)),
      "doesn't fit: its segment reaches up to 0x80000000, and the machine " +
      "has 64 MiB; try --memory 2048"],
    [onMachine(elf(0x100000, 0x7ff00001)),
      "doesn't fit: its segment reaches up to 0x80000001, and the machine " +
      "has 64 MiB; it can't fit: --memory goes up to 2048"],
    [onMachine(addressed(0xffffff00, 0)),
      "doesn't fit: the kernel reaches up to 0xffffff21, and the machine " +
      "has 64 MiB; it can't fit: --memory goes up to 2048"],
    [onMachine(bzImage(0xf0000000, 0x20000000)),
      "doesn't fit: it needs memory up to 0x110000000 before it looks how " +
      "much there is, and the machine has 64 MiB; it can't fit: --memory " +
      "goes up to 2048"],
    [onMachine(bzImage(0x100000, 0x100000, 1)),
      "doesn't fit: it needs memory up to 0x100200000 before it looks how " +
      "much there is, and the machine has 64 MiB; it can't fit: --memory " +
      "goes up to 2048"],
    [onMachine(bzImage(0x100000, 0x3ff00000),
      { memory: 1024 * MiB, initrd: new Uint8Array(5000) }),
      "leaves no room for an initrd of 5000 bytes in 1024 MiB; " +
      "try --memory 1025"],
    [onMachine(bzImage(0x100000, 0x7ff00000),
      { memory: 2048 * MiB, initrd: new Uint8Array(5000) }),
      "leaves no room for an initrd of 5000 bytes in 2048 MiB; " +
      "try a smaller one"],
    [forGuest(elf(0x100000, 0xffffffff)),
      "is too big: it reaches up to 0x1000fffff, and the Guest has 64 MiB; " +
      "it can't fit: --memory goes up to 864"],
    [forGuest(elf(0x100000, 0x35f00000)),
      "is too big: it reaches up to 0x36000000, and the Guest has 64 MiB; " +
      "try --memory 864"],
    [forGuest(elf(0x100000, 0x35f00001)),
      "is too big: it reaches up to 0x36000001, and the Guest has 64 MiB; " +
      "it can't fit: --memory goes up to 864"],
    [forGuest(bzImage(0x100000, 0x100000, 1)),
      "is too big: it reaches up to 0x100200000, and the Guest has 64 MiB; " +
      "it can't fit: --memory goes up to 864"],
  ];
  for (const [told, expected] of cases) assert.is(told, expected);
});

test("an initrd that no Guest has room for isn't advised away", () => {
  const kernel = parseKernel(elf(0x100000, 0x35e00000), MOST_FOR_GUESTS);
  const room = complaint(() =>
    checkInitrd(kernel, new Uint8Array(2 * MiB), MOST_FOR_GUESTS));
  assert.is(room, "is 2097152 bytes long, and doesn't fit above the kernel; " +
    "it can't fit: --memory goes up to 864");
});

/** Changes some words of a file, mostly in its headers. */
function damage(file: Uint8Array, random: (n: number) => number): Uint8Array {
  const bytes = file.slice(0, random(20) ? file.length
    : random(file.length + 1));
  const view = new DataView(bytes.buffer);
  const values = [0, 1, 2, 20, 32, 40, 52, 0x7fff, 0xffff, 0x9000, 0x9fc00,
    0xa0000, 0x100000, 0x7fffffff, 0x80000000, 0xfffff000, 0xffffffff,
    bytes.length, bytes.length - 1];
  for (let n = random(5); n >= 0; n--) {
    const at = random(Math.max(1, Math.min(bytes.length, 160)) + 0x80) * 2 +
      (random(2) ? 0 : 0x1f0);
    if (at + 4 > bytes.length) continue;
    const value = random(3) ? values[random(values.length)]!
      : (random(0x10000) * 0x10000 + random(0x10000)) >>> 0;
    if (random(2)) view.setUint32(at, value, true);
    else view.setUint16(at, value & 0xffff, true);
  }
  return bytes;
}

/** A line that a person can use: whole, true to the limits, and short. */
function checkLine(line: string, most: number, why: string): void {
  assert.not.match(line, /[\x00-\x1f]|undefined|NaN|Infinity|0x-|e\+/, why);
  assert.ok(line.length < 300, why);
  for (const [, advised] of line.matchAll(/try --memory (\S+)/g)) {
    assert.ok(/^\d+$/.test(advised!) && Number(advised) * MiB <= most, why);
  }
}

test("a damaged kernel is refused in a line, or fits", () => {
  const random = randomNumbers(11), seen = new Set<string>();
  const two = writeElf([{ paddr: 0x100000, vaddr: 0xc0100000, bytes: code },
    { paddr: 0x8000, vaddr: 0x8000, bytes: new Uint8Array(900) }], 0x10000c);
  const files = [two, elf(0x200000, 0x3000), elf(0x200000, 0x3000, false),
    addressed(0x100000, 0x105000), bzImage(0x100000, 0x100000)];
  let good = 0;
  for (let n = 0; n < 6000; n++) {
    const file = damage(files[n % files.length]!, random);
    const memory = [1, 64, 2048][random(3)]! * MiB;
    const modules = n % files.length === 4 ? [] : Array.from(
      { length: random(3) }, () => ({ bytes: new Uint8Array(3), text: "m" }));
    const options: LoadOptions = { memory, commandLine: "quiet", modules,
      ...(random(3) === 0 && { initrd: new Uint8Array(5000) }) };
    const why = `file ${n} of seed 11`;
    const told = complaint(() => {
      const { pieces, entry, info } = planKernel(file, options);
      good++;
      assert.ok(pieces.every((p) => p.address >= 0 &&
        p.address + p.length <= memory && p.bytes.length <= p.length), why);
      assert.ok(entry >= 0 && entry < memory && info < 0xa0000, why);
    }, why);
    const guest = complaint(() => {
      for (const s of parseKernel(file, memory).segments) {
        assert.ok(s.address + s.memorySize <= memory, why);
      }
    }, why);
    if (told) checkLine(told, MOST_FOR_MACHINES, `${why}: ${told}`);
    if (guest) checkLine(guest, MOST_FOR_GUESTS, `${why}: ${guest}`);
    for (const line of [told, guest]) seen.add(line?.slice(0, 9) ?? "fits");
  }
  assert.ok(good > 500 && good < 5500, `${good} good`);
  assert.ok(seen.size > 12, [...seen].join());
});

test("a kernel of very many segments is planned, or refused, all the same",
  () => {
    const count = 65_535, file = new Uint8Array(60 + 32 * count + 64);
    file.set(elf(0x100000, 13).subarray(0, 52));
    const view = new DataView(file.buffer);
    view.setUint16(44, count, true);
    const at = 60 + 32 * count;
    file.set(code, at);
    // The header has to be near the beginning, too.
    file.set(code.subarray(0, 12), 52 + 4 * 32);
    for (let i = 0; i < count; i++) {
      if (i === 4) continue;
      // Segments of nine bytes, each sixteen apart, below 1 MiB.
      [1, at, 0, 0x1000 + 16 * (i % 0x9f00), i === 9 ? 13 : 9, 9 + 4 * +(i === 9)]
        .forEach((word, k) => view.setUint32(52 + 32 * i + 4 * k, word, true));
    }
    const line = complaint(() => planKernel(file, NO_FILES));
    assert.match(line ?? "", /^leaves no room below 640 KiB for \d+ bytes/);
    assert.is(complaint(() => parseKernel(file, MiB))?.slice(0, 12),
      "wants to lie");
  });

test.run();
