// Where in a fence its names stand.
import type { Name, NamesOfPage } from "./data";

/** A name in a line of code, and the column where it begins. */
export interface Place {
  readonly name: Name;
  readonly column: number;
}

/** The names in some code, by the text of the line. */
export type Places = ReadonlyMap<string, readonly Place[]>;

/** By the lines' texts. Equal lines mean the same, as good as always; and a
 * name that doesn't stand there belongs to another edition. */
export function placesIn(
  { names, lines }: NamesOfPage, code: string, first: number,
): Places {
  const places = new Map<string, readonly Place[]>();
  code.split("\n").forEach((text, index) => {
    const pairs = lines[first + index] ?? [], found: Place[] = [];
    for (let at = 0; at < pairs.length; at += 2) {
      const column = pairs[at]!, name = names[pairs[at + 1]!];
      if (name && text.startsWith(name.name, column))
        found.push({ name, column });
    }
    if (found.length > 0 && !places.has(text)) places.set(text, found);
  });
  return places;
}
