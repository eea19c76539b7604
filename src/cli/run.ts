// Woven from chapters/808-command.md.
import { defaultGuest } from "../guest";
import {
  boot, checkInitrd, COMMAND_LINE_MAX, loadSession, parseKernel, run,
  saveSession, UserError,
} from "../launcher";
import type { End, Session, Watcher } from "../launcher";
import { openTrace, startTrace } from "./begin-trace";
import type { Tracing } from "./begin-trace";
import { runSession } from "./debug";
import { inFile, probeAll, SPENT, worldOf } from "./io";
import type { Io } from "./io";
import type { RunCall } from "./options";
import { recordRun, replayRun } from "./record-run";

function begin(call: RunCall, io: Io): Session {
  const print = (bytes: Uint8Array) => io.print(bytes);
  const { restore, kernel, append, memory, cpus, seed, pge, abi } = call;
  const { hostPages } = call;
  const { schedule, initrd: disk } = call;
  if (restore !== undefined) {
    const file = io.read(restore);
    return inFile(restore, () => loadSession(file, print));
  }
  const image = kernel === undefined ? defaultGuest() : io.read(kernel);
  const plan = inFile(kernel ?? "the default Guest",
    () => parseKernel(image, memory));
  const initrd = disk === undefined ? undefined : io.read(disk);
  if (initrd) inFile(disk!, () => checkInitrd(plan, initrd, memory));
  const length = new TextEncoder().encode(append).length;
  if (length > COMMAND_LINE_MAX) {
    throw new UserError(`--append is ${length} bytes long, ` +
      `and a kernel reads ${COMMAND_LINE_MAX}; shorten it`);
  }
  const guest = { name: "the Guest", image, memory, commandLine: append,
    ...(initrd && { initrd }) };
  return boot({ guests: [guest], cpus, seed, pge, abi, hostPages,
    ...(schedule && { schedule }) }, print);
}

function runWithSnapshot(
  call: RunCall, session: Session, io: Io, watch?: Watcher,
): End {
  const { snapshot, at, maxInstructions: limit } = call;
  if (snapshot === undefined) return run(session, limit, watch);
  const end = run(session, Math.min(at ?? limit, limit), watch);
  const count = end.instructions;
  if (at !== undefined && count !== at) {
    throw new UserError(`no snapshot: the run is at instruction ` +
      `${count}${count < at ? " at its end" : " already"}, ` +
      `and --at says ${at}`);
  }
  io.replace(snapshot, saveSession(session));
  const goesOn = at !== undefined && at < limit && end.status === SPENT;
  return goesOn ? run(session, limit, watch) : end;
}

/** Carries out `lguest run`; returns the exit status. */
export function runCommand(
  asked: RunCall, world: Io,
): number | Promise<number> {
  const io = worldOf(asked, world);
  const replay = asked.replay === undefined ? undefined
    : replayRun(asked.replay, asked, io);
  const call = replay?.call ?? asked;
  probeAll(call, io);
  const session = begin(call, io);
  const tell = ({ sentences, status }: End) => {
    for (const sentence of sentences) io.complain(`lguest: ${sentence}\n`);
    return status;
  };
  if (call.gdb) {
    const trace = startTrace(call, session.machine, io);
    return runSession(session, call.gdb, io, call.maxInstructions, tell,
      trace?.begin).finally(() => trace?.stop());
  }
  const record = recordRun(call, io);
  const last = runToTheEnd(call, session, io, tell);
  record?.end(last.session.machine, last.end);
  replay?.check(last.session.machine, last.end);
  return tell(last.end);
}
function runToTheEnd(
  call: RunCall, first: Session, io: Io, tell: (end: End) => number,
): { session: Session; end: End } {
  const tracing = openTrace(call, io);
  try {
    return runAgain(call, first, io, tell, tracing);
  } finally {
    tracing?.close();
  }
}

function runAgain(
  call: RunCall, first: Session, io: Io, tell: (end: End) => number,
  tracing: Tracing | undefined,
): { session: Session; end: End } {
  let session = first, rest = call;
  for (;;) {
    const trace = tracing?.follow(session.machine);
    let end: End;
    try {
      end = runWithSnapshot(rest, session, io, trace?.begin);
    } finally {
      trace?.stop();
    }
    const again = call.reboot && end.status === 0 &&
      call.restore === undefined &&
      end.guests.some(({ state }) => state === "restart");
    if (!again) return { session, end };
    tell(end);
    const { snapshot, at, ...more } = rest;
    rest = { ...more,
      maxInstructions: rest.maxInstructions - end.instructions };
    session = begin(rest, io);
  }
}
