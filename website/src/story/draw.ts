// The story as a picture: two page tables, one TLB, one bit.
import { physicalWords } from "../../../src/debug/draw-address";
import { Sheet } from "../../../src/debug/picture";
import type { Picture, Tone } from "../../../src/debug/picture";
import { PTE_G } from "../../../src/machine/cpu/tlb";
import { CR3, CR4 } from "../../../src/machine/ground/state";
import type { Machine } from "../../../src/machine/machine";
import {
  GUEST, HOST, PAGE, memoryOf, spell, wayIn, worldOf,
} from "./worlds";
import type { World } from "./worlds";

const hex = (number: number) => `0x${(number >>> 0).toString(16)}`;
const bit = (set: number) => set === 0 ? 0 : 1;

/** Rows of the worlds' entries, and of the TLB's; columns of the frames,
 * and of the way around them. */
const rows = { Host: 3, Guest: 7, tlb: 11 } as const;
const ENTRY = 28, FRAME = 34, ROUND = 53;

/** An entry: from where to where, and whether it is global. */
function drawEntry(
  sheet: Sheet, y: number, frame: number, global: number, tone: Tone,
  tinted: boolean,
): void {
  sheet.box(0, y, ENTRY, 3, tone, undefined, tinted)
    .text(2, y + 1, `${hex(PAGE)} -> ${hex(frame)}  G=${bit(global)}`, tone);
}

/** A world's entry, and the frame of memory that it leads to. */
function drawWorld(sheet: Sheet, machine: Machine, world: World): void {
  const { name, tone } = world, y = name === "Host" ? rows.Host : rows.Guest;
  const now = worldOf(machine) === world, { pte, page } = wayIn(machine, world);
  sheet.text(0, y - 1, `the ${name}'s page table`, tone)
    .text(FRAME, y - 1, `the ${name}'s page`, tone);
  drawEntry(sheet, y, page!, pte! & PTE_G, tone, now);
  sheet.arrow([[ENTRY, y + 1], [FRAME - 2, y + 1]], now ? tone : "quiet")
    .box(FRAME, y, 17, 3, tone, undefined, false)
    .text(FRAME + 2, y + 1, `${hex(page!)} `, "quiet")
    .text(FRAME + 11, y + 1, spell(physicalWords(machine)(page!)), tone);
}

function drawTlb(sheet: Sheet, machine: Machine): void {
  const entry = memoryOf(machine), y = rows.tlb;
  if (entry === undefined) {
    sheet.text(0, y - 1, "the TLB remembers", "quiet")
      .box(0, y, ENTRY, 3, "quiet", undefined, false)
      .text(2, y + 1, "nothing", "quiet");
    return;
  }
  const from = [HOST, GUEST].find((one) => one.directory === entry.cr3)!;
  const to = entry.frame === HOST.frame ? rows.Host : rows.Guest;
  const tone = entry.stale ? "wrong" : from.tone;
  sheet.text(0, y - 1, `the TLB remembers the ${from.name}'s entry`
    + (entry.stale ? `: ${entry.stale}!` : ""), tone);
  drawEntry(sheet, y, entry.frame, entry.bits & PTE_G, tone, true);
  sheet.arrow([[ENTRY, y + 1], [ROUND, y + 1], [ROUND, to + 1],
    [FRAME + 18, to + 1]], tone);
}

/** The machine of the story as it is. */
export function drawStory(machine: Machine): Picture {
  const sheet = new Sheet(), { w } = machine.cpus[0]!;
  const { name, tone } = worldOf(machine);
  sheet.text(0, 0, `cr3=${hex(w[CR3]!)}, the ${name}'s world`, tone)
    .text(FRAME, 0, `cr4.PGE=${bit(w[CR4]! & 0x80)}`);
  drawWorld(sheet, machine, HOST);
  drawWorld(sheet, machine, GUEST);
  drawTlb(sheet, machine);
  return sheet.picture();
}
