// Woven from chapters/682-links.md.
// A Guest's kernel: a file, or ours, linked where one likes.
import { defaultGuest, guestText, linkedGuest, monitorGuest } from
  "../guest";
import type { Link } from "../guest";
import { UserError } from "../launcher";
import type { Io } from "./io";

const OURS = "default@";
/** The Guest that can be asked. */
export const MONITOR = "monitor@";

/** The file that is named as a kernel, if it is one. */
export function kernelFile(name?: string): string | undefined {
  return name?.startsWith(OURS) || name === MONITOR ? undefined : name;
}

/** What is named as a kernel; nothing is the default Guest,
 * default@TEXT/STACK is the same, linked there, and monitor@ the one that can
 * be asked. */
export function kernelBytes(
  name: string | undefined, io: Io,
): Uint8Array {
  if (!name) return defaultGuest();
  if (name === MONITOR) return monitorGuest();
  if (kernelFile(name) !== undefined) return io.read(name);
  return assembleAs(name, linkedGuest);
}

/** The default Guest, made into something where a name says. */
export function assembleAs<T>(
  name: string, make: (text: string, link: Link) => T,
): T {
  const [, text, stack] =
    /^default@(0x[0-9a-f]{8})\/(0x[0-9a-f]{8})$/i.exec(name) ?? [];
  try {
    return make(guestText, { text: Number(text), stack: Number(stack) });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UserError(`kernel ${name}: write default@TEXT/STACK, two ` +
      "addresses as 0xC0130000/0xC0119000: " + error.message);
  }
}
