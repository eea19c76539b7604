// Woven from chapters/809-begin.md.
import { UserError } from "../launcher";
import { SPENT } from "./io";
import type { Io } from "./io";

/** How far a run goes, and what is to be kept of it. */
export interface PartsCall {
  readonly snapshot?: string;
  readonly at?: number;
  readonly maxInstructions: number;
}

interface Counted {
  readonly status: number;
  readonly instructions: number;
}

/** The parts of a run: gives how far to go, and takes how it ended. */
export function* inParts<End extends Counted>(
  call: PartsCall, io: Io, save: () => Uint8Array,
): Generator<number, End, End> {
  const { snapshot, at, maxInstructions: limit } = call;
  if (snapshot === undefined) return yield limit;
  const end = yield Math.min(at ?? limit, limit);
  const count = end.instructions;
  if (at !== undefined && count !== at) {
    throw new UserError(`no snapshot: the run is at instruction ` +
      `${count}${count < at ? " at its end" : " already"}, ` +
      `and --at says ${at}`);
  }
  io.replace(snapshot, save());
  const goesOn = at !== undefined && at < limit && end.status === SPENT;
  return goesOn ? yield limit : end;
}

/** Carries out all parts at once. */
export function atOnce<Part, End, All>(
  parts: Generator<Part, All, End>, go: (part: Part) => End,
): All {
  try {
    let part = parts.next();
    while (!part.done) part = parts.next(go(part.value));
    return part.value;
  } catch (error) {
    parts.throw(error);
    throw error;
  }
}

/** Carries out all parts, and waits for each. */
export async function waitingForParts<Part, End, All>(
  parts: Generator<Part, All, End>, go: (part: Part) => Promise<End>,
): Promise<All> {
  try {
    let part = parts.next();
    while (!part.done) part = parts.next(await go(part.value));
    return part.value;
  } catch (error) {
    parts.throw(error);
    throw error;
  }
}
