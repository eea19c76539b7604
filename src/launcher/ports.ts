// Woven from chapters/210-ports.md, 925-virtio.md.
// Instructions of a Guest's that are for its devices.
import { LHREQ_GETREG, LHREQ_SETREG, LHREQ_TRAP } from "../lguest";
import type { DevLguest } from "../lguest";
import type { Bus } from "./bus";
import { lowBits, merge } from "./values";

/** Places of registers in struct pt_regs, by their numbers; and eip. */
const PLACES = [24, 4, 8, 0, 60, 20, 12, 16], EIP = 48;
const EAX = 0, EDX = 2;

function getPlace(dev: DevLguest, place: number): number {
  if (dev.write(LHREQ_GETREG, place) < 0) return 0;
  const bytes = dev.read();
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

/** Answers the twelve bytes of lguest_pending: carries the instruction
 * out, or sends the trap back into the Guest. */
export function answerTrap(
  dev: DevLguest, pending: Uint8Array, bus?: Bus,
): void {
  const trap = pending[0]!, insn = pending.subarray(1, 8);
  const address = new DataView(pending.buffer, pending.byteOffset)
    .getUint32(8, true);
  const length = trap === 13 ? emulatePort(dev, insn, bus)
    : emulateMove(dev, insn, bus?.at(dev, address));
  if (length > 0)
    dev.write(LHREQ_SETREG, EIP, (getPlace(dev, EIP) + length) >>> 0);
  else dev.write(LHREQ_TRAP, trap);
}

function readRegister(dev: DevLguest, n: number, size: number): number {
  const high = size === 1 && n >= 4;
  const value = getPlace(dev, PLACES[high ? n - 4 : n]!);
  return size === 4 ? value : (high ? value >>> 8 : value) & lowBits(size);
}

function writeRegister(
  dev: DevLguest, n: number, size: number, value: number,
): void {
  const high = size === 1 && n >= 4, place = PLACES[high ? n - 4 : n]!;
  const old = size === 4 ? 0 : getPlace(dev, place);
  dev.write(LHREQ_SETREG, place, merge(old, high ? 1 : 0, size, value) >>> 0);
}

/** What a port says when nobody is there: ones, but for three. */
function readPort(port: number): number {
  switch (port) {
    case 0x42: return 0;
    case 0x61: return 0x20;
    case 0x64: return 1;
    default: return 0xffffffff;
  }
}

/** Carries out cli, in or out; its length, or 0 if it is another. */
function emulatePort(
  dev: DevLguest, insn: Uint8Array, bus: Bus | undefined,
): number {
  if (insn[0] === 0xfa) return 1;                         // cli
  const prefix = insn[0] === 0x66 ? 1 : 0;
  const opcode = insn[prefix]!;
  const form = opcode & 0xf4;
  if (form !== 0xe4) return 0;
  const inDx = (opcode & 8) !== 0, out = (opcode & 2) !== 0;
  const size = opcode & 1 ? (prefix ? 2 : 4) : 1;
  const port = inDx ? readRegister(dev, EDX, 2) : insn[prefix + 1]!;
  if (!out) {
    const value = bus?.readPort(dev, port, size) ?? readPort(port);
    writeRegister(dev, EAX, size, value);
  } else if (bus &&
    !bus.writePort(dev, port, size, readRegister(dev, EAX, size))) return 0;
  return prefix + (inDx ? 1 : 2);
}

/** Carries out a move from or to a device; its length, or 0 if it is no
 * move that we know. */
function emulateMove(
  dev: DevLguest, insn: Uint8Array, place: ReturnType<Bus["at"]>,
): number {
  if (!place) return 0;
  const { device, offset } = place;
  let at = 0, wide = 4;
  for (; PREFIXES.includes(insn[at]!); at++)
    if (insn[at] === 0x66) wide = 2;
  const widens = insn[at] === 0x0f, opcode = insn[widens ? ++at : at]!;
  const size = opcode & 1 ? (widens ? 2 : wide) : 1, next = at + 1;
  const register = (insn[next]! >> 3) & 7, more = operandLength(insn, next);
  const direct = opcode >= 0xa0 && opcode <= 0xa3 && !widens;
  if (!direct && more === 0) return 0;
  if (widens) {
    if ((opcode & 0xf6) !== 0xb6) return 0;   // movzx, movsx
    const read = device.read(dev, offset, size), unused = 32 - 8 * size;
    writeRegister(dev, register, wide, opcode & 8
      ? read << unused >> unused : read & lowBits(size));
  } else if ((opcode & 0xfe) === 0xc6 && register === 0) {
    if (next + more + size > insn.length) return 0;
    const bytes = insn.subarray(next + more, next + more + size);
    device.write(dev, offset, size,
      bytes.reduceRight((value, byte) => (value << 8 | byte) >>> 0, 0));
    return next + more + size;
  } else if (direct || (opcode & 0xfc) === 0x88) {
    const n = direct ? EAX : register, toDevice = direct === !!(opcode & 2);
    if (toDevice)
      device.write(dev, offset, size, readRegister(dev, n, size));
    else writeRegister(dev, n, size, device.read(dev, offset, size));
  } else return 0;
  return next + (direct ? 4 : more);
}

/** Operand size, and segments, which the address has in it already. */
const PREFIXES = [0x66, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];

/** Bytes of an operand in memory from its ModR/M on; 0 for a register, and
 * for what we don't see the end of. */
function operandLength(insn: Uint8Array, at: number): number {
  const modrm = insn[at]!, mod = modrm >> 6, sib = (modrm & 7) === 4 ? 1 : 0;
  if (mod === 3 || at + sib >= insn.length) return 0;
  const base = insn[at + sib]! & 7;
  return 1 + sib + (mod === 1 ? 1 : mod === 2 || base === 5 ? 4 : 0);
}
