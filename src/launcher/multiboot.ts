// Woven from chapters/804-multiboot.md.
import { UserError } from "./error";
import { elfKernel, refuseForeign, viewOf } from "./kernel";
import { pageUp, piece, zeroTerminated } from "./plan";
import type { LoadOptions, LoadPlan, Module, Piece } from "./plan";

const MAGIC = 0x1badb002, SEARCHED = 8192;
const KNOWN = 3, VIDEO = 4, DEMANDS = 0xffff, ADDRESSES = 0x10000;

/** Offset of the multiboot header, or -1. */
export function multibootHeader(file: Uint8Array): number {
  const view = viewOf(file);
  const end = Math.min(SEARCHED, file.length) - 12;
  for (let at = 0; at <= end; at += 4) {
    if (view.getUint32(at, true) !== MAGIC) continue;
    const flags = view.getUint32(at + 4, true);
    const sum = MAGIC + flags + view.getUint32(at + 8, true);
    if (sum % 2 ** 32 === 0) return at;
  }
  return -1;
}

interface Image {
  readonly entry: number;
  readonly pieces: Piece[];
}

function imageOf(file: Uint8Array, header: number): Image {
  const view = viewOf(file);
  const word = (n: number) => view.getUint32(header + 4 * n, true);
  const flags = word(1);
  const unknown = flags & DEMANDS & ~KNOWN;
  if (unknown) {
    throw new UserError(unknown === VIDEO
      ? "asks for a video mode, and the machine has no screen; " +
        "clear bit 2 of its multiboot flags"
      : `asks for what we don't have: multiboot flags 0x` +
        `${unknown.toString(16)}; clear them`);
  }
  if (!(flags & ADDRESSES)) return elfImage(file);
  if (header + 32 > file.length) {
    throw new UserError("is truncated in its multiboot header");
  }
  const [at, load, loadEnd, bssEnd, entry] =
    [word(3), word(4), word(5), word(6), word(7)];
  const from = header - (at - load);
  const length = loadEnd ? loadEnd - load : file.length - from;
  if (load > at || from < 0 || length <= 0 || from + length > file.length) {
    throw new UserError(
      "has addresses in its multiboot header that don't fit its file");
  }
  const bytes = file.subarray(from, from + length);
  const whole = Math.max(bssEnd ? bssEnd - load : 0, length);
  return { entry, pieces: [piece("the kernel", load, bytes, whole)] };
}

function elfImage(file: Uint8Array): Image {
  refuseForeign(file);
  const { entry, segments } = elfKernel(file);
  const pieces = segments.map((s) => piece("its segment", s.address,
    file.subarray(s.offset, s.offset + s.fileSize), s.memorySize));
  const physical = segments.some((s) =>
    entry >= s.address && entry < s.address + s.memorySize);
  const high = segments.find((s) =>
    entry >= s.virtual && entry < s.virtual + s.memorySize);
  return { pieces, entry: physical || !high ? entry
    : entry - high.virtual + high.address };
}

const USABLE = 1, RESERVED = 2, LOW_END = 0xa0000, HIGH = 0x100000;

/** What of the memory is what: from, length, type. */
export function memoryMap(memory: number): [number, number, number][] {
  return [
    [0, LOW_END, USABLE], [LOW_END, HIGH - LOW_END, RESERVED],
    [HIGH, memory - HIGH, USABLE],
  ];
}

/** Grows a row of bytes whose addresses are known. */
class Table {
  readonly bytes: number[] = [];

  constructor(readonly address: number) {}

  /** Adds words; gives the address of the first. */
  words(...words: number[]): number {
    while (this.bytes.length % 4) this.bytes.push(0);
    const at = this.address + this.bytes.length;
    for (const word of words) {
      for (let i = 0; i < 32; i += 8) this.bytes.push((word >>> i) & 0xff);
    }
    return at;
  }

  /** Adds a string; gives its address. */
  text(text: string): number {
    const at = this.address + this.bytes.length;
    for (const byte of zeroTerminated(text)) this.bytes.push(byte);
    return at;
  }

  /** Writes a word that was left out. */
  patch(at: number, value: number): void {
    for (let i = 0; i < 4; i++) {
      this.bytes[at - this.address + i] = (value >>> (8 * i)) & 0xff;
    }
  }
}
const INFO_WORDS = 29;

