// Woven from chapters/801-where.md.
// What one CPU did, in a fixed number of cells.
import type { Cpu } from "../machine";
import { NOBODY } from "./whereis";
import type { Where } from "./whereis";

/** Cells of a lane. */
export const LANE_CELLS = 512;

/** Places that are no Guest. */
const PLACES = ["Host", "Switcher", "program", "asleep", "off"] as
  const;
const KINDS = PLACES.length + NOBODY + 1;

const indexOf = (where: Where) => typeof where === "number"
  ? PLACES.length + where : PLACES.indexOf(where);

/** Places where a CPU executes nothing. */
export type Idle = "asleep" | "off";

/** Where a CPU was, and what happened there. */
export class Lane {
  /** How many instructions a cell is. */
  width = 1;
  /** Up to where it is known. */
  known: number;
  /** It sleeps or is off since then. */
  idle: Idle | undefined;
  /** Whether CR4.PGE was set. */
  global = false;
  /** Its last event was a load of cr3. */
  loaded = false;
  /** The CPU that it took itself for. */
  self: number;
  private readonly counts = new Float64Array(LANE_CELLS * KINDS);
  private readonly marks = new Int32Array(LANE_CELLS);

  constructor(readonly cpu: Cpu, private readonly from: number) {
    this.known = from;
    this.self = cpu.id;
  }

  /** It was there until `count`. */
  fill(count: number, where: Where): void {
    this.reach(count);
    const { width, from } = this, index = indexOf(where);
    while (this.known < count) {
      const cell = Math.floor((this.known - from) / width);
      const end = Math.min(count, from + (cell + 1) * width);
      this.counts[cell * KINDS + index]! += end - this.known;
      this.known = end;
    }
  }

  /** Something happened at `count`: a bit. */
  mark(count: number, bit: number): void {
    this.reach(count + 1);
    this.marks[Math.floor((count - this.from) / this.width)]! |= bit;
  }
  /** Makes the cells wide enough. */
  reach(count: number): void {
    for (; count - this.from > LANE_CELLS * this.width; this.width *= 2) {
      const { counts, marks } = this;
      for (let i = 0; i < LANE_CELLS * KINDS; i++) {
        const cell = Math.floor(i / KINDS), kind = i % KINDS;
        const at = 2 * cell * KINDS + kind, half = cell < LANE_CELLS / 2;
        counts[i] = half ? counts[at]! + counts[at + KINDS]! : 0;
      }
      for (let i = 0; i < LANE_CELLS; i++)
        marks[i] = i < LANE_CELLS / 2 ? marks[2 * i]! | marks[2 * i + 1]! : 0;
    }
  }

  /** Of the cells from `first` to before `end`: who was there how long, and
   * all the marks. */
  read(first: number, end: number): { times: [Where, number][]; bits: number } {
    const times = Array.from({ length: KINDS }, (_, kind) => {
      let sum = 0;
      for (let cell = first; cell < end; cell++)
        sum += this.counts[cell * KINDS + kind]!;
      return [PLACES[kind] ?? kind - PLACES.length, sum] as [Where, number];
    });
    let bits = 0;
    for (let cell = first; cell < end; cell++) bits |= this.marks[cell]!;
    return { times: times.filter(([, sum]) => sum > 0), bits };
  }
}
