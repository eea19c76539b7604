// Woven from chapters/440-dev.md.
// /dev/lguest as a Launcher's step sees it.
import { currentThread, flatWords, loadBytes, most, place, put, selector,
  signalProcess, textAt, Thread } from "../host";
import type { Field } from "../host";
import { EAX, panic } from "../machine";
import type { Cpu } from "../machine";
import { errno, LHREQ_GETREG, LHREQ_INITIALIZE, LHREQ_IRQ, LHREQ_SETREG,
  LHREQ_TRAP } from "./dev";
import type { DevLguest, LauncherCalls } from "./dev";
import { readGuestBytes, writeGuestBytes } from "./guestmemory";
import { raiseIrq } from "./interrupts";
import { GUESTS_MAX } from "./map";
import { currentVcpu, guestStates, killGuest, killUnhandled, LgCpu, Lguest }
  from "./lguest";
import type { Vcpu } from "./lguest";
import { Regs } from "./lguestpages";
import { deliverTrap } from "./reflect";
import { startLinear } from "./shadow";

/** What lg_cpu.event says. */
export const EVENT_START = 0, EVENT_NOTIFY = 1, EVENT_TRAP = 2,
  EVENT_DEAD = 3, EVENT_SIGNAL = 4;

/** Host call: the Launcher decides; eax = 1 when it wants to end. */
export function launcherStep(cpu: Cpu, launcher: LauncherCalls): void {
  const vcpu = currentVcpu(cpu);
  const dev = openLguest(vcpu);
  vcpu.pending = 0;
  put(cpu, currentThread(cpu), Thread.signalled, 0);
  cpu.w[EAX] = launcher.step(dev) === "exit" ? 1 : 0;
}

function resultOf(vcpu: Vcpu): Uint8Array | number | undefined {
  switch (vcpu.event) {
    case EVENT_START: return undefined;
    case EVENT_SIGNAL: return -errno.EINTR;
    case EVENT_NOTIFY:
      return loadBytes(vcpu.cpu, vcpu.at + LgCpu.event_address.offset, 4);
    case EVENT_TRAP:
      return loadBytes(vcpu.cpu, vcpu.at + LgCpu.trap.offset, 12);
    default: {
      const state = guestStates[vcpu.lg.state];
      return state === "restart" ? -errno.ERESTART : -errno.ENOENT;
    }
  }
}

