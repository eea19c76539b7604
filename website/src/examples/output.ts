// What an example prints. It can print without end, and is shown within
// bounds: so many lines, and of a line so many characters.
import type { Shape } from "../../../src/debug/picture";
import { counted } from "../../../src/machine/ground/numbers";

/** Lines that are kept, and characters of each. */
export const LINES = 500, WIDTH = 1000;

/** A picture that was printed: as which of the lines. */
export interface Printed {
  readonly first: number;
  readonly lines: number;
  readonly shapes: readonly Shape[];
}

/** The lines that are kept, and how many there were beyond. */
export interface Output {
  readonly printed: string[];
  more: number;
  pictures?: Printed[];
}

/** Adds what is printed at once. */
export function keep(output: Output, text: string): void {
  for (const line of text.split("\n")) {
    const beyond = line.length - WIDTH;
    if (output.printed.length === LINES) output.more++;
    else output.printed.push(beyond <= 0 ? line
      : `${line.slice(0, WIDTH)}… ${counted(beyond, "more character")}`);
  }
}

/** Adds a picture's shapes, and its text. */
export function keepPicture(
  output: Output, shapes: readonly Shape[], text: string,
): void {
  const first = output.printed.length;
  keep(output, text);
  const lines = output.printed.length - first;
  if (lines < text.split("\n").length) return;
  (output.pictures ??= []).push({ first, lines, shapes });
}

/** What was printed, cut where a picture is: lines, and pictures. */
export function cut({ printed, pictures = [] }: Output) {
  const parts: (readonly string[] | Printed)[] = [];
  let at = 0;
  for (const one of pictures) {
    if (one.first > at) parts.push(printed.slice(at, one.first));
    parts.push(one);
    at = one.first + one.lines;
  }
  return [...parts, printed.slice(at)];
}

/** It all as a text; `least` if there may be more by now. */
export function outputText({ printed, more }: Output, least = ""): string {
  const rest = counted(more, "more line", more.toLocaleString("en"));
  return [...printed, ...(more === 0 ? [] : [`… ${least}${rest}`])]
    .join("\n");
}
