// Woven from chapters/700-block.md.
import {
  BLOCK_MAGIC, H_BLOCK_SIZE, H_CODE_TLB, H_CPUS, H_DATA_TLB,
  H_FORGETS_GLOBALS,
  H_DEVICE_WORDS, H_MAGIC, H_RAM_BASE, H_RAM_SIZE, H_ROM_SIZE, H_TICKS,
  H_VERSION,
  PAGE,
} from "./ground/layout";

/** A snapshot that can't be restored, and why. */
export class SnapshotError extends Error {
  override readonly name = "SnapshotError";
}

const MAGIC = 0x534e474c, VERSION = 1, HEAD = 20;

/** FNV-1a over 32-bit words, for telling a whole file from a part. */
function checksum(words: Int32Array): number {
  let sum = 0x811c9dc5 | 0;
  for (let i = 0; i < words.length; i++) {
    sum = Math.imul(sum ^ words[i]!, 0x01000193);
    sum ^= sum >>> 15;
  }
  return sum;
}

/** Copies a block: magic, version, block size, pages, checksum; then for
 * each page that isn't all zero its number and its bytes. */
export function packBlock(block: Uint8Array): Uint8Array {
  const words = new Int32Array(
    block.buffer, block.byteOffset, block.length / 4);
  const each = PAGE / 4, present: number[] = [];
  for (let page = 0; page * each < words.length; page++) {
    const end = (page + 1) * each;
    let i = page * each;
    while (i < end && !(words[i]! | words[i + 1]! | words[i + 2]! |
      words[i + 3]!)) i += 4;
    if (i < end) present.push(page);
  }
  const bytes = new Uint8Array(HEAD + present.length * (4 + PAGE));
  const out = new Int32Array(bytes.buffer);
  let at = HEAD / 4;
  for (const page of present) {
    out[at++] = page;
    out.set(words.subarray(page * each, (page + 1) * each), at);
    at += each;
  }
  out[0] = MAGIC;
  out[1] = VERSION;
  out[2] = block.length;
  out[3] = present.length;
  out[4] = checksum(out.subarray(HEAD / 4));
  return bytes;
}

/** Puts a packed block back, after all checks; SnapshotError leaves the
 * block as it was. */
export function unpackBlock(bytes: Uint8Array, block: Uint8Array): void {
  const copy = bytes.slice(0, bytes.length & ~3);
  const words = new Int32Array(copy.buffer);
  if (bytes.length < HEAD || words[0] !== MAGIC) {
    throw new SnapshotError("this is not a snapshot");
  }
  if (words[1] !== VERSION) {
    throw new SnapshotError(`the snapshot has version ${words[1]};` +
      ` this program reads version ${VERSION}`);
  }
  const each = 1 + PAGE / 4, pages = words[3]!;
  if (bytes.length !== HEAD + pages * each * 4) {
    throw new SnapshotError("the snapshot is truncated");
  }
  const data = words.subarray(HEAD / 4);
  if (checksum(data) !== words[4]) {
    throw new SnapshotError("the snapshot is damaged: wrong checksum");
  }
  const live = new Int32Array(
    block.buffer, block.byteOffset, block.length / 4);
  checkConfiguration(data, words[2]!, live);
  for (let i = 0, next = 0; i < pages; i++) {
    const page = data[i * each]!;
    if (page < next || page * PAGE >= block.length) {
      throw new SnapshotError(`the snapshot is damaged: page ${page} is not ` +
        "where it should be");
    }
    next = page + 1;
  }
  live.fill(0);
  for (let i = 0; i < pages; i++) {
    const page = data.subarray(i * each + 1, (i + 1) * each);
    live.set(page, (data[i * each]! * PAGE) / 4);
  }
}

/** A snapshot fits a machine of the same shape only. */
function checkConfiguration(
  data: Int32Array, blockSize: number, live: Int32Array,
): void {
  const header = data.subarray(1);
  if (data[0] !== 0 || header[H_MAGIC] !== BLOCK_MAGIC) {
    throw new SnapshotError("the snapshot holds no machine");
  }
  const same: [number, string][] = [
    [H_VERSION, "layout version"], [H_CPUS, "number of CPUs"],
    [H_RAM_SIZE, "bytes of RAM"], [H_ROM_SIZE, "bytes of ROM"],
    [H_DATA_TLB, "data TLB entries"],
    [H_CODE_TLB, "code TLB entries"], [H_TICKS, "ticks per second"],
    [H_FORGETS_GLOBALS, "flag for forgetting global entries"],
    [H_DEVICE_WORDS, "words of device state"], [H_BLOCK_SIZE, "size"],
  ];
  for (const [word, what] of same) {
    if (header[word] === live[word]) continue;
    throw new SnapshotError(`the snapshot is of another machine: ` +
      `its ${what} is ${header[word]}, here it is ${live[word]}`);
  }
  if (blockSize !== live.length * 4) {
    throw new SnapshotError("the snapshot is of another machine");
  }
}

/** What a machine has to be made of to take a snapshot; SnapshotError if
 * the bytes aren't one. */
export function snapshotOptions(bytes: Uint8Array): {
  cpus: number; memory: number; rom: number; storage: number;
  dataTlb: number; codeTlb: number; forgetsGlobals: boolean; ticksPerSecond: number;
} {
  const words = new Int32Array(bytes.slice(0, bytes.length & ~3).buffer);
  const header = words.subarray(HEAD / 4 + 1);
  if (words[0] !== MAGIC || header[H_MAGIC] !== BLOCK_MAGIC) {
    throw new SnapshotError("this is not a snapshot");
  }
  return {
    cpus: header[H_CPUS]!, memory: header[H_RAM_SIZE]! >>> 0,
    rom: header[H_ROM_SIZE]!,
    storage: (header[H_BLOCK_SIZE]! - header[H_RAM_BASE]! -
      header[H_RAM_SIZE]! - header[H_ROM_SIZE]!) >>> 0,
    dataTlb: header[H_DATA_TLB]!, codeTlb: header[H_CODE_TLB]!,
    forgetsGlobals: header[H_FORGETS_GLOBALS] !== 0,
    ticksPerSecond: header[H_TICKS]!,
  };
}
