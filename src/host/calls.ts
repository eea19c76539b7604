// Woven from chapters/62-threads.md.
// The table of host calls: number, name, cost, function.
import type { Cpu } from "../machine";
import { cancelAlarm, setAlarm, tick } from "./alarms";
import type { LauncherCalls } from "./dev";
import { launcherStep } from "./devlguest";
import { loadLguest } from "./load";
import { oops } from "./oops";
import { createLauncher, freeLauncher } from "./process";
import { lguestEnter, lguestLeave, lguestPrepare, lguestSleep } from
  "./run";
import { setup } from "./setup";
import { enqueue, exitThread, freeThread, pickNext, takeZombie } from
  "./threads";
import { lguestTrap } from "./traps";

/** A host call: its cost in clock ticks, and what it does. */
export interface HostCallRow {
  name: string;
  cost: number;
  run(cpu: Cpu, launcher: LauncherCalls): void;
}

/** All host calls; the first has number 1. */
export const hostCallTable: readonly HostCallRow[] = [
  { name: "setup", cost: 20000, run: setup },
  { name: "oops", cost: 1000, run: oops },
  { name: "load_lguest", cost: 5000, run: loadLguest },
  { name: "create_launcher", cost: 50000, run: createLauncher },
  { name: "free_launcher", cost: 50000, run: freeLauncher },
  { name: "enqueue", cost: 20, run: enqueue },
  { name: "pick_next", cost: 40, run: pickNext },
  { name: "exit_thread", cost: 20, run: exitThread },
  { name: "take_zombie", cost: 20, run: takeZombie },
  { name: "free_thread", cost: 40, run: freeThread },
  { name: "tick", cost: 30, run: tick },
  { name: "set_alarm", cost: 40, run: setAlarm },
  { name: "cancel_alarm", cost: 20, run: cancelAlarm },
  { name: "launcher_step", cost: 500, run: launcherStep },
  { name: "lguest_prepare", cost: 50, run: lguestPrepare },
  { name: "lguest_enter", cost: 100, run: lguestEnter },
  { name: "lguest_leave", cost: 30, run: lguestLeave },
  { name: "lguest_trap", cost: 300, run: lguestTrap },
  { name: "lguest_sleep", cost: 20, run: lguestSleep },
];

/** The names in the order of their numbers, from 1. */
export function hostCallNames(): string[] {
  return hostCallTable.map((row) => row.name);
}
