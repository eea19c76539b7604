// Woven from chapters/818-consoles.md.
import { hostDeath } from "../host";
import { counted } from "../machine";
import type { End } from "./end";
import { runOn } from "./moves";
import { leavingStatus, optionsOf } from "./pieces";
import type { Leaving, RunPiece, PieceEnd, Pieces } from "./pieces";
import { sessionEnd } from "./session";
import type { Session } from "./session";

/** Whether a Guest would hear what is typed. */
export function inputCanWakeGuest({ machine, gate }: Session): boolean {
  const { typed } = gate;
  return hostDeath(machine) === undefined &&
    Array.from({ length: typed.count }, (_, which) => which)
      .some((which) => typed.listens(which));
}

function runPart(session: Session, piece: RunPiece): PieceEnd<End> {
  const { machine, options } = session;
  const { reason } = runOn(machine, options, optionsOf(machine, piece));
  if (reason === "idle") return "idle";
  if (reason === "budget" && machine.count < piece.limit) return "more";
  return reason === "halted" && inputCanWakeGuest(session) ? "waits"
    : sessionEnd(session, reason);
}

/** The end of a run that somebody has left. */
function leftGuests({ machine }: Session, how: Leaving): End {
  const instructions = machine.count;
  return { status: leavingStatus[how], instructions, guests: [],
    sentences: [`${how === "left" ? "you left" : "the terminal was closed"} ` +
      `after ${counted(instructions, "instruction")}`] };
}

/** A run with Guests, in pieces. */
export function guestPieces(session: Session): Pieces<End> {
  const { machine, gate } = session;
  return { machine, gate, run: (piece) => runPart(session, piece),
    halted: () => sessionEnd(session, "halted"),
    left: (how) => leftGuests(session, how) };
}
