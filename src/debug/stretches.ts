// Woven from chapters/834-symbols.md.
// Pieces of programs, at the addresses where they run.
import { assemble } from "../assembler";
import type { Assembled, AssembledLine } from "../assembler";
import { completeKernelText, place } from "../host";
import { completeSwitcherText, lguestMap, lguestModule } from "../lguest";
import { panic } from "../machine";

/** Code at the addresses where it runs, with names and lines. */
export interface Stretch {
  readonly name: string;
  readonly address: number;
  readonly bytes: Uint8Array;
  readonly labels: ReadonlyMap<string, number>;
  /** By rising address. */
  readonly lines: readonly AssembledLine[];
}

/** From this label to the next one the code runs so many bytes from where
 * it is linked. */
export type Move = readonly [label: string, by: number];

/** Cuts a program at labels, which rise; what is before the first one is
 * left out, and what is behind `end`. */
export function stretchesOf(
  program: Assembled, moves: readonly Move[], end?: string,
): Stretch[] {
  const { origin, bytes, labels, lines } = program;
  const at = (label: string) =>
    labels.get(label) ?? panic(`there is no label ${label} to cut at`);
  const cuts = [...moves.map(([label]) => at(label)),
    end === undefined ? origin + bytes.length : at(end)];
  return moves.map(([name, by], i) => {
    const first = cuts[i]!, last = cuts[i + 1]!;
    const inside = (address: number) => address >= first && address < last;
    return {
      name, address: first + by,
      bytes: bytes.slice(first - origin, last - origin),
      labels: new Map([...labels].filter(([, address]) => inside(address))
        .map(([label, address]) => [label, address + by])),
      lines: lines.filter(({ address }) => inside(address))
        .map((line) => ({ ...line, address: line.address + by })),
    };
  });
}

/** The Host's own code. */
export function hostStretches(switcher?: string): Stretch[] {
  const host = assemble(completeKernelText(lguestModule({ switcher })),
    { origin: place.TEXT, name: "host" });
  const below = -place.KERNEL;
  const page = place.TRAMPOLINE - host.labels.get("trampoline")!;
  return stretchesOf(host, [["multiboot_header", below], ["high", 0],
    ["trampoline", page], ["cpu_wakes", below], ["awake", 0]], "text_end");
}

/** The Switcher with its stubs; `file` is its text's, where the loom has
 * left no notes in it. */
export function switcherStretches(
  switcher?: string, file = "switcher",
): Stretch[] {
  const program = assemble(completeSwitcherText(switcher),
    { origin: lguestMap.SWITCHER, name: "switcher" });
  const { origin, bytes, labels } = program;
  const lines = program.lines.map((line) =>
    line.file === "switcher" ? { ...line, file } : line);
  return [{ name: "switcher", address: origin, bytes, labels, lines }];
}
