// The programs that tests compare us with: GNU as, objdump, gcc and so on.
// On a user's machine a test whose reference is missing is skipped, and
// says so; where CI=true is set, a missing reference is a failure. One that is
// there and can't be run is no failure anywhere: nobody could install it.
// With REFERENCES=none in the environment, all are missing, and none fails.
import { spawnSync } from "node:child_process";
import type { Callback, Test } from "uvu";
import { whyNotRun } from "./silicon/compile";

type TestFunction = (name: string, body: Callback) => void;

/** Milliseconds that a test waits for a child: to find what hangs, not to
 * time anything. A machine may be slow, and its neighbours busy. */
export const PATIENCE = 1_800_000;

// How to ask each program whether it is there; others answer --version.
const questions: Record<string, readonly string[]> = {
  "gcc -m32": ["gcc", "-m32", "-static", "-x", "c", "-", "-o", "/dev/null"],
  // Objects only: no library, and nothing to run.
  "gcc -m32 -c": ["gcc", "-m32", "-c", "-x", "c", "-", "-o", "/dev/null"],
  bochs: ["bochs", "--help"],
  seabios: ["test", "-f", "/usr/share/seabios/bios-256k.bin"],
};

const packages: Record<string, string> = {
  as: "binutils",
  ld: "binutils",
  objdump: "binutils",
  nm: "binutils",
  objcopy: "binutils",
  gcc: "gcc",
  gdb: "gdb",
  "gcc -m32": "gcc-multilib and libc6-dev-i386",
  "gcc -m32 -c": "gcc",
  "qemu-system-i386": "qemu-system-x86",
  bochs: "bochs and bochs-term",
  script: "bsdutils",
  seabios: "seabios",
};

/** Why a program that is there can't be run. */
const obstacles: Record<string, () => string | undefined> = {
  "gcc -m32": whyNotRun,
};

const answers = new Map<string, boolean>();

function present(program: string): boolean {
  const [command, ...args] = questions[program] ?? [program, "--version"];
  // Only a compiler reads; a program that ends without reading is no error.
  const input = args.includes("-") ? "int main(void) { return 0; }\n" : "";
  const result = spawnSync(command ?? program, args,
    { input, timeout: PATIENCE });
  return result.error === undefined && result.status === 0;
}

/** True if the reference program is here and runs; throws without it if
 * CI=true. Why it isn't asked is told once. */
export function requireReference(program: string): boolean {
  let answer = answers.get(program);
  if (answer === undefined) {
    answer = ask(program);
    answers.set(program, answer);
  }
  return answer;
}

function ask(program: string): boolean {
  if (process.env["REFERENCES"] === "none") return false;
  if (!present(program)) {
    const what = `${program} is missing (Debian: ${packages[program] ?? program})`;
    if (process.env["CI"] === "true") throw new Error(`reference: ${what}`);
    console.error(`skipped: tests that need a reference: ${what}`);
    return false;
  }
  const why = obstacles[program]?.();
  if (why !== undefined)
    console.error(`skipped: tests that need a reference: ${why}`);
  return why === undefined;
}

/** The `test` of a suite if all references are here, else its `skip`. */
export function testWith(test: Test, ...programs: string[]): TestFunction {
  const missing = programs.filter((program) => !requireReference(program));
  return missing.length === 0 ? test : (name) => test.skip(name);
}
