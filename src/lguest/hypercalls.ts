// Woven from chapters/66-hypercalls.md.
// int $0x1f: what a Guest can ask for.
import { emit, get, HOST, put, textAt } from "../host";
import type { Cpu } from "../machine";
import { drainRing } from "./async";
import { EVENT_NOTIFY } from "./devlguest";
import { Data, guestDataLayout, readData, writeData } from "./guestdata";
import { guestHas, readGuest32 } from "./guestmemory";
import { setGate } from "./idt";
import { tellTime } from "./interrupts";
import { endGuest, killGuest, LgCpu, Lguest } from "./lguest";
import { Regs } from "./lguestpages";
import { SWITCHER } from "./map";
import { loadGdtEntry, loadTls } from "./segments";
import { flushAll, flushUser, newPageTable, setPgd, setPte } from "./shadow";
import { setStack } from "./stack";
import { LguestShared } from "./structures";

/** Numbers of the hypercalls. */
export const LHCALL_FLUSH_ASYNC = 0, LHCALL_LGUEST_INIT = 1,
  LHCALL_SHUTDOWN = 2, LHCALL_NEW_PGTABLE = 4, LHCALL_FLUSH_TLB = 5,
  LHCALL_LOAD_IDT_ENTRY = 6, LHCALL_SET_STACK = 7, LHCALL_TS = 8,
  LHCALL_SET_CLOCKEVENT = 9, LHCALL_HALT = 10, LHCALL_SET_PTE = 14,
  LHCALL_SET_PGD = 15, LHCALL_LOAD_TLS = 16, LHCALL_NOTIFY = 17,
  LHCALL_LOAD_GDT_ENTRY = 18, LHCALL_SEND_INTERRUPTS = 19;

/** Carries out what was posted, and then the call in the registers. */
export function doHypercalls(cpu: Cpu, vcpu: number, lg: number): void {
  const regs = get(cpu, vcpu, LgCpu.regs);
  const call = [Regs.eax, Regs.ebx, Regs.ecx, Regs.edx, Regs.esi]
    .map((f) => get(cpu, regs, f)) as Call;
  if (!get(cpu, lg, Lguest.initialized)) {
    put(cpu, vcpu, LgCpu.hcall, 0);
    tell(cpu, lg, call, false);
    if (call[0] === LHCALL_LGUEST_INIT) init(cpu, vcpu, lg, call[1]);
    else killGuest(cpu, lg, `hypercall ${call[0]} before INIT`);
    return;
  }
  drainRing(cpu, vcpu, lg, (posted) => {
    tell(cpu, lg, posted, true);
    dispatch(cpu, vcpu, lg, posted);
  });
  if (get(cpu, vcpu, LgCpu.pending)) return;
  put(cpu, vcpu, LgCpu.hcall, 0);
  tell(cpu, lg, call, false);
  dispatch(cpu, vcpu, lg, call);
}

/** A hypercall: its number and four arguments. */
export type Call = [number, number, number, number, number];

function tell(cpu: Cpu, lg: number, call: Call, posted: boolean): void {
  if (cpu.machine.events.active)
    emit(cpu, { kind: "hypercall", guest: get(cpu, lg, Lguest.index),
      number: call[0], args: call.slice(1), posted });
}

