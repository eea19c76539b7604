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
