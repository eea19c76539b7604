// Snapshots, byte by byte: what chapter 700 says that they hold.
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  BLOCK_MAGIC, H_BLOCK_SIZE, H_CODE_TLB, H_CPUS, H_DATA_TLB, H_DEVICE_WORDS,
  H_MAGIC, H_RAM_SIZE, H_ROM_SIZE, H_TICKS, H_VERSION, Machine, packBlock,
  SnapshotError, snapshotOptions, unpackBlock,
} from "../src/machine";

const PAGE = 4096, WORDS = PAGE / 4;

/** FNV-1a's two numbers, over words, with the shift that chapter 700 adds. */
function checksum(words: Int32Array): number {
  let sum = 0x811c9dc5n;
  for (const word of words) {
    sum = BigInt.asUintN(32, (sum ^ BigInt(word >>> 0)) * 0x01000193n);
    sum ^= sum >> 15n;
  }
  return Number(BigInt.asIntN(32, sum));
}

/** A block of four pages: a header, a last word, nothing, a first word. */
function block(): Int32Array {
  const words = new Int32Array(4 * WORDS);
  words[H_MAGIC] = BLOCK_MAGIC;
  words[2 * WORDS - 1] = -5;
  words[3 * WORDS] = 6;
  return words;
}

const bytesOf = (words: Int32Array) => new Uint8Array(words.buffer);
const packed = () => packBlock(bytesOf(block()));
const wordsOf = (bytes: Uint8Array) => new Int32Array(bytes.buffer);

/** Why bytes aren't taken; the block must be as it was. */
function refusal(bytes: Uint8Array, into = block()): string {
  const before = into.slice();
  try {
    unpackBlock(bytes, bytesOf(into));
  } catch (error) {
    assert.instance(error, SnapshotError);
    assert.equal(into, before);
    return String(error);
  }
  return "";
}

/** A snapshot with changed words, and the checksum that they have. */
function changed(change: (words: Int32Array) => void): Uint8Array {
  const bytes = packed(), words = wordsOf(bytes);
  change(words);
  words[4] = checksum(words.subarray(5));
  return bytes;
}

test("a packed block: five words, then each page that isn't empty", () => {
  const words = wordsOf(packed()), whole = block(), data = [0, 1, 3]
    .flatMap((n) => [n, ...whole.subarray(n * WORDS, (n + 1) * WORDS)]);
  const sum = checksum(Int32Array.from(data));
  assert.equal([...words.subarray(0, 5)],
    [0x534e474c, 1, 4 * PAGE, 3, sum]);
  assert.equal([...words.subarray(5)], data);
});

test("unpacking puts each page back, and empties the others", () => {
  const into = block();
  into.fill(9, 2 * WORDS, 3 * WORDS);
  into.fill(9, 3 * WORDS);
  assert.is(refusal(packed(), into), "");
  assert.equal(into, block());
});

test("part of a greater memory can be packed, and unpacked", () => {
  const memory = new Int32Array(6 * WORDS), whole = block();
  memory.set(whole, WORDS);
  const part = new Uint8Array(memory.buffer, PAGE, 4 * PAGE);
  const bytes = packBlock(part);
  assert.equal(bytes, packed());
  memory.fill(7, 2 * WORDS);
  unpackBlock(bytes, part);
  assert.equal(memory.subarray(WORDS, 5 * WORDS), whole);
  assert.equal([memory[0], memory[5 * WORDS]], [0, 7]);
});

test("what isn't a whole snapshot is refused, by what is wrong first", () => {
  const good = packed(), end = good.length;
  assert.is(refusal(good), "");
  assert.match(refusal(good.slice(0, 19)), "this is not a snapshot");
  assert.match(refusal(good.slice(0, 20)), "truncated");
  for (const length of [end - 1, end - 4]) {
    assert.match(refusal(good.slice(0, length)), "truncated");
  }
  const longer = new Uint8Array(end + 1);
  longer.set(good);
  assert.match(refusal(longer), "truncated");
  assert.match(refusal(changed((words) => words[0]!++)), "not a snapshot");
  assert.match(refusal(changed((words) => words[1] = 2)),
    "has version 2; this program reads version 1");
  const bent = packed();
  wordsOf(bent)[4]! ^= 1;
  assert.match(refusal(bent), "wrong checksum");
});

test("pages come in their order, and lie in the block", () => {
  const numbered = (first: number, second: number, third: number) =>
    refusal(changed((words) => {
      [first, second, third].forEach((page, n) => {
        words[5 + n * (WORDS + 1)] = page;
      });
    }));
  assert.is(numbered(0, 1, 3), "");
  assert.match(numbered(1, 2, 3), "holds no machine");
  for (const [second, third, page] of [[2, 2, 2], [3, 2, 2], [0, 1, 0],
    [2, 4, 4], [-1, 1, -1]] as const)
    assert.match(numbered(0, second, third), `page ${page} is not where`);
});

const shape: [number, string][] = [
  [H_VERSION, "layout version"], [H_CPUS, "number of CPUs"],
  [H_RAM_SIZE, "bytes of RAM"], [H_ROM_SIZE, "bytes of ROM"],
  [H_DATA_TLB, "data TLB entries"], [H_CODE_TLB, "code TLB entries"],
  [H_TICKS, "ticks per second"], [H_DEVICE_WORDS, "words of device state"],
  [H_BLOCK_SIZE, "size"],
];

test("a machine of another shape is refused, and told what differs", () => {
  for (const [word, what] of shape) {
    const into = block();
    into[word] = 7;
    assert.match(refusal(packed(), into),
      `of another machine: its ${what} is 0, here it is 7`);
  }
  assert.match(refusal(packed(), new Int32Array([...block(), 0, 0])),
    "of another machine");
  assert.match(refusal(changed((words) => words[2] = 5 * PAGE)),
    "of another machine");
  assert.match(refusal(changed((words) => words[6] = 1)),
    "holds no machine");
});

test("a snapshot tells the options of the machine that it fits", () => {
  const options = { cpus: 3, memory: 0x5000, rom: 0x2000, storage: 0x4000,
    dataTlb: 5, codeTlb: 6, forgetsGlobals: true, ticksPerSecond: 777 };
  const bytes = new Machine(options).snapshot();
  for (const more of [0, 1, 2, 3]) {
    const longer = new Uint8Array(bytes.length + more);
    longer.set(bytes);
    assert.equal(snapshotOptions(longer), options, `${more} bytes more`);
  }
  const large = changed((words) => words[6 + H_RAM_SIZE] = 0x90000000 | 0);
  assert.is(snapshotOptions(large).memory, 0x90000000);
  for (const word of [0, 6])
    assert.throws(() => snapshotOptions(changed((w) => w[word]!++)),
      /this is not a snapshot/);
});

test("a machine's snapshot is read back by one of the same shape", () => {
  const first = new Machine({ memory: 0x3000 });
  first.writeRam(0x2ffc, Uint8Array.of(1, 2, 3, 4));
  const second = new Machine({ memory: 0x3000 });
  second.restore(first.snapshot());
  assert.equal([...second.readRam(0x2ffc, 4)], [1, 2, 3, 4]);
  assert.equal(second.snapshot(), first.snapshot());
});

test.run();
