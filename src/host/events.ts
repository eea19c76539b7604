// Woven from chapters/61-traps.md.
// What the Host tells the event stream.
import type { Cpu } from "../machine";

/** An event of the Host, without the place and time it gets. */
export type HostEvent =
  | { kind: "oops"; message: string }
  /** TypeScript writes a field of struct host. */
  | { kind: "host-store"; offset: number };

/** Tells who listens, if anybody does. */
export function emit<E extends { kind: string }>(cpu: Cpu, event: E): void {
  const stream = cpu.board.events;
  if (stream.active)
    stream.emit({ ...event, cpu: cpu.id, count: cpu.board.count });
}
