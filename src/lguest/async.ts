// Woven from chapters/66-hypercalls.md.
// The ring of posted hypercalls in lguest_data.
import { get, put } from "../host";
import type { Cpu } from "../machine";
import { Data } from "./guestdata";
import { readGuest32, readGuestBytes, writeGuestBytes } from "./guestmemory";
import type { Call } from "./hypercalls";
import { LgCpu, Lguest } from "./lguest";

const SLOTS = 64, FREE = Uint8Array.of(0xff);

/** Carries out posted calls in order; stops for the Launcher's sake. */
export function drainRing(
  cpu: Cpu, vcpu: number, lg: number, make: (call: Call) => void,
): void {
  const data = get(cpu, lg, Lguest.lguest_data);
  const status = data + Data.hcall_status.offset;
  const waiting = readGuestBytes(cpu, lg, status, SLOTS)!;
  for (let i = 0; i < SLOTS; i++) {
    const slot = get(cpu, vcpu, LgCpu.next_hcall);
    if (waiting[slot] === 0xff) return;
    put(cpu, vcpu, LgCpu.next_hcall, (slot + 1) % SLOTS);
    const at = data + Data.hcalls.offset + 20 * slot;
    make([0, 4, 8, 12, 16].map((n) => readGuest32(cpu, lg, at + n)!) as Call);
    writeGuestBytes(cpu, lg, status + slot, FREE);
    if (get(cpu, vcpu, LgCpu.pending) || get(cpu, lg, Lguest.dead)) return;
  }
}
