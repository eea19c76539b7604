// Woven from chapters/510-loop.md.
// lguest's host calls: name, cost, function.
import type { HostCallRow } from "../host";
import { lguestAlarm } from "./alarm";
import type { LauncherCalls } from "./dev";
import { launcherStep } from "./devlguest";
import { ptePages } from "./onepage";
import type { PtePage } from "./onepage";
import { lguestLeave, lguestPrepare, lguestSleep } from "./run";
import { lguestTrap } from "./traps";
import { freeLguest, unloadLguest } from "./unload";

/** All of them, for a Launcher that decides so. */
export function lguestCalls(
  launcher: LauncherCalls, ptePage: PtePage = "per-cpu",
): HostCallRow[] {
  const { load, enter } = ptePages[ptePage];
  return [
    { name: "load_lguest", cost: 5000, run: load },
    { name: "unload_lguest", cost: 200, run: unloadLguest },
    { name: "free_lguest", cost: 1000, run: freeLguest },
    { name: "launcher_step", cost: 500, bulk: true,
      run: (cpu) => launcherStep(cpu, launcher) },
    { name: "lguest_prepare", cost: 50, run: lguestPrepare },
    { name: "lguest_enter", cost: 100, run: enter },
    { name: "lguest_leave", cost: 30, run: lguestLeave },
    { name: "lguest_trap", cost: 300, run: lguestTrap },
    { name: "lguest_sleep", cost: 20, run: lguestSleep },
    { name: "lguest_alarm", cost: 40, run: lguestAlarm },
  ];
}