function information(
  address: number, options: LoadOptions, modules: readonly Piece[],
  all: readonly Module[], sections: Sections | undefined,
): Piece {
  const table = new Table(address), { memory } = options;
  table.words(...new Array<number>(INFO_WORDS).fill(0));
  const put = (offset: number, value: number) =>
    table.patch(address + offset, value);
  put(0, 0x24d | (sections ? 0x20 : 0));
  put(4, LOW_END / 1024);
  put(8, (memory - HIGH) / 1024);
  const { name = "kernel", commandLine } = options;
  put(16, table.text(commandLine ? `${name} ${commandLine}` : name));
  const texts = all.map(({ text }) => table.text(text));
  put(20, modules.length);
  put(24, table.words(...modules.flatMap((m, i) =>
    [m.address, m.address + m.bytes.length, texts[i]!, 0])));
  if (sections) sections.words.forEach((n, i) => put(28 + 4 * i, n));
  const map = memoryMap(memory).flatMap(([from, length, type]) =>
    [20, from, 0, length, 0, type]);
  put(44, 4 * map.length);
  put(48, table.words(...map));
  put(64, table.text("lguest"));
  return piece("the information", address, Uint8Array.from(table.bytes));
}
interface Sections {
  readonly pieces: readonly Piece[];
  /** Number, size, address, index of the names. */
  readonly words: readonly number[];
}

function sectionsOf(file: Uint8Array, from: number): Sections | undefined {
  const view = viewOf(file);
  if (file.length < 52 || view.getUint32(0, true) !== 0x464c457f) {
    return undefined;
  }
  const at = view.getUint32(32, true), size = view.getUint16(46, true);
  const count = view.getUint16(48, true);
  const end = at + size * count;
  if (!at || !count || size < 40 || end > file.length) return undefined;
  const headers = file.slice(at, end), out = viewOf(headers);
  const pieces = [piece("its section headers", from, headers)];
  let next = pageUp(from + headers.length);
  for (let i = 0; i < count; i++) {
    const word = (n: number) => out.getUint32(i * size + 4 * n, true);
    const [type, address, offset, length] =
      [word(1), word(3), word(4), word(5)];
    const absent = type === 0 || type === 8 || address || !length;
    if (absent || offset + length > file.length) continue;
    out.setUint32(i * size + 12, next, true);
    pieces.push(piece("its symbols", next,
      file.subarray(offset, offset + length)));
    next = pageUp(next + length);
  }
  const names = view.getUint16(50, true);
  return { pieces, words: [count, size, from, names] };
}

const LOWEST = 0x1000, USUAL = 0x9000, EXTENDED_BIOS_DATA = 0x9fc00;

function lowPlace(length: number, taken: readonly Piece[]): number {
  const inOrder = [...taken].sort((a, b) => a.address - b.address);
  for (const from of [USUAL, LOWEST]) {
    let at = from;
    for (const p of inOrder) {
      if (at + length <= p.address) break;
      at = Math.max(at, Math.ceil((p.address + p.length) / 16) * 16);
    }
    if (at + length <= EXTENDED_BIOS_DATA) return at;
  }
  throw new UserError(`leaves no room below 640 KiB for ${length} bytes ` +
    "of multiboot information; shorten --append or what modules are " +
    "called, or link the kernel at 1 MiB");
}

/** Plans to load a multiboot kernel; throws UserError if it can't be. */
export function planMultiboot(
  file: Uint8Array, header: number, options: LoadOptions,
): LoadPlan {
  const { entry, pieces } = imageOf(file, header);
  let next = 0x100000;
  const behind = (list: readonly Piece[]) => {
    for (const { address, length } of list) {
      next = Math.max(next, pageUp(address + length));
    }
  };
  behind(pieces);
  const all = [...(options.initrd
    ? [{ bytes: options.initrd, text: "initrd" }] : []), ...options.modules];
  const modules: Piece[] = [];
  for (const { bytes } of all) {
    const module = piece("a module", next, bytes);
    modules.push(module);
    behind([module]);
  }
  const sections = sectionsOf(file, next);
  const tell = (address: number) =>
    information(address, options, modules, all, sections);
  const info = tell(lowPlace(tell(0).length, pieces));
  return { kind: "multiboot", entry, info: info.address,
    pieces: [...pieces, ...modules, ...sections?.pieces ?? [], info] };
}
