import {
  haltedForGood, replayEntry, runMetal, runPiece, stateSum, UserError,
} from "../launcher";
import type {
  MetalEnd, MetalPiece, MetalSession, RunEnd, RunFile,
} from "../launcher";
import type { Cpu } from "../machine";
import type { Io } from "./io";
import type { MachineCall } from "./machine-options";
import { imageLine, openRun, startRecord } from "./recorder";

/** Begins to record, if that was asked for. */
export function recordMachine(
  call: MachineCall, session: MetalSession, io: Io,
): { end(end: MetalEnd): void } | undefined {
  const { record, kernel, rom, initrd, modules } = call;
  if (record === undefined) return undefined;
  const { append, memory, cpus, seed, schedule, date, postPort, reboot,
    maxInstructions } = call;
  const named = Object.entries({ kernel, rom, initrd });
  const images = [
    ...named.flatMap(([role, path]) => path === undefined ? []
      : [imageLine(role, path, io.read(path))]),
    ...modules.map(({ path, text }) =>
      imageLine("module", path, io.read(path), text)),
  ];
  const recorder = startRecord(record, { command: "machine", images,
    options: { append, memory, cpus, seed, schedule, date, postPort,
      reboot, maxInstructions } }, io);
  session.gate.listener = recorder.entry;
  return {
    end: ({ instructions, status, sentence }) => recorder.end(
      { instructions, status, sentence, time: session.machine.time,
        state: stateSum(session.machine) }),
  };
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

function callOf(asked: MachineCall, { config }: RunFile): MachineCall {
  const path = (role: string) =>
    config.images.find((image) => image.role === role)?.path;
  const [kernel, rom, initrd] = [path("kernel"), path("rom"),
    path("initrd")];
  const options = config.options as unknown as MachineCall;
  return {
    ...asked, ...options,
    modules: config.images.filter(({ role }) => role === "module")
      .map((image) => ({ path: image.path, text: image.text ?? "" })),
    maxInstructions: Math.min(asked.maxInstructions,
      options.maxInstructions ?? Infinity),
    ...(kernel !== undefined && { kernel }),
    ...(rom !== undefined && { rom }),
    ...(initrd !== undefined && { initrd }),
  };
}
/** Opens a run file, to carry it out again. */
export function replayMachine(
  path: string, asked: MachineCall, io: Io,
): Replay {
  const { kernel, rom, initrd } = asked;
  const file = openRun(path, "machine", { kernel, rom, initrd }, io);
  const call = callOf(asked, file), inputs = [...file.inputs];
  const { end: last } = file;
  const whole = Math.min(call.maxInstructions,
    last?.instructions ?? Infinity);
  return {
    call,
    run(session, limit, watch) {
      const most = Math.min(limit, whole);
      const piece = { limit: most, ...(watch && { watch }) };
      while (inputs[0]) {
        const end = replayEntry(session, inputs[0], piece);
        if (end) return end;
        inputs.shift();
      }
      return last && most === whole ? lastPart(session, last, piece)
        : runMetal(session, most, watch);
    },
    check(session, end) {
      if (!last || end.instructions !== last.instructions) return;
      if (stateSum(session.machine) === last.state) return;
      throw new UserError(`${path} was recorded otherwise: after ` +
        `instruction ${end.instructions} the machine is in another ` +
        "state; was it another version of lguest?");
    },
  };
}
function lastPart(
  session: MetalSession, last: RunEnd, piece: MetalPiece,
): MetalEnd {
  const { machine } = session, { time, status, instructions } = last;
  for (;;) {
    const end = runPiece(session, { ...piece, sleepUntil: time });
    if (end === "more") continue;
    const cut = typeof end === "string" || end.status === 4;
    if (!cut || machine.count !== instructions) {
      return typeof end === "string" ? haltedForGood(session) : end;
    }
    if (time > machine.time) {
      machine.run({ maxInstructions: 0, sleepUntil: time });
    }
    return { status, instructions, sentence: last.sentence };
  }
}
