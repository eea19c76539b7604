// Woven from chapters/837-diary.md.
import { circumstancesOf, UserError } from "../launcher";
import type { End, RunImage } from "../launcher";
import type { Machine } from "../machine";
import { Again, sentenceOf } from "./again";
import type { DiskCall, Io } from "./io";
import type { RunCall } from "./options";
import { compareEnds, finite, imageLine, openRun, startRecord } from
  "./recorder";
import type { Recorder } from "./recorder";

/** A run with Guests that is being written down. */
export interface RunRecorder extends Pick<Recorder, "listen"> {
  end(machine: Machine, end: End): void;
}

/** Begins to record, if that was asked for. */
export function recordRun(call: RunCall, io: Io): RunRecorder | undefined {
  const { record, cpus, seed, schedule, reboot, pge, hostPages, abi } = call;
  if (record === undefined) return undefined;
  const guests = call.guests.map(({ name, append, memory, cpu, rng, nets }) =>
    ({ name, append, memory, cpu, rng, nets }));
  const options = { guests, cpus, seed, schedule, reboot, pge, hostPages,
    abi, ...circumstancesOf(call), terminal: call.terminal,
    maxInstructions: finite(call.maxInstructions) };
  const { listen, end } = startRecord(record,
    { command: "run", images: imagesOf(call, io), options }, io);
  return { listen, end: (machine, { instructions, status, ...rest }) =>
    end(machine, { instructions, status,
      sentence: sentenceOf({ status, ...rest }) }) };
}

function imagesOf({ guests, switcher }: RunCall, io: Io): RunImage[] {
  return [...guests.flatMap(({ kernel, initrd, disks = [] }, guest) => [
    imageLine("kernel", kernel ?? "", io, { guest }),
    ...(initrd === undefined ? []
      : [imageLine("initrd", initrd, io, { guest })]),
    ...disks.map(({ path, mode }) =>
      imageLine("block", path, io, { guest, mode })),
  ]), ...(switcher === undefined ? []
    : [imageLine("switcher", switcher, io)])];
}

/** Opens a run file, to carry it out again. */
export function replayRun(path: string, asked: RunCall, io: Io): {
  call: RunCall; again: Again; check(machine: Machine, end: End): void;
} {
  const { guests: [moved], switcher, maxInstructions: budget } = asked;
  const file = openRun(path, "run",
    { kernel: moved?.kernel, initrd: moved?.initrd, switcher,
      block: movedDisk(moved?.disks) }, io);
  const { config: { options, images } } = file;
  const pathOf = (role: RunImage["role"], guest?: number) =>
    images.find((one) => one.role === role && one.guest === guest)?.path;
  const disksOf = (guest: number) => {
    const disks = images.flatMap(({ guest: whose, path, mode }) =>
      (mode && whose === guest ? [{ path, mode }] : []));
    return disks.length > 0 && { disks };
  };
  const guests = options.guests.map((guest, i) => ({ ...guest,
    kernel: pathOf("kernel", i) || undefined, initrd: pathOf("initrd", i),
    ...disksOf(i) }));
  const call = { ...asked, ...options, guests, switcher: pathOf("switcher"),
    maxInstructions: Math.min(budget, options.maxInstructions ?? Infinity) };
  return { call, again: new Again(path, file), check: (machine, end) =>
    compareEnds(path, file.end, machine, end, budget) };
}

function movedDisk(disks: readonly DiskCall[] = []): string | undefined {
  if (disks.length < 2) return disks[0]?.path;
  throw new UserError("--replay can do with one --block; put the disks " +
    "where they were");
}
