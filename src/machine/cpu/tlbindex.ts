// Woven from chapters/720-memory.md.
import { TLB_WORDS } from "../ground/layout";
import { PTE_P, PTE_PS } from "./tlb";

/** Where the entries of one TLB are, by page; derived from the block. */
export class TlbIndex {
  /** Word index of place 0, which is none. */
  readonly before: number;
  /** By bits 31 to 22 of an address; 0 is no place. */
  readonly large = new Uint16Array(1024);
  /** The places filled since the last flush, and whether one is there. */
  readonly list: Uint16Array;
  readonly listed: Uint8Array;
  /** How many are in the list. */
  filled = 0;

  /** `small` is the table by bits 31 to 12. */
  constructor(
    private readonly start: number, private readonly size: number,
    readonly small: Uint16Array,
  ) {
    this.before = start - TLB_WORDS;
    this.list = new Uint16Array(size);
    this.listed = new Uint8Array(size + 1);
  }

  /** An entry with this first word was written at a word index. */
  note(at: number, page: number): void {
    const place = (at - this.before) / TLB_WORDS;
    if (page & PTE_PS) this.large[page >>> 22] = place;
    else this.small[page >>> 12] = place;
    if (this.listed[place]) return;
    this.listed[place] = 1;
    this.list[this.filled++] = place;
  }
  /** Notes all that is in the TLB, and nothing else. */
  refresh(w: Int32Array): void {
    this.filled = 0;
    this.listed.fill(0);
    const end = this.start + this.size * TLB_WORDS;
    for (let at = this.start; at < end; at += TLB_WORDS) {
      if (w[at]! & PTE_P) this.note(at, w[at]!);
    }
  }
}
