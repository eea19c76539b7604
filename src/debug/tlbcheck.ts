// Woven from chapters/680-stale.md.
// Compares each use of a TLB's entry with the page tables.
import {
  allowed, CPL, CR3, CS, EIP, hex32, PTE_D, PTE_G, PTE_P, PTE_PS,
  PTE_RW, PTE_US, quietWalk, SEGMENTS, SELECTOR, TLB_FRAME, tlbEntry,
} from "../machine";
import type { Cpu, Machine, TlbEntry } from "../machine";

/** How an entry differs from the tables: no page is there now; another
 * is; this access would be forbidden; it is allowed, but the CPU
 * faults; only what it doesn't need is different. The last two are
 * harmless. */
export type Staleness =
  "gone" | "moved" | "forbidden" | "spurious" | "unlike";

/** A use of a TLB's entry that the page tables don't confirm. */
export interface StaleUse {
  readonly cpu: number;
  /** Instructions before it, on all CPUs and on this one. */
  readonly count: number;
  readonly retired: number;
  readonly ring: number;
  readonly cs: number;
  readonly eip: number;
  /** What the caller calls this place. */
  readonly symbol: string | undefined;
  readonly access: "fetch" | "load" | "store";
  readonly linear: number;
  readonly entry: TlbEntry;
  /** What the tables say; undefined if no page is there. */
  readonly tables: Pick<TlbEntry, "frame" | "bits"> | undefined;
  readonly cr3: number;
  readonly why: Staleness;
  /** The entry was kept over loads of cr3, or its tables changed. */
  readonly cause: "kept" | "changed";
}

const harmless: ReadonlySet<Staleness> =
  new Set(["spurious", "unlike"]);

/** What is wrong with an entry for this access, if anything is. */
function judge(
  cpu: Cpu, at: number, linear: number, found: number, write: boolean,
  user: boolean,
): Staleness | undefined {
  const { w } = cpu, bits = w[at]!, frame = w[at + TLB_FRAME]!;
  const may = (found & PTE_P) !== 0 && allowed(cpu, found, write, user);
  if (!allowed(cpu, bits, write, user))
    return may ? "spurious" : undefined;
  if (write && !(bits & PTE_D)) return undefined;
  if (!(found & PTE_P)) return "gone";
  if (pageOf(frame, bits, linear) !== pageOf(found, found, linear))
    return "moved";
  if (!may) return "forbidden";
  const marks = PTE_RW | PTE_US | PTE_PS | PTE_G | (write ? PTE_D : 0);
  return (bits ^ found) & marks ? "unlike" : undefined;
}

/** The frame of 4 KiB in which an address lies. */
function pageOf(frame: number, bits: number, linear: number): number {
  const within = bits & PTE_PS ? linear & 0x3ff000 : 0;
  return (frame & -4096) | within;
}

/** What a check is to tell besides. */
export interface TlbCheckOptions {
  /** Report what is harmless, too. */
  readonly legal?: boolean;
  /** What code at this address is called. */
  readonly symbol?: (cpu: Cpu, address: number) => string | undefined;
}

/** Reports the first stale fetch, load and store of each CPU, before it
 * happens; the function that comes back ends the check. */
export function checkTlb(
  machine: Machine, report: (use: StaleUse) => void,
  options: TlbCheckOptions = {},
): () => void {
  if (!machine?.cpus || !report) {
    throw new TypeError(
      "checkTlb takes a machine, and a function for stale uses");
  }
  if (machine.cpus.some((cpu) => cpu.tlbWatch)) {
    throw new Error("the TLBs of this machine are checked already; end " +
      "the other check first");
  }
  const { legal = false, symbol } = options, told = new Set<string>();
  machine.watchTlb((cpu, at, linear, write, user, code) => {
    const found = quietWalk(cpu, linear);
    const why = judge(cpu, at, linear, found, write, user);
    if (!why || (!legal && harmless.has(why))) return;
    const access = code ? "fetch" : write ? "store" : "load";
    const first = [cpu.id, access, harmless.has(why)].join();
    if (told.has(first)) return;
    told.add(first);
    const { w, id, board: { count }, retired } = cpu;
    const entry = tlbEntry(cpu, at), cr3 = w[CR3]! >>> 0;
    const eip = w[EIP]! >>> 0;
    const cs = w[SEGMENTS + 4 * CS + SELECTOR]! & 0xffff;
    const use: StaleUse = {
      cpu: id, count, retired, ring: w[CPL]!, cs, eip,
      symbol: symbol?.(cpu, eip), access, linear: linear >>> 0, entry,
      tables: found & PTE_P
        ? { frame: (found & -4096) >>> 0, bits: found & 0xfff } : undefined,
      cr3, why, cause: entry.cr3 === cr3 ? "changed" : "kept",
    };
    report(use);
    const { events } = machine, { cause } = use;
    if (events.active) events.emit({ kind: "stale", cpu: id, count, access,
      linear: use.linear, eip, why, cause });
  });
  return () => machine.watchTlb(undefined);
}

const causes = {
  kept: "its entry is global, and has outlived loads of cr3.",
  changed: "they have changed since it did, and its entry is left.",
};
const effects: Partial<Record<Staleness, string>> = {
  spurious: " It faults for nothing, and then it asks.",
  unlike: " For this access that makes no difference.",
};

/** A stale use in lines for people. */
export function staleText(use: StaleUse): string {
  const { cpu, count, retired, ring, access, entry, tables } = use;
  const cs = hex32(use.cs).slice(4), { symbol, linear } = use;
  return [
    `CPU ${cpu}: stale ${access} at ${hex32(linear)}, instruction ` +
      `${count} (its own ${retired})`,
    `  by      ring ${ring}, ${cs}:${hex32(use.eip)}` +
      (symbol === undefined ? "" : ` ${symbol}`),
    `  TLB     ${pageText(linear, entry)}`,
    `          loaded at ${entry.when} under cr3 ${hex32(entry.cr3)}`,
    `  tables  ${tables ? pageText(linear, tables) : "not present"}`,
    `          cr3 ${hex32(use.cr3)}`,
    `The CPU did not ask the page tables: ${causes[use.cause]}` +
      (effects[use.why] ?? ""),
  ].join("\n");
}

function pageText(
  linear: number, { frame, bits }: Pick<TlbEntry, "frame" | "bits">,
): string {
  const large = (bits & PTE_PS) !== 0;
  return `${hex32(linear & (large ? -0x400000 : -0x1000))} -> ` +
    `${hex32(frame)}, ${large ? "4 MiB" : "4 KiB"}, ` +
    `${bits & PTE_RW ? "writable" : "read-only"}, ` +
    (bits & PTE_US ? "user" : "supervisor") +
    (bits & PTE_G ? ", global" : "");
}
