// The world around the command, for tests: files that are in memory, and
// all that was said.
import { normalize } from "node:path";
import type { Io } from "../src/cli/io";
import { UserError } from "../src/launcher";

export type Files = Record<string, Uint8Array>;

/** An Io of those files, and what was written to it. */
export function memoryIo(files: Files) {
  const out: Uint8Array[] = [], err: string[] = [];
  const io: Io = {
    print: (bytes) => void out.push(bytes.slice()),
    complain: (text) => void err.push(text),
    read(path) {
      const file = files[path];
      if (file === undefined) throw new UserError(`${path}: no such file`);
      return file;
    },
    create(path) {
      const parts: Uint8Array[] = [];
      return {
        write(bytes) {
          parts.push(bytes.slice());
          files[path] = new Uint8Array(Buffer.concat(parts));
        },
        close: () => { files[path] = new Uint8Array(Buffer.concat(parts)); },
      };
    },
    replace(path, bytes) { files[path] = bytes.slice(); },
    probe: () => {},
    update(path) {
      io.read(path);
      return {
        write(at, bytes) {
          files[path] = files[path]!.slice();
          files[path].set(bytes, at);
        },
        sync: () => {},
      };
    },
    identity: (path) => normalize(path),
  };
  return { io, out: () => Buffer.concat(out).toString("latin1"),
    err: () => err.join("") };
}
