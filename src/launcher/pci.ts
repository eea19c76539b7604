// Woven from chapters/926-slots.md.
// PCI configuration space of a Guest's devices: bus 0, mechanism 1.
import type { DevLguest } from "../lguest";
import type { SlotWords } from "./registers";
import { DEVICE_CONFIG, MMIO_BYTES } from "./transport";
import { merge, valueAt } from "./values";
import type { Transport } from "./transport";

/** Bytes of configuration space that are anything. */
const SPACE = 0x98;
/** Places in it. */
const COMMAND = 4, CACHE_LINE = 0x0c, BAR0 = 0x10, ROM = 0x30, WINDOW = 0x84,
  WINDOW_BAR = WINDOW + 4, WINDOW_OFFSET = WINDOW + 8,
  WINDOW_LENGTH = WINDOW + 12, WINDOW_DATA = WINDOW + 16;
const VENDOR_SPECIFIC = 9;
/** Where the common configuration, notifications and the ISR are. */
const COMMON = [0, 56] as const, NOTIFY = [0x38, 2] as const,
  ISR = [0x3a, 1] as const;

/** The host bridge: class 06/00, and otherwise nothing. */
export const BRIDGE = new Uint8Array(256);
BRIDGE[0x0b] = 6;

/** Reads a device's configuration space. */
export function readConfig(
  dev: DevLguest, device: Transport, at: number, size: number,
): number {
  const { r } = device;
  if (at < WINDOW_DATA || at >= SPACE)
    return valueAt(configBytes(device), at, size);
  const length = r.windowLength;
  if (r.windowBar !== 0 || ![1, 2, 4].includes(length)) return -1;
  return device.read(dev, r.windowOffset >>> 0, length) >>>
    8 * (at - WINDOW_DATA);
}

function configBytes(device: Transport): Uint8Array {
  const { r, kind: { id, classCode, config }, line } = device;
  const bytes = new Uint8Array(SPACE), view = new DataView(bytes.buffer);
  const half = (at: number, value: number) => view.setUint16(at, value, true);
  const word = (at: number, value: number) => view.setUint32(at, value, true);
  half(0x00, 0x1af4);
  half(0x02, 0x1040 + id);
  half(0x06, 0x10);
  bytes[0x08] = 1;
  half(0x0a, classCode);
  half(CACHE_LINE, r.cacheLine);
  barNames.forEach((name, i) => word(BAR0 + 4 * i, r[name]));
  half(0x2c, 0x1af4);
  half(0x2e, 0x40);
  word(ROM, r.rom);
  bytes[0x34] = 0x40;
  bytes[0x3c] = line;
  capability(bytes, 0x40, 0x50, 1, 16, COMMON);
  capability(bytes, 0x50, 0x64, 2, 20, NOTIFY);
  capability(bytes, 0x64, WINDOW, 3, 16, ISR);
  capability(bytes, WINDOW, config.length ? 0x74 : 0, 5, 20,
    [r.windowOffset, r.windowLength]);
  bytes[WINDOW_BAR] = r.windowBar;
  if (config.length)
    capability(bytes, 0x74, 0, 4, 16, [DEVICE_CONFIG, config.length]);
  return bytes;
}

const barNames = ["bar0", "bar1", "bar2", "bar3", "bar4", "bar5"] as const;

function capability(
  bytes: Uint8Array, at: number, next: number, type: number, length: number,
  [offset, size]: readonly [number, number],
): void {
  bytes.set([VENDOR_SPECIFIC, next, length, type], at);
  const view = new DataView(bytes.buffer);
  view.setUint32(at + 8, offset, true);
  view.setUint32(at + 12, size, true);
}

/** Writes to a device's configuration space; false if that may not be. */
export function writeConfig(
  dev: DevLguest, device: Transport, at: number, size: number, value: number,
): boolean {
  const { r } = device;
  if (at >= COMMAND && at + size <= COMMAND + 4) return true;
  if (at >= CACHE_LINE && at + size <= CACHE_LINE + 2) {
    r.cacheLine = merge(r.cacheLine, at - CACHE_LINE, size, value);
    return true;
  }
  if (at === WINDOW_BAR && size === 1) r.windowBar = value;
  else if (at === WINDOW_OFFSET && size === 4) r.windowOffset = value;
  else if (at === WINDOW_LENGTH && size === 4) r.windowLength = value;
  else if (at === WINDOW_DATA && size === r.windowLength) {
    if (r.windowBar !== 0) return false;
    device.write(dev, r.windowOffset >>> 0, size, value);
  } else return size === 4 && writeBar(r, at, value);
  return true;
}

/** Address registers: the first one's size can be found by writing ones,
 * and the others' that they have none. */
function writeBar(r: SlotWords, at: number, value: number): boolean {
  const name = barNames[(at - BAR0) / 4];
  if (name === "bar0") r.bar0 = value & -MMIO_BYTES;
  else if (name) r[name] = value;
  else if (at === ROM) r.rom = value;
  else return false;
  return true;
}
