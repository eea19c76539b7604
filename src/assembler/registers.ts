// Woven from chapters/780-assembler.md.
/** The kinds of registers: bytes, words, double words, and others. */
export type RegisterClass =
  "b" | "w" | "d" | "segment" | "control" | "debug";

/** A register's class and its number in instructions. */
export interface RegisterName {
  readonly class: RegisterClass;
  readonly number: number;
}

/** The registers' names by class and number. */
export const registersByClass: Record<RegisterClass, readonly string[]> = {
  b: "al cl dl bl ah ch dh bh".split(" "),
  w: "ax cx dx bx sp bp si di".split(" "),
  d: "eax ecx edx ebx esp ebp esi edi".split(" "),
  segment: "es cs ss ds fs gs".split(" "),
  control: "cr0 cr1 cr2 cr3 cr4 cr5 cr6 cr7".split(" "),
  debug: "dr0 dr1 dr2 dr3 dr4 dr5 dr6 dr7".split(" "),
};

function collect(): Map<string, RegisterName> {
  const names = new Map<string, RegisterName>();
  for (const [kind, list] of Object.entries(registersByClass))
    list.forEach((name, number) =>
      names.set(name, { class: kind as RegisterClass, number }));
  for (let n = 0; n < 8; n++)
    names.set(`db${n}`, { class: "debug", number: n });
  return names;
}

/** All registers by name, without the percent sign. */
export const registerNames: ReadonlyMap<string, RegisterName> = collect();
