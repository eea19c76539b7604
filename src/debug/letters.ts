// Woven from chapters/842-looking.md.
// The flags of page-table entries, a letter each.
const flags = [[2, "w write"], [4, "u user"], [0x20, "a access"],
  [0x40, "d dirty"], [0x80, "L 4 MiB"], [0x100, "g global"]] as const;

/** Writable, user, accessed, dirty, large, global; or strokes. */
export function letters(entry: number): string {
  return flags.map(([bit, word]) => entry & bit ? word[0] : "-").join("");
}

/** The letters, for who doesn't know them. */
export const lettersInWords = flags.map(([, word]) => word).join(", ");
