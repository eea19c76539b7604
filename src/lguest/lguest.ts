// Woven from chapters/440-dev.md.
// A Guest as the Host sees it: struct lguest and struct lg_cpu.
import { currentThread, get, lastWords, place, putText, structure, Thread,
  viewClass } from "../host";
import { PF } from "../machine";
import type { Cpu } from "../machine";
import { tell } from "./events";
import { Registers, regsLayout } from "./lguestpages";
import { GUESTS, GUEST_STRIDE } from "./map";

/** struct lguest: one for each Guest. It outlives the Guest. */
export const lguestLayout = structure("lguest", {
  index: "u32 thread",
  /** What the loader brought. */
  image: "u32 boot", image_size: "u32", initrd: "u32", initrd_size: "u32",
  command_line: "u32", memory: "u32", allowed: "u32",
  /** How it stands. */
  state: "u32 thread", dead: "u32", reason: "u8[160]", switches: "u32",
  /** Its Launcher's address space, where Guest memory is. */
  directory: "u32", mem_base: "u32", pfn_limit: "u32",
  device_limit: "u32", vcpu: "u32 thread allocator_lock",
  running: "u32 thread",
  /** What INIT told. */
  lguest_data: "u32", initialized: "u32", noirq_iret: "u32",
  kernel_address: "u32", syscall_vec: "u32",
  /** The time that it was told last. */
  told: "u64",
});
export const Lguest = lguestLayout.field;

/** Directories that one lg_cpu keeps. */
export const SHADOWS = 4;

/** struct lg_cpu: a virtual CPU, a page. */
export const lgCpuLayout = structure("lg_cpu", {
  lguest: "u32 boot", thread: "u32", regs_page: "u32",
  /** Whether the Launcher's read returns, and with what: a kind, an
   * address, lguest_pending, a register's offset and one. */
  pending: "u32 thread", event: "u32", event_address: "u32",
  trap: "u8", insn: "u8[7]", addr: "u32", getreg: "u32",
  /** Its last page fault's address; whether it waits; CR0.TS. */
  cr2: "u32", halted: "u32", ts: "u32",
  /** A hypercall that waits to be made, and where in the ring we are. */
  hcall: "u32", next_hcall: "u32",
  /** Interrupts that wait: bits that differ. Whether the Guest has asked
   * for an alarm, and in how many nanoseconds. */
  raised: "u32 queue_lock peek", taken: "u32 thread peek",
  alarm_changed: "u32 thread", alarm_delta: "u32",
  /** Shadow paging: does it see memory as it is, and which of the four
   * directories is current? Their Guest's addresses, their frames. */
  linear: "u32", directory: "u32", seed: "u32",
  guest_directory: "u32[4]", shadow: "u32[4]",
  /** The purse. */
  pool: "u32", pool_count: "u32",
  /** What the CPU's pages must be told at the next entry. */
  changed: "u32", last_pages: "u32",
  /** The ring-1 stack for traps from ring 3. */
  esp1: "u32", ss1: "u32", stack_pages: "u32",
  /** Its descriptor tables. */
  gdt: "u32[64]", idt: "u32[512]",
});
export const LgCpu = lgCpuLayout.field;

/** The registers lie at the end of their page. */
export const regsOffset = 4096 - regsLayout.bytes;

/** A Guest: struct lguest, as a CPU of the Host sees it. */
export class Guest extends viewClass(lguestLayout) {
  constructor(readonly cpu: Cpu, at: number) {
    super(cpu, at);
  }
}

/** A virtual CPU: struct lg_cpu, as a CPU of the Host sees it. */
export class Vcpu extends viewClass(lgCpuLayout) {
  /** Whose it is. */
  readonly lg: Guest;
  /** Its registers, as the Switcher has left them. */
  readonly regs: Registers;

  constructor(readonly cpu: Cpu, at: number) {
    super(cpu, at);
    this.lg = new Guest(cpu, this.lguest);
    this.regs = new Registers(cpu,
      place.KERNEL + this.regs_page + regsOffset);
  }

  /** The Guest's address of its current page directory. */
  get cr3(): number {
    return this.guest_directory.get(this.directory);
  }
}

/** struct lguest of the Guest with this number. */
export function lguestOf(guest: number): number {
  return GUESTS + guest * GUEST_STRIDE;
}

/** The virtual CPU whose thread this CPU runs. */
export function currentVcpu(cpu: Cpu): Vcpu {
  return new Vcpu(cpu, get(cpu, currentThread(cpu), Thread.module));
}

/** How a Guest stands, by the number in struct lguest. */
export const guestStates = [
  "running", "poweroff", "restart", "crashed", "killed",
] as const;
export type GuestState = (typeof guestStates)[number];

/** A Guest did what it must not. It runs no more, and we say why. */
export function killGuest(lg: Guest, reason: string): void {
  endGuest(lg, "killed", reason);
}

/** Writes down how the Guest ended; the first reason stands. */
export function endGuest(lg: Guest, state: GuestState, reason: string): void {
  if (lg.dead !== 0) return;
  lg.dead = 1;
  lg.state = guestStates.indexOf(state);
  putText(lg.cpu, lg.at, Lguest.reason, reason);
  const told = lastWords(reason);
  if (state === "killed") tell(lg, { kind: "killed", reason: told });
  tell(lg, { kind: "guest-end", state, reason: told });
}

/** A Guest has trapped, and has no gate for it. */
export function killUnhandled(vcpu: Vcpu, trap: number, hint = ""): void {
  const { regs } = vcpu, eip = regs.eip.toString(16);
  const detail = trap === 256 ? 0 : trap === PF ? vcpu.cr2 : regs.errcode;
  killGuest(vcpu.lg,
    `unhandled trap ${trap} at 0x${eip} (0x${detail.toString(16)})${hint}`);
}
