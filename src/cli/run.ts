// Woven from chapters/809-begin.md.
import {
  boot, circumstancesOf, guestPieces, loadSession, placesOfCpus, run,
  saveSession, withAdvice,
} from "../launcher";
import type { BootOptions, End, Session, Watcher } from "../launcher";
import { openTrace, startTrace } from "./begin-trace";
import type { Tracing } from "./begin-trace";
import { Checking } from "./checks";
import { arrivalsFor, inputOf, withTerminal } from "./consoles";
import { runSession } from "./debug";
import type { GdbCall } from "./debug";
import { Dump } from "./dump";
import { filesOf } from "./guests";
import { endDevices, openImages, withImages } from "./images";
import type { Images } from "./images";
import { slowly } from "./interpreter";
import { inFile, probeAll, worldOf } from "./io";
import type { Io } from "./io";
import { kernelFile } from "./kernels";
import { GuestLines } from "./lines";
import { runLive } from "./live";
import type { Arrivals } from "./live";
import type { RunCall } from "./options";
import { atOnce, inParts, waitingForParts } from "./parts";
import { recordRun, replayRun } from "./record-run";
import type { RunRecorder } from "./record-run";
import { Statistics } from "./stats";
import { readSwitcher, switcherFile } from "./switcher";
import { Drawing } from "./timeline";

function begin(
  call: RunCall, io: Io, around: Around, before?: Session,
): Session {
  const session = beginSilently(call, io, around, before);
  around.lines.names = session.options.guests.map(({ name }) => name);
  return session;
}

function beginSilently(
  call: RunCall, io: Io, { lines: { print }, dump, images }: Around,
  before?: Session,
): Session {
  const { restore } = call;
  if (restore !== undefined) {
    const file = io.read(restore);
    return inFile(restore, () => loadSession(file, print, dump.sink));
  }
  const options = withImages(bootOptionsOf(call, io), images, before);
  return boot(options, print, dump.sink);
}

/** A call without those names that are none of files. */
export function onlyFiles({ guests, switcher, ...call }: RunCall) {
  return { ...call, switcher: switcherFile(switcher),
    guests: guests.map(({ kernel, ...guest }) =>
      ({ ...guest, kernel: kernelFile(kernel) })) };
}

/** What is to be booted. */
export function bootOptionsOf(call: RunCall, io: Io): BootOptions {
  const { cpus, seed, pge, abi, hostPages, schedule, terminal } = call;
  const switcher = readSwitcher(call.switcher, io);
  return { guests: filesOf(call.guests, io), cpus, seed, pge, abi,
    hostPages, ...circumstancesOf(call), ...(schedule && { schedule }),
    ...(terminal && { terminal }),
    ...(switcher !== undefined && { switcher }) };
}

/** Carries out `lguest run`; returns the exit status. */
export function runCommand(
  asked: RunCall, world: Io,
): number | Promise<number> {
  const io = worldOf(asked, world);
  const replay = asked.replay === undefined ? undefined
    : replayRun(asked.replay, asked, io);
  const input = replay ? undefined : inputOf(asked, io);
  const call = replay?.call ?? withTerminal(asked, input);
  probeAll(onlyFiles(call), io);
  const around = surround(call, io);
  const session = begin(call, io, around);
  const arrivals = input && arrivalsFor(input, around.lines.names, io);
  if (call.gdb)
    return runVisited(call, call.gdb, session, io, around, arrivals);
  const record = recordRun(call, io);
  const parts = allParts(call, session, io, around, record);
  const over = (last: { session: Session; end: End }) => {
    record?.end(last.session.machine, last.end);
    replay?.check(last.session.machine, last.end);
    return around.tell(last.session, last.end);
  };
  if (arrivals) {
    return waitingForParts(parts, ({ session, ...part }) =>
      runLive({ pieces: guestPieces(session), arrivals, ...part }))
      .finally(() => arrivals.input.stop()).then(over);
  }
  return over(atOnce(parts, ({ session, limit, start, watch }) => replay
    ? replay.again.run(guestPieces(session), limit, start, watch)
    : run(session, limit, watch)));
}
interface Around {
  readonly lines: GuestLines;
  readonly dump: Dump;
  /** The files in which the Guests' disks are kept. */
  readonly images: Images;
  /** Begins to look on; the function that comes back ends it. */
  readonly follow: (session: Session) => () => void;
  /** Says how a run ended; its exit status. */
  readonly tell: (session: Session, end: End) => number;
}

