// Woven from chapters/65-dev.md.
// /dev/lguest as a Launcher's step sees it.
import { flatWords, get, most, place, put, selector, textAt } from "../host";
import type { Field } from "../host";
import { EAX, panic } from "../machine";
import type { Cpu } from "../machine";
import { errno, LHREQ_GETREG, LHREQ_INITIALIZE, LHREQ_IRQ, LHREQ_SETREG,
  LHREQ_TRAP } from "./dev";
import type { DevLguest, LauncherCalls } from "./dev";
import { loadBytes, readGuestBytes, writeGuestBytes } from "./guestmemory";
import { raiseIrq } from "./interrupts";
import { currentVcpu, guestStates, killUnhandled, LgCpu, Lguest } from
  "./lguest";
import { Regs } from "./lguestpages";
import { deliverTrap } from "./reflect";
import { startLinear } from "./shadow";

/** What lg_cpu.event says. */
export const EVENT_START = 0, EVENT_NOTIFY = 1, EVENT_TRAP = 2,
  EVENT_REGISTER = 3, EVENT_DEAD = 4;

/** Host call: the Launcher decides; eax = 1 when it wants to end. */
export function launcherStep(cpu: Cpu, launcher: LauncherCalls): void {
  const vcpu = currentVcpu(cpu);
  const dev = openLguest(cpu, vcpu);
  put(cpu, vcpu, LgCpu.pending, 0);
  cpu.w[EAX] = launcher.step(dev) === "exit" ? 1 : 0;
}

function resultOf(
  cpu: Cpu, vcpu: number, lg: number,
): Uint8Array | number | undefined {
  switch (get(cpu, vcpu, LgCpu.event)) {
    case EVENT_START: return undefined;
    case EVENT_NOTIFY:
      return loadBytes(cpu, vcpu + LgCpu.event_address.offset, 4);
    case EVENT_TRAP: return loadBytes(cpu, vcpu + LgCpu.trap.offset, 12);
    case EVENT_REGISTER: return readNow(cpu, vcpu, lg);
    default: {
      const state = guestStates[get(cpu, lg, Lguest.state)];
      return state === "restart" ? -errno.ERESTART : -errno.ENOENT;
    }
  }
}

/** A read that is answered without running the Guest. */
function readNow(cpu: Cpu, vcpu: number, lg: number): Uint8Array {
  const asked = get(cpu, vcpu, LgCpu.getreg);
  if (asked !== 0) {
    put(cpu, vcpu, LgCpu.getreg, 0);
    return loadBytes(cpu, get(cpu, vcpu, LgCpu.regs) + asked - 1, 4);
  }
  if (!get(cpu, lg, Lguest.dead))
    panic("this read would run the Guest: return from the step");
  const killed = guestStates[get(cpu, lg, Lguest.state)] === "killed";
  const text = (killed ? "" : "CRASH: ") +
    textAt(cpu, lg + Lguest.reason.offset) + "\0";
  return Uint8Array.from(text, (c) => c.charCodeAt(0));
}

