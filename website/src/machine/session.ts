// One boot: the texts it is made from, how far it runs, how it ended.
import { AssemblerError, assemble, withoutMarkers, writeElf } from
  "../../../src/assembler";
import { GUEST_PHYSICAL, GUEST_VIRTUAL } from "../../../src/guest";
import { completeSwitcherText, lguestMap } from "../../../src/lguest";
import { judge } from "../../../src/launcher";
import type { End, Session } from "../../../src/launcher";

export type Reason = Parameters<typeof judge>[2];

/** A Guest's text as an ELF file, linked where the default Guest is. */
export function assembleGuest(text: string): Uint8Array {
  const { bytes } = assemble(text, { origin: GUEST_VIRTUAL, name: "guest" });
  return writeElf([{ paddr: GUEST_PHYSICAL, vaddr: GUEST_VIRTUAL, bytes }],
    GUEST_PHYSICAL);
}

/** Runs so many instructions, and says why it stopped. */
export function slice(session: Session, instructions: number): Reason {
  const { schedule } = session.options;
  return session.machine.run({ maxInstructions: instructions,
    ...(schedule && { schedule }) }).reason;
}

/** How it ended, in sentences. */
export function end(session: Session, reason: Reason): End {
  const names = session.options.guests.map((guest) => guest.name);
  return judge(session.machine, names, reason);
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
