import { UserError } from "../launcher";
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
  /** What is typed or piped in, if anybody can. */
  input?(): Input;
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

/** Does something with what a file says, where nonsense is a surprise. */
export function fromFile<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError))
      throw error;
    throw new UserError(`${path} is a damaged file; copy it again`);
  }
}

/** Throws if one of the files to be written could not be. */
export function probeAll(
  { record, traceFile, snapshot }: {
    readonly record?: string; readonly traceFile?: string;
    readonly snapshot?: string;
  }, io: Io,
): void {
  for (const path of [record, traceFile, snapshot]) {
    if (path !== undefined) io.probe(path);
  }
}

/** The exit status that says: the budget was spent, and nothing else. */
export const SPENT = 4;

/** A text's UTF-8 as a string of bytes. */
export function utf8(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}
