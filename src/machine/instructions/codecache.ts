// Woven from chapters/748-step.md.
import type { Decoded } from "./decoded";
import type { Board } from "../ground/board";

const PAGE_BYTES = 4096;
/** Bytes of the longest instruction. */
export const LONGEST = 15;

/** The decoded instructions that begin in one frame, by offset: those of
 * 32-bit and of 16-bit code. */
export class CodePage {
  readonly wide: (Decoded | undefined)[] = emptyPage();
  private narrowCode: (Decoded | undefined)[] | undefined;
  /** The last one that began here and ended on the next page: what it is,
   * in which code, and its bytes there. */
  crossing: { insn: Decoded; start: number; wide: boolean;
    rest: readonly number[] } | undefined;
  /** How many records there are. */
  live = 0;

  get narrow(): (Decoded | undefined)[] {
    return this.narrowCode ??= emptyPage();
  }

  /** Forgets what has a byte between these offsets. */
  drop(from: number, to: number): void {
    for (const records of [this.wide, this.narrowCode]) {
      if (!records) continue;
      for (let at = Math.max(from - LONGEST + 1, 0); at < to; at++) {
        const record = records[at];
        if (!record || at + record.length <= from) continue;
        records[at] = undefined;
        this.live--;
      }
    }
    if (this.crossing && this.crossing.start < to) {
      this.crossing = undefined;
      this.live--;
    }
  }
}

function emptyPage(): (Decoded | undefined)[] {
  return new Array<Decoded | undefined>(PAGE_BYTES).fill(undefined);
}

/** Records that somebody else keeps: what is to be forgotten of them, and
 * how much that was. */
export interface OtherRecords {
  drop(frame: number, from: number, to: number): number;
  dropAll(): void;
}

/** All decoded code of a machine, by frame. Lives in no snapshot. */
export class CodeCache {
  private readonly pages: (CodePage | undefined)[] = [];

  constructor(private readonly board: Board) {
    board.dropCode = (physical, length) => this.drop(physical, length);
    board.dropAllCode = () => this.dropAll();
  }

  /** The records of a frame; from now on writes to it are noticed. */
  page(frame: number): CodePage {
    const known = this.pages[frame];
    if (known) return known;
    return this.pages[frame] = new CodePage();
  }

  /** Records in a form of their own, if somebody keeps such. */
  others: OtherRecords | undefined;

  /** Drops what overlaps these bytes. */
  private drop(physical: number, length: number): void {
    const end = physical + length;
    for (let at = physical; at < end;) {
      const frame = Math.floor(at / PAGE_BYTES), start = frame * PAGE_BYTES;
      const page = this.pages[frame], from = at - start;
      const to = Math.min(end - start, PAGE_BYTES);
      at = start + PAGE_BYTES;
      if (!page?.live) continue;
      page.drop(from, to);
      page.live -= this.others?.drop(frame, from, to) ?? 0;
      if (!page.live) this.board.codePages[frame] = 0;
    }
  }

  /** Forgets everything. */
  dropAll(): void {
    for (const page of this.pages) {
      page?.drop(0, PAGE_BYTES);
      if (page) page.live = 0;
    }
    this.others?.dropAll();
    this.board.codePages.fill(0);
  }
}
