// QEMU as a judge: the same ROM as its BIOS. A second opinion only; it is
// wrong about much that kernels may do, and says the same as Bochs elsewhere.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packCases, readLog, runAll } from "./case";
import type { Outcomes, PrivilegedCase, PrivilegedJudge } from "./case";
import { makeRom } from "./kernel";
import { CASES, LOG_PORT, MEMORY } from "./layout";
import { logOf } from "./program";

/** Debian's QEMU, as a Pentium II. */
export class Qemu implements PrivilegedJudge {
  readonly name = "QEMU";

  run(cases: readonly PrivilegedCase[]) {
    return runAll(cases, some => this.#start(some));
  }

  async #start(cases: readonly PrivilegedCase[]): Promise<Outcomes> {
    const folder = mkdtempSync(join(tmpdir(), "ring0-"));
    const at = (name: string) => join(folder, name);
    try {
      writeFileSync(at("rom"), makeRom());
      writeFileSync(at("cases"), packCases(cases));
      const log = await logOf(folder, "qemu-system-i386", [
        "-machine", "pc,accel=tcg", "-cpu", "pentium2", "-display", "none",
        "-m", String(MEMORY >> 20), "-bios", at("rom"), "-nodefaults",
        "-device", "isa-debug-exit,iobase=0xf4",
        "-chardev", "stdio,id=log,signal=off",
        "-device", `isa-debugcon,iobase=${LOG_PORT},chardev=log`,
        "-device", `loader,file=${at("cases")},addr=${CASES},force-raw=on`,
      ]);
      return readLog(log, cases.length);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}
