import { defaultGuest } from "../guest";
import { stateSum, UserError } from "../launcher";
import type { End } from "../launcher";
import type { Machine } from "../machine";
import type { Io } from "./io";
import type { RunCall } from "./options";
import { imageLine, openRun, startRecord } from "./recorder";

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
  const { record: _1, replay: _2, trace: _3, traceFile: _4, snapshot: _5,
    at: _6, restore: _7, gdb: _8, kernel: _9, initrd: _10, command: _11,
    ...options } = call;
  const recorder = startRecord(record,
    { command: "run", options, images }, io);
  return {
    end: (machine, { instructions, status, sentences }) => recorder.end(
      { instructions, status, sentence: sentences.join("; "),
        time: machine.time, state: stateSum(machine) }),
  };
}

/** Opens a run file, to carry it out again. */
export function replayRun(path: string, asked: RunCall, io: Io): {
  call: RunCall; check(machine: Machine, end: End): void;
} {
  const { kernel, initrd } = asked;
  const { config, end: last } =
    openRun(path, "run", { kernel, initrd }, io);
  const options = config.options as unknown as RunCall;
  const images = config.images.flatMap(({ role, path: at }) =>
    at === "" ? [] : [[role, at]]);
  const call = { ...asked, ...options,
    maxInstructions: Math.min(asked.maxInstructions,
      options.maxInstructions ?? Infinity),
    ...Object.fromEntries(images) } as RunCall;
  const check = (machine: Machine, end: End) => {
    if (!last || end.instructions !== last.instructions) return;
    if (stateSum(machine) === last.state) return;
    throw new UserError(`${path} was recorded otherwise: after ` +
      `instruction ${end.instructions} the machine is in another ` +
      "state; was it another version of lguest?");
  };
  return { call, check };
}
