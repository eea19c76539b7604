// Woven from chapters/808-command.md, 811-images.md.
import * as fs from "node:fs";
import { basename, dirname, join } from "node:path";
import { isatty } from "node:tty";
import { UserError } from "../launcher";
import type { DiskFile } from "../launcher";
import { BrokenPipe } from "./io";
import type { Io } from "./io";
import { nodeInput } from "./terminal";

const { O_CREAT, O_EXCL, O_NONBLOCK = 0, O_RDWR, O_TRUNC, O_WRONLY } =
  fs.constants;

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
  ENXIO: "nobody is at the other end of this pipe; start that first",
  EPIPE: "nobody reads from this pipe any more",
  ELOOP: "is a link to itself",
  ENAMETOOLONG: "no file has such a long name; shorten it",
  ERR_FS_FILE_TOO_LARGE: "is larger than any file that we read; take a smaller one",
};

function attempt<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { code = "", message } = error as NodeJS.ErrnoException;
    const meaning = MEANING[code] ?? (code || message);
    throw new UserError(`${what}: ${meaning}`, { cause: code });
  }
}

const screens = [1, 2].filter((file) => isatty(file));

/** Where a broken pipe is no mistake, nor a terminal that was closed. */
function toReader(file: number, action: () => void): void {
  try {
    action();
  } catch (error) {
    const code = error instanceof UserError && error.cause;
    if (code === "EIO" && screens.includes(file)) return;
    throw code === "EPIPE" ? new BrokenPipe() : error;
  }
}

const nap = new Int32Array(new SharedArrayBuffer(4));

/** Does something, or takes a nap because it would have to wait. */
function orNap(action: () => number): number | undefined {
  try {
    return action();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
    Atomics.wait(nap, 0, 0, 1);
    return undefined;
  }
}

const MOST_IN_PIPE = 2 ** 30;

function readFile(path: string): Uint8Array {
  const file = fs.openSync(path, O_NONBLOCK);
  try {
    const stat = fs.fstatSync(file);
    if (stat.isCharacterDevice()) {
      throw new UserError(`${path}: is a device; give a file`);
    }
    return stat.isFIFO() ? readPipe(file, path)
      : new Uint8Array(fs.readFileSync(file));
  } finally {
    fs.closeSync(file);
  }
}

function readPipe(file: number, path: string): Uint8Array {
  const parts: Buffer[] = [], part = Buffer.alloc(0x10000);
  for (let size = 0; size <= MOST_IN_PIPE;) {
    const n = orNap(() => fs.readSync(file, part));
    if (n === undefined) continue;
    if (n === 0 && size === 0) {
      throw new UserError(`${path}: nothing comes out of this pipe; ` +
        "start its writer first");
    }
    if (n === 0) return new Uint8Array(Buffer.concat(parts));
    parts.push(Buffer.from(part.subarray(0, n)));
    size += n;
  }
  throw new UserError(`${path}: ${MEANING["ERR_FS_FILE_TOO_LARGE"]!}`);
}

function writeAll(
  file: number, bytes: Uint8Array, what: string, at?: number,
): void {
  for (let done = 0; done < bytes.length;) {
    const place = at === undefined ? null : at + done;
    done += attempt(what, () => orNap(() => fs.writeSync(
      file, bytes, done, bytes.length - done, place)) ?? 0);
  }
}

/** The file that a name leads to, and what is there now. */
function target(path: string): { real: string; stat?: fs.Stats } {
  if (!fs.lstatSync(path, { throwIfNoEntry: false })) {
    const folder = fs.realpathSync(dirname(path));
    return { real: join(folder, basename(path)) };
  }
  const stat = fs.statSync(path, { throwIfNoEntry: false });
  if (!stat) {
    throw new UserError(`${path}: is a link to a file that is not there; ` +
      "remove the link");
  }
  if (stat.isDirectory()) {
    throw new UserError(`${path}: ${MEANING["EISDIR"]!}`);
  }
  return { real: stat.isFile() ? fs.realpathSync(path) : path, stat };
}

/** A new file, with a name of its own, in the folder of another one. */
function draftFor(real: string): { draft: string; file: number } {
  for (let n = 0; ; n++) {
    const draft = join(dirname(real), `.lguest-${process.pid}-${n}`);
    try {
      const file = fs.openSync(draft, O_WRONLY | O_CREAT | O_EXCL, 0o666);
      return { draft, file };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

/** Pipes and devices, open since they were tried. */
const held = new Map<string, number>();

/** Opens a file to be written from its beginning. */
function openFor(path: string): number {
  const before = held.get(path);
  held.delete(path);
  return before ?? fs.openSync(target(path).real,
    O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, 0o666);
}

function openImage(path: string): DiskFile {
  const file = fs.openSync(path, O_RDWR | O_NONBLOCK);
  const begin = fs.fstatSync(file);
  if (!begin.isFile()) {
    throw new UserError(`${path}: is no file that could be kept; add :ro ` +
      "or :cow");
  }
  return {
    write(at, bytes) {
      const { nlink, size } = fs.fstatSync(file);
      if (nlink === 0) {
        throw new UserError(`${path}: was removed or replaced while it was ` +
          "a disk; the run ends, and what is there now was left alone");
      }
      if (size < begin.size) {
        throw new UserError(`${path}: was cut to ${size} bytes while it was ` +
          "a disk; the run ends, and what is left of it is as it was flushed");
      }
      safely(() => writeAll(file, bytes, path, at));
    },
    sync: () => safely(() => attempt(path, () => fs.fsyncSync(file))),
  };
}

/** Says in a complaint what is safe. */
function safely(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${error.message}; the run ends, and what was ` +
      "flushed before is safe");
  }
}

/** The world as Node shows it. */
export const nodeIo: Io = {
  print(bytes) {
    toReader(1, () => writeAll(1, bytes, "standard output"));
  },
  complain(text) {
    const bytes = new TextEncoder().encode(text);
    toReader(2, () => writeAll(2, bytes, "standard error"));
  },
  read(path) {
    return attempt(path, () => readFile(path));
  },
  create(path) {
    const file = attempt(path, () => openFor(path));
    return {
      write: (bytes) => writeAll(file, bytes, path),
      close: () => attempt(path, () => fs.closeSync(file)),
    };
  },
  probe(path) {
    attempt(path, () => {
      const { real, stat } = target(path);
      if (stat && !stat.isFile()) {
        held.set(path, openFor(path));
        return;
      }
      if (stat) fs.accessSync(real, fs.constants.W_OK);
      const { draft, file } = draftFor(real);
      fs.closeSync(file);
      fs.unlinkSync(draft);
    });
  },
  update: (path) => attempt(path, () => openImage(path)),
  identity(path) {
    const { real, stat } = attempt(path, () => target(path));
    return !stat ? real : stat.isFile() ? `${stat.dev}:${stat.ino}`
      : undefined;
  },
  replace(path, bytes) {
    const { real, stat } = attempt(path, () => target(path));
    if (stat && !stat.isFile()) {
      const output = this.create(path);
      output.write(bytes);
      output.close();
      return;
    }
    const { draft, file } = attempt(path, () => draftFor(real));
    try {
      writeAll(file, bytes, path);
      attempt(path, () => {
        if (stat) fs.fchmodSync(file, stat.mode);
        fs.fsyncSync(file);
        fs.closeSync(file);
        fs.renameSync(draft, real);
      });
    } catch (error) {
      fs.rmSync(draft, { force: true });
      throw error;
    }
  },
  input: nodeInput,
  ...(process.stderr.isTTY && { progress: (line: string) =>
    nodeIo.complain(`\r${line}\x1b[K`) }),
};
