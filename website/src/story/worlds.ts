// The two worlds of the story, and how it stands with them.
import { physicalWords, wayOf } from "../../../src/debug/draw-address";
import type { Tables, Way } from "../../../src/debug/draw-address";
import { remembered } from "../../../src/debug/draw-tlb";
import type { Remembered } from "../../../src/debug/draw-tlb";
import { CR3, EBX } from "../../../src/machine/ground/state";
import type { Machine } from "../../../src/machine/machine";

/** The page that both worlds have, each in a frame of its own. */
export const PAGE = 0x30000;

export interface World {
  readonly name: string;
  readonly tone: Tables["tone"];
  readonly directory: number;
  readonly frame: number;
  readonly word: number;
}

export const HOST: World = { name: "Host", tone: "host",
  directory: 0x1000, frame: 0x30000, word: 0x74736f48 };
export const GUEST: World = { name: "Guest", tone: "guest",
  directory: 0x3000, frame: 0x31000, word: 0x73657547 };

/** Four bytes as they lie in memory. */
export const spell = (word: number) =>
  String.fromCharCode(...[0, 8, 16, 24].map((by) => (word >>> by) & 255));

/** Whose page tables are in force. */
export function worldOf({ cpus: [cpu] }: Machine): World {
  return cpu!.w[CR3] === HOST.directory ? HOST : GUEST;
}

/** What a world's page tables say of the page. */
export function wayIn(machine: Machine, { name, tone, directory }: World): Way {
  const load32 = physicalWords(machine);
  return wayOf({ name, tone, directory, load32, large: false }, PAGE);
}

/** What the CPU remembers of the page. */
export function memoryOf({ cpus: [cpu] }: Machine): Remembered | undefined {
  return remembered(cpu!).find(({ linear, code }) => linear === PAGE && !code);
}

/** The word that was read, and whether all is well, in a sentence. */
export function tell(machine: Machine) {
  const { name } = worldOf(machine), ebx = machine.cpus[0]!.w[EBX]!;
  const own = physicalWords(machine)(wayIn(machine, worldOf(machine)).page!);
  const stale = memoryOf(machine)?.stale !== undefined;
  const read = ebx === 0 ? "" : spell(ebx);
  const wrong = stale || (ebx !== 0 && ebx !== own);
  const sentence = read !== "" ? `The ${name} reads "${read}"${wrong
    ? `, but its page table leads to "${spell(own)}".` : ", its own word."}`
    : `The ${name}'s page table is in force${stale
      ? ", and the TLB has kept the other's entry. Look!" : ". Look!"}`;
  return { read, wrong, sentence };
}
