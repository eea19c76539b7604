// Woven from chapters/809-begin.md.
import { traceTo } from "../debug";
import type { Trace } from "../debug";
import type { Machine } from "../machine";
import type { Io } from "./io";

/** Where a trace was asked to go. */
export interface TraceCall {
  readonly trace: boolean;
  readonly traceFile?: string;
}

/** A trace of one machine after the other. */
export interface Tracing {
  follow(machine: Machine): Trace;
  close(): void;
}

/** Begins a trace, if one was asked for. */
export function startTrace(
  call: TraceCall, machine: Machine, io: Io,
): Trace | undefined {
  const tracing = openTrace(call, io), trace = tracing?.follow(machine);
  return trace && { begin: trace.begin, stop() {
    trace.stop();
    tracing?.close();
  } };
}

/** Opens what a trace goes to, if one was asked for. */
export function openTrace(call: TraceCall, io: Io): Tracing | undefined {
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
  const follow = (machine: Machine) => traceTo(machine, (line) => {
    lines.push(line + "\n");
    size += line.length;
    if (size > 0x10000) flush();
  });
  const close = () => {
    flush();
    output?.close();
  };
  return { follow, close };
}
