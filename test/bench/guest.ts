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

/** What each further time costs, if a run takes some CPU time: the
 * difference between one with many and one with few. */
function each(
  world: World, task: string, enough: number, runs: number,
): Cost {
  let times = FEW, many: Cost;
  do many = whole(world, task, times *= 4);
  while (many.seconds < enough);
  const few = whole(world, task, FEW);
  const best = (times: number, { seconds }: Cost) => {
    for (let n = 1; n < runs; n++)
      seconds = Math.min(seconds, whole(world, task, times).seconds);
    return seconds;
  };
  const n = times - FEW;
  return {
    instructions: (many.instructions - few.instructions) / n,
    ticks: (many.ticks - few.ticks) / n,
    worldSwitches: (many.worldSwitches - few.worldSwitches) / n,
    seconds: (best(times, many) - best(FEW, few)) / n,
  };
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

/** A table of it. */
export function guestTable(
  costs: ReadonlyMap<string, Record<World, Cost>>,
): string {
  const rows = [...costs].map(([task, { bare, guest }]) => [task,
    bare.instructions.toFixed(0), bare.ticks.toFixed(0),
    duration(bare.seconds), guest.instructions.toFixed(0),
    guest.ticks.toFixed(0), duration(guest.seconds),
    guest.worldSwitches.toFixed(1), three(guest.ticks / bare.ticks),
    three(guest.seconds / bare.seconds)]);
  return columns([["each time", "bare: instr.", "ticks", "CPU",
    "Guest: instr.", "ticks", "CPU", "switches", "ratio: ticks", "CPU"],
  ...rows]);
}
