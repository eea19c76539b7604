// Woven from chapters/420-threads.md.
// Watches that struct host is written under the right lock.
import { get, HOST, hostMemory, Shared } from "../host";
import type { Machine } from "../machine";

const guarded: ReadonlyMap<number, "queue_lock" | "allocator_lock"> =
  new Map([
    ...[Shared.queue_head, Shared.queue_tail, Shared.last_woken,
      Shared.zombies, Shared.idle_cpus, Shared.alarms, Shared.next_alarm]
      .map((f) => [f.offset, "queue_lock"] as const),
    ...[Shared.free_clean, Shared.free_dirty, Shared.next_unused,
      Shared.pages_free, Shared.pages_at_boot, Shared.processes_started,
      Shared.processes]
      .map((f) => [f.offset, "allocator_lock"] as const),
  ]);

/** Reports each store to guarded data without its lock, behind `setup`;
 * the function that comes back ends the watch. */
export function checkLocks(
  machine: Machine, report: (sentence: string) => void,
): () => void {
  const memory = hostMemory(machine);
  let call = "setup";
  return machine.events.on((event) => {
    if (event.kind === "hostcall") call = String(event.name);
    else if (event.kind === "host-store" && call !== "setup") {
      const lock = guarded.get(Number(event.offset));
      if (lock && get(memory, HOST, Shared[lock]) === 0)
        report(`${call} writes at ${event.offset} without ${lock}`);
    }
  });
}
