// Woven from chapters/764-apic.md.
import { EVENT_SLOTS, EVENT_WORDS, H_EVENTS, H_SEQUENCE } from "./layout";
import { panic } from "./numbers";

/** Words of a queued event behind the time: who, what, and with what. */
const Q_CPU = 2, Q_KIND = 3, Q_ARGUMENT = 4, Q_SEQUENCE = 5;
/** Where the slots end. */
const H_EVENTS_END = H_EVENTS + EVENT_SLOTS * EVENT_WORDS;
/** The CPU of an event that belongs to the machine as a whole. */
export const NO_CPU = -1;
/** The kind of event that a local APIC's timer queues; all other kinds are
 * above it. */
export const APIC_TIMER_EVENT = 1;

/** A queued event as it is taken out. */
export interface Queued {
  readonly when: number;
  readonly cpu: number;
  readonly kind: number;
  readonly argument: number;
}

/** What is due later, in slots of the block's header; kind 0 is free. */
export class EventQueue {
  /** From here on, all slots are free. */
  private end = H_EVENTS;

  constructor(
    private readonly words: Int32Array,
    private readonly floats: Float64Array,
  ) {}

  /** Queues an event; equal times keep their order. */
  add(when: number, cpu: number, kind: number, argument = 0): void {
    const { words } = this;
    let at = H_EVENTS;
    while (at < this.end && words[at + Q_KIND]) at += EVENT_WORDS;
    if (at === H_EVENTS_END) panic("the event queue is full");
    this.floats[at / 2] = when;
    words[at + Q_CPU] = cpu;
    words[at + Q_KIND] = kind;
    words[at + Q_ARGUMENT] = argument;
    words[at + Q_SEQUENCE] = words[H_SEQUENCE]!++;
    this.end = Math.max(this.end, at + EVENT_WORDS);
  }

  /** Looks again at all slots: the block was restored. */
  refresh(): void {
    this.end = H_EVENTS_END;
    this.shrink();
  }

  private shrink(): void {
    const { words } = this;
    while (this.end > H_EVENTS && !words[this.end - EVENT_WORDS + Q_KIND])
      this.end -= EVENT_WORDS;
  }

  /** Takes out the events of a kind that belong to a CPU. */
  cancel(cpu: number, kind: number): void {
    const { words } = this;
    for (let at = H_EVENTS; at < this.end; at += EVENT_WORDS) {
      if (words[at + Q_KIND] === kind && words[at + Q_CPU] === cpu) {
        words[at + Q_KIND] = 0;
      }
    }
    this.shrink();
  }

  /** The slot of the earliest event whose CPU passes a test, if any. */
  private earliest(mine: (cpu: number) => boolean): number | undefined {
    const { words } = this;
    let best: number | undefined;
    for (let at = H_EVENTS; at < this.end; at += EVENT_WORDS) {
      if (!words[at + Q_KIND] || !mine(words[at + Q_CPU]!)) continue;
      if (best === undefined || this.isBefore(at, best)) best = at;
    }
    return best;
  }

  private isBefore(one: number, other: number): boolean {
    const { words, floats } = this;
    const time = floats[one / 2]! - floats[other / 2]!;
    return (time || words[one + Q_SEQUENCE]! - words[other + Q_SEQUENCE]!) < 0;
  }
  /** When the next of those events is due; Infinity if there is none. */
  next(mine: (cpu: number) => boolean): number {
    const at = this.earliest(mine);
    return at === undefined ? Infinity : this.floats[at / 2]!;
  }

  /** Whether any queued event passes a test. */
  some(
    test: (kind: number, cpu: number, argument: number) => boolean,
  ): boolean {
    const { words } = this;
    for (let at = H_EVENTS; at < this.end; at += EVENT_WORDS) {
      const kind = words[at + Q_KIND]!, argument = words[at + Q_ARGUMENT]!;
      if (kind !== 0 && test(kind, words[at + Q_CPU]!, argument)) return true;
    }
    return false;
  }

  /** Takes out the earliest of those events that is due by a time. */
  take(by: number, mine: (cpu: number) => boolean): Queued | undefined {
    const { words, floats } = this;
    const at = this.earliest(mine);
    if (at === undefined || floats[at / 2]! > by) return undefined;
    const kind = words[at + Q_KIND]!;
    words[at + Q_KIND] = 0;
    this.shrink();
    return { when: floats[at / 2]!, cpu: words[at + Q_CPU]!, kind,
      argument: words[at + Q_ARGUMENT]! };
  }
}
