// Woven from chapters/300-loader.md, 804-multiboot.md.
import { counted } from "../machine";
import { UserError } from "./error";

/** A run of bytes in a kernel's file and its place in memory. */
export interface KernelSegment {
  readonly address: number;
  readonly virtual: number;
  readonly offset: number;
  readonly fileSize: number;
  readonly memorySize: number;
}

/** What a Launcher has to know of a kernel's file. */
export interface Kernel {
  readonly entry: number;
  readonly segments: readonly KernelSegment[];
  /** A bzImage's own words about itself, for boot_params. */
  readonly header?: Uint8Array;
}

/** Bytes in a mebibyte. */
export const MiB = 1024 * 1024;

/** The most that --memory takes, in bytes. */
export const MOST_FOR_GUESTS = 864 * MiB, MOST_FOR_MACHINES = 2048 * MiB;

/** An address or the end of something; it may lie beyond 4 GiB. */
export function inHex(address: number): string {
  return "0x" + address.toString(16).padStart(8, "0");
}

/** What to try where so many bytes of memory would do. */
export function tryMemory(need: number, most: number): string {
  const wanted = Math.ceil(need / MiB);
  return wanted * MiB <= most ? `try --memory ${wanted}`
    : `it can't fit: --memory goes up to ${most / MiB}`;
}

/** Eight bytes of a file, as exactly as a number can be. */
export function quad(view: DataView, at: number): number {
  return view.getUint32(at, true) + 2 ** 32 * view.getUint32(at + 4, true);
}

/** Where the last of a kernel's segments ends. */
export function endOf({ segments }: Kernel): number {
  return segments.reduce(
    (end, s) => Math.max(end, s.address + s.memorySize), 0);
}

/** A file as numbers of several bytes. */
export function viewOf(file: Uint8Array): DataView {
  return new DataView(file.buffer, file.byteOffset, file.byteLength);
}

/** The complaint about a file that has an end too soon. */
export function truncated(need: number, have: number): UserError {
  return new UserError(
    `is truncated: ${have} bytes of at least ${need}; copy it again`);
}

/** Throws a UserError for what is no 32-bit executable. */
export function refuseForeign(file: Uint8Array): void {
  if (file.length === 0) throw new UserError("is empty");
  const magic = [0x7f, 0x45, 0x4c, 0x46];
  if (magic.some((byte, i) => file[i] !== byte)) {
    throw new UserError(
      "is not an ELF file, nor a bzImage; is it a kernel?");
  }
  if (file.length < 52) throw truncated(52, file.length);
  const view = viewOf(file);
  if (file[4] !== 1 || file[5] !== 1) {
    const kind = file[4] !== 1 ? "64-bit" : "big-endian";
    throw new UserError(
      `is a ${kind} ELF file; it must be 32-bit: as --32, gcc -m32, or ` +
      "make ARCH=i386");
  }
  const machine = view.getUint16(18, true);
  if (machine !== 3) {
    throw new UserError(
      `is for another machine (number ${machine}); ` +
      "it must be for the 386 (3): as --32, or gcc -m32");
  }
  const type = view.getUint16(16, true);
  if (type !== 2) {
    throw new UserError(type === 1
      ? "is an object file; link it first: ld -m elf_i386"
      : "is not a static executable; link it with ld -static -no-pie");
  }
}

/** Whether a file has the header of Linux' boot protocol. */
export function isBzImage(file: Uint8Array): boolean {
  const at = 0x202;
  return [..."HdrS"].every((c, i) => file[at + i] === c.charCodeAt(0));
}

const PT_LOAD = 1;

function programHeaders(file: Uint8Array): KernelSegment[] {
  const view = viewOf(file);
  const table = view.getUint32(28, true);
  const size = view.getUint16(42, true);
  const count = view.getUint16(44, true);
  if (count > 0 && size < 32) {
    throw new UserError(`has program headers of ${size} bytes, not 32`);
  }
  const end = table + size * count;
  if (end > file.length) throw truncated(end, file.length);
  const segments: KernelSegment[] = [];
  for (let i = 0; i < count; i++) {
    const at = table + i * size;
    const word = (n: number) => view.getUint32(at + 4 * n, true);
    if (word(0) !== PT_LOAD || word(5) === 0) continue;
    segments.push({ address: word(3), virtual: word(2),
      offset: word(1), fileSize: word(4), memorySize: word(5) });
  }
  return segments;
}

