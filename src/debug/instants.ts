// Woven from chapters/801-where.md.
// What happened once and matters: some of each kind.

/** A line about an instant. */
export interface Instant {
  readonly count: number;
  readonly cpu: number;
  readonly text: string;
}

const FEW = 6;

/** The first few of each kind, and the last few. */
export class Instants {
  private readonly kinds = new Map<string,
    { first: Instant[]; last: Instant[]; lost: number }>();

  /** Keeps one, and may let an older one go. */
  add(kind: string, instant: Instant): void {
    let kept = this.kinds.get(kind);
    if (!kept) this.kinds.set(kind, kept = { first: [], last: [], lost: 0 });
    const { first, last } = kept;
    if (first.length < FEW) first.push(instant);
    else if (last.push(instant) > FEW) {
      last.shift();
      kept.lost++;
    }
  }

  /** All that were kept, in order, and how many weren't. */
  all(): { kept: Instant[]; lost: [kind: string, count: number][] } {
    const kinds = [...this.kinds];
    return {
      kept: kinds.flatMap(([, { first, last }]) => [...first, ...last])
        .sort((a, b) => a.count - b.count),
      lost: kinds.filter(([, { lost }]) => lost > 0)
        .map(([kind, { lost }]) => [kind, lost]),
    };
  }
}
