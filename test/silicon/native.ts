// The processor that this runs on, as a judge: native.c does the work.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { packCases, unpackOutcomes } from "./case";
import type { Case, Judge, Outcome, Selectors } from "./case";
import { compile, whyNotRun } from "./compile";

const source = join(__dirname, "native.c");

/** The processor's judge, or the sentence that says why there is none. */
export function nativeJudge(): NativeJudge | string {
  const why = whyNotRun();
  if (why !== undefined)
    return why;
  const built = compile(source);
  return "problem" in built ? built.problem : new NativeJudge(built.program);
}

/** Runs cases in a 32-bit process of their own. */
export class NativeJudge implements Judge {
  readonly name = "processor";
  readonly selectors: Selectors;
  /** Whether Intel made it, whose processors ours imitates. */
  readonly isIntel = readFileSync("/proc/cpuinfo", "utf8")
    .includes("GenuineIntel");
  /** How many cases in a thousand may end in another way. Other makers'
   * processors may have habits that we have never met. */
  readonly allowance = this.isIntel ? 0 : 10;

  constructor(readonly program: string) {
    this.selectors = this.#exchange([]).selectors;
  }

  run(cases: readonly Case[]): Outcome[] {
    return this.#exchange(cases).outcomes;
  }

  #exchange(cases: readonly Case[]) {
    const done = spawnSync(this.program, {
      input: packCases(cases), maxBuffer: 1 << 30,
    });
    if (done.status !== 0)
      throw new Error(`the native judge ended with ${done.status
        ?? done.signal}: ${done.stderr}`);
    return unpackOutcomes(done.stdout, cases.length);
  }
}
