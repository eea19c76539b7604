// Woven from chapters/450-hypercalls.md.
// The ring of posted hypercalls in lguest_data.
import { bug } from "../host";
import { Data } from "./guestdata";
import { readGuest32, readGuestBytes, writeGuestBytes } from "./guestmemory";
import type { Vcpu } from "./lguest";

/** A hypercall: its number and four arguments. */
export type Call = [number, number, number, number, number];

const SLOTS = 64, FREE = Uint8Array.of(0xff);

/** Carries out posted calls in order; stops for the Launcher's sake. */
export function drainRing(vcpu: Vcpu, make: (call: Call) => void): void {
  const data = vcpu.lg.lguest_data;
  const status = data + Data.hcall_status.offset;
  const waiting = readGuestBytes(vcpu.lg, status, SLOTS) ?? bug();
  for (let i = 0; i < SLOTS; i++) {
    const slot = vcpu.next_hcall % SLOTS;
    if (waiting[slot] === 0xff) return;
    vcpu.next_hcall = (slot + 1) % SLOTS;
    const at = data + Data.hcalls.offset + 20 * slot;
    make([0, 4, 8, 12, 16].map((n) =>
      readGuest32(vcpu.lg, at + n) ?? bug()) as Call);
    writeGuestBytes(vcpu.lg, status + slot, FREE);
    if (vcpu.pending || vcpu.lg.dead) return;
  }
}
