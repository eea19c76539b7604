// Compiles the image that all machines boot, and the program that the
// processor runs itself.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync }
  from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const sources = join(__dirname, "image");

const flags = ["-m32", "-march=i686", "-O2", "-Wall", "-Wextra",
  "-ffreestanding", "-nostdlib", "-static", "-fno-pic", "-fno-pie", "-no-pie",
  "-fno-stack-protector", "-fcf-protection=none",
  "-fno-asynchronous-unwind-tables", "-fno-tree-vectorize",
  "-fno-tree-loop-distribute-patterns", "-Wl,--build-id=none",
  "-Wl,-z,noexecstack", "-Wl,-e,start"];

// The processor's program writes to its own code, too: so -N, by which all
// of it is one writable segment.
const kinds = {
  image: ["-Wl,-Ttext=0x101000", "system.S", "places.S", "main.c", "user.c",
    "system.c"],
  native: ["-Wl,-N", "native.S", "places.S", "main.c", "user.c"],
};

/** Compiles one of both, once for each text of it, and gives its folder and
 * name; throws an Error with what gcc says. */
export function compiled(kind: keyof typeof kinds): {
  readonly folder: string; readonly name: string;
} {
  const hash = createHash("sha256").update(flags.join(" "));
  for (const name of readdirSync(sources).sort())
    hash.update(readFileSync(join(sources, name)));
  const folder = join(tmpdir(), "lguest-bench");
  const name = `${kind}-${hash.digest("hex").slice(0, 16)}`;
  if (existsSync(join(folder, name))) return { folder, name };
  mkdirSync(folder, { recursive: true });
  const draft = join(folder, `${name}.${process.pid}`);
  const gcc = spawnSync("gcc", [...flags, "-o", draft, ...kinds[kind]],
    { cwd: sources, encoding: "utf8" });
  if (gcc.status !== 0)
    throw new Error(`gcc -m32 can't compile: ${gcc.error?.message ??
      gcc.stderr}`);
  renameSync(draft, join(folder, name));
  return { folder, name };
}
