// Two outcomes of one case: what differs, and in what words it is told.

import { disassemble } from "../../src/assembler";
import { entryOf } from "./case";
import type { Case, Outcome } from "./case";
import { isBig } from "./local";
import type { Trial } from "./generate";

const names = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];
const segments = ["es", "cs", "ss", "ds", "fs", "gs"];

/** The flags that are compared: all of EFLAGS but VIF and VIP, which tell
 * of the system under the processor. */
const compared = 0x277fd5;

/** Bit 4 of a page fault's error code: the processor knows pages that must
 * not be executed, and ours is from before that. */
const FETCH = 0x10;

/** The flags that have no value at the place where the case ended. */
export function undefinedAt(trial: Trial, outcome: Outcome): number {
  const offset = outcome.eip - entryOf(trial.case);
  const part = trial.parts.find(part => part.offset === offset);
  return part ? part.tainted : trial.tainted;
}

/** What differs, a line each; nothing if all is well. */
export function differences(
  trial: Trial, right: Outcome, ours: Outcome,
): string[] {
  const found: string[] = [];
  const check = (what: string, a: number, b: number) => {
    if (a !== b)
      found.push(`${what}: ${hex(a)}, ours ${hex(b)}`);
  };
  check("vector", right.vector, ours.vector);
  const ignored = right.vector === 14 ? FETCH : 0;
  check("error code", right.error & ~ignored, ours.error & ~ignored);
  check("cr2", right.cr2, ours.cr2);
  check("eip", right.eip, ours.eip);
  names.forEach((name, i) =>
    check(name, right.registers[i]!, ours.registers[i]!));
  segments.forEach((name, i) =>
    check(name, right.selectors[i]!, ours.selectors[i]!));
  const mask = compared & ~undefinedAt(trial, right);
  check("eflags", (right.eflags & mask) >>> 0, (ours.eflags & mask) >>> 0);
  const wrote = new Map(ours.changes);
  for (const [address, value] of right.changes) {
    if (wrote.get(address) !== value)
      found.push(`[${hex(address)}]: ${hex(value)}, ours `
        + (wrote.has(address) ? hex(wrote.get(address)!) : "untouched"));
    wrote.delete(address);
  }
  for (const [address, value] of wrote)
    found.push(`[${hex(address)}]: untouched, ours ${hex(value)}`);
  return found;
}

/** All that must not differ, in words: the same for two outcomes in which
 * `differences` finds nothing. */
export function canonical(trial: Trial, outcome: Outcome): number[] {
  const ignored = outcome.vector === 14 ? FETCH : 0;
  return [outcome.vector, outcome.error & ~ignored, outcome.cr2, outcome.eip,
    ...outcome.registers, ...outcome.selectors,
    outcome.eflags & compared & ~undefinedAt(trial, outcome),
    ...[...outcome.changes].sort(([a], [b]) => a - b).flat()];
}

/** Whether even the undefined flags agree: nothing depends on it. */
export function agreeEntirely(right: Outcome, ours: Outcome): boolean {
  return ((right.eflags ^ ours.eflags) & compared) === 0;
}

function hex(n: number): string {
  return "0x" + (n >>> 0).toString(16);
}

/** The case as a person reads it: code, registers, words of memory. */
export function describe(trial: Trial): string {
  const c = trial.case;
  const lines = trial.parts.map(({ encoded: { bytes }, offset }) => {
    const text = bytes.map(b => b.toString(16).padStart(2, "0")).join(" ");
    return `  ${hex(c.address + offset)}  ${text.padEnd(32)}`
      + (isBig(c.segments?.[1] ?? 0) ? disassembled(bytes, c.address + offset)
        : "(16 bits)");
  });
  lines.push("  " + names.slice(0, 4).map(register(c)).join(" "));
  lines.push("  " + names.slice(4).map((name, i) =>
    register(c)(name, i + 4)).join(" ") + ` eflags=${hex(c.eflags)}`);
  if (c.segments)
    lines.push("  " + segments.map((name, i) =>
      `${name}=${hex(c.segments![i]!)}`).join(" "));
  lines.push(`  data: filling ${c.fill}` + c.patches.map(([at, value]) =>
    ` [${hex(at)}]=${hex(value)}`).join(""));
  return lines.join("\n");
}

function disassembled(bytes: number[], address: number): string {
  return disassemble(new Uint8Array(bytes), address).text;
}

function register(c: Case) {
  return (name: string, i: number) => `${name}=${hex(c.registers[i]!)}`;
}
