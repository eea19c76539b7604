// Woven from chapters/842-looking.md.
// The flags of page-table entries, a letter each.
const flags = [[2, "w"], [4, "u"], [0x20, "a"], [0x40, "d"], [0x80, "L"],
  [0x100, "g"]] as const;

/** Writable, user, accessed, dirty, large, global; or strokes. */
export function letters(entry: number): string {
  return flags.map(([bit, letter]) => entry & bit ? letter : "-").join("");
}

/** The same for who doesn't know them. */
export const lettersInWords =
  "w write, u user, a access, d dirty, L 4 MiB, g global";
