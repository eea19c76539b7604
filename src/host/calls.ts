// Woven from chapters/420-threads.md.
// The table of host calls: number, name, cost, function.
import { panic } from "../machine";
import { cancelAlarm, tick } from "./alarms";
import type { HostCallRow, KernelModule } from "./module";
import { oops } from "./oops";
import { createProcess, freeProcess, nextProcess } from "./process";
import { setup } from "./setup";
import { programCalls } from "./systemcall";
import { enqueue, exitThread, freeThread, moveThreads, pickNext, takeNews,
  takeZombie } from "./threads";

/** The Host's own host calls, in the order of their numbers. */
const hostCallTable: readonly HostCallRow[] = [
  { name: "setup", cost: 20000, run: setup },
  { name: "oops", cost: 1000, run: oops },
  { name: "next_process", cost: 40, run: nextProcess },
  { name: "create_process", cost: 50000, bulk: true, run: createProcess },
  { name: "free_process", cost: 50000, bulk: true, run: freeProcess },
  { name: "enqueue", cost: 20, run: enqueue },
  { name: "pick_next", cost: 40, run: pickNext },
  { name: "exit_thread", cost: 20, run: exitThread },
  { name: "take_zombie", cost: 20, run: takeZombie },
  { name: "free_thread", cost: 40, run: freeThread },
  { name: "tick", cost: 30, run: tick },
  { name: "move_threads", cost: 100, run: moveThreads },
  { name: "take_news", cost: 100, run: takeNews },
  { name: "cancel_alarm", cost: 20, run: cancelAlarm },
  ...programCalls,
];

/** The host calls of a Host with a module, from number 1 on. */
export function hostCallsOf(
  module: Pick<KernelModule, "calls">,
): HostCallRow[] {
  const calls = [...hostCallTable, ...module.calls];
  const names = calls.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice) panic(`two host calls are named ${twice}`);
  return calls;
}
