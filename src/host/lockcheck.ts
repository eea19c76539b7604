// Woven from chapters/62-threads.md.
// Watches that struct host is written under the right lock.
import type { Machine } from "../machine";
import { get } from "./layout";
import { hostMemory } from "./hostmemory";
import { HOST, Shared } from "./structures";

const guarded: ReadonlyMap<number, "queue_lock" | "allocator_lock"> =
  new Map([
    ...[Shared.queue_head, Shared.queue_tail, Shared.last_woken,
      Shared.zombies, Shared.idle_cpus, Shared.alarms, Shared.next_alarm]
      .map((f) => [f.offset, "queue_lock"] as const),
    ...[Shared.free_clean, Shared.free_dirty, Shared.next_unused,
      Shared.pages_free, Shared.guests_started, Shared.launchers]
      .map((f) => [f.offset, "allocator_lock"] as const),
  ]);

/** Reports each store to guarded data without its lock, from the moment
 * that lguest is loaded; the function that comes back ends the watch. */
export function checkLocks(
  machine: Machine, report: (sentence: string) => void,
): () => void {
  const memory = hostMemory(machine);
  let running = false, call = "";
  return machine.events.on((event) => {
    if (event.kind === "hostcall") {
      call = String(event.name);
      if (call === "load_lguest") running = true;
    } else if (event.kind === "host-store" && running) {
      const lock = guarded.get(Number(event.offset));
      if (lock && (get(memory, HOST, Shared[lock]) & 1) === 0)
        report(`${call} writes at ${event.offset} without ${lock}`);
    }
  });
}
