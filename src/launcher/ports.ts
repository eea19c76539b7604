// Woven from chapters/210-ports.md.
import { LHREQ_GETREG, LHREQ_SETREG, LHREQ_TRAP } from "../lguest";
import type { DevLguest } from "../lguest";

/** Places of registers in struct pt_regs. */
const EDX = 8, EAX = 24, EIP = 48;

function getRegister(dev: DevLguest, place: number): number {
  if (dev.write(LHREQ_GETREG, place) < 0) return 0;
  const bytes = dev.read();
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

/** Answers the twelve bytes of lguest_pending: carries the instruction
 * out, or sends the trap back into the Guest. */
export function answerTrap(dev: DevLguest, pending: Uint8Array): void {
  const trap = pending[0]!, insn = pending.subarray(1, 8);
  const length = trap === 13 ? emulatePort(dev, insn) : 0;
  if (length > 0)
    dev.write(LHREQ_SETREG, EIP, (getRegister(dev, EIP) + length) >>> 0);
  else dev.write(LHREQ_TRAP, trap);
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
function emulatePort(dev: DevLguest, insn: Uint8Array): number {
  if (insn[0] === 0xfa) return 1;                         // cli
  const prefix = insn[0] === 0x66 ? 1 : 0;
  const opcode = insn[prefix]!;
  const form = opcode & 0xf4;
  if (form !== 0xe4) return 0;
  const inDx = (opcode & 8) !== 0, out = (opcode & 2) !== 0;
  const size = opcode & 1 ? (prefix ? 2 : 4) : 1;
  const port = inDx ? getRegister(dev, EDX) & 0xffff : insn[prefix + 1]!;
  if (!out) {
    const mask = 2 ** (8 * size) - 1;
    const kept = (getRegister(dev, EAX) & ~mask) >>> 0;
    const value = kept + (readPort(port) & mask) % 2 ** 32;
    dev.write(LHREQ_SETREG, EAX, value >>> 0);
  }
  return prefix + (inDx ? 1 : 2);
}
