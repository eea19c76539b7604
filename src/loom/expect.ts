// Woven from chapters/860-examples.md.
// What the claims of examples call.
import { format } from "node:util";
import * as assert from "uvu/assert";
import { compare } from "uvu/diff";
import { show, showBroken } from "./show";
export { suite } from "uvu";

/** Claims that two values are deeply equal; `said` is the claim's text. */
export function equal(
  actual: unknown,
  expected: unknown,
  said = "",
): void {
  claim(equal, actual, () => {
    try {
      assert.equal(actual, expected);
    } catch (error) {
      if (error instanceof assert.Assertion) explain(error, said);
      throw error;
    }
  });
}

function explain(error: assert.Assertion, said: string): void {
  if (said !== "") error.message = "this gives another value: "
    + (said.length > 72 ? `${said.slice(0, 71)}…` : said);
  if (typeof error.expects === "string" || !/ => .*\b0x/i.test(said)) return;
  const [actual, expected] = [error.actual, error.expects].map((value) =>
    showBroken(value, true)?.join("\n") ?? show(value, true));
  if (actual !== undefined && expected !== undefined)
    error.details = compare(actual, expected);
}

function claim(caller: Function, actual: unknown, check: () => void): void {
  let wrong: unknown;
  try {
    check();
  } catch (error) {
    wrong = error;
  }
  const right = wrong === undefined;
  if (globalThis.LOOM_RECORD?.(caller, actual, right) || right) return;
  if (wrong instanceof Error) Error.captureStackTrace(wrong, caller);
  throw wrong;
}

declare global {
  /** Told what a claim was given; true if nobody is to complain. */
  var LOOM_RECORD: undefined | ((
    caller: Function, actual: unknown, right: boolean) => boolean);
}

/** Claims that a call throws an error of the class with that name: "E",
 * "E with these words in its message" or "E: its message". */
export function throws(
  call: () => unknown,
  expected: string,
  said = "this",
): void {
  let thrown: unknown = nothing;
  try {
    call();
  } catch (error) {
    thrown = error;
  }
  checkThrown(thrown, expected, said, throws);
}

/** The same for a call that gives a promise. */
export async function rejects(
  call: () => Promise<unknown>,
  expected: string,
  said = "this",
): Promise<void> {
  const thrown = await call().then(() => nothing, (error) => error);
  checkThrown(thrown, expected, said, rejects);
}

const nothing = Symbol("nothing");

function checkThrown(
  thrown: unknown,
  expected: string,
  said: string,
  caller: Function,
): void {
  const [, name = "", colon, text = ""] =
    /^([^\s:]*)(: )?\s*(.*)$/.exec(expected.trim()) ?? [];
  const fail = (message: string) => {
    const error = new assert.Assertion({ message, operator: "throws",
      expects: expected, actual: thrown });
    Error.captureStackTrace(error, caller);
    throw error;
  };
  if (thrown === nothing)
    fail(`${said} should throw ${expected}, and does not`);
  const error = Object(thrown);
  const names = [error.name, error.constructor.name];
  const message = String(error.message ?? thrown);
  const fits = colon ? message === text : message.includes(text);
  if (!names.includes(name) || !fits)
    fail(`${said} should throw ${expected}, and throws `
      + `${names.at(-1)}: ${message}`);
}

/** Runs an exercise's test, which has to fail. */
export async function red(test: () => Promise<void>): Promise<void> {
  if (globalThis.LOOM_RECORD !== undefined) return;
  const failed = await test().then(() => false, () => true);
  if (failed) return;
  const error = new Error("this exercise is green already, all it claims "
    + 'holds; take "red" away, or find a harder one');
  Error.captureStackTrace(error, red);
  throw error;
}

/** A console that keeps what is printed. */
export function capture() {
  let lines: string[] = [];
  const log = (...values: unknown[]) => {
    lines.push(format(...values));
  };
  return {
    log, info: log, warn: log, error: log,
    clear: () => { lines = []; },
    text: () => lines.join("\n"),
  };
}

/** Claims that this was printed; spaces at line ends don't count. */
export function printed(
  console: { text(): string },
  expected: string,
): void {
  const tidy = (text: string) => text.replace(/ +$/gm, "").trimEnd();
  const text = tidy(console.text());
  claim(printed, text, () => assert.fixture(text, tidy(expected)));
}
