// What the examples call while they run in the page: the loom's claims,
// and marks that say where in the chapter we are.
import * as expect from "../../../src/loom/expect";

/** What one fence has done so far. */
export interface Outcome {
  /** The fence's line in its chapter. */
  readonly line: number;
  readonly printed: string[];
  /** How many of its claims held. */
  claims: number;
  /** What went wrong, and at which line of the chapter. */
  failed?: { readonly line: number; readonly message: string };
}

/** Called for what is printed, as soon as it is. */
export type Listener = (outcome: Outcome) => void;

let outcomes: Outcome[] = [];
let last = Infinity;
let now = 0;
let listen: Listener = () => {};
const enough = Symbol("the fence that was asked for is done");

/** Runs a section up to the fence in line `until`; tells all outcomes. */
export async function runSection(
  section: () => Promise<void>,
  until: number,
  listener: Listener = () => {},
): Promise<Outcome[]> {
  outcomes = [];
  last = until;
  listen = listener;
  try {
    await section();
  } catch (error) {
    if (error !== enough) fail(error);
  }
  return outcomes;
}

function fail(error: unknown): void {
  const outcome = outcomes.at(-1);
  const message = error instanceof Error
    ? tell(error) : `threw ${String(error)}`;
  if (outcome) outcome.failed = { line: now, message };
  else throw error;
}

/** An error in words; an assertion says what it saw and what it wanted. */
function tell(error: Error): string {
  if (!("details" in error) || typeof error.details !== "string")
    return `${error.name}: ${error.message}`;
  const color = /\x1b\[\d+m/g;
  return `${error.message.replace(/\.$/, "")}\n`
    + error.details.replace(color, "").replace(/^\n+|\s+$/g, "");
}

/** Mark: a fence begins. */
export function begin(line: number): void {
  if (line > last) throw enough;
  outcomes.push({ line, printed: [], claims: 0 });
}

const claims = {
  equal: counted(expect.equal),
  throws: counted(expect.throws),
  rejects: counted(expect.rejects),
  printed: counted(expect.printed),
};

/** Mark: a statement or a claim in this line of the chapter. */
export function at(line: number): typeof claims {
  now = line;
  return claims;
}

function counted<A extends unknown[], R>(claim: (...args: A) => R) {
  return (...args: A): R => {
    const result = claim(...args);
    const outcome = outcomes.at(-1);
    if (outcome) outcome.claims++;
    return result;
  };
}

/** A console that shows what is printed to whoever runs the section. */
export function capture() {
  const inner = expect.capture();
  const log = (...values: unknown[]): void => {
    const before = inner.text();
    inner.log(...values);
    const text = before === "" ? inner.text()
      : inner.text().slice(before.length + 1);
    const outcome = outcomes.at(-1);
    outcome?.printed.push(text);
    if (outcome) listen(outcome);
  };
  return { ...inner, log, info: log, warn: log, error: log };
}

/** Keeps a chapter's sections, in order, instead of running them. */
export function suite(_name: string) {
  const sections: (() => Promise<void>)[] = [];
  return Object.assign(
    (_title: string, section: () => Promise<void>) => {
      sections.push(section);
    }, { sections });
}
