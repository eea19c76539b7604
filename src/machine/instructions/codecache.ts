// Woven from chapters/748-step.md.
import type { Decoded } from "./decoded";
import type { Board } from "../ground/board";

const PAGE_BYTES = 4096, LINE = 64, LONGEST = 15;

/** The decoded instructions that begin in one frame, by offset: those of
 * 32-bit and of 16-bit code. */
export class CodePage {
  readonly wide: (Decoded | undefined)[] = emptyPage();
  private narrowCode: (Decoded | undefined)[] | undefined;
  /** How many records there are. */
  live = 0;

  get narrow(): (Decoded | undefined)[] {
    return this.narrowCode ??= emptyPage();
  }

  /** Forgets what begins at these offsets. */
  drop(from: number, to: number): void {
    for (const records of [this.wide, this.narrowCode]) {
      if (!records) continue;
      for (let at = Math.max(from, 0); at < to; at++) {
        if (records[at]) this.live--;
        records[at] = undefined;
      }
    }
  }
}

function emptyPage(): (Decoded | undefined)[] {
  return new Array<Decoded | undefined>(PAGE_BYTES).fill(undefined);
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

  /** Drops what overlaps the 64-byte lines of these bytes. */
  private drop(physical: number, length: number): void {
    if (length <= 0) return;
    let at = physical - (physical % LINE);
    for (; at < physical + length; at += LINE) {
      const frame = Math.floor(at / PAGE_BYTES);
      const page = this.pages[frame];
      if (!page?.live) continue;
      const offset = at % PAGE_BYTES;
      page.drop(offset - LONGEST + 1, offset + LINE);
      if (!page.live) this.board.codePages[frame] = 0;
    }
  }

  private dropAll(): void {
    for (const page of this.pages) page?.drop(0, PAGE_BYTES);
  }
}
