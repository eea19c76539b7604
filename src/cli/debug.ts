// Woven from chapters/832-visit.md.
import { guestPieces, inputCanWakeGuest, runOn, sessionEnd } from
  "../launcher";
import type { End, Session, Watcher } from "../launcher";
import { counted } from "../machine";
import type { RunOptions, RunResult } from "../machine";
import { runDebugged } from "./gdb";
import type { Io } from "./io";
import type { Arrivals } from "./live";

/** Where a debugger may come in, and whether we wait for it. */
export interface GdbCall {
  readonly port: number;
  readonly wait: boolean;
}

/** Says where we are listening. */
export function announce(io: Io, port: number, wait: boolean): void {
  io.complain(`lguest: gdb may come to port ${port}: ` +
    `target remote localhost:${port}${wait ? "; we wait" : ""}\n`);
}

/** A run with Guests and a debugger's port. */
export interface Visit {
  readonly session: Session;
  readonly gdb: GdbCall;
  readonly io: Io;
  readonly limit: number;
  readonly watch: Watcher | undefined;
  /** Who types. */
  readonly arrivals: Arrivals | undefined;
  /** Says how it ended. */
  readonly tell: (end: End) => number;
}

/** Runs a session with a debugger's port. */
export function runSession(visit: Visit): Promise<number> {
  const { session, gdb, io, limit, watch, arrivals, tell } = visit;
  const { machine } = session, { port, wait } = gdb;
  return runDebugged({
    machine, port, wait, limit, run: (all) => runHeard(visit, all),
    ...(watch && { watch }),
    announce: (found) => announce(io, found, wait),
    idle: (goOn) => void arrivals?.wait(Infinity).then(goOn),
    finish: (reason) => tell(reason === "killed" ? killed(machine.count)
      : arrivals?.gone ? guestPieces(session).left(arrivals.gone)
        : sessionEnd(session, reason)),
  });
}

/** Runs, and lets in what is typed. */
function runHeard(
  { session, arrivals }: Visit, all: RunOptions,
): RunResult {
  const { machine, options, gate } = session;
  if (arrivals?.gone) return { reason: "stopped", count: machine.count };
  arrivals?.deliver(gate);
  const result = runOn(machine, options, all);
  const waits = result.reason === "halted" && inputCanWakeGuest(session);
  return waits && arrivals?.mayCome(gate) ? { ...result, reason: "idle" }
    : result;
}

function killed(instructions: number): End {
  const sentences = ["the debugger ended the run after " +
    counted(instructions, "instruction")];
  return { status: 1, sentences, instructions, guests: [] };
}
