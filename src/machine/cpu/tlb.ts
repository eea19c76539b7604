// Woven from chapters/030-paging.md, 720-memory.md.
import type { Cpu } from "./cpu";
import { TLB_HEAD, TLB_WORDS } from "../ground/layout";
import { CR3, RETIRED, TLBS } from "../ground/state";
import type { TlbIndex } from "./tlbindex";

/** Bits of page-table entries, and of the first word of a TLB entry. */
export const PTE_P = 1, PTE_RW = 2, PTE_US = 4, PTE_A = 0x20, PTE_D = 0x40,
  PTE_PS = 0x80, PTE_G = 0x100;
/** Words of a TLB entry: page and bits, frame, when (64 bits), cr3. */
export const TLB_PAGE = 0, TLB_FRAME = 1, TLB_WHEN = 2, TLB_CR3 = 4;

const pageMask = (bits: number) => bits & PTE_PS ? 0xffc00000 : 0xfffff000;

/** Word index of the first entry of the data or the code TLB. */
export function tlbStart(cpu: Cpu, code: boolean): number {
  const { dataTlb } = cpu.board.layout;
  return TLBS + TLB_HEAD + (code ? dataTlb * TLB_WORDS : 0);
}

/** How many entries the data or the code TLB has. */
export function tlbSize(cpu: Cpu, code: boolean): number {
  const { dataTlb, codeTlb } = cpu.board.layout;
  return code ? codeTlb : dataTlb;
}

/** Word index of the entry that translates an address, or -1. */
export function tlbFind(cpu: Cpu, code: boolean, linear: number): number {
  const index = code ? cpu.codeIndex : cpu.dataIndex;
  const small = covering(cpu, index, index.small[linear >>> 12]!, linear);
  const large = covering(cpu, index, index.large[linear >>> 22]!, linear);
  return small < 0 || (large >= 0 && large < small) ? large : small;
}

function covering(
  cpu: Cpu, index: TlbIndex, place: number, linear: number,
): number {
  if (place === 0) return -1;
  const at = index.before + place * TLB_WORDS, page = cpu.w[at]!;
  const covers = (page & PTE_P) !== 0 &&
    ((page ^ linear) & pageMask(page)) === 0;
  return covers ? at : -1;
}

/** Takes the oldest entry's place; returns its word index. */
export function tlbTakeOldest(cpu: Cpu, code: boolean): number {
  const head = TLBS + (code ? 1 : 0), next = cpu.w[head]!;
  cpu.w[head] = (next + 1) % tlbSize(cpu, code);
  const at = tlbStart(cpu, code) + next * TLB_WORDS;
  dropEntry(cpu, code, at);
  return at;
}

/** Writes an entry: address, and a frame with its bits. */
export function tlbWrite(
  cpu: Cpu, code: boolean, at: number, linear: number, found: number,
): void {
  const w = cpu.w;
  if (found & PTE_PS) {
    if (code) cpu.dropFastCode();
    else cpu.dropFast();
  }
  w[at + TLB_PAGE] = (linear & pageMask(found)) | (found & 0xfff);
  w[at + TLB_FRAME] = found & pageMask(found);
  cpu.d[(at + TLB_WHEN) / 2] = cpu.d[RETIRED]!;
  w[at + TLB_CR3] = w[CR3]!;
  (code ? cpu.codeIndex : cpu.dataIndex).note(at, w[at]!);
}

function dropEntry(cpu: Cpu, code: boolean, at: number): void {
  const page = cpu.w[at]!;
  if (!(page & PTE_P)) return;
  cpu.w[at] = 0;
  const fast = code ? cpu.fastCode : cpu.fast, first = page >>> 12;
  if (page & PTE_PS) fast.fill(0, first, first + 1024);
  else fast[first] = 0;
  if (code) cpu.look = true;
}

/** Drops what translates an address, global or not, from both TLBs. */
export function tlbDropPage(cpu: Cpu, linear: number): void {
  for (const code of [false, true]) {
    let at: number;
    while ((at = tlbFind(cpu, code, linear)) >= 0) dropEntry(cpu, code, at);
  }
}

/** Empties both TLBs, but for global entries if those are to be kept. */
export function tlbFlush(cpu: Cpu, keepGlobal: boolean): void {
  const data = flushOne(cpu, false, keepGlobal);
  const code = flushOne(cpu, true, keepGlobal);
  if (!keepGlobal) {
    cpu.dropFast();
    cpu.dropFastCode();
  }
  const { events } = cpu.board;
  if (events.active) events.emit({ kind: "tlb-flush", cpu: cpu.id,
    count: cpu.board.count, dropped: data + code,
    kept: cpu.dataIndex.filled + cpu.codeIndex.filled });
}

/** Empties one of them; says how many entries went. */
function flushOne(cpu: Cpu, code: boolean, keepGlobal: boolean): number {
  const index = code ? cpu.codeIndex : cpu.dataIndex, { list } = index;
  let dropped = 0, kept = 0;
  for (let i = 0; i < index.filled; i++) {
    const place = list[i]!, at = index.before + place * TLB_WORDS;
    const page = cpu.w[at]!, global = keepGlobal && (page & PTE_G) !== 0;
    if (page & PTE_P && global) {
      list[kept++] = place;
      continue;
    }
    index.listed[place] = 0;
    if (page & PTE_P) dropped++;
    dropEntry(cpu, code, at);
  }
  index.filled = kept;
  return dropped;
}

/** A TLB entry as a debugger shows it; numbers are unsigned. */
export interface TlbEntry {
  readonly linear: number;
  readonly frame: number;
  readonly bits: number;
  readonly global: boolean;
  readonly large: boolean;
  /** Instructions this CPU had retired when the entry was loaded. */
  readonly when: number;
  readonly cr3: number;
}

/** The entry at a word index. */
export function tlbEntry({ w, d }: Cpu, at: number): TlbEntry {
  const page = w[at]!;
  return {
    linear: (page & pageMask(page)) >>> 0,
    frame: w[at + TLB_FRAME]! >>> 0,
    bits: page & 0xfff,
    global: (page & PTE_G) !== 0,
    large: (page & PTE_PS) !== 0,
    when: d[(at + TLB_WHEN) / 2]!,
    cr3: w[at + TLB_CR3]! >>> 0,
  };
}

/** The valid entries of a TLB, by slot. */
export function tlbEntries(cpu: Cpu, code: boolean): TlbEntry[] {
  const start = tlbStart(cpu, code), entries: TlbEntry[] = [];
  for (let i = 0; i < tlbSize(cpu, code); i++) {
    const at = start + i * TLB_WORDS;
    if (cpu.w[at]! & PTE_P) entries.push(tlbEntry(cpu, at));
  }
  return entries;
}
