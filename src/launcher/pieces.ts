// Woven from chapters/812-metal.md.
import type { Cpu, Machine, RunOptions } from "../machine";
import type { InputGate } from "./gate";

/** How far to run. */
export interface RunPiece {
  /** Absolute count of instructions at which the budget is spent. */
  readonly limit: number;
  /** Instructions in this piece, at most. */
  readonly most?: number;
  /** Machine time that sleep doesn't pass. */
  readonly sleepUntil?: number;
  readonly watch?: ((cpu: Cpu) => void) | undefined;
}

/** The end; or there is `more` to run, it is `idle` until later, or it
 * `waits` for input. */
export type PieceEnd<End> = End | "more" | "idle" | "waits";

/** How a person goes, in order or because the terminal is gone; and what
 * the exit status is then. */
export const leavingStatus = { "left": 0, "hung up": 4 } as const;
export type Leaving = keyof typeof leavingStatus;

/** What runs in pieces, and hears of the world between two of them. */
export interface Pieces<End> {
  readonly machine: Machine;
  readonly gate: InputGate;
  run(piece: RunPiece): PieceEnd<End>;
  /** The end of what nothing can wake. */
  halted(): End;
  /** The end of what somebody has left. */
  left(how: Leaving): End;
}

/** A piece, in the machine's words. */
export function optionsOf(
  machine: Machine, { limit, most = Infinity, sleepUntil, watch }: RunPiece,
): RunOptions {
  const rest = Math.max(0, limit - machine.count);
  return { maxInstructions: Math.min(most, rest),
    ...(sleepUntil !== undefined && { sleepUntil }),
    ...(watch && { stopWhen: (cpu: Cpu) => {
      watch(cpu);
      return false;
    } }) };
}

/** Runs to the end; nobody types anything. */
export function untilOver<End>(pieces: Pieces<End>, piece: RunPiece): End {
  for (;;) {
    const end = pieces.run(piece);
    if (end === "waits") return pieces.halted();
    if (end !== "more" && end !== "idle") return end as End;
  }
}
