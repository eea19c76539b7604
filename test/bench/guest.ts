// What it costs a small kernel to be a Guest: the same tasks on the bare
// machine and under lguest.
import { boot, bootMetal, MiB, run, runMetal } from "../../src/launcher";
import { cpuSeconds } from "./laps";
import { kernelFor, tasks } from "./phrases";
import { columns, duration, three } from "./report";

/** Sums over a run, or what one time of a task adds to them. */
export interface Cost {
  readonly instructions: number;
  /** Machine time. */
  readonly ticks: number;
  readonly worldSwitches: number;
  /** CPU time. */
  readonly seconds: number;
}

export const worlds = ["bare", "guest"] as const;
export type World = typeof worlds[number];

const MEMORY = 8 * MiB;

/** Boots a kernel; gives its machine, and a function that runs it to its
 * end, which comes within so many instructions, and counts world
 * switches. */
function booted(world: World, kernel: Uint8Array, limit: number) {
  if (world === "bare") {
    const session = bootMetal({ memory: MEMORY, kernel });
    return { machine: session.machine, go() {
      const { status, sentence } = runMetal(session, limit);
      if (status !== 0) throw new Error(sentence);
      return 0;
    } };
  }
  const session = boot({ guests:
    [{ name: "it", image: kernel, commandLine: "", memory: MEMORY }] });
  return { machine: session.machine, go() {
    const { status, sentences, guests } = run(session, limit);
    if (status !== 0) throw new Error(sentences.join("; "));
    return guests[0]!.worldSwitches;
  } };
}

/** A run in which a task is done so many times. */
export function whole(world: World, task: string, times: number): Cost {
  const { machine, go } = booted(world, kernelFor(world, task, times),
    1_000_000 * (1 + times));
  const began = cpuSeconds(), worldSwitches = go();
  return { worldSwitches, instructions: machine.count, ticks: machine.time,
    seconds: cpuSeconds() - began };
}

const FEW = 16;

/** What each further time costs: the difference between a run with many,
 * which takes so much CPU time more, and one with few. */
function each(
  world: World, task: string, enough: number, runs: number,
): Cost {
  const best = (times: number) => {
    const all = Array.from({ length: runs }, () => whole(world, task, times));
    return { ...all[0]!, seconds: Math.min(...all.map((one) => one.seconds)) };
  };
  const few = best(FEW);
  let times = FEW, many: Cost;
  do many = best(times *= 4);
  while (many.seconds - few.seconds < enough);
  const per = (what: keyof Cost) => (many[what] - few[what]) / (times - FEW);
  return { instructions: per("instructions"), ticks: per("ticks"),
    worldSwitches: per("worldSwitches"), seconds: per("seconds") };
}

/** Measures all tasks in both worlds. */
export function measureGuest(
  enough: number, runs: number, tell: (what: string) => void,
): Map<string, Record<World, Cost>> {
  return new Map(Object.keys(tasks).map((task) => {
    const measured = worlds.map((world) => {
      tell(`${task}, ${world}`);
      return [world, each(world, task, enough, runs)];
    });
    return [task, Object.fromEntries(measured)];
  }));
}

/** The bar of a task, and whether it was missed. */
export function besideBar(task: string, { bare, guest }: Record<World, Cost>) {
  const { bar } = tasks[task]!;
  if (!bar) return "";
  const [text, missed] = "ratio" in bar
    ? [`${bar.ratio} times`, guest.ticks / bare.ticks > bar.ratio]
    : [`${bar.switches} switch${bar.switches === 1 ? "" : "es"}`,
      Math.round(guest.worldSwitches) > bar.switches];
  return `at most ${text}${missed ? ", missed" : ""}`;
}

/** A table of it. */
export function guestTable(
  costs: ReadonlyMap<string, Record<World, Cost>>,
): string {
  const rows = [...costs].map(([task, cost]) => {
    const { bare, guest } = cost;
    return [task, bare.ticks.toFixed(0), guest.ticks.toFixed(0),
      three(guest.ticks / bare.ticks), guest.worldSwitches.toFixed(2),
      besideBar(task, cost), duration(bare.seconds), duration(guest.seconds),
      three(guest.seconds / bare.seconds)];
  });
  return columns([["each time, in ticks", "bare", "Guest", "ratio", "switches",
    "bar", "CPU: bare", "Guest", "ratio"], ...rows]);
}
