// What the examples call while they run in the page: the loom's claims,
// and marks that say where in the chapter we are.
import { format } from "node:util";
import * as expect from "../../../src/loom/expect";
import { Picture } from "../../../src/debug/picture";
import { keep, keepPicture, outputText } from "./output";
import type { Output } from "./output";

/** What one fence has done so far. */
export interface Outcome extends Output {
  /** The fence's line in its chapter. */
  readonly line: number;
  /** How many of its claims held. */
  claims: number;
  /** What went wrong, and at which line of the chapter. */
  failed?: { readonly line: number; readonly message: string };
}

/** Called for each print that is kept; of the others, only where their
 * number has doubled, so that a flood of them drowns nobody. */
export type Listener = (outcome: Outcome) => void;

let outcomes: Outcome[] = [];
let last = Infinity;
let now = 0;
let listen: Listener = () => {};
let due = 0;
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
  const { console } = globalThis;
  globalThis.console = { ...console, log: print, info: print,
    warn: print, error: print, debug: print, dir: print, table: print };
  try {
    await section();
  } catch (error) {
    if (error !== enough) fail(error);
  } finally {
    globalThis.console = console;
  }
  return outcomes;
}

function fail(error: unknown): void {
  const outcome = outcomes.at(-1);
  const message = hasMessage(error)
    ? tell(error) : `threw ${String(error)}`;
  if (outcome) outcome.failed = { line: now, message };
  else throw error;
}

/** Errors, and what is told like one: a Fault. */
const hasMessage = (error: unknown): error is Error =>
  error instanceof Object && "name" in error && "message" in error;

/** How compilers call what was imported: (0, src_1.name). */
const imported = /\(0 ?, ?\w+\.(\w+)\)/;

/** An error in words; an assertion says what it saw and what it wanted. */
function tell(error: Error): string {
  if (!("details" in error) || typeof error.details !== "string")
    return `${error.name}: ${error.message.replace(imported, "$1")}`;
  return `${error.message.replace(/\.$/, "")}\n${inWords(error.details)}`;
}

const words: Readonly<Record<string, string>> =
  { "++": "expected ", "--": "got      ", "··": "         " };

/** A difference as uvu draws it, in words: what was expected, what there
 * was, and around it what is the same in both. */
function inWords(drawn: string): string {
  return drawn.replace(/\x1b\[\d+m/g, "").trimEnd().split("\n")
    .filter((line) => !/^((Actual|Expected):)?$/.test(line))
    .map((line) => {
      const [, sign, text = ""] = /^(\+\+|--|··)(.*)$/.exec(line) ?? [];
      return sign === undefined ? `       ${line}` : words[sign] + text
        .replace(/ +\((Actual|Expected)\)$/, "").replaceAll("·", " ");
    }).join("\n");
}

/** Mark: a fence begins. */
export function begin(line: number): void {
  if (line > last) throw enough;
  outcomes.push({ line, printed: [], more: 0, claims: 0 });
  due = 0;
}

/** An exercise's test; here it may fail in front of the reader. */
export const red = (test: () => Promise<void>) => test();

const claims = {
  equal: claiming(expect.equal),
  throws: claiming(expect.throws),
  rejects: claiming(expect.rejects),
  printed: claiming(expect.printed),
};

/** Mark: a statement or a claim in this line of the chapter. */
export function at(line: number): typeof claims {
  now = line;
  return claims;
}

function claiming<A extends unknown[], R>(claim: (...args: A) => R) {
  return (...args: A): R => {
    const result = claim(...args);
    const outcome = outcomes.at(-1);
    if (outcome) outcome.claims++;
    return result;
  };
}

/** Shows values to whoever runs the section. */
function print(...values: unknown[]): void {
  const outcome = outcomes.at(-1);
  if (outcome === undefined) return;
  const [only] = values;
  if (values.length === 1 && only instanceof Picture)
    keepPicture(outcome, only.shapes, only.text);
  else keep(outcome, format(...values));
  if (outcome.more < due) return;
  due = 2 * outcome.more;
  listen(outcome);
}

/** A console that can be asked, too, what has been printed. */
export function capture() {
  const output: Output = { printed: [], more: 0 };
  const log = (...values: unknown[]): void => {
    keep(output, format(...values));
    print(...values);
  };
  return {
    log, info: log, warn: log, error: log,
    clear: () => {
      output.printed.length = output.more = 0;
    },
    text: () => outputText(output),
  };
}

/** Keeps a chapter's sections, in order, instead of running them. */
export function suite(_name: string) {
  const sections: (() => Promise<void>)[] = [];
  return Object.assign(
    (_title: string, section: () => Promise<void>) => {
      sections.push(section);
    }, { sections });
}