/** A read that is answered without running the Guest. */
function readNow(vcpu: Vcpu): Uint8Array {
  const asked = vcpu.getreg;
  if (asked !== 0) {
    vcpu.getreg = 0;
    return loadBytes(vcpu.cpu, vcpu.regs.at + asked - 1, 4);
  }
  const { lg } = vcpu;
  if (!lg.dead)
    panic("this read would run the Guest: return from the step");
  const killed = guestStates[lg.state] === "killed";
  const text = (killed ? "" : "CRASH: ") +
    textAt(lg.cpu, lg.at + Lguest.reason.offset) + "\0";
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

function openLguest(vcpu: Vcpu): DevLguest {
  const { cpu, lg } = vcpu;
  const imageSize = lg.image_size, initrdSize = lg.initrd_size;
  return {
    cpu, imageSize, initrdSize,
    guest: lg.index % GUESTS_MAX,
    result: resultOf(vcpu),
    commandLine: textAt(cpu, lg.command_line),
    memory: lg.memory,
    memBase: place.MEM_BASE,
    readImage: (offset, length) =>
      filePart(cpu, lg.image, imageSize, offset, length),
    readInitrd: (offset, length) =>
      filePart(cpu, lg.initrd, initrdSize, offset, length),
    write: (...words) => request(vcpu, words),
    read: () => readNow(vcpu),
    readGuest: (address, length) => readGuestBytes(lg, address, length),
    writeGuest: (address, bytes) => writeGuestBytes(lg, address, bytes),
    signal: (guest) => signalProcess(cpu, guest),
    giveUp: (reason) => killGuest(lg, reason),
  };
}

/** A part of a file in the Host's memory, cut off at its end. */
function filePart(
  cpu: Cpu, file: number, size: number, offset: number, length: number,
): Uint8Array {
  if (offset < 0 || offset > size) return new Uint8Array(0);
  return loadBytes(cpu, file + offset, Math.min(length, size - offset));
}

/** A write to /dev/lguest: the answer, or -errno. */
function request(vcpu: Vcpu, words: readonly number[]): number {
  const [what, first = 0, second = 0, third = 0, fourth = 0] =
    words.map((word) => word >>> 0);
  if (vcpu.lg.dead) return -errno.ENOENT;
  if (what === LHREQ_INITIALIZE)
    return initialize(vcpu, first, second, third, fourth);
  if (!vcpu.lg.running) return -errno.EINVAL;
  switch (what) {
    case LHREQ_IRQ: return interrupt(vcpu, first);
    case LHREQ_GETREG: return getRegister(vcpu, first);
    case LHREQ_SETREG: return setRegister(vcpu, first, second);
    case LHREQ_TRAP: return trap(vcpu, first);
    default: return -errno.EINVAL;
  }
}

function interrupt(vcpu: Vcpu, irq: number): number {
  if (irq >= 32) return -errno.EINVAL;
  raiseIrq(vcpu, irq);
  return 0;
}

/** Places in struct pt_regs; the first nine may be set. */
const registers: readonly [place: number, field: Field][] = [
  [0, Regs.ebx], [4, Regs.ecx], [8, Regs.edx], [12, Regs.esi],
  [16, Regs.edi], [20, Regs.ebp], [24, Regs.eax], [48, Regs.eip],
  [60, Regs.esp],
  [28, Regs.ds], [32, Regs.es], [36, Regs.fs], [40, Regs.gs],
  [52, Regs.cs], [56, Regs.eflags], [64, Regs.ss],
];
const SETTABLE = 9;

function getRegister(vcpu: Vcpu, where: number): number {
  const found = registers.find(([at]) => at === where);
  if (!found) return -errno.EINVAL;
  vcpu.getreg = found[1].offset + 1;
  return 8;
}

function setRegister(vcpu: Vcpu, where: number, value: number): number {
  const found = registers.slice(0, SETTABLE).find(([at]) => at === where);
  if (!found) return -errno.EINVAL;
  put(vcpu.cpu, vcpu.regs.at, found[1], value);
  return 12;
}

function trap(vcpu: Vcpu, vector: number): number {
  if (deliverTrap(vcpu, vector)) return 0;
  killUnhandled(vcpu, vector);
  return -errno.EINVAL;
}

/** LHREQ_INITIALIZE: how much memory, and where to begin. */
function initialize(
  vcpu: Vcpu, memBase: number, pfnLimit: number, start: number,
  deviceLimit: number,
): number {
  const { lg } = vcpu;
  if (lg.running) return -errno.EBUSY;
  const good = memBase === place.MEM_BASE && deviceLimit >= pfnLimit &&
    pfnLimit * 4096 <= lg.memory && deviceLimit <= most.PAGES_MAX;
  if (!good) return -errno.EINVAL;
  lg.running = 1;
  lg.pfn_limit = pfnLimit;
  lg.device_limit = deviceLimit;
  firstRegisters(vcpu, start);
  startLinear(vcpu);
  return 16;
}

/** Registers and descriptors as every Guest begins with them. */
function firstRegisters(vcpu: Vcpu, start: number): void {
  const { regs } = vcpu, data = selector.KERNEL_DS | 1;
  regs.ds = data;
  regs.es = data;
  regs.ss = data;
  regs.cs = selector.KERNEL_CS | 1;
  regs.eflags = 0x202;
  regs.eip = start;
  vcpu.ss1 = data;
  for (const [s, access] of [
    [selector.KERNEL_CS, 0xbb], [selector.KERNEL_DS, 0xb3],
  ] as const) {
    const [low, high] = flatWords(access);
    vcpu.gdt.put(s >> 2, low);
    vcpu.gdt.put((s >> 2) + 1, high);
  }
}
