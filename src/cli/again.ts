// Woven from chapters/837-diary.md.
import { replayEntry, untilOver } from "../launcher";
import type { RunPiece, Pieces, RunEnd, RunFile, RunInput } from "../launcher";
import type { Cpu } from "../machine";
import { inFile, SPENT } from "./io";

/** How a run of either kind ends. */
export type Ending = { readonly status: number; readonly sentence: string } |
  { readonly status: number; readonly sentences: readonly string[] };

/** What a run's end says in a run file. */
export const sentenceOf = (end: Ending) =>
  ("sentence" in end ? end.sentence : end.sentences.join("; "));

/** The inside of a run file, to be carried out once. */
export class Again {
  private readonly rest: RunInput[];
  private readonly last: RunEnd | undefined;

  constructor(
    private readonly path: string, { inputs, end }: RunFile<unknown>,
  ) {
    this.rest = [...inputs];
    this.last = end;
  }

  /** Runs up to a count; `start` says how often there was another. */
  run<End extends Ending>(
    pieces: Pieces<End>, most: number, start = 0, watch?: (cpu: Cpu) => void,
  ): End {
    const { rest, path } = this;
    const last = this.last?.boot ?? 0;
    const end = last === start ? this.last : undefined;
    const limit = Math.min(most, end?.instructions ?? Infinity);
    const piece: RunPiece = { limit, watch };
    for (let entry; (entry = rest[0]) && (entry.boot ?? 0) === start;) {
      const early = inFile(path, () => replayEntry(pieces, entry!, piece));
      if (early) return early;
      rest.shift();
    }
    return limit === end?.instructions ? lastPart(pieces, end, piece)
      : untilOver(pieces, piece);
  }
}

function lastPart<End extends Ending>(
  pieces: Pieces<End>, last: RunEnd, piece: RunPiece,
): End {
  const { machine } = pieces, { time, status, instructions } = last;
  const toTime = { ...piece, sleepUntil: time };
  let end = pieces.run(toTime);
  while (end === "more") end = pieces.run(toTime);
  const first = typeof end === "string" ? pieces.halted() : end;
  const open = typeof end === "string" || first.status === SPENT;
  if (!open || machine.count !== instructions) return first;
  if (time > machine.time) pieces.run({ ...toTime, most: 0 });
  const all = [first, pieces.left("left"), pieces.left("hung up")];
  return all.find((one) => one.status === status &&
    sentenceOf(one) === last.sentence) ?? first;
}