function surround(call: RunCall, io: Io): Around {
  const lines = new GuestLines((bytes) => io.print(bytes));
  const images = openImages(call, io), dump = new Dump(call.netDump, io);
  const checking = new Checking(call.checks, io);
  const drawing = new Drawing(call.timeline, io);
  const statistics = new Statistics(call.stats, io);
  const follow = (session: Session) => {
    const ends = [drawing, checking, statistics]
      .map((one) => one.follow(session));
    return () => ends.forEach((end) => end());
  };
  const tell = (session: Session, end: End) => {
    const { status, guests } = end;
    lines.flush();
    drawing.draw();
    statistics.tell();
    const lost = endDevices(session, end);
    const open = status !== 3 &&
      guests.some(({ state }) => state === "running");
    const places = open ? placesOfCpus(session) : [];
    const told = [...withAdvice(session, end), ...places, ...lost,
      ...slowly(session)];
    for (const sentence of told) io.complain(`lguest: ${sentence}\n`);
    return status === 0 && checking.reports > 0 ? 3 : status;
  };
  return { lines, dump, images, follow, tell };
}

function runVisited(
  call: RunCall, gdb: GdbCall, session: Session, io: Io,
  { follow, tell, dump }: Around, arrivals: Arrivals | undefined,
): Promise<number> {
  const trace = startTrace(call, session.machine, io);
  const unwatch = follow(session);
  return runSession({ session, gdb, io, limit: call.maxInstructions,
    arrivals, watch: trace?.begin, tell: (end) => tell(session, end),
  }).finally(() => {
    arrivals?.input.stop();
    unwatch();
    trace?.stop();
    dump.close();
  });
}
/** A part of a run: of which machine, after how many others, how far. */
interface Part {
  readonly session: Session;
  readonly start: number;
  readonly limit: number;
  readonly watch: Watcher | undefined;
}

type AllParts =
  Generator<Part, { session: Session; end: End }, End>;

function* allParts(
  call: RunCall, first: Session, io: Io, around: Around,
  record: RunRecorder | undefined,
): AllParts {
  const tracing = openTrace(call, io);
  let session = first, rest = call;
  try {
    for (let start = 0; ; start++) {
      record?.listen(session.gate);
      const end = yield* watched(rest, session, start, io, around, tracing);
      const again = call.reboot && end.status === 0 &&
        call.restore === undefined &&
        end.guests.some(({ state }) => state === "restart");
      if (!again) return { session, end };
      around.tell(session, end);
      const { snapshot, at, ...more } = rest;
      rest = { ...more,
        maxInstructions: rest.maxInstructions - end.instructions };
      session = begin(rest, io, around, session);
    }
  } finally {
    tracing?.close();
    around.dump.close();
    around.lines.flush();
  }
}

function* watched(
  call: RunCall, session: Session, start: number, io: Io,
  { follow }: Around, tracing: Tracing | undefined,
): Generator<Part, End, End> {
  const trace = tracing?.follow(session.machine), unwatch = follow(session);
  const parts = inParts<End>(call, io, () => saveSession(session));
  try {
    let part = parts.next();
    while (!part.done) {
      part = parts.next(yield { session, start, limit: part.value,
        watch: trace?.begin });
    }
    return part.value;
  } finally {
    unwatch();
    trace?.stop();
  }
}
