// Woven from chapters/803-sessions.md.
// Puts the Host and what it shall run into a machine.
import { EBX, EIP, panic } from "../machine";
import type { Cpu, Machine } from "../machine";
import { hostCallsOf } from "./calls";
import { kernelImage } from "./image";
import type { HostImage } from "./image";
import { loadFiles, loadWords } from "./load";
import type { HostLoad } from "./load";
import { most, place } from "./map";
import type { KernelModule } from "./module";
import { MP_TABLE, mpTable } from "./mptable";
import { HOST, Shared } from "./structures";

/** A machine with a Host in it. */
export interface Host {
  machine: Machine;
  image: HostImage;
}

/** A file that the loader puts behind the Host, and a note about it. */
export interface BootFile {
  bytes: Uint8Array;
  note: string;
}

/** What the Host is booted with. */
export interface KernelOptions extends HostLoad {
  module: KernelModule;
  /** For the module: files, and words of the command line. */
  files?: readonly BootFile[];
  words?: readonly string[];
  /** How the Host maps its low memory; default 4m. */
  hostPages?: "4m" | "4k";
  /** Start each process only when the one before has ended. */
  sequential?: boolean;
  /** Seconds since 1970 when the machine is switched on. */
  startDate?: number;
}

/** Loads the Host and its files as a multiboot loader does; run() boots. */
export function bootKernel(machine: Machine, options: KernelOptions): Host {
  const host = attachKernel(machine, options.module);
  const { image } = host;
  machine.writeRam(image.origin, image.bytes);
  if (options.hostPages === "4k") {
    machine.writeRam(HOST - place.KERNEL + Shared.small_pages.offset,
      Uint8Array.of(1));
  }
  machine.writeRam(MP_TABLE, mpTable(machine.cpus.length));
  machine.writeRam(INFO, multibootInfo(machine, options, image));
  const cpu = machine.cpus[0]!;
  machine.resetCpu(cpu);
  cpu.w[EIP] = image.entry;
  cpu.w[EBX] = INFO;
  return host;
}

/** Registers the host calls alone: for a machine restored from a snapshot
 * that was booted with the same module. */
export function attachKernel(machine: Machine, module: KernelModule): Host {
  hostCallsOf(module).forEach(({ run, ...row }, i) => {
    const call = (cpu: Cpu) => run(cpu, module);
    machine.hostCalls[i + 1] = { ...row, run: call };
  });
  machine.hostArmed = true;
  return { machine, image: kernelImage(module) };
}

/** Where the loader leaves its notes: physical addresses. */
const INFO = 0x1000, MODULES = 0x1080, END = 0x10000;
const STRINGS = MODULES + 16 * most.FILES_MAX;

/** When the machine is switched on, unless somebody says otherwise:
 * 9 October 2007, 20:31:38 UTC. */
export const START_DATE = 1191961898;

/** The notes as they grow. */
interface Notes {
  bytes: Uint8Array;
  /** Writes a word at a physical address. */
  put(at: number, value: number): void;
  /** Writes a string behind the last one; its physical address. */
  putString(text: string): number;
}

function emptyNotes(): Notes {
  const bytes = new Uint8Array(END - INFO);
  const view = new DataView(bytes.buffer);
  let next = STRINGS;
  return {
    bytes,
    put: (at, value) => view.setUint32(at - INFO, value, true),
    putString(text) {
      const at = next;
      next += text.length + 1;
      if (next > END) panic("the loader's strings are too long");
      for (let i = 0; i < text.length; i++)
        bytes[at + i - INFO] = text.charCodeAt(i) & 0xff;
      return at;
    },
  };
}

/** Puts the files behind the Host, and returns the notes about it. */
function multibootInfo(
  machine: Machine, options: KernelOptions, image: HostImage,
): Uint8Array {
  const { bytes, put, putString } = emptyNotes();
  let modules = 0, next = pageUp(image.origin + image.bytes.length);
  for (const { bytes: file, note } of
    [...options.files ?? [], ...loadFiles(options, machine.cpus.length)]) {
    if (next + file.length > machine.ramSize)
      panic(`the machine's ${machine.ramSize} bytes don't hold the files`);
    machine.writeRam(next, file);
    const at = MODULES + 16 * modules++;
    if (at + 16 > STRINGS) panic("more files than the loader can note");
    put(at, next);
    put(at + 4, next + file.length);
    put(at + 8, putString(note));
    next = pageUp(next + file.length);
  }
  const words = [`date=${options.startDate ?? START_DATE}`,
    ...options.sequential ? ["sequential"] : [], ...options.words ?? [],
    ...loadWords(options)];
  put(INFO, 0x0d);
  put(INFO + 4, 640);
  put(INFO + 8, (machine.ramSize - 0x100000) / 1024);
  put(INFO + 16, putString(words.join(" ")));
  put(INFO + 20, modules);
  put(INFO + 24, MODULES);
  return bytes;
}

function pageUp(address: number): number {
  return Math.ceil(address / 4096) * 4096;
}
