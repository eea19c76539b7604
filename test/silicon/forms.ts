// Which forms of the table a case may use, and how they are counted.

import { forms } from "../../src/table";
import type { Form } from "../../src/table";

// Left out, and why:
//
// - What no two processors answer alike: cpuid, rdtsc, rdpmc.
// - What the system under the processor takes for itself: sysenter calls
//   it, and with UMIP sgdt, sidt, sldt, str and smsw ask it for a number.
// - What a floating-point unit hears: the processor has one, and we haven't.
const leftOut = new Set([
  "cpuid", "rdtsc", "rdpmc", "sysenter",
  "sgdt", "sidt", "sldt", "str", "smsw",
  "esc", "fninit", "fnstsw", "fnstcw",
]);

/** The forms that the processor can judge. */
export const judged: readonly Form[] = forms.filter(form =>
  !leftOut.has(form.semantic));

const transfers = new Set([
  "jcc", "jmp", "call", "ret", "loop", "loope", "loopne", "jecxz",
  "int", "int1", "int3", "into", "bound", "ud1", "ud2", "hostcall",
  "callf", "jmpf", "retf", "iret",
]);

const wild = new Set(["popf", "popa", "enter", "leave", "xlat"]);

/** Whether the form loads a segment register, or looks at one's
 * descriptor. */
export function asksDescriptor(form: Form): boolean {
  return form.operands[0]?.code === "Sw"
    || (form.semantic === "pop" && form.operands[0]?.kind === "segment")
    || /^(l[edsfg]s|lar|lsl|verr|verw|callf|jmpf|retf|iret)$/
      .test(form.semantic);
}

/** The forms that cases are made of. The same seed and number give the same
 * case only among the same forms in the same order. */
export interface Repertoire {
  readonly judged: readonly Form[];
  /** Those that may stand in a sequence: they go on behind themselves, and
   * leave the pointers where they are. */
  readonly linear: readonly Form[];
  /** The string instructions that sequences may repeat. */
  readonly strings: readonly Form[];
  /** The conditional jumps that sequences may skip with. */
  readonly skips: readonly Form[];
}

/** A repertoire of these forms. */
export function repertoireOf(judged: readonly Form[]): Repertoire {
  return {
    judged,
    linear: judged.filter(form =>
      form.privilege === "any" && !transfers.has(form.semantic)
      && !wild.has(form.semantic) && form.rep === ""
      && !asksDescriptor(form)),
    strings: judged.filter(form =>
      form.rep !== "" && form.privilege === "any"),
    skips: judged.filter(form =>
      form.semantic === "jcc" && form.operands[0]?.code === "Jb"),
  };
}

/** All that the processor can judge. */
export const everything: Repertoire = repertoireOf(judged);

const classes: [string, string][] = [
  ["arithmetic", "add or adc sbb and sub xor cmp test inc dec neg not"],
  ["multiplication", "mul imul div idiv"],
  ["decimals", "daa das aaa aas aam aad"],
  ["shifts", "shl shr sar rol ror rcl rcr shld shrd"],
  ["bits", "bt bts btr btc bsf bsr bswap setcc"],
  ["moves", "mov movzx movsx lea xchg cmovcc xlat cbw cwd nop pause "
    + "fwait prefetchnta prefetcht0 prefetcht1 prefetcht2"],
  ["exchange", "cmpxchg cmpxchg8b xadd"],
  ["stack", "push pop pusha popa pushf popf enter leave"],
  ["flags", "sahf lahf cmc clc stc cld std salc"],
  ["jumps", "jcc jmp call ret loop loope loopne jecxz"],
  ["far jumps", "callf jmpf retf iret"],
  ["strings", "movs cmps stos lods scas"],
  ["traps", "int int1 int3 into bound ud1 ud2 hostcall"],
  ["selectors", "arpl lar lsl verr verw les lds lss lfs lgs"],
];

const classOf = new Map(classes.flatMap(([name, words]) =>
  words.split(" ").map(word => [word, name] as const)));

/** The row of the table of results that a form counts in. */
export function className(form: Form): string {
  if (form.privilege !== "any")
    return "privileged";
  if (asksDescriptor(form) && /mov|pop/.test(form.semantic))
    return "selectors";
  return classOf.get(form.semantic) ?? "others";
}
