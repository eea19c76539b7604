// What an example prints. It can print without end, and is shown within
// bounds: so many lines, and of a line so many characters.
import { counted } from "../../../src/machine/ground/numbers";

/** Lines that are kept, and characters of each. */
export const LINES = 500, WIDTH = 1000;

/** The lines that are kept, and how many there were beyond. */
export interface Output {
  readonly printed: string[];
  more: number;
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

/** It all as a text; `least` if there may be more by now. */
export function outputText({ printed, more }: Output, least = ""): string {
  const rest = counted(more, "more line", more.toLocaleString("en"));
  return [...printed, ...(more === 0 ? [] : [`… ${least}${rest}`])]
    .join("\n");
}
