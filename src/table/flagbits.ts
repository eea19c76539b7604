// Woven from chapters/900-table.md.
/** The bits of EFLAGS by their names (SDM volume 1, section 3.4.3). */
export const flagBits = {
  CF: 0x1, PF: 0x4, AF: 0x10, ZF: 0x40, SF: 0x80, TF: 0x100,
  IF: 0x200, DF: 0x400, OF: 0x800, IOPL: 0x3000, NT: 0x4000,
  RF: 0x10000, VM: 0x20000, AC: 0x40000, VIF: 0x80000,
  VIP: 0x100000, ID: 0x200000,
} as const;

const letters: Record<string, number> = {
  C: flagBits.CF, P: flagBits.PF, A: flagBits.AF, Z: flagBits.ZF,
  S: flagBits.SF, T: flagBits.TF, I: flagBits.IF, D: flagBits.DF,
  O: flagBits.OF, "*": 0x3f7fd5,
};

/** The mask of EFLAGS that a word such as "OSZ" names. */
export function flagMask(word: string): number {
  let mask = 0;
  for (const letter of word) {
    const bit = letters[letter];
    if (bit === undefined) throw new Error(`no flag is called ${letter}`);
    mask |= bit;
  }
  return mask;
}
