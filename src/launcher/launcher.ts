// Woven from chapters/310-launcher.md.
import { errno, LHREQ_INITIALIZE } from "../lguest";
import type { DevLguest, LauncherCalls } from "../lguest";
import { bootParams, initrdAddress } from "./boot-params";
import { DEVICE_PAGES } from "./bus";
import type { Bus } from "./bus";
import { UserError } from "./error";
import { parseKernel } from "./kernel";
import type { Kernel } from "./kernel";
import { answerTrap } from "./ports";

/** Takes what Guest number `guest` prints, as bytes. */
export type ConsoleSink = (bytes: Uint8Array, guest: number) => void;

/** A Launcher whose Guests print to `print`, and have devices on these
 * buses; it keeps no state. */
export function launcher(
  print: ConsoleSink, buses: readonly Bus[] = [],
): LauncherCalls {
  return {
    step(dev) {
      const { result } = dev, bus = buses[dev.guest];
      if (result === undefined) return load(dev, bus) ? "read" : "exit";
      if (typeof result === "number" && result !== -errno.EINTR)
        return "exit";
      if (typeof result === "number") bus?.attend(dev);
      else if (result.length === 12) answerTrap(dev, result, bus);
      else printString(dev, wordOf(result), print);
      return "read";
    },
  };
}

function wordOf(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

/** False if the file isn't what boot() has seen. */
function load(dev: DevLguest, bus: Bus | undefined): boolean {
  const kernel = kernelOf(dev);
  if (!kernel) return false;
  for (const { address, offset, fileSize } of kernel.segments) {
    if (fileSize === 0) continue;
    dev.writeGuest(address, dev.readImage(offset, fileSize));
  }
  const { memory, initrdSize } = dev;
  if (initrdSize) {
    dev.writeGuest(initrdAddress(memory, initrdSize),
      dev.readInitrd(0, initrdSize));
  }
  dev.writeGuest(0, bootParams(memory, dev.commandLine, initrdSize,
    kernel.header));
  const pages = dev.memory >>> 12;
  dev.write(LHREQ_INITIALIZE, dev.memBase, pages, kernel.entry,
    pages + (bus?.begin(dev.memory) ?? DEVICE_PAGES));
  return true;
}

function kernelOf(dev: DevLguest): Kernel | undefined {
  try {
    return parseKernel(dev.readImage(0, dev.imageSize), dev.memory);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

const LONGEST = 4096;

function printString(
  dev: DevLguest, address: number, print: ConsoleSink,
): void {
  const length = Math.min(LONGEST, dev.memory - address);
  if (length <= 0) return;
  const bytes = dev.readGuest(address, length);
  if (bytes === undefined) return;
  const end = bytes.indexOf(0);
  print(end < 0 ? bytes : bytes.subarray(0, end), dev.guest);
}
