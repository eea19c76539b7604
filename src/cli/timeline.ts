// Woven from chapters/802-timeline.md.
import { timelineOf } from "../debug";
import type { Timeline } from "../debug";
import { UserError } from "../launcher";
import type { Session } from "../launcher";
import type { Io } from "./io";

/** A part of a run: from an instruction to before another one. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Reads what is behind --timeline; throws UserError. */
export function spanOf(text: string): Span {
  const [, first, last] = /^(\d+)-(\d*)$/.exec(text) ?? [];
  const from = Number(first), to = last ? Number(last) : Infinity;
  if (Number.isSafeInteger(from) && from < to) return { from, to };
  throw new UserError(`--timeline ${text}: write FROM-TO, two counts of ` +
    "instructions, or FROM- for all the rest");
}

/** Draws one machine after the other, if that was asked for. */
export class Drawing {
  private timeline: Timeline | undefined;

  constructor(
    private readonly span: Span | undefined, private readonly io: Io,
  ) {}

  /** Begins to look on; the function that comes back ends it. */
  follow({ machine, options }: Session): () => void {
    if (!this.span) return () => {};
    const names = options.guests.map(({ name }) => name);
    const timeline = timelineOf(machine, { names, ...this.span });
    this.timeline = timeline;
    return () => timeline.stop();
  }

  /** Says what was drawn, once. */
  draw(): void {
    const lines = this.timeline?.lines() ?? [];
    this.timeline = undefined;
    for (const line of lines) this.io.complain(`${line}\n`);
  }
}
