// Woven from chapters/801-where.md.
// What events say.
import { hex32 } from "../machine";
import type { MachineEvent } from "../machine";
import { hypercallNames } from "./tally";

const hex = (value: unknown) => hex32(Number(value));

type Sentence = (event: MachineEvent, name: string) => string;

/** What events say, by kind; the name is the Guest's. */
export const sentences = new Map(Object.entries<Sentence>({
  "switch": ({ trap }, name) => `back from ${name}, trap ${trap}`,
  "hypercall": ({ number, posted }, name) => `${name} makes hypercall ` +
    `${hypercallNames[Number(number)] ?? number}${posted ? ", posted" : ""}`,
  "reflect": ({ vector }, name) => `${name} gets its trap ${vector}`,
  "guest-irq": ({ irq }, name) => `${name} gets interrupt ${irq}`,
  "exception": ({ vector, eip }) => `trap ${vector} at ${hex(eip)}`,
  "interrupt": ({ vector, source }) =>
    `${source === "external" ? "interrupt" : "int"} ${vector}`,
  "ipi": ({ to, vector, mode }) =>
    `sends ${modes[Number(mode)] ?? `vector ${vector}`} to CPU ${to}`,
  "killed": ({ reason }, name) => `kills ${name}: ${reason}`,
  "guest-end": ({ state }, name) => `${name} has ended: ${state}`,
  "stale": ({ access, linear, why, cause }) =>
    `stale ${access} at ${hex(linear)} (${why}): ` +
    (cause === "kept" ? "an entry that was kept" : "its tables have changed"),
  "lock-report": ({ sentence }) => String(sentence),
  "oops": ({ message }) => `the Host oopses: ${message}`,
  "shutdown": ({ eip }) => `shuts down at ${hex(eip)}: a triple fault`,
}));

const modes: Readonly<Record<number, string>> =
  { 4: "an NMI", 5: "INIT", 6: "a start-up" };

/** Which are worth a line of their own. */
export const worthALine = new Set(["killed", "guest-end", "stale",
  "lock-report", "oops", "shutdown"]);
