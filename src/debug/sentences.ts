// Woven from chapters/802-timeline.md.
// What events say in a picture, and how they are marked.
import { hex32 } from "../machine";
import type { MachineEvent } from "../machine";
import type { Mark } from "./draw-timeline";
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

/** Which of them are marked, and how. */
export const marks = new Map(Object.entries<Mark>({
  "switch": "switch", "ipi": "ipi", "killed": "killed",
  "guest-end": "ended", "stale": "broken", "lock-report": "broken",
  "oops": "died", "shutdown": "died",
}));

/** And which have a line of their own. */
export const worthALine = new Set(["killed", "guest-end", "stale",
  "lock-report", "oops", "shutdown"]);
