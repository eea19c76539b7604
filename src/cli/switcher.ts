// Woven from chapters/810-guests.md.
import { withoutMarkers } from "../assembler";
import { checkSwitcher, UserError } from "../launcher";
import { switcherWithGlobals } from "../lguest";
import { inFile, textOf } from "./io";
import type { Io } from "./io";

const WITH_GLOBALS = "with-globals";

/** The file that is named behind --switcher, if it is one. */
export function switcherFile(name?: string): string | undefined {
  return name === WITH_GLOBALS ? undefined : name;
}
/** The bytes of what is named behind --switcher. */
export function switcherBytes(name: string, io: Io): Uint8Array {
  if (name !== WITH_GLOBALS) return io.read(name);
  return new TextEncoder().encode(withoutMarkers(switcherWithGlobals));
}

const LONGEST = 2 ** 20;

/** The text of another Switcher, if one was asked for. */
export function readSwitcher(
  name: string | undefined, io: Io,
): string | undefined {
  if (name === undefined) return undefined;
  const bytes = switcherBytes(name, io);
  const text = inFile(name, () => {
    if (bytes.length > LONGEST)
      throw new UserError("is larger than any Switcher's text");
    return textOf(bytes);
  });
  checkSwitcher(text, name);
  return text;
}
