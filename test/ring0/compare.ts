// Two outcomes of one case: what differs, and in what words it is told.

import { disassemble } from "../../src/assembler";
import type { PrivilegedOutcome } from "./case";
import { entryOf } from "./case";
import type { PrivilegedTrial } from "./generate";
import { EVENT, SHUTDOWN_VECTOR } from "./layout";
import type { EventName } from "./layout";
import { worldWord } from "./scene";

/** One thing that differs. */
export interface Difference {
  /** In which trap: 0 is the one that ended the case. */
  trap?: number;
  /** What of it. */
  name?: EventName;
  /** Or: a word of the world. */
  address?: number;
  right: number;
  ours: number;
}

/** What differs; nothing if all is well. */
export function differences(
  right: PrivilegedOutcome | undefined, ours: PrivilegedOutcome | undefined,
): Difference[] {
  // A case that never ends shows nothing, even if both agree about that.
  if (!right || !ours)
    return [{ right: right ? 1 : 0, ours: ours ? 1 : 0 }];
  return [...differentTraps(right, ours), ...differentWords(right, ours)];
}

function differentTraps(
  right: PrivilegedOutcome, ours: PrivilegedOutcome,
): Difference[] {
  const found: Difference[] = [];
  const count = Math.max(right.events.length, ours.events.length);
  for (let trap = 0; trap < count; trap++) {
    const a = right.events[trap], b = ours.events[trap];
    const nothing = a?.vector === SHUTDOWN_VECTOR
      || b?.vector === SHUTDOWN_VECTOR || !a || !b;
    for (const name of EVENT.slice(0, nothing ? 1 : undefined))
      if (a?.[name] !== b?.[name])
        found.push({ trap, name, right: a?.[name] ?? -1,
          ours: b?.[name] ?? -1 });
  }
  return found;
}

function differentWords(
  right: PrivilegedOutcome, ours: PrivilegedOutcome,
): Difference[] {
  const a = new Map(right.changes), b = new Map(ours.changes);
  const found: Difference[] = [];
  for (const address of new Set([...a.keys(), ...b.keys()])) {
    const before = worldWord(address);
    const here = a.get(address) ?? before, there = b.get(address) ?? before;
    if (here !== there)
      found.push({ address, right: here, ours: there });
  }
  return found;
}

const hex = (n: number) => n < 0 ? "none" : "0x" + (n >>> 0).toString(16);

/** A difference in words. */
export function tell(d: Difference): string {
  if (d.name)
    return `${d.trap ? `trap ${d.trap + 1}'s ` : ""}${d.name}: ${
      hex(d.right)}, ours ${hex(d.ours)}`;
  if (d.address !== undefined)
    return `[${hex(d.address)}]: ${hex(d.right)}, ours ${hex(d.ours)}`;
  return `${d.right ? "ours" : d.ours ? "the other" : "neither"}${
    d.right || d.ours ? " never" : ""} ends`;
}

/** The case as a person reads it. */
export function describe(trial: PrivilegedTrial): string {
  const c = trial.case;
  let offset = 0;
  const code = trial.parts.map(bytes => {
    const at = entryOf(c) + offset;
    offset += bytes.length;
    return `  ${hex(at)}  ${bytes.map(b => b.toString(16).padStart(2, "0"))
      .join(" ").padEnd(32)}${text(trial, bytes, at)}`;
  });
  const names = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];
  const { selectors, breakpoints, dr7, cr0, cr4, ldtr, sysenter } = c.system;
  return [
    ...code,
    "  " + names.map((n, i) => `${n}=${hex(c.registers[i]!)}`).join(" "),
    `  ${typeof c.mode === "number" ? `ring ${c.mode}` : c.mode}: eflags=${
      hex(c.eflags)} ` + Object.entries(selectors).map(([n, s]) =>
      `${n}=${hex(s)}`).join(" "),
    `  cr0=${hex(cr0)} cr4=${hex(cr4)} ldtr=${hex(ldtr)}`
      + (dr7 ? ` dr7=${hex(dr7)} dr=${breakpoints.map(hex)}` : "")
      + (sysenter[0] ? ` sysenter=${sysenter.map(hex)}` : ""),
    "  changed: " + (c.patches.map(([at, value]) =>
      `[${hex(at)}]=${hex(value)} (was ${hex(worldWord(at))})`).join(" ")
      || "nothing"),
  ].join("\n");
}

function text(trial: PrivilegedTrial, bytes: number[], at: number): string {
  if (!trial.wide)
    return "(16 bits)";
  return disassemble(new Uint8Array(bytes), at).text;
}
