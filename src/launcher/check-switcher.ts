// Woven from chapters/810-guests.md.
// What may be wrong with somebody's Switcher.
import { assemble, AssemblerError } from "../assembler";
import { completeSwitcherText, lguestMap } from "../lguest";
import { UserError } from "./error";

const PAGE = 4096;
const NEEDED = ["switch_to_guest", "return_to_host", "deliver_to_host",
  "handle_nmi"] as const;

/** Throws a UserError, with the file's name in front, for a text that
 * makes no Switcher. */
export function checkSwitcher(text: string, file: string): void {
  const { bytes, labels } = assembled(text, file);
  const lost = NEEDED.find((label) => !labels.has(label));
  if (lost) throw noLabel(file, lost);
  if (!labels.has("guest_trap_255"))
    throw new UserError(`${file}: a comment in it has no end; close it`);
  if (bytes.length <= PAGE) return;
  throw new UserError(`${file}: it takes ${bytes.length} bytes with the ` +
    `stubs behind it, and has a page of ${PAGE}; shorten it`);
}

function assembled(text: string, file: string) {
  try {
    return assemble(completeSwitcherText(text),
      { origin: lguestMap.SWITCHER });
  } catch (error) {
    throw error instanceof AssemblerError ? inOurWords(error, file) : error;
  }
}

const noLabel = (file: string, label: string) =>
  new UserError(`${file}: there is no label ${label}; a Switcher has ` +
    NEEDED.join(", "));

function inOurWords(error: AssemblerError, file: string): UserError {
  const { place, sentence, others } = error;
  const more = others.length ? ` (and ${others.length} more)` : "";
  if (place.file === "switcher")
    return new UserError(`${file}:${place.line}: ${sentence}${more}`);
  const lost = NEEDED.find((label) => sentence.startsWith(`${label} is not`));
  return lost ? noLabel(file, lost) : new UserError(
    `${file}: ${place.file}:${place.line}: ${sentence}${more}`);
}
