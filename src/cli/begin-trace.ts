import { traceTo } from "../debug";
import type { Trace } from "../debug";
import type { Machine } from "../machine";
import type { Io } from "./io";

/** Where a trace was asked to go. */
export interface TraceCall {
  readonly trace: boolean;
  readonly traceFile?: string;
}

/** Begins a trace, if one was asked for. */
export function startTrace(
  call: TraceCall, machine: Machine, io: Io,
): Trace | undefined {
  if (!call.trace && call.traceFile === undefined) return undefined;
  const output = call.traceFile === undefined
    ? undefined : io.create(call.traceFile);
  let lines: string[] = [];
  let size = 0;
  const flush = () => {
    const text = lines.join("");
    lines = [];
    size = 0;
    if (output) output.write(new TextEncoder().encode(text));
    else io.complain(text);
  };
  const trace = traceTo(machine, (line) => {
    lines.push(line + "\n");
    size += line.length;
    if (size > 0x10000) flush();
  });
  const stop = () => {
    trace.stop();
    flush();
    output?.close();
  };
  return { begin: trace.begin, stop };
}
