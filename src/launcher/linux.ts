// Woven from chapters/804-multiboot.md.
import { counted } from "../machine";
import { UserError } from "./error";
import {
  elfKernel, endOf, inHex, isBzImage, MiB, MOST_FOR_MACHINES, quad, truncated,
  tryMemory, viewOf,
} from "./kernel";
import { memoryMap } from "./multiboot";
import {
  LINUX_COMMAND_LINE, LINUX_GDT, LINUX_PARAMS, piece, zeroTerminated,
} from "./plan";
import type { LoadOptions, LoadPlan, Piece } from "./plan";

/** What of a kernel's header matters, or stands in for it. */
interface Setup {
  readonly header: Uint8Array;
  readonly pieces: readonly Piece[];
  readonly entry: number;
  /** End of what it will need before it knows about memory. */
  readonly needs: number;
  readonly highest: number;
  readonly longest: number;
}

const HEADER = 0x1f1, KERNEL = 0x100000;

function bzImage(file: Uint8Array): Setup {
  const view = viewOf(file);
  if (file.length < 0x268) throw truncated(0x268, file.length);
  const version = view.getUint16(0x206, true);
  if (version < 0x202 || !(file[0x211]! & 1)) {
    throw new UserError("is a Linux kernel of before 1998, a zImage or " +
      "a boot protocol below 2.02; build a bzImage");
  }
  const end = Math.min(0x202 + file[0x201]!, 0x290);
  const start = ((file[HEADER] || 4) + 1) * 512;
  if (start >= file.length) throw truncated(start + 1, file.length);
  const claimed = version < 0x204 ? 0 : 16 * view.getUint32(0x1f4, true);
  if (start + claimed - 15 > file.length) {
    throw truncated(start + claimed, file.length);
  }
  const bytes = file.subarray(start);
  const since = (v: number, at: number, otherwise: number) =>
    version >= v ? view.getUint32(at, true) : otherwise;
  const size = Math.max(since(0x20a, 0x260, 0), bytes.length);
  const preferred = version >= 0x20a ? quad(view, 0x258) : KERNEL;
  return {
    header: file.subarray(HEADER, end), entry: KERNEL,
    pieces: [piece("the kernel", KERNEL, bytes)],
    needs: Math.max(KERNEL + bytes.length, preferred + size),
    highest: since(0x203, 0x22c, 0x37ffffff),
    longest: since(0x206, 0x238, 255),
  };
}

function vmlinux(file: Uint8Array): Setup {
  const kernel = elfKernel(file), { entry, segments } = kernel;
  const pieces = segments.map((s) => piece("its segment", s.address,
    file.subarray(s.offset, s.offset + s.fileSize), s.memorySize));
  const header = new Uint8Array(0x77), view = viewOf(header);
  view.setUint16(0x1fe - HEADER, 0xaa55, true);
  view.setUint32(0x202 - HEADER, 0x53726448, true);
  view.setUint16(0x206 - HEADER, 0x20c, true);
  header[0x211 - HEADER] = 1;
  view.setUint32(0x214 - HEADER, entry, true);
  return { header, pieces, entry, needs: endOf(kernel),
    highest: 0x37ffffff, longest: 2047 };
}

function placeInitrd(
  initrd: Uint8Array, setup: Setup, memory: number,
): number {
  const top = Math.min(memory, setup.highest + 1);
  const address = Math.floor((top - initrd.length) / 4096) * 4096;
  if (address >= setup.needs) return address;
  const need = setup.needs + initrd.length + 4096;
  throw new UserError(`leaves no room for an initrd of ` +
    `${counted(initrd.length, "byte")} in ${memory / MiB} MiB; ` +
    (need > setup.highest ? "try a smaller one"
      : tryMemory(need, MOST_FOR_MACHINES)));
}
/** Plans to load a Linux kernel by the 32-bit protocol. */
export function planLinux(
  file: Uint8Array, options: LoadOptions,
): LoadPlan {
  const setup = isBzImage(file) ? bzImage(file) : vmlinux(file);
  const { memory, commandLine, initrd } = options;
  if (options.modules.length) {
    throw new UserError("is a Linux kernel, and --module is for " +
      "multiboot kernels; try --initrd");
  }
  if (setup.needs > memory) {
    throw new UserError("doesn't fit: it needs memory up to " +
      `${inHex(setup.needs)} before it looks how much there is, and ` +
      `the machine has ${memory / MiB} MiB; ` +
      tryMemory(setup.needs, MOST_FOR_MACHINES));
  }
  if (commandLine.length > setup.longest) {
    throw new UserError(`takes a command line of ${setup.longest} bytes, ` +
      `and --append has ${commandLine.length}; shorten it`);
  }
  const params = new Uint8Array(4096), view = viewOf(params);
  params.set(setup.header, HEADER);
  params[0x210] = 0xff;
  params[0x211]! |= 0x80;
  view.setUint16(0x1fa, 0xffff, true);
  view.setUint16(0x224, 0xde00, true);
  view.setUint32(0x228, LINUX_COMMAND_LINE, true);
  const pieces = [...setup.pieces];
  if (initrd) {
    const address = placeInitrd(initrd, setup, memory);
    view.setUint32(0x218, address, true);
    view.setUint32(0x21c, initrd.length, true);
    pieces.push(piece("the initrd", address, initrd));
  }
  const map = memoryMap(memory);
  params[0x1e8] = map.length;
  map.forEach(([from, length, type], i) => {
    const at = 0x2d0 + 20 * i;
    view.setUint32(at, from, true);
    view.setUint32(at + 8, length, true);
    view.setUint32(at + 16, type, true);
  });
  const above = (memory - MiB) / 1024;
  view.setUint16(2, Math.min(above, 0xffff), true);
  view.setUint32(0x1e0, above, true);
  pieces.push(piece("boot_params", LINUX_PARAMS, params),
    piece("a GDT", LINUX_GDT, linuxGdt()),
    piece("the command line", LINUX_COMMAND_LINE,
      zeroTerminated(commandLine)));
  return { kind: "linux", entry: setup.entry, info: LINUX_PARAMS, pieces };
}
function linuxGdt(): Uint8Array {
  const flat = (access: number) =>
    [0xff, 0xff, 0, 0, 0, access, 0xcf, 0];
  const none = new Array<number>(16).fill(0);
  return Uint8Array.from([...none, ...flat(0x9b), ...flat(0x93)]);
}
