// Woven from chapters/410-traps.md.
// What the Host tells the event stream.
import type { Cpu } from "../machine";

/** An event of the Host, without the place and time it gets. */
export type HostEvent = { kind: "oops"; message: string };

/** Tells who listens. Who tells often asks first whether anybody does. */
export function emit<E extends { kind: string }>(cpu: Cpu, event: E): void {
  const { events, count } = cpu.board;
  events.emit({ ...event, cpu: cpu.id, count });
}
