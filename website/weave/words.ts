// The words of our assembler: what is not among them has no colour.
import { candidates } from "../../src/assembler/names";
import { directives } from "../../src/assembler/directives";
import { prefixWords } from "../../src/assembler/instruction";
import { registerNames } from "../../src/assembler/registers";

/** Words by what they are, those of a kind in one text. */
export interface Words {
  readonly mnemonics: string;
  readonly prefixes: string;
  readonly directives: string;
  readonly registers: string;
}

/** Every word that the assembler understands. */
export function assemblerWords(): Words {
  const list = (map: ReadonlyMap<string, unknown>) =>
    [...map.keys()].sort().join(" ");
  return { mnemonics: list(candidates), prefixes: list(prefixWords),
    directives: list(directives), registers: list(registerNames) };
}
