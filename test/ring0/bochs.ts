// Bochs as a judge: one start for a batch of cases. Debian's has no
// windowless display but a terminal's, which is content with /dev/null.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packCases, readLog, runAll } from "./case";
import type { Outcomes, PrivilegedCase, PrivilegedJudge } from "./case";
import { makeRom } from "./kernel";
import { CASES, MEMORY } from "./layout";
import { logOf } from "./program";

// Bochs has RAM in blocks of 128 KiB, each somewhere, and reads an image
// without a look at where a block ends. There may be four images.
const BLOCK = 0x20000, BLOCKS = 4;

const cpu = ["model=p2_klamath", "count=1", "ips=50000000",
  "ignore_bad_msrs=0", "reset_on_triple_fault=1"];

/** Debian's Bochs, as a Pentium II. */
export class Bochs implements PrivilegedJudge {
  readonly name = "Bochs";

  async run(cases: readonly PrivilegedCase[]): Promise<Outcomes> {
    const packed = packCases(cases);
    if (packed.length > BLOCKS * BLOCK && cases.length > 1) {
      const half = cases.length >> 1;
      return [...await this.run(cases.slice(0, half)),
        ...await this.run(cases.slice(half))];
    }
    return runAll(cases, some => this.#start(some));
  }

  async #start(cases: readonly PrivilegedCase[]): Promise<Outcomes> {
    const folder = mkdtempSync(join(tmpdir(), "ring0-"));
    try {
      return readLog(await this.#log(folder, packCases(cases)), cases.length);
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  #log(folder: string, cases: Uint8Array): Promise<Uint8Array> {
    writeFileSync(join(folder, "rom"), makeRom());
    // It won't start without a VGA BIOS; Debian has that in a package apart.
    writeFileSync(join(folder, "vga"), new Uint8Array(512));
    // Behind each reset the debugger asks what to do.
    writeFileSync(join(folder, "debugger"), "c\n".repeat(100_000));
    writeFileSync(join(folder, "bochsrc"), `megs: ${MEMORY >> 20}
romimage: file=${join(folder, "rom")}, address=0xffff0000
vgaromimage: file=${join(folder, "vga")}
cpu: ${cpu.join(", ")}
display_library: term
plugin_ctrl: speaker=0, extfpuirq=0, gameport=0, parallel=0, serial=0
port_e9_hack: enabled=1
log: ${join(folder, "log")}
${this.#images(folder, cases).join("\n")}
`);
    return logOf(folder, "bochs", ["-q", "-f", join(folder, "bochsrc"),
      "-rc", join(folder, "debugger")]);
  }

  #images(folder: string, cases: Uint8Array): string[] {
    const lines: string[] = [];
    for (let at = 0; at < cases.length; at += BLOCK) {
      const n = lines.length + 1, file = join(folder, `cases${n}`);
      writeFileSync(file, cases.subarray(at, at + BLOCK));
      lines.push(`optramimage${n}: file=${file}, address=${CASES + at}`);
    }
    return lines;
  }
}
