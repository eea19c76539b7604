// Woven from chapters/828-stub.md.
import { NO_SPACE, Refusal } from "./hex";

/** Data that somebody watches. */
interface Watchpoint {
  /** 2 write, 3 read, 4 either. */
  readonly kind: number;
  readonly from: number;
  readonly length: number;
}

/** At most so many points of all kinds, and bytes in one. */
const MOST_POINTS = 1000, MOST_BYTES = 0x10000;

/** Where to stop: linear addresses, the same for all CPUs. */
export class Points {
  /** Bit 0: a breakpoint of kind 0 is at this address; bit 1: kind 1. */
  readonly code = new Map<number, number>();
  /** Breakpoints that were taken away since the last stop. */
  readonly removed = new Map<number, number>();
  private data: Watchpoint[] = [];

  insert(kind: number, address: number, length: number): void {
    this.remove(kind, address, length);
    const count = this.code.size + this.data.length;
    if (count >= MOST_POINTS || length > MOST_BYTES) {
      throw new Refusal(NO_SPACE);
    }
    if (kind < 2) {
      this.code.set(address, (this.code.get(address) ?? 0) | (1 << kind));
      this.removed.delete(address);
    } else {
      this.data.push({ kind, from: address, length: Math.max(1, length) });
    }
  }

  remove(kind: number, address: number, length: number): void {
    const kinds = this.code.get(address) ?? 0;
    if (kind >= 2) {
      this.data = this.data.filter((w) => w.kind !== kind ||
        w.from !== address || w.length !== Math.max(1, length));
    } else if (kinds & (1 << kind)) {
      this.removed.set(address, kinds);
      this.code.delete(address);
      if (kinds & ~(1 << kind)) this.code.set(address, kinds & ~(1 << kind));
    }
  }

  clear(): void {
    this.code.clear();
    this.removed.clear();
    this.data = [];
  }

  /** The pages that have watched data, as numbers of pages. */
  pages(): Set<number> {
    const pages = new Set<number>();
    for (const { from, length } of this.data) {
      const last = (from + length - 1) >>> 12;
      for (let page = from >>> 12; page <= last; page++) pages.add(page);
    }
    return pages;
  }

  /** The watchpoint that an access hits, and where; or undefined. */
  hit(
    from: number, size: number, write: boolean,
  ): { kind: number; address: number } | undefined {
    const found = this.data.find((w) => w.kind !== (write ? 3 : 2) &&
      from < w.from + w.length && w.from < from + size);
    return found &&
      { kind: found.kind, address: Math.max(from, found.from) };
  }
}