function openLguest(cpu: Cpu, vcpu: number): DevLguest {
  const lg = get(cpu, vcpu, LgCpu.lguest);
  const imageSize = get(cpu, lg, Lguest.image_size);
  const initrdSize = get(cpu, lg, Lguest.initrd_size);
  return {
    cpu, imageSize, initrdSize,
    guest: get(cpu, lg, Lguest.index),
    result: resultOf(cpu, vcpu, lg),
    commandLine: textAt(cpu, get(cpu, lg, Lguest.command_line)),
    memory: get(cpu, lg, Lguest.memory),
    memBase: place.MEM_BASE,
    readImage: (offset, length) => filePart(cpu,
      get(cpu, lg, Lguest.image), imageSize, offset, length),
    readInitrd: (offset, length) => filePart(cpu,
      get(cpu, lg, Lguest.initrd), initrdSize, offset, length),
    write: (...words) => request(cpu, vcpu, lg, words),
    read: () => readNow(cpu, vcpu, lg),
    readGuest: (address, length) => readGuestBytes(cpu, lg, address, length),
    writeGuest: (address, bytes) => writeGuestBytes(cpu, lg, address, bytes),
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
function request(
  cpu: Cpu, vcpu: number, lg: number, words: readonly number[],
): number {
  const [what, first = 0, second = 0, third = 0, fourth = 0] =
    words.map((word) => word >>> 0);
  if (get(cpu, lg, Lguest.dead)) return -errno.ENOENT;
  if (what === LHREQ_INITIALIZE)
    return initialize(cpu, vcpu, lg, first, second, third, fourth);
  if (!get(cpu, lg, Lguest.running)) return -errno.EINVAL;
  switch (what) {
    case LHREQ_IRQ: return interrupt(cpu, vcpu, first);
    case LHREQ_GETREG: return getRegister(cpu, vcpu, first);
    case LHREQ_SETREG: return setRegister(cpu, vcpu, first, second);
    case LHREQ_TRAP: return trap(cpu, vcpu, lg, first);
    default: return -errno.EINVAL;
  }
}

function interrupt(cpu: Cpu, vcpu: number, irq: number): number {
  if (irq >= 32) return -errno.EINVAL;
  raiseIrq(cpu, vcpu, irq);
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

function getRegister(cpu: Cpu, vcpu: number, place: number): number {
  const found = registers.find(([at]) => at === place);
  if (!found) return -errno.EINVAL;
  put(cpu, vcpu, LgCpu.getreg, found[1].offset + 1);
  return 8;
}

function setRegister(
  cpu: Cpu, vcpu: number, place: number, value: number,
): number {
  const found = registers.slice(0, SETTABLE).find(([at]) => at === place);
  if (!found) return -errno.EINVAL;
  put(cpu, get(cpu, vcpu, LgCpu.regs), found[1], value);
  return 12;
}

function trap(
  cpu: Cpu, vcpu: number, lg: number, vector: number,
): number {
  if (deliverTrap(cpu, vcpu, lg, vector)) return 0;
  killUnhandled(cpu, vcpu, lg, vector);
  return -errno.EINVAL;
}

/** LHREQ_INITIALIZE: how much memory, and where to begin. */
function initialize(
  cpu: Cpu, vcpu: number, lg: number, memBase: number,
  pfnLimit: number, start: number, deviceLimit: number,
): number {
  if (get(cpu, lg, Lguest.running)) return -errno.EBUSY;
  const good = memBase === place.MEM_BASE && deviceLimit >= pfnLimit &&
    pfnLimit * 4096 <= get(cpu, lg, Lguest.memory) &&
    deviceLimit <= most.PAGES_MAX;
  if (!good) return -errno.EINVAL;
  put(cpu, lg, Lguest.running, 1);
  put(cpu, lg, Lguest.pfn_limit, pfnLimit);
  put(cpu, lg, Lguest.device_limit, deviceLimit);
  firstRegisters(cpu, vcpu, start);
  startLinear(cpu, vcpu, lg);
  return 16;
}

/** Registers and descriptors as every Guest begins with them. */
function firstRegisters(cpu: Cpu, vcpu: number, start: number): void {
  const regs = get(cpu, vcpu, LgCpu.regs);
  const data = selector.KERNEL_DS | 1;
  put(cpu, regs, Regs.ds, data);
  put(cpu, regs, Regs.es, data);
  put(cpu, regs, Regs.ss, data);
  put(cpu, regs, Regs.cs, selector.KERNEL_CS | 1);
  put(cpu, regs, Regs.eflags, 0x202);
  put(cpu, regs, Regs.eip, start);
  put(cpu, vcpu, LgCpu.ss1, data);
  for (const [s, access] of [
    [selector.KERNEL_CS, 0xbb], [selector.KERNEL_DS, 0xb3],
  ] as const) {
    const [low, high] = flatWords(access);
    put(cpu, vcpu, LgCpu.gdt, low, s >> 2);
    put(cpu, vcpu, LgCpu.gdt, high, (s >> 2) + 1);
  }
}
