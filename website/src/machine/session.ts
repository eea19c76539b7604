// One boot: the texts it is made from, and mistakes in them.
import { AssemblerError, assemble, withoutMarkers, writeElf } from
  "../../../src/assembler";
import { defaultGuest, firstGuest, GUEST_PHYSICAL, GUEST_VIRTUAL,
  monitorGuest } from "../../../src/guest";
import { completeSwitcherText, lguestMap, switcherWithGlobals } from
  "../../../src/lguest";
import { suspectOptions } from "../../../src/launcher";
import type { BootOptions } from "../../../src/launcher";
import type { Order } from "./order";
import { worldOf } from "./worlds";
import type { WorldName } from "./worlds";

/** A Guest's text as an ELF file, linked where the default Guest is. */
export function assembleGuest(text: string): Uint8Array {
  const { bytes } = assemble(text, { origin: GUEST_VIRTUAL, name: "guest" });
  return writeElf([{ paddr: GUEST_PHYSICAL, vaddr: GUEST_VIRTUAL, bytes }],
    GUEST_PHYSICAL);
}

const busy = { hostLoad: 2, loadOn: 0 };
const dice = { cpus: 2, schedule: { kind: "random", quantum: 2000 } } as const;

/** What is special about a world, without its Guests. */
const circumstances: Record<WorldName, Partial<BootOptions>> = {
  hello: {}, monitor: {}, two: { cpus: 2 },
  pge: suspectOptions("A", busy), oops: suspectOptions("B", busy),
  globals: { ...dice, ptePage: "one", switcher: switcherWithGlobals },
  onePage: { ...dice, ptePage: "one-pair" },
};

const images: Record<WorldName, () => Uint8Array> = {
  hello: defaultGuest, monitor: monitorGuest, two: defaultGuest,
  pge: firstGuest, oops: firstGuest, globals: firstGuest, onePage: firstGuest,
};

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
}

/** What an order boots; an AssemblerError if a text is none. */
export function optionsFor(order: Order): BootOptions {
  const { world, guest, switcher, elf, memory, append, seed } = order;
  const { guests, cpus } = worldOf(world), special = circumstances[world];
  const own = elf !== undefined ? bytesOf(elf)
    : guest !== undefined ? assembleGuest(guest) : undefined;
  const image = own ?? special.guests?.[0]?.image ?? images[world]();
  return { ...special,
    guests: guests.map((name, i) => ({ name, image, commandLine: append,
      memory: memory << 20, ...(cpus > 1 && guests.length > 1 && { cpu: i }) })),
    ...(seed !== undefined && { seed }),
    ...(switcher !== undefined && { switcher }) };
}

/** A text as a reader edits it: without the lines that tell chapters. */
export function editable(text: string): string {
  return withoutMarkers(text).trim() + "\n";
}

/** A mistake in an edited text. */
export interface Mistake {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** The mistakes that the assembler found, or nothing if it was not it. */
export function mistakesOf(error: unknown): Mistake[] | undefined {
  if (!(error instanceof AssemblerError)) return undefined;
  return [error, ...error.others].map(({ place: at, sentence }) =>
    ({ line: at.line, column: at.column, message: sentence }));
}

/** The line of an edited Switcher that lies at an address, if one does. */
export function switcherLine(
  text: string, address: number,
): number | undefined {
  const { lines } = assemble(completeSwitcherText(text),
    { origin: lguestMap.SWITCHER, name: "switcher" });
  const last = lines.filter((one) => one.address <= address).at(-1);
  const inside = last?.file === "switcher" && address < last.address + 16;
  return inside ? last.line : undefined;
}
