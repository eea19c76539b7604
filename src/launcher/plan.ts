// Woven from chapters/804-multiboot.md.
import {
  CS, DS, EAX, EBX, EIP, ES, ESI, ESP, FLAT_CODE, FLAT_DATA, FS, GS, loadGdtr,
  putSegment, SS,
} from "../machine";
import type { Machine } from "../machine";
import { UserError } from "./error";
import { inHex, MiB, MOST_FOR_MACHINES, tryMemory } from "./kernel";

/** Bytes and their place in RAM, with zeros behind them. */
export interface Piece {
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Bytes in memory; what goes beyond `bytes` is zero. */
  readonly length: number;
  /** What it is, for complaints. */
  readonly what: string;
}

/** How a kernel gets into a machine. */
export interface LoadPlan {
  readonly kind: "multiboot" | "linux";
  readonly entry: number;
  readonly pieces: readonly Piece[];
  /** Address of the information for the kernel. */
  readonly info: number;
}

/** What a kernel is loaded with. */
export interface LoadOptions {
  /** Bytes of RAM. */
  readonly memory: number;
  /** A string of bytes. */
  readonly commandLine: string;
  /** The kernel's own name, first word of what multiboot kernels get. */
  readonly name?: string;
  readonly initrd?: Uint8Array;
  readonly modules: readonly Module[];
}

/** A file that a multiboot kernel gets along, and a line of text. */
export interface Module {
  readonly bytes: Uint8Array;
  readonly text: string;
}

/** A piece that is all bytes, or has zeros behind them. */
export function piece(
  what: string, address: number, bytes: Uint8Array, length = bytes.length,
): Piece {
  return { what, address, bytes, length };
}

/** A string of bytes with a zero at its end. */
export function zeroTerminated(text: string): Uint8Array {
  return Uint8Array.from([...text, "\0"], (c) => c.charCodeAt(0));
}

/** Throws a UserError if a plan has no room in memory. */
export function checkPlan(plan: LoadPlan, memory: number): LoadPlan {
  for (const { address, length, what } of plan.pieces) {
    const end = address + length;
    if (end <= memory) continue;
    throw new UserError(`doesn't fit: ${what} reaches up to ` +
      `${inHex(end)}, and the machine has ${memory / MiB} MiB; ` +
      tryMemory(end, MOST_FOR_MACHINES));
  }
  const inside = plan.pieces.some(({ address, length }) =>
    plan.entry >= address && plan.entry < address + length);
  if (!inside) {
    throw new UserError(`begins at ${inHex(plan.entry)}, where nothing ` +
      "of it is loaded; the entry must be a physical address");
  }
  return plan;
}

/** A whole page at or above an address. */
export const pageUp = (address: number) =>
  Math.ceil(address / 4096) * 4096;
/** Where boot_params, the table of segments, a stack and the command line
 * lie for a Linux kernel. */
export const LINUX_PARAMS = 0x90000, LINUX_GDT = 0x91000,
  LINUX_STACK = 0x98000, LINUX_COMMAND_LINE = 0x99000;

const BIOS_DATA = 0x400;

/** The first words of the BIOS data area: COM1 at 0x3F8, one serial line,
 * 640 KiB. */
function biosData(): Uint8Array {
  const notes = new Uint8Array(0x16), view = new DataView(notes.buffer);
  view.setUint16(0x00, 0x3f8, true);
  view.setUint16(0x10, 1 << 9, true);
  view.setUint16(0x13, 640, true);
  return notes;
}

const LINUX_CODE = 0x10, LINUX_DATA = 0x18;

/** Puts a kernel into a machine whose first CPU has been reset. */
export function carryOut(plan: LoadPlan, machine: Machine): void {
  machine.writeRam(BIOS_DATA, biosData());
  for (const { address, bytes, length } of plan.pieces) {
    const whole = new Uint8Array(length);
    whole.set(bytes.subarray(0, length));
    machine.writeRam(address, whole);
  }
  const cpu = machine.cpus[0]!, { w } = cpu;
  w[EIP] = plan.entry;
  if (plan.kind === "multiboot") {
    w[EBX] = plan.info;
    return;
  }
  w[EAX] = 0;
  w[ESI] = plan.info;
  w[ESP] = LINUX_STACK;
  loadGdtr(cpu, LINUX_GDT, 0x1f);
  putSegment(cpu, CS, LINUX_CODE, 0, -1, FLAT_CODE);
  for (const s of [DS, ES, FS, GS, SS]) {
    putSegment(cpu, s, LINUX_DATA, 0, -1, FLAT_DATA);
  }
  cpu.refresh();
}
