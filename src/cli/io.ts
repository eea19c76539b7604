// Woven from chapters/808-command.md, 809-begin.md.
import { UserError } from "../launcher";
import type { DiskFile, DiskMode } from "../launcher";
import type { Input } from "./terminal";

/** A file that is being written. */
export interface Output {
  write(bytes: Uint8Array): void;
  close(): void;
}

/** What the command needs of the world; all of it may throw UserError. */
export interface Io {
  /** Standard output, for what a Guest prints. */
  print(bytes: Uint8Array): void;
  /** Standard error, for our own lines. */
  complain(text: string): void;
  /** A whole file. */
  read(path: string): Uint8Array;
  /** Replaces a file, or makes one. */
  create(path: string): Output;
  /** The same at once: it is the old file, or whole. */
  replace(path: string, bytes: Uint8Array): void;
  /** Throws if a file could not be written; leaves it as it is. */
  probe(path: string): void;
  /** Opens a file that is there, to replace pieces of it. */
  update(path: string): DiskFile;
  /** What all names of one file have in common; undefined for what is no
   * file. */
  identity(path: string): string | undefined;
  /** What is typed or piped in, if anybody can. */
  input?(): Input;
  /** Replaces the line that somebody looks at, if somebody does. */
  progress?(line: string): void;
}

/** Nobody reads any more what we write: a reason to end, quietly. */
export class BrokenPipe extends Error {}

/** Does something with a file, and names it in a complaint. */
export function inFile<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    throw new UserError(`${path} ${error.message}`);
  }
}

/** The exit status that says: the budget was spent, and nothing else. */
export const SPENT = 4;

/** A text's UTF-8 as a string of bytes. */
export function utf8(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

/** The text in a file. */
export function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new UserError("is not UTF-8; copy it again");
  }
}
/** The files of a call. */
export interface FilesOfCall {
  readonly guests?: readonly (Pick<FilesOfCall, "kernel" | "initrd"> &
    { readonly disks?: readonly DiskCall[] })[];
  readonly switcher?: string;
  readonly kernel?: string;
  readonly rom?: string;
  readonly initrd?: string;
  readonly modules?: readonly { readonly path: string }[];
  readonly replay?: string;
  readonly restore?: string;
  readonly record?: string;
  readonly traceFile?: string;
  readonly snapshot?: string;
  readonly output?: string;
  readonly netDump?: string;
}

/** A disk that was asked for. */
export interface DiskCall {
  readonly path: string;
  readonly mode: DiskMode;
}

interface Named {
  readonly option: string;
  readonly path: string;
  readonly mode?: DiskMode;
}

function named(files: Record<string, string | undefined>): Named[] {
  return Object.entries(files).flatMap(([option, path]) =>
    path === undefined ? [] : [{ option, path }]);
}

/** The files that a call reads. */
function inputs(call: FilesOfCall): Named[] {
  const { kernel, rom, initrd, switcher, replay, restore } = call;
  const { guests = [], modules = [] } = call;
  const one = guests.length < 2;
  return [...named({ kernel, rom, initrd, switcher, replay, restore }),
    ...guests.flatMap((guest, i) => [...named({ kernel: guest.kernel,
      initrd: guest.initrd }), ...disksOf(guest)].map((file) =>
      (one ? file : { ...file, option: `guest #${i + 1} ${file.option}` }))),
    ...modules.map(({ path }, i) => ({ option: `module #${i + 1}`, path }))];
}

function disksOf({ disks = [] }: { readonly disks?: readonly DiskCall[] }) {
  return disks.map(({ path, mode }, i) => ({ path, mode,
    option: disks.length < 2 ? "block" : `block #${i + 1}` }));
}

/** The files that a call writes. */
function outputs(
  { record, traceFile, snapshot, output, netDump }: FilesOfCall,
): Named[] {
  return named({ record, "trace-file": traceFile, snapshot, output,
    "net-dump": netDump });
}
/** The disks whose files are written to. */
function keptDisks(call: FilesOfCall): Named[] {
  return call.replay !== undefined ? []
    : inputs(call).filter(({ mode }) => mode === "rw");
}

/** Throws if one of the files to be written could not be, or is another
 * one of the call. */
export function probeAll(call: FilesOfCall, io: Io): void {
  const written = outputs(call), read = inputs(call);
  const disks = keptDisks(call);
  if (written.length + disks.length === 0) return;
  const files = [...read, ...written]
    .map((file) => ({ ...file, id: io.identity(file.path) }));
  for (const { option, path, mode } of [...written, ...disks]) {
    const id = io.identity(path);
    const same = id !== undefined && files.find((other) =>
      other.option !== option && other.id === id &&
      !(option === "snapshot" && other.option === "restore"));
    if (same) {
      throw new UserError(`--${option} and --${same.option} are the same ` +
        `file, ${path}; ` + (mode ? "copy it, or add :ro or :cow to each disk"
        : "give it another name"));
    }
  }
  for (const { path } of written) io.probe(path);
}
/** The world as a call sees it. */
export function worldOf(call: FilesOfCall, io: Io): Io {
  const wanted = outputs(call).length + keptDisks(call).length > 0;
  const known = new Map<string, Uint8Array>();
  const outlive = <T>(say: (what: T) => void) => {
    let gone = false;
    return (what: T) => {
      if (gone) return;
      try {
        say(what);
      } catch (error) {
        if (!wanted || !(error instanceof BrokenPipe)) throw error;
        gone = true;
      }
    };
  };
  return {
    ...io,
    print: outlive((bytes) => io.print(bytes)),
    complain: outlive((text) => io.complain(text)),
    read(path) {
      const bytes = known.get(path) ?? io.read(path);
      known.set(path, bytes);
      return bytes;
    },
  };
}
