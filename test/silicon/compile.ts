// C programs that ask the processor.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

/** Compiles a program for 32-bit processes, once for each text of it. */
export function compile(
  source: string,
): { program: string; } | { problem: string; } {
  const hash = createHash("sha256").update(readFileSync(source))
    .digest("hex").slice(0, 16);
  const folder = join(tmpdir(), "lguest-silicon");
  const program = join(folder, `${basename(source, ".c")}-${hash}`);
  if (existsSync(program))
    return { program };
  mkdirSync(folder, { recursive: true });
  const draft = `${program}.${process.pid}`;
  const gcc = spawnSync("gcc", ["-m32", "-O1", "-static", "-fno-pie",
    "-no-pie", "-Wall", "-Wextra", "-o", draft, source]);
  if (gcc.status !== 0)
    return { problem: "gcc -m32 is missing (Debian's gcc-multilib and "
      + `libc6-dev-i386): ${gcc.error?.message ?? gcc.stderr}` };
  renameSync(draft, program);
  return { program };
}

/** What probe.c ends with. */
const RUNS = 42;

/** Why a 32-bit program can be made here and yet not be run; undefined if it
 * can. No package mends that: some machines, or what they run under, have no
 * 32-bit mode. With PROCESSOR=none in the environment, all are like that. */
export function whyNotRun(): string | undefined {
  if (process.env["PROCESSOR"] === "none")
    return "PROCESSOR=none says that it can't be asked";
  const built = compile(join(__dirname, "probe.c"));
  if ("problem" in built)
    return undefined;
  // A shell that says so, since to execvp what isn't a program is a script.
  const { status, error, stderr } = spawnSync("bash",
    ["-c", '"$0"', built.program], { encoding: "utf8" });
  return status === RUNS ? undefined : "32-bit programs can be compiled here "
    + `but not run: ${error?.message ?? (stderr.trim().split(": ").pop()
      || `status ${status}`)}`;
}
