// Woven from chapters/836-runs.md.
import { UserError } from "./error";
import type { InputEntry } from "./gate";
import type { RunPiece, Pieces } from "./pieces";

/** Runs to where an entry was made, and lets it in; or to the end, if
 * that comes first. */
export function replayEntry<End>(
  pieces: Pieces<End>, entry: InputEntry, piece: RunPiece,
): End | undefined {
  const { machine, gate } = pieces;
  const count = entry.counts.reduce((a, b) => a + b, 0);
  const arrived = () => machine.count === count &&
    machine.time === entry.time;
  for (;;) {
    const before = machine.count, time = machine.time;
    const end = pieces.run({ ...piece,
      most: Math.max(0, count - before), sleepUntil: entry.time });
    if (typeof end !== "string") return end;
    if (arrived()) break;
    if (machine.count === before && machine.time === time) {
      throw new UserError(`goes another way than it was recorded: input ` +
        `${entry.sequence} came at instruction ${count}, and the run is ` +
        `at ${before}; record it again`);
    }
  }
  const pairs = entry.bytes.match(/../g) ?? [];
  gate.enter(Uint8Array.from(pairs, (pair) => parseInt(pair, 16)),
    entry.guest);
  return undefined;
}
