// Woven from chapters/450-hypercalls.md.
// int $0x1f: what a Guest can ask for.
import { get, HOST, textAt } from "../host";
import { drainRing } from "./async";
import type { Call } from "./async";
import { EVENT_NOTIFY } from "./devlguest";
import { tell } from "./events";
import { Data, guestDataLayout, readData, writeData } from "./guestdata";
import { guestHas } from "./guestmemory";
import { setGate } from "./idt";
import { tellTime } from "./interrupts";
import { endGuest, killGuest } from "./lguest";
import type { Guest, Vcpu } from "./lguest";
import { SWITCHER } from "./map";
import { loadGdtEntry, loadTls } from "./segments";
import { flushAll, flushUser, newPageTable, setPgd, setPte } from "./shadow";
import { setStack } from "./stack";
import { LguestShared } from "./structures";

/** Numbers of the hypercalls. */
export const hypercalls = {
  FLUSH_ASYNC: 0, INIT: 1, SHUTDOWN: 2, NEW_PGTABLE: 4, FLUSH_TLB: 5,
  LOAD_IDT_ENTRY: 6, SET_STACK: 7, TS: 8, SET_CLOCKEVENT: 9, HALT: 10,
  SET_PTE: 14, SET_PGD: 15, LOAD_TLS: 16, NOTIFY: 17, LOAD_GDT_ENTRY: 18,
  SEND_INTERRUPTS: 19,
} as const;

/** Carries out what was posted, and then the call in the registers. */
export function doHypercalls(vcpu: Vcpu): void {
  const { lg, regs } = vcpu;
  const call: Call = [regs.eax, regs.ebx, regs.ecx, regs.edx, regs.esi];
  if (!lg.initialized) {
    vcpu.hcall = 0;
    tellCall(lg, call, false);
    if (call[0] === hypercalls.INIT) init(vcpu, call[1]);
    else killGuest(lg, `hypercall ${call[0]} before INIT`);
    return;
  }
  drainRing(vcpu, (posted) => {
    tellCall(lg, posted, true);
    dispatch(vcpu, posted);
  });
  if (vcpu.pending) return;
  vcpu.hcall = 0;
  tellCall(lg, call, false);
  dispatch(vcpu, call);
}

function tellCall(lg: Guest, call: Call, posted: boolean): void {
  const [number, ...args] = call;
  tell(lg, { kind: "hypercall", number, args, posted });
}

function dispatch(vcpu: Vcpu, [number, a, b, c]: Call): void {
  switch (number) {
    case hypercalls.FLUSH_ASYNC: return;
    case hypercalls.SEND_INTERRUPTS: return;
    case hypercalls.INIT:
      return killGuest(vcpu.lg, "INIT for the second time");
    case hypercalls.SHUTDOWN: return shutdown(vcpu.lg, a, b);
    case hypercalls.NEW_PGTABLE: return newPageTable(vcpu, a);
    case hypercalls.FLUSH_TLB:
      return a === 0 ? flushUser(vcpu) : flushAll(vcpu);
    case hypercalls.LOAD_IDT_ENTRY: return setGate(vcpu, a, b, c);
    case hypercalls.SET_STACK: return setStack(vcpu, a, b, c);
    case hypercalls.TS: vcpu.ts = a === 0 ? 0 : 1; return;
    case hypercalls.SET_CLOCKEVENT: return clockEvent(vcpu, a);
    case hypercalls.HALT: vcpu.halted = 1; return;
    case hypercalls.SET_PTE: return setPte(vcpu, a, b, c);
    case hypercalls.SET_PGD: return setPgd(vcpu, a, b);
    case hypercalls.LOAD_TLS: return loadTls(vcpu, a);
    case hypercalls.LOAD_GDT_ENTRY: return loadGdtEntry(vcpu, a, b, c);
    case hypercalls.NOTIFY:
      if (get(vcpu.cpu, HOST, LguestShared.abi_strict)) break;
      return notify(vcpu, a);
    default: break;
  }
  killGuest(vcpu.lg, `Bad hypercall ${number}`);
}

function clockEvent(vcpu: Vcpu, delta: number): void {
  vcpu.alarm_delta = delta;
  vcpu.alarm_changed = 1;
}

function init(vcpu: Vcpu, data: number): void {
  const { lg } = vcpu, { ticksPerSecond } = vcpu.cpu.board.layout;
  if (!guestHas(lg, data, guestDataLayout.bytes))
    return killGuest(lg, `Bad address of lguest_data ${hex(data)}`);
  lg.initialized = 1;
  lg.lguest_data = data;
  writeData(lg, Data.tsc_khz, Math.floor(ticksPerSecond / 1000));
  const vector = readData(lg, Data.syscall_vec);
  lg.syscall_vec = vector;
  lg.noirq_iret = readData(lg, Data.noirq_iret);
  tellTime(lg);
  const kernel = readData(lg, Data.kernel_address);
  lg.kernel_address = kernel;
  writeData(lg, Data.reserve_mem, 2 ** 32 - SWITCHER);
  if (vector !== 0x80)
    return killGuest(lg, `Bad syscall vector ${hex(vector)}` +
      (vector > 255 ? "; is it a kernel from before Linux 4.1?" : ""));
  if (kernel >= SWITCHER)
    return killGuest(lg, `Bad kernel address ${hex(kernel)}`);
  flushAll(vcpu);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

function notify(vcpu: Vcpu, address: number): void {
  if (!guestHas(vcpu.lg, address, 1))
    return killGuest(vcpu.lg, `Bad notify ${hex(address)}`);
  vcpu.event = EVENT_NOTIFY;
  vcpu.event_address = address;
  vcpu.pending = 1;
}

const SHUTDOWN_RESTART = 2;

function shutdown(lg: Guest, address: number, why: number): void {
  const restarts = why === SHUTDOWN_RESTART;
  if (!guestHas(lg, address, 1)) {
    if (restarts) return endGuest(lg, "restart", "");
    return killGuest(lg, `Bad shutdown message ${hex(address)}`);
  }
  const room = lg.pfn_limit * 4096 - address;
  const message = textAt(lg.cpu, lg.mem_base + address, Math.min(128, room));
  const orderly = message === "" || message === "Power down";
  endGuest(lg, restarts ? "restart"
    : orderly ? "poweroff" : "crashed", message);
}
