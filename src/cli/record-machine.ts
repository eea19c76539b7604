// Woven from chapters/837-diary.md.
import { metalPieces } from "../launcher";
import type { MetalEnd, MetalSession, RunFile } from "../launcher";
import type { Cpu } from "../machine";
import { Again } from "./again";
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
  recorder.listen(session.gate);
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
  const file = openRun(path, "machine", { kernel, rom, initrd }, io);
  const { config: { options, images } } = file;
  const maxInstructions =
    Math.min(budget, options.maxInstructions ?? Infinity);
  const modules = images.filter(({ role }) => role === "module")
    .map((image) => ({ path: image.path, text: image.text ?? "" }));
  const call = { ...asked, ...options, ...pathsOf(images), modules,
    maxInstructions };
  const again = new Again(path, file);
  return {
    call,
    run: (session, limit, watch) =>
      again.run(metalPieces(session), limit, 0, watch),
    check: ({ machine }, end) =>
      compareEnds(path, file.end, machine, end, budget),
  };
}
