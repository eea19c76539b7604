// Woven from chapters/818-consoles.md.
import { oneLine } from "../launcher";
import type { Io } from "./io";
import { Arrivals } from "./live";
import { MONITOR } from "./kernels";
import type { RunCall } from "./options";
import type { Input } from "./terminal";

/** What is typed to the Guests, if anything is. */
export function inputOf({ input }: RunCall, io: Io): Input | undefined {
  const found = io.input?.();
  return input || found?.terminal ? found : undefined;
}

/** A call as it is for somebody who sits at a terminal. */
export function withTerminal(
  call: RunCall, input: Input | undefined,
): RunCall {
  if (!input?.terminal) return call;
  const [first, ...more] = call.guests;
  const asks = first && more.length === 0 && first.kernel === undefined &&
    call.restore === undefined;
  return { ...call, terminal: input.size,
    ...(asks && { guests: [{ ...first, kernel: MONITOR }] }) };
}

/** What arrives for Guests with these names. */
export function arrivalsFor(
  input: Input, names: readonly string[], io: Io,
): Arrivals {
  const more = names.length > 1
    ? "; Control-A n, p, 1 to 9 turn to another, x leaves"
    : "; Control-A x leaves";
  return new Arrivals(input, names.length, (to) =>
    io.complain(`lguest: you type to ${oneLine(names[to]!)}${more}\n`));
}
