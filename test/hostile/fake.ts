// /dev/lguest without a Host: a Guest that is memory and registers, and
// whose instructions are what somebody says they are.
import { errno, LHREQ_GETREG, LHREQ_IRQ, LHREQ_SETREG, LHREQ_TRAP } from
  "../../src/lguest";
import type { DevLguest } from "../../src/lguest";
import type { Machine } from "../../src/machine";

const EAX = 24, EDX = 8, EIP = 48;

const put32 = (word: number) =>
  Uint8Array.of(word, word >>> 8, word >>> 16, word >>> 24);

/** One Guest's end of the file. */
export class FakeLguest implements DevLguest {
  readonly cpu;
  readonly imageSize = 0;
  readonly initrdSize = 0;
  readonly commandLine = "";
  readonly memBase = 0;
  readonly memory: number;
  readonly bytes: Uint8Array;
  readonly regs = new Uint32Array(17);
  result: Uint8Array | number | undefined;
  /** Why it is dead, or "". */
  reason = "";
  /** Traps that were sent back, interrupts, bytes that were touched. */
  traps: number[] = [];
  irqs = 0;
  touched = 0;
  /** Whether somebody wanted what is not there. */
  missed = false;
  signalled = false;
  private asked = 0;

  constructor(machine: Machine, readonly guest: number, memory: number) {
    this.cpu = machine.cpus[0]!;
    this.memory = memory;
    this.bytes = new Uint8Array(memory);
  }

  readImage(): Uint8Array { return new Uint8Array(0); }
  readInitrd(): Uint8Array { return new Uint8Array(0); }

  write(...[what, first = 0, second = 0]: number[]): number {
    if (this.reason) return -errno.ENOENT;
    switch (what) {
      case LHREQ_GETREG: this.asked = first; return 8;
      case LHREQ_SETREG: this.regs[first / 4] = second; return 12;
      case LHREQ_TRAP: this.traps.push(first); return 0;
      case LHREQ_IRQ:
        if (first < 1 || first > 31) throw new Error(`interrupt ${first}`);
        this.irqs |= 1 << first;
        return 0;
      default: return -errno.EINVAL;
    }
  }

  read(): Uint8Array {
    return put32(this.regs[this.asked / 4]!);
  }

  private has(address: number, length: number): boolean {
    this.touched += length;
    const has = address >= 0 && address + length <= this.memory;
    this.missed ||= !has;
    return has;
  }

  readGuest(address: number, length: number): Uint8Array | undefined {
    return this.has(address, length)
      ? this.bytes.slice(address, address + length) : undefined;
  }

  writeGuest(address: number, bytes: Uint8Array): boolean {
    const good = this.has(address, bytes.length);
    if (good) this.bytes.set(bytes, address);
    return good;
  }

  signal(guest: number): void {
    this.signalled ||= guest === this.guest;
  }

  giveUp(reason: string): void {
    this.reason ||= reason;
  }

  /** It has trapped: with these bytes at eip, and that address. */
  trap(vector: number, insn: readonly number[], address = 0): void {
    this.result = new Uint8Array(12);
    this.result[0] = vector;
    this.result.set(insn.slice(0, 7), 1);
    this.result.set(put32(address), 8);
    this.traps = [];
  }

  /** in or out, by dx. */
  port(out: boolean, port: number, size: number, value = 0): void {
    this.regs[EDX / 4] = port;
    this.regs[EAX / 4] = value;
    this.trap(13, [...size === 2 ? [0x66] : [],
      (out ? 0xee : 0xec) | (size > 1 ? 1 : 0)]);
  }

  /** mov, from or to eax. */
  move(out: boolean, address: number, size: number, value = 0): void {
    this.regs[EAX / 4] = value;
    this.trap(14, [...size === 2 ? [0x66] : [],
      (out ? 0x88 : 0x8a) | (size > 1 ? 1 : 0), 0x03], address);
  }

  get eax(): number { return this.regs[EAX / 4]!; }
  get eip(): number { return this.regs[EIP / 4]!; }
}
