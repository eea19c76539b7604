// Woven from chapters/808-command.md.
import {
  boot, circumstancesOf, loadSession, placesOfCpus, run, saveSession,
  UserError, withAdvice,
} from "../launcher";
import type { BootOptions, End, Session, Watcher } from "../launcher";
import { openTrace, startTrace } from "./begin-trace";
import type { Tracing } from "./begin-trace";
import { Checking } from "./checks";
import { runSession } from "./debug";
import type { GdbCall } from "./debug";
import { filesOf } from "./guests";
import { slowly } from "./interpreter";
import { inFile, probeAll, SPENT, worldOf } from "./io";
import type { Io } from "./io";
import { kernelFile } from "./kernels";
import { GuestLines } from "./lines";
import type { RunCall } from "./options";
import { recordRun, replayRun } from "./record-run";
import { Statistics } from "./stats";
import { readSwitcher, switcherFile } from "./switcher";
import { Drawing } from "./timeline";

function begin(call: RunCall, io: Io, lines: GuestLines): Session {
  const session = beginSilently(call, io, lines);
  lines.names = session.options.guests.map(({ name }) => name);
  return session;
}

function beginSilently(
  call: RunCall, io: Io, { print }: GuestLines,
): Session {
  const { restore } = call;
  if (restore !== undefined) {
    const file = io.read(restore);
    return inFile(restore, () => loadSession(file, print));
  }
  return boot(bootOptionsOf(call, io), print);
}

/** A call without those names that are none of files. */
export function onlyFiles({ guests, switcher, ...call }: RunCall) {
  return { ...call, switcher: switcherFile(switcher),
    guests: guests.map(({ kernel, ...guest }) =>
      ({ ...guest, kernel: kernelFile(kernel) })) };
}

/** What is to be booted. */
export function bootOptionsOf(call: RunCall, io: Io): BootOptions {
  const { cpus, seed, pge, abi, hostPages, schedule } = call;
  const switcher = readSwitcher(call.switcher, io);
  return { guests: filesOf(call.guests, io), cpus, seed, pge, abi,
    hostPages, ...circumstancesOf(call), ...(schedule && { schedule }),
    ...(switcher !== undefined && { switcher }) };
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
  probeAll(onlyFiles(call), io);
  const around = surround(call, io);
  const session = begin(call, io, around.lines);
  if (call.gdb) return runVisited(call, call.gdb, session, io, around);
  const record = recordRun(call, io);
  const last = runToTheEnd(call, session, io, around);
  record?.end(last.session.machine, last.end);
  replay?.check(last.session.machine, last.end);
  return around.tell(last.session, last.end);
}
interface Around {
  readonly lines: GuestLines;
  /** Begins to look on; the function that comes back ends it. */
  readonly follow: (session: Session) => () => void;
  /** Says how a run ended; its exit status. */
  readonly tell: (session: Session, end: End) => number;
}

function surround(call: RunCall, io: Io): Around {
  const lines = new GuestLines((bytes) => io.print(bytes));
  const checking = new Checking(call.checks, io);
  const drawing = new Drawing(call.timeline, io);
  const statistics = new Statistics(call.stats, io);
  const follow = (session: Session) => {
    const ends = [drawing, checking, statistics].map((one) => one.follow(session));
    return () => ends.forEach((end) => end());
  };
  const tell = (session: Session, end: End) => {
    const { status, guests } = end;
    lines.flush();
    drawing.draw();
    statistics.tell();
    const open = status !== 3 &&
      guests.some(({ state }) => state === "running");
    const places = open ? placesOfCpus(session) : [];
    const told = [...withAdvice(session, end), ...places, ...slowly(session)];
    for (const sentence of told) io.complain(`lguest: ${sentence}\n`);
    return status === 0 && checking.reports > 0 ? 3 : status;
  };
  return { lines, follow, tell };
}

function runVisited(
  call: RunCall, gdb: GdbCall, session: Session, io: Io,
  { follow, tell }: Around,
): Promise<number> {
  const trace = startTrace(call, session.machine, io);
  const unwatch = follow(session);
  return runSession(session, gdb, io, call.maxInstructions,
    (end) => tell(session, end), trace?.begin).finally(() => {
    unwatch();
    trace?.stop();
  });
}
function runToTheEnd(
  call: RunCall, first: Session, io: Io, around: Around,
): { session: Session; end: End } {
  const tracing = openTrace(call, io);
  try {
    return runAgain(call, first, io, around, tracing);
  } finally {
    tracing?.close();
    around.lines.flush();
  }
}

function runAgain(
  call: RunCall, first: Session, io: Io, around: Around,
  tracing: Tracing | undefined,
): { session: Session; end: End } {
  let session = first, rest = call;
  for (;;) {
    const trace = tracing?.follow(session.machine);
    const unwatch = around.follow(session);
    let end: End;
    try {
      end = runWithSnapshot(rest, session, io, trace?.begin);
    } finally {
      unwatch();
      trace?.stop();
    }
    const again = call.reboot && end.status === 0 &&
      call.restore === undefined &&
      end.guests.some(({ state }) => state === "restart");
    if (!again) return { session, end };
    around.tell(session, end);
    const { snapshot, at, ...more } = rest;
    rest = { ...more,
      maxInstructions: rest.maxInstructions - end.instructions };
    session = begin(rest, io, around.lines);
  }
}
