// Woven from chapters/880-at-once.md.
// Notes what the claims of examples are given, and where.
import { isDeepStrictEqual } from "node:util";
import type { Place } from "./problem";
import { show, showBroken } from "./show";

/** What a claim was given. */
export interface Recorded extends Place {
  /** True if the claim was right. */
  readonly right: boolean;
  /** What was printed, if the claim is about that. */
  readonly printed?: string;
  /** Ways to write the value: decimal and hexadecimal, if there are. */
  readonly decimal?: Written;
  readonly hexadecimal?: Written;
}

/** A value on one line, and on several if it can be broken. */
export interface Written {
  readonly line: string;
  readonly lines?: string[];
}

let notes: Recorded[] = [];

/** What has been recorded since the last time somebody asked. */
export function recorded(): Recorded[] {
  const result = notes;
  notes = [];
  return result;
}

/** From now on in this process, claims report and don't check. */
export function startRecording(): void {
  globalThis.LOOM_RECORD = (caller, actual, right) => {
    const at: { stack?: string } = {};
    Error.captureStackTrace(at, caller);
    const match = /^[^\n]*\n[^\n]*?(chapters\/[^\s:()]+):(\d+):(\d+)/
      .exec(at.stack ?? "");
    if (match === null) return false;
    const [, path = "", line, column] = match;
    const place = { path, line: Number(line), column: Number(column) };
    notes.push({ ...place, right, ...(caller.name === "printed"
      ? { printed: String(actual) } : write(actual)) });
    return true;
  };
}

function write(value: unknown): Partial<Recorded> {
  const decimal = written(value, false);
  const hexadecimal = written(value, true);
  return { ...(decimal && { decimal }),
    ...(hexadecimal && { hexadecimal }) };
}

function written(value: unknown, hex: boolean): Written | undefined {
  const line = show(value, hex), lines = showBroken(value, hex);
  if (line === undefined) return undefined;
  const back: unknown = new Function(`return (${line});`)();
  if (!isDeepStrictEqual(back, value)) return undefined;
  return lines && lines.length > 2 ? { line, lines } : { line };
}
