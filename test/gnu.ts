// GNU as, ld and objdump as functions.
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

function inFolder<T>(use: (path: (name: string) => string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "lguest-gnu-"));
  try {
    return use(name => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function gnuAs(source: string, object: string) {
  const { status, stderr } = spawnSync(
    "as", ["--32", source, "-o", object],
    { encoding: "latin1", maxBuffer: 1 << 28 });
  return { good: status === 0, said: stderr };
}

/** What `as --32` and `ld` make of a text at an address. */
export function gnuAssemble(text: string, origin = 0): Uint8Array {
  return inFolder(path => {
    writeFileSync(path("a.s"), text);
    const { good, said } = gnuAs(path("a.s"), path("a.o"));
    if (!good) throw new Error(said);
    execFileSync("ld", ["-m", "elf_i386", "-e", "0", "-N",
      `-Ttext=0x${origin.toString(16)}`, path("a.o"), "-o", path("a.elf")],
      { stdio: "ignore" });
    execFileSync("objcopy", ["-O", "binary", "-j", ".text",
      path("a.elf"), path("a.bin")]);
    return new Uint8Array(readFileSync(path("a.bin")));
  });
}

/** Lines (from 1) that `as --32` complains about, and what it says. */
export function gnuComplaints(text: string): Map<number, string> {
  return inFolder(path => {
    writeFileSync(path("a.s"), text);
    const { said } = gnuAs(path("a.s"), path("a.o"));
    const complaints = new Map<number, string>();
    for (const [, line, what] of said.matchAll(/^.*?a\.s:(\d+): (.*)$/gm))
      complaints.set(Number(line), what!);
    return complaints;
  });
}

/** One line of objdump's listing. */
export interface Listed {
  address: number;
  bytes: number[];
  text: string;
}

/** objdump's listing of bytes at an address. */
export function objdump(
  bytes: Uint8Array, origin = 0, mode: "i386" | "i8086" = "i386",
): Listed[] {
  return inFolder(path => {
    writeFileSync(path("a.bin"), bytes);
    const listing = execFileSync("objdump", ["-D", "-w", "-b", "binary",
      "-m", "i386", "-M", mode, `--adjust-vma=0x${origin.toString(16)}`,
      path("a.bin")],
      { encoding: "latin1", maxBuffer: 1 << 28 });
    const lines: Listed[] = [];
    for (const line of listing.split("\n")) {
      const parts = /^\s*([0-9a-f]+):\t([0-9a-f ]+?)\s*(?:\t(.*))?$/.exec(line);
      if (!parts) continue;
      lines.push({
        address: parseInt(parts[1]!, 16),
        bytes: parts[2]!.split(" ").map(byte => parseInt(byte, 16)),
        text: (parts[3] ?? "").trimEnd(),
      });
    }
    return lines;
  });
}
