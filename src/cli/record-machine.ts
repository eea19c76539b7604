// Woven from chapters/836-runs.md.
import {
  haltedForGood, leftMetal, replayEntry, runMetal, runPiece,
} from "../launcher";
import type {
  MetalEnd, MetalPiece, MetalSession, RunEnd, RunFile,
} from "../launcher";
import type { Cpu } from "../machine";
import { inFile, SPENT } from "./io";
import type { Io } from "./io";
import type { MachineCall } from "./machine-options";
import { compareEnds, finite, imageLine, openRun, startRecord } from
  "./recorder";
import type { Recorder } from "./recorder";

/** Begins to record, if that was asked for. */
export function recordMachine(
  call: MachineCall, session: MetalSession, io: Io,
): Recorder | undefined {
  const { record, kernel, rom, initrd, modules } = call;
  if (record === undefined) return undefined;
  const { append, memory, cpus, seed, schedule, date, postPort, reboot } =
    call;
  const maxInstructions = finite(call.maxInstructions);
  const named = [["kernel", kernel], ["rom", rom], ["initrd", initrd]] as
    const;
  const images = [
    ...named.flatMap(([role, path]) => path === undefined ? []
      : [imageLine(role, path, io)]),
    ...modules.map(({ path, text }) =>
      imageLine("module", path, io, { text })),
  ];
  const recorder = startRecord(record, { command: "machine", images,
    options: { append, memory, cpus, seed, schedule, date, postPort,
      reboot, maxInstructions } }, io);
  session.gate.listener = recorder.entry;
  return recorder;
}

/** A run of a bare machine that is carried out again. */
export interface Replay {
  readonly call: MachineCall;
  run(
    session: MetalSession, limit: number, watch?: (cpu: Cpu) => void,
  ): MetalEnd;
  /** Throws UserError if it has not become the same run. */
  check(session: MetalSession, end: MetalEnd): void;
}

/** Paths of the images in a run file, by option, but for modules, which
 * are a list. */
function pathsOf(
  images: RunFile["config"]["images"],
): { kernel?: string; rom?: string; initrd?: string } {
  return Object.fromEntries(images.flatMap(({ role, path }) =>
    role === "module" ? [] : [[role, path]]));
}
/** Opens a run file, to carry it out again. */
export function replayMachine(
  path: string, asked: MachineCall, io: Io,
): Replay {
  const { kernel, rom, initrd, maxInstructions: budget } = asked;
  const { config, inputs, end: last } =
    openRun(path, "machine", { kernel, rom, initrd }, io);
  const { options, images } = config, rest = [...inputs];
  const maxInstructions =
    Math.min(budget, options.maxInstructions ?? Infinity);
  const modules = images.filter(({ role }) => role === "module")
    .map((image) => ({ path: image.path, text: image.text ?? "" }));
  const call = { ...asked, ...options, ...pathsOf(images), modules,
    maxInstructions };
  const whole = Math.min(maxInstructions, last?.instructions ?? Infinity);
  return {
    call,
    run(session, limit, watch) {
      const most = Math.min(limit, whole);
      const piece = { limit: most, ...(watch && { watch }) };
      while (rest[0]) {
        const end = inFile(path, () =>
          replayEntry(session, rest[0]!, piece));
        if (end) return end;
        rest.shift();
      }
      return last && most === whole ? lastPart(session, last, piece)
        : runMetal(session, most, watch);
    },
    check: ({ machine }, end) =>
      compareEnds(path, last, machine, end, budget),
  };
}
function lastPart(
  session: MetalSession, last: RunEnd, piece: MetalPiece,
): MetalEnd {
  const { machine } = session, { time, status, instructions } = last;
  for (;;) {
    const end = runPiece(session, { ...piece, sleepUntil: time });
    if (end === "more") continue;
    const cut = typeof end === "string" || end.status === SPENT;
    if (!cut || machine.count !== instructions) {
      return typeof end === "string" ? haltedForGood(session) : end;
    }
    if (time > machine.time) {
      machine.run({ maxInstructions: 0, sleepUntil: time });
    }
    return status === SPENT && typeof end !== "string" ? end
      : leftMetal(session);
  }
}
