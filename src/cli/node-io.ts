import * as fs from "node:fs";
import { UserError } from "../launcher";
import { BrokenPipe } from "./io";
import type { Io } from "./io";
import { nodeInput } from "./terminal";

const MEANING: Record<string, string> = {
  ENOENT: "no such file",
  ENOTDIR: "no such file; a part of the path is not a directory",
  EISDIR: "is a directory; give the file in it",
  EACCES: "permission denied; look at ls -l",
  EPERM: "permission denied; look at ls -l",
  EROFS: "is on a read-only disk; try another place",
  ENOSPC: "no space left; free some, or try another disk",
  EFBIG: "too large for this disk",
  EIO: "the disk has a defect",
  ERR_FS_FILE_TOO_LARGE: "is larger than any kernel",
};

function attempt<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code = "", message } = error as NodeJS.ErrnoException;
    if (code === "EPIPE") throw new BrokenPipe();
    throw new UserError(`${what}: ${MEANING[code] ?? (code || message)}`);
  }
}

function readFile(path: string): Uint8Array {
  if (fs.statSync(path).isCharacterDevice()) {
    throw new UserError(`${path}: is a device; give a file`);
  }
  return new Uint8Array(fs.readFileSync(path));
}

const nap = new Int32Array(new SharedArrayBuffer(4));

function writeSome(file: number, bytes: Uint8Array, from: number): number {
  try {
    return fs.writeSync(file, bytes, from);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EAGAIN") throw error;
    Atomics.wait(nap, 0, 0, 5);
    return 0;
  }
}

function writeAll(file: number, bytes: Uint8Array, what: string): void {
  let done = 0;
  while (done < bytes.length) {
    done += attempt(what, () => writeSome(file, bytes, done));
  }
}

/** The world as Node shows it. */
export const nodeIo: Io = {
  print(bytes) {
    writeAll(1, bytes, "standard output");
  },
  complain(text) {
    writeAll(2, new TextEncoder().encode(text), "standard error");
  },
  read(path) {
    return attempt(path, () => readFile(path));
  },
  create(path) {
    const file = attempt(path, () => fs.openSync(path, "w"));
    return {
      write: (bytes) => writeAll(file, bytes, path),
      close: () => attempt(path, () => fs.closeSync(file)),
    };
  },
  probe(path) {
    const known = fs.existsSync(path);
    attempt(path, () => fs.closeSync(fs.openSync(path, "a")));
    if (!known) attempt(path, () => fs.unlinkSync(path));
  },
  replace(path, bytes) {
    const known = fs.existsSync(path);
    const real = known ? fs.realpathSync(path) : path;
    const direct = known && !fs.statSync(real).isFile();
    const draft = direct ? real : `${real}.new`;
    try {
      const file = attempt(path, () => fs.openSync(draft, "w"));
      writeAll(file, bytes, path);
      attempt(path, () => fs.closeSync(file));
      if (!direct) attempt(path, () => fs.renameSync(draft, real));
    } catch (error) {
      if (!direct) fs.rmSync(draft, { force: true });
      throw error;
    }
  },
  input: nodeInput,
};
