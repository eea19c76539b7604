// Woven from chapters/816-typing.md.
import {
  bootMetal, haltedForGood, inputCanWake, judgeMetal, loadMetal, metalPieces,
  runMetal, saveMetal, TURNS,
} from "../launcher";
import type { MetalEnd, MetalOptions, MetalSession, MetalSinks }
  from "../launcher";
import { counted } from "../machine";
import type { Cpu, RunOptions, RunResult } from "../machine";
import { startTrace } from "./begin-trace";
import { announce } from "./debug";
import type { GdbCall } from "./debug";
import { runDebugged } from "./gdb";
import { slowly } from "./interpreter";
import { inFile, probeAll, utf8, worldOf } from "./io";
import type { Io } from "./io";
import { Arrivals, runLive } from "./live";
import type { MachineCall } from "./machine-options";
import { inParts, waitingForParts } from "./parts";
import { recordMachine, replayMachine } from "./record-machine";

/** Where a machine's bytes go: collected, and printed by lines. */
export interface Printer extends MetalSinks {
  flush(): void;
}

function printerTo(io: Io): Printer {
  let bytes: number[] = [];
  const flush = () => {
    if (bytes.length === 0) return;
    const all = Uint8Array.from(bytes);
    bytes = [];
    io.print(all);
  };
  return {
    print(byte) {
      bytes.push(byte);
      if (byte === 10 || bytes.length >= 4096) flush();
    },
    post(code) {
      io.complain(`POST ${code.toString(16).padStart(2, "0")}\n`);
    },
    flush,
  };
}

function begin(
  call: MachineCall, io: Io, sinks: MetalSinks,
): MetalSession {
  const { restore, kernel, rom, initrd, modules } = call;
  if (restore !== undefined) {
    const file = io.read(restore);
    return inFile(restore, () => loadMetal(file, sinks));
  }
  const { memory, cpus, seed, schedule, date, postPort, reboot } = call;
  const options: MetalOptions = {
    memory, cpus, seed, reboot, commandLine: utf8(call.append),
    modules: modules.map(({ path, text }) =>
      ({ bytes: io.read(path), text: utf8(text) })),
    ...(kernel !== undefined &&
      { kernel: io.read(kernel), kernelName: utf8(kernel) }),
    ...(rom !== undefined && { rom: io.read(rom) }),
    ...(initrd !== undefined && { initrd: io.read(initrd) }),
    ...(schedule && { schedule }), ...(date !== undefined && { date }),
    ...(postPort !== undefined && { postPort }),
  };
  return inFile(kernel ?? rom ?? "the machine",
    () => bootMetal(options, sinks));
}

function runWithGdb(
  session: MetalSession, call: MachineCall, gdb: GdbCall, io: Io,
  printer: Printer, arrivals: Arrivals | undefined, watch?: Watch,
): Promise<MetalEnd> {
  const { machine, options: { schedule = TURNS } } = session;
  const limit = call.maxInstructions;
  let end: MetalEnd | undefined;
  const run = (options: RunOptions): RunResult => {
    printer.flush();
    if (arrivals?.gone) {
      end = metalPieces(session).left(arrivals.gone);
      return { reason: "stopped", count: machine.count };
    }
    arrivals?.deliver(session.gate);
    const result = machine.run({ ...options, schedule });
    const { reason } = result;
    const waits = reason === "halted" && inputCanWake(session);
    if (waits && arrivals?.mayCome(session.gate)) {
      return { ...result, reason: "idle" };
    }
    if (reason !== "stopped") return result;
    const judged = judgeMetal(session, reason, Infinity);
    if (judged === "more") return { ...result, reason: "budget" };
    if (typeof judged !== "string") end = judged;
    return result;
  };
  return runDebugged({
    machine, port: gdb.port, wait: gdb.wait, limit, run, showsHalt: true,
    ...(watch && { watch }),
    announce: (port) => announce(io, port, gdb.wait),
    idle: (goOn) => void arrivals?.wait(Infinity).then(goOn),
    finish: (reason) => {
      if (reason !== "killed") {
        const judged = end ?? judgeMetal(session, reason, limit);
        end = typeof judged === "string" ? haltedForGood(session) : judged;
      }
      return end?.status ?? 1;
    },
  }).then(() => end ?? { status: 1, instructions: machine.count,
    sentence: "the debugger ended the run after " +
      counted(machine.count, "instruction") });
}

type Watch = (cpu: Cpu) => void;

async function drive(
  session: MetalSession, call: MachineCall, io: Io, printer: Printer,
  arrivals: Arrivals | undefined, limit: number, watch?: Watch,
): Promise<MetalEnd> {
  if (call.gdb) {
    return runWithGdb(session, call, call.gdb, io, printer, arrivals,
      watch);
  }
  const { flush } = printer, pieces = metalPieces(session);
  return arrivals ? runLive({ pieces, arrivals, limit, flush, watch })
    : runMetal(session, limit, watch);
}

/** Carries out `lguest machine`; gives the exit status. */
export async function machineCommand(
  asked: MachineCall, world: Io,
): Promise<number> {
  const io = worldOf(asked, world);
  const replay = asked.replay === undefined ? undefined
    : replayMachine(asked.replay, asked, io);
  const call = replay?.call ?? asked;
  const printer = printerTo(io);
  probeAll(call, io);
  const session = begin(call, io, printer);
  const record = recordMachine(call, session, io);
  const trace = startTrace(call, session.machine, io);
  const input = replay ? undefined : io.input?.();
  const arrivals = input && new Arrivals(input);
  let end: MetalEnd;
  try {
    const go = (limit: number) => replay
      ? Promise.resolve(replay.run(session, limit, trace?.begin))
      : drive(session, call, io, printer, arrivals, limit, trace?.begin);
    end = await waitingForParts(
      inParts<MetalEnd>(call, io, () => saveMetal(session)), go);
    record?.end(session.machine, end);
    replay?.check(session, end);
  } finally {
    input?.stop();
    printer.flush();
    trace?.stop();
  }
  for (const sentence of [end.sentence, ...slowly(session)])
    io.complain(`lguest: ${sentence}\n`);
  return end.status;
}
