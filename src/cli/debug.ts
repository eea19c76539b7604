// Woven from chapters/832-visit.md.
import { runOn, sessionEnd } from "../launcher";
import type { End, Session, Watcher } from "../launcher";
import { counted } from "../machine";
import { runDebugged } from "./gdb";
import type { Io } from "./io";

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

/** Runs a session with a debugger's port; `tell` says how it ended. */
export function runSession(
  session: Session, gdb: GdbCall, io: Io, limit: number,
  tell: (end: End) => number, watch?: Watcher,
): Promise<number> {
  const { machine, options } = session, { port, wait } = gdb;
  return runDebugged({
    machine, port, wait, limit,
    run: (all) => runOn(machine, options, all),
    ...(watch && { watch }),
    announce: (found) => announce(io, found, wait),
    finish: (reason) => tell(reason === "killed"
      ? killed(machine.count) : sessionEnd(session, reason)),
  });
}

function killed(instructions: number): End {
  const sentences = ["the debugger ended the run after " +
    counted(instructions, "instruction")];
  return { status: 1, sentences, instructions, guests: [] };
}
