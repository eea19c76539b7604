// Woven from chapters/836-runs.md.
import { defaultGuest } from "../guest";
import type { End } from "../launcher";
import type { Machine } from "../machine";
import type { Io } from "./io";
import type { RunCall } from "./options";
import { pathsOf } from "./record-machine";
import { compareEnds, finite, imageLine, openRun, startRecord } from
  "./recorder";

/** Begins to record, if that was asked for. */
export function recordRun(
  call: RunCall, io: Io,
): { end(machine: Machine, end: End): void } | undefined {
  const { record, kernel, initrd } = call;
  if (record === undefined) return undefined;
  const image = kernel === undefined ? defaultGuest() : io.read(kernel);
  const images = [imageLine("kernel", kernel ?? "", image),
    ...(initrd === undefined ? []
      : [imageLine("initrd", initrd, io.read(initrd))])];
  const { append, memory, cpus, seed, schedule, reboot, pge, hostPages,
    abi } = call;
  const maxInstructions = finite(call.maxInstructions);
  const recorder = startRecord(record, { command: "run", images,
    options: { append, memory, cpus, seed, schedule, reboot, pge, hostPages,
      abi, maxInstructions } }, io);
  return { end: (machine, { sentences, ...end }) => recorder.end(machine,
    { ...end, sentence: sentences.join("; ") }) };
}

/** Opens a run file, to carry it out again. */
export function replayRun(path: string, asked: RunCall, io: Io): {
  call: RunCall; check(machine: Machine, end: End): void;
} {
  const { kernel, initrd, maxInstructions: budget } = asked;
  const { config: { options, images }, end: last } =
    openRun(path, "run", { kernel, initrd }, io);
  const call = { ...asked, ...options, ...pathsOf(images),
    maxInstructions: Math.min(budget, options.maxInstructions ?? Infinity) };
  return { call, check: (machine, end) =>
    compareEnds(path, last, machine, end, budget) };
}
