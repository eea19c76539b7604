// Woven from chapters/810-guests.md.
// Kernels that can't be Guests here: what their files say, and their ends.
import { get, hostMemory } from "../host";
import { Lguest, lguestOf } from "../lguest";
import type { End, GuestEnd } from "./end";
import { UserError } from "./error";
import { isBzImage } from "./kernel";
import type { Session } from "./session";

const PACKED = [["cpio", "0707"], ["gzip", "\x1f\x8b"],
  ["xz", "\xfd7zXZ"], ["zstd", "\x28\xb5\x2f\xfd"]] as const;

function isAt(file: Uint8Array, at: number, text: string): boolean {
  return [...text].every((c, i) => file[at + i] === c.charCodeAt(0));
}

function has(file: Uint8Array, text: string): boolean {
  const first = text.charCodeAt(0);
  let at = file.indexOf(first);
  while (at >= 0 && !isAt(file, at, text)) at = file.indexOf(first, at + 1);
  return at >= 0;
}

/** Throws a UserError for what can't be a Guest, if its file tells. */
export function refuseNoGuest(file: Uint8Array): void {
  if (isBzImage(file)) refuseOtherEntry(file);
  else refusePacked(file);
  if (!["Linux version ", "Kernel panic"].every((s) => has(file, s))) return;
  if (!has(file, "lguest\0")) {
    throw new UserError("is a Linux kernel that can't be a Guest; try one " +
      "of 4.1 to 4.13 with CONFIG_LGUEST_GUEST, or lguest machine");
  }
  if (has(file, "initial_pg_pmd\0")) {
    throw new UserError("is a Linux kernel for PAE, and this Host has " +
      "none; build it without CONFIG_X86_PAE");
  }
}

function refuseOtherEntry(file: Uint8Array): void {
  const version = file[0x206]! | file[0x207]! << 8;
  if (version >= 0x20c && file[0x236]! & 1) {
    throw new UserError("is a 64-bit Linux kernel; it must be 32-bit: " +
      "make ARCH=i386");
  }
  if (isAt(file, 0x214, "\0\x10\0\0")) {
    throw new UserError("is a zImage, for the lowest 640 KiB; " +
      "try make bzImage");
  }
}

function refusePacked(file: Uint8Array): void {
  const packed = PACKED.find(([, magic]) => isAt(file, 0, magic));
  if (!packed) return;
  throw new UserError(`is packed by ${packed[0]}; unpack it, or is it an ` +
    "initrd?");
}

/** The sentences of an end, with what to try after them where a kernel
 * was none for a Guest. */
export function withAdvice(
  { machine }: Session, { sentences, guests, status }: End,
): string[] {
  const memory = hostMemory(machine);
  return sentences.map((sentence, n) => {
    const guest = guests[n];
    if (!guest || status === 3) return sentence;
    const initialized = get(memory, lguestOf(n), Lguest.initialized) !== 0;
    return sentence + adviceFor(guest, initialized, status);
  });
}

const UNHANDLED = /^unhandled trap (\d\d?) at (0x\w+) \((0x\w+)\)$/;

function adviceFor(
  { state, reason }: GuestEnd, initialized: boolean, status: number,
): string {
  const [, trap, eip, detail] = UNHANDLED.exec(reason) ?? [];
  const sleeps = state === "running" && status === 1;
  if (!initialized && (trap || sleeps))
    return "; it never made the hypercall INIT: is it for lguest, as Linux " +
      "with CONFIG_LGUEST_GUEST? if not, try lguest machine";
  return trap === "14" && eip === detail
    ? "; its page tables don't have that address: are they PAE's? try a " +
      "kernel without CONFIG_X86_PAE" : "";
}
