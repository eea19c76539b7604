// Woven from chapters/810-guests.md.
import { checkSwitcher, UserError } from "../launcher";
import { inFile, textOf } from "./io";
import type { Io } from "./io";

const LONGEST = 2 ** 20;

/** The text of another Switcher, if one was asked for. */
export function readSwitcher(
  path: string | undefined, io: Io,
): string | undefined {
  if (path === undefined) return undefined;
  const bytes = io.read(path);
  const text = inFile(path, () => {
    if (bytes.length > LONGEST)
      throw new UserError("is larger than any Switcher's text");
    return textOf(bytes);
  });
  checkSwitcher(text, path);
  return text;
}
