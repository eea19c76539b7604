// Woven from chapters/440-dev.md.
// What lguest tells the event stream.
import { emit } from "../host";
import type { Cpu } from "../machine";

/** An event of a Guest, without which, where and when. */
export type LguestEvent =
  | { kind: "switch"; trap: number; eip: number }
  | { kind: "hypercall"; number: number; args: number[]; posted: boolean }
  | { kind: "reflect"; vector: number; eip: number }
  | { kind: "guest-irq"; irq: number; eip: number; last: boolean }
  | { kind: "emulate" | "ask-launcher"; trap: number; address: number }
  | { kind: "shadow-fill"; address: number; entry: number }
  | { kind: "killed"; reason: string }
  | { kind: "guest-end"; state: string; reason: string };

/** Tells who listens, if anybody does. */
export function tell(
  guest: { readonly cpu: Cpu; readonly index: number }, event: LguestEvent,
): void {
  if (guest.cpu.board.events.active)
    emit(guest.cpu, { ...event, guest: guest.index });
}
