// Woven from chapters/836-runs.md.
import { circumstancesOf } from "../launcher";
import type { End, RunImage } from "../launcher";
import type { Machine } from "../machine";
import type { Io } from "./io";
import type { RunCall } from "./options";
import { compareEnds, finite, imageLine, openRun, startRecord } from
  "./recorder";

/** Begins to record, if that was asked for. */
export function recordRun(
  call: RunCall, io: Io,
): { end(machine: Machine, end: End): void } | undefined {
  const { record, cpus, seed, schedule, reboot, pge, hostPages, abi } = call;
  if (record === undefined) return undefined;
  const guests = call.guests.map(({ name, append, memory, cpu }) =>
    ({ name, append, memory, cpu }));
  const options = { guests, cpus, seed, schedule, reboot, pge, hostPages,
    abi, ...circumstancesOf(call),
    maxInstructions: finite(call.maxInstructions) };
  const recorder = startRecord(record,
    { command: "run", images: imagesOf(call, io), options }, io);
  return { end: (machine, { sentences, ...end }) => recorder.end(machine,
    { ...end, sentence: sentences.join("; ") }) };
}

function imagesOf({ guests, switcher }: RunCall, io: Io): RunImage[] {
  return [...guests.flatMap(({ kernel, initrd }, guest) => [
    imageLine("kernel", kernel ?? "", io, { guest }),
    ...(initrd === undefined ? []
      : [imageLine("initrd", initrd, io, { guest })]),
  ]), ...(switcher === undefined ? []
    : [imageLine("switcher", switcher, io)])];
}

/** Opens a run file, to carry it out again. */
export function replayRun(path: string, asked: RunCall, io: Io): {
  call: RunCall; check(machine: Machine, end: End): void;
} {
  const { guests: [moved], switcher, maxInstructions: budget } = asked;
  const { config: { options, images }, end: last } = openRun(path, "run",
    { kernel: moved?.kernel, initrd: moved?.initrd, switcher }, io);
  const pathOf = (role: RunImage["role"], guest?: number) =>
    images.find((one) => one.role === role && one.guest === guest)?.path;
  const guests = options.guests.map((guest, i) => ({ ...guest,
    kernel: pathOf("kernel", i) || undefined, initrd: pathOf("initrd", i) }));
  const call = { ...asked, ...options, guests, switcher: pathOf("switcher"),
    maxInstructions: Math.min(budget, options.maxInstructions ?? Infinity) };
  return { call, check: (machine, end) =>
    compareEnds(path, last, machine, end, budget) };
}
