// Woven from chapters/410-traps.md.
// 256 trap stubs, for the Host's IDT and for whoever has one more.
import { AC_FAULT, DF, PF, TS } from "../machine";

/** True for the exceptions that push an error code. */
export function pushesError(vector: number): boolean {
  return vector === DF || vector === AC_FAULT ||
    (vector >= TS && vector <= PF);
}

/** Stubs that push what is missing and the vector, and jump. */
export function trapStubs(
  prefix: string, target: (vector: number) => string,
): string {
  let text = `# 1 "${prefix}_stubs"\n`;
  for (let n = 0; n < 256; n++) {
    text += `${prefix}_${n}:\n`;
    if (!pushesError(n)) text += "pushl $0\n";
    text += `pushl $${n}\njmp ${target(n)}\n`;
  }
  return text;
}