/** Where the Launcher puts boot_params, and how long they are. */
export const BOOT_PARAMS_END = 0x2000;
const LINKERS_DEFAULT = 0x08048000;

function checkSegment(segment: KernelSegment, memory: number): void {
  const { address, memorySize } = segment;
  if (address < BOOT_PARAMS_END) {
    throw new UserError(
      `wants to lie at ${inHex(address)}, but what is below ` +
      `${inHex(BOOT_PARAMS_END)} is taken; try ld -Ttext=0x100000`);
  }
  const end = address + memorySize;
  if (end > memory) throw tooBig(address, end, memory);
}
function tooBig(start: number, end: number, memory: number): UserError {
  const advice = start >= LINKERS_DEFAULT - 0x1000
    ? "try to link it lower: ld -Ttext=0x100000"
    : tryMemory(end, MOST_FOR_GUESTS);
  return new UserError(
    `is too big: it reaches up to ${inHex(end)}, and the Guest ` +
    `has ${Math.floor(memory / MiB)} MiB; ${advice}`);
}
/** Throws a UserError if a RAM disk has no room above its kernel. */
export function checkInitrd(
  kernel: Kernel, initrd: Uint8Array, memory: number,
): void {
  const need = endOf(kernel) + initrd.length + 4096;
  if (need <= memory) return;
  throw new UserError(`is ${counted(initrd.length, "byte")} long, and ` +
    `doesn't fit above the kernel; ${tryMemory(need, MOST_FOR_GUESTS)}`);
}

const HEADER = 0x1f1, UNPACKER = 0x100000;

function bzImageKernel(file: Uint8Array): Kernel {
  if (file.length < 0x264) throw truncated(0x264, file.length);
  const view = viewOf(file), word = (at: number) => view.getUint32(at, true);
  const version = view.getUint16(0x206, true);
  if (version < 0x207) {
    throw new UserError("is a Linux kernel that has never heard of Guests, " +
      "with boot protocol 2.0" + (version & 255) + "; it takes 2.07");
  }
  const offset = ((file[HEADER] || 4) + 1) * 512;
  const least = offset + Math.max(1, 16 * word(0x1f4) - 15);
  if (least > file.length) throw truncated(least, file.length);
  const fileSize = file.length - offset;
  const room = version < 0x20a ? 0
    : quad(view, 0x258) + word(0x260) - UNPACKER;
  return { entry: word(0x214),
    header: file.subarray(HEADER, Math.min(0x202 + file[0x201]!, 0x290)),
    segments: [{ address: UNPACKER, virtual: UNPACKER, offset, fileSize,
      memorySize: Math.max(fileSize, room) }] };
}

/**
 * Reads an ELF file (ELF specification, chapters 1 and 2) or a bzImage that
 * is to run in `memory` bytes; throws a UserError if it can't.
 */
export function parseKernel(file: Uint8Array, memory: number): Kernel {
  const packed = isBzImage(file);
  if (!packed) refuseForeign(file);
  const kernel = packed ? bzImageKernel(file) : elfKernel(file);
  const { entry, segments } = kernel;
  for (const segment of segments) checkSegment(segment, memory);
  const all = segments.reduce((sum, { fileSize }) => sum + fileSize, 0);
  if (all > memory) {
    throw new UserError("has segments that lie upon each other; look at it " +
      "with readelf -l");
  }
  const starts = (s: KernelSegment) =>
    entry >= s.address && entry < s.address + s.memorySize;
  if (!segments.some(starts)) {
    throw new UserError(
      `begins at ${inHex(entry)}, where nothing of it is loaded; ` +
      "the entry must be a physical address: ld --entry=0x100000");
  }
  return kernel;
}

/** What an ELF file says, before anybody asks whether that is good. */
export function elfKernel(file: Uint8Array): Kernel {
  const entry = viewOf(file).getUint32(24, true);
  const segments = programHeaders(file);
  if (segments.length === 0) {
    throw new UserError(
      "has no loadable segment; is it linked? (ld -m elf_i386)");
  }
  for (const { offset, fileSize, memorySize } of segments) {
    if (offset + fileSize > file.length) {
      throw truncated(offset + fileSize, file.length);
    }
    if (fileSize > memorySize) {
      throw new UserError("has a segment that is longer than its memory");
    }
  }
  return { entry, segments };
}
