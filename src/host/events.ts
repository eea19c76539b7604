// Woven from chapters/61-traps.md.
// What the Host and lguest tell the event stream.
import type { Cpu } from "../machine";

/** An event of the Host, without the place and time it gets. */
export type HostEvent =
  | { kind: "oops"; message: string }
  | { kind: "switch"; guest: number; trap: number; eip: number }
  | { kind: "hypercall"; guest: number; number: number; args: number[];
      posted: boolean }
  | { kind: "reflect"; guest: number; vector: number; eip: number }
  | { kind: "guest-irq"; guest: number; irq: number; eip: number;
      last: boolean }
  | { kind: "emulate" | "ask-launcher"; guest: number; trap: number;
      address: number }
  | { kind: "shadow-fill"; guest: number; address: number; entry: number }
  | { kind: "killed"; guest: number; reason: string }
  | { kind: "guest-end"; guest: number; state: string; reason: string };

/** Tells who listens, if anybody does. */
export function emit(cpu: Cpu, event: HostEvent): void {
  const stream = cpu.machine.events;
  if (stream.active)
    stream.emit({ ...event, cpu: cpu.id, count: cpu.machine.count });
}