function dispatch(
  cpu: Cpu, vcpu: number, lg: number, [number, a, b, c]: Call,
): void {
  switch (number) {
    case LHCALL_FLUSH_ASYNC: return;
    case LHCALL_SEND_INTERRUPTS: return;
    case LHCALL_LGUEST_INIT:
      return killGuest(cpu, lg, "INIT for the second time");
    case LHCALL_SHUTDOWN: return shutdown(cpu, lg, a, b);
    case LHCALL_NEW_PGTABLE: return newPageTable(cpu, vcpu, lg, a);
    case LHCALL_FLUSH_TLB:
      return a === 0 ? flushUser(cpu, vcpu, lg) : flushAll(cpu, vcpu, lg);
    case LHCALL_LOAD_IDT_ENTRY: return setGate(cpu, vcpu, lg, a, b, c);
    case LHCALL_SET_STACK: return setStack(cpu, vcpu, lg, a, b, c);
    case LHCALL_TS: return put(cpu, vcpu, LgCpu.ts, a === 0 ? 0 : 1);
    case LHCALL_SET_CLOCKEVENT: return clockEvent(cpu, vcpu, a);
    case LHCALL_HALT: return put(cpu, vcpu, LgCpu.halted, 1);
    case LHCALL_SET_PTE: return setPte(cpu, vcpu, lg, a, b, c);
    case LHCALL_SET_PGD: return setPgd(cpu, vcpu, lg, a, b);
    case LHCALL_LOAD_TLS: return loadTls(cpu, vcpu, lg, a);
    case LHCALL_LOAD_GDT_ENTRY: return loadGdtEntry(cpu, vcpu, lg, a, b, c);
    case LHCALL_NOTIFY:
      if (get(cpu, HOST, LguestShared.abi_strict)) break;
      return notify(cpu, vcpu, lg, a);
    default: break;
  }
  killGuest(cpu, lg, `Bad hypercall ${number}`);
}

function clockEvent(cpu: Cpu, vcpu: number, delta: number): void {
  put(cpu, vcpu, LgCpu.alarm_delta, delta);
  put(cpu, vcpu, LgCpu.alarm_changed, 1);
}

function init(cpu: Cpu, vcpu: number, lg: number, data: number): void {
  if (!guestHas(cpu, lg, data, guestDataLayout.bytes))
    return killGuest(cpu, lg, `Bad address of lguest_data ${hex(data)}`);
  put(cpu, lg, Lguest.initialized, 1);
  put(cpu, lg, Lguest.lguest_data, data);
  const { ticksPerSecond } = cpu.machine.layout;
  writeData(cpu, lg, Data.tsc_khz, Math.floor(ticksPerSecond / 1000));
  const vector = readData(cpu, lg, Data.syscall_vec);
  put(cpu, lg, Lguest.syscall_vec, vector);
  put(cpu, lg, Lguest.noirq_iret, readData(cpu, lg, Data.noirq_iret));
  tellTime(cpu, lg);
  const kernel = readData(cpu, lg, Data.kernel_address);
  put(cpu, lg, Lguest.kernel_address, kernel);
  writeData(cpu, lg, Data.reserve_mem, 2 ** 32 - SWITCHER);
  if (vector !== 0x80)
    return killGuest(cpu, lg, `Bad syscall vector ${hex(vector)}` +
      (vector > 255 ? "; is it a kernel from before Linux 4.1?" : ""));
  if (kernel >= SWITCHER)
    return killGuest(cpu, lg, `Bad kernel address ${hex(kernel)}`);
  flushAll(cpu, vcpu, lg);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function notify(cpu: Cpu, vcpu: number, lg: number, address: number): void {
  if (!guestHas(cpu, lg, address, 1))
    return killGuest(cpu, lg, `Bad notify ${hex(address)}`);
  put(cpu, vcpu, LgCpu.event, EVENT_NOTIFY);
  put(cpu, vcpu, LgCpu.event_address, address);
  put(cpu, vcpu, LgCpu.pending, 1);
}

const SHUTDOWN_RESTART = 2;

function shutdown(
  cpu: Cpu, lg: number, address: number, why: number,
): void {
  const restarts = why === SHUTDOWN_RESTART;
  if (!guestHas(cpu, lg, address, 1)) {
    if (restarts) return endGuest(cpu, lg, "restart", "");
    return killGuest(cpu, lg, `Bad shutdown message ${hex(address)}`);
  }
  const room = get(cpu, lg, Lguest.pfn_limit) * 4096 - address;
  const message = textAt(cpu, get(cpu, lg, Lguest.mem_base) + address,
    Math.min(128, room));
  const orderly = message === "" || message === "Power down";
  endGuest(cpu, lg, restarts ? "restart"
    : orderly ? "poweroff" : "crashed", message);
}
